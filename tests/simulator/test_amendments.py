"""Replacing and cancelling, by the status an order has at that moment, in every mode the facts leave open."""

from __future__ import annotations

from typing import Any

import pytest

from tests.simulator.desk import Desk

SUB_PENNY = "invalid stop_price 92.001. sub-penny increment does not fulfill minimum pricing criteria"


def resting_stop(desk: Desk, price: str = "92") -> Any:
    """A stop over 10 AAPL that was routed in an earlier session; it is after the close again."""
    desk.hold()
    stop = desk.stop(price)
    desk.day("100 101 99 100")
    return desk.order(stop["id"])


def patch(desk: Desk, order: Any, **changes: Any) -> Any:
    return desk.ask("PATCH", f"/orders/{order['id']}", changes)


# -- replace ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mode", "shown", "status", "message"),
    [
        ("accepted", "accepted", 422, "cannot replace order in accepted status"),
        ("new", "new", 200, None),
    ],
)
def test_a_resting_stop_after_the_close(desk: Desk, mode: str, shown: str, status: int, message: str | None) -> None:
    desk.exchange.modes(after_hours_stops=mode)
    stop = resting_stop(desk)
    assert stop["status"] == shown  # ALPACA 3.8
    answer = patch(desk, stop, stop_price=95)
    assert (desk.status, answer.get("message")) == (status, message)
    if status == 200:
        assert (answer["status"], answer["stop_price"], answer["replaces"]) == ("new", "95", stop["id"])
    desk.bar("100 101 99 100")
    desk.exchange.advance(to="open")
    assert desk.statuses() == ["sell stop new"]


@pytest.mark.parametrize("mode", ["accepted", "new"])
def test_a_stop_placed_tonight_is_not_replaceable(desk: Desk, mode: str) -> None:
    desk.exchange.modes(after_hours_stops=mode)
    desk.hold()
    answer = patch(desk, desk.stop(), stop_price=95)
    expected = {"code": 42210000, "message": "cannot replace order in accepted status"}  # ALPACA 3.3
    assert (desk.status, answer) == (422, expected)


def test_a_replacement_is_a_new_order_in_a_chain(desk: Desk) -> None:
    desk.exchange.modes(after_hours_stops="new")
    stop = resting_stop(desk)
    first = patch(desk, stop, stop_price="93", client_order_id="raise-1")
    second = patch(desk, first, stop_price="94")
    old, middle, last = (desk.order(one["id"]) for one in (stop, first, second))
    assert [one["status"] for one in (old, middle, last)] == ["replaced", "replaced", "new"]
    assert (old["replaced_by"], middle["replaced_by"]) == (middle["id"], last["id"])  # ALPACA 3.2
    assert (middle["replaces"], last["replaces"]) == (old["id"], middle["id"])
    assert old["replaced_at"]
    assert middle["client_order_id"] == "raise-1"  # ALPACA 3.1
    assert last["client_order_id"] not in ("raise-1", old["client_order_id"])
    assert last["created_at"] == old["created_at"]
    assert desk.statuses() == ["sell stop new"]  # exactly one at every instant (ALPACA 3.7)
    assert patch(desk, stop, stop_price="95")["message"] == "order already replaced"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"stop_price": "92.00"}, "order parameters are not changed"),
        ({}, "order parameters are not changed"),
        ({"stop_price": "92", "qty": "10", "time_in_force": "gtc"}, "order parameters are not changed"),
        ({"stop_price": "92.001"}, SUB_PENNY),
        ({"stop_price": "100"}, "stop price must be less than current price"),
        ({"limit_price": "91"}, "stop orders must not have limit_price"),
        ({"trail": "5"}, "stop orders must not have trail"),
        ({"qty": "1.5"}, "qty of fractional orders cannot be changed"),
    ],
)
def test_replacements_refused(desk: Desk, changes: dict[str, Any], message: str) -> None:
    desk.exchange.modes(after_hours_stops="new")
    stop = resting_stop(desk)
    answer = patch(desk, stop, **changes)
    assert (desk.status, answer["code"], answer["message"]) == (422, 42210000, message)
    assert desk.order(stop["id"]) == stop


