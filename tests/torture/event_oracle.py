"""Judges every event at the exchange: no stop lowered (I2), no entry doubled (I3), no more on sale than held (I4)."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from tests.torture.broker_state import (
    Row,
    State,
    entries,
    is_protection,
    last_prices,
    positions,
    purpose_of,
    surplus,
    symbols,
)
from tests.torture.verdicts import Violation


@dataclass(frozen=True, slots=True)
class Event:
    """A request the exchange has answered: a client's, or one to its control plane."""

    method: str
    path: str
    body: str
    status: int
    is_by_hand: bool = False

    @property
    def is_clients(self) -> bool:
        """Whether Sentinel asked for it and got it."""
        return self.path.startswith("/v2") and not self.is_by_hand and 200 <= self.status < 300

    @property
    def is_tick(self) -> bool:
        """Whether the clock moved."""
        return self.path == "/_sim/advance"


@dataclass
class EventOracle:
    """Remembers, from event to event, the levels Sentinel has cancelled and not yet put back."""

    cancelled: dict[str, list[Decimal]] = field(default_factory=dict)

    def judge(self, before: State, event: Event, after: State) -> list[Violation]:
        """Everything one event broke."""
        found = [*_lowered_by_replacing(before, event, after), *self._lowered_by_placing(event, after)]
        self._remember(before, event, after)
        for symbol in symbols(after):
            found += [*_doubled(symbol, before, event, after), *_oversold(symbol, before, event, after)]
        return found

    def _remember(self, before: State, event: Event, after: State) -> None:
        if not event.is_clients:
            # A hand, a split or a fill in between: what was cancelled before says nothing any more.
            self.cancelled.clear()
        elif event.method == "DELETE":
            for order in _ended(before, after):
                if is_protection(order) and positions(before).get(order["symbol"]):
                    self.cancelled.setdefault(order["symbol"], []).append(Decimal(order["stop_price"]))

    def _lowered_by_placing(self, event: Event, after: State) -> Iterator[Violation]:
        order = _made(event, after) if event.is_clients and event.method == "POST" else None
        if order is None or order["type"] != "stop" or order["symbol"] not in self.cancelled:
            return
        levels, price = self.cancelled[order["symbol"]], Decimal(order["stop_price"])
        is_long = order["side"] == "sell"
        loosest = min(levels) if is_long else max(levels)
        last = last_prices(after).get(order["symbol"])
        is_through = last is not None and (last <= loosest if is_long else last >= loosest)
        if (price < loosest if is_long else price > loosest) and not is_through:
            yield Violation(2, order["symbol"], f"a stop at {loosest} was cancelled and one at {price} placed for it")


def _lowered_by_replacing(before: State, event: Event, after: State) -> Iterator[Violation]:
    order = _made(event, after) if event.is_clients and event.method == "PATCH" else None
    if order is None or order["stop_price"] is None:
        return
    old = next((row for row in before["orders"] if row["id"] == order["replaces"]), None)
    if old is None or old["stop_price"] is None:
        return
    was, now = Decimal(old["stop_price"]), Decimal(order["stop_price"])
    if now < was if order["side"] == "sell" else now > was:
        yield Violation(2, order["symbol"], f"stop {old['id']} at {was} was replaced by one at {now}")


def _doubled(symbol: str, before: State, event: Event, after: State) -> Iterator[Violation]:
    live = entries(after, symbol)
    if len(live) > 1:
        yield Violation(3, symbol, f"{len(live)} live entries: {', '.join(row['client_order_id'] for row in live)}")
    order = _made(event, after) if event.is_clients and event.method == "POST" else None
    is_entry = order is not None and order["symbol"] == symbol and purpose_of(order["client_order_id"]) == "entry"
    if is_entry and positions(before).get(symbol):
        yield Violation(3, symbol, f"an entry was sent while {positions(before)[symbol]} shares were held")


def _oversold(symbol: str, before: State, event: Event, after: State) -> Iterator[Violation]:
    if not (event.is_clients or event.is_tick):
        return
    was, now = surplus(before, symbol), surplus(after, symbol)
    if now > was:
        held = positions(after).get(symbol, Decimal(0))
        yield Violation(
            4, symbol, f"{event.method} {event.path}: orders would close {now} shares beyond the {held} held"
        )


def _made(event: Event, after: State) -> Row | None:
    """The order a request made, found by the name in its body."""
    try:
        name = json.loads(event.body or "{}").get("client_order_id")
    except ValueError:
        return None
    return next((order for order in after["orders"] if order["client_order_id"] == name), None) if name else None


def _ended(before: State, after: State) -> list[Row]:
    """Orders that were live protection before and are none any more."""
    now = {order["id"]: order for order in after["orders"]}
    return [order for order in before["orders"] if is_protection(order) and not is_protection(now[order["id"]])]
