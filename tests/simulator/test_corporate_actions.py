"""Dividends, new names and what is announced of them; splits are told in test_control.py."""

from __future__ import annotations

from typing import Any

import pytest

from sentinel.simulator.errors import BadControl
from tests.simulator.desk import START, Desk


def test_a_dividend_is_paid_and_told(desk: Desk) -> None:
    desk.hold()
    desk.exchange.trade("MSFT", 4, "sell", 100)
    desk.exchange.action(dividend={"symbol": "AAPL", "amount": "0.51"})
    desk.exchange.action(dividend={"symbol": "MSFT", "amount": "1"})
    assert desk.get("/account")["cash"] == "99401.1"  # 100000 - 1000 + 400 + 5.10 - 4
    paid, received = desk.get("/account/activities/DIV")
    assert (paid["net_amount"], received["net_amount"]) == ("-4", "5.1")
    assert (received["symbol"], received["qty"], received["per_share_amount"]) == ("AAPL", "10", "0.51")
    assert received["id"].startswith("20260302160000")  # ALPACA 10.4
    everything = desk.get("/account/activities", direction="asc")
    assert [one["activity_type"] for one in everything] == ["FILL", "FILL", "DIV", "DIV"]
    paged = [desk.get("/account/activities", direction="asc", page_size=1, page_token=one["id"]) for one in everything]
    assert [page[0]["id"] for page in paged[:-1]] == [one["id"] for one in everything[1:]]
    assert paged[-1] == []
    assert len(desk.get("/account/activities", category="non_trade_activity")) == 2


@pytest.mark.parametrize(
    ("mode", "stop", "leg", "limit"), [("kept", "92", "80", "110"), ("reduced", "91", "80", "110")]
)
def test_an_ex_dividend_day_may_lower_simple_stops(desk: Desk, mode: str, stop: str, leg: str, limit: str) -> None:
    desk.exchange.modes(dividend_orders=mode)
    desk.hold(30)
    simple = desk.stop("92", qty=10)
    target = desk.place(side="sell", type="limit", limit_price="110", qty=10)
    legs = {"take_profit": {"limit_price": "120"}, "stop_loss": {"stop_price": "80"}}
    oco = desk.place(side="sell", type="limit", order_class="oco", qty=10, **legs)
    desk.exchange.action(dividend={"symbol": "AAPL", "amount": "1"})
    assert desk.order(simple["id"])["stop_price"] == stop  # ALPACA 10.9: nobody measured it, so both
    assert desk.order(oco["legs"][0]["id"])["stop_price"] == leg  # ALPACA 1.11: Do-Not-Reduce
    assert desk.order(target["id"])["limit_price"] == limit


def test_bars_are_adjusted_for_dividends_when_asked(desk: Desk) -> None:
    desk.exchange.action(dividend={"symbol": "AAPL", "amount": "10"})
    desk.day("90 91 89 90")
    query: dict[str, Any] = {"symbols": "AAPL", "timeframe": "1Day", "start": START}
    for adjustment, first in (("raw", 100.0), ("split", 100.0), ("dividend", 90.0), ("all", 90.0)):
        bars = desk.get("/stocks/bars", adjustment=adjustment, **query)["bars"]["AAPL"]
        assert [bar["c"] for bar in bars] == [first, 90.0]


@pytest.mark.parametrize(
    ("mode", "adjustment", "first"),
    [
        ("complete", "all", 25.0),
        ("without_splits", "all", 100.0),
        ("without_splits", "split", 25.0),
        ("without_splits", "split,dividend", 25.0),
    ],
)
def test_all_may_forget_the_splits(desk: Desk, mode: str, adjustment: str, first: float) -> None:
    desk.exchange.modes(adjustment_all=mode)  # ALPACA 12: the report of August 2026
    desk.exchange.action(split={"symbol": "AAPL", "ratio": 4})
    bars = desk.get("/stocks/bars", symbols="AAPL", timeframe="1Day", start=START, adjustment=adjustment)["bars"]
    assert bars["AAPL"][0]["c"] == first


def test_a_new_symbol_with_the_same_cusip(desk: Desk) -> None:
    desk.hold()
    stop = desk.stop()
    asset_id = desk.get("/assets/AAPL")["id"]
    desk.exchange.action(rename={"symbol": "AAPL", "to": "APPL"})
    assert desk.get("/assets/APPL")["id"] == asset_id  # ALPACA 10.8: updated in place
    assert desk.get(f"/positions/{asset_id}")["symbol"] == "APPL"
    moved = desk.order(stop["id"])
    assert (moved["symbol"], moved["status"], moved["asset_id"]) == ("APPL", "accepted", asset_id)
    assert desk.shares("APPL") == "10/0"
    desk.get("/positions/AAPL")
    assert desk.status == 404
    desk.day("100 101 91 95", "APPL")
    assert desk.order(stop["id"])["filled_avg_price"] == "92"
    assert desk.get("/account/activities/NC")[0]["symbol"] == "APPL"


def test_a_new_symbol_with_a_new_cusip(desk: Desk) -> None:
    desk.hold()
    stop = desk.stop()
    asset_id = desk.get("/assets/AAPL")["id"]
    desk.exchange.action(rename={"symbol": "AAPL", "to": "NEWCO", "new_cusip": True})
    old = desk.get("/assets/AAPL")
    assert (old["id"], old["status"], old["tradable"]) == (asset_id, "inactive", False)  # ALPACA 10.8
    assert desk.get("/assets/NEWCO")["id"] != asset_id
    assert [asset["symbol"] for asset in desk.get("/assets", status="active")] == ["MSFT", "NEWCO"]
    assert desk.order(stop["id"])["status"] == "canceled"
    assert desk.shares("NEWCO") == "10/10"


def test_a_name_is_not_taken_twice(desk: Desk) -> None:
    with pytest.raises(BadControl, match="MSFT exists already"):
        desk.exchange.action(rename={"symbol": "AAPL", "to": "MSFT"})
    with pytest.raises(BadControl, match="a symbol to rename to"):
        desk.exchange.action(rename={"symbol": "AAPL", "to": "a b"})
    with pytest.raises(BadControl, match="needs a price above it"):
        desk.exchange.action(dividend={"symbol": "AAPL", "amount": 100})


def test_announcements(desk: Desk) -> None:
    desk.exchange.action(split={"symbol": "AAPL", "ratio": 4}, dividend={"symbol": "MSFT", "amount": "0.5"})
    query = {"ca_types": "Split,Dividend", "since": "2026-03-01", "until": "2026-03-31"}
    split, dividend = desk.get("/corporate_actions/announcements", **query)
    assert (split["ca_sub_type"], split["old_rate"], split["new_rate"]) == ("stock_split", "1", "4")
    assert (split["ex_date"], dividend["cash"], dividend["target_symbol"]) == ("2026-03-03", "0.5", "MSFT")
    assert desk.get("/corporate_actions/announcements", **query, symbol="msft") == [dividend]
    for wrong in ({"ca_types": "party"}, {"since": "2025-01-01"}, {"until": ""}):
        desk.get("/corporate_actions/announcements", **{**query, **wrong})
        assert desk.status == 422
