"""Stories of orders: legs that wait for their entry, groups that end together, days and ninety days that pass."""

from __future__ import annotations

from typing import Any

import pytest

from tests.simulator.desk import Desk


def test_an_entry_and_its_stop_from_evening_to_evening(desk: Desk) -> None:
    entry = desk.oto()
    assert (entry["status"], entry["order_class"]) == ("accepted", "oto")  # ALPACA 2.4
    (leg,) = entry["legs"]  # ALPACA 1.14
    assert (leg["status"], leg["side"], leg["type"], leg["stop_price"]) == ("held", "sell", "stop", "92")
    assert (leg["time_in_force"], leg["position_intent"]) == ("gtc", "sell_to_close")  # ALPACA 1.4, 1.15
    assert desk.statuses() == ["buy limit accepted"]  # ALPACA 5.2

    desk.day("99 101 98 100")

    entry = desk.order(entry["id"])
    assert (entry["status"], entry["filled_avg_price"], entry["legs"]) == ("filled", "99", None)
    stop = desk.order(leg["id"])
    assert stop["created_at"] == leg["created_at"]  # ALPACA 1.5
    assert stop["submitted_at"] > leg["submitted_at"]
    assert desk.shares() == "10/0"


def test_a_stop_only_leg_is_new_in_session(desk: Desk) -> None:
    desk.oto()
    desk.bar("99 101 98 100")
    desk.exchange.advance(to="open")
    assert desk.statuses() == ["sell stop new"]  # ALPACA 1.6


def test_a_partly_filled_entry_protects_nothing(desk: Desk) -> None:
    entry = desk.oto()
    desk.exchange.action(partial_fill={"order_id": entry["id"], "qty": 3})
    parent = desk.get(f"/orders/{entry['id']}", nested="true")
    assert (parent["status"], parent["filled_qty"]) == ("partially_filled", "3")
    assert [(leg["status"], leg["qty"]) for leg in parent["legs"]] == [("held", "10")]  # ALPACA 1.5
    assert desk.shares() == "3/3"

    desk.ask("DELETE", f"/orders/{entry['id']}")  # ALPACA 1.8
    assert desk.statuses(status="all") == ["buy limit canceled", "sell stop canceled"]
    assert desk.shares() == "3/3"


def test_cancelling_an_entry_cancels_both_legs(desk: Desk) -> None:
    entry = desk.bracket()
    desk.ask("DELETE", f"/orders/{entry['id']}")
    assert desk.status == 204
    assert desk.statuses(status="all") == ["buy limit canceled", "sell limit canceled", "sell stop canceled"]


@pytest.mark.parametrize(
    ("bar", "exit_type", "exit_price"),
    [
        ("100 111 95 110", "limit", "110"),  # the target
        ("100 101 91 95", "stop", "92"),  # the stop
        ("100 111 91 95", "stop", "92"),  # both within reach: the stop comes first
        ("112 113 111 112", "limit", "112"),  # the open is beyond the target
        ("90 95 89 94", "stop", "90"),  # the open is through the stop
    ],
)
def test_a_bracket_after_its_entry(desk: Desk, bar: str, exit_type: str, exit_price: str) -> None:
    entry = desk.bracket()
    desk.day("100 101 99 100")
    assert desk.statuses() == ["sell limit new"]  # ALPACA 1.6: the stop stays `held`, and out of an open list
    assert desk.get("/orders", nested="true") == []  # ALPACA 5.2
    target, stop = desk.get(f"/orders/{entry['id']}", nested="true")["legs"]
    assert (target["status"], stop["status"]) == ("new", "held")
    assert desk.shares() == "10/0"

    desk.day(bar)
    legs = {leg["type"]: leg for leg in desk.get(f"/orders/{entry['id']}", nested="true")["legs"]}
    filled, other = legs.pop(exit_type), next(iter(legs.values()))
    assert (filled["status"], filled["filled_avg_price"]) == ("filled", exit_price)
    assert other["status"] == "canceled"  # ALPACA 1.9
    assert desk.shares() == "0/0"


def test_a_partly_filled_target_leaves_a_stop_for_the_rest(desk: Desk) -> None:
    entry = desk.bracket()
    desk.day("100 101 99 100")
    target, stop = desk.get(f"/orders/{entry['id']}", nested="true")["legs"]
    desk.exchange.action(partial_fill={"order_id": target["id"], "qty": 4})
    assert desk.order(stop["id"])["qty"] == "6"  # ALPACA 1.9
    assert desk.shares() == "6/0"


def test_an_oco_is_its_target_with_a_stop_under_it(desk: Desk) -> None:
    desk.hold()
    legs = {"take_profit": {"limit_price": "110"}, "stop_loss": {"stop_price": "92", "limit_price": "91"}}
    oco = desk.place(side="sell", type="limit", order_class="oco", **legs)
    assert (oco["limit_price"], oco["legs"][0]["type"], oco["legs"][0]["status"]) == ("110", "stop_limit", "held")
    assert desk.get("/orders", nested="true")[0]["legs"][0]["id"] == oco["legs"][0]["id"]  # ALPACA 1.16
    assert desk.shares() == "10/0"
    desk.day("100 101 91.5 93")
    assert desk.statuses(status="all")[1:] == ["sell limit canceled", "sell stop_limit filled"]


