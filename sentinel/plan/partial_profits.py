"""Part of a position at its R multiple: once a trade, never on a wild day, never at the cost of the other shares."""

from collections.abc import Iterator

from sentinel.domain.actions import Action, Cut, OfferExit, Owe, SellPart
from sentinel.domain.book import OwedKind, SaleKind
from sentinel.domain.facts import Facts, Holding
from sentinel.domain.findings import Finding, Severity
from sentinel.domain.money import HUNDRED, shares
from sentinel.domain.names import Purpose
from sentinel.domain.orders import Order, OrderClass, OrderStatus, OrderType
from sentinel.plan.trailing_stops import AMENDABLE
from sentinel.risk_config import RiskPolicy

CANCELABLE = AMENDABLE | {OrderStatus.PENDING_NEW}
MOVABLE = frozenset({OrderClass.SIMPLE, OrderClass.OTO})


def part_qty(whole_shares: int, policy: RiskPolicy) -> int:
    """The whole shares a part is made of: at least one is sold and one stays; 0 where there are too few to share."""
    if whole_shares < 2:
        return 0
    return min(max(int(whole_shares * policy.partial_profit_pct / HUNDRED), 1), whole_shares - 1)


def is_part_due(holding: Holding, facts: Facts) -> bool:
    """Whether a part is wanted: the setting is on, the gain reaches its R multiple, and this trade had none before."""
    policy, trade, last = facts.policy, holding.trade, holding.last_price
    if not policy.partial_profits or trade is None or last is None:
        return False
    multiple = trade.r_multiple(last)
    is_reached = multiple is not None and multiple >= policy.partial_profit_at_r
    return is_reached and part_qty(holding.position.whole_shares, policy) > 0 and not is_settled(holding, facts)


def is_settled(holding: Holding, facts: Facts) -> bool:
    """Whether a part of this trade was sold already, or the trader said no to it.

    The ledger knows; where it was lost or put back, a sale of ours at the broker that it has not heard of tells.
    """
    return holding.symbol in facts.book.settled_partials or any(
        order.symbol == holding.symbol and _is_forgotten_sale(order, holding, facts) for order in facts.orders.values()
    )


def _is_forgotten_sale(order: Order, holding: Holding, facts: Facts) -> bool:
    is_ours = order.purpose is Purpose.EXIT and order.filled_qty > 0 and order.id not in facts.book.known_orders
    trade = holding.trade
    if not is_ours or trade is None or trade.is_adopted or order.filled_at is None:
        return is_ours  # nothing says that it was of an earlier trade
    return order.filled_at >= trade.opened_at


def offer_part(holding: Holding, facts: Facts) -> Iterator[OfferExit | Finding]:
    """The question about a part that is due, or why it is not asked tonight."""
    last, trade = holding.last_price, holding.trade
    if last is None or trade is None:
        return
    obstacle = _obstacle(holding, facts)
    if obstacle is not None:
        yield obstacle
        return
    policy, whole = facts.policy, holding.position.whole_shares
    qty = part_qty(whole, policy)
    because = (
        f"{holding.gain_pct:+.1f} % is {trade.r_multiple(last):.1f} R, and at {policy.partial_profit_at_r} R"
        f" {policy.partial_profit_pct} % of it, {qty} of {shares(whole)}, may go"
    )
    yield OfferExit(holding.symbol, SaleKind.PARTIAL, qty, last, because)


def sell_part(holding: Holding, facts: Facts, because: str) -> Iterator[Action | Finding]:
    """Sell an approved part where the others stay covered on the way; else it is owed, and the stop stays as it is.

    A stop near the price would sell the shares that are to stay, too; so unlike for a whole sale it is not moved.
    """
    obstacle = _obstacle(holding, facts)
    if obstacle is not None:
        yield obstacle
        return
    qty = part_qty(holding.position.whole_shares, facts.policy)
    cuts = _cuts(holding, qty)
    if all(_gives_now(cut, facts) for cut in cuts):
        yield SellPart(holding.symbol, cuts, holding.side.opposite, qty, because)
        return
    owed = facts.book.owed_for(OwedKind.EXIT, holding.symbol)
    if holding.last_price is None or (owed and owed.qty == qty and owed.tried_on == facts.today):
        return
    why = f"{because}; {_why_it_waits(cuts, facts)}"
    yield Owe(holding.symbol, OwedKind.EXIT, holding.last_price, qty, because=why)


