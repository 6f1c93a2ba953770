"""What the ledger remembers of trouble, and how a resume makes it forget."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from sentinel.domain.book import RunEnding, Trouble
from sentinel.domain.coverage import Coverage, CoverageRow, CoverageState
from sentinel.domain.findings import Finding, Severity
from sentinel.domain.runs import Deed, DeedOutcome
from sentinel.ledger import Ledger, RowRefused
from tests.builders import EVENING, TODAY

RESCUE = Deed("rescue", "place_stop", "AAPL", DeedOutcome.DONE, "bare")


@pytest.fixture
def at_noon(tmp_path: Path) -> Callable[[], tuple[Ledger, list[datetime]]]:
    def opened() -> tuple[Ledger, list[datetime]]:
        clock = [EVENING]
        return Ledger.open(tmp_path / "sentinel.db", lambda: clock[0]), clock

    return opened


def run(ledger: Ledger, *deeds: Deed, session=TODAY, exit_code: int | None = 0) -> int:
    run_id = ledger.begin_run("evening-workflow", "cron", session)
    ledger.record_step(run_id, "rescue", deeds)
    if exit_code is not None:
        ledger.end_run(run_id, exit_code, 1)
    return run_id


@pytest.mark.parametrize(
    ("deed", "is_reject"),
    [
        (replace(RESCUE, outcome=DeedOutcome.REFUSED), True),
        (replace(RESCUE, outcome=DeedOutcome.UNRESOLVED), True),
        (replace(RESCUE, outcome=DeedOutcome.SKIPPED), False),
        (replace(RESCUE, outcome=DeedOutcome.REFUSED, detail="guard: held"), False),
        (replace(RESCUE, verb="raise_stop", outcome=DeedOutcome.REFUSED), False),  # owed
        (replace(RESCUE, verb="raise_stop", outcome=DeedOutcome.UNRESOLVED), True),  # silence
        (replace(RESCUE, verb="submit_entry", outcome=DeedOutcome.REFUSED), True),
        (replace(RESCUE, verb="follow_stop", outcome=DeedOutcome.UNRESOLVED), False),
    ],
)
def test_what_counts_as_a_reject(ledger: Ledger, deed: Deed, is_reject: bool) -> None:
    run(ledger, deed)
    assert ledger.trouble(TODAY, None).rejects == (((TODAY, deed.verb, "AAPL"),) if is_reject else ())


@pytest.mark.parametrize(("news", "counts"), [("adopt_position", 0), ("resize_trade", 0), ("raise_stop", 1)])
def test_shares_that_have_just_come_are_no_rescue(ledger: Ledger, news: str, counts: int) -> None:
    run(ledger, replace(RESCUE, verb=news), RESCUE, RESCUE)
    assert len(ledger.trouble(TODAY, None).rescues) == counts, "a run counts once"


def test_endings_come_newest_first_without_the_run_that_asks(ledger: Ledger) -> None:
    clean = run(ledger)
    bare = run(ledger, exit_code=1)
    naked = CoverageRow("AAPL", Decimal(7), Decimal(0), CoverageState.NAKED, None, (), None, "none is live")
    ledger.record_coverage(bare, Coverage((naked,)), EVENING)
    ledger.record_findings(
        bare, [Finding("bug", Severity.ALARM, None, "", ""), Finding("x", Severity.INFO, None, "", "")]
    )
    cut_off = run(ledger, exit_code=None)
    asking = run(ledger, exit_code=None)
    endings = (
        RunEnding(cut_off, None),
        RunEnding(bare, 1, frozenset({"bug"}), is_bare=True),
        RunEnding(clean, 0),
    )
    assert ledger.trouble(TODAY, asking).endings == endings


def test_a_resume_makes_it_forget(at_noon) -> None:
    ledger, clock = at_noon()
    with ledger:
        run(ledger, replace(RESCUE, outcome=DeedOutcome.REFUSED), exit_code=1)
        ledger.latch("trouble")
        assert (ledger.book(TODAY).latch_reason, ledger.halt_reason()) == ("trouble", None)
        with pytest.raises(RowRefused):
            ledger.latch("more trouble")
        clock[0] += timedelta(minutes=1)
        ledger.resume("looked", clock[0])
        assert ledger.trouble(TODAY, None) == Trouble()
        assert ledger.latch_reason() is None
