"""What leaves for the broker: to the account's own hosts alone, past no proxy, after no redirect, never in bulk."""

import ast
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from sentinel.broker import Broker, connect
from sentinel.broker.departures import Departures
from sentinel.broker.reading import Patience
from sentinel.broker.transport import AlpacaWire, open_wire
from sentinel.domain.errors import BrokerUnreachable, GuardRefusal
from tests.broker.conftest import Script
from tests.broker.shapes import ORDER_ID

LIVE, PAPER, DATA = "https://api.alpaca.markets", "https://paper-api.alpaca.markets", "https://data.alpaca.markets"
KEYS = ("KEY-ID-1234", "SECRET-5678")
ORDER = f"{LIVE}/v2/orders/{ORDER_ID}"


class Eavesdropper:
    """A socket that listens, takes down all it hears and answers nothing."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._socket.getsockname()[1]}"
        self._thread = threading.Thread(target=self._listen)
        self._thread.start()

    def _listen(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(2)
                try:
                    self.heard.append(connection.recv(65_536))
                except OSError:
                    self.heard.append(b"")

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join()


@pytest.fixture
def eavesdropper() -> Iterator[Eavesdropper]:
    listening = Eavesdropper()
    yield listening
    listening.close()


def session_of(wire: AlpacaWire) -> requests.Session:
    return wire._client._session


# -- which request may leave -------------------------------------------------------------------------------------------

#  method, address, whether it may leave
REQUESTS = [
    ("GET", f"{LIVE}/v2/account", True),
    ("GET", f"{LIVE}/v2/orders?status=open&after=2026-03-02T00%3A00%3A00Z", True),
    ("GET", f"{LIVE}/v2/orders:by_client_order_id?client_order_id=snt-a-1", True),
    ("GET", f"{LIVE}/v2/positions/BRK.B", True),
    ("GET", f"{LIVE}/v2/positions/BTC%2FUSD", True),
    ("GET", f"{DATA}/v2/stocks/snapshots?symbols=A%2CB", True),
    ("POST", f"{LIVE}/v2/orders", True),
    ("PATCH", ORDER, True),
    ("DELETE", ORDER, True),
    # Ends every order, or sells what a stop protects: never.
    ("DELETE", f"{LIVE}/v2/orders", False),
    ("DELETE", f"{LIVE}/v2/orders/", False),
    ("DELETE", f"{LIVE}/v2/orders?", False),
    ("DELETE", f"{LIVE}/v2/orders?status=open", False),
    ("DELETE", f"{LIVE}/v2/orders/.", False),
    ("DELETE", f"{LIVE}/v2/orders/..", False),
    ("DELETE", f"{LIVE}/v2/positions", False),
    ("DELETE", f"{LIVE}/v2/positions/", False),
    ("DELETE", f"{LIVE}/v2/positions?cancel_orders=true", False),
    ("DELETE", f"{LIVE}/v2/positions/AAPL", False),
    ("DELETE", f"{LIVE}/v2/positions/AAPL?qty=1", False),
    ("DELETE", f"{ORDER}/../", False),
    ("DELETE", f"{ORDER}?x=1", False),
    ("DELETE", f"{LIVE}/v2/watchlists/{ORDER_ID}", False),
    ("delete", f"{LIVE}/v2/orders", False),
    ("PUT", f"{LIVE}/v2/orders", False),
    ("OPTIONS", f"{LIVE}/v2/orders", False),
    ("PATCH", f"{LIVE}/v2/account/configurations", False),
    ("POST", f"{LIVE}/v2/positions", False),
    ("POST", f"{LIVE}/v2/orders/", False),
    (None, f"{LIVE}/v2/orders", False),
    # The data host is asked and told nothing.
    ("POST", f"{DATA}/v2/orders", False),
    ("DELETE", f"{DATA}/v2/orders/{ORDER_ID}", False),
    # A path that says one thing and means another.
    ("GET", f"{LIVE}/v2/positions/../account", False),
    ("GET", f"{LIVE}/v2/positions/%2e%2e/account", False),
    ("GET", f"{LIVE}/v2/positions/A%2F..%2Forders", False),
    ("GET", f"{LIVE}/v2/positions/A\\B", False),
    ("GET", f"{LIVE}/v2//account", False),
    ("GET", f"{LIVE}/v2/account HTTP/1.1\r\nX: 1", False),
    ("GET", f"{LIVE}/v3/account", False),
    ("GET", LIVE, False),
    ("GET", None, False),
    # Other hosts, however they dress up.
    ("GET", f"{PAPER}/v2/account", False),
    ("GET", "http://api.alpaca.markets/v2/account", False),
    ("GET", "https://api.alpaca.markets.evil.com/v2/account", False),
    ("GET", "https://evil.com/api.alpaca.markets/v2/account", False),
    ("GET", "https://api.alpaca.markets@evil.com/v2/account", False),
    ("GET", "https://api.alpaca.markets:pass@evil.com/v2/account", False),
    ("GET", "https://user@api.alpaca.markets/v2/account", False),
    ("GET", "https://api.alpaca.markets:443/v2/account", False),
    ("GET", "https://api.alpaca.markets:8443/v2/account", False),
    ("GET", "https://api.alpaca.markets./v2/account", False),
    ("GET", "https://api.alpaca.markets%00.evil.com/v2/account", False),
    ("GET", "https://api.alpaca.markets\\@evil.com/v2/account", False),
    ("GET", "https://api.alpaca.markets#@evil.com/v2/account", False),
    ("GET", "https://api.alpaca.markets?@evil.com/v2/account", False),
    ("GET", "https://\N{CYRILLIC SMALL LETTER A}pi.alpaca.markets/v2/account", False),
    ("GET", "https://\N{FULLWIDTH LATIN SMALL LETTER A}pi.alpaca.markets/v2/account", False),
    ("GET", "https://api.alpaca.market\N{LATIN SMALL LETTER LONG S}/v2/account", False),
    ("GET", "https://xn--pi-7kc.alpaca.markets/v2/account", False),
    ("GET", "https://api-alpaca.markets/v2/account", False),
    ("GET", "https://alpaca.markets/v2/account", False),
    ("GET", "http://127.0.0.1:8700/v2/account", False),
]


@pytest.mark.parametrize(("method", "url", "may_leave"), REQUESTS)
def test_a_request_is_let_out_only_where_and_as_sentinel_makes_it(
    method: str | None, url: str | None, may_leave: bool
) -> None:
    departures = Departures(LIVE, DATA)
    if may_leave:
        departures.check(method, url)
        return
    with pytest.raises(GuardRefusal, match="stopped before it left") as caught:
        departures.check(method, url)
    assert "evil" not in caught.value.message


#  where a wire would lead, whether there may be one
ORIGINS = [
    (LIVE, True),
    (PAPER, True),
    (f"{PAPER}/v2/", True),
    ("https://API.alpaca.markets", True),
    ("http://127.0.0.1:8700", True),
    ("http://127.8.8.8:1", True),
    ("http://localhost:8700/v2", True),
    ("https://[::1]:8700", True),
    ("http://api.alpaca.markets", False),
    ("https://api.alpaca.markets:8443", False),
    ("https://api.alpaca.markets.", False),
    ("https://api.alpaca.markets.evil.com", False),
    ("https://api.alpaca.markets@evil.com", False),
    ("https://api.alpaca.markets/v3", False),
    ("https://\N{CYRILLIC SMALL LETTER A}pi.alpaca.markets", False),
    ("http://127.0.0.1.evil.com", False),
    ("http://127.0.0.1@evil.com", False),
    ("http://127.0.0.1:80@evil.com", False),
    ("http://user:pass@127.0.0.1:1", False),
    ("http://localhost.evil.com", False),
    ("http://127.0.0.1:", False),
    ("http://127.1", False),
    ("http://0.0.0.0:80", False),
    ("http://[::]:80", False),
    ("http://[::ffff:10.0.0.1]:80", False),
    ("http://192.168.1.5", False),
    ("http://2130706433", False),
    ("file:///etc/passwd", False),
    ("ftp://127.0.0.1", False),
    ("", False),
]


@pytest.mark.parametrize("part", ["trading", "data"])
@pytest.mark.parametrize(("url", "may_be"), ORIGINS)
def test_a_wire_leads_to_alpaca_or_stays_on_this_machine(url: str, may_be: bool, part: str) -> None:
    hosts = (url, DATA) if part == "trading" else (LIVE, url)
    if may_be:
        open_wire(*KEYS, *hosts, (1, 1))
        return
    with pytest.raises(GuardRefusal):
        open_wire(*KEYS, *hosts, (1, 1))


@pytest.mark.parametrize(
    ("method", "path"),
    [("DELETE", "/v2/orders"), ("DELETE", "/v2/positions"), ("DELETE", "/v2/positions/AAPL"), ("PUT", "/v2/orders")],
)
def test_nothing_is_ended_in_bulk_even_by_a_bug(script: Script, method: str, path: str) -> None:
    """On a real line, past every other check: the adapter itself stops it, and it counts as not sent."""
    wire = open_wire(*KEYS, script.url, script.url, (5, 5))
    with pytest.raises(GuardRefusal):
        session_of(wire).request(method, f"{script.url}{path}", headers={"APCA-API-SECRET-KEY": KEYS[1]})
    assert (script.asked, wire.requests) == ([], 0)


def test_a_refusal_at_the_wire_is_no_unanswered_request_and_is_not_tried_again(script: Script) -> None:
    """A bug that changes the address after the wire was opened: the read ends at once, by name."""
    script.says({})
    wire = open_wire(*KEYS, script.url, script.url, (5, 5))
    wire._client._base_url = "http://127.0.0.2:9"
    with pytest.raises(GuardRefusal):
        Broker(wire).account()
    assert (script.asked, wire.requests) == ([], 0)


BULK = {"cancel_orders", "close_all_positions", "close_position", "cancel_all", "request", "put"}
ROOT = Path(__file__).parents[2] / "sentinel"


def test_the_source_has_one_way_to_delete_and_it_names_one_order() -> None:
    """Everything but the simulated exchange, which answers such requests and makes none."""
    deletes, bulk = [], []
    for path in sorted(ROOT.rglob("*.py")):
        name = str(path.relative_to(ROOT))
        if name.startswith(("simulator/", "_migrations/")):
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                deletes += [(name, ast.unparse(node.args[0]))] if node.func.attr == "delete" else []
                bulk += [(name, node.func.attr)] if node.func.attr in BULK else []
    assert deletes == [("broker/transport.py", "f'/orders/{order_id}'")]
    # The health of the simulated exchange, asked without keys.
    assert bulk == [("commands/embedded_exchange.py", "request")]


# -- proxies, redirects, certificates ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"])
@pytest.mark.parametrize("scheme", ["http", "socks5h"])
def test_no_proxy_hears_of_a_request(
    told: Callable[..., Broker],
    script: Script,
    eavesdropper: Eavesdropper,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    scheme: str,
) -> None:
    for bypass in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(bypass, raising=False)
    monkeypatch.setenv(name, f"{scheme}://{eavesdropper.address}")
    assert told([]).positions() == {}
    secure = connect(*KEYS, script.url.replace("http:", "https:"), script.url, 2, 2, 1, 0)
    with pytest.raises(BrokerUnreachable):
        secure.account()
    assert eavesdropper.heard == []


def test_a_session_told_to_use_a_proxy_does_not(script: Script, eavesdropper: Eavesdropper) -> None:
    script.says([])
    wire = open_wire(*KEYS, script.url, script.url, (5, 5))
    session = session_of(wire)
    session.proxies = {"http": f"http://{eavesdropper.address}"}
    session.trust_env = True
    assert Broker(wire).positions() == {}
    assert eavesdropper.heard == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("is_obedient", [False, True])
def test_a_redirect_leads_nowhere(script: Script, eavesdropper: Eavesdropper, status: int, is_obedient: bool) -> None:
    """Not even where the library would follow: requests strips Authorization on another host, not Alpaca's headers."""
    script.says("", status, Location=f"http://{eavesdropper.address}/v2/account")
    wire = open_wire(*KEYS, script.url, script.url, (5, 5))
    if is_obedient:
        headers = dict(zip(("APCA-API-KEY-ID", "APCA-API-SECRET-KEY"), KEYS, strict=True))
        with pytest.raises(GuardRefusal):
            session_of(wire).get(f"{script.url}/v2/account", headers=headers, allow_redirects=True)
    else:
        with pytest.raises(BrokerUnreachable, match=f"HTTP {status}"):
            Broker(wire).account()
    assert len(script.asked) == wire.requests == 1
    assert eavesdropper.heard == []