def _why_it_waits(cuts: tuple[Cut, ...], facts: Facts) -> str:
    if not all(_is_settled(cut.stop, facts) for cut in cuts):
        return "its stop is being changed just now"
    if facts.session.is_open:
        return "its stop is the leg of its entry: its shares are freed only while the market is closed"
    return "a stop already at a venue is not cancelled after hours, and is shrunk only while the market is open"


def _obstacle(holding: Holding, facts: Facts) -> Finding | None:
    return _agitation(holding, facts) or _lock(holding, facts)


def _agitation(holding: Holding, facts: Facts) -> Finding | None:
    """The breaker: today's range far beyond the usual one, or a range nobody knows."""
    policy, symbol = facts.policy, holding.symbol
    usual, bar = facts.usual_range_pct.get(symbol), facts.bars.get(symbol)
    if usual is None or bar is None or bar.day != facts.today:
        what = "its usual range" if usual is None else "its range of today"
        message = f"no part of {symbol} is sold tonight: {what} is not known"
        remedy = f"nothing to do; it takes the prices of {policy.usual_range_sessions} sessions and of today"
        return Finding("range_unknown", Severity.INFO, symbol, message, remedy)
    if bar.range_pct <= policy.breaker_range_multiple * usual:
        return None
    message = (
        f"no part of {symbol} is sold tonight: it ranged {bar.range_pct:.1f} %, more than"
        f" {policy.breaker_range_multiple} times its usual {usual:.1f} %"
    )
    return Finding("breaker", Severity.INFO, symbol, message, "nothing to do; it is looked at again on a calmer day")


def _lock(holding: Holding, facts: Facts) -> Finding | None:
    """Why the shares could never be freed without baring the others on this account."""
    qty = part_qty(holding.position.whole_shares, facts.policy)
    cuts = _cuts(holding, qty)
    is_whole = sum(cut.qty for cut in cuts) == qty and holding.protected_qty >= holding.position.whole_shares
    if is_whole and all(_gives_ever(cut, facts) for cut in cuts):
        return None
    message = (
        f"part of {holding.symbol} cannot be sold without leaving the rest bare for a moment: its stop is a leg, whose"
        " quantity never changes, and after the close its cancel would hang"
    )
    if not is_whole:
        message = f"part of {holding.symbol} is not sold: no plain stop holds its shares"
    remedy = "sell by hand if you want to; the target still holds (broker.after_hours_cancel, risk.partial_profits)"
    return Finding("part_locked", Severity.INFO, holding.symbol, message, remedy)


def _cuts(holding: Holding, qty: int) -> tuple[Cut, ...]:
    """Where the shares come from: the loosest stops first, of equals the smallest, so the tightest go on protecting."""
    # Legs of brackets and OCOs, and trailing stops, are somebody's own.
    plain = [stop for stop in holding.stops if stop.type is OrderType.STOP and stop.order_class in MOVABLE]
    cuts: list[Cut] = []
    for stop in sorted(plain, key=lambda stop: ((stop.stop_price or 0) * holding.side.sign, stop.remaining_qty)):
        taken = min(qty, int(stop.remaining_qty))
        cuts += [Cut(stop, taken)] if taken else []
        qty -= taken
    return tuple(cuts)


def _is_settled(stop: Order, facts: Facts) -> bool:
    return stop.status in CANCELABLE and facts.successor(stop) is None


def _gives_now(cut: Cut, facts: Facts) -> bool:
    """Whether the shares can be taken this minute while those that stay are covered whenever the market is open.

    In an open market a simple stop is shrunk in one request (ALPACA 3.7). A leg cannot be (ALPACA 3.6): it must be
    cancelled and placed anew, which is done only while nothing trades.
    """
    if not _is_settled(cut.stop, facts):
        return False
    if cut.qty == cut.stop.remaining_qty or not facts.session.is_open:
        return facts.frees_now(cut.stop)
    return cut.stop.order_class is OrderClass.SIMPLE and cut.stop.status in AMENDABLE


def _gives_ever(cut: Cut, facts: Facts) -> bool:
    is_leg_cut_in_two = cut.stop.order_class is not OrderClass.SIMPLE and cut.qty < cut.stop.remaining_qty
    return not is_leg_cut_in_two or facts.cancels_at_once or _gives_now(cut, facts)
