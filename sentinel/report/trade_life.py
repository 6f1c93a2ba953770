"""The life of every trade and every stop in a symbol, told as events from the ledger's rows."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sentinel.domain.book import EndedBy, EntryRecord, ExitRecord, StopRecord, Trade
from sentinel.domain.money import HUNDRED
from sentinel.domain.orders import OrderStatus, Side

OrderRecord = EntryRecord | StopRecord | ExitRecord


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to an order; prices in dollars, `at` None where only the broker knows when.

    `better_by` is the fill's distance from the order's own price, positive in the trader's favour. `old_price` and
    `replaces` tell what a raised stop took over from, `by` whose hand cancelled or moved it, where that is known.
    """

    at: datetime | None
    order_id: str
    order: str
    what: str
    qty: Decimal
    price: Decimal | None
    because: str = ""
    replaces: str | None = None
    old_price: Decimal | None = None
    better_by: Decimal | None = None
    better_by_pct: Decimal | None = None
    by: EndedBy | None = None


@dataclass(frozen=True, slots=True)
class Life:
    """A trade and the events of its orders in their order; `trade` None for orders that never opened one.

    `stop_price` and `stop_expires_at` are of the stops that still rest: the furthest price, the earliest end.
    """

    trade: Trade | None
    events: tuple[Event, ...]
    stop_price: Decimal | None
    stop_expires_at: datetime | None = None
    # Sales that left shares behind.
    parts: tuple[ExitRecord, ...] = ()

    @property
    def r_multiple(self) -> Decimal | None:
        """What a share of the trade made in R, parts sold before included; of an open one, if its stop fills."""
        worth, trade = self._worth, self.trade
        return trade.r_multiple(worth / self._shares) if trade and worth is not None else None

    @property
    def gain_usd(self) -> Decimal | None:
        """The same for all shares in dollars."""
        worth, trade = self._worth, self.trade
        return (worth - trade.entry_price * self._shares) * trade.side.sign if trade and worth is not None else None

    @property
    def _shares(self) -> Decimal:
        rest = self.trade.qty if self.trade else Decimal(0)
        return sum((part.filled_qty for part in self.parts), rest)

    @property
    def _worth(self) -> Decimal | None:
        """What all shares of the trade came to in dollars."""
        price, trade = self._end_price, self.trade
        if price is None or trade is None:
            return None
        return sum((part.filled_qty * (part.filled_avg_price or 0) for part in self.parts), price * trade.qty)

    @property
    def _end_price(self) -> Decimal | None:
        if self.trade is None:
            return None
        return self.stop_price if self.trade.is_open else self.trade.exit_price


def lives_of(
    trades: Sequence[Trade],
    entries: Sequence[EntryRecord],
    stops: Sequence[StopRecord],
    exits: Sequence[ExitRecord],
    cancelled_at: Mapping[str, datetime],
) -> tuple[Life, ...]:
    """Every trade with the events of its orders, oldest first, then the orders that never opened one."""
    replaced = {stop.replaces: stop for stop in stops if stop.replaces is not None}
    known = {stop.order_id: stop for stop in stops}

    def life(trade: Trade | None) -> Life:
        trade_id = trade.id if trade else None
        own_stops = [stop for stop in stops if stop.trade_id == trade_id]
        events = [
            *(e for entry in entries if entry.trade_id == trade_id for e in _entry_events(entry, cancelled_at)),
            *(e for stop in own_stops for e in _stop_events(stop, known, replaced, cancelled_at)),
            *(e for sale in exits if sale.trade_id == trade_id for e in _exit_events(sale, cancelled_at)),
        ]
        expiries = [stop.expires_at for stop in own_stops if stop.is_open and stop.expires_at is not None]
        parts = _parts(trade, exits) if trade else ()
        return Life(trade, _in_order(events), _resting_price(own_stops), min(expiries, default=None), parts)

    whole = [life(trade) for trade in trades]
    loose = life(None)
    return (*whole, loose) if loose.events else tuple(whole)


