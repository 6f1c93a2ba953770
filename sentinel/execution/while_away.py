"""The news since the last look, from what the runs since then have written into the ledger."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from decimal import Decimal

from sentinel.domain.book import EndedBy, EntryRecord, ExitRecord, StopRecord, Trade
from sentinel.domain.names import read_order_name
from sentinel.domain.orders import OrderStatus, Side
from sentinel.domain.positions import Session
from sentinel.domain.runs import Deed, DeedOutcome
from sentinel.domain.while_away import News, NewsKind, WhileAway
from sentinel.ledger import Ledger
from sentinel.plan.fills import NEW_TO_THE_LEDGER

# The steps that find out. A second look tells of the run's own doing, unless that run was cut off before it could.
FINDING_OUT = frozenset({"fills", "positions"})
SECOND_LOOK = "second look"
EVENING = "evening-workflow"
FOLLOWED = {
    "adopt_position": NewsKind.ADOPTED,
    "resize_trade": NewsKind.RESIZED,
    "split_trade": NewsKind.SPLIT,
    "rename_trade": NewsKind.RENAMED,
    "close_trade": NewsKind.GONE,
}
TOLD = frozenset({DeedOutcome.DONE, DeedOutcome.PLANNED})


def while_away(ledger: Ledger, run_id: int, session: Session, command: str) -> WhileAway | None:
    """What happened since the last look, told by run `run_id` and those cut off before it; None for a first look.

    An evening tells what happened since the last evening: a command in between shows what it met, but not what it made.
    """
    looked = (ledger.last_evening() if command == EVENING else None) or ledger.last_look_run()
    if looked is None or looked.looked_at is None:
        return None
    since = looked.looked_at
    deeds = [deed for number, deed in ledger.deeds_since(looked.id) if _finds_out(deed, is_now=number == run_id)]
    split = {deed.symbol for deed in deeds if deed.verb == "split_trade"}
    news = _merged(piece for deed in deeds for piece in _news(deed, ledger, is_split=deed.symbol in split))
    return WhileAway(since, tuple(close.date() for close in session.closes if close > since), tuple(news))


def _finds_out(deed: Deed, *, is_now: bool) -> bool:
    return deed.outcome in TOLD and (deed.step in FINDING_OUT or (deed.step == SECOND_LOOK and not is_now))


def _merged(news: Iterable[News]) -> Iterator[News]:
    """Each piece once: what a run that was cut off had found out, the next may find again."""
    return iter(dict.fromkeys(news))


def _news(deed: Deed, ledger: Ledger, *, is_split: bool) -> Iterator[News]:
    if deed.verb in FOLLOWED:
        yield _followed(deed, ledger)
        return
    order = _order(deed, ledger)
    if order is None or not (deed.has_traded or deed.detail == order.status):
        return  # what became of it since then was Sentinel's own doing, or is told by a later deed
    if isinstance(order, StopRecord):
        # The leg of an entry that opened nothing protected nothing.
        yield from _stop_news(deed, order, ledger, is_split=is_split) if order.trade_id is not None else ()
    elif isinstance(order, ExitRecord):
        yield from [_filled(NewsKind.SOLD, order, _trade(order, ledger), deed.because)] if deed.has_traded else ()
    elif deed.has_traded:
        yield _filled(NewsKind.ENTRY_FILLED, order, None, deed.because)
    elif not order.is_open:
        plain = News(NewsKind.ENTRY_ENDED, deed.symbol, str(order.status), order.side is Side.SELL)
        yield replace(plain, qty=order.qty, price=order.limit_price, order_id=order.order_id)


def _order(deed: Deed, ledger: Ledger) -> EntryRecord | StopRecord | ExitRecord | None:
    """The order a deed followed, as the ledger has it."""
    orders: Sequence[EntryRecord | StopRecord | ExitRecord] = ()
    match deed.verb:
        case "follow_entry":
            orders = ledger.entries_of(deed.symbol)
        case "follow_stop":
            orders = ledger.stops_of(deed.symbol)
        case "follow_exit":
            orders = ledger.exits_of(deed.symbol)
    return next((order for order in orders if order.order_id == deed.order_id), None)


def _trade(order: StopRecord | ExitRecord, ledger: Ledger) -> Trade | None:
    return next((trade for trade in ledger.trades_of(order.symbol) if trade.id == order.trade_id), None)


def _stop_news(deed: Deed, stop: StopRecord, ledger: Ledger, *, is_split: bool) -> Iterator[News]:
    """What became of a stop without Sentinel; what a split did to it is told by the split."""
    if deed.has_traded:
        filled = _filled(NewsKind.STOPPED_OUT, stop, _trade(stop, ledger), deed.because)
        yield replace(filled, own_price=stop.stop_price, slippage=_slippage(stop))
    elif is_split or stop.ended_by is EndedBy.SENTINEL:
        return
    elif stop.status is OrderStatus.REPLACED:
        if stop.ended_by is EndedBy.TRADER:
            yield from _moved(stop, ledger)
    elif not stop.is_open:
        kind = NewsKind.STOP_CANCELLED if stop.ended_by is EndedBy.TRADER else NewsKind.STOP_ENDED
        yield _of_stop(kind, stop, str(stop.status))
    elif deed.because == NEW_TO_THE_LEDGER and stop.replaces is None and _is_by_hand(stop):
        yield _of_stop(NewsKind.STOP_PLACED, stop, deed.because)


def _moved(stop: StopRecord, ledger: Ledger) -> Iterator[News]:
    """Where a stop of ours went by hand: to the one that names it, else to the latest with a name not ours."""
    others = [other for other in ledger.stops_of(stop.symbol) if other.trade_id == stop.trade_id and _is_by_hand(other)]
    heirs = [other for other in others if other.replaces == stop.order_id] or [o for o in others if o.replaces]
    if heirs and heirs[-1].stop_price != stop.stop_price:
        heir = heirs[-1]
        is_raised = stop.side.opposite.is_tighter(heir.stop_price, than=stop.stop_price)
        kind = NewsKind.STOP_RAISED if is_raised else NewsKind.STOP_LOWERED
        yield replace(_of_stop(kind, heir, f"it replaced {stop.order_id}"), own_price=stop.stop_price)


def _is_by_hand(stop: StopRecord) -> bool:
    return read_order_name(stop.client_order_id) is None


def _of_stop(kind: NewsKind, stop: StopRecord, because: str) -> News:
    plain = News(kind, stop.symbol, because, stop.side is Side.BUY)
    return replace(plain, qty=stop.qty, price=stop.stop_price, order_id=stop.order_id)


def _slippage(stop: StopRecord) -> Decimal | None:
    fill = stop.filled_avg_price
    return None if fill is None else (stop.stop_price - fill) * stop.side.sign


def _filled(kind: NewsKind, order: EntryRecord | StopRecord | ExitRecord, trade: Trade | None, because: str) -> News:
    """Shares that traded; `trade` is the one they closed, in whole or in part."""
    is_short = (order.side is Side.SELL) == isinstance(order, EntryRecord)
    traded = replace(
        News(kind, order.symbol, because, is_short, order.filled_qty, order.filled_avg_price),
        at=order.filled_at,
        order_id=order.order_id,
    )
    return traded if trade is None else _with_gain(traded, trade)


def _with_gain(news: News, trade: Trade) -> News:
    if news.price is None or news.qty is None:
        return news
    gain = (news.price - trade.entry_price) * trade.side.sign * news.qty
    return replace(news, gain_usd=gain, r_multiple=trade.r_multiple(news.price))


def _followed(deed: Deed, ledger: Ledger) -> News:
    """What was followed of a position: the deed says it, and the trade what was adopted, or what a ghost made."""
    news = News(FOLLOWED[deed.verb], deed.symbol, deed.because, qty=deed.qty)
    trades = ledger.trades_of(deed.symbol)
    if news.kind is NewsKind.GONE:
        trades = tuple(trade for trade in trades if not trade.is_open)
    if not trades:
        return news
    trade = trades[-1]
    news = replace(news, is_short=trade.side is Side.SELL, qty=trade.qty)
    if news.kind is NewsKind.GONE:
        return _with_gain(replace(news, because=str(trade.exit_reason), price=trade.exit_price), trade)
    return replace(news, price=trade.entry_price) if news.kind is NewsKind.ADOPTED else news
