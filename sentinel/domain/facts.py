"""Everything one look at the broker and the ledger found: the only thing a planner may read."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal

from sentinel.domain.bars import Bar
from sentinel.domain.book import Book, Trade
from sentinel.domain.money import HUNDRED
from sentinel.domain.orders import Order, OrderClass, OrderStatus, OrderType, Side
from sentinel.domain.positions import Account, Asset, Fill, Position, Session
from sentinel.risk_config import RiskPolicy


@dataclass(frozen=True, slots=True)
class EntryRequest:
    """What the trader asked for; `qty` None means sized by policy."""

    symbol: str
    side: Side
    limit_price: Decimal
    qty: Decimal | None
    stop_loss_pct: Decimal
    asset: Asset | None
    # Rules the trader sets aside for this one order, and the reason typed for it.
    overrides: tuple[str, ...] = ()
    override_reason: str = ""


@dataclass(frozen=True, slots=True)
class ReconcileRequest:
    """How the trader wants ghosts closed: at most so many, and what ended those nobody saw end."""

    most_ghosts: int | None = None
    close_reason: str | None = None


@dataclass(frozen=True, slots=True)
class AdoptRequest:
    """The position the trader takes for his own, at a price of his own if he names one."""

    symbol: str
    entry_price: Decimal | None = None
    is_ignored: bool = False


Request = EntryRequest | ReconcileRequest | AdoptRequest


@dataclass(frozen=True, slots=True)
class Holding:
    """A position with the trade and the live stops that belong to it."""

    position: Position
    trade: Trade | None
    stops: tuple[Order, ...]
    last_price: Decimal | None
    # Shares by which a stop will be smaller once the order that waits to replace it does.
    shrinking_qty: Decimal = Decimal(0)

    @property
    def symbol(self) -> str:
        """The symbol held."""
        return self.position.symbol

    @property
    def side(self) -> Side:
        """The side of its entry: buy for a long position."""
        return self.position.side

    @property
    def entry_price(self) -> Decimal:
        """What one share cost: the trade's price, else the broker's average."""
        return self.trade.entry_price if self.trade else self.position.avg_entry_price

    @property
    def protected_qty(self) -> Decimal:
        """Shares under an active stop, at most the shares held; those a waiting replacement lets go do not count."""
        resting = sum((stop.remaining_qty for stop in self.stops), Decimal(0))
        return min(resting - self.shrinking_qty, self.position.shares)

    @property
    def is_protected(self) -> bool:
        """Whether every share is under an active stop."""
        return self.protected_qty >= self.position.shares

    @property
    def gain_pct(self) -> Decimal | None:
        """Gain at the last price in percent of the entry price; None without a price, or when it cost nothing."""
        if self.last_price is None or self.entry_price <= 0:
            return None
        return (self.last_price - self.entry_price) * self.side.sign / self.entry_price * HUNDRED


@dataclass(frozen=True, slots=True)
class Facts:
    """One look: the broker's truth, the ledger's memory and the policy; `orders` holds legs flat, by order id."""

    session: Session
    account: Account
    policy: RiskPolicy
    positions: Mapping[str, Position] = field(default_factory=dict)
    orders: Mapping[str, Order] = field(default_factory=dict)
    fills: tuple[Fill, ...] = ()
    bars: Mapping[str, Bar] = field(default_factory=dict)
    book: Book = field(default_factory=Book)
    request: Request | None = None
    cancels_at_once: bool = False
    trader_is_present: bool = False
    # Why neither an entry nor a profit sale may be sent, None while they may; protection goes on either way.
    lapse: str | None = None
    # What each symbol cost at the last look.
    previous_prices: Mapping[str, Decimal] = field(default_factory=dict)
    # The mean range of a symbol's sessions before today in percent; asked for only where partial profits are on.
    usual_range_pct: Mapping[str, Decimal] = field(default_factory=dict)
    # What this look could not see or does not follow, in words.
    blind_spots: tuple[str, ...] = ()
    # The broker's wall clock less the computer's; None where no answer told it.
    clock_skew: timedelta | None = None
    # Symbols with an order of ours that could not be read: nothing is sent for them.
    unseen_symbols: frozenset[str] = frozenset()

    @property
    def today(self) -> date:
        """The session the run belongs to."""
        return self.session.day

    @property
    def holdings(self) -> tuple[Holding, ...]:
        """Every position with what belongs to it, by symbol."""
        return tuple(self.holding(symbol) for symbol in sorted(self.positions))

    def holding(self, symbol: str) -> Holding:
        """One position with what belongs to it; KeyError when nothing is held."""
        position = self.positions[symbol]
        stops = self.protecting_stops(position)
        heirs = ((stop, self.successor(stop)) for stop in stops)
        shrinking = (max(stop.remaining_qty - heir.remaining_qty, Decimal(0)) for stop, heir in heirs if heir)
        shrinking_qty = sum(shrinking, Decimal(0))
        return Holding(position, self.book.trade(symbol), stops, self.last_price(symbol), shrinking_qty)

    @property
    def symbols(self) -> tuple[str, ...]:
        """Every symbol anything is known of."""
        known = {order.symbol for order in self.orders.values()} | {trade.symbol for trade in self.book.trades}
        return tuple(sorted(known | set(self.positions)))

    def only(self, symbol: str) -> "Facts":
        """The same look with a single symbol in it."""
        return replace(
            self,
            positions={s: position for s, position in self.positions.items() if s == symbol},
            orders={order_id: order for order_id, order in self.orders.items() if order.symbol == symbol},
            book=self.book.only(symbol),
        )

    def last_price(self, symbol: str) -> Decimal | None:
        """The latest price known: the broker's current price of a position, else the latest daily close."""
        position, bar = self.positions.get(symbol), self.bars.get(symbol)
        if position and position.current_price:
            return position.current_price
        return bar.close if bar else None

    def live_orders(self, symbol: str) -> tuple[Order, ...]:
        """Every order in a symbol that can still trade, oldest first.

        One that waits to replace a live one is left out: both stand for the same shares, and the old one still counts
        (ALPACA 3.2, 3.8).
        """
        live = (o for o in self.orders.values() if o.symbol == symbol and o.is_live and not self.waits_to_replace(o))
        return tuple(sorted(live, key=lambda order: (order.submitted_at or self.session.now, order.id)))

    def waits_to_replace(self, order: Order) -> bool:
        """Whether an order waits to take the place of one that is still live."""
        replaced = self.orders.get(order.replaces or "")
        return replaced is not None and replaced.is_live

    def successor(self, order: Order) -> Order | None:
        """The live order that waits to take the place of this one, if there is one."""
        return next((o for o in self.orders.values() if o.replaces == order.id and o.is_live), None)

    def heir(self, order: Order) -> Order | None:
        """The last of the orders that took the place of this one, as far as they were seen (ALPACA 3.2)."""
        seen = {order.id}
        heir = self.orders.get(order.replaced_by or "")
        while heir is not None and heir.id not in seen:
            seen.add(heir.id)
            heir = self.orders.get(heir.replaced_by or "", heir)
        return heir

    def protecting_stops(self, position: Position) -> tuple[Order, ...]:
        """The orders a trader can rely on to close this position against a bad price."""
        return tuple(
            order
            for order in self.live_orders(position.symbol)
            if order.side is position.side.opposite and self._protects(order)
        )

    def _protects(self, order: Order) -> bool:
        """A stop in a protecting status that outlives the day and is awake (ALPACA 1.5, 1.6, 1.16).

        The stop of a bracket is `held` for good once its entry is filled, that of an OCO while its target is live; the
        cancel of any other member, which may hang until the open (ALPACA 4.4), takes it along (ALPACA 1.9).
        """
        if not (order.is_stop and order.is_protecting and order.time_in_force == "gtc"):
            return False
        if order.status is not OrderStatus.HELD:
            return True
        parent = self.orders.get(order.parent_id or "")
        if parent is None or self.is_ending_with_its_group(order):
            return False
        return parent.is_live if parent.order_class is OrderClass.OCO else parent.status is OrderStatus.FILLED

    def is_ending_with_its_group(self, leg: Order) -> bool:
        """Whether the cancel of another member of its group is under way."""
        group = (order for order in self.orders.values() if leg.parent_id in (order.id, order.parent_id))
        return leg.is_leg and any(order.status is OrderStatus.PENDING_CANCEL for order in group)

    def is_ours(self, order: Order) -> bool:
        """An order with a name of ours, the leg of one, or a stop the ledger has followed."""
        parent = self.orders.get(order.parent_id or "")
        is_named = order.purpose is not None or (parent is not None and parent.purpose is not None)
        return is_named or any(record.order_id == order.id for record in self.book.stops)

    def exits(self, position: Position) -> tuple[Order, ...]:
        """Live market orders that close the position, ours or the trader's own."""
        live = self.live_orders(position.symbol)
        return tuple(o for o in live if o.side is position.side.opposite and o.type is OrderType.MARKET)

    def leaving(self, position: Position) -> tuple[Order, ...]:
        """The exits that fill as soon as the market is open.

        Not one whose cancel hangs or whose status promises nothing (ALPACA 5.1), nor one that waits for the close.
        """
        return tuple(o for o in self.exits(position) if o.is_protecting and o.time_in_force != "cls")

    def live_entry(self, symbol: str) -> Order | None:
        """An order that would open or add to a position in the symbol, if one is live."""
        position = self.positions.get(symbol)
        for order in self.live_orders(symbol):
            adds = position is not None and order.side is position.side and not (order.is_stop and self.is_ours(order))
            opens = adds if position else not order.is_leg and not order.is_stop
            if opens:
                return order
        return None

    def fold(self, orders: Iterable[Order]) -> "Facts":
        """The facts with the broker's own answers put in, legs included."""
        known = dict(self.orders)
        for order in orders:
            for member in order.family():
                old = known.get(member.id)
                parent_id = member.parent_id or (old.parent_id if old else None)
                known[member.id] = replace(member, parent_id=parent_id)
        return replace(self, orders=known)

    def frees_now(self, order: Order) -> bool:
        """Whether a cancel of this order takes effect at once (ALPACA 4.3, 4.4).

        After hours a cancel of an order already at a venue may hang until the open and take the protection with it.
        `accepted` says that no venue has it, but is believed only of an order sent since the close, because the
        sources disagree on what an older stop shows (ALPACA 3.8), nor of one that took the place of another, which may
        have been at a venue. One that another waits to replace rejects every cancel (ALPACA 4.2).
        """
        if order.status is OrderStatus.PENDING_REPLACE:
            return False
        if self.session.is_open or self.cancels_at_once:
            return True
        sent_tonight = order.submitted_at is not None and order.submitted_at >= self.session.closed_at
        return order.status is OrderStatus.ACCEPTED and sent_tonight and order.replaces is None