@contextmanager
def behind_own_certificate(folder: Path) -> Iterator[tuple[str, Path, list[bytes]]]:
    """A TLS server whose certificate it signed itself: its address, the certificate, and what it could decipher."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl, which makes the certificate, is not installed")
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    names = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    files = ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run(["openssl", "req", "-x509", *curve, *names, *files], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    deciphered: list[bytes] = []
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                plain, _ = server.accept()
            except OSError:
                return
            plain.settimeout(5)
            try:
                with context.wrap_socket(plain, server_side=True) as line:
                    deciphered.append(line.recv(65_536))
                    line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n[]")
            except OSError:
                plain.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"https://127.0.0.1:{server.getsockname()[1]}", certificate, deciphered
    finally:
        server.shutdown(socket.SHUT_RDWR)
        server.close()
        thread.join()


def test_no_word_of_the_surroundings_makes_a_certificate_good(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with behind_own_certificate(tmp_path) as (url, certificate, deciphered):
        for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
            monkeypatch.setenv(name, str(certificate))
        monkeypatch.setenv("PYTHONHTTPSVERIFY", "0")
        assert requests.get(f"{url}/v2/positions", timeout=5).json() == [], "whoever listens to them is taken in"
        assert len(deciphered) == 1
        wire = open_wire(*KEYS, url, url, (5, 5))
        for changes in ({}, {"verify": False}, {"verify": str(certificate)}, {"trust_env": True}):
            vars(session_of(wire)).update(changes)
            with pytest.raises(BrokerUnreachable, match="the encrypted connection failed"):
                Broker(wire, Patience(1, 0)).positions()
        assert len(deciphered) == 1, "no request got as far as its headers"
