"""Killed between the intent and the answer: one more run leaves one order, not two."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from sentinel.domain.book import IntentState
from sentinel.ledger import Ledger

PROGRAM = "from sentinel.cli import main; raise SystemExit(main())"
SOON_S = 20


@contextmanager
def running(stage, line: str) -> Iterator[subprocess.Popen[bytes]]:
    """A command in a process of its own, which is killed in the end if it still lives."""
    words = [sys.executable, "-c", PROGRAM, "--home", str(stage.home), *line.split()]
    child = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
    try:
        yield child
    finally:
        if child.poll() is None:
            os.kill(child.pid, signal.SIGKILL)
        child.wait()


def wait_until(happened: Callable[[], bool], child: subprocess.Popen[bytes]) -> None:
    give_up = time.monotonic() + SOON_S
    while not happened():
        assert child.poll() is None, f"the command ended with {child.returncode} before it could be killed"
        assert time.monotonic() < give_up, "nothing happened"
        time.sleep(0.01)


def unsettled(stage) -> list[str]:
    with Ledger.open_read_only(stage.home / "sentinel.db") as ledger:
        return [intent.name for intent in ledger.unsettled_intents() if intent.state is IntentState.SENT]


def an_entry(stage) -> str:
    return "submit-entry-with-stop AAPL 99.00 7"


def a_rescue(stage) -> str:
    stage.exchange.trade("AAPL", 7, "buy", 100)
    return "rescue-stops"


def a_raise(stage) -> str:
    stage.holds()
    stage.day("AAPL", "108 110 107 109")
    return "update-trailing-stops"


CASES = [
    pytest.param(an_entry, ["limit", "stop"], id="entry"),
    pytest.param(a_rescue, ["stop"], id="rescue"),
    pytest.param(a_raise, ["stop"], id="raise"),
]


@pytest.mark.parametrize(("prepare", "expected"), CASES)
def test_killed_after_the_broker_did_it(stage, prepare, expected):
    line = prepare(stage)
    sent = stage.mutations()
    stage.exchange.faults(
        [{"method": m, "path": "/v2/orders", "kind": "delay", "seconds": 60} for m in ("POST", "PATCH")]
    )
    with running(stage, line) as child:
        wait_until(lambda: stage.mutations() > sent, child)
        assert len(unsettled(stage)) == 1, "a committed intent precedes every mutation"
    settle(stage, line, expected)


@pytest.mark.parametrize(("prepare", "expected"), CASES)
def test_killed_before_the_broker_saw_it(stage, prepare, expected):
    line = prepare(stage)
    stage.exchange.faults([{"method": m, "path": "/v2/orders", "kind": "drop_before"} for m in ("POST", "PATCH")])
    with running(stage, line) as child:
        wait_until(lambda: bool(unsettled(stage)), child)
    settle(stage, line, expected)


def settle(stage, line: str, expected: list[str]) -> None:
    """One more run of the same command settles everything; an evening after it sends nothing."""
    stage.exchange.faults([])
    again = stage.tells(line)
    assert again.exit_code == 0
    assert sorted(order["type"] for order in stage.orders()) == expected
    assert unsettled(stage) == []
    sent = stage.mutations()
    assert stage.evening().exit_code == 0
    assert stage.mutations() == sent


def test_a_second_run_at_the_same_time_is_told_who_is_at_work(stage):
    stage.exchange.faults([{"method": "GET", "path": "/v2/account$", "kind": "delay", "seconds": 60}])
    with running(stage, "evening-workflow") as child:
        wait_until(lambda: stage.exchange.state()["requests"]["counts"].get("GET /v2/account", 0) > 0, child)
        second = stage.types("evening-workflow")
        assert second.exit_code == 5
        assert str(child.pid) in second.err
    stage.exchange.faults([])
    assert stage.evening().exit_code == 0, "a killed run leaves no lock"
