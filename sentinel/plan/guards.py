"""The last word before anything is sent: what may never happen, whatever a planner decided."""

from datetime import datetime
from decimal import Decimal
from typing import assert_never

from sentinel.domain.actions import (
    CancelEntry,
    CancelStop,
    ClosePosition,
    FreeShares,
    GrowStop,
    Mutation,
    PlaceStop,
    RaiseStop,
    RenewStop,
    SellPart,
    ShrinkStop,
    SubmitEntry,
)
from sentinel.domain.book import ExitReason, Trade
from sentinel.domain.facts import Facts
from sentinel.domain.findings import Finding, Severity
from sentinel.domain.orders import Side
from sentinel.plan.limits import refusal_of


def refusal(action: Mutation, facts: Facts) -> str | None:
    """Why this mutation must not be sent on these facts, or None when it may."""
    match action:
        case SubmitEntry():
            refused = refusal_of(action, facts)
            return refused.message if refused else None
        case PlaceStop():
            return _refuse_stop(action, facts)
        case RaiseStop():
            return _refuse_raise(action, facts)
        case RenewStop():
            return _refuse_renewal(action, facts)
        case ClosePosition() | SellPart():
            return _refuse_sale(action, facts)
        case CancelStop():
            return _refuse_cancel(action, facts)
        case GrowStop() | ShrinkStop():
            return _refuse_growth(action, facts) if isinstance(action, GrowStop) else _refuse_shrink(action, facts)
        case CancelEntry() | FreeShares():
            return None if action.order.is_live else f"the order is already {action.order.status}"
        case _:
            assert_never(action)


def worst_case_exit_qty(symbol: str, side: Side, facts: Facts, *, without: frozenset[str] = frozenset()) -> Decimal:
    """Shares that would be closed if every live order on the closing side filled; siblings of a group count once."""
    groups: dict[str, Decimal] = {}
    for order in facts.live_orders(symbol):
        if order.side is side.opposite and order.id not in without:
            group = order.parent_id or order.id
            groups[group] = max(groups.get(group, Decimal(0)), order.remaining_qty)
    return sum(groups.values(), Decimal(0))


def _refuse_stop(action: PlaceStop, facts: Facts) -> str | None:
    position = facts.positions.get(action.symbol)
    if position is None or position.side is action.side:
        return "there is no position it would protect"
    others = worst_case_exit_qty(action.symbol, position.side, facts)
    if action.qty > position.whole_shares - others:
        return f"{others} of {position.shares} shares are already under a closing order"
    return None


def _refuse_growth(action: GrowStop, facts: Facts) -> str | None:
    more = int(action.to_qty - action.order.qty)
    alone = PlaceStop(action.symbol, action.order.side, more, Decimal(0), is_emergency=False, because=action.because)
    return _refuse_stop(alone, facts)


def _refuse_raise(action: RaiseStop, facts: Facts) -> str | None:
    position = facts.positions.get(action.symbol)
    if position is None or position.side is action.order.side:
        return "there is no position it would protect"
    now_at = action.order.stop_price
    if now_at is None or not position.side.is_tighter(action.to_price, than=now_at):
        return f"a stop at {now_at} is never lowered to {action.to_price}"
    return None


def _refuse_renewal(action: RenewStop, facts: Facts) -> str | None:
    if action.to_price is not None:
        return _refuse_raise(RaiseStop(action.symbol, action.order, action.to_price, action.because), facts)
    position = facts.positions.get(action.symbol)
    if position is None or position.side is action.order.side:
        return "there is no position it would protect"
    return None


def _refuse_shrink(action: ShrinkStop, facts: Facts) -> str | None:
    position = facts.positions.get(action.symbol)
    if position is None or position.side is action.order.side:
        return "there is no position it would protect"
    others = sum((stop.remaining_qty for stop in facts.protecting_stops(position)), Decimal(0)) - action.order.qty
    if others + action.to_qty < position.whole_shares:
        return f"{position.whole_shares} shares are held, and they would not all be protected"
    return None


def _refuse_sale(action: ClosePosition | SellPart, facts: Facts) -> str | None:
    trade = facts.book.trade(action.symbol)
    if trade is not None and trade.is_ignored:
        return "you asked for it to be left alone"
    if facts.lapse is not None and (isinstance(action, SellPart) or action.reason is ExitReason.PROFIT):
        return f"profit sales are refused: {facts.lapse}"
    return _refuse_part(action, facts) if isinstance(action, SellPart) else _refuse_close(action, facts)


