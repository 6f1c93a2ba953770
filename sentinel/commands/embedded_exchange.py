"""Finds the simulated exchange of a home where it runs, or starts it for as long as one command lasts."""

import http.client
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from typing import IO
from urllib.parse import urlsplit

import sentinel
from sentinel.commands.crash_report import KEY_VARIABLES
from sentinel.domain.addresses import is_this_machine
from sentinel.domain.errors import BrokerUnreachable

STATE_FILE = "simulator.db"
HEALTH_SECONDS = 3
ENDING_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Address:
    """Where an exchange answers, and the keys it takes."""

    url: str
    key: str = field(repr=False)
    secret: str = field(repr=False)


@contextmanager
def embedded_exchange(home: Path, *, leaves_no_trace: bool = False, start: str | None = None) -> Iterator[Address]:
    """The exchange of a home; without a trace, one that has never run keeps its state in memory alone.

    Without a trace, in a home that cannot be written, a copy of the exchange runs. `start` is the day after whose
    close a new exchange begins, as in 2025-04-01.
    """
    running = running_exchange(home)
    if running is not None:
        yield running
        return
    with _state(home, leaves_no_trace=leaves_no_trace) as state, TemporaryFile("w+", encoding="utf-8") as complaints:
        kept = ["--state", str(state)] if state else []
        kept += ["--start", start] if start else []
        child = _start(kept, complaints)
        try:
            yield _ready(child, complaints)
        finally:
            _end(child)


@contextmanager
def _state(home: Path, *, leaves_no_trace: bool) -> Iterator[Path | None]:
    """Where the exchange keeps its state; None for in memory alone."""
    state = home / STATE_FILE
    if not leaves_no_trace or (state.exists() and os.access(home, os.W_OK) and os.access(state, os.W_OK)):
        yield state
    elif not state.exists():
        yield None
    else:
        with TemporaryDirectory(prefix="sentinel-look-") as folder:
            # With its log: what a killed exchange had committed may be there alone.
            for path in (state, home / f"{STATE_FILE}-wal"):
                if path.exists():
                    shutil.copyfile(path, Path(folder) / path.name)
            yield Path(folder) / STATE_FILE


def running_exchange(home: Path) -> Address | None:
    """The exchange another process runs on this home's state, if it answers."""
    try:
        told = json.loads((home / f"{STATE_FILE}.url").read_text(encoding="utf-8"))
        address = Address(*(str(told[name]) for name in ("url", "key", "secret")))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    # A file anyone might have written: the exchange of a home is on this machine, whatever it says.
    return address if is_this_machine(address.url) and is_healthy(address.url) else None


def is_healthy(url: str) -> bool:
    """Whether a simulated exchange answers there."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=HEALTH_SECONDS)
    try:
        connection.request("GET", "/_sim/health")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def after_hours_cancel(address: Address) -> str:
    """What a cancel after the close does on a simulated exchange (ALPACA 4.4): it has a mode for it."""
    from sentinel.simulator.running import RunningExchange

    exchange = RunningExchange(address.url, address.key, address.secret)
    return str(exchange.modes()["after_hours_cancel"])


def _start(kept: list[str], complaints: IO[str]) -> subprocess.Popen[str]:
    """A child that ends when this process does, however it does: it watches the pipe to its standard input."""
    package = str(Path(sentinel.__file__).parents[1])
    paths = os.pathsep.join(path for path in (package, os.environ.get("PYTHONPATH")) if path)
    # The exchange takes keys of its own: the trader's are not for it.
    inherited = {name: value for name, value in os.environ.items() if name not in KEY_VARIABLES}
    # -P: a folder named `sentinel` where the trader stands must not be taken for the program.
    command = [sys.executable, "-P", "-m", "sentinel.simulator", "--port", "0", *kept, "--stop-with-stdin"]
    return subprocess.Popen(  # noqa: S603 - our own program, no word of it from outside
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=complaints,
        text=True,
        env={**inherited, "PYTHONPATH": paths},
        # Ctrl-C is for the command, which then ends the child in good order.
        start_new_session=True,
    )


def _ready(child: subprocess.Popen[str], complaints: IO[str]) -> Address:
    assert child.stdout is not None
    line = child.stdout.readline()
    with suppress(ValueError, KeyError, TypeError):
        told = json.loads(line)
        return Address(told["url"], told["key"], told["secret"])
    child.wait()
    complaints.seek(0)
    said = complaints.read().strip().splitlines()
    why = said[-1] if said else "it said nothing"
    raise BrokerUnreachable(
        f"the embedded exchange did not start: {why}", "end what else uses this home's simulator.db, then run again"
    )


def _end(child: subprocess.Popen[str]) -> None:
    assert child.stdin is not None
    assert child.stdout is not None
    with suppress(OSError):
        child.stdin.close()
    try:
        child.wait(ENDING_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
    child.stdout.close()
