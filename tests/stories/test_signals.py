"""Ctrl-C, SIGTERM and a sleeping laptop, on real processes: what is in hand is finished, old news are not acted on."""

import os
import pty
import signal
import subprocess
import sys
import time
from contextlib import contextmanager

import pytest

from sentinel.ledger import Ledger
from tests.stories.conftest import Stage
from tests.stories.test_kill import unsettled, wait_until

LINE = "evening-workflow --non-interactive"
LONG_S = 60
SHORT_S = 1.0


@contextmanager
def running(stage: Stage, line: str, stdin: int = subprocess.DEVNULL, stderr: int = subprocess.DEVNULL):
    """A command in a process of its own, Ctrl-C not ignored, which is killed in the end if it still lives."""
    command = [sys.executable, "-m", "sentinel", "--home", str(stage.home), *line.split()]
    nowhere = subprocess.DEVNULL
    child = subprocess.Popen(command, stdin=stdin, stdout=nowhere, stderr=stderr, preexec_fn=_hear_ctrl_c)  # noqa: PLW1509 - sets one signal
    try:
        yield child
    finally:
        if child.poll() is None:
            child.kill()
        child.wait()


def _hear_ctrl_c() -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def asked(stage: Stage, request: str) -> int:
    """How often a request such as PATCH /v2/orders/{id} has reached the exchange."""
    counts: dict[str, int] = stage.exchange.state()["requests"]["counts"]
    return counts.get(request, 0)


def winners(stage: Stage) -> None:
    """Two positions, each one stair up."""
    stage.holds("AAPL")
    stage.holds("MSFT")
    stage.bar("MSFT", "108 110 107 109")
    stage.day("AAPL", "108 110 107 109")


def entering(stage: Stage) -> tuple[str, str, str]:
    return "submit-entry-with-stop AAPL 99.00 7", "POST", "POST /v2/orders"


def rescuing(stage: Stage) -> tuple[str, str, str]:
    stage.exchange.trade("AAPL", 7, "buy", 100)
    stage.exchange.trade("MSFT", 7, "buy", 100)
    return "rescue-stops", "POST", "POST /v2/orders"


def raising(stage: Stage) -> tuple[str, str, str]:
    winners(stage)
    return LINE, "PATCH", "PATCH /v2/orders/{id}"


MUTATIONS = [
    pytest.param(entering, 0, id="entry"),
    pytest.param(rescuing, 1, id="first of two rescues"),
    pytest.param(raising, 1, id="first of two raises"),
]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "sigterm"])
@pytest.mark.parametrize(("prepare", "left"), MUTATIONS)
def test_a_signal_lets_the_mutation_in_hand_be_finished(stage, prepare, left, number):
    """The outcome is committed and the run ends with 130 before the next one; one more run does the rest."""
    line, method, request = prepare(stage)
    before = asked(stage, request)
    stage.exchange.faults([{"method": method, "path": "/v2/orders", "nth": 1, "kind": "delay", "seconds": SHORT_S}])
    with running(stage, line) as child:
        wait_until(lambda: asked(stage, request) > before, child)
        child.send_signal(number)
        assert child.wait(LONG_S) == 130
    assert unsettled(stage) == []
    assert asked(stage, request) == before + 1
    stage.exchange.faults([])
    assert stage.evening().exit_code == 0
    assert asked(stage, request) == before + 1 + left
    sent = stage.mutations()
    assert (stage.evening().exit_code, stage.mutations()) == (0, sent)


@pytest.mark.parametrize("numbers", [(signal.SIGINT, signal.SIGINT), (signal.SIGTERM, signal.SIGINT)], ids=str)
def test_a_second_signal_ends_the_run_at_once_and_harms_nothing(stage, numbers):
    line, method, request = raising(stage)
    stage.exchange.faults([{"method": method, "path": "/v2/orders", "nth": 1, "kind": "delay", "seconds": LONG_S}])
    with running(stage, line) as child:
        wait_until(lambda: asked(stage, request) > 0, child)
        for number in numbers:
            child.send_signal(number)
            # The two are one where the second comes before the first was heard.
            time.sleep(0.5)
        assert child.wait(LONG_S / 2) == 130
    assert len(unsettled(stage)) == 1
    stage.exchange.faults([])
    assert stage.evening().exit_code == 0
    assert (unsettled(stage), stage.stop()["stop_price"], stage.stop("MSFT")["stop_price"]) == ([], "102", "102")
    sent = stage.mutations()
    assert (stage.evening().exit_code, stage.mutations()) == (0, sent)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "sigterm"])
