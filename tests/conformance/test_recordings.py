"""What Alpaca was recorded to answer, the simulated exchange answers too, but for the differences in one table.

`recorded.py` and `measured.py` hold the facts, `stages.py` the situations, `differences.py` what differs. Nothing
recorded is stored here: the facts were read off by hand and held against the recordings by a script that stays outside
the project.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sentinel.simulator import RunningExchange, running_exchange
from tests.conformance.differences import DIFFERENCES, Difference
from tests.conformance.measured import MODERN
from tests.conformance.recorded import OUT_OF_SCOPE, RECORDED, Fact
from tests.conformance.shapes import Deviation, at, described, deviations, kinds
from tests.conformance.stages import STAGES
from tests.simulator.desk import FLAT, START, Desk


@pytest.fixture(scope="module")
def exchange() -> Iterator[RunningExchange]:
    with running_exchange(bars=FLAT, start=START) as exchange:
        yield exchange


def replayed(exchange: RunningExchange, fact: Fact) -> list[Deviation]:
    """Set the stage, ask as Alpaca was asked, and return in what the answer deviates."""
    exchange.reset()
    desk = Desk(exchange)
    with desk.session:
        names = STAGES[fact.given](desk)
        method, path = fact.request.split()
        answer = desk.ask(method, path.format(**names), fact.send)
    if desk.status != fact.status:
        return [("HTTP status", str(fact.status), f"{desk.status} {at(answer, 'message')}")]
    theirs = {} if fact.shape is None else described(fact.shape)
    ours = {} if answer is None else kinds(answer)
    said = [(f"= {path}", str(value), str(at(answer, path))) for path, value in fact.says.items()]
    return [*deviations(theirs, ours), *(one for one in said if one[1] != one[2])]


def explanation(fact: Fact, deviation: Deviation) -> Difference | None:
    return next((difference for difference in DIFFERENCES if difference.explains(fact.request, deviation)), None)


@pytest.mark.parametrize("fact", RECORDED, ids=lambda fact: fact.seen)
def test_what_was_recorded_from_2019_to_2021_is_answered_alike(exchange: RunningExchange, fact: Fact) -> None:
    assert [one for one in replayed(exchange, fact) if explanation(fact, one) is None] == []


@pytest.mark.parametrize("fact", MODERN, ids=lambda fact: fact.seen)
def test_what_was_measured_in_2026_is_answered_exactly_so(exchange: RunningExchange, fact: Fact) -> None:
    assert replayed(exchange, fact) == []


def test_every_difference_is_one_that_is_there(exchange: RunningExchange) -> None:
    met = [explanation(fact, one) for fact in RECORDED for one in replayed(exchange, fact)]
    assert [difference for difference in DIFFERENCES if difference not in met] == []
    assert all(difference.reason for difference in DIFFERENCES)


def test_no_recording_is_left_out() -> None:
    assert sum(fact.times for fact in RECORDED) == 182
    assert sum(OUT_OF_SCOPE.values()) == 201 - 182
