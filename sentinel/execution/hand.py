"""The five requests that change something at the broker, each journaled, each with its ledger rows."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

from sentinel.domain.actions import SubmitEntry
from sentinel.domain.book import ExitReason, Intent
from sentinel.domain.facts import Facts
from sentinel.domain.names import Purpose
from sentinel.domain.orders import Order, OrderStatus, Side
from sentinel.domain.outcomes import Outcome
from sentinel.execution.following import Following
from sentinel.execution.journal import Journal, Record, Send
from sentinel.execution.naming import Naming
from sentinel.execution.records import exit_record


class Hand:
    """Sends entries, stops, new stop prices, cancels and exits for one run."""

    def __init__(self, journal: Journal, following: Following, naming: Naming) -> None:
        self.journal = journal
        self.broker = journal.broker
        self.ledger = journal.ledger
        self.following = following
        self.naming = naming

    def enter(self, entry: SubmitEntry, facts: Facts) -> Outcome:
        """One GTC `oto` order: the limit entry and its stop leg."""
        name = self.naming.next(entry.symbol, Purpose.ENTRY, facts)
        if entry.overrides:
            # Before it is sent: whatever becomes of the order, that a limit was set aside stays on record.
            told = f"{name}: {', '.join(entry.overrides)}; {entry.override_reason}"
            self.ledger.audit("override", entry.symbol, told)
        intent = Intent(
            name,
            entry.symbol,
            Purpose.ENTRY,
            "submit_entry",
            _params(side=entry.side, qty=entry.qty, limit_price=entry.limit_price, stop_price=entry.stop_price),
            "the symbol is not held and no order on it is live",
            entry.because,
        )

        def send() -> Outcome:
            return self.broker.submit_entry(
                name, entry.symbol, entry.side, entry.qty, entry.limit_price, entry.stop_price
            )

        def record(order: Order | None) -> None:
            if order is not None:
                self.following.entry(order, None, facts)

        return self._carry_out(intent, send, record)

    def place(self, symbol: str, side: Side, qty: int, stop_price: Decimal, because: str, facts: Facts) -> Outcome:
        """A simple GTC stop."""
        name = self.naming.next(symbol, Purpose.STOP, facts)
        params = _params(side=side, qty=qty, stop_price=stop_price)
        intent = Intent(name, symbol, Purpose.STOP, "place_stop", params, f"{qty} shares are under no order", because)

        def record(order: Order | None) -> None:
            if order is not None:
                self.following.stop(_as_sent(order), facts, reason=because)

        return self._carry_out(intent, lambda: self.broker.submit_stop(name, symbol, side, qty, stop_price), record)

    def move(self, stop: Order, stop_price: Decimal, because: str, facts: Facts) -> Outcome:
        """A new price for a resting stop; the broker answers with a new order that replaces the old (ALPACA 3.2)."""
        name = self.naming.next(stop.symbol, Purpose.RAISE, facts)
        before = f"stop {stop.id} is {stop.status} at {stop.stop_price}"
        params = _params(stop_price=stop_price)
        intent = Intent(name, stop.symbol, Purpose.RAISE, "raise_stop", params, before, because, stop.id)
        record = self._succession(stop, because, facts)
        return self._carry_out(intent, lambda: self.broker.replace_stop(stop.id, name, stop_price), record)

    def resize(self, stop: Order, qty: int, because: str, facts: Facts) -> Outcome:
        """Another quantity for a simple resting stop, shares already filled included (ALPACA 3.5, 3.7)."""
        verb = "grow_stop" if qty > stop.qty else "shrink_stop"
        name = self.naming.next(stop.symbol, Purpose.RAISE, facts)
        before = f"stop {stop.id} is {stop.status} for {stop.qty} shares"
        params = _params(qty=qty, stop_price=stop.stop_price)
        intent = Intent(name, stop.symbol, Purpose.RAISE, verb, params, before, because, stop.id)
        return self._carry_out(
            intent, lambda: self.broker.resize_stop(stop.id, name, qty), self._succession(stop, because, facts)
        )

    def _succession(self, stop: Order, because: str, facts: Facts) -> Record:
        """The rows of a stop that another has taken the place of."""

        def record(order: Order | None) -> None:
            if order is not None:
                gone = replace(stop, status=OrderStatus.REPLACED, replaced_by=order.id)
                self.following.stop(gone, facts, reason=because)
                self.following.stop(replace(_as_sent(order), replaces=stop.id), facts, reason=because)

        return record

    def cancel(self, order: Order, because: str, facts: Facts) -> tuple[Outcome, Order]:
        """Ask for a cancel and wait for its end; the order as it stands when patience is over (ALPACA 4.3)."""
        number = self.ledger.next_cancel_number(order.symbol, facts.today)
        name = self.naming.numbered(order.symbol, Purpose.CANCEL, number, facts)
        before = f"order {order.id} is {order.status}"
        intent = Intent(name, order.symbol, Purpose.CANCEL, "cancel_order", {}, before, because, order.id)
        outcome = self._carry_out(intent, lambda: self.broker.cancel(order.id), lambda _order: None)
        ended = self.journal.patience.until(
            lambda seen: seen is None or not seen.is_live, lambda: self.broker.order(order.id)
        )
        return outcome, ended or order

    def cancel_stop(self, stop: Order, because: str, facts: Facts) -> tuple[Outcome, Order]:
        """A cancel, and the stop's row; one that traded first is left to the next look, which sees what is held."""
        outcome, ended = self.cancel(stop, because, facts)
        if ended.filled_qty <= stop.filled_qty:
            self.following.stop(ended, facts, reason=because)
        return outcome, ended

    def sell(self, symbol: str, side: Side, qty: int, reason: ExitReason, because: str, facts: Facts) -> Outcome:
        """A market order that closes; after hours it waits for the open (ALPACA 2.4)."""
        name = self.naming.next(symbol, Purpose.EXIT, facts)
        params = _params(side=side, qty=qty)
        intent = Intent(name, symbol, Purpose.EXIT, "close_position", params, f"{qty} shares are free", because)
        trade = facts.book.trade(symbol)

        def record(order: Order | None) -> None:
            if order is not None:
                self.ledger.write_exit(exit_record(_as_sent(order), reason, trade.id if trade else None))

        return self._carry_out(intent, lambda: self.broker.submit_exit(name, symbol, side, qty), record)

    def _carry_out(self, intent: Intent, send: Send, record: Record) -> Outcome:
        def record_and_audit(order: Order | None) -> None:
            record(order)
            self.ledger.audit(intent.verb, intent.symbol, f"{intent.name}: {intent.because}")

        return self.journal.carry_out(intent, send, record_and_audit)


def _as_sent(order: Order) -> Order:
    """The order before its fill: the next look tells what became of it, and what is still held then."""
    if order.is_live:
        return order
    return replace(
        order, status=OrderStatus.ACCEPTED, filled_qty=Decimal(0), filled_avg_price=None, filled_at=None, ended_at=None
    )


def _params(**values: object) -> Mapping[str, str]:
    return {name: str(value) for name, value in values.items()}
