"""Serves the exchange over HTTP/1.1 on loopback, as a process or inside a test, with its state locked while it runs."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import socket
import socketserver
import struct
import threading
from contextlib import ExitStack, contextmanager, suppress
from datetime import date
from decimal import Decimal
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from queue import SimpleQueue
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

from filelock import FileLock, Timeout

from sentinel.simulator.app import KEY, SECRET, TRANSPORT, Beginning, ExchangeApp
from sentinel.simulator.bars import Bar, bar_of, read_bars
from sentinel.simulator.errors import BadControl
from sentinel.simulator.exchange import DEFAULT_CASH, Exchange
from sentinel.simulator.running import RunningExchange
from sentinel.simulator.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

SHIPPED_BARS = Path(__file__).parent / "data" / "us_daily_iex_2025_26.csv"
HOST = "127.0.0.1"
# What a browser is fooled with: a foreign name that leads here (DNS rebinding). No page has any business here at all.
_THIS_MACHINE = re.compile(r"(127\.0\.0\.1|localhost|\[::1\])(:\d{1,5})?", re.IGNORECASE | re.ASCII)
_FOREIGN = b'{"message":"this exchange answers programs on its own machine, and no web pages"}'
_POLL_SECONDS = 0.05
_LARGEST_BODY = 64 * 1024 * 1024


class _Handler(BaseHTTPRequestHandler):
    """Turns one HTTP request into one call of the application, and back into one packet."""

    protocol_version = "HTTP/1.1"  # keeps the connection, as Alpaca does
    disable_nagle_algorithm = True  # without TCP_NODELAY every request waits 40 ms
    server: _Server

    def _answer(self) -> None:
        if self._is_foreign():
            self.close_connection = True
            headers = [("Content-Type", "application/json"), ("Content-Length", str(len(_FOREIGN)))]
            self._send("403 Forbidden", headers, _FOREIGN)
            return
        length = self.headers.get("Content-Length") or "0"
        if (
            not length.isdigit()
            or int(length) > _LARGEST_BODY
            or "chunked" in self.headers.get("Transfer-Encoding", "")
        ):
            self.close_connection = True
            self._send("411 Length Required", [("Content-Length", "0")], b"")
            return
        environ = self._environ(self.rfile.read(int(length)))
        told = _Told()
        body = b"".join(self.server.app(environ, told))
        fault = environ.get(TRANSPORT)
        if fault is None:
            self._send(told.status, told.headers, body)
            return
        self.close_connection = True
        if fault == "truncated":
            self._send(told.status, told.headers, body[: len(body) // 2])
        elif fault == "reset":
            # Closing with a linger of zero sends a reset instead of an end of stream.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    do_GET = do_POST = do_PATCH = do_DELETE = do_PUT = do_HEAD = do_OPTIONS = _answer  # noqa: N815 - http.server asks for these names

    def _is_foreign(self) -> bool:
        """Whether a web page sent this: under a name of its own for this machine, or with its origin in the headers."""
        hosts = self.headers.get_all("Host") or []
        return len(hosts) != 1 or not _THIS_MACHINE.fullmatch(hosts[0].strip()) or "Origin" in self.headers

    def _environ(self, body: bytes) -> dict[str, Any]:
        path, _, query = self.path.partition("?")
        environ = {
            "REQUEST_METHOD": self.command,
            "SCRIPT_NAME": "",
            "PATH_INFO": _percent_decoded(path),
            "QUERY_STRING": query,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "SERVER_NAME": HOST,
            "SERVER_PORT": str(self.server.port),
            "SERVER_PROTOCOL": self.request_version,
            "REMOTE_ADDR": HOST,
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(body),
            "wsgi.errors": io.StringIO(),
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        for name, value in self.headers.items():
            environ.setdefault(f"HTTP_{name.upper().replace('-', '_')}", value)
        return environ

    def _send(self, status: str, headers: Iterable[tuple[str, str]], body: bytes) -> None:
        dated = ("Date", self.date_time_string())  # by the wall clock, as every server's answer is
        lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in (*headers, dated))]
        if self.close_connection:
            lines.append("Connection: close")
        head = "\r\n".join([*lines, "", ""]).encode("latin-1")
        self.wfile.write(head if self.command == "HEAD" else head + body)

    def handle(self) -> None:
        """Serve a connection until it ends; a client that went away is no event."""
        with suppress(ConnectionError, TimeoutError):
            super().handle()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the state keeps the log."""


class _Told:
    """Takes down status and headers, as WSGI wants them told."""

    def __init__(self) -> None:
        self.status = ""
        self.headers: list[tuple[str, str]] = []

    def __call__(self, status: str, headers: list[tuple[str, str]], _: Any = None) -> Callable[[bytes], object]:
        self.status, self.headers = status, headers
        return bytes  # the old way to write, which Flask does not use


def _percent_decoded(path: str) -> str:
    return unquote_to_bytes(path).decode("latin-1")


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, port: int, app: ExchangeApp) -> None:
        super().__init__((HOST, port), _Handler)
        self.app = app
        self.port: int = self.server_address[1]
        self._connections: set[socket.socket] = set()
        self._is_ending = False

    def process_request(self, request: Any, client_address: Any) -> None:
        """Remember a connection so that stopping ends it too."""
        self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Close without announcing the end first, so that a reset is one."""
        self._connections.discard(request)
        self.close_request(request)

    def end_connections(self) -> None:
        """End what clients keep open."""
        self._is_ending = True
        for connection in list(self._connections):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Show a failure, unless it is the request that came as the exchange closed."""
        if not self._is_ending:
            super().handle_error(request, client_address)


