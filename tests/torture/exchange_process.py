"""The simulated exchange as a forked process, on a state file, with keys that are found wherever they leak."""

import json
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from sentinel.simulator import app as exchange_app
from sentinel.simulator.running import RunningExchange
from sentinel.simulator.server import ExchangeServer
from tests.torture.watch import Watch

KEY, SECRET = "CANARYKEYQZ7XW1", "canarysecretQZ7XW2neverInAnyFile"


def warm_up(folder: Path, bars: list[dict[str, Any]], start: str) -> None:
    """Let an exchange live for a day in this process, so that the forked ones find calendars and routes at hand."""
    server = ExchangeServer(0, bars, start, folder / "warm-up.db")
    client = server._app.test_client()
    keys = {"APCA-API-KEY-ID": exchange_app.KEY, "APCA-API-SECRET-KEY": exchange_app.SECRET}
    order = {"symbol": "AAPL", "qty": "1", "side": "buy", "type": "limit", "limit_price": "90", "time_in_force": "gtc"}
    client.post("/v2/orders", json=order, headers=keys)
    client.post("/_sim/advance", json={"sessions": 1})
    for path in ("/v2/clock", "/v2/calendar", "/v2/account", "/v2/orders", "/v2/positions", "/_sim/state"):
        client.get(path, headers=keys)
    server._http.server_close()
    server._store.close()
    server._release_state()


@contextmanager
def exchange_process(
    state: Path, ledger: Path | None = None, *, bars: list[dict[str, Any]] | None = None, start: str | None = None
) -> Iterator[RunningExchange]:
    """An exchange on a state file for as long as the block lasts; with a ledger, it is watched.

    It ends in good order, its state whole in the one file; a watched one, whose state is thrown away, by SIGKILL.
    """
    told, tell = os.pipe()
    ends, end = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(told)
        os.close(end)
        _serve(state, ledger, bars, start, tell, ends)
    os.close(tell)
    os.close(ends)
    try:
        with os.fdopen(told, encoding="utf-8") as pipe:
            url = json.loads(pipe.readline())["url"]
        yield RunningExchange(url, KEY, SECRET)
    finally:
        if ledger is not None:
            os.kill(pid, signal.SIGKILL)
        os.close(end)
        os.waitpid(pid, 0)


def _serve(
    state: Path, ledger: Path | None, bars: list[dict[str, Any]] | None, start: str | None, tell: int, ends: int
) -> None:
    """The child's whole life: serve until the parent lets go of the pipe."""
    status = 1
    with suppress(KeyboardInterrupt):
        exchange_app.KEY, exchange_app.SECRET = KEY, SECRET
        server = ExchangeServer(0, bars, start, state)
        if ledger is not None:
            server._http.app = Watch(server._http.app, state.parent, ledger)  # type: ignore[assignment]
        server.start()
        os.write(tell, json.dumps(server.announcement).encode() + b"\n")
        os.close(tell)
        os.read(ends, 1)
        server.close()
        status = 0
    os._exit(status)
