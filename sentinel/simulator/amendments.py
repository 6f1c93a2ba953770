"""Replaces and cancels orders, by the status an order has at that moment."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sentinel.simulator import positions, reservations, settling
from sentinel.simulator.book import Order
from sentinel.simulator.errors import Refusal, bad_parameter, not_found, unprocessable
from sentinel.simulator.lifecycle import cancel_group, group_of
from sentinel.simulator.orders import (
    expiry,
    fill_if_marketable,
    require_buying_power,
    require_new_client_order_id,
    require_stop_beyond_market,
    with_high_water_mark,
)
from sentinel.simulator.shapes import order_json, visible_status
from sentinel.simulator.validation import check_increment, client_order_id_of, decimal_of, one_of, refuse_stray_price

if TYPE_CHECKING:
    from sentinel.simulator.exchange import Exchange

_UNREPLACEABLE = ("accepted", "pending_new", "pending_cancel", "pending_replace")  # ALPACA 3.3


@dataclass(frozen=True, slots=True)
class Amendment:
    """What a PATCH asks to change; None leaves a value as it is. `qty` is the chain's total (ALPACA 3.5)."""

    qty: Decimal | None = None
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    trail: Decimal | None = None
    time_in_force: str | None = None
    client_order_id: str | None = None


def read_amendment(body: dict[str, Any]) -> Amendment:
    """Read a `PATCH /v2/orders/{id}` body (ALPACA 3.1)."""
    if body.get("notional") is not None:
        raise unprocessable("notional orders cannot be replaced")
    amendment = Amendment(
        qty=decimal_of(body, "qty"),
        limit_price=decimal_of(body, "limit_price"),
        stop_price=decimal_of(body, "stop_price"),
        trail=decimal_of(body, "trail"),
        time_in_force=one_of(body, "time_in_force", ("day", "gtc")),
        client_order_id=client_order_id_of(body),
    )
    check_increment("limit_price", amendment.limit_price)
    check_increment("stop_price", amendment.stop_price)
    return amendment


def order_or_404(exchange: Exchange, order_id: str) -> Order:
    """Return an order, or refuse with the 404 of ALPACA 4.1."""
    order = exchange.book.get(order_id.lower())
    if order is None:
        raise not_found(f"order not found for {order_id}")
    return order


def replace_order(exchange: Exchange, order: Order, amendment: Amendment) -> Order:
    """Replace an order by one with a new id; return the new one (ALPACA 3.2). Refusal when it may not be."""
    _check_status(exchange, order)
    require_new_client_order_id(exchange, amendment.client_order_id)
    _check_kind(order, amendment)
    new = _amended(exchange, order, amendment)
    if _parameters(new) == _parameters(order):
        raise unprocessable("order parameters are not changed")  # ALPACA 3.4
    _check_market(exchange, order, new)
    if exchange.modes["replacements"] == "pending" and order.routed:
        return _await_replacement(exchange, order, new)
    shown = swap(exchange, order, new)
    if exchange.is_open:
        fill_if_marketable(exchange, shown)
    return shown


def _await_replacement(exchange: Exchange, old: Order, new: Order) -> Order:
    """Show the new order at once; the old one works on as `pending_replace` until the venue confirms (ALPACA 3.2)."""
    waiting = exchange.book.add(_successor(exchange, old, replace(new, status="pending_new", routed=False)))
    exchange.book.save(replace(old, status="pending_replace", replaced_by=waiting.id, updated_ns=exchange.stamp()))
    return waiting


def _check_status(exchange: Exchange, order: Order) -> None:
    status = visible_status(exchange, order)
    is_older = exchange.modes["refusal_texts"] == "older"
    if order.awaits_replacement:
        raise unprocessable("order chain not fully replaced")  # ALPACA 3.4: the replacement before is on its way
    if status in _UNREPLACEABLE:
        if is_older:
            raise bad_parameter("unable to replace order, order isn't sent to exchange yet")  # ALPACA 3.3
        raise unprocessable(f"cannot replace order in {status} status")  # ALPACA 3.3
    if order.is_open:
        return
    if is_older:
        raise bad_parameter("unable to replace order, order is not open")  # ALPACA 3.3
    if status == "replaced":
        raise unprocessable("order already replaced")  # ALPACA 3.4
    raise unprocessable(f"cannot replace order in {status} status")  # ALPACA 3.4


def _check_kind(order: Order, amendment: Amendment) -> None:
    if order.notional is not None:
        raise unprocessable("notional orders cannot be replaced")  # ALPACA 3.1
    if amendment.qty is not None:
        if order.is_complex:
            raise unprocessable("qty cannot be changed for advanced orders")  # ALPACA 3.6, raw
        fractional = any(qty is not None and qty != qty.to_integral_value() for qty in (order.qty, amendment.qty))
        if fractional:
            raise unprocessable("qty of fractional orders cannot be changed")  # ALPACA 3.1
        if amendment.qty <= order.filled_qty:
            raise unprocessable("qty must be > filled_qty")  # ALPACA 3.4, 3.5
    refuse_stray_price(order.type, "limit_price", amendment.limit_price)
    refuse_stray_price(order.type, "stop_price", amendment.stop_price)
    if amendment.trail is not None and order.type != "trailing_stop":
        raise unprocessable(f"{order.type} orders must not have trail")


