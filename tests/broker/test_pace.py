"""Requests keep under the broker's limit a minute; nothing here really waits."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from sentinel.broker import Broker, gateway, transport
from sentinel.broker.pace import FEW_LEFT, Pace

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


class Stopwatch:
    """A clock that only sleeping and working move."""

    def __init__(self) -> None:
        self.now_s = 1000.0
        self.slept_s: list[float] = []
        self.told: list[str] = []

    def sleep(self, seconds: float) -> None:
        self.slept_s.append(seconds)
        self.now_s += seconds

    def pace(self, requests_per_minute: int | None) -> Pace:
        return Pace(requests_per_minute, self.told.append, lambda: self.now_s, self.sleep)

    def sends(self, pace: Pace, number: int, each_s: float = 0.0) -> list[float]:
        """When each of so many requests goes out."""
        sent = []
        for _ in range(number):
            pace.wait()
            sent.append(self.now_s)
            self.now_s += each_s
        return sent


@pytest.fixture
def watch() -> Stopwatch:
    return Stopwatch()


@pytest.mark.parametrize(("most", "number", "each_s"), [(150, 400, 0.0), (150, 400, 0.1), (10, 35, 2.0), (200, 200, 0)])
def test_in_no_minute_are_there_more_than_the_limit(watch: Stopwatch, most: int, number: int, each_s: float) -> None:
    sent = watch.sends(watch.pace(most), number, each_s)
    assert max(sum(begin <= at < begin + 60 for at in sent) for begin in sent) <= most
    assert bool(watch.slept_s) == (number > most)


def test_a_wait_is_as_long_as_it_must_be_and_told_first(watch: Stopwatch) -> None:
    sent = watch.sends(watch.pace(150), 151, 0.1)
    assert sent[150] - sent[0] == pytest.approx(60)
    assert watch.told == ["waiting 45 s: the broker takes so many requests a minute"]


def test_without_a_limit_nothing_waits(watch: Stopwatch) -> None:
    pace = watch.pace(None)
    pace.heed({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "9999999999", "Date": format_datetime(NOON)})
    watch.sends(pace, 1000)
    assert watch.slept_s == []


@pytest.mark.parametrize(
    ("left", "resets_in_s", "slept_s"),
    [
        (FEW_LEFT + 1, 30, []),
        (FEW_LEFT, 30, [30.0]),
        (0, 30, [30.0]),
        (0, 3600, [60.0]),  # a minute is a minute
        (0, -5, []),
    ],
)
def test_what_other_programs_have_used_counts(watch: Stopwatch, left: int, resets_in_s: int, slept_s: list) -> None:
    reset = NOON + timedelta(seconds=resets_in_s)
    pace = watch.pace(150)
    pace.heed(
        {
            "X-RateLimit-Remaining": str(left),
            "X-RateLimit-Reset": str(int(reset.timestamp())),
            "Date": format_datetime(NOON, usegmt=True),
        }
    )
    watch.sends(pace, 3)
    assert watch.slept_s == slept_s


@pytest.mark.parametrize(
    "headers", [{}, {"X-RateLimit-Remaining": "none"}, {"X-RateLimit-Remaining": "0", "Date": "?"}]
)
def test_headers_that_say_nothing_are_no_reason_to_wait(watch: Stopwatch, headers: dict[str, str]) -> None:
    pace = watch.pace(150)
    pace.heed(headers)
    watch.sends(pace, 1)
    assert watch.slept_s == []


def test_every_request_of_a_broker_waits_for_its_turn(
    told: Callable[..., Broker], watch: Stopwatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateway, "Pace", lambda most, _tell: watch.pace(most))
    broker = told([])
    broker.keep_pace(10, watch.told.append)
    for _ in range(11):
        broker.positions()
    assert (broker.requests, watch.slept_s, len(watch.told)) == (11, [60.0], 1)


@pytest.mark.parametrize("off_s", [0, 500, -500])
def test_the_broker_dates_its_answers_and_the_computer_may_differ(
    told: Callable[..., Broker], monkeypatch: pytest.MonkeyPatch, off_s: int
) -> None:
    monkeypatch.setattr(transport, "now", lambda: datetime.now(UTC) - timedelta(seconds=off_s))
    broker = told([])
    before = broker.clock_skew
    broker.positions()
    skew = broker.clock_skew
    assert before is None
    assert skew is not None
    assert abs(skew.total_seconds() - off_s) < 60
