"""The list of runs: every deed counts for one figure at most, and rates are of what was tried."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from rich.console import Console

from sentinel.domain.runs import Deed, DeedOutcome
from sentinel.ledger import RunRow
from sentinel.report.run_list import FIGURES, RunLine, figures_of, runs_document, runs_screen, totals_of
from tests.builders import EVENING, TODAY

DONE, REFUSED, UNRESOLVED, SKIPPED = (
    DeedOutcome.DONE,
    DeedOutcome.REFUSED,
    DeedOutcome.UNRESOLVED,
    DeedOutcome.SKIPPED,
)


def deed(verb: str, outcome: DeedOutcome = DONE, detail: str = "") -> Deed:
    return Deed("step", verb, "AAPL", outcome, "of a reason", detail)


def line(number: int = 1, *, ended: float | None = 1.5, exit_code: int | None = 0, **figures: int) -> RunLine:
    ended_at = None if ended is None else EVENING + timedelta(seconds=ended)
    code = None if ended is None else exit_code
    return RunLine(
        RunRow(number, "evening-workflow", "cron", TODAY, EVENING, EVENING, EVENING, ended_at, code, 17), figures
    )


@pytest.mark.parametrize(
    ("verb", "outcome", "detail", "figures"),
    [
        ("submit_entry", DONE, "", ["entries_sent"]),
        ("submit_entry", REFUSED, "no stop leg", []),
        ("cancel_entry", DONE, "", ["entries_taken_back"]),
        ("follow_entry", DONE, "filled", ["entries_filled"]),
        ("follow_entry", DONE, "canceled", []),
        ("follow_stop", DONE, "filled", ["stops_filled"]),
        ("follow_stop", DONE, "replaced", []),
        ("follow_entry", DONE, "partially_filled", ["entries_filled"]),
        ("follow_exit", DONE, "filled", ["sales_filled"]),
        ("resize_trade", DONE, "", ["synced"]),
        ("split_trade", DONE, "", ["synced"]),
        ("rename_trade", DONE, "", ["synced"]),
        ("place_stop", DONE, "at 98.00", ["rescues_ok"]),
        ("place_stop", REFUSED, "403", ["rescues_failed"]),
        ("place_stop", UNRESOLVED, "timeout", ["rescues_failed"]),
        ("place_stop", SKIPPED, "the position is gone", []),
        ("raise_stop", DONE, "from 92.00", ["raises"]),
        ("raise_stop", REFUSED, "owed: cannot replace order in accepted status", ["raises_failed", "owed"]),
        ("raise_stop", UNRESOLVED, "timeout", ["raises_failed"]),
        ("renew_stop", DONE, "", ["renewed"]),
        ("owe", DONE, "", ["owed"]),
        ("close_position", DONE, "at the market", ["sales_sent"]),
        ("close_position", REFUSED, "owed: its shares are held", ["owed"]),
        ("close_trade", DONE, "", ["ghosts_closed"]),
        ("adopt_position", DONE, "", ["adopted"]),
        ("cancel_stop", DONE, "now canceled", ["orphans"]),
        ("cancel_stop", UNRESOLVED, "still pending_cancel", []),
        ("forget", DONE, "", []),
    ],
)
def test_what_a_deed_counts_for(verb: str, outcome: DeedOutcome, detail: str, figures: list[str]) -> None:
    assert sorted(figures_of([deed(verb, outcome, detail)]).elements()) == sorted(figures)


def test_an_entry_that_filled_in_part_before_it_ended_is_a_fill() -> None:
    told = replace(deed("follow_entry", DONE, "canceled"), because="entry is canceled: 3 of 7 filled")
    assert figures_of([told]) == {"entries_filled": 1}


def test_a_fill_is_an_entry_a_stop_or_a_sale() -> None:
    (row,) = runs_document([line(entries_filled=2, stops_filled=3, sales_filled=4)], "runs")["runs"]
    assert row["fills"] == 9
    assert totals_of([line(entries_filled=2), line(sales_filled=4)])["fills"] == 6


def test_totals_and_rates() -> None:
    lines = [
        line(4, ended=None),
        line(3, exit_code=1, rescues_ok=1, rescues_failed=2),
        line(2, raises=1, raises_failed=1, owed=1),
        line(1, entries_filled=2),
    ]
    totals = totals_of(lines)
    wanted: dict[str, Any] = {"runs": 4, "ended": 3, "clean": 2, "requests": 68, "entries_filled": 2, "owed": 1}
    wanted |= {"rescues_attempted": 3, "rescues_ok": 1, "rescues_failed": 2, "raises_attempted": 2}
    wanted |= {"clean_pct": "66.7", "rescue_success_pct": "33.3", "raise_success_pct": "50.0"}
    assert {name: totals[name] for name in wanted} == wanted
    assert totals.keys() >= FIGURES.keys()


def test_nothing_tried_is_no_rate() -> None:
    totals = totals_of([])
    assert (totals["clean_pct"], totals["rescue_success_pct"], totals["raise_success_pct"]) == (None, None, None)


def test_the_document_holds_every_figure() -> None:
    (row,) = runs_document([line(rescues_ok=2)], "runs")["runs"]
    assert row.keys() >= FIGURES.keys() | {"run_id", "session", "command", "source", "requests", "exit_code"}
    assert (row["rescues_attempted"], row["raises"], row["duration_seconds"]) == (2, 0, 1.5)


def test_the_screen() -> None:
    console = Console(width=80, markup=False, emoji=False, highlight=False)
    with console.capture() as shown:
        console.print(runs_screen([line(2, ended=None, raises=1), line(1, rescues_ok=1, entries_filled=2)]))
    told = [" ".join(row.split()) for row in shown.get().splitlines()]
    assert told == [
        "run session command by took req exit did",
        "2 2025-04-07 evening-workflow cron - 17 - 1 raised",
        "1 2025-04-07 evening-workflow cron 1.5 s 17 0 2 filled, 1 rescued",
        "",
        "2 runs, 1 ended well; 1 of 1 rescues done; 1 of 1 raises done",
    ]


@pytest.mark.parametrize(("width", "has_all"), [(80, True), (60, False)])
def test_a_narrow_window_keeps_what_a_run_did(width: int, has_all: bool) -> None:
    console = Console(width=width, markup=False, emoji=False, highlight=False)
    with console.capture() as captured:
        console.print(runs_screen([line(stops_filled=1)]))
    head, row, *_ = captured.get().splitlines()
    assert "1 stopped out" in row
    assert ("req" in head, "cron" in row) == (has_all, has_all)
