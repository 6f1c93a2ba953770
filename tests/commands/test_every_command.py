"""What holds for every command: its options, its document, and a dry run that leaves no trace."""

from collections.abc import Iterator
from typing import Any

import pytest
import typer

from sentinel.cli import app
from tests.commands.desk import FIRST_KEYS, Desk

RUNS = [
    "reconcile-fills",
    "reconcile-positions",
    "rescue-stops",
    "update-trailing-stops",
    "cleanup-orphans",
    "check-profit-taking",
    "evening-workflow",
]
READS = [
    "init",
    "status",
    "status --live",
    "migrate",
    "approvals list",
    "audit verify",
    "simulate state",
    "doctor",
    "runs",
    "history AAPL",
]
# What changes nothing anywhere, and what has nothing to rehearse.
WITHOUT_DRY_RUN = {
    "status",
    "approvals list",
    "audit verify",
    "simulate state",
    "simulate serve",
    "demo",
    "doctor",
    "runs",
    "history",
}
# A story told by the other commands, in words.
WITHOUT_JSON = {"demo"}


def commands() -> Iterator[tuple[str, set[str]]]:
    """Every command as it is typed, and its options."""
    group: Any = typer.main.get_command(app)
    for name, command in group.commands.items():
        for inner, leaf in getattr(command, "commands", {"": command}).items():
            yield f"{name} {inner}".strip(), {option for parameter in leaf.params for option in parameter.opts}


@pytest.mark.parametrize(("command", "options"), list(commands()))
def test_every_command_answers_programs_and_rehearses(command: str, options: set[str]) -> None:
    assert ("--json" in options) == (command not in WITHOUT_JSON)
    assert ("--dry-run" in options) == (command not in WITHOUT_DRY_RUN)


@pytest.mark.parametrize("typed", [*RUNS, *READS])
def test_the_document_comes_alone_on_standard_output(desk: Desk, typed: str) -> None:
    desk.holds()
    answer = desk.types(*typed.split(), "--json")
    document = answer.document
    assert (answer.exit_code, answer.err) == (0, "")
    assert list(document)[: len(FIRST_KEYS)] == FIRST_KEYS
    assert document["schema"] == 1
    assert document["command"] == typed.removesuffix(" --live").removesuffix(" AAPL")
    assert document["exit_code"] == 0
    if typed in RUNS:
        assert isinstance(document["run_id"], int)
        (row,) = document["coverage"]["rows"]
        assert (row["symbol"], row["qty"], row["protected_qty"], row["state"]) == ("AAPL", 7, 7, "protected")
        assert row["stop_price"] == "92.00"


@pytest.mark.parametrize("typed", [*RUNS, *READS])
def test_the_screen_is_data_too(desk: Desk, typed: str) -> None:
    desk.holds()
    answer = desk.types(*typed.split())
    assert (answer.exit_code, answer.err) == (0, "")
    assert answer.out.strip()
    assert "\x1b" not in answer.out
    # A path is longer than any screen, and a test's longer still.
    assert max(len(line) for line in answer.out.replace(str(desk.home), "").splitlines()) <= 80


@pytest.mark.parametrize(
    "typed", [*RUNS, "submit-entry-with-stop MSFT 400 2", "approvals approve 1", "init", "migrate"]
)
def test_a_dry_run_sends_and_writes_nothing_and_exits_alike(desk: Desk, typed: str) -> None:
    desk.holds()
    desk.day("AAPL", "117")
    desk.trades_quietly("MSFT", "400")
    desk.types("check-profit-taking")
    # A stranger without a stop, a fallen stop: something for every step to do.
    desk.exchange.trade("MSFT", 3, "buy") if "MSFT" not in typed else None
    before, sent = desk.files(), desk.mutations()
    rehearsed = desk.types(*typed.split(), "--dry-run", "--json")
    assert rehearsed.document["dry_run"] is True
    assert rehearsed.document["run_id"] is None
    assert {action["outcome"] for action in rehearsed.document["actions"]} <= {"planned", "skipped"}
    assert desk.files() == before
    assert desk.mutations() == sent
    real = desk.types(*typed.split(), "--json")
    assert rehearsed.exit_code == real.exit_code
    told = [[(a["verb"], a["symbol"]) for a in answer.document["actions"]] for answer in (rehearsed, real)]
    assert told[0] == told[1]


@pytest.mark.parametrize("typed", ["simulate advance", "simulate fault 500"])
def test_a_rehearsed_change_leaves_the_exchange_alone(desk: Desk, typed: str) -> None:
    before = desk.exchange.state()
    assert desk.types(*typed.split(), "--dry-run").exit_code == 0
    after = desk.exchange.state()
    assert (after["clock"], after["faults"]) == (before["clock"], before["faults"])