def _amended(exchange: Exchange, order: Order, amendment: Amendment) -> Order:
    new = replace(
        order,
        qty=amendment.qty or order.qty,
        limit_price=amendment.limit_price or order.limit_price,
        stop_price=amendment.stop_price or order.stop_price,
        time_in_force=amendment.time_in_force or order.time_in_force,
        client_order_id=amendment.client_order_id or "",
    )
    if amendment.trail is not None:
        trail: dict[str, Any] = {"trail_percent" if order.trail_price is None else "trail_price": amendment.trail}
        new = with_high_water_mark(replace(new, **trail), order.hwm or Decimal(0))
    return new


def _parameters(order: Order) -> tuple[Any, ...]:
    prices = (order.limit_price, order.stop_price, order.trail_price, order.trail_percent)
    return (order.qty, order.time_in_force, *prices)


def _check_market(exchange: Exchange, old: Order, new: Order) -> None:
    price = exchange.last_price(new.symbol)
    if price and new.stop_price and new.stop_price != old.stop_price and new.type != "trailing_stop":
        require_stop_beyond_market(new.side, new.stop_price, price)
    if new.role == "" and new.position_intent.endswith("_to_close"):
        held = positions.position_qty(exchange, new.symbol)
        reservations.require_available(exchange, new, held, but_group=old.group_id)
    # ALPACA 3.9: while replacing, the larger of the two counts, so only the difference must be affordable.
    require_buying_power(exchange, new, released=old.opening_cost(price))


def swap(exchange: Exchange, old: Order, new: Order) -> Order:
    """Put `new` in the place of `old`: new id, `replaces` and `replaced_by`, the same group (ALPACA 3.2)."""
    new = _successor(exchange, old, new)
    at_ns = new.submitted_ns
    exchange.book.save(replace(old, status="replaced", replaced_by=new.id, replaced_ns=at_ns, updated_ns=at_ns))
    new = exchange.book.add(new)
    settling.adopt_legs(exchange, old, new)
    return new


def _successor(exchange: Exchange, old: Order, new: Order) -> Order:
    new_id, at_ns = exchange.new_id(), exchange.stamp()
    renewed = exchange.modes["replaced_expiry"] == "renewed" or new.time_in_force != old.time_in_force
    # Recorded: created_at stays that of the replaced order; whether its 90 days do, nobody measured (ALPACA 2.3).
    return replace(
        new,
        seq=0,
        id=new_id,
        client_order_id=new.client_order_id or exchange.new_id(),
        replaces=old.id,
        replaced_by=None,
        submitted_ns=at_ns,
        updated_ns=at_ns,
        expires_ns=expiry(exchange, new.time_in_force, at_ns) if renewed else old.expires_ns,
    )


def cancel_order(exchange: Exchange, order: Order) -> None:
    """Ask for an order to be cancelled, and with it its group (ALPACA 4.1, 4.2).

    In session, and for what no venue has yet, that takes effect at once. After hours a venue's order stays
    `pending_cancel` until the next open, its shares held, in the mode that says so (ALPACA 4.4).
    """
    if order.status in ("canceled", "pending_cancel"):  # ALPACA 4.1: a repeated cancel is reported as success
        return
    if order.awaits_replacement:
        raise unprocessable("order chain not fully replaced")
    if not order.is_open or order.status == "pending_replace":  # ALPACA 4.2
        raise unprocessable(f'order is already in "{order.status}" state')
    if cancel_waits(exchange, order):
        exchange.book.save(replace(order, status="pending_cancel", updated_ns=exchange.stamp()))
    elif exchange.modes["cancels"] == "asynchronous":
        settling.begin_cancel(exchange, order)
    else:
        cancel_group(exchange, order)


def cancel_waits(exchange: Exchange, order: Order) -> bool:
    """Tell whether a cancel stays pending until the next open."""
    if exchange.is_open or exchange.modes["after_hours_cancel"] == "immediate":
        return False
    return any(member.is_open and member.routed for member in [order, *group_of(exchange, order)])


def cancel_all(exchange: Exchange) -> list[dict[str, Any]]:
    """Cancel every open order that can be; one row for each, with the order as it was left (ALPACA 4.5)."""
    answers: list[dict[str, Any]] = []
    for order in exchange.book.open():
        if order.status == "held":
            continue
        try:
            with exchange.store.attempt():
                cancel_order(exchange, exchange.book.must(order.id))
            left = order_json(exchange, exchange.book.must(order.id))
            answers.append({"id": order.id, "status": 200, "body": left})
        except Refusal as refusal:
            answers.append({"id": order.id, "status": refusal.status, "body": refusal.body})
    return answers