def test_more_shares_than_are_free_are_refused(desk: Desk) -> None:
    desk.exchange.modes(after_hours_stops="new")
    stop = resting_stop(desk)
    assert patch(desk, stop, qty=11)["message"] == "insufficient qty available for order (requested: 11, available: 10)"
    assert desk.status == 403
    assert patch(desk, stop, qty=6)["qty"] == "6"  # ALPACA 3.7
    assert desk.shares() == "10/4"


def test_quantity_is_the_total_of_the_chain(desk: Desk) -> None:
    entry = desk.place(type="limit", limit_price="95")
    desk.day("100 101 99 100")
    desk.exchange.action(partial_fill={"order_id": entry["id"], "qty": 4})
    assert patch(desk, entry, qty=4)["message"] == "qty must be > filled_qty"  # ALPACA 3.5
    assert patch(desk, entry, qty=6)["filled_qty"] == "4"
    desk.day("94 95 93 94")
    assert desk.shares() == "6/6"


def test_legs_follow_an_entry_whose_price_changes(desk: Desk) -> None:
    entry = desk.oto(stop="80", limit="90")
    desk.bar("100 101 99 100")
    desk.exchange.advance(to="open")
    moved = patch(desk, entry, limit_price="95")
    assert [leg["status"] for leg in desk.get(f"/orders/{moved['id']}", nested="true")["legs"]] == ["held"]
    desk.exchange.advance(to="close")
    desk.day("94 96 93 95")
    assert desk.order(entry["legs"][0]["id"])["status"] == "new"
    assert desk.shares() == "10/0"


@pytest.mark.parametrize("kind", ["oto", "bracket"])
def test_a_leg_takes_a_price_and_no_quantity(desk: Desk, kind: str) -> None:
    desk.exchange.modes(after_hours_stops="new")
    entry = (desk.oto if kind == "oto" else desk.bracket)()
    desk.day("100 101 99 100")
    stop = desk.order(entry["legs"][-1]["id"])
    assert stop["status"] == ("new" if kind == "oto" else "held")
    answer = patch(desk, stop, stop_price="95", qty="10")
    expected = {"code": 42210000, "message": "qty cannot be changed for advanced orders"}  # ALPACA 3.6, raw
    assert (desk.status, answer) == (422, expected)
    raised = patch(desk, stop, stop_price="95")
    assert (raised["status"], raised["order_class"], raised["stop_price"]) == (stop["status"], kind, "95")
    legs = desk.get(f"/orders/{entry['id']}", nested="true")["legs"]
    assert [leg["status"] for leg in legs if leg["type"] == "stop"] == ["replaced", stop["status"]]
    desk.day("100 101 94 96")
    assert desk.order(raised["id"])["filled_avg_price"] == "95"
    assert desk.get("/orders") == []


def test_a_target_must_not_have_a_stop_price(desk: Desk) -> None:
    entry = desk.bracket()
    desk.day("100 101 99 100")
    answer = patch(desk, entry["legs"][0], stop_price="95")
    assert answer["message"] == "limit orders must not have stop_price"  # ALPACA 3.6


@pytest.mark.parametrize("end", ["filled", "canceled", "expired", "rejected"])
def test_what_is_over_is_not_replaced(desk: Desk, end: str) -> None:
    order = desk.place(type="limit", limit_price="95", time_in_force="day" if end == "expired" else "gtc")
    if end in ("canceled", "rejected"):
        desk.exchange.action(**{"cancel" if end == "canceled" else "reject": {"order_id": order["id"]}})
    else:
        desk.day("94 96 94 95" if end == "filled" else "100 101 99 100")
    assert patch(desk, order, limit_price="96")["message"] == f"cannot replace order in {end} status"  # ALPACA 3.4


def test_in_session_a_raise_takes_effect_at_once(desk: Desk) -> None:
    stop = resting_stop(desk)
    desk.bar("100 104 94 103")
    desk.exchange.advance(to="open")
    assert desk.order(stop["id"])["status"] == "new"
    raised = patch(desk, stop, stop_price="95")
    assert (desk.status, raised["status"]) == (200, "new")
    desk.exchange.advance(to="close")
    assert desk.order(raised["id"])["filled_avg_price"] == "95"