@pytest.mark.parametrize(("leg", "other"), [(0, 1), (1, 0)])
def test_cancelling_one_leg_cancels_its_sibling(desk: Desk, leg: int, other: int) -> None:
    entry = desk.bracket()
    desk.day("100 101 99 100")
    desk.ask("DELETE", f"/orders/{entry['legs'][leg]['id']}")
    assert desk.order(entry["legs"][other]["id"])["status"] == "canceled"  # ALPACA 1.9
    assert desk.shares() == "10/10"


def test_a_day_entrys_stop_dies_at_the_close(desk: Desk) -> None:
    entry = desk.oto(time_in_force="day")
    assert entry["legs"][0]["time_in_force"] == "day"
    assert entry["expires_at"] == "2026-03-03T21:00:00Z"  # ALPACA 2.2
    desk.day("99 101 98 100")
    stop = desk.order(entry["legs"][0]["id"])
    assert (stop["status"], stop["expired_at"] is None) == ("expired", False)  # ALPACA 1.4
    assert desk.shares() == "10/10"


def test_an_unfilled_day_entry_expires_with_its_leg(desk: Desk) -> None:
    desk.oto(limit="95", stop="90", time_in_force="day")
    desk.day("99 101 98 100")
    assert desk.statuses(status="all") == ["buy limit expired", "sell stop expired"]


@pytest.mark.parametrize(("cancels", "evening"), [("immediate", "canceled"), ("pending", "pending_cancel")])
def test_a_resting_order_ends_after_ninety_days(desk: Desk, cancels: str, evening: str) -> None:
    desk.exchange.modes(after_hours_cancel=cancels)
    desk.hold()
    desk.exchange.advance(sessions=1)
    stop = desk.stop("50")
    assert stop["expires_at"] == "2026-06-01T20:00:00Z"  # ALPACA 2.3: a Monday
    desk.exchange.advance(sessions=61)
    assert (desk.get("/clock")["timestamp"][:10], desk.order(stop["id"])["status"]) == ("2026-05-29", "new")
    desk.exchange.advance(sessions=1)
    assert (desk.get("/clock")["timestamp"][:10], desk.order(stop["id"])["status"]) == ("2026-06-01", evening)
    desk.exchange.advance(to="open")
    assert desk.order(stop["id"])["status"] == "canceled"


def test_a_bracket_whose_ninety_days_are_over_ends_whole_and_once(desk: Desk) -> None:
    desk.exchange.modes(after_hours_cancel="pending")
    entry = desk.bracket()
    desk.day("100 101 99 100")
    desk.exchange.advance(sessions=62)
    desk.exchange.advance(to="open")
    target, stop = desk.get(f"/orders/{entry['id']}", nested="true")["legs"]
    assert (target["status"], stop["status"], desk.shares()) == ("canceled", "canceled", "10/10")
    assert stop["canceled_at"] == stop["updated_at"]


def test_orders_sent_after_the_close_are_released_before_the_next_open(desk: Desk) -> None:
    desk.hold()
    stop = desk.stop()
    assert stop["status"] == "accepted"
    desk.bar("100 101 99 100")
    desk.exchange.advance(to="open")
    released = desk.order(stop["id"])
    assert released["status"] == "new"
    assert released["submitted_at"].startswith("2026-03-03T09:00:00")  # ALPACA 2.4: 04:00 New York
    assert released["created_at"] == stop["created_at"]


def test_in_session_an_order_answers_pending_new(desk: Desk) -> None:
    desk.bar("100 101 99 100")
    desk.exchange.advance(to="open")
    bought = desk.place()
    assert (bought["status"], bought["filled_qty"]) == ("pending_new", "0")
    assert desk.order(bought["id"])["filled_avg_price"] == "100"
    resting = desk.place(symbol="AAPL", type="limit", limit_price="95")
    assert (resting["status"], desk.order(resting["id"])["status"]) == ("pending_new", "new")


def test_legs_without_an_order_class_are_ignored(desk: Desk) -> None:
    entry = desk.place(stop_loss={"stop_price": "92"})
    assert (entry["order_class"], entry["legs"]) == ("", None)  # ALPACA 1.13: a naked entry
    desk.day("100 101 99 100")
    assert desk.get("/orders") == []
    assert desk.shares() == "10/10"


@pytest.mark.parametrize(("mode", "fills"), [("off", ["10"]), ("half", ["5", "3"])])
def test_partial_fills_by_mode(desk: Desk, mode: str, fills: list[Any]) -> None:
    desk.exchange.modes(partial_fills=mode)
    desk.place(type="limit", limit_price="100")
    desk.day("99 101 98 100")
    desk.day("99 101 98 100")
    assert [fill["qty"] for fill in desk.get("/account/activities/FILL", direction="asc")] == fills


def test_a_halt_leaves_a_new_order_accepted_and_a_resting_one_unfilled(desk: Desk) -> None:
    desk.hold()
    stop = desk.stop()
    desk.day("100 101 99 100")
    desk.exchange.action(halt={"symbol": "AAPL"})
    entry = desk.place(
        symbol="AAPL", type="limit", limit_price="90.00", order_class="oto", stop_loss={"stop_price": "80"}
    )
    desk.day("70 71 69 70")
    assert desk.order(stop["id"])["filled_qty"] == "0"
    assert desk.order(entry["id"])["status"] == "accepted"  # ALPACA 10.10
    desk.exchange.action(resume={"symbol": "AAPL"})
    desk.day("70 71 69 70")
    assert desk.order(stop["id"])["filled_avg_price"] == "70"
