"""The last word before anything is sent: what may never happen, whatever a planner decided."""

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
from sentinel.domain.errors import GuardRefusal
from sentinel.domain.facts import Facts
from sentinel.domain.money import dollars, shares
from sentinel.domain.orders import Side
from sentinel.plan.breach import (
    ALREADY_ENDED,
    HALT,
    LEFT_ALONE,
    NEVER_BARE,
    NEVER_LOWER,
    NOT_ARMED,
    REDUCE_ONLY,
    refused,
)
from sentinel.plan.limits import refusal_of


def refusal(action: Mutation, facts: Facts) -> GuardRefusal | None:
    """Why this mutation must not be sent on these facts, or None when it may."""
    match action:
        case SubmitEntry():
            return refusal_of(action, facts)
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
            status = action.order.status
            words = f"the order is already {status}"
            return None if action.order.is_live else refused(ALREADY_ENDED, words, status, "a live order")
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


def _refuse_stop(action: PlaceStop, facts: Facts) -> GuardRefusal | None:
    position = facts.positions.get(action.symbol)
    if position is None or position.side is action.side:
        return _nothing_to_protect(action.qty)
    others = worst_case_exit_qty(action.symbol, position.side, facts)
    most = position.whole_shares - others
    if action.qty > most:
        return _too_many(f"{others} of {position.shares} shares are already under a closing order", action.qty, most)
    return None


def _refuse_growth(action: GrowStop, facts: Facts) -> GuardRefusal | None:
    more = int(action.to_qty - action.order.qty)
    alone = PlaceStop(action.symbol, action.order.side, more, Decimal(0), is_emergency=False, because=action.because)
    return _refuse_stop(alone, facts)


def _refuse_raise(action: RaiseStop, facts: Facts) -> GuardRefusal | None:
    position = facts.positions.get(action.symbol)
    if position is None or position.side is action.order.side:
        return _nothing_to_protect(action.order.remaining_qty)
    now_at = action.order.stop_price
    if now_at is None or not position.side.is_tighter(action.to_price, than=now_at):
        level, wanted = dollars(now_at), dollars(action.to_price)
        return refused(NEVER_LOWER, f"a stop at {level} is never lowered to {wanted}", wanted, level)
    return None


def _refuse_renewal(action: RenewStop, facts: Facts) -> GuardRefusal | None:
    if action.to_price is not None:
        return _refuse_raise(RaiseStop(action.symbol, action.order, action.to_price, action.because), facts)
    position = facts.positions.get(action.symbol)
    if position is None or position.side is action.order.side:
        return _nothing_to_protect(action.order.remaining_qty)
    return None


def _refuse_shrink(action: ShrinkStop, facts: Facts) -> GuardRefusal | None:
    position = facts.positions.get(action.symbol)
    if position is None or position.side is action.order.side:
        return _nothing_to_protect(action.to_qty)
    others = sum((stop.remaining_qty for stop in facts.protecting_stops(position)), Decimal(0)) - action.order.qty
    if others + action.to_qty < position.whole_shares:
        words = f"{position.whole_shares} shares are held, and they would not all be protected"
        return _some_bare(words, others + action.to_qty, position.whole_shares)
    return None


def _refuse_sale(action: ClosePosition | SellPart, facts: Facts) -> GuardRefusal | None:
    trade = facts.book.trade(action.symbol)
    if trade is not None and trade.is_ignored:
        return refused(LEFT_ALONE, "you asked for it to be left alone", "ignored", "a position that is yours to sell")
    if facts.lapse is not None and (isinstance(action, SellPart) or action.reason is ExitReason.PROFIT):
        return refused(NOT_ARMED, f"profit sales are refused: {facts.lapse}", facts.lapse, "an armed account")
    return _refuse_part(action, facts) if isinstance(action, SellPart) else _refuse_close(action, facts)


def _refuse_close(action: ClosePosition, facts: Facts) -> GuardRefusal | None:
    position, halted = facts.positions.get(action.symbol), facts.book.halt_reason
    if position is None or position.side is action.side:
        return _too_many("there is no position to close", action.qty, Decimal(0))
    if action.reason is ExitReason.PROFIT and halted is not None:
        return refused(HALT, f"profit sales are halted: {halted}", halted, "no halt")
    freed = frozenset(stop.id for stop in action.stops)
    others = worst_case_exit_qty(action.symbol, position.side, facts, without=freed)
    most = position.whole_shares - others
    if action.qty > most:
        words = f"{others} of {position.shares} shares are already under another closing order"
        return _too_many(words, action.qty, most)
    return None


def _refuse_part(action: SellPart, facts: Facts) -> GuardRefusal | None:
    """What is sold is taken from stops share by share, so that no order sells more and no other share is bared."""
    position, halted = facts.positions.get(action.symbol), facts.book.halt_reason
    if position is None or position.side is action.side or not 0 < action.qty < position.whole_shares:
        most = Decimal(0) if position is None else Decimal(max(position.whole_shares - 1, 0))
        return _too_many("there is no position of which it would be a part", action.qty, most)
    if halted is not None:
        return refused(HALT, f"profit sales are halted: {halted}", halted, "no halt")
    taken = sum(cut.qty for cut in action.cuts)
    if taken != action.qty or any(not 0 < cut.qty <= cut.stop.remaining_qty for cut in action.cuts):
        return _too_many(f"{taken} shares would be taken from stops, and {action.qty} sold", action.qty, Decimal(taken))
    closing = worst_case_exit_qty(action.symbol, position.side, facts)
    if closing > position.whole_shares:
        words = f"{closing} of {position.shares} shares are already under a closing order"
        return _too_many(words, closing, Decimal(position.whole_shares))
    protected = sum((stop.remaining_qty for stop in facts.protecting_stops(position)), Decimal(0))
    if protected - taken < position.whole_shares - action.qty:
        words = f"of {position.shares} shares only {protected} are protected"
        return _some_bare(words, protected - taken, position.whole_shares - action.qty)
    return None


def _refuse_cancel(action: CancelStop, facts: Facts) -> GuardRefusal | None:
    position = facts.positions.get(action.symbol)
    if position is not None and position.side is action.order.side.opposite:
        return _some_bare("it protects a position", Decimal(0), position.whole_shares)
    return None


def _nothing_to_protect(qty: Decimal | int) -> GuardRefusal:
    return _too_many("there is no position it would protect", qty, Decimal(0))


def _too_many(words: str, qty: Decimal | int, most: Decimal) -> GuardRefusal:
    """A closing order for more shares than are held and under no other one: filled, it would open the other side."""
    return refused(REDUCE_ONLY, words, shares(qty), shares(max(most, Decimal(0))))


def _some_bare(words: str, protected: Decimal, held: int) -> GuardRefusal:
    return refused(NEVER_BARE, words, f"{shares(protected)} protected", f"{shares(held)} held")


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
