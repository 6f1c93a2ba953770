"""Stands inside the exchange process: judges every event, looks for the intent behind it (I6), and kills on command."""

from __future__ import annotations

import io
import json
import os
import signal
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.torture.broker_state import State
from tests.torture.event_oracle import Event, EventOracle
from tests.torture.ledger_image import has_sent_intent
from tests.torture.verdicts import Violation

READS = ("GET", "HEAD", "OPTIONS")
# Requests to the control plane that move nothing.
QUIET = ("/_sim/faults", "/_sim/modes", "/_sim/bars", "/_sim/reset")
BY_HAND = "HTTP_X_BY_HAND"
# A request that was on its way for so long that its intent may be settled by now.
LATE = "X-Late"
WATCH_LOG, VICTIM_NOTE = "watch.jsonl", "victim.json"
Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class Watch:
    """The exchange's application with an eye on it; violations go to a file, one a line."""

    def __init__(self, app: Application, folder: Path, ledger: Path) -> None:
        self._app = app
        self._folder = folder
        self._ledger = ledger
        self._oracle = EventOracle()
        self._lock = threading.RLock()
        self._state: State | None = None
        self._victim: tuple[int, int] = (0, 0)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer as the exchange does; then judge, and kill the client where that was asked for."""
        with self._lock:
            number, kill_at, pid = self._count(environ)
            if not _changes(environ):
                told = list(self._app(environ, start_response))
            else:
                told = self._watched(environ, start_response)
            if kill_at is not None and number == kill_at:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            return told

    def _count(self, environ: dict[str, Any]) -> tuple[int, int | None, int]:
        """Which request of the victim this is, after which to kill it, and its process."""
        if not environ["PATH_INFO"].startswith("/v2"):
            return 0, None, 0
        try:
            note = json.loads((self._folder / VICTIM_NOTE).read_text("utf-8"))
        except (OSError, ValueError):
            return 0, None, 0
        pid, kill_at = int(note["pid"]), note["kill_at"]
        known, seen = self._victim
        self._victim = (pid, seen + 1 if known == pid else 1)
        return self._victim[1], kill_at, pid

    def _watched(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        body = environ["wsgi.input"].read()
        environ["wsgi.input"] = io.BytesIO(body)
        is_by_hand = BY_HAND in environ
        before = self._state or self._read_state()
        self._require_intent(environ, body, is_by_hand)
        statuses: list[str] = []

        def note(status: str, headers: Any, error: Any = None) -> Any:
            statuses.append(status)
            return start_response(status, headers, error)

        told = list(self._app(environ, note))
        self._state = self._read_state()
        done = self._state["requests"]["mutations"][len(before["requests"]["mutations"]) :]
        # What the exchange did counts, not what a fault let the client hear.
        status = done[-1]["status"] if done else int(statuses[-1].split()[0])
        path = environ["PATH_INFO"]
        event = Event(environ["REQUEST_METHOD"], path, body.decode("utf-8", "replace"), status, is_by_hand)
        self._report(self._oracle.judge(before, event, self._state))
        return told

    def _require_intent(self, environ: dict[str, Any], body: bytes, is_by_hand: bool) -> None:
        """I6: whoever asks for a change has written it down and committed it, seen from this process."""
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        if is_by_hand or "HTTP_X_LATE" in environ or not path.startswith("/v2/orders"):
            return
        target = path.removeprefix("/v2/orders").strip("/")
        if method == "DELETE":
            is_known = has_sent_intent(self._ledger, target=target)
        else:
            is_known = has_sent_intent(self._ledger, name=json.loads(body or b"{}").get("client_order_id", ""))
        if not is_known:
            self._report([Violation(6, None, f"{method} {path} {body!r} came without a committed intent")])

    def _read_state(self) -> State:
        environ = {
            "REQUEST_METHOD": "GET",
            "PATH_INFO": "/_sim/state",
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "0",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "wsgi.input": io.BytesIO(),
            "wsgi.errors": io.StringIO(),
            "wsgi.url_scheme": "http",
        }
        state: State = json.loads(b"".join(self._app(environ, lambda *_: None)))
        return state

    def _report(self, found: list[Violation]) -> None:
        if found:
            with (self._folder / WATCH_LOG).open("a", encoding="utf-8") as log:
                log.writelines(json.dumps([v.invariant, v.symbol, v.words]) + "\n" for v in found)


def reported(folder: Path) -> list[Violation]:
    """What the watch of an exchange has written down."""
    with suppress(FileNotFoundError):
        lines = (folder / WATCH_LOG).read_text("utf-8").splitlines()
        return [Violation(*json.loads(line)) for line in lines]
    return []


def _changes(environ: dict[str, Any]) -> bool:
    return environ["REQUEST_METHOD"] not in READS and environ["PATH_INFO"] not in QUIET
