"""When what keeps going wrong pauses entries."""

from dataclasses import replace
from datetime import date

import pytest

from sentinel.domain.book import RunEnding, Trouble
from sentinel.plan.latch import first_session, is_unclean, latch_reason
from sentinel.risk_config import RiskPolicy

FRIDAY = date(2026, 3, 20)
TWO_WEEKS_AGO, LONGER_AGO = date(2026, 3, 9), date(2026, 3, 6)
BAD = RunEnding(9, 1, is_bare=True)
GOOD = RunEnding(9, 0)


@pytest.mark.parametrize(
    ("ending", "is_bad"),
    [
        (RunEnding(1, 0), False),
        (RunEnding(1, 1), False),  # a question waits, a raise is owed too long
        (RunEnding(1, 1, frozenset({"owed_overdue", "stop_expires", "coverage_partly_protected"})), False),
        (RunEnding(1, 1, frozenset({"coverage_naked"})), False),  # half a share: no stop can hold it
        (RunEnding(1, 1, is_bare=True), True),
        (RunEnding(1, 1, frozenset({"unresolved"})), True),
        (RunEnding(1, 1, frozenset({"bug"})), True),
        (RunEnding(1, 3), False),  # refused by a guard: nothing was done
        (RunEnding(1, 4), True),
        (RunEnding(1, 70), True),
        (RunEnding(1, 130), True),
        (RunEnding(1, None), True),  # cut off
    ],
)
def test_which_ending_is_a_sign_of_danger(ending, is_bad):
    assert is_unclean(ending) == is_bad


@pytest.mark.parametrize(
    ("trouble", "reason"),
    [
        (Trouble(), None),
        (Trouble(endings=(BAD, BAD)), None),
        (Trouble(endings=(BAD, BAD, BAD, GOOD)), "the last 3 runs ended badly (limit 3)"),
        (Trouble(endings=(GOOD, BAD, BAD, BAD)), None),  # the row is broken
        (Trouble(endings=(BAD, GOOD, BAD, BAD)), None),
        (Trouble(rescues=tuple(("AAPL", run, FRIDAY) for run in (1, 2))), None),
        (
            Trouble(rescues=tuple(("AAPL", run, TWO_WEEKS_AGO) for run in (1, 2, 3))),
            "3 runs in 10 sessions had to put a stop behind AAPL (limit 3)",
        ),
        (Trouble(rescues=tuple(("AAPL", run, LONGER_AGO) for run in (1, 2, 3))), None),
        (Trouble(rescues=tuple((symbol, 1, FRIDAY) for symbol in ("AAPL", "MSFT", "TSLA"))), None),
        (
            Trouble(rejects=((FRIDAY, "place_stop", "AAPL"),) * 5),
            "5 requests in 10 sessions were refused or not answered (limit 5)",
        ),
        (Trouble(rejects=((FRIDAY, "place_stop", "AAPL"),) * 4 + ((LONGER_AGO, "place_stop", "AAPL"),)), None),
    ],
)
def test_when_entries_pause(trouble, reason):
    assert latch_reason(trouble, RiskPolicy(), FRIDAY) == reason


def test_a_limit_of_zero_is_off():
    everything = Trouble((BAD,) * 9, (("AAPL", 1, FRIDAY),) * 9, ((FRIDAY, "place_stop", "AAPL"),) * 9)
    off = replace(RiskPolicy(), latch_rescues=0, latch_rejects=0, latch_unclean_runs=0)
    assert latch_reason(everything, off, FRIDAY) is None
    told = latch_reason(everything, RiskPolicy(), FRIDAY)
    assert told is not None
    assert told.count(";") == 2, "every reason is named"


@pytest.mark.parametrize(("sessions", "first"), [(1, FRIDAY), (5, date(2026, 3, 16)), (6, date(2026, 3, 13))])
def test_sessions_are_weekdays(sessions, first):
    assert first_session(FRIDAY, sessions) == first
