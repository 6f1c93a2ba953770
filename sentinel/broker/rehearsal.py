"""A broker for dry runs: it reads the real account and only pretends to do what it is told."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from itertools import count

from sentinel.broker.gateway import Broker
from sentinel.domain.orders import Order, OrderClass, OrderStatus, OrderType, Side
from sentinel.domain.outcomes import Confirmed, Outcome
from sentinel.domain.positions import Position


class Rehearsal(Broker):
    """Every mutation is confirmed and remembered, none is sent; reads then show the account as it would be."""

    def __init__(self, broker: Broker) -> None:
        super().__init__(broker._wire, broker._patience)
        self._pretended: dict[str, Order] = {}
        self._numbers = count(1)

    def open_orders(self) -> tuple[Order, ...]:
        """What would be open."""
        shown = self._overlaid(super().open_orders())
        return tuple(order for order in shown if order.is_live)

    def recent_orders(self, after: datetime | None = None) -> tuple[Order, ...]:
        """What would be listed."""
        return self._overlaid(super().recent_orders(after))

    def orders_of(self, symbols: Iterable[str], after: datetime) -> tuple[Order, ...]:
        """The orders of these symbols, with what was pretended put in."""
        wanted = set(symbols)
        shown = self._overlaid(super().orders_of(wanted, after))
        return tuple(order for order in shown if order.symbol in wanted)

    def order(self, order_id: str) -> Order | None:
        """One order as it would be."""
        return self._pretended.get(order_id) or super().order(order_id)

    def order_named(self, client_order_id: str) -> Order | None:
        """An order by its name, as it would be."""
        pretended = (order for order in self._pretended.values() if order.client_order_id == client_order_id)
        return next(pretended, None) or super().order_named(client_order_id)

    def positions(self) -> dict[str, Position]:
        """The real positions, with the shares that would be free."""
        return {symbol: self._freed(position) for symbol, position in super().positions().items()}

    def position(self, symbol: str) -> Position | None:
        """One real position, with the shares that would be free."""
        position = super().position(symbol)
        return self._freed(position) if position else None

    def submit_entry(
        self, name: str, symbol: str, side: Side, qty: int, limit_price: Decimal, stop_price: Decimal
    ) -> Outcome:
        """Pretend an entry with a sleeping stop leg."""
        plain = self._ticket(name, symbol, side, qty)
        entry = replace(plain, type=OrderType.LIMIT, order_class=OrderClass.OTO, limit_price=limit_price)
        leg = self._ticket(f"leg-of-{name}", symbol, side.opposite, qty)
        leg = replace(leg, status=OrderStatus.HELD, stop_price=stop_price, parent_id=entry.id)
        return self._pretend(replace(entry, legs=(leg,)))

    def submit_stop(self, name: str, symbol: str, side: Side, qty: int, stop_price: Decimal) -> Outcome:
        """Pretend a resting stop."""
        return self._pretend(replace(self._ticket(name, symbol, side, qty), stop_price=stop_price))

    def submit_exit(self, name: str, symbol: str, side: Side, qty: int) -> Outcome:
        """Pretend a market order that waits for the open."""
        plain = self._ticket(name, symbol, side, qty)
        return self._pretend(replace(plain, type=OrderType.MARKET, time_in_force="day"))

    def replace_stop(self, order_id: str, name: str, stop_price: Decimal) -> Outcome:
        """Pretend a moved stop."""
        return self._successor(replace(self._known(order_id), client_order_id=name, stop_price=stop_price))

    def resize_stop(self, order_id: str, name: str, qty: int) -> Outcome:
        """Pretend a stop for fewer shares."""
        return self._successor(replace(self._known(order_id), client_order_id=name, qty=Decimal(qty)))

    def cancel(self, order_id: str) -> Outcome:
        """Pretend a cancel that takes effect at once, legs included."""
        order = self.order(order_id)
        if order is not None:
            legs = tuple(replace(leg, status=OrderStatus.CANCELED) for leg in order.legs)
            self._pretend(replace(order, status=OrderStatus.CANCELED, legs=legs))
        return Confirmed()

    def _known(self, order_id: str) -> Order:
        order = self.order(order_id)
        if order is None:
            raise AssertionError(f"order {order_id} was seen a moment ago")
        return order

    def _successor(self, changed: Order) -> Outcome:
        """What takes the place of an order: the change under a new id."""
        new = replace(changed, id=self._new_id(), replaces=changed.id)
        self._pretend(replace(self._known(changed.id), status=OrderStatus.REPLACED, replaced_by=new.id))
        return self._pretend(new)

    def _ticket(self, name: str, symbol: str, side: Side, qty: int) -> Order:
        now = self.session().now
        return Order(
            id=self._new_id(),
            client_order_id=name,
            symbol=symbol,
            side=side,
            type=OrderType.STOP,
            order_class=OrderClass.SIMPLE,
            time_in_force="gtc",
            status=OrderStatus.ACCEPTED,
            qty=Decimal(qty),
            created_at=now,
            submitted_at=now,
        )

    def _new_id(self) -> str:
        return f"dry-run-{next(self._numbers)}"

    def _pretend(self, order: Order) -> Outcome:
        for member in order.family():
            self._pretended[member.id] = member
        return Confirmed(order)

    def _overlaid(self, real: Iterable[Order]) -> tuple[Order, ...]:
        shown = {order.id: self._pretended.get(order.id, order) for order in real}
        return tuple((shown | self._pretended).values())

    def _freed(self, position: Position) -> Position:
        closing = (o for o in self.open_orders() if o.symbol == position.symbol and o.side is position.side.opposite)
        held = sum((order.remaining_qty for order in closing), Decimal(0))
        return replace(position, qty_available=(position.shares - held) * position.side.sign)