def _refuse_close(action: ClosePosition, facts: Facts) -> str | None:
    position = facts.positions.get(action.symbol)
    if position is None or position.side is action.side:
        return "there is no position to close"
    if action.reason is ExitReason.PROFIT and facts.book.halt_reason is not None:
        return f"profit sales are halted: {facts.book.halt_reason}"
    others = worst_case_exit_qty(
        action.symbol, position.side, facts, without=frozenset(stop.id for stop in action.stops)
    )
    if action.qty > position.whole_shares - others:
        return f"{others} of {position.shares} shares are already under another closing order"
    return None


def _refuse_part(action: SellPart, facts: Facts) -> str | None:
    """What is sold is taken from stops share by share, so that no order sells more and no other share is bared."""
    position = facts.positions.get(action.symbol)
    if position is None or position.side is action.side or not 0 < action.qty < position.whole_shares:
        return "there is no position of which it would be a part"
    if facts.book.halt_reason is not None:
        return f"profit sales are halted: {facts.book.halt_reason}"
    taken = sum(cut.qty for cut in action.cuts)
    if taken != action.qty or any(not 0 < cut.qty <= cut.stop.remaining_qty for cut in action.cuts):
        return f"{taken} shares would be taken from stops, and {action.qty} sold"
    closing = worst_case_exit_qty(action.symbol, position.side, facts)
    if closing > position.whole_shares:
        return f"{closing} of {position.shares} shares are already under a closing order"
    protected = sum((stop.remaining_qty for stop in facts.protecting_stops(position)), Decimal(0))
    if protected - taken < position.whole_shares - action.qty:
        return f"of {position.shares} shares only {protected} are protected"
    return None


def _refuse_cancel(action: CancelStop, facts: Facts) -> str | None:
    position = facts.positions.get(action.symbol)
    if position is not None and position.side is action.order.side.opposite:
        return "it protects a position"
    return None


def lost_ledger(facts: Facts, *, is_new: bool) -> tuple[Finding, ...]:
    """A new ledger on an account that holds orders with our names: the old one is gone."""
    if not is_new or all(order.purpose is None for order in facts.orders.values()):
        return ()
    message = "this ledger is new, but the broker knows orders Sentinel sent before"
    remedy = "if a ledger was lost, put a copy back with `sentinel restore`; stops are read from the broker"
    return (Finding("ledger_lost", Severity.WARNING, None, message, remedy),)


def older_ledger(facts: Facts, unheard: frozenset[str], last_look: datetime | None) -> tuple[Finding, ...]:
    """Orders with names of ours, sent after the ledger's last look and never planned in it: an older ledger."""
    if last_look is None:
        return ()
    newer = [
        order.submitted_at
        for order in facts.orders.values()
        if order.client_order_id in unheard and order.submitted_at is not None and order.submitted_at > last_look
    ]
    if not newer:
        return ()
    told = f"{len(newer)} orders" if len(newer) > 1 else "an order"
    message = f"the broker knows {told} Sentinel sent after this ledger's last run, the latest on {max(newer):%d %b %Y}"
    remedy = "nothing to do after `sentinel restore`; else see whether another home works on this account"
    return (Finding("ledger_older", Severity.WARNING, None, message, remedy),)


def suddenly_empty(facts: Facts) -> str | None:
    """Why an empty list of positions is not believed: the ledger holds trades and no fill explains their end."""
    if facts.positions or not facts.book.trades:
        return None
    missing = sorted(trade.symbol for trade in facts.book.trades if not _has_closing_fill(trade, facts))
    return ", ".join(missing) if missing else None


def _has_closing_fill(trade: Trade, facts: Facts) -> bool:
    """Whether fills since its opening account for every share of a trade; a part sold before has left it already."""
    at_work = {sale.order_id for sale in facts.book.exits} | {stop.order_id for stop in facts.book.stops}
    booked = facts.book.known_orders - at_work
    closing = (
        fill.qty
        for fill in facts.fills
        if fill.symbol == trade.symbol
        and fill.side.startswith(trade.side.opposite)
        and fill.at >= trade.opened_at
        and fill.order_id not in booked
    )
    return sum(closing, Decimal(0)) >= trade.qty