@pytest.mark.parametrize(("mode", "expires"), [("kept", "2026-05-31"), ("renewed", "2026-06-01")])
def test_the_ninety_days_of_a_replaced_order(desk: Desk, mode: str, expires: str) -> None:
    desk.exchange.modes(after_hours_stops="new", replaced_expiry=mode)
    stop = resting_stop(desk)
    assert patch(desk, stop, stop_price="95")["expires_at"][:10] == expires


# -- cancel ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["immediate", "pending"])
def test_a_fresh_order_cancels_at_once(desk: Desk, mode: str) -> None:
    desk.exchange.modes(after_hours_cancel=mode)
    desk.hold()
    stop = desk.stop()
    assert desk.ask("DELETE", f"/orders/{stop['id']}") is None
    assert (desk.status, desk.order(stop["id"])["status"], desk.shares()) == (204, "canceled", "10/10")


def test_a_routed_order_cancels_at_once_in_one_mode(desk: Desk) -> None:
    stop = resting_stop(desk)
    desk.ask("DELETE", f"/orders/{stop['id']}")
    assert (desk.order(stop["id"])["status"], desk.shares()) == ("canceled", "10/10")


def test_a_routed_order_hangs_until_the_open_in_the_other(desk: Desk) -> None:
    desk.exchange.modes(after_hours_cancel="pending")
    stop = resting_stop(desk)
    desk.ask("DELETE", f"/orders/{stop['id']}")
    assert (desk.order(stop["id"])["status"], desk.shares()) == ("pending_cancel", "10/0")  # ALPACA 4.4
    assert desk.stop("95")["held_for_orders"] == "10"
    assert patch(desk, stop, stop_price="95")["message"] == "cannot replace order in pending_cancel status"
    desk.ask("DELETE", f"/orders/{stop['id']}")
    assert desk.status == 204
    desk.bar("90 91 89 90")
    desk.exchange.advance(to="open")
    assert (desk.order(stop["id"])["status"], desk.shares()) == ("canceled", "10/10")  # and the protection is gone


def test_cancels_refused_and_repeated(desk: Desk) -> None:
    order = desk.place()
    desk.day("100 101 99 100")
    answer = desk.ask("DELETE", f"/orders/{order['id']}")
    expected = {"code": 42210000, "message": 'order is already in "filled" state'}  # ALPACA 4.1
    assert (desk.status, answer) == (422, expected)
    resting = desk.place(type="limit", limit_price="90")
    for _ in range(2):
        desk.ask("DELETE", f"/orders/{resting['id']}")
        assert desk.status == 204


def test_cancelling_everything(desk: Desk) -> None:
    entry, simple = desk.oto(), desk.place(symbol="MSFT", type="limit", limit_price="90")
    answers = desk.ask("DELETE", "/orders")
    told = [(one["id"], one["status"], one["body"]["status"]) for one in answers]
    assert (desk.status, told) == (207, [(one["id"], 200, "canceled") for one in (entry, simple)])  # ALPACA 4.5
    assert set(desk.statuses(status="all")) == {"buy limit canceled", "sell stop canceled"}


def test_closing_positions(desk: Desk) -> None:
    desk.hold()
    desk.hold(symbol="MSFT")
    desk.stop()
    answers = {one["symbol"]: one for one in desk.ask("DELETE", "/positions")}  # ALPACA 6.8
    assert desk.status == 207
    assert (answers["AAPL"]["status"], answers["AAPL"]["body"]["held_for_orders"]) == (403, "10")
    assert (answers["MSFT"]["status"], answers["MSFT"]["body"]["side"]) == (200, "sell")
    desk.ask("DELETE", "/positions?cancel_orders=maybe")
    assert desk.status == 422
    desk.ask("DELETE", "/positions?cancel_orders=True")
    desk.bar("100 101 99 100", "MSFT")
    desk.day("100 101 99 100")
    assert desk.get("/positions") == []


@pytest.mark.parametrize(
    ("query", "status", "qty"),
    [
        ("", 200, "10"),
        ("?qty=4", 200, "4"),
        ("?percentage=55", 200, "5"),
        ("?qty=4&percentage=5", 422, None),
        ("?qty=11", 403, None),
    ],
)
def test_closing_one_position(desk: Desk, query: str, status: int, qty: str | None) -> None:
    desk.hold()
    answer = desk.ask("DELETE", f"/positions/AAPL{query}")
    assert (desk.status, answer.get("qty")) == (status, qty)
