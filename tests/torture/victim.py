"""Runs the real command line in a forked process, and kills it for good at a chosen point of its work."""

from __future__ import annotations

import gc
import importlib
import json
import os
import pkgutil
import signal
import sqlite3
import sys
import time
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import requests
import tenacity

import sentinel
from sentinel.broker.transport import PatientAdapter
from sentinel.cli import main
from sentinel.commands import session
from sentinel.execution import patience
from sentinel.settings.schema import risk_table
from sentinel.simulator.running import RunningExchange
from tests.torture import reach
from tests.torture.fault_kinds import Blow
from tests.torture.watch import VICTIM_NOTE
from tests.torture.wire_faults import STRUCK, WireFaults, struck

LONGEST_RUN_S = 200.0  # of a machine with more to do than this
SHOWS_NOTHING = " (an empty list)"
COPYING = "VACUUM INTO ?"
ONE_PAGE = "PRAGMA cache_size = 1"
# In a case that has this folder, the ledger as it stands after every commit is put there.
IMAGES = "images"
RIGHT_TIME = timedelta(0)


def import_everything() -> None:
    """Load every module of Sentinel, so that a forked run loads none; what is here now is never collected again."""
    for module in pkgutil.walk_packages(sentinel.__path__, "sentinel."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    risk_table()
    gc.collect()
    gc.freeze()


@dataclass(frozen=True, slots=True, order=True)
class Point:
    """A moment of a run: before or after its n-th request, applied but unanswered, or around its n-th commit."""

    what: str  # request, commit or copy
    number: int
    when: str  # before, applied, after; for commits before, inside, after
    told: str = ""  # what the request or the commit was, for the reader

    def __str__(self) -> str:
        return f"{self.what}:{self.number}:{self.when}"

    @classmethod
    def parse(cls, text: str) -> Point:
        """The point a `what:number:when` names."""
        what, number, when = text.split(":")
        return cls(what, int(number), when)

    def is_at(self, what: str, number: int, when: str) -> bool:
        """Whether this is the moment."""
        return (self.what, self.number, self.when) == (what, number, when)


@dataclass(frozen=True, slots=True)
class RunOutcome:
    """How a run ended, what it said, and the points it passed."""

    exit_code: int
    out: str
    err: str
    points: tuple[Point, ...]
    branches: frozenset[str]
    struck: tuple[Blow, ...] = ()

    @property
    def document(self) -> dict[str, Any] | None:
        """Its JSON document, None where it told none."""
        try:
            told: dict[str, Any] = json.loads(self.out)
        except ValueError:
            return None
        return told


def run_victim(
    folder: Path,
    line: str,
    exchange: RunningExchange,
    kill: Point | None = None,
    *,
    skew: timedelta = RIGHT_TIME,
    blows: tuple[Blow, ...] = (),
) -> RunOutcome:
    """One command in a process of its own in the home of a case; minus the signal as exit code when it was killed.

    The clock of its machine goes wrong by `skew`; the faults of `blows` strike it.
    """
    return end_victim(folder, start_victim(folder, line, exchange, kill, skew=skew, blows=blows))


def start_victim(
    folder: Path,
    line: str,
    exchange: RunningExchange,
    kill: Point | None = None,
    *,
    skew: timedelta = RIGHT_TIME,
    blows: tuple[Blow, ...] = (),
) -> int:
    """Begin one command; its process."""
    for name in ("out.txt", "err.txt", "points.txt", "branches.txt", STRUCK):
        (folder / name).unlink(missing_ok=True)
    pid = os.fork()
    if pid == 0:
        _live(folder, line, exchange, kill, skew, blows)
    return pid


def end_victim(folder: Path, pid: int) -> RunOutcome:
    """Wait for a command that was begun; how it ended."""
    exit_code, trace = _await(pid), folder / "points.txt"
    passed = trace.read_text("utf-8").splitlines() if trace.exists() else []
    points = tuple(Point(words[0], int(words[1]), words[2], words[3]) for words in (row.split("\t") for row in passed))
    branches = folder / "branches.txt"
    taken = frozenset(branches.read_text("utf-8").splitlines()) if branches.exists() else frozenset()
    out, err = ((folder / name).read_text("utf-8", "replace") for name in ("out.txt", "err.txt"))
    return RunOutcome(exit_code, out, err, points, taken, struck(folder))


def _await(pid: int) -> int:
    give_up = time.monotonic() + LONGEST_RUN_S
    while time.monotonic() < give_up:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.001)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return 124


