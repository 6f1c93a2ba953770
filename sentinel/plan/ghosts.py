"""How a trade ended that is open in the ledger and gone at the broker: read from the orders that closed it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sentinel.domain.actions import Action, CloseTrade
from sentinel.domain.book import ExitReason, Trade
from sentinel.domain.facts import Facts, ReconcileRequest
from sentinel.domain.findings import Finding, Severity
from sentinel.domain.orders import Order, OrderClass, OrderType
from sentinel.domain.positions import Fill
from sentinel.plan.splits import are_other_units

STOPS = frozenset({OrderType.STOP, OrderType.STOP_LIMIT, OrderType.TRAILING_STOP})


@dataclass(frozen=True, slots=True)
class Execution:
    """What one order traded: shares, dollars a share, and when the last of it was; `order` None if not listed."""

    order_id: str
    qty: Decimal
    price: Decimal
    at: datetime
    order: Order | None


def is_held(trade: Trade, facts: Facts) -> bool:
    """Whether the broker holds shares on the trade's side of its symbol."""
    position = facts.positions.get(trade.symbol)
    return position is not None and position.side is trade.side


def has_been_flat(trade: Trade, facts: Facts) -> bool:
    """Whether the shares held now are others: since the trade opened, its own were all gone for a while.

    Told backwards from what is held, by what each order traded. An order that adds shares counts only when it was sent
    after the trade opened, for the rest of a part-filled entry may fill late. Shares bought before a reverse split are
    more than are held after it, and cost a fraction of what one costs now: they prove nothing (ALPACA 10.7).
    """
    position = facts.positions.get(trade.symbol)
    if position is None or position.side is not trade.side:
        return False
    closed = [(part.at, part.qty, Decimal(0)) for part in _executions(trade, facts)]
    added = [
        (order.filled_at, -order.filled_qty, order.filled_qty * (order.filled_avg_price or position.avg_entry_price))
        for order in facts.orders.values()
        if order.filled_at and _adds_to(trade, order)
    ]
    held, bought, paid = position.shares, Decimal(0), Decimal(0)
    for _, qty, cost in sorted((*closed, *added), reverse=True):
        held, bought, paid = held + qty, bought + max(-qty, Decimal(0)), paid + cost
        if held <= 0 and not are_other_units(paid / bought, position.avg_entry_price):
            return True
    return False


def is_still_held(trade: Trade, facts: Facts) -> bool:
    """Whether the shares held are the trade's own, and not others bought since."""
    return is_held(trade, facts) and not has_been_flat(trade, facts)


def close_ghosts(ghosts: Iterable[Trade], facts: Facts) -> Iterator[Action | Finding]:
    """A CloseTrade for each ghost, with its real exit; no more than the trader asked for, the rest named."""
    request = facts.request if isinstance(facts.request, ReconcileRequest) else ReconcileRequest()
    waiting = sorted(ghosts, key=lambda trade: trade.opened_at)
    most = len(waiting) if request.most_ghosts is None else request.most_ghosts
    for trade in waiting[:most]:
        yield close_ghost(trade, facts, request.close_reason)
    if waiting[most:]:
        left = ", ".join(sorted(trade.symbol for trade in waiting[most:]))
        message = f"no longer held, but still open in the ledger: {left}"
        yield Finding("ghosts_left", Severity.ALARM, None, message, "run `sentinel reconcile-positions` for the rest")


def close_ghost(trade: Trade, facts: Facts, close_reason: str | None = None) -> CloseTrade:
    """The end of one ghost: reason, average price and last order of what closed it, where the broker tells them."""
    closing = closing_executions(trade, facts)
    if closing is None:
        reason, words = _told_by_the_trader(close_reason)
        because = f"{trade.symbol} is no longer held, and no orders for all of its shares explain it{words}"
        return CloseTrade(trade.symbol, trade, reason, None, because)
    last = closing[0]
    qty = sum((part.qty for part in closing), Decimal(0))
    price = (sum((part.qty * part.price for part in closing), Decimal(0)) / qty).quantize(Decimal("0.0001"))
    gone = "was sold and bought again" if is_held(trade, facts) else "is no longer held"
    because = f"{trade.symbol} {gone}: {_words(last)}"
    return CloseTrade(trade.symbol, trade, _reason(last, facts), price.normalize() + 0, because, last.at, last.order_id)