class ExchangeServer:
    """One exchange, its state file and its port, from opening to closing."""

    def __init__(
        self,
        port: int = 0,
        bars: Path | str | Iterable[Bar | Mapping[str, Any]] | None = None,
        start: date | str | None = None,
        state: Path | str | None = None,
        seed: int = 0,
        cash: Decimal | int | str = DEFAULT_CASH,
    ) -> None:
        """Open the state and the port. BadControl tells what is wrong with the bars, the start or the state."""
        self._state = Path(state) if state is not None else None
        self._lock = self._locked_state()
        with ExitStack() as undo:
            undo.callback(self._release_state)
            self._store = Store(self._state)
            undo.callback(self._store.close)
            self._exchange = Exchange(self._store)
            first = Beginning(_source(bars), _day(start), seed)
            if self._exchange.is_new:
                with self._store.transaction():
                    self._exchange.start(first.bars(), first.start, seed, Decimal(cash))
            self._app = ExchangeApp(self._exchange, first)
            self._http = _Server(port, self._app)
            undo.pop_all()
        self._thread = threading.Thread(target=self._http.serve_forever, args=(_POLL_SECONDS,), daemon=True)
        self.announcement = {"url": f"http://{HOST}:{self._http.port}", "key": KEY, "secret": SECRET}

    def _locked_state(self) -> FileLock | None:
        if self._state is None:
            return None
        self._state.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(f"{self._state}.lock", timeout=0)
        try:
            lock.acquire()
        except Timeout as error:
            raise BadControl(f"another exchange is running on {self._state}") from error
        return lock

    @property
    def _address_file(self) -> Path:
        return Path(f"{self._state}.url")

    def _publish(self) -> None:
        """Write where the exchange answers beside its state, so that another process can find it."""
        if self._state is not None:
            draft = Path(f"{self._address_file}.new")
            draft.write_text(json.dumps({**self.announcement, "pid": os.getpid()}), encoding="utf-8")
            draft.replace(self._address_file)

    def _release_state(self) -> None:
        if self._lock is not None:
            self._address_file.unlink(missing_ok=True)
            self._lock.release()

    def start(self) -> None:
        """Answer, from a thread of its own, and tell where."""
        self._thread.start()
        self._publish()

    def close(self) -> None:
        """End connections, wait for the request in hand, close and release the state."""
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()
        self._http.end_connections()
        with self._exchange.lock:
            self._app.forget_stale_answers()
            self._store.close()
        self._release_state()


def _source(bars: Path | str | Iterable[Bar | Mapping[str, Any]] | None) -> Callable[[], Iterable[Bar]]:
    if bars is None or isinstance(bars, (str, Path)):
        path = Path(bars) if bars is not None else SHIPPED_BARS
        return lambda: _read(path)
    known = [bar if isinstance(bar, Bar) else bar_of(bar) for bar in bars]
    return lambda: known


def _day(start: date | str | None) -> date | None:
    try:
        return date.fromisoformat(start) if isinstance(start, str) else start
    except ValueError as error:
        raise BadControl(f"start must be a date: {start}") from error


def _read(path: Path) -> list[Bar]:
    try:
        return read_bars(path)
    except (OSError, UnicodeDecodeError) as error:
        raise BadControl(f"cannot read bars from {path}: {error}") from error


def serve(
    port: int = 0,
    bars: Path | str | None = None,
    start: date | str | None = None,
    state: Path | str | None = None,
    seed: int = 0,
    ready: Callable[[dict[str, str]], None] | None = None,
    until_eof_of: IO[Any] | None = None,
) -> None:
    """Run an exchange until SIGTERM or SIGINT, or until `until_eof_of` ends; call `ready` with url, key and secret.

    Raises BadControl when it cannot start, OSError when the port is taken.
    """
    server = ExchangeServer(port, bars, start, state, seed)
    # Not an Event: a signal that comes while `wait` holds the event's lock would wait for that lock for ever.
    stopping: SimpleQueue[None] = SimpleQueue()
    for number in (signal.SIGTERM, signal.SIGINT):
        if threading.current_thread() is threading.main_thread():
            signal.signal(number, lambda *_: stopping.put(None))
    if until_eof_of is not None:
        threading.Thread(target=_wait_for_end, args=(until_eof_of, stopping), daemon=True).start()
    server.start()
    try:
        if ready is not None:
            ready(server.announcement)
        stopping.get()
    finally:
        server.close()


def _wait_for_end(stream: IO[Any], stopping: SimpleQueue[None]) -> None:
    # Not stream.read(): a thread caught inside it at the end of the process would hold the stream's lock.
    with suppress(OSError):
        while os.read(stream.fileno(), 1024):
            pass
    stopping.put(None)


@contextmanager
def running_exchange(
    bars: Path | str | Iterable[Bar | Mapping[str, Any]] | None = None,
    start: date | str | None = None,
    state: Path | str | None = None,
    seed: int = 0,
    cash: Decimal | int | str = DEFAULT_CASH,
    port: int = 0,
) -> Iterator[RunningExchange]:
    """Run an exchange in a thread of this process for as long as the block lasts."""
    server = ExchangeServer(port, bars, start, state, seed, cash)
    server.start()
    try:
        yield RunningExchange(**server.announcement)
    finally:
        server.close()
