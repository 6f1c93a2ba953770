"""Moves orders through their life: fills and what they do to position and group, cancels, expiries, rejections."""

from __future__ import annotations

from dataclasses import replace
from decimal import ROUND_DOWN, Decimal
from typing import TYPE_CHECKING, Any

from sentinel.simulator import sessions
from sentinel.simulator.positions import apply_to_position, position_qty

if TYPE_CHECKING:
    from sentinel.simulator.book import Order
    from sentinel.simulator.exchange import Exchange

_SHARE_STEP = Decimal("0.000000001")  # ALPACA 7.4: fractional fills carry nine decimals


def fill(exchange: Exchange, order: Order, qty: Decimal, price: Decimal) -> Order:
    """Fill `qty` shares of an order at `price` dollars; return the order as it is afterwards."""
    at_ns = exchange.stamp()
    filled_qty = order.filled_qty + qty
    average = ((order.filled_avg_price or Decimal(0)) * order.filled_qty + price * qty) / filled_qty
    is_whole = order.qty is None or filled_qty >= order.qty
    if is_whole and order.status == "pending_replace" and order.replaced_by:
        # ALPACA 3.2: filled before the replacement reached the venue, so the replacement is rejected.
        finish(exchange, exchange.book.must(order.replaced_by), "rejected")
    partial = order.status if order.status in ("pending_replace", "pending_cancel") else "partially_filled"
    status = "filled" if is_whole else partial
    order = exchange.book.save(
        replace(
            order,
            status=status,
            filled_qty=filled_qty,
            filled_avg_price=round(average, 6),
            filled_ns=at_ns if is_whole else order.filled_ns,
            updated_ns=at_ns,
        )
    )
    _record_fill(exchange, order, qty, price, at_ns)
    apply_to_position(exchange, order.symbol, qty if order.is_buy else -qty, price)
    _after_fill(exchange, order, is_whole)
    return exchange.book.must(order.id)


def fill_rest(exchange: Exchange, order: Order, price: Decimal) -> Order:
    """Fill everything an order still leaves; a notional order buys what its dollars buy."""
    if order.qty is None:
        return fill(exchange, order, ((order.notional or Decimal(0)) / price).quantize(_SHARE_STEP, ROUND_DOWN), price)
    return fill(exchange, order, order.leaves_qty, price)


def _record_fill(exchange: Exchange, order: Order, qty: Decimal, price: Decimal, at_ns: int) -> None:
    opens_short = not order.is_buy and position_qty(exchange, order.symbol) <= 0
    leaves = Decimal(0) if order.status == "filled" else order.leaves_qty
    exchange.store.insert(
        "fill",
        {
            "id": f"{sessions.activity_stamp(at_ns)}::{exchange.new_id()}",
            "order_id": order.id,
            "symbol": order.symbol,
            "side": "sell_short" if opens_short else order.side,
            "qty": format(qty, "f"),
            "price": format(price, "f"),
            "cum_qty": format(order.filled_qty, "f"),
            "leaves_qty": format(leaves, "f"),
            "order_status": order.status,
            "at_ns": at_ns,
        },
    )


def _after_fill(exchange: Exchange, order: Order, is_whole: bool) -> None:
    if not order.is_complex:
        return
    if order.role == "":
        if is_whole:
            _activate_legs(exchange, order)
        return
    for member in group_of(exchange, order):
        sibling = exchange.book.must(member.id)  # the one before may have taken it along
        if sibling.role == "" or not sibling.is_open:
            continue
        if is_whole:  # ALPACA 1.9: one leg filled, the other is cancelled
            finish(exchange, sibling, "canceled")
        else:  # ALPACA 1.9: a partly filled target leaves a stop for the rest
            exchange.book.save(replace(sibling, qty=sibling.filled_qty + order.leaves_qty))


def _activate_legs(exchange: Exchange, parent: Order) -> None:
    """Bring the legs to life once the parent is COMPLETELY filled (ALPACA 1.5, 1.6)."""
    for leg in exchange.book.legs(parent.id):
        if leg.status != "held":
            continue
        at_ns = exchange.stamp()
        if parent.order_class == "bracket" and leg.role == "stop_loss":
            # ALPACA 1.6: a bracket's stop stays `held`, its price watched by the broker.
            exchange.book.save(replace(leg, armed=True, routed=True, updated_ns=at_ns))
        else:
            # ALPACA 1.5: submitted_at is stamped anew at activation, created_at is not.
            exchange.book.save(replace(leg, status="new", routed=True, submitted_ns=at_ns, updated_ns=at_ns))


def group_of(exchange: Exchange, order: Order) -> list[Order]:
    """Return the other members of an order's group: parent, legs, siblings."""
    if not order.is_complex:
        return []
    members = exchange.book.legs(order.group_id)
    parent = exchange.book.get(order.group_id)
    return [member for member in [*([parent] if parent else []), *members] if member.id != order.id]


def finish(exchange: Exchange, order: Order, status: str) -> Order:
    """End one order as `canceled`, `expired` or `rejected`, and no other."""
    at_ns = exchange.stamp()
    name = {"canceled": "canceled_ns", "expired": "expired_ns", "rejected": "failed_ns"}[status]
    stamped: dict[str, Any] = {name: at_ns}
    if order.status == "pending_replace" and order.replaced_by:
        finish(exchange, exchange.book.must(order.replaced_by), status)
    return exchange.book.save(replace(order, status=status, updated_ns=at_ns, **stamped))


def cancel_group(exchange: Exchange, order: Order) -> None:
    """Cancel an order and every open member of its group (ALPACA 1.7, 1.8, 1.9); nothing is liquidated."""
    finish(exchange, order, "canceled")
    _finish_open(exchange, group_of(exchange, order), "canceled")


def _finish_open(exchange: Exchange, orders: list[Order], status: str) -> None:
    for order in orders:
        current = exchange.book.must(order.id)  # the one before may have taken it along
        if current.is_open:
            finish(exchange, current, status)


def reject(exchange: Exchange, order: Order) -> None:
    """Let the venue reject an order; what is left of its group is cancelled."""
    finish(exchange, order, "rejected")
    _finish_open(exchange, group_of(exchange, order), "canceled")


def expire(exchange: Exchange, order: Order) -> None:
    """Let an order expire before its time, and with it the legs that wait for it or the leg beside it."""
    finish(exchange, order, "expired")
    _finish_open(exchange, group_of(exchange, order), "expired")
