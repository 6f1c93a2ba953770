"""What a venue has yet to confirm: cancels and the shares they free, replacements, and the fill that is quicker."""

from __future__ import annotations

from typing import Any

import pytest

from tests.simulator.desk import Desk


def patch(desk: Desk, order: Any, **changes: Any) -> Any:
    return desk.ask("PATCH", f"/orders/{order['id']}", changes)


def status(desk: Desk, order: Any) -> str:
    """The status as the oracle sees it, without a request that would count."""
    return next(str(one["status"]) for one in desk.exchange.state()["orders"] if one["id"] == order["id"])


# -- cancels, ALPACA 4.3 ---------------------------------------------------------------------------------------------


def test_shares_are_free_only_after_the_status_says_so(desk: Desk) -> None:
    desk.exchange.modes(cancels="asynchronous")
    desk.hold()
    stop = desk.stop()
    desk.ask("DELETE", f"/orders/{stop['id']}")
    assert desk.status == 204
    assert desk.order(stop["id"])["status"] == "pending_cancel"
    assert desk.order(stop["id"])["status"] == "canceled"
    refused = desk.stop("95")  # the incident of ALPACA 4.3: a new stop sent too early
    assert (desk.status, refused["held_for_orders"], refused["related_orders"]) == (403, "10", [stop["id"]])
    assert desk.shares() == "10/10"
    desk.stop("95")
    assert desk.status == 200


def test_a_group_waits_together_and_holds_its_shares_once(desk: Desk) -> None:
    entry = desk.bracket()
    desk.day("100 101 99 100")
    desk.exchange.modes(cancels="asynchronous")
    target, stop = entry["legs"]
    desk.ask("DELETE", f"/orders/{target['id']}")
    assert desk.order(stop["id"])["status"] == "held"
    assert desk.order(stop["id"])["status"] == "canceled"
    assert [desk.shares() for _ in range(2)] == ["10/0", "10/10"]


def test_time_that_passes_settles_everything(desk: Desk) -> None:
    desk.exchange.modes(cancels="asynchronous")
    desk.hold()
    stop = desk.stop()
    desk.ask("DELETE", f"/orders/{stop['id']}")
    desk.day("90 91 89 90")
    assert (status(desk, stop), desk.shares()) == ("canceled", "10/10")


def test_cancelling_everything_tells_what_is_pending(desk: Desk) -> None:
    desk.exchange.modes(cancels="asynchronous")
    desk.oto()
    (answer,) = desk.ask("DELETE", "/orders")
    assert (answer["status"], answer["body"]["status"]) == (200, "pending_cancel")  # recorded, ALPACA 4.5


# -- replacements, ALPACA 3.2, 3.8 -----------------------------------------------------------------------------------


def raised_but_pending(desk: Desk) -> tuple[Any, Any]:
    desk.exchange.modes(replacements="pending")
    desk.hold()
    stop = desk.stop()
    desk.day("100 101 99 100")
    return stop, patch(desk, stop, stop_price=95)


def test_a_pending_replacement_leaves_the_old_stop_working(desk: Desk) -> None:
    old, new = raised_but_pending(desk)
    assert (desk.status, new["status"], new["replaces"]) == (200, "pending_new", old["id"])
    assert (desk.order(old["id"])["status"], desk.order(old["id"])["replaced_by"]) == ("pending_replace", new["id"])
    assert desk.shares() == "10/0"
    assert desk.place(side="sell")["held_for_orders"] == "10"  # the pair holds the shares once
    desk.bar("100 101 94 96")
    desk.exchange.advance(to="open")
    assert (desk.order(old["id"])["status"], desk.order(new["id"])["status"]) == ("replaced", "new")
    desk.exchange.advance(to="close")
    assert desk.order(new["id"])["filled_avg_price"] == "95"


def test_what_is_refused_while_one_is_pending(desk: Desk) -> None:
    old, new = raised_but_pending(desk)
    refusals = [
        patch(desk, old, stop_price=96),
        patch(desk, new, stop_price=96),
        desk.ask("DELETE", f"/orders/{old['id']}"),
        desk.ask("DELETE", f"/orders/{new['id']}"),
    ]
    assert [refusal["message"] for refusal in refusals] == [
        "cannot replace order in pending_replace status",  # ALPACA 3.3
        "order chain not fully replaced",  # ALPACA 3.4
        'order is already in "pending_replace" state',  # ALPACA 4.2
        "order chain not fully replaced",
    ]
    assert {refusal["code"] for refusal in refusals} == {42210000}


