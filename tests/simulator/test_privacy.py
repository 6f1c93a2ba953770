"""The exchange is this machine's own: it listens on loopback alone, and no web page can speak to it."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from sentinel.simulator import RunningExchange, running_exchange
from tests.simulator.desk import FLAT, START

ACCOUNT = ("GET", "/v2/account", "")
ADVANCE = ("POST", "/_sim/advance", '{"sessions": 1}')
STATE = ("GET", "/_sim/state", "")
HEALTH = ("GET", "/_sim/health", "")
BUY = ("POST", "/v2/orders", '{"symbol":"AAPL","qty":"1","side":"buy","type":"market","time_in_force":"day"}')


@pytest.fixture(scope="module")
def exchange() -> Iterator[RunningExchange]:
    with running_exchange(bars=FLAT, start=START) as running:
        yield running


def says(exchange: RunningExchange, request: tuple[str, str, str], *headers: str) -> tuple[int, str]:
    """Status and body of what the exchange answers to exactly these bytes."""
    method, path, body = request
    keys = (f"APCA-API-KEY-ID: {exchange.key}", f"APCA-API-SECRET-KEY: {exchange.secret}")
    head = [f"{method} {path} HTTP/1.1", *headers, *keys, f"Content-Length: {len(body)}", "Connection: close", "", ""]
    port = urlsplit(exchange.url).port
    with socket.create_connection(("127.0.0.1", port or 0), timeout=20) as line:
        line.sendall("\r\n".join(head).encode("latin-1") + body.encode())
        told = b"".join(iter(lambda: line.recv(65_536), b"")).decode()
    status, _, rest = told.partition("\r\n")
    return int(status.split()[1]), rest.partition("\r\n\r\n")[2]


HOME = ["127.0.0.1", "127.0.0.1:{port}", "localhost", "LocalHost:{port}", "[::1]:{port}", "localhost:9"]
FOREIGN = [
    "evil.example",
    "evil.example:{port}",
    "127.0.0.1.evil.example",
    "127.0.0.1.evil.example:{port}",
    "localhost.evil.example",
    "evil.example@127.0.0.1",
    "127.0.0.1:{port}@evil.example",
    "127.0.0.1:{port}.evil.example",
    "127.0.0.2",
    "0.0.0.0:{port}",
    "192.168.1.5:{port}",
    "[::]:{port}",
    "sentinel.local",
    "localhost.",
    "",
]


@pytest.mark.parametrize("host", HOME)
@pytest.mark.parametrize("request_", [ACCOUNT, HEALTH, STATE])
def test_a_program_on_this_machine_is_answered(
    exchange: RunningExchange, request_: tuple[str, str, str], host: str
) -> None:
    status, body = says(exchange, request_, f"Host: {host.format(port=urlsplit(exchange.url).port)}")
    assert status == 200
    assert json.loads(body)


@pytest.mark.parametrize("host", FOREIGN)
@pytest.mark.parametrize("request_", [ACCOUNT, BUY, HEALTH, STATE, ADVANCE])
def test_a_foreign_name_for_this_machine_is_refused_everywhere(
    exchange: RunningExchange, request_: tuple[str, str, str], host: str
) -> None:
    """DNS rebinding: the page's own name leads to 127.0.0.1, and the browser takes this for the page's own server."""
    before = exchange.state()
    status, body = says(exchange, request_, f"Host: {host.format(port=urlsplit(exchange.url).port)}")
    assert (status, "no web pages" in body) == (403, True)
    assert "SIM" not in body
    assert exchange.state() == before, "nothing was done, and nothing counted"


@pytest.mark.parametrize(
    "headers", [(), ("Host: 127.0.0.1", "Host: evil.example"), ("Host: evil.example", "Host: localhost")]
)
def test_no_name_or_two_are_no_name(exchange: RunningExchange, headers: tuple[str, ...]) -> None:
    assert says(exchange, ADVANCE, *headers)[0] == 403


@pytest.mark.parametrize("origin", ["https://evil.example", "http://localhost:3000", "http://127.0.0.1:{port}", "null"])
@pytest.mark.parametrize("request_", [BUY, ADVANCE, STATE, ("OPTIONS", "/_sim/advance", "")])
def test_a_page_that_posts_to_this_machine_is_refused(
    exchange: RunningExchange, request_: tuple[str, str, str], origin: str
) -> None:
    """A form may post anywhere without asking; the browser then says from where."""
    before = exchange.state()
    told = f"Origin: {origin.format(port=urlsplit(exchange.url).port)}"
    status, body = says(exchange, request_, "Host: 127.0.0.1", told, "Content-Type: text/plain")
    assert (status, "no web pages" in body) == (403, True)
    assert exchange.state() == before


def test_no_answer_allows_a_page_to_read_it(exchange: RunningExchange) -> None:
    port = urlsplit(exchange.url).port
    with socket.create_connection(("127.0.0.1", port or 0), timeout=20) as line:
        line.sendall(b"OPTIONS /v2/orders HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
        told = b"".join(iter(lambda: line.recv(65_536), b"")).lower()
    assert b"access-control" not in told


def test_it_listens_on_loopback_alone(exchange: RunningExchange) -> None:
    """A socket on all addresses would answer on every other one of this machine, too."""
    port = urlsplit(exchange.url).port or 0
    others = {"127.0.0.2", *(info[4][0] for info in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET))}
    for address in others - {"127.0.0.1"}:
        with pytest.raises(OSError, match=r"refused|timed out|unreachable|assign"):
            socket.create_connection((str(address), port), timeout=2)
