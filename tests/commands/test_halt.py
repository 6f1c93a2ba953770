"""Halt and resume: latched with a reason, told wherever a trader looks, and written into the audit."""

from datetime import UTC, datetime

import pytest

from sentinel.ledger import Ledger
from tests.commands.desk import Desk


def audited(desk: Desk) -> list[tuple[str, str]]:
    with Ledger.open_read_only(desk.home / "sentinel.db") as ledger:
        return [(line.event, line.detail) for line in ledger.audit_trail() if line.event in ("halt", "resume")]


def test_a_halt_and_its_end(desk: Desk) -> None:
    counts = desk.exchange.state()["requests"]["counts"]
    halted = desk.tells("halt", "--reason", " two weeks of holiday ")
    assert (halted["exit_code"], halted["halt"], halted["was_halted"]) == (0, "two weeks of holiday", None)
    again = desk.tells("halt", "--reason", "earnings")
    assert (again["halt"], again["was_halted"]) == ("earnings", "two weeks of holiday")
    assert desk.tells("status")["halt"] == "earnings"
    resumed = desk.tells("resume", "--reason", "back")
    assert (resumed["halt"], resumed["was_halted"]) == (None, "earnings")
    assert desk.tells("status")["halt"] is None
    assert audited(desk) == [("halt", "two weeks of holiday"), ("halt", "earnings"), ("resume", "back")]
    assert desk.exchange.state()["requests"]["counts"] == counts


def test_every_screen_says_so(desk: Desk) -> None:
    desk.holds()
    told = desk.types("halt", "--reason", "[bold]\x1b[31mholiday")
    assert told.out.startswith("halted: [bold]holiday\n")
    for typed in ("evening-workflow", "evening-workflow --dry-run", "status", "status --live", "rescue-stops"):
        assert "HALTED: [bold]holiday: no entries, no profit sales" in desk.types(*typed.split()).out
    assert desk.tells("evening-workflow")["halt"] == "[bold]\x1b[31mholiday"
    assert "it was halted: [bold]holiday" in desk.types("resume", "--reason", "back").out
    assert "HALTED" not in desk.types("evening-workflow").out
    assert desk.tells("evening-workflow")["halt"] is None


def test_what_already_lies_at_the_broker_is_named(desk: Desk) -> None:
    assert desk.types("submit-entry-with-stop", "AAPL", "100", "7").exit_code == 0
    told = desk.types("halt", "--reason", "holiday")
    assert "  entry of 7 shares of AAPL at 100.00" in told.out.splitlines()
    (waiting,) = desk.tells("halt", "--reason", "holiday")["at_the_broker"]
    assert (waiting["kind"], waiting["symbol"], waiting["qty"], waiting["limit_price"]) == (
        "entry",
        "AAPL",
        7,
        "100.00",
    )


def test_a_sale_on_its_way_is_named(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.exchange.modes(after_hours_cancel="immediate")
    monkeypatch.setenv("SENTINEL_BROKER__AFTER_HOURS_CANCEL", "immediate")
    desk.holds()
    desk.day("AAPL", "117")
    desk.types("evening-workflow")
    desk.types("approvals", "approve", "1")
    assert "  sale of 7 shares of AAPL at the market" in desk.types("halt", "--reason", "x").out.splitlines()


def test_without_a_halt_there_is_nothing_to_resume(desk: Desk) -> None:
    before = desk.files()
    answer = desk.types("resume", "--reason", "back")
    assert (answer.exit_code, answer.out) == (0, "nothing is halted\n")
    assert (desk.files() | {"sentinel.lock": ""}) == (before | {"sentinel.lock": ""})


@pytest.mark.parametrize("command", ["halt", "resume"])
@pytest.mark.parametrize("reason", ["", "  ", "x" * 201])
def test_a_reason_is_needed(desk: Desk, command: str, reason: str) -> None:
    before = desk.files()
    assert desk.types(command, "--reason", reason).exit_code == 2
    assert desk.types(command).exit_code == 2
    assert desk.files() == before


@pytest.mark.parametrize("is_halted", [True, False])
@pytest.mark.parametrize("command", ["halt", "resume"])
def test_a_dry_run_changes_nothing(desk: Desk, command: str, is_halted: bool) -> None:
    if is_halted:
        with Ledger.open(desk.home / "sentinel.db") as ledger:
            ledger.halt("holiday", datetime.now(UTC))
    before = desk.files()
    told = desk.tells(command, "--reason", "why", "--dry-run")
    assert (told["exit_code"], told["dry_run"], told["halt"]) == (0, True, "holiday" if is_halted else None)
    assert desk.files() == before
