"""The exchange as a process: what it prints, how it ends, and that a kill loses nothing it acknowledged."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import requests

from sentinel.simulator import RunningExchange, running_exchange
from sentinel.simulator.errors import BadControl
from tests.simulator.desk import FLAT, START, Desk

Launch = Callable[..., "subprocess.Popen[str]"]
SECONDS = 20


@pytest.fixture
def launch() -> Iterator[Launch]:
    """Start exchanges that end with the test, whatever happens."""
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "sentinel.simulator", *arguments]
        pipe = subprocess.PIPE
        process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True)
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()


def ready(process: subprocess.Popen[str]) -> RunningExchange:
    assert process.stdout is not None
    return RunningExchange(**json.loads(process.stdout.readline()))


def test_it_prints_one_line_and_ends_cleanly(launch: Launch) -> None:
    process = launch()
    exchange = ready(process)
    assert exchange.url.startswith("http://127.0.0.1:")
    assert exchange.state()["clock"]["day"] == "2025-06-25"  # the 60th session of the shipped bars
    process.send_signal(signal.SIGTERM)
    assert process.communicate(timeout=SECONDS) == ("", "")
    assert process.returncode == 0


def test_it_ends_with_its_parents_pipe(launch: Launch) -> None:
    process = launch("--stop-with-stdin", "--start", "2026-01-03")
    assert ready(process).state()["clock"]["day"] == "2026-01-02"  # a Saturday: the session before it
    assert process.stdin is not None
    process.stdin.close()
    assert process.wait(timeout=SECONDS) == 0


def test_a_killed_exchange_goes_on_where_it_was(launch: Launch, tmp_path: Path) -> None:
    state = tmp_path / "deep" / "simulator.db"
    process = launch("--state", str(state), "--seed", "7")
    exchange = ready(process)
    address = json.loads(Path(f"{state}.url").read_text("utf-8"))
    assert address == {"url": exchange.url, "key": exchange.key, "secret": exchange.secret, "pid": process.pid}
    desk = Desk(exchange)
    entry = desk.oto(stop="180", limit="250")
    exchange.modes(after_hours_cancel="pending")
    exchange.faults([{"method": "GET", "path": "/v2/clock", "nth": 2, "kind": "500"}])
    exchange.advance(to="close")
    before = exchange.state()
    os.kill(process.pid, signal.SIGKILL)
    process.wait(timeout=SECONDS)

    again = launch("--state", str(state))
    after = ready(again).state()
    assert {**after, "requests": None} == {**before, "requests": None}
    assert after["requests"]["mutations"] == before["requests"]["mutations"]
    assert after["orders"][0]["id"] == entry["id"]
    again.terminate()
    again.wait(timeout=SECONDS)
    assert not Path(f"{state}.url").exists()


def test_a_state_has_one_exchange(launch: Launch, tmp_path: Path) -> None:
    state = tmp_path / "simulator.db"
    with running_exchange(state=state):
        second = launch("--state", str(state))
        assert second.wait(timeout=SECONDS) == 2
        assert second.stderr is not None
        assert "another exchange is running" in second.stderr.read()
        assert Path(f"{state}.url").exists()
        with pytest.raises(BadControl, match="another exchange"), running_exchange(state=state):
            pass


@pytest.mark.parametrize(("content", "told"), [("not a database" * 99, "not the state"), (None, "another version")])
def test_a_file_that_is_no_state_is_left_alone(tmp_path: Path, content: str | None, told: str) -> None:
    state = tmp_path / "simulator.db"
    if content is None:
        with closing(sqlite3.connect(state)) as other:
            other.execute("CREATE TABLE setting (key TEXT)")
    else:
        state.write_text(content)
    before = state.read_bytes()
    with pytest.raises(BadControl, match=told), running_exchange(state=state):
        pass
    assert state.read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--bars", "nowhere.csv"], "cannot read bars"),
        (["--start", "1960-01-01"], "no session"),
        (["--bars", __file__], "a bar needs"),
    ],
)
def test_what_keeps_it_from_starting(launch: Launch, arguments: list[str], told: str) -> None:
    process = launch(*arguments)
    assert process.wait(timeout=SECONDS) == 2
    assert process.stderr is not None
    assert told in process.stderr.read()


def test_a_connection_is_kept_and_ends_with_the_exchange() -> None:
    with running_exchange(bars=FLAT, start=START) as exchange:
        desk = Desk(exchange)
        desk.get("/clock")
        answer = desk.session.get(f"{exchange.url}/v2/clock", stream=True, timeout=SECONDS)
        answer.content  # noqa: B018 - read, so that the connection returns to the pool
        assert answer.raw.version == 11
        assert answer.headers.get("Connection") is None
    with pytest.raises(requests.ConnectionError):
        desk.get("/clock")


def test_it_answers_many_at_once() -> None:
    from concurrent.futures import ThreadPoolExecutor

    with running_exchange(bars=FLAT, start=START) as exchange:

        def one(number: int) -> Any:
            desk = Desk(exchange)
            with desk.session:
                desk.place(qty=1, type="limit", limit_price="90", client_order_id=f"order-{number}")
                return desk.status

        with ThreadPoolExecutor(8) as pool:
            assert list(pool.map(one, range(40))) == [200] * 40
        assert len(exchange.state()["orders"]) == 40