def closing_executions(trade: Trade, facts: Facts) -> list[Execution] | None:
    """The latest executions on the closing side that add up to the trade, newest first; None when none do.

    A symbol and a stretch of time prove nothing: shares may have been sold, bought back and sold again. The sum must
    be the trade's own, or what is beyond it must be held on the other side now.
    """
    missing = trade.qty
    found: list[Execution] = []
    for part in sorted(_executions(trade, facts), key=lambda part: part.at, reverse=True):
        found.append(part)
        missing -= part.qty
        if missing <= 0:
            break
    if missing > 0:
        return None
    other = facts.positions.get(trade.symbol)
    if missing < 0 and (other is None or other.shares != -missing):
        return None
    last = found[-1]
    return [*found[:-1], Execution(last.order_id, last.qty + missing, last.price, last.at, last.order)]


def _adds_to(trade: Trade, order: Order) -> bool:
    is_later = order.submitted_at is not None and order.submitted_at > trade.opened_at
    return is_later and (order.symbol, order.side) == (trade.symbol, trade.side) and order.filled_qty > 0


def _executions(trade: Trade, facts: Facts) -> Iterator[Execution]:
    """Every order that closed shares since the trade opened: as listed, else put together from the fills it had."""
    closing = trade.side.opposite
    for order in facts.orders.values():
        is_closing = order.symbol == trade.symbol and order.side is closing and order.filled_qty > 0
        if is_closing and order.filled_avg_price is not None and order.filled_at and order.filled_at > trade.opened_at:
            yield Execution(order.id, order.filled_qty, order.filled_avg_price, order.filled_at, order)
    unlisted: dict[str, list[Fill]] = {}
    for fill in facts.fills:
        is_closing = fill.symbol == trade.symbol and fill.side.startswith(closing) and fill.at > trade.opened_at
        if is_closing and fill.order_id not in facts.orders:
            unlisted.setdefault(fill.order_id, []).append(fill)
    for order_id, fills in unlisted.items():
        qty = sum((fill.qty for fill in fills), Decimal(0))
        value = sum((fill.qty * fill.price for fill in fills), Decimal(0))
        yield Execution(order_id, qty, value / qty, max(fill.at for fill in fills), None)


def _reason(last: Execution, facts: Facts) -> ExitReason:
    """Why it ended, by the order that took the last shares: a stop, a take-profit, else the trader's own hand."""
    sold = next((sale for sale in facts.book.exits if sale.order_id == last.order_id), None)
    if sold is not None:
        return sold.reason
    if last.order is not None and last.order.type in STOPS:
        return ExitReason.STOP_FILLED
    return ExitReason.PROFIT if last.order is not None and _is_target(last.order) else ExitReason.MANUAL


def _is_target(order: Order) -> bool:
    """A take-profit: the limit leg of a bracket, the parent of an OCO (ALPACA 1.16)."""
    return order.type is OrderType.LIMIT and (order.is_leg or order.order_class is OrderClass.OCO)


def _words(last: Execution) -> str:
    what = f"{last.order.type} order" if last.order else "order"
    return f"{what} {last.order_id} traded {last.qty.normalize():f} at {last.price.normalize():f}"


def _told_by_the_trader(words: str | None) -> tuple[ExitReason, str]:
    """What the trader says of an end nobody saw: one of the reasons, or words of his own for an end by hand."""
    if words is None:
        return ExitReason.UNKNOWN, ""
    named = next((reason for reason in ExitReason if reason == words), ExitReason.MANUAL)
    return named, f"; you say: {words}"
