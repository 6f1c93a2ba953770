"""What the broker is told: one request each, sent once, its outcome named and never guessed."""

from collections.abc import Callable
from decimal import Decimal
from uuid import UUID

from sentinel.broker.answers import Answer, NoAnswer, OrderTicket, Wire
from sentinel.broker.outcomes import outcome_of_cancel, outcome_of_order
from sentinel.domain.money import is_on_tick
from sentinel.domain.orders import Side
from sentinel.domain.outcomes import Outcome, Unresolved

LONGEST_NAME = 128


class Sending:
    """Every mutation; ValueError is a caller's bug (nothing was sent), whatever the broker says is an Outcome."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def submit_entry(
        self, name: str, symbol: str, side: Side, qty: int, limit_price: Decimal, stop_price: Decimal
    ) -> Outcome:
        """A limit entry with its stop, both good till cancelled: a day order's stop would die at the close (1.4)."""
        ticket = OrderTicket(
            name=_name(name),
            symbol=symbol,
            side=side,
            type="limit",
            time_in_force="gtc",
            qty=_shares(qty),
            limit_price=_dollars(limit_price),
            leg_stop_price=_dollars(stop_price),
        )
        return self._order(name, lambda: self._wire.submit(ticket))

    def submit_stop(self, name: str, symbol: str, side: Side, qty: int, stop_price: Decimal) -> Outcome:
        """A simple stop, good till cancelled, that can only close a position (ALPACA 6.6)."""
        ticket = OrderTicket(
            name=_name(name),
            symbol=symbol,
            side=side,
            type="stop",
            time_in_force="gtc",
            qty=_shares(qty),
            stop_price=_dollars(stop_price),
            position_intent=f"{side}_to_close",
        )
        return self._order(name, lambda: self._wire.submit(ticket))

    def submit_exit(self, name: str, symbol: str, side: Side, qty: int) -> Outcome:
        """A market order for the day that can only close a position (ALPACA 6.6)."""
        ticket = OrderTicket(
            name=_name(name),
            symbol=symbol,
            side=side,
            type="market",
            time_in_force="day",
            qty=_shares(qty),
            position_intent=f"{side}_to_close",
        )
        return self._order(name, lambda: self._wire.submit(ticket))

    def replace_stop(self, order_id: str, name: str, stop_price: Decimal) -> Outcome:
        """Another price for a resting stop; the answer is a new order that replaces the old one (ALPACA 3.2)."""
        known, new_name, dollars = _order_id(order_id), _name(name), _dollars(stop_price)
        return self._order(name, lambda: self._wire.replace(known, new_name, dollars))

    def resize_stop(self, order_id: str, name: str, qty: int) -> Outcome:
        """Another quantity for a simple resting stop, shares already filled included (ALPACA 3.5, 3.7)."""
        known, new_name, shares = _order_id(order_id), _name(name), _shares(qty)
        return self._order(name, lambda: self._wire.resize(known, new_name, shares))

    def cancel(self, order_id: str) -> Outcome:
        """Ask for the end of an order; confirmed means asked, for the end itself comes later (ALPACA 4.3)."""
        known = _order_id(order_id)
        try:
            return outcome_of_cancel(self._wire.cancel(known))
        except NoAnswer as silence:
            return Unresolved(silence.why)

    def _order(self, name: str, send: Callable[[], Answer]) -> Outcome:
        try:
            return outcome_of_order(send(), name)
        except NoAnswer as silence:
            return Unresolved(silence.why)


def _name(name: str) -> str:
    if not 0 < len(name) <= LONGEST_NAME:
        raise ValueError(f"a client order id has 1 to {LONGEST_NAME} characters (ALPACA 8), not {len(name)}")
    return name


def _shares(qty: int) -> str:
    """Whole shares: a fraction cannot rest overnight (ALPACA 2.7)."""
    if type(qty) is not int or qty < 1:
        raise ValueError(f"an order is for whole shares, one or more, not {qty!r}")
    return str(qty)


def _dollars(price: Decimal) -> str:
    """The exact text of a price the exchange takes as it stands (ALPACA 7.1)."""
    if type(price) is not Decimal or not price.is_finite() or price <= 0 or not is_on_tick(price):
        raise ValueError(f"a price is a Decimal on the tick above zero, not {price!r}")
    return format(price, "f")


def _order_id(order_id: str) -> str:
    """The id as the broker writes it; an empty one would cancel every order there is (ALPACA 4.5)."""
    return str(UUID(order_id))
