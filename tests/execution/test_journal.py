"""One request: written down first, sent once, and what became of it is read at the broker, never guessed."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pytest

from sentinel.broker import Broker, connect
from sentinel.domain.book import Intent, IntentState
from sentinel.domain.names import Purpose
from sentinel.domain.orders import Order, Side
from sentinel.domain.outcomes import Confirmed, Outcome, Rejected
from sentinel.execution.journal import Journal
from sentinel.execution.patience import Patience
from sentinel.ledger import Ledger, RowRefused
from sentinel.simulator import RunningExchange, running_exchange
from tests.builders import named

START = "2026-03-02"  # a Monday
FLAT = {"symbol": "AAPL", "open": 100, "high": 100, "low": 100, "close": 100, "volume": 1000}
BARS = [{**FLAT, "date": day} for day in ("2026-02-26", "2026-02-27", START)]
NAME = named("AAPL", Purpose.STOP)


@dataclass
class Office:
    """A journal between a ledger and the exchange; ten shares are held, three of them want a stop at 92."""

    exchange: RunningExchange
    broker: Broker
    ledger: Ledger

    @property
    def journal(self) -> Journal:
        return Journal(self.broker, self.ledger, Patience(looks=2, wait_s=0))

    def asks_for_a_stop(self, send=None, record=lambda _order: None) -> Outcome:
        return self.journal.carry_out(an_intent(), send or self.sends, record)

    def sends(self, qty: int = 3, price: str = "92.00") -> Outcome:
        return self.broker.submit_stop(NAME, "AAPL", Side.SELL, qty, Decimal(price))

    def rests(self, qty: int = 3, price: str = "92.00") -> Order:
        """A stop under the name, sent by an earlier run."""
        sent = self.sends(qty, price)
        assert isinstance(sent, Confirmed)
        assert sent.order
        return sent.order

    @property
    def stops(self) -> int:
        return sum(order["type"] == "stop" for order in self.exchange.state()["orders"])

    @property
    def struck(self) -> int:
        return int(self.exchange.state()["faults"][0]["struck"])


def an_intent(purpose: Purpose = Purpose.STOP, target: str | None = None, **params: str) -> Intent:
    told = params or ({"qty": "3", "stop_price": "92.00"} if purpose is Purpose.STOP else {})
    return Intent(named("AAPL", purpose), "AAPL", purpose, "test", told, "3 shares are free", "test", target)


@pytest.fixture(scope="module")
def server() -> Iterator[RunningExchange]:
    with running_exchange(bars=BARS, start=START) as exchange:
        yield exchange


@pytest.fixture
def office(server: RunningExchange, tmp_path: Path) -> Iterator[Office]:
    server.reset()
    server.faults([])
    server.trade("AAPL", 10, "buy", 100)
    broker = connect(server.key, server.secret, server.url, server.url, 5, 5, 2, 0)
    with Ledger.open(tmp_path / "sentinel.db") as ledger:
        yield Office(server, broker, ledger)


def test_when_a_request_goes_out_its_intent_is_on_the_disk_and_the_ledger_is_free(office):
    """Seen by another connection: a committed intent (I6), and no transaction that waits for the broker."""
    seen: list[tuple[str, str]] = []

    def send():
        with closing(sqlite3.connect(office.ledger.path, timeout=0, isolation_level=None)) as other:
            seen.extend(other.execute("SELECT name, state FROM intents"))
            other.execute("BEGIN IMMEDIATE")
            other.execute("ROLLBACK")
        return office.sends()

    assert isinstance(office.asks_for_a_stop(send), Confirmed)
    assert seen == [(NAME, "sent")]


def test_a_request_that_arrived_is_not_sent_again(office):
    office.exchange.faults([{"method": "POST", "path": "/v2/orders$", "nth": None, "kind": "drop_after"}])
    assert isinstance(office.asks_for_a_stop(), Confirmed)
    assert (office.struck, office.stops) == (1, 1)


def test_a_request_that_never_arrived_is_sent_once_more_under_its_name(office):
    office.exchange.faults([{"method": "POST", "path": "/v2/orders$", "nth": 1, "kind": "drop_before"}])
    assert isinstance(office.asks_for_a_stop(), Confirmed)
    assert (office.struck, office.stops) == (1, 1)


#  what took the name             what the broker's refusal of it means
TAKEN = [
    pytest.param(3, "92.00", False, Confirmed, id="the same stop"),
    pytest.param(3, "92.00", True, Rejected, id="the same stop, cancelled since"),
    pytest.param(2, "92.00", False, Rejected, id="a stop for other shares"),
    pytest.param(3, "85.00", False, Rejected, id="a stop at another level"),
]


@pytest.mark.parametrize(("qty", "price", "is_cancelled", "outcome"), TAKEN)
def test_a_name_already_taken_is_a_success_only_if_what_took_it_is_what_was_meant(
    office, qty, price, is_cancelled, outcome
):
    earlier = office.rests(qty, price)
    if is_cancelled:
        office.broker.cancel(earlier.id)
    rows: list[Order] = []
    assert isinstance(office.asks_for_a_stop(record=rows.append), outcome)
    assert [order.id for order in rows] == ([earlier.id] if outcome is Confirmed else [])
    settled = office.ledger.intent(NAME)
    assert settled.state is (IntentState.CONFIRMED if outcome is Confirmed else IntentState.REJECTED)


#  the limit and the stop of the entry that has the name; its stop sleeps in a leg and is judged by the deed
ENTRIES = [("90.00", "82.00", Confirmed), ("90.00", "85.00", Confirmed), ("91.00", "82.00", Rejected)]


@pytest.mark.parametrize(("limit", "stop", "outcome"), ENTRIES)
def test_an_entry_that_has_the_name_is_the_one_that_was_meant_at_its_limit_alone(office, limit, stop, outcome):
    office.exchange.bars([{**FLAT, "symbol": "MSFT", "date": START}])
    name = named("MSFT", Purpose.ENTRY)

    def enters(limit, stop):
        return office.broker.submit_entry(name, "MSFT", Side.BUY, 3, Decimal(limit), Decimal(stop))

    assert isinstance(enters(limit, stop), Confirmed)
    told = {"qty": "3", "limit_price": "90.00", "stop_price": "82.00"}
    intent = Intent(name, "MSFT", Purpose.ENTRY, "test", told, "MSFT is not held", "test", None)
    found = office.journal.carry_out(intent, lambda: enters("90.00", "82.00"), lambda _order: None)
    assert isinstance(found, outcome)
    if isinstance(found, Rejected):
        assert "another limit price" in found.message


def test_a_name_the_broker_shows_a_little_late_is_waited_for(office, monkeypatch):
    shown, looks = Broker.order_named, list[str]()
    monkeypatch.setattr(Broker, "order_named", lambda self, name: shown(self, name) if looks else looks.append(name))
    office.exchange.faults([{"method": "POST", "path": "/v2/orders$", "nth": None, "kind": "drop_after"}])
    assert isinstance(office.asks_for_a_stop(), Confirmed)
    assert (len(looks), office.struck, office.stops) == (1, 1, 1)


def test_a_name_that_is_taken_and_cannot_be_shown_is_no_success(office, monkeypatch):
    """The broker refuses the name, and its reads lag behind the order that took it."""
    office.rests()
    monkeypatch.setattr(Broker, "order_named", lambda _self, _name: None)
    rows: list[Order] = []
    assert isinstance(office.asks_for_a_stop(record=rows.append), Rejected)
    assert (rows, office.stops) == ([], 1)


@pytest.mark.parametrize("is_there", [True, False])
def test_an_interrupted_order_is_looked_for_at_the_broker(office, is_there):
    order_id = office.rests().id if is_there else None
    office.ledger.plan_intent(an_intent(), None)
    office.ledger.mark_sent(NAME)
    recover(office)
    settled = office.ledger.intent(NAME)
    assert settled.state is (IntentState.CONFIRMED if is_there else IntentState.ABANDONED)
    assert settled.order_id == order_id


@pytest.mark.parametrize("is_done", [True, False])
def test_an_interrupted_cancel_is_done_when_the_order_has_ended(office, is_done):
    order = office.rests()
    if is_done:
        office.broker.cancel(order.id)
    office.ledger.plan_intent(an_intent(Purpose.CANCEL, order.id), None)
    office.ledger.mark_sent(named("AAPL", Purpose.CANCEL))
    recover(office)
    settled = office.ledger.intent(named("AAPL", Purpose.CANCEL))
    assert settled.state is (IntentState.CONFIRMED if is_done else IntentState.ABANDONED)


@pytest.mark.parametrize(("price", "state"), [("95.00", IntentState.CONFIRMED), ("94.00", IntentState.ABANDONED)])
def test_an_interrupted_raise_is_found_by_what_replaced_the_stop(office, price, state):
    """Where the name leads nowhere, the chain of replacements does: at the level that was meant it is the raise."""
    office.exchange.modes(after_hours_stops="new")
    stop = office.rests()
    office.exchange.advance(to="close")
    successor = office.broker.replace_stop(stop.id, "by-hand-1", Decimal(price))
    office.ledger.plan_intent(an_intent(Purpose.RAISE, stop.id, stop_price="95.00"), None)
    office.ledger.mark_sent(named("AAPL", Purpose.RAISE))
    recover(office)
    settled = office.ledger.intent(named("AAPL", Purpose.RAISE))
    assert settled.state is state
    assert settled.order_id == (successor.order.id if state is IntentState.CONFIRMED else None)


def test_what_was_planned_and_never_sent_is_not_looked_for(office):
    office.ledger.plan_intent(an_intent(), None)
    before = office.broker.requests
    recover(office)
    assert (office.ledger.intent(NAME).state, office.broker.requests) == (IntentState.ABANDONED, before)


def test_an_outcome_and_its_rows_are_written_together_or_not_at_all(office):
    def refused(_order):
        raise RowRefused("no such trade", "test")

    with pytest.raises(RowRefused):
        office.asks_for_a_stop(record=refused)
    assert [intent.state for intent in office.ledger.unsettled_intents()] == [IntentState.SENT]


def recover(office: Office) -> None:
    """What the next run begins with."""
    (open_one,) = office.ledger.unsettled_intents()
    office.journal.settle_unfinished(open_one)