def _parts(trade: Trade, exits: Sequence[ExitRecord]) -> tuple[ExitRecord, ...]:
    """The sales of a trade that left shares behind: those ended with a fill and not the one that ended the trade."""
    ended = (sale for sale in exits if sale.trade_id == trade.id and sale.filled_qty and not sale.is_open)
    return tuple(sale for sale in ended if sale.order_id != trade.exit_order_id)


def _in_order(events: Iterable[Event]) -> tuple[Event, ...]:
    """By time; no event of an order comes before the one that led to it, and an end nobody saw comes right after."""
    latest: dict[str, datetime] = {}
    placed: list[tuple[datetime, Event]] = []
    for event in events:
        times = [time for time in (event.at, latest.get(event.order_id)) if time is not None]
        # The first event of an order always has a time: it was sent.
        latest[event.order_id] = max(times)
        placed.append((latest[event.order_id], event))
    return tuple(event for _, event in sorted(placed, key=lambda pair: pair[0]))


def _resting_price(stops: Iterable[StopRecord]) -> Decimal | None:
    """Of the stops still resting, the price furthest from the market: beyond it nothing is held any more."""
    resting = [stop for stop in stops if stop.is_open]
    if not resting:
        return None
    prices = [stop.stop_price for stop in resting]
    return min(prices) if resting[0].side is Side.SELL else max(prices)


def _entry_events(entry: EntryRecord, cancelled_at: Mapping[str, datetime]) -> Iterator[Event]:
    yield Event(entry.submitted_at, entry.order_id, "entry", "sent", entry.qty, entry.limit_price)
    yield from _ends(entry, "entry", entry.limit_price, cancelled_at)


def _stop_events(
    stop: StopRecord,
    known: Mapping[str, StopRecord],
    replaced: Mapping[str, StopRecord],
    cancelled_at: Mapping[str, datetime],
) -> Iterator[Event]:
    before = known.get(stop.replaces or "")
    yield Event(
        stop.submitted_at,
        stop.order_id,
        "stop",
        _beginning(stop, before),
        stop.qty,
        stop.stop_price,
        because=stop.reason,
        replaces=stop.replaces,
        old_price=before.stop_price if before else None,
        by=before.ended_by if before else None,
    )
    if stop.status is OrderStatus.REPLACED:
        # What took over tells it; only a successor the ledger never met leaves a gap to be named.
        if stop.order_id not in replaced:
            yield Event(None, stop.order_id, "stop", "replaced", stop.qty, stop.stop_price, by=stop.ended_by)
    else:
        yield from _ends(stop, "stop", stop.stop_price, cancelled_at)


def _beginning(stop: StopRecord, before: StopRecord | None) -> str:
    if before is None:
        return "placed" if stop.replaces is None else "moved"
    return "raised" if stop.side.opposite.is_tighter(stop.stop_price, than=before.stop_price) else "moved"


def _exit_events(sale: ExitRecord, cancelled_at: Mapping[str, datetime]) -> Iterator[Event]:
    yield Event(sale.submitted_at, sale.order_id, "exit", "sent", sale.qty, None, because=str(sale.reason))
    yield from _ends(sale, "exit", None, cancelled_at)


def _ends(
    order: OrderRecord, kind: str, price: Decimal | None, cancelled_at: Mapping[str, datetime]
) -> Iterator[Event]:
    """The fill of an order, if it has one, and its end if it ended otherwise."""
    if order.filled_qty:
        fill = order.filled_avg_price
        better = None if fill is None or price is None else (price - fill) * order.side.sign
        pct = better / price * HUNDRED if better is not None and price else None
        what = "filled" if order.status is OrderStatus.FILLED else "partly filled"
        yield Event(
            order.filled_at, order.order_id, kind, what, order.filled_qty, fill, better_by=better, better_by_pct=pct
        )
    if not order.is_open and order.status is not OrderStatus.FILLED:
        what = "cancelled" if order.status is OrderStatus.CANCELED else str(order.status)
        left = order.qty - order.filled_qty
        by = order.ended_by if isinstance(order, StopRecord) else None
        yield Event(cancelled_at.get(order.order_id), order.order_id, kind, what, left, price, by=by)
