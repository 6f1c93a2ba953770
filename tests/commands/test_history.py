"""The life of a trade as its trader reads it."""

import pytest

from tests.commands.desk import Desk


def words(desk: Desk, symbol: str = "AAPL") -> str:
    return " ".join(desk.types("history", symbol).out.split())


def test_entry_stairs_and_a_gap_through_the_stop(desk: Desk) -> None:
    desk.exchange.modes(after_hours_stops="new")
    desk.holds()
    assert "open; its stop at 92.00 would make -$56.00, -1.00 R" in words(desk)
    desk.day("AAPL", "109")
    assert desk.types("evening-workflow").exit_code == 0
    desk.day("AAPL", "101.50")
    assert desk.types("evening-workflow").exit_code == 0
    counts = desk.exchange.state()["requests"]["counts"]
    ((told),) = desk.tells("history", "aapl")["trades"]
    events = told["events"]
    assert [(event["order"], event["what"], event["price"]) for event in events] == [
        ("entry", "sent", "100.00"),
        ("entry", "filled", "100.00"),
        ("stop", "placed", "92.00"),
        ("stop", "raised", "102.00"),
        ("stop", "filled", "101.50"),
    ]
    assert events[3]["replaces"] == events[2]["order_id"]
    assert (events[4]["better_by"], events[4]["better_by_pct"]) == ("-0.50", "-0.49")
    assert (told["trade"]["exit_reason"], told["gain_usd"], told["r_multiple"]) == ("stop_filled", "10.50", "0.19")
    screen = words(desk)
    for line in (
        "trade 1, long: 7 shares at 100.00, opened 3 Mar 2026",
        "closed at 101.50 5 Mar 2026",
        "stop_filled: $10.50, +0.19 R",
        "stop placed: 7 at 92.00, sent with its entry",
        f"stop raised from 92.00 to 102.00, in place of {events[2]['order_id'][:8]}",
        "stop filled: 7 at 101.50, 0.50 worse than its price (-0.49 %)",
    ):
        assert line in screen
    assert desk.exchange.state()["requests"]["counts"] == counts


def test_a_sale_and_what_made_room_for_it(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.exchange.modes(after_hours_cancel="immediate")
    monkeypatch.setenv("SENTINEL_BROKER__AFTER_HOURS_CANCEL", "immediate")
    desk.holds()
    desk.day("AAPL", "117")
    desk.types("evening-workflow")
    desk.types("approvals", "approve", "1")
    desk.day("AAPL", "118")
    assert desk.types("evening-workflow").exit_code == 0
    (told,) = desk.tells("history", "AAPL")["trades"]
    ends = [(event["order"], event["what"]) for event in told["events"]][-3:]
    assert ends == [("stop", "cancelled"), ("exit", "sent"), ("exit", "filled")]
    assert told["events"][-3]["at"].startswith("2026-03-04")
    assert "sale sent: 7 at the market, profit" in words(desk)


def test_an_adopted_position_and_an_entry_that_waits(desk: Desk) -> None:
    desk.exchange.trade("MSFT", 3, "buy")
    assert desk.types("evening-workflow").exit_code == 0
    assert "trade 1, long: 3 shares at 400.00, adopted" in words(desk, "MSFT")
    rehearsed = " ".join(desk.types("submit-entry-with-stop", "AAPL", "90", "7", "--dry-run").out.split())
    assert "entry of 7 shares at 90.00, stop 82.80, would be sent" in rehearsed
    assert "accepted" not in rehearsed
    assert desk.types("submit-entry-with-stop", "AAPL", "90", "7").exit_code == 0
    told = words(desk)
    assert "orders that have opened no trade so far" in told
    again = desk.types("submit-entry-with-stop", "AAPL", "91", "7")
    assert (again.exit_code, "the buy order of 7 shares at 90.00 in AAPL is still" in again.err) == (3, True)
    assert "entry sent: 7 at 90.00" in told
    assert desk.tells("history", "AAPL")["trades"][0]["trade"] is None


def test_whose_hand_it_was_and_how_the_rescues_went(desk: Desk) -> None:
    desk.holds()
    (stop,) = [order for order in desk.exchange.state()["orders"] if order["type"] == "stop"]
    desk.exchange.action(replace={"order_id": stop["id"], "stop_price": "85"})
    assert desk.types("evening-workflow").exit_code == 0
    resting = [o for o in desk.exchange.state()["orders"] if o["type"] == "stop" and o["status"] in ("new", "accepted")]
    desk.exchange.action(cancel={"order_id": resting[0]["id"]})
    desk.exchange.faults([{"method": "POST", "path": "/v2/orders$", "nth": n, "kind": "503"} for n in (1, 2)])
    assert desk.types("evening-workflow").exit_code == 1
    desk.exchange.faults([])
    assert desk.types("evening-workflow").exit_code == 0
    document, told = desk.tells("history", "AAPL"), words(desk)
    assert [(e["what"], e["price"], e["by"]) for e in document["trades"][0]["events"] if e["order"] == "stop"] == [
        ("placed", "92.00", None),
        ("moved", "85.00", "trader"),
        ("raised", "92.00", "sentinel"),
        ("cancelled", "92.00", "trader"),
        ("placed", "92.00", None),
    ]
    assert "stop moved by you from 92.00 to 85.00, in place of" in told
    assert "stop raised from 85.00 to 92.00, in place of" in told
    assert "stop cancelled by you: 7 at 92.00" in told
    assert "; it expires " in told
    rescues = document["rescues"]
    assert rescues["attempted"] == rescues["ok"] + rescues["failed"] >= 2
    assert (rescues["ok"], rescues["last_error"]) == (1, "the broker never saw it")
    assert f"{rescues['attempted']} rescues attempted, 1 ok, {rescues['failed']} failed" in told
    assert desk.tells("status")["rescues"] == [rescues]


def test_a_symbol_nobody_traded(desk: Desk) -> None:
    answer = desk.types("history", "TSLA")
    assert (answer.exit_code, answer.out) == (0, "the ledger knows nothing of TSLA\n")
    assert desk.tells("history", "TSLA")["trades"] == []
    assert desk.tells("history", "TSLA")["rescues"]["attempted"] == 0
    assert desk.types("history", "no symbol").exit_code == 2
