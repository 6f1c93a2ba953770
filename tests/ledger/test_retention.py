"""Which copies stay: days are not pushed out by a busy one, nor months by days."""

from datetime import date, timedelta

import pytest

from sentinel.ledger.retention import Retention, superfluous


def copies(*moments: str) -> list[str]:
    """Names of copies, `20261121T2105` each."""
    return [f"sentinel-{moment}00Z.db" for moment in moments]


def days(first: str, number: int) -> list[str]:
    start = date.fromisoformat(first)
    return copies(*(f"{start + timedelta(day):%Y%m%d}T2105" for day in range(number)))


FEW = Retention(today=2, days=3, months=2)
#  copies there are, those that go
CASES = [
    ([], []),
    (copies("20261121T2105"), []),
    # Of today some, newest first; of other days the last.
    (copies("20261121T0100", "20261121T0200", "20261121T0300"), copies("20261121T0100")),
    (copies("20261120T0100", "20261120T0200", "20261121T0300"), copies("20261120T0100")),
    # Days with copies count, not days of the calendar.
    (copies("20261001T0100", "20261102T0100", "20261120T0100", "20261121T0100"), []),
    # The last of a month stays where its day has gone: of October the 2nd, of September nothing.
    (
        copies("20260930T2105", "20261001T2105", "20261002T2105", "20261119T2105", "20261120T2105", "20261121T2105"),
        copies("20260930T2105", "20261001T2105"),
    ),
    (["sentinel-20261121T010000Z.db", "sentinel-20261121T010000Z-002.db", "sentinel-20261121T010000Z-003.db"],
     ["sentinel-20261121T010000Z.db"]),
    (["mine.db", *copies("20261121T0100", "20261121T0200", "20261121T0300")], copies("20261121T0100")),
]  # fmt: skip


@pytest.mark.parametrize(("there", "go"), CASES)
def test_what_goes(there: list[str], go: list[str]) -> None:
    assert list(superfluous(there, FEW)) == go


def test_a_year_of_evenings() -> None:
    """One more run every evening, and each time the rest is cleared: a month of days, a year of months."""
    there: list[str] = []
    for name in days("2025-11-01", 400):
        there += [name.replace("T21", f"T{hour:02}") for hour in (18, 19, 20, 21)]
        gone = set(superfluous(there, Retention()))
        there = [kept for kept in there if kept not in gone]
    assert len([name for name in there if "-202612" in name or "-202611" in name]) == 30 + 3
    # The month that is being written counts among the twelve, and so does the one the thirty days began in.
    assert len({name[9:15] for name in there}) == 12
    assert len(there) == 30 + 3 + 10


def test_twenty_runs_a_day_push_out_no_day() -> None:
    busy = copies(*(f"20261121T{minute:04}" for minute in range(60)))
    there = [*days("2026-10-01", 51), *busy]
    gone = superfluous(there, Retention())
    left = [name for name in there if name not in gone]
    assert len([name for name in left if "20261121" in name]) == 20
    assert len({name[9:17] for name in left}) == 30