def test_a_signal_while_only_reading_ends_the_run_at_once(stage, number):
    stage.holds()
    sent = stage.mutations()
    stage.exchange.faults([{"method": "GET", "path": "/v2/account$", "kind": "delay", "seconds": LONG_S}])
    before = asked(stage, "GET /v2/account")
    with running(stage, LINE) as child:
        wait_until(lambda: asked(stage, "GET /v2/account") > before, child)
        child.send_signal(number)
        assert child.wait(LONG_S / 2) == 130
    stage.exchange.faults([])
    assert (stage.evening().exit_code, stage.mutations()) == (0, sent), "the lock is free, and nothing was sent"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "sigterm"])
def test_a_signal_at_the_prompt_is_no_answer_and_sells_nothing(stage, number):
    stage.holds()
    stage.day("AAPL", "119 121 118 120")
    here, there = pty.openpty()
    with running(stage, "evening-workflow", stdin=there, stderr=there) as child:
        os.close(there)
        shown = b""
        while not shown.endswith(b"[y/N] "):
            shown += os.read(here, 4096)
        # A person is slower than this: a signal between the prompt and the reading would wait for a key.
        time.sleep(0.5)
        child.send_signal(number)
        assert child.wait(LONG_S) == 130
        os.close(here)
    assert [order["type"] for order in stage.orders()] == ["stop"]
    assert [a["state"] for a in stage.tells("approvals list").document["approvals"]] == ["waiting"]
    assert stage.evening().exit_code == 0


def look_soon_again(stage: Stage) -> None:
    """A look grows old in a second, so that a test need not sleep for minutes."""
    file = stage.home / "sentinel.toml"
    text = file.read_text("utf-8")
    assert "look_again_after_s = 300" in text
    file.write_text(text.replace("look_again_after_s = 300", "look_again_after_s = 1"), "utf-8")


@contextmanager
def asleep(child: subprocess.Popen[bytes]):
    """The process stands still, and the computer's clock runs on for longer than a look stays fresh."""
    child.send_signal(signal.SIGSTOP)
    yield
    time.sleep(2 * SHORT_S)
    child.send_signal(signal.SIGCONT)


def test_a_laptop_that_slept_between_two_raises_reads_everything_again(stage):
    """While it slept a session passed: the first stop filled, the other position fell back below its stair."""
    winners(stage)
    look_soon_again(stage)
    request = "PATCH /v2/orders/{id}"
    stage.exchange.faults([{"method": "PATCH", "path": "/v2/orders", "nth": 1, "kind": "delay", "seconds": SHORT_S}])
    with running(stage, LINE) as child:
        wait_until(lambda: asked(stage, request) > 0, child)
        with asleep(child):
            stage.bar("MSFT", "104 105 103 104")
            stage.day("AAPL", "101 101 100 101")
        assert child.wait(LONG_S) in (0, 1)
    assert asked(stage, request) == 1, "the second raise was decided on prices of the day before"
    assert (stage.shares(), stage.shares("MSFT")) == (0, 7)
    assert stage.stop("MSFT")["stop_price"] == "92"
    assert ("looked_again", None) in last_findings(stage)
    stage.exchange.faults([])
    sent = stage.mutations()
    evening = stage.evening()
    assert (evening.exit_code, evening.states, stage.mutations()) == (0, {"MSFT": "protected"}, sent)


def test_a_laptop_that_slept_inside_a_look_takes_another(stage):
    """The orders were read before the session, the positions after it: the halves do not belong together."""
    stage.holds()
    look_soon_again(stage)
    before, sent = asked(stage, "GET /v2/positions"), stage.mutations()
    stage.exchange.faults([{"method": "GET", "path": "/v2/positions$", "nth": 1, "kind": "delay", "seconds": SHORT_S}])
    with running(stage, LINE) as child:
        wait_until(lambda: asked(stage, "GET /v2/positions") > before, child)
        with asleep(child):
            stage.day("AAPL", "91 92 90 91")
        assert child.wait(LONG_S) == 0
    assert (stage.shares(), stage.orders(), stage.mutations()) == (0, [], sent)
    stage.exchange.faults([])
    assert stage.evening().exit_code == 0


def last_findings(stage: Stage) -> list[tuple[str, str | None]]:
    """What the last run found."""
    with Ledger.open_read_only(stage.home / "sentinel.db") as ledger:
        (run,) = ledger.runs(1)
        return [(finding.code, finding.symbol) for finding in ledger.findings(run.id)]
