"""Says which shares open orders hold, and refuses what would sell them twice, trade with itself or open a short."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from sentinel.simulator.errors import Refusal, forbidden, unprocessable
from sentinel.simulator.shapes import number

if TYPE_CHECKING:
    from sentinel.simulator.book import Order
    from sentinel.simulator.exchange import Exchange

_ZERO = Decimal(0)
_PRICED = ("limit", "stop_limit")


@dataclass(frozen=True, slots=True)
class Held:
    """Shares held for open orders, and the orders that hold them."""

    qty: Decimal
    order_ids: tuple[str, ...]


def held_for_orders(exchange: Exchange, symbol: str, side: str, but_group: str = "") -> Held:
    """Return what the open orders of one side hold (ALPACA 6.1), one group left out if asked.

    The members of a group hold the same shares once; legs waiting for their entry hold nothing.
    """
    by_group: dict[str, Decimal] = {}
    ids: list[str] = []
    for order in exchange.book.open(symbol, side):
        waiting = order.status == "held" and not order.armed
        if waiting or order.group_id == but_group:
            continue
        by_group[order.group_id] = max(by_group.get(order.group_id, _ZERO), order.leaves_qty)
        # ALPACA 3.9: held shares stay keyed to the first order of a chain of replacements.
        ids.append(order.chain_id)
    return Held(sum(by_group.values(), _ZERO), tuple(ids))


def require_available(exchange: Exchange, order: Order, position: Decimal, but_group: str = "") -> None:
    """Refuse an order against a position for more shares than are free of other orders (ALPACA 6.1)."""
    held = held_for_orders(exchange, order.symbol, order.side, but_group)
    available = max(abs(position) - held.qty, _ZERO)
    wanted = order.leaves_qty
    if order.qty is None:
        wanted = round((order.notional or _ZERO) / (exchange.last_price(order.symbol) or 1), 9)
    if wanted <= available:
        return
    requested, free = number(wanted), number(available)
    related = {"related_orders": list(held.order_ids)} if held.order_ids else {}
    raise forbidden(
        f"insufficient qty available for order (requested: {requested}, available: {free})",
        available=free,
        existing_qty=number(position),
        held_for_orders=number(held.qty),
        symbol=order.symbol,
        **related,
    )


def require_no_opposite_opening(exchange: Exchange, order: Order) -> None:
    """Refuse, without a position, to open one side while an order to open the other is there (ALPACA 6.5)."""
    opposite = [
        other
        for other in exchange.book.open(order.symbol, order.opposite_side)
        if other.position_intent.endswith("_to_open")
    ]
    if opposite and order.is_buy:
        raise forbidden("cannot open a long buy while a short sell order is open")
    if opposite:
        raise forbidden("cannot open a short sell while a long buy order is open")


def require_no_wash_trade(exchange: Exchange, new: Order) -> None:
    """Refuse an order that could trade with an open one of the other side (ALPACA 6.2, 6.3)."""
    if _is_exempt(exchange, new, as_existing=False):
        return
    for existing in exchange.book.open(new.symbol, new.opposite_side):
        if not _is_exempt(exchange, existing, as_existing=True):
            _refuse_if_washing(existing, new)


def _is_exempt(exchange: Exchange, order: Order, *, as_existing: bool) -> bool:
    # ALPACA 6.3: complex orders and trailing stops are exceptions; whether an open OTO is one, a mode says.
    if as_existing and order.order_class == "oto" and exchange.modes["oto_wash_trade"] == "refused":
        return order.status == "held"
    return order.is_complex or order.type == "trailing_stop"


def _refuse_if_washing(existing: Order, new: Order) -> None:
    if existing.type not in _PRICED:
        raise _wash(existing, "opposite side market/stop order exists")
    if new.type not in _PRICED:
        raise _wash(existing, "opposite side limit order exists. use complex/limit/stop_limit orders")
    buy, sell = (new, existing) if new.is_buy else (existing, new)
    buy_price, sell_price = buy.limit_price or _ZERO, sell.limit_price or _ZERO
    if buy_price < sell_price:
        return
    prices = {"buy_limit_price": number(buy_price) or "", "sell_limit_price": number(sell_price) or ""}
    if new.is_buy:
        reason = "sell order exists, buy limit price should be less than existing sell limit price"
    else:
        reason = "buy order exists, sell limit price should be greater than existing buy limit price"
    raise _wash(existing, reason, **prices)


def _wash(existing: Order, reason: str, **prices: str) -> Refusal:
    return forbidden(
        "potential wash trade detected. use complex orders",
        existing_order_id=existing.id,
        reject_reason=reason,
        **prices,
    )


def require_shortable(exchange: Exchange, order: Order, *, allowed: bool) -> None:
    """Refuse to open a short where the account, the asset or the quantity forbids it (ALPACA 6.5)."""
    if order.qty is None or order.qty != order.qty.to_integral_value():
        raise unprocessable("fractional orders cannot be sold short")
    if not allowed:
        raise forbidden("account is not allowed to short")
    asset = exchange.store.row("SELECT shortable FROM asset WHERE symbol = ?", (order.symbol,))
    if asset is None or not asset["shortable"]:
        raise unprocessable(f"asset {order.symbol} cannot be sold short")
