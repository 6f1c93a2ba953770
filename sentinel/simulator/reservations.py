"""Says which shares open orders hold, and refuses what would sell them twice, trade with itself or open a short."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from sentinel.simulator import settling
from sentinel.simulator.errors import Refusal, forbidden, unprocessable
from sentinel.simulator.shapes import number

if TYPE_CHECKING:
    from sentinel.simulator.book import Order
    from sentinel.simulator.exchange import Exchange

_ZERO = Decimal(0)
_PRICED = ("limit", "stop_limit")


def held_for_orders(exchange: Exchange, symbol: str, side: str, but_group: str = "") -> Decimal:
    """Return the shares open orders of one side hold, one group left out if asked (ALPACA 6.1), and lingering ones."""
    return exchange.book.holdings.qty(symbol, side, but_group) + settling.lingering_qty(exchange, symbol, side)


def _holding_ids(exchange: Exchange, symbol: str, side: str, but_group: str) -> list[str]:
    """Name the orders that hold shares, each by the first of its chain of replacements (ALPACA 3.9)."""
    holding = (order for order in exchange.book.open(symbol, side) if order.holds_shares)
    ids = [order.chain_id for order in holding if order.group_id != but_group]
    return [*ids, *settling.lingering_ids(exchange, symbol, side)]


def require_available(exchange: Exchange, order: Order, position: Decimal, but_group: str = "") -> None:
    """Refuse an order against a position for more shares than are free of other orders (ALPACA 6.1)."""
    held = held_for_orders(exchange, order.symbol, order.side, but_group)
    available = max(abs(position) - held, _ZERO)
    wanted = order.leaves_qty
    if order.qty is None:
        wanted = round((order.notional or _ZERO) / (exchange.last_price(order.symbol) or 1), 9)
    if wanted <= available:
        return
    requested, free = number(wanted), number(available)
    ids = _holding_ids(exchange, order.symbol, order.side, but_group)
    related = {"related_orders": ids} if ids else {}
    raise forbidden(
        f"insufficient qty available for order (requested: {requested}, available: {free})",
        available=free,
        existing_qty=number(position),
        held_for_orders=number(held),
        symbol=order.symbol,
        **related,
    )


def require_no_opposite_opening(exchange: Exchange, order: Order) -> None:
    """Refuse, without a position, to open one side while an order to open the other is there (ALPACA 6.5)."""
    if exchange.book.opens(order.symbol, order.opposite_side):
        long, short = "a long buy", "a short sell"
        wanted, existing = (long, short) if order.is_buy else (short, long)
        raise forbidden(f"cannot open {wanted} while {existing} order is open")


def require_no_wash_trade(exchange: Exchange, new: Order) -> None:
    """Refuse an order that could trade with an open one of the other side (ALPACA 6.2, 6.3)."""
    # ALPACA 6.3: complex orders and trailing stops are exceptions, as new ones and as existing ones.
    if new.is_complex or new.type == "trailing_stop":
        return
    # Whether an open OTO is an exception, nobody measured: a mode says.
    classes = ("", "oto") if exchange.modes["oto_wash_trade"] == "refused" else ("",)
    for order_class in classes:
        if existing := _crossing(exchange, new, order_class, ("market", "stop"), None):
            raise _wash(existing, "opposite side market/stop order exists")
        if new.type not in _PRICED and (existing := _crossing(exchange, new, order_class, _PRICED, None)):
            raise _wash(existing, "opposite side limit order exists. use complex/limit/stop_limit orders")
        if new.type in _PRICED and (existing := _crossing(exchange, new, order_class, _PRICED, new.limit_price)):
            _refuse_crossing(existing, new)


def _crossing(
    exchange: Exchange, new: Order, order_class: str, types: tuple[str, ...], bound: Decimal | None
) -> Order | None:
    return exchange.book.crossing(new.symbol, new.opposite_side, order_class, types, bound)


def _refuse_crossing(existing: Order, new: Order) -> None:
    buy, sell = (new, existing) if new.is_buy else (existing, new)
    buy_price, sell_price = buy.limit_price or _ZERO, sell.limit_price or _ZERO
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