def test_filled_before_the_replacement_arrives(desk: Desk) -> None:
    old, new = raised_but_pending(desk)
    desk.exchange.action(partial_fill={"order_id": old["id"], "qty": 10, "price": 92})
    assert (desk.order(old["id"])["status"], desk.order(new["id"])["status"]) == ("filled", "rejected")  # ALPACA 3.2
    assert desk.order(new["id"])["failed_at"]
    desk.day("90 91 89 90")
    assert desk.shares() == "0/0"


def test_a_part_filled_meanwhile_is_counted(desk: Desk) -> None:
    old, new = raised_but_pending(desk)
    desk.exchange.action(partial_fill={"order_id": old["id"], "qty": 4, "price": 92})
    assert desk.order(old["id"])["status"] == "pending_replace"
    desk.bar("100 101 99 100")
    desk.exchange.advance(to="open")
    settled = desk.order(new["id"])
    assert (settled["status"], settled["filled_qty"], settled["qty"]) == ("partially_filled", "4", "10")
    assert desk.shares() == "6/0"


@pytest.mark.parametrize("end", ["cancel", "expire", "split"])
def test_both_end_when_the_old_one_ends(desk: Desk, end: str) -> None:
    old, new = raised_but_pending(desk)
    if end == "split":
        desk.exchange.action(split={"symbol": "AAPL", "ratio": "0.5"})
    else:
        desk.exchange.action(**{end: {"order_id": old["id"]}})
    ended = "expired" if end == "expire" else "canceled"
    assert (desk.order(old["id"])["status"], desk.order(new["id"])["status"]) == (ended, ended)
    assert desk.get("/positions/AAPL")["qty_available"] == desk.get("/positions/AAPL")["qty"]


def test_in_session_the_next_move_of_the_clock_confirms(desk: Desk) -> None:
    entry = desk.bracket()
    desk.day("100 101 99 100")
    desk.bar("100 101 94 96")
    desk.exchange.advance(to="open")
    desk.exchange.modes(replacements="pending")
    stop = entry["legs"][1]
    raised = patch(desk, stop, stop_price=95)
    assert (status(desk, stop), status(desk, raised)) == ("pending_replace", "pending_new")
    desk.exchange.advance(to="close")
    assert (status(desk, stop), status(desk, raised), desk.shares()) == ("replaced", "filled", "0/0")
    assert status(desk, entry["legs"][0]) == "canceled"


def test_the_legs_follow_an_entry_whose_replacement_was_pending(desk: Desk) -> None:
    entry = desk.oto(limit="95", stop="90")
    desk.day("100 101 99 100")
    desk.exchange.modes(replacements="pending")
    before = desk.get("/account")["buying_power"]
    moved = patch(desk, entry, limit_price="96")
    assert desk.get("/account")["buying_power"] == before  # counted once
    desk.day("95.5 97 95 96")
    assert desk.order(moved["id"])["status"] == "filled"
    assert [leg["status"] for leg in desk.get(f"/orders/{moved['id']}", nested="true")["legs"]] == ["new"]


@pytest.mark.parametrize(
    ("mode", "placed", "filled"),
    [
        (
            "current",
            (42210000, "cannot replace order in accepted status"),
            (42210000, "cannot replace order in filled status"),
        ),
        (
            "older",
            (40010001, "unable to replace order, order isn't sent to exchange yet"),
            (40010001, "unable to replace order, order is not open"),
        ),
    ],
)
def test_the_words_of_a_refusal(desk: Desk, mode: str, placed: Any, filled: Any) -> None:
    desk.exchange.modes(refusal_texts=mode)
    order = desk.place(type="limit", limit_price="99")
    told = patch(desk, order, limit_price="98")
    assert (desk.status, told["code"], told["message"]) == (422, *placed)  # ALPACA 3.3
    desk.day("98 99 97 98")
    told = patch(desk, order, limit_price="98")
    assert (desk.status, told["code"], told["message"]) == (422, *filled)
