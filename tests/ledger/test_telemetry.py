"""Runs, their deeds and findings, the proof of coverage, and what the market was."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from sentinel.domain.bars import Bar
from sentinel.domain.coverage import Coverage, CoverageRow, CoverageState
from sentinel.domain.findings import Finding, Severity
from sentinel.domain.runs import Deed, DeedOutcome
from sentinel.ledger import Ledger, RowRefused
from tests.builders import EVENING, TODAY

LATER = EVENING + timedelta(minutes=5)
DEEDS = (
    Deed("rescue", "place_stop", "AAPL", DeedOutcome.DONE, "unprotected", "", Decimal(7), Decimal("92.00"), "o-1"),
    Deed("rescue", "place_stop", "MSFT", DeedOutcome.REFUSED, "unprotected", "403 (40310000)"),
)
ALARM = Finding("naked", Severity.ALARM, "MSFT", "MSFT has no stop", "place one by hand")
ROW = CoverageRow(
    "AAPL", Decimal(7), Decimal(7), CoverageState.PROTECTED, Decimal("92.00"), ("o-1",), LATER, "", Decimal(100)
)
NAKED = CoverageRow("MSFT", Decimal("0.5"), Decimal(0), CoverageState.NAKED, None, (), None, "a fraction")


def test_the_story_of_a_run(ledger: Ledger) -> None:
    run_id = ledger.begin_run("evening-workflow", "cron", TODAY, EVENING)
    begun = ledger.last_run()
    assert begun is not None
    assert (begun.id, begun.ended_at, begun.exit_code, begun.session) == (run_id, None, None, TODAY)
    ledger.record_step(run_id, "rescue", DEEDS)
    ledger.record_step(run_id, "raises", ())
    ledger.record_findings(run_id, [ALARM])
    ledger.record_coverage(run_id, Coverage.of([NAKED, ROW]), LATER)
    ledger.end_run(run_id, 1, 12)
    assert ledger.deeds(run_id) == DEEDS
    assert ledger.findings(run_id) == (ALARM,)
    assert ledger.last_coverage() == (Coverage((ROW, NAKED)), LATER, run_id)
    assert ledger.last_look() == LATER
    ended = ledger.run(run_id)
    assert ended is not None
    assert (ended.exit_code, ended.requests, ended.ended_at, ended.as_of) == (1, 12, EVENING, EVENING)
    (row,) = ledger.view("v_runs")
    assert (row["deeds_done"], row["deeds_failed"], row["alarms"], row["protected_positions"]) == (1, 1, 1, 1)


def test_before_the_first_run_there_is_nothing(ledger: Ledger) -> None:
    assert (ledger.last_run(), ledger.last_look(), ledger.last_coverage(), ledger.run(1)) == (None,) * 4


def test_the_last_proof_is_the_latest_look(ledger: Ledger) -> None:
    for moment in (LATER, EVENING):
        ledger.record_coverage(ledger.begin_run("rescue-stops", "hand"), Coverage((ROW,)), moment)
    ledger.begin_run("status", "hand")
    last = ledger.last_coverage()
    assert last is not None
    assert last[1:] == (LATER, 1)


def test_a_second_proof_of_a_run_takes_the_place_of_the_first(ledger: Ledger) -> None:
    run_id = ledger.begin_run("rescue-stops", "hand")
    ledger.record_coverage(run_id, Coverage((ROW, NAKED)), EVENING)
    ledger.record_coverage(run_id, Coverage(()), LATER)
    assert ledger.last_coverage() == (Coverage(()), LATER, run_id)


def test_runs_come_newest_first(ledger: Ledger) -> None:
    for number in range(5):
        ledger.begin_run(f"run {number}", "api")
    assert [run.command for run in ledger.runs(2)] == ["run 4", "run 3"]


def test_an_end_may_correct_the_beginning(ledger: Ledger) -> None:
    run_id = ledger.begin_run("evening-workflow", "hand")
    ledger.end_run(run_id, 0, 3, ended_at=LATER, session=TODAY, as_of=EVENING)
    run = ledger.run(run_id)
    assert run is not None
    assert (run.ended_at, run.session, run.as_of) == (LATER, TODAY, EVENING)


def test_what_belongs_to_no_run_is_refused(ledger: Ledger) -> None:
    for write in (
        lambda: ledger.record_step(9, "rescue", ()),
        lambda: ledger.record_findings(9, [ALARM]),
        lambda: ledger.record_coverage(9, Coverage(()), EVENING),
        lambda: ledger.end_run(9, 0, 0),
        lambda: ledger.begin_run("evening-workflow", "a robot"),
    ):
        with pytest.raises(RowRefused):
            write()


def test_the_last_word_on_a_day_counts(ledger: Ledger) -> None:
    bar = Bar("AAPL", TODAY, Decimal("1.0"), Decimal(3), Decimal("0.9999"), Decimal("2.50"), 10)
    for close in ("2.25", "2.50"):
        ledger.record_bars([replace(bar, close=Decimal(close))])
        ledger.record_equity(TODAY, Decimal(close), Decimal(-1))
    ledger.record_bars(iter([replace(bar, symbol="MSFT", volume=0)]))
    assert ledger.bars_of("AAPL") == (bar,)
    assert ledger.equity_curve() == ((TODAY, Decimal("2.50")),)
