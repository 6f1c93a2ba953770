"""The account, positions, activities and history, in the shapes measured on the real API."""

from __future__ import annotations

from typing import Any

import pytest

from tests.simulator.desk import Desk

# ALPACA 5.5, 10.2: measured on a live account on 2026-09-05.
ORDER_KEYS = """
    asset_class asset_id canceled_at client_order_id created_at expired_at expires_at extended_hours failed_at filled_at
    filled_avg_price filled_qty hwm id legs limit_price notional order_class order_type position_intent qty replaced_at
    replaced_by replaces side source status stop_price submitted_at subtag symbol time_in_force trail_percent
    trail_price type updated_at
"""
POSITION_KEYS = """
    asset_class asset_id asset_marginable avg_entry_price change_today cost_basis current_price exchange lastday_price
    market_value qty qty_available side symbol unrealized_intraday_pl unrealized_intraday_plpc unrealized_pl
    unrealized_plpc
"""
ACCOUNT_KEYS = """
    account_blocked account_number accrued_fees admin_configurations balance_asof buying_power cash created_at
    crypto_status crypto_tier currency effective_buying_power equity id initial_margin intraday_adjustments last_equity
    last_maintenance_margin long_market_value maintenance_margin multiplier non_marginable_buying_power
    options_approved_level options_buying_power options_trading_level pending_reg_taf_fees portfolio_value
    position_market_value regt_buying_power short_market_value shorting_enabled sma status trade_suspended_by_user
    trading_blocked transfers_blocked user_configurations
"""
FILL_KEYS = """
    activity_type cum_qty id leaves_qty order_id order_status price qty side symbol transaction_time type
"""


def test_the_keys_are_alpacas(desk: Desk) -> None:
    desk.hold()
    assert sorted(desk.stop()) == ORDER_KEYS.split()
    assert sorted(desk.get("/positions/AAPL")) == POSITION_KEYS.split()
    assert sorted(desk.get("/account/activities/FILL")[0]) == FILL_KEYS.split()
    assert set(desk.get("/clock")) == {"timestamp", "is_open", "next_open", "next_close"}
    assert sorted(desk.get("/account")) == ACCOUNT_KEYS.split()  # ALPACA 10.1
    assert "pattern_day_trader" not in desk.get("/account")  # ALPACA 9.4


def test_numbers_are_texts_and_times_end_in_z(desk: Desk) -> None:
    order = desk.place(type="limit", limit_price=90.5, qty=3)
    assert (order["qty"], order["limit_price"], order["filled_qty"]) == ("3", "90.5", "0")
    assert order["created_at"].startswith("2026-03-02T21:00:00.")
    assert order["created_at"].endswith("Z")


def test_money_follows_the_fills(desk: Desk) -> None:
    fresh = desk.get("/account")
    assert (fresh["cash"], fresh["equity"], fresh["buying_power"]) == ("100000", "100000", "400000")
    assert (fresh["multiplier"], fresh["shorting_enabled"]) == ("4", True)  # ALPACA 11
    desk.hold(10, "99.50")
    desk.place(symbol="MSFT", type="limit", limit_price="90", qty=100)
    desk.day("100 106 99 105")
    after = desk.get("/account")
    assert after["cash"] == "99005"
    assert after["equity"] == after["portfolio_value"] == "100055"
    assert after["last_equity"] == "100000"
    assert (after["long_market_value"], after["maintenance_margin"]) == ("1050", "315")
    assert after["buying_power"] == "390170"  # 4 x 100055 - 1050 held - 9000 of the open order (ALPACA 9.3)


def test_a_position_and_its_gains(desk: Desk) -> None:
    desk.hold(4, "90")
    desk.hold(4, "100")
    desk.day("100 106 99 105")
    position = desk.get("/positions/AAPL")
    told = {name: position[name] for name in ("qty", "avg_entry_price", "cost_basis", "market_value", "unrealized_pl")}
    expected = {"qty": "8", "avg_entry_price": "95", "cost_basis": "760", "market_value": "840", "unrealized_pl": "80"}
    assert told == expected
    assert (position["lastday_price"], position["change_today"]) == ("100", "0.05")
    assert position["unrealized_intraday_pl"] == "40"
    assert desk.get("/positions")[0] == desk.get(f"/positions/{position['asset_id']}") == position


@pytest.mark.parametrize(
    ("trades", "held", "average", "cash"),
    [
        ([("buy", 10, "100"), ("sell", 4, "110")], "6", "100", "99440"),
        ([("buy", 10, "100"), ("sell", 10, "110")], None, None, "100100"),
        ([("buy", 10, "100"), ("sell", 15, "110")], "-5", "110", "100650"),
        ([("sell", 10, "100"), ("buy", 4, "90")], "-6", "100", "100640"),
    ],
)
def test_hand_trades(desk: Desk, trades: list[Any], held: str | None, average: str | None, cash: str) -> None:
    for side, qty, price in trades:
        desk.exchange.trade("AAPL", qty, side, price)
    position = desk.get("/positions/AAPL")
    assert (position.get("qty"), position.get("avg_entry_price")) == (held, average)
    assert desk.get("/account")["cash"] == cash


