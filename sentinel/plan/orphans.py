"""Stops of ours that protect nothing are taken away, lest they open a position on the wrong side."""

from datetime import timedelta

from sentinel.domain.actions import CancelStop, Plan
from sentinel.domain.facts import Facts
from sentinel.domain.orders import Order, OrderStatus


def plan_orphans(facts: Facts) -> Plan:
    """A cancel for each live stop of ours without a position, once the grace period is over."""
    ours = {record.order_id for record in facts.book.stops}
    return Plan.of(
        CancelStop(order.symbol, order, because=f"{order.symbol} is no longer held")
        for order in facts.orders.values()
        if order.is_live and order.is_stop and (order.id in ours or _is_named_by_us(order, facts))
        if _protects_nothing(order, facts) and _grace_is_over(order, facts)
    )


def _is_named_by_us(order: Order, facts: Facts) -> bool:
    parent = facts.orders.get(order.parent_id or "")
    return order.purpose is not None or (parent is not None and parent.purpose is not None)


def _protects_nothing(order: Order, facts: Facts) -> bool:
    parent = facts.orders.get(order.parent_id or "")
    if order.status is OrderStatus.PENDING_CANCEL or (parent is not None and parent.is_live):
        return False
    position = facts.positions.get(order.symbol)
    return position is None or position.side is order.side


def _grace_is_over(order: Order, facts: Facts) -> bool:
    """A position may show up a moment after its stop does."""
    if order.submitted_at is None:
        return True
    return facts.session.now - order.submitted_at >= timedelta(minutes=facts.policy.orphan_grace_minutes)
