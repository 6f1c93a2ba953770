"""Stops of ours that protect nothing are taken away, lest they open a position on the wrong side."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

from sentinel.domain.actions import Action, CancelStop, Plan, ShrinkStop
from sentinel.domain.facts import Facts, Holding
from sentinel.domain.findings import Finding, Severity
from sentinel.domain.orders import Order, OrderStatus
from sentinel.plan.guards import worst_case_exit_qty

TOO_MANY_SHARES = "too_many_shares"


def plan_orphans(facts: Facts) -> Plan:
    """A cancel for each stop of ours without a position, a smaller quantity for those that sell more than is held."""
    cuts = (cut for holding in facts.holdings for cut in _surplus(holding, facts) if not _refused_tonight(cut, facts))
    return Plan.of((*_orphans(facts), *cuts))


def surplus_findings(facts: Facts) -> tuple[Finding, ...]:
    """An alarm for each position whose orders still sell more than is held, whatever the run was asked to do (I4).

    A stop whose cancel hangs protects nothing, and yet may fill (ALPACA 4.3).
    """
    oversized = (holding for holding in facts.holdings if any(_surplus(holding, facts)) or _is_oversold(holding, facts))
    return tuple(
        Finding(
            TOO_MANY_SHARES,
            Severity.ALARM,
            holding.symbol,
            f"the open orders of {holding.symbol} would close more than the {holding.position.shares} shares held",
            "run `sentinel cleanup-orphans`, if need be again while the market is open",
        )
        for holding in oversized
    )


def _orphans(facts: Facts) -> Iterator[Action | Finding]:
    for order in facts.orders.values():
        is_orphan = order.is_live and order.is_stop and facts.is_ours(order) and _protects_nothing(order, facts)
        if not is_orphan or facts.waits_to_replace(order) or not _grace_is_over(order, facts):
            continue
        if order.status is OrderStatus.PENDING_REPLACE:
            # It rejects every cancel (ALPACA 4.2), however often it is asked.
            message = f"stop {order.id} of {order.symbol} protects nothing, and another waits to replace it"
            remedy = "run `sentinel cleanup-orphans` again while the market is open"
            yield Finding("cancel_pending", Severity.ALARM, order.symbol, message, remedy)
        else:
            yield CancelStop(order.symbol, order, because=f"{order.symbol} is no longer held")


def _refused_tonight(cut: ShrinkStop, facts: Facts) -> bool:
    """The broker's answer changes with the session, not with asking, and there is no other way tonight."""
    return cut.order.id in facts.book.unshrinkable and not facts.frees_now(cut.order)


def _surplus(holding: Holding, facts: Facts) -> Iterator[ShrinkStop]:
    """Shares beyond those held are taken from our stops, the loosest first: filled, they would open the other side.

    A stop that another waits to replace counts as that other one, and is not asked again (ALPACA 3.4).
    """
    to_come = sum(((facts.successor(stop) or stop).remaining_qty for stop in holding.stops), Decimal(0))
    surplus = to_come - holding.position.whole_shares
    loosest_first = sorted(holding.stops, key=lambda stop: (stop.stop_price or 0) * holding.side.sign)
    for stop in loosest_first:
        if surplus <= 0:
            return
        if not facts.is_ours(stop) or facts.successor(stop):
            continue
        cut = min(surplus, stop.remaining_qty)
        because = f"only {holding.position.shares} shares of {holding.symbol} are held"
        yield ShrinkStop(holding.symbol, stop, int(stop.qty - cut), because)
        surplus -= cut


def _is_oversold(holding: Holding, facts: Facts) -> bool:
    """Whether all that may still fill would close more than is held.

    A stop that sleeps under a live entry waits for that entry's shares (ALPACA 1.5); one that a smaller one waits to
    replace has been asked, and counts as that.
    """
    live = facts.live_orders(holding.symbol)
    asleep = {o.id for o in live if o.status is OrderStatus.HELD and _is_live_entry(o.parent_id, holding, facts)}
    heirs = {order.id: heir for order in live if (heir := facts.successor(order))}
    closing = sum((heir.remaining_qty for heir in heirs.values() if heir.side is not holding.side), Decimal(0))
    closing += worst_case_exit_qty(holding.symbol, holding.side, facts, without=frozenset(asleep | heirs.keys()))
    return closing > holding.position.shares


def _is_live_entry(order_id: str | None, holding: Holding, facts: Facts) -> bool:
    parent = facts.orders.get(order_id or "")
    return parent is not None and parent.is_live and parent.side is holding.side


def _protects_nothing(order: Order, facts: Facts) -> bool:
    parent = facts.orders.get(order.parent_id or "")
    if order.status is OrderStatus.PENDING_CANCEL or (parent is not None and parent.is_live):
        return False
    if order.status is OrderStatus.HELD and parent is None and facts.live_entry(order.symbol) is not None:
        return False  # a leg read by itself does not name its entry, and cancelling it would end that as well
    position = facts.positions.get(order.symbol)
    return position is None or position.side is order.side


def _grace_is_over(order: Order, facts: Facts) -> bool:
    """A position may show up a moment after its stop does."""
    if order.submitted_at is None:
        return True
    return facts.session.now - order.submitted_at >= timedelta(minutes=facts.policy.orphan_grace_minutes)