def test_fills_are_paged_to_the_end(desk: Desk) -> None:
    for count in range(1, 8):
        desk.exchange.trade("AAPL", count, "buy", 100)
    every = desk.get("/account/activities", direction="asc")
    assert [fill["qty"] for fill in every] == [str(count) for count in range(1, 8)]
    for direction in ("asc", "desc"):
        seen, page = [], desk.get("/account/activities/FILL", page_size=3, direction=direction)
        while page:
            seen += page
            token = page[-1]["id"]
            page = desk.get("/account/activities/FILL", page_size=3, direction=direction, page_token=token)
        assert seen == (every if direction == "asc" else every[::-1])
    one = every[3]
    assert desk.get("/account/activities/FILL", order_id=one["order_id"]) == [one]  # ALPACA 10.4
    assert desk.get("/account/activities/FILL", after=one["transaction_time"], direction="asc") == every[4:]
    assert desk.get("/account/activities/FILL", date="2026-03-01") == []
    assert len(desk.get("/account/activities/FILL", date="2026-03-02")) == 7
    assert desk.get("/account/activities/DIV") == []
    desk.get("/account/activities/FILL", page_size=101)
    assert desk.status == 422


def test_an_activity_id_begins_with_new_york_time(desk: Desk) -> None:
    desk.hold()
    fill = desk.get("/account/activities/FILL")[0]
    assert fill["transaction_time"].startswith("2026-03-02T21:00:00")
    assert fill["id"].startswith("20260302160000")  # ALPACA 10.4: never parse it


def test_the_history_of_equity(desk: Desk) -> None:  # ALPACA 10.5
    desk.hold(100)
    desk.day("100 106 99 105")
    desk.day("100 106 99 102")
    history = desk.get("/account/portfolio/history", period="1M", timeframe="1D")
    assert history["equity"] == [100000.0, 100500.0, 100200.0]
    assert history["profit_loss"] == [0.0, 500.0, 200.0]
    assert history["profit_loss_pct"] == [0.0, 0.005, 0.002]
    assert (history["base_value"], history["base_value_asof"]) == (100000.0, "2026-03-02")
    assert history["timestamp"][1] == 1772548200  # recorded: a day's time is its open
    assert desk.get("/account/portfolio/history", start="2026-03-04T00:00:00-05:00")["equity"] == [100200.0]
    for wrong in ({"period": "1X"}, {"timeframe": "2D"}, {"start": "soon"}):
        desk.get("/account/portfolio/history", **wrong)
        assert desk.status == 422


def test_configurations_are_kept(desk: Desk) -> None:
    wanted = {"no_shorting": True, "trade_confirm_email": "none", "max_margin_multiplier": 4}
    changed = desk.ask("PATCH", "/account/configurations", wanted)
    assert changed == desk.get("/account/configurations")
    assert (changed["no_shorting"], changed["trade_confirm_email"]) == (True, "none")
    assert desk.get("/account")["shorting_enabled"] is False
    desk.ask("PATCH", "/account/configurations", {"no_shorting": "perhaps"})
    assert desk.status == 422


def test_assets(desk: Desk) -> None:
    assert [asset["symbol"] for asset in desk.get("/assets", status="active", asset_class="us_equity")] == [
        "AAPL",
        "MSFT",
    ]
    asset = desk.get("/assets/AAPL")
    assert (asset["tradable"], asset["fractionable"], asset["class"]) == (True, True, "us_equity")
    assert desk.get(f"/assets/{asset['id']}") == asset
    assert desk.get("/assets", status="inactive") == desk.get("/assets", asset_class="crypto") == []
    assert desk.get("/assets", attributes="unheard_of") == []
    assert len(desk.get("/assets", attributes="has_options,unheard_of", exchange="NASDAQ")) == 2
    desk.exchange.modes(asset_fields="removed")  # ALPACA 10.6: announced for September 2026
    assert set(asset) - set(desk.get("/assets/AAPL")) == {"easy_to_borrow", "maintenance_margin_requirement"}
    desk.exchange.action(asset={"symbol": "AAPL", "tradable": False, "fractionable": False})
    assert desk.place()["message"] == 'asset "AAPL" is not tradable'
    desk.exchange.action(asset={"symbol": "AAPL", "tradable": True})
    answer = desk.place(qty="0.5", time_in_force="day")
    assert (desk.status, answer["message"]) == (403, 'asset "AAPL" is not fractionable')  # ALPACA 7.3
