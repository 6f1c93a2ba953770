"""How old a look may be before something is sent on it, as a table."""

from datetime import UTC, datetime, timedelta

import pytest

from sentinel.execution.freshness import MOST_BEGINNINGS, Freshness, LookTooOld

LIMIT_S = 300


class Clock:
    """The computer's clock, turned by hand."""

    def __init__(self) -> None:
        self.time = datetime(2026, 3, 2, 22, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time


@pytest.mark.parametrize(
    ("seconds", "is_old"),
    [
        (0, False),
        (300, False),
        (301, True),
        (8 * 3600, True),
        (-300, False),
        (-301, True),  # set back meanwhile: nobody knows how long the run stood still
    ],
)
def test_the_age_of_a_look(seconds, is_old):
    clock = Clock()
    freshness = Freshness(clock, LIMIT_S)
    clock.time += timedelta(seconds=seconds)
    assert freshness.is_old is is_old
    assert freshness.in_one_go(lambda: "facts") == "facts"
    freshness.require()


def test_a_look_that_was_slept_through_is_taken_again():
    clock = Clock()
    freshness = Freshness(clock, LIMIT_S)
    sleeps_s = iter([400, 0])

    def look() -> str:
        slept_s = next(sleeps_s)
        clock.time += timedelta(seconds=slept_s)
        return f"slept {slept_s} s"

    assert freshness.in_one_go(look) == "slept 0 s"


def test_a_broker_that_is_always_slow_does_not_keep_shares_bare_for_ever():
    clock = Clock()
    freshness = Freshness(clock, LIMIT_S)
    for _ in range(MOST_BEGINNINGS):
        clock.time += timedelta(seconds=400)
        with pytest.raises(LookTooOld):
            freshness.require()
        assert freshness.begin_again().startswith("400 seconds")
        freshness.in_one_go(lambda: None)
    clock.time += timedelta(seconds=400)
    freshness.require()
