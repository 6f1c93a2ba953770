"""Every numbered fact is cited by a test or excused in docs/simulator.md; here are the tests of the small ones."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.simulator.desk import Desk

HERE = Path(__file__).parent
DOC = (HERE.parents[1] / "docs" / "simulator.md").read_text("utf-8")
# How many numbered lines each section of the sheet has; 8, 11 and 12 are one each.
SECTIONS = {1: 16, 2: 8, 3: 10, 4: 5, 5: 5, 6: 10, 7: 6, 9: 6, 10: 10}
FACTS = [f"{section}.{line}" for section, lines in SECTIONS.items() for line in range(1, lines + 1)] + ["8", "11", "12"]


def cited() -> set[str]:
    found: set[str] = set()
    for path in HERE.glob("test_*.py"):
        for numbers in re.findall(r"ALPACA (\d+(?:\.\d+)?(?:, \d+(?:\.\d+)?)*)", path.read_text("utf-8")):
            found.update(numbers.split(", "))
    return found


def excused() -> dict[str, str]:
    (table,) = re.findall(r"\| fact \| not simulated \|\n\|---\|---\|\n((?:\|.*\n)+)", DOC)
    return dict(re.findall(r"\| ([\d.]+) \| (.+) \|", table))


@pytest.mark.parametrize("fact", FACTS)
def test_every_fact_is_tested_or_excused(fact: str) -> None:
    assert (fact in cited()) or (fact in excused())


def test_no_excuse_is_idle() -> None:
    assert set(excused()) <= set(FACTS)
    assert cited() <= set(FACTS) | {"13"}


# -- orders ----------------------------------------------------------------------------------------------------------

LEGS = {"take_profit": {"limit_price": "110"}, "stop_loss": {"stop_price": "92"}}
LIMIT = {"type": "limit", "limit_price": "100"}


@pytest.mark.parametrize(
    ("order_class", "told"), [(None, ""), ("", ""), ("simple", ""), ("oto", "oto"), ("bracket", "bracket")]
)
def test_classes(desk: Desk, order_class: str | None, told: str) -> None:
    legs = {"stop_loss": LEGS["stop_loss"]} if order_class == "oto" else LEGS if order_class == "bracket" else {}
    assert desk.place(**LIMIT, order_class=order_class, **legs)["order_class"] == told  # ALPACA 1.1


def test_option_legs_are_no_class_here(desk: Desk) -> None:
    assert desk.place(order_class="mleg")["message"] == "invalid order_class"  # ALPACA 1.1


@pytest.mark.parametrize(
    "changes",
    [
        {"time_in_force": "ioc"},
        {"time_in_force": "opg"},
        {"time_in_force": "cls"},
        {"extended_hours": True},
        {"type": "trailing_stop", "limit_price": None, "trail_price": "5"},
        {"qty": "1.5"},
    ],
)
@pytest.mark.parametrize("order_class", ["bracket", "oto"])
def test_what_a_group_may_not_be(desk: Desk, order_class: str, changes: dict[str, Any]) -> None:
    legs = {"stop_loss": LEGS["stop_loss"]} if order_class == "oto" else LEGS
    answer = desk.place(**{**LIMIT, "order_class": order_class, **legs, **changes})
    assert (desk.status, answer["code"]) == (422, 42210000)  # ALPACA 1.3


@pytest.mark.parametrize("kind", ["market", "limit", "stop", "stop_limit"])
def test_entries_of_any_type_may_bring_a_stop(desk: Desk, kind: str) -> None:
    prices = {"limit_price": "106" if kind == "stop_limit" else "100", "stop_price": "105"}
    given = {name: price for name, price in prices.items() if name.split("_")[0] in kind}
    entry = desk.place(type=kind, order_class="oto", stop_loss={"stop_price": "92"}, **given)
    assert (desk.status, entry["legs"][0]["status"]) == (200, "held")  # ALPACA 1.2
    desk.day("106 107 105 106" if "stop" in kind else "100 101 99 100")
    assert desk.order(entry["legs"][0]["id"])["status"] == "new"


def test_an_entry_cancelled_unfilled_leaves_nothing(desk: Desk) -> None:
    entry = desk.bracket()
    desk.ask("DELETE", f"/orders/{entry['id']}")
    assert {order["status"] for order in desk.get("/orders", status="all")} == {"canceled"}  # ALPACA 1.7
    assert desk.get("/orders") == desk.get("/positions") == []


@pytest.mark.parametrize("tif", ["gtc", "day", "opg", "cls", "ioc", "fok"])
@pytest.mark.parametrize("kind", ["market", "limit", "stop", "stop_limit", "trailing_stop"])
def test_types_by_time_in_force(desk: Desk, kind: str, tif: str) -> None:
    prices: dict[str, Any] = {"limit": {"limit_price": "100"}, "stop": {"stop_price": "105"}}
    prices |= {"trailing_stop": {"trail_percent": 5}}
    prices |= {"market": {}, "stop_limit": {"stop_price": "105", "limit_price": "106"}}
    desk.place(type=kind, time_in_force=tif, **prices[kind])
    allowed = tif in ("day", "gtc") or kind in ("market", "limit")
    assert desk.status == (200 if allowed else 422)  # ALPACA 2.1


@pytest.mark.parametrize(
    ("kind", "prices", "allowed"),
    [
        ("market", {}, True),
        ("limit", {"limit_price": "100"}, True),
        ("stop", {"stop_price": "105"}, True),
        ("stop_limit", {"stop_price": "105", "limit_price": "106"}, True),
        ("trailing_stop", {"trail_price": "5"}, False),
    ],
)
def test_fractions_by_type(desk: Desk, kind: str, prices: Any, allowed: bool) -> None:
    desk.place(type=kind, qty="0.123456789", time_in_force="day", **prices)
    assert (desk.status == 200) == allowed  # ALPACA 2.7, 7.4


def test_two_identical_orders_are_two_orders(desk: Desk) -> None:
    first, second = desk.place(), desk.place()
    desk.day("100 101 99 100")
    assert first["id"] != second["id"]
    assert desk.shares() == "20/20"  # ALPACA 6.7


def test_a_trailing_stop_tells_its_mark(desk: Desk) -> None:
    desk.hold()
    trailing = desk.place(side="sell", type="trailing_stop", trail_percent="8")
    assert (trailing["hwm"], trailing["stop_price"], trailing["trail_percent"]) == ("100", "92", "8")
    desk.day("104 110 103 109")
    moved = desk.order(trailing["id"])
    assert (moved["hwm"], moved["stop_price"]) == ("110", "101.2")
    desk.ask("PATCH", f"/orders/{trailing['id']}", {"trail": "5"})  # ALPACA 3.1
    assert desk.get("/orders")[0]["stop_price"] == "104.5"


# -- replace, listing ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "prices"),
    [({"stop_price": "94"}, ("94", "91")), ({"limit_price": "90"}, ("92", "90")), ({"qty": "8"}, ("92", "91"))],
)
def test_a_stop_limit_keeps_the_price_left_out(desk: Desk, changes: dict[str, str], prices: tuple[str, str]) -> None:
    desk.hold()
    order = desk.place(side="sell", type="stop_limit", stop_price="92", limit_price="91")
    desk.bar("100 101 99 100")
    desk.exchange.advance(to="open")
    new = desk.ask("PATCH", f"/orders/{order['id']}", changes)  # ALPACA 3.7, 3.10: in session, price and quantity
    assert (new["stop_price"], new["limit_price"]) == prices
    assert [one["id"] for one in desk.get("/orders")] == [new["id"]]


def test_legs_are_replaced_one_by_one(desk: Desk) -> None:
    entry = desk.bracket()
    desk.day("100 101 99 100")
    target, stop = entry["legs"]
    raised = desk.ask("PATCH", f"/orders/{stop['id']}", {"stop_price": "95"})  # ALPACA 1.12, 3.6
    higher = desk.ask("PATCH", f"/orders/{target['id']}", {"limit_price": "112"})
    assert [raised["status"], higher["status"]] == ["held", "new"]
    desk.ask("DELETE", f"/orders/{higher['id']}")
    assert desk.order(raised["id"])["status"] == "canceled"  # still one group


CLOSED = ("canceled", "expired", "filled", "rejected", "replaced")
OPEN = (
    *("accepted", "new", "partially_filled", "pending_cancel", "pending_new", "pending_replace", "stopped"),
    *("accepted_for_bidding", "calculated", "done_for_day", "pending_review", "suspended"),
)


@pytest.mark.parametrize("status", [*OPEN, "held", *CLOSED])
def test_every_status_is_listed_where_it_belongs(desk: Desk, status: str) -> None:
    order = desk.place(type="limit", limit_price="90")
    desk.exchange.action(status={"order_id": order["id"], "status": status})
    found = {scope: len(desk.get("/orders", status=scope)) for scope in ("open", "closed", "all")}
    assert desk.order(order["id"])["status"] == status
    assert found == {"open": int(status in OPEN), "closed": int(status in CLOSED), "all": 1}  # ALPACA 5.1, 5.2


def test_done_for_a_day_comes_back_the_next(desk: Desk) -> None:
    order = desk.place(type="limit", limit_price="90")
    desk.day("100 101 99 100")
    desk.exchange.action(status={"order_id": order["id"], "status": "done_for_day"})
    desk.day("100 101 89 95")
    assert desk.order(order["id"])["status"] == "filled"  # ALPACA 5.1


def test_one_order_by_either_id(desk: Desk) -> None:
    entry = desk.oto(client_order_id="mine")
    by_client = desk.get("/orders:by_client_order_id", client_order_id="mine")
    assert by_client == desk.order(entry["id"]) == desk.order(entry["id"].upper())
    assert by_client["legs"] is None
    assert desk.get("/orders:by_client_order_id", client_order_id="mine", nested="True")["legs"] == entry["legs"]
    told = desk.get("/orders:by_client_order_id", client_order_id="other")
    assert (desk.status, told) == (404, {"code": 40410000, "message": "order not found for other"})  # ALPACA 5.4


def test_a_list_has_fifty_and_at_most_five_hundred_newest_first(desk: Desk) -> None:
    placed = [desk.place(type="limit", limit_price="1", qty=1)["id"] for _ in range(503)]
    assert [order["id"] for order in desk.get("/orders")] == placed[:-51:-1]  # ALPACA 5.3
    assert [order["id"] for order in desk.get("/orders", status="all", limit=500)] == placed[:-501:-1]
    assert desk.get("/orders", asset_class="crypto") == []
    assert len(desk.get("/orders", asset_class="us_equity")) == 50


# -- held shares, refusals -------------------------------------------------------------------------------------------


def test_a_partial_exit_step_by_step(desk: Desk) -> None:
    entry = desk.oto()
    desk.day("100 101 99 100")
    desk.bar("100 101 99 100")
    desk.exchange.advance(to="open")
    (stop,) = entry["legs"]
    assert desk.place(side="sell", qty=4, time_in_force="day")["available"] == "0"
    desk.ask("DELETE", f"/orders/{stop['id']}")  # ALPACA 6.9: the only order of steps that works for a leg
    assert desk.shares() == "10/10"
    desk.stop(qty=6)
    desk.place(side="sell", qty=4, time_in_force="day")
    assert desk.shares() == "6/0"


def test_a_simple_stop_shrinks_and_then_shares_are_sold(desk: Desk) -> None:
    desk.hold()
    stop = desk.stop()
    desk.bar("100 101 99 100")
    desk.exchange.advance(to="open")
    desk.ask("PATCH", f"/orders/{stop['id']}", {"qty": 6})  # ALPACA 6.9
    desk.place(side="sell", qty=4, time_in_force="day")
    assert desk.shares() == "6/0"


def test_a_group_on_free_shares_beside_a_plain_stop(desk: Desk) -> None:
    desk.hold()
    desk.stop(qty=6)
    desk.place(side="sell", order_class="oco", qty=4, type="limit", **LEGS)
    assert (desk.status, desk.shares()) == (200, "10/0")  # ALPACA 6.10
    desk.place(side="sell", order_class="oco", qty=1, type="limit", **LEGS)
    assert desk.status == 403


def test_one_code_many_reasons(desk: Desk) -> None:
    desk.hold()
    desk.stop()
    refusals = [
        desk.place(side="sell", qty=1),
        desk.place(symbol="MSFT", qty=99999),
        desk.place(),
        desk.ask("PATCH", "/account/configurations", {"suspend_trade": True}) and desk.place(symbol="MSFT"),
    ]
    assert {refusal["code"] for refusal in refusals} == {40310000}  # ALPACA 9.6: told apart by their fields
    told = [set(refusal) - {"code", "message"} for refusal in refusals]
    assert told == [
        {"available", "existing_qty", "held_for_orders", "related_orders", "symbol"},
        {"buying_power", "cost_basis"},
        {"existing_order_id", "reject_reason"},
        set(),
    ]


@pytest.mark.parametrize(
    ("flag", "buys", "sells", "message"),
    [
        ("account_blocked", 403, 403, "account is not authorized to trade"),
        ("trading_blocked", 403, 403, "account is not authorized to trade"),
        ("liquidation_only", 403, 200, "account is restricted to liquidation only"),
        ("transfers_blocked", 200, 200, None),
    ],
)
def test_flags_of_the_account(desk: Desk, flag: str, buys: int, sells: int, message: str | None) -> None:
    desk.hold()
    desk.exchange.action(account={flag: True})
    assert desk.get("/account").get(flag, True) is True  # ALPACA 9.5
    assert desk.place(symbol="MSFT").get("message") == message
    assert desk.status == buys
    desk.place(side="sell")
    assert desk.status == sells
    desk.exchange.action(account={flag: False})
    desk.place(symbol="MSFT")
    assert desk.status == 200


def test_a_position_six_times_the_equity_can_only_be_closed(desk: Desk) -> None:
    desk.exchange.trade("AAPL", 7000, "buy", 100)
    desk.exchange.trade("AAPL", 1, "buy", "0.01")
    answer = desk.place(symbol="MSFT", qty=1)
    assert answer["message"] == "account is restricted to liquidation only"  # ALPACA 9.5
    desk.place(side="sell", qty=7001)
    assert desk.status == 200


# -- the whole wash-trade table, ALPACA 6.3 --------------------------------------------------------------------------

KINDS = ("market", "limit", "stop", "stop_limit")


def wash_order(side: str, kind: str, *, crosses: bool) -> dict[str, Any]:
    """A buy limit at 95 meets a sell limit at 94, not one at 96; stops stand where they may."""
    limit = "95" if side == "buy" else "94" if crosses else "96"
    stop = "108" if side == "buy" else "92"
    prices: dict[str, Any] = {"limit": {"limit_price": limit}, "stop": {"stop_price": stop}, "market": {}}
    prices["stop_limit"] = {"stop_price": stop, "limit_price": limit}
    return {"side": side, "type": kind, **prices[kind]}


@pytest.mark.parametrize("crosses", [True, False])
@pytest.mark.parametrize("new", KINDS)
@pytest.mark.parametrize("existing", KINDS)
@pytest.mark.parametrize("new_side", ["buy", "sell"])
def test_the_whole_wash_trade_table(desk: Desk, existing: str, new: str, new_side: str, crosses: bool) -> None:
    desk.hold(20)
    first = desk.place(**wash_order("sell" if new_side == "buy" else "buy", existing, crosses=crosses))
    assert "id" in first, first
    answer = desk.place(**wash_order(new_side, new, crosses=crosses))
    # ALPACA 6.3: two priced orders wash when their limits cross, everything else always does.
    both_priced = {existing, new} <= {"limit", "stop_limit"}
    washes = crosses if both_priced else True
    assert (answer.get("existing_order_id") == first["id"]) == washes, answer
    assert desk.status == (403 if washes else 200)


# -- what clients send -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("qty", [10, 10.0, "10", "10.0", " 10 "])
@pytest.mark.parametrize("extended", [False, "false", "False", None])
def test_numbers_and_flags_in_any_dress(desk: Desk, qty: Any, extended: Any) -> None:
    order = desk.place(qty=qty, type="limit", limit_price=90.10, extended_hours=extended)
    assert (order["qty"], order["limit_price"], order["extended_hours"]) == ("10", "90.1", False)


@pytest.mark.parametrize("extended", [True, "true", "True"])
def test_extended_hours_in_any_dress(desk: Desk, extended: Any) -> None:
    order = desk.place(type="limit", limit_price="90", extended_hours=extended)
    assert order["extended_hours"] is True  # ALPACA 2.6: day or gtc, limit only


def test_a_body_is_json_whatever_its_type_says(desk: Desk) -> None:
    body = b'{"symbol":"AAPL","qty":"1","side":"buy","type":"market","time_in_force":"gtc","mystery":{"a":[1]}}'
    url = f"{desk.exchange.url}/v2/orders"
    for kind in ("application/x-www-form-urlencoded", "text/plain", "application/json; charset=utf-8"):
        assert desk.session.post(url, data=body, headers={"Content-Type": kind}, timeout=10).status_code == 200
    assert desk.session.get(url, timeout=10).headers["X-Request-ID"]
