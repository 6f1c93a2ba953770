"""One exchange for the whole folder, begun anew for each test, and a server that answers whatever a test tells it."""

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from sentinel.broker import Broker, connect
from sentinel.simulator import RunningExchange, running_exchange

START = "2026-03-02"  # a Monday
BARS = [
    {"symbol": symbol, "date": day, "open": "100", "high": "101", "low": "99", "close": "100", "volume": 1000}
    for symbol in ("AAPL", "BRK.B", "MSFT")
    for day in ("2026-02-26", "2026-02-27", START)
]
ATTEMPTS = 2


@pytest.fixture(scope="session")
def shared_exchange() -> Iterator[RunningExchange]:
    with running_exchange(bars=BARS, start=START) as exchange:
        yield exchange


@pytest.fixture
def exchange(shared_exchange: RunningExchange) -> RunningExchange:
    """After the close of a Monday; the last price of everything is 100."""
    shared_exchange.reset()
    return shared_exchange


@pytest.fixture
def broker(exchange: RunningExchange) -> Broker:
    return broker_at(exchange)


def broker_at(exchange: RunningExchange, read_timeout_s: float = 10) -> Broker:
    return connect(exchange.key, exchange.secret, exchange.url, exchange.url, 5, read_timeout_s, ATTEMPTS, 0)


def next_day(exchange: RunningExchange, prices: str, symbol: str = "AAPL") -> None:
    """Play one whole session with this bar: "open high low close"."""
    day = exchange.state()["clock"]["next_close"][:10]
    opened, high, low, close = prices.split()
    bar = {"symbol": symbol, "date": day, "open": opened, "high": high, "low": low, "close": close, "volume": 1000}
    exchange.bars([bar])
    exchange.advance(to="close")


@dataclass
class Script:
    """The answers a server gives, in turn, the last one for ever: (status, body, headers); and what it was asked."""

    url: str = ""
    answers: list[tuple[int, str, dict[str, str]]] = field(default_factory=list)
    asked: list[tuple[str, str, str]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    def says(self, body: Any, status: int = 200, **headers: str) -> None:
        text = body if isinstance(body, str) else json.dumps(body)
        self.answers.append((status, text, {name.replace("_", "-"): value for name, value in headers.items()}))

    def next(self) -> tuple[int, str, dict[str, str]]:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def _handler(script: Script) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            script.asked.append((self.command, self.path, body))
            script.headers.append(dict(self.headers))
            status, text, headers = script.next()
            self.send_response(status)
            for name, value in {"Content-Type": "application/json", **headers}.items():
                self.send_header(name, value)
            content = b"" if status == 204 else text.encode()
            if status != 204:
                self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PATCH = do_DELETE = answer  # noqa: N815 (http.server asks for these names)

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    return Handler


@pytest.fixture
def script() -> Iterator[Script]:
    """A server that answers from a script."""
    script = Script()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(script))
    server.daemon_threads = True
    script.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield script
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def told(script: Script) -> Callable[..., Broker]:
    """A broker whose answer is given: `told(body, status)`."""

    def connect_after(body: Any, status: int = 200, **headers: str) -> Broker:
        script.says(body, status, **headers)
        return connect("KEY-ID-1234", "SECRET-5678", script.url, script.url, 5, 5, ATTEMPTS, 0)

    return connect_after
