"""A ledger another program holds: what would write is refused before anything is sent, and leaves it as it is."""

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sentinel.ledger import Ledger, opening
from tests.commands.desk import Desk

# Reading holds it as well: a reader must not see half of what is written.
HOLDS = {
    "reading": "BEGIN; SELECT count(*) FROM runs",
    "about to write": "BEGIN IMMEDIATE",
    "writing": "BEGIN EXCLUSIVE",
}
PROGRAM = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
for statement in sys.argv[2].split(";"):
    connection.execute(statement).fetchall()
print("held", flush=True)
sys.stdin.read()
"""
LINES = (
    "evening-workflow --non-interactive",
    "rescue-stops",
    "submit-entry-with-stop MSFT 400.00 1",
    "halt --reason wait",
    "restore {copy}",
)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "BUSY_TIMEOUT_S", 0.05)


@contextmanager
def held(path: Path, how: str) -> Iterator[None]:
    """Another program, a process of its own, at the file for as long as the block lasts."""
    command = [sys.executable, "-c", PROGRAM, str(path), HOLDS[how]]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdin is not None
        assert other.stdout.readline() == "held\n"
        yield
        other.stdin.close()
        assert other.wait(10) == 0


def kept(desk: Desk) -> dict[str, str]:
    """The ledger, what belongs to it, and every copy."""
    return {name: told for name, told in desk.files().items() if not name.startswith(("logs/", "sentinel.lock"))}


@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize("how", HOLDS)
def test_what_would_write_is_refused_and_changes_nothing(desk: Desk, how: str, line: str) -> None:
    desk.holds()
    copy = desk.tells("backup")["copy"]
    desk.exchange.trade("MSFT", 3, "buy")  # bare: there would be something to send
    desk.trades_quietly("MSFT", "400")
    before, sent = kept(desk), desk.mutations()
    with held(desk.home / "sentinel.db", how):
        answer = desk.types(*line.format(copy=copy).split())
        assert answer.exit_code == 3
        assert "another program has the ledger open" in answer.err
        assert desk.mutations() == sent
    added = {name for name in kept(desk).keys() - before.keys() if name.startswith("backups/")}
    assert {name: told for name, told in kept(desk).items() if name not in added} == before
    assert not added or not line.startswith("restore")
    assert desk.types("evening-workflow", "--non-interactive").exit_code == 0


@pytest.mark.parametrize("how", HOLDS)
def test_a_restore_refused_can_be_typed_again(desk: Desk, how: str) -> None:
    desk.holds()
    copy = desk.tells("backup")["copy"]
    desk.types("halt", "--reason", "holiday")
    with held(desk.home / "sentinel.db", how):
        assert desk.types("restore", copy).exit_code == 3
    told = desk.tells("restore", copy)
    assert (told["exit_code"], told["halt"]) == (0, "holiday"), "the halt was not lost on the way"
    assert desk.tells("audit", "verify")["exit_code"] == 0


@pytest.mark.parametrize("moment", ["_account_of", "_pause_of", "_set_aside", "_fill"])
def test_a_program_that_comes_in_the_middle_of_a_restore_loses_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    """There for one of the looks at the ledger, and gone again: what that look would have told is not skipped."""
    from sentinel.ledger import restoring

    desk.holds()
    copy = desk.tells("backup")["copy"]
    desk.types("halt", "--reason", "holiday")
    before = desk.files()["sentinel.db"], desk.files()["audit-heads.txt"]
    part = getattr(restoring, moment)

    def meanwhile(path: Path, *rest: object) -> object:
        with held(desk.home / "sentinel.db", "writing"):
            return part(path, *rest)

    monkeypatch.setattr(restoring, moment, meanwhile)
    assert desk.types("restore", copy).exit_code == 3
    assert (desk.files()["sentinel.db"], desk.files()["audit-heads.txt"]) == before
    with Ledger.open_read_only(desk.home / "sentinel.db") as ledger:
        assert ledger.halt_reason() == "holiday"


def test_a_copy_of_what_another_program_holds_is_not_waited_for(desk: Desk, tmp_path: Path) -> None:
    from sentinel.ledger.copying import copy_pages

    desk.holds()
    with held(desk.home / "sentinel.db", "writing"):
        source = sqlite3.connect(desk.home / "sentinel.db", timeout=0.05)
        target = sqlite3.connect(tmp_path / "copy.db")
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            copy_pages(source, target)
        source.close()
        target.close()
