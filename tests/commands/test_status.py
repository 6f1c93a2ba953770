"""Status answers from the ledger alone: what is held, what protects it, what waits, how old the news is."""

import pytest

from sentinel.ledger import Ledger
from tests.commands.desk import Desk


def test_a_position_with_its_stop_and_its_next_stair(desk: Desk) -> None:
    desk.holds()
    desk.day("AAPL", "101")
    assert desk.types("reconcile-positions").exit_code == 0
    counts = desk.exchange.state()["requests"]["counts"]
    document = desk.tells("status")
    assert desk.exchange.state()["requests"]["counts"] == counts
    (held,) = document["positions"]
    assert held | {"stop_expires_at": "", "opened_at": ""} == {
        "symbol": "AAPL",
        "side": "buy",
        "qty": 7,
        "entry_price": "100.00",
        "last_price": "101.00",
        "gain_usd": "7.00",
        "gain_pct": "1.00",
        "stop_price": "92.00",
        "locked_usd": "-56.00",
        "locked_pct": "-8.00",
        "next_stair": {"gain_pct": "8.00", "price": "108.00", "stop_price": "102.00"},
        "state": "protected",
        "is_covered": True,
        "stop_expires_at": "",
        "opened_at": "",
        "is_adopted": False,
        "is_breached": False,
    }
    assert document["last_run"]["exit_code"] == 0
    screen = desk.types("status").out
    assert "7 of 7" in screen
    assert "next stair +8.0 % at 108.00 lifts the stop to 102.00" in " ".join(screen.split())
    assert screen.splitlines()[-1] == "the one position covered: 7 of 7 shares"


def test_what_waits(desk: Desk) -> None:
    assert desk.types("submit-entry-with-stop", "AAPL", "100", "7").exit_code == 0
    with Ledger.open(desk.home / "sentinel.db") as ledger:
        from datetime import UTC, datetime

        ledger.halt("[bold]vacation", datetime.now(UTC))
    document = desk.tells("status")
    (entry,) = document["entries"]
    assert (entry["symbol"], entry["qty"], entry["limit_price"], entry["stop_price"]) == ("AAPL", 7, "100.00", "92.00")
    assert document["halt"] == "[bold]vacation"
    screen = desk.types("status").out
    assert "entry of 7 shares at 100.00, stop 92.00" in screen
    assert "HALTED: [bold]vacation" in screen


def test_an_uncovered_position_is_the_exit_code(desk: Desk) -> None:
    desk.exchange.trade("MSFT", 3, "buy")
    assert desk.types("reconcile-positions").exit_code == 1
    answer = desk.types("status")
    assert answer.exit_code == 1
    assert answer.out.splitlines()[-1].startswith("NOT COVERED: MSFT 3 of 3 shares")
    assert desk.types("rescue-stops").exit_code == 0
    assert desk.types("status").exit_code == 0


def test_a_run_that_was_cut_off_is_told(desk: Desk) -> None:
    desk.holds()
    with Ledger.open(desk.home / "sentinel.db") as ledger:
        ledger.begin_run("rescue-stops", "cron")
    document = desk.tells("status")
    assert document["exit_code"] == 1
    assert [finding["code"] for finding in document["findings"]] == ["run_cut_off"]


@pytest.mark.parametrize(("hand", "exit_code"), [("sell", 0), ("buy", 1)])
def test_live_asks_the_broker_and_changes_nothing(desk: Desk, hand: str, exit_code: int) -> None:
    desk.holds()
    desk.exchange.trade("AAPL" if hand == "sell" else "MSFT", 7, hand)
    before, sent = desk.files(), desk.mutations()
    assert desk.types("status").exit_code == 0
    assert desk.types("status", "--live").exit_code == exit_code
    assert (desk.files(), desk.mutations()) == (before, sent)
