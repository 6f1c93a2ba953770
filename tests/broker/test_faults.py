"""Every fault the line or the broker can have, against every question and every order."""

import time
from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest

from sentinel.broker import Broker
from sentinel.domain.errors import BrokerUnreachable
from sentinel.domain.orders import Side
from sentinel.domain.outcomes import Confirmed, Outcome, Unresolved
from sentinel.simulator import RunningExchange
from tests.broker.conftest import ATTEMPTS, broker_at

BEFORE = ("drop_before", "429", "500", "503")
AFTER = ("drop_after", "delay", "empty", "truncated", "reset")
UNKNOWN_ID = "904837e3-3b76-47ec-b432-046db621571b"
DELAY_S = 0.6
SHORT_TIMEOUT_S = 0.2

READS: dict[str, tuple[str, Callable[[Broker], object]]] = {
    "account": (r"/account$", lambda broker: broker.account()),
    "clock": (r"/clock$", lambda broker: broker.session()),
    "calendar": (r"/calendar$", lambda broker: broker.session()),
    "positions": (r"/positions$", lambda broker: broker.positions()),
    "position": (r"/positions/AAPL$", lambda broker: broker.position("AAPL")),
    "open_orders": (r"/orders$", lambda broker: broker.open_orders()),
    "recent_orders": (r"/orders$", lambda broker: broker.recent_orders()),
    "order": (r"/orders/", lambda broker: broker.order(UNKNOWN_ID)),
    "order_named": (r"by_client_order_id$", lambda broker: broker.order_named("snt-1")),
    "fills": (r"/activities/FILL$", lambda broker: broker.fills()),
    "latest_bars": (r"/snapshots$", lambda broker: broker.latest_bars(["AAPL"])),
    "daily_bars": (r"/stocks/bars$", lambda broker: broker.daily_bars(["AAPL"], date(2026, 2, 1), date(2026, 3, 2))),
    "asset": (r"/assets/", lambda broker: broker.asset("AAPL")),
}
PRICE = Decimal("92.00")
MUTATIONS: dict[str, tuple[str, str, Callable[[Broker, str], Outcome]]] = {
    "submit_entry": (
        "POST",
        r"/orders$",
        lambda broker, _: broker.submit_entry("snt-1", "MSFT", Side.BUY, 3, Decimal("99.00"), PRICE),
    ),
    "submit_stop": ("POST", r"/orders$", lambda broker, _: broker.submit_stop("snt-1", "AAPL", Side.SELL, 3, PRICE)),
    "submit_exit": ("POST", r"/orders$", lambda broker, _: broker.submit_exit("snt-1", "AAPL", Side.SELL, 3)),
    "replace_stop": ("PATCH", r"/orders/", lambda broker, stop_id: broker.replace_stop(stop_id, "snt-1", PRICE)),
    "cancel": ("DELETE", r"/orders/", lambda broker, stop_id: broker.cancel(stop_id)),
}

# A cancel is answered without a body: there is nothing to cut short.
SENT_INTO_A_FAULT = [
    (name, kind) for name in MUTATIONS for kind in (*BEFORE, *AFTER) if (name, kind) != ("cancel", "truncated")
]


def struck(exchange: RunningExchange) -> int:
    return int(exchange.state()["faults"][0]["struck"])


def broker_under(exchange: RunningExchange, kind: str) -> Broker:
    return broker_at(exchange, read_timeout_s=SHORT_TIMEOUT_S if kind == "delay" else 10)


@pytest.fixture
def stop_id(exchange: RunningExchange, broker: Broker) -> str:
    """A stop behind 7 of 10 shares, resting at its venue since an earlier session."""
    exchange.trade("AAPL", 10, "buy", 100)
    placed = broker.submit_stop("snt-0", "AAPL", Side.SELL, 7, Decimal("90.00"))
    assert isinstance(placed, Confirmed)
    assert placed.order
    exchange.advance(to="close")
    exchange.modes(after_hours_stops="new")
    return placed.order.id


@pytest.mark.parametrize("kind", [*BEFORE, *AFTER])
@pytest.mark.parametrize("name", READS)
def test_a_read_that_fails_is_tried_again_and_then_said(exchange: RunningExchange, name: str, kind: str) -> None:
    path, read = READS[name]
    broker = broker_under(exchange, kind)
    exchange.faults([{"method": "GET", "path": path, "kind": kind, "seconds": DELAY_S}])
    with pytest.raises(BrokerUnreachable) as caught:
        read(broker)
    assert caught.value.exit_code == 4
    assert struck(exchange) == ATTEMPTS


@pytest.mark.parametrize("kind", [*BEFORE, *AFTER])
@pytest.mark.parametrize("name", READS)
def test_a_read_that_fails_once_is_not_noticed(
    exchange: RunningExchange, monkeypatch: pytest.MonkeyPatch, name: str, kind: str
) -> None:
    # The rest of the minute, if these tests have asked for more than the minute allows.
    monkeypatch.setattr(time, "sleep", lambda _seconds: None)
    path, read = READS[name]
    expected = read(broker_at(exchange))
    broker = broker_at(exchange, read_timeout_s=0.5 if kind == "delay" else 10)
    exchange.faults([{"method": "GET", "path": path, "nth": 1, "kind": kind, "seconds": 1.0}])
    assert read(broker) == expected
    assert struck(exchange) == 1


@pytest.mark.parametrize(("name", "kind"), SENT_INTO_A_FAULT)
def test_an_order_without_an_answer_is_unresolved_and_sent_once(
    exchange: RunningExchange, stop_id: str, name: str, kind: str
) -> None:
    method, path, send = MUTATIONS[name]
    broker = broker_under(exchange, kind)
    exchange.faults([{"method": method, "path": path, "kind": kind, "seconds": DELAY_S}])
    outcome = send(broker, stop_id)
    assert isinstance(outcome, Unresolved), outcome
    assert outcome.why
    assert struck(exchange) == 1
    assert broker.requests == 1


@pytest.mark.parametrize("kind", [*BEFORE, *AFTER])
@pytest.mark.parametrize("name", ["submit_entry", "submit_stop", "submit_exit", "replace_stop"])
def test_what_became_of_an_unresolved_order_can_be_read(
    exchange: RunningExchange, stop_id: str, name: str, kind: str
) -> None:
    method, path, send = MUTATIONS[name]
    exchange.faults([{"method": method, "path": path, "kind": kind, "seconds": DELAY_S}])
    send(broker_under(exchange, kind), stop_id)
    found = broker_at(exchange).order_named("snt-1")
    assert (found is not None) is (kind in AFTER)


@pytest.mark.parametrize("kind", [*BEFORE, *AFTER])
def test_what_became_of_an_unresolved_cancel_can_be_read(exchange: RunningExchange, stop_id: str, kind: str) -> None:
    exchange.faults([{"method": "DELETE", "path": "/orders/", "kind": kind, "seconds": DELAY_S}])
    broker_under(exchange, kind).cancel(stop_id)
    found = broker_at(exchange).order(stop_id)
    assert found
    assert found.is_live is (kind in BEFORE)


def test_nothing_listens_at_the_address() -> None:
    from sentinel.broker import connect

    broker = connect("KEY", "SECRET", "http://127.0.0.1:9", "http://127.0.0.1:9", 1, 1, 2, 0)
    with pytest.raises(BrokerUnreachable, match="refused or lost"):
        broker.positions()
    assert broker.cancel(UNKNOWN_ID) == Unresolved("the connection was refused or lost")
    assert broker.requests == 3