def _live(
    folder: Path,
    line: str,
    exchange: RunningExchange,
    kill: Point | None,
    skew: timedelta,
    blows: tuple[Blow, ...],
) -> None:
    """The child's whole life, from its streams to its exit code."""
    status, faults = 70, WireFaults(folder, exchange, blows)
    try:
        _open_streams(folder)
        _set_environment(folder, exchange)
        kill_at = kill.number if kill is not None and kill.when == "applied" else None
        (folder / VICTIM_NOTE).write_text(json.dumps({"pid": os.getpid(), "kill_at": kill_at}), "utf-8")
        if skew:
            vars(session)["_now"] = lambda: datetime.now(UTC) + skew
        faults.install()
        Taps(folder, kill).install()
        reach.tell_branches(folder / "branches.txt")
        status = main(["--home", str(folder / "home"), *line.split(), "--json"])
        sys.stdout.flush()
        sys.stderr.flush()
        faults.leave()
    finally:
        os._exit(status)


def _open_streams(folder: Path) -> None:
    for number, name, flags in ((0, os.devnull, os.O_RDONLY), (1, folder / "out.txt", 0), (2, folder / "err.txt", 0)):
        descriptor = os.open(name, flags or os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(descriptor, number)
        os.close(descriptor)
    sys.stdin, sys.stdout, sys.stderr = (os.fdopen(n, mode, encoding="utf-8") for n, mode in enumerate("rww"))


def _set_environment(folder: Path, exchange: RunningExchange) -> None:
    for name in [name for name in os.environ if name.startswith(("SENTINEL_", "APCA_", "ALPACA_"))]:
        del os.environ[name]
    os.environ.update(
        APCA_API_BASE_URL=exchange.url,
        ALPACA_API_KEY=exchange.key,
        ALPACA_SECRET_KEY=exchange.secret,
        TMPDIR=str(folder),
    )
    # No waiting: the exchange of a test is as far as it will get when it has answered.
    vars(patience)["wait_fixed"] = lambda _seconds: tenacity.wait_fixed(0)


def _symbol(body: bytes | str | None) -> str:
    """The symbol an order is for, empty where the body names none."""
    return str(json.loads(body).get("symbol", "")) if body else ""


class Taps:
    """Counts a run's requests and commits, notes them, and ends the process at the chosen one."""

    def __init__(self, folder: Path, kill: Point | None) -> None:
        self._trace = os.open(folder / "points.txt", os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)
        self._images = folder / IMAGES if (folder / IMAGES).is_dir() else None
        self._kill = kill
        self._counts = {"request": 0, "commit": 0, "copy": 0}

    def install(self) -> None:
        """From now on every request and every commit of this process passes here."""
        self._tap_requests()
        self._tap_ledger()

    def _passes(self, what: str, when: str, told: str = "", spilling: sqlite3.Connection | None = None) -> None:
        number = self._counts[what]
        os.write(self._trace, f"{what}\t{number}\t{when}\t{told}\n".encode())
        if self._kill is not None and self._kill.is_at(what, number, when):
            if spilling is not None:
                # A cache of one page has no room for changed pages while all others are read: they go to the file,
                # and what is missing is the end of the commit; the journal beside the file must undo them.
                spilling.execute("PRAGMA quick_check").fetchall()
            os.kill(os.getpid(), signal.SIGKILL)

    def _tap_requests(self) -> None:
        send, taps = PatientAdapter.send, self

        def tapped(self: PatientAdapter, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> Any:
            told = f"{request.method} {request.path_url} {_symbol(request.body)}".strip()
            taps._counts["request"] += 1
            taps._passes("request", "before", told)
            answer = send(self, request, *args, **kwargs)
            taps._passes("request", "after", told + SHOWS_NOTHING * (answer.content == b"[]"))
            return answer

        PatientAdapter.send = tapped  # type: ignore[method-assign]

    def _keep_image(self, ledger: sqlite3.Connection) -> None:
        """What has just been committed, as a file; SQLite is asked for it, since opening its file drops its locks."""
        if self._images is not None:
            number = sum(1 for _ in self._images.iterdir())
            (self._images / f"{number:05}").write_bytes(zlib.compress(ledger.serialize(), 1))

    def _tap_ledger(self) -> None:
        taps, connect = self, sqlite3.connect
        spills = self._kill is not None and self._kill.when == "inside"

        class Tapped(sqlite3.Connection):
            def execute(self, sql: str, *parameters: Any) -> sqlite3.Cursor:
                if sql == COPYING:
                    taps._counts["copy"] += 1
                    taps._passes("copy", "before")
                    cursor = super().execute(sql, *parameters)
                    taps._passes("copy", "after")
                    return cursor
                if sql != "COMMIT":
                    return super().execute(sql, *parameters)
                taps._counts["commit"] += 1
                taps._passes("commit", "before")
                taps._passes("commit", "inside", spilling=self)
                cursor = super().execute(sql, *parameters)
                taps._keep_image(self)
                taps._passes("commit", "after")
                return cursor

        def open_tapped(*args: Any, **kwargs: Any) -> sqlite3.Connection:
            connection: sqlite3.Connection = connect(*args, **{"factory": Tapped, **kwargs})
            if spills:
                connection.execute(ONE_PAGE)
            return connection

        sqlite3.connect = open_tapped  # type: ignore[assignment]
