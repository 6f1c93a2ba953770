"""The watch in the exchange's process sees a change that nobody wrote down before asking for it (I6)."""

import io
import json
import sqlite3
from contextlib import closing

import pytest

from tests.torture.watch import BY_HAND, Watch, reported

NAME, TARGET = "snt-abc123-20260302-AAPL-stop-1", "order-1"
QUIET = {
    "positions": [],
    "orders": [],
    "clock": {"is_open": False},
    "halted": [],
    "splits": [],
    "requests": {"mutations": []},
}


def exchange(environ, start_response):
    """An exchange where nothing ever happens."""
    start_response("200 OK", [])
    return [json.dumps(QUIET).encode()]


@pytest.fixture
def ledger(tmp_path):
    """A ledger of intents, nothing else."""
    path = tmp_path / "sentinel.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE intents (name TEXT, target_order_id TEXT, state TEXT)")
        connection.commit()
    return path


def ask(watch, method, path="/v2/orders", body=b"", **more):
    environ = {"REQUEST_METHOD": method, "PATH_INFO": path, "wsgi.input": io.BytesIO(body), **more}
    list(watch(environ, lambda *_: None))


SUBMIT = ("POST", "/v2/orders", json.dumps({"client_order_id": NAME}).encode())
CANCEL = ("DELETE", f"/v2/orders/{TARGET}")


@pytest.mark.parametrize("request_", [SUBMIT, CANCEL], ids=["submit", "cancel"])
@pytest.mark.parametrize(
    ("state", "is_committed", "broken"),
    [(None, True, 1), ("planned", True, 1), ("sent", False, 1), ("sent", True, 0), ("confirmed", True, 1)],
)
def test_an_intent_is_committed_and_sent_before_its_request(ledger, tmp_path, request_, state, is_committed, broken):
    with closing(sqlite3.connect(ledger)) as connection:
        if state:
            connection.execute("INSERT INTO intents VALUES (?, ?, ?)", (NAME, TARGET, state))
        if is_committed:
            connection.commit()
        ask(Watch(exchange, tmp_path, ledger), *request_)
    assert [violation.invariant for violation in reported(tmp_path)] == [6] * broken


def test_what_the_trader_does_by_hand_needs_no_intent(ledger, tmp_path):
    ask(Watch(exchange, tmp_path, ledger), *SUBMIT, **{BY_HAND: "yes"})
    assert reported(tmp_path) == []
