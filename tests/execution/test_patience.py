"""Looking again: until the answer will do, a few times at most, with a pause before each look but the first."""

import time

import pytest

from sentinel.execution.patience import Patience


@pytest.mark.parametrize(
    ("looks", "answer", "seen"),
    [
        pytest.param(5, 1, [1], id="the first will do"),
        pytest.param(5, 3, [1, 2, 3], id="the third will do"),
        pytest.param(3, 9, [1, 2, 3], id="none will: the last is the answer"),
    ],
)
def test_the_last_look_is_the_answer(looks, answer, seen):
    told: list[int] = []

    def look():
        told.append(len(told) + 1)
        return told[-1]

    assert Patience(looks=looks, wait_s=0).until(lambda number: number == answer, look) == seen[-1]
    assert told == seen


def test_it_waits_before_it_looks_again(monkeypatch):
    waits: list[float] = []
    monkeypatch.setattr(time, "sleep", waits.append)
    Patience(looks=3, wait_s=0.25).until(lambda _answer: False, lambda: 1)
    assert waits == [0.25, 0.25]
