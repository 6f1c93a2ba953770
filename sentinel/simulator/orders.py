"""Takes new orders: the rules that look at the market, the position and the book, then the order and its legs."""

from __future__ import annotations

from dataclasses import replace
from datetime import time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sentinel.simulator import account, positions, reservations, sessions
from sentinel.simulator.book import Order
from sentinel.simulator.errors import bad_parameter, forbidden, unprocessable
from sentinel.simulator.lifecycle import fill_rest, finish
from sentinel.simulator.shapes import number
from sentinel.simulator.validation import OrderRequest, read_order

if TYPE_CHECKING:
    from sentinel.simulator.exchange import Exchange

_CENT = Decimal("0.01")
_ZERO = Decimal(0)
GTC_LIFE = timedelta(days=90)  # ALPACA 2.3
_SMALLEST_BUY = Decimal(1)  # ALPACA 7.4
_AUCTION_ENDS = {"opg": time(9, 28), "cls": time(15, 50)}  # ALPACA 2.5, New York time
_AUCTION_QUEUE = time(19, 0)
_LARGEST_LEVERAGE = 6  # ALPACA 9.5: a position beyond six times the equity can only be closed


def submit(exchange: Exchange, body: dict[str, Any]) -> tuple[Order, list[Order]]:
    """Take an order; return it and its legs as the answer shows them, before anything filled.

    Raises Refusal, with nothing changed. In session the answer reads `pending_new`, after hours `accepted`; what the
    order became since is in the book (ALPACA 2.4, 5.1).
    """
    request = read_order(body)
    require_new_client_order_id(exchange, request.client_order_id)
    order = _entry(exchange, request)
    _check_account(exchange, order)
    _check_hours(exchange, request)
    _check_asset(exchange, request)
    _check_position(exchange, request, order)
    _check_market(exchange, request)
    reservations.require_no_wash_trade(exchange, order)
    require_buying_power(exchange, order)
    order = exchange.book.add(order)
    legs = [exchange.book.add(leg) for leg in _legs(exchange, request, order)]
    shown = replace(order, status="pending_new") if exchange.is_open else order
    if exchange.is_open:
        fill_if_marketable(exchange, order)
    return shown, legs


def require_new_client_order_id(exchange: Exchange, client_order_id: str | None) -> None:
    """Refuse a client order id any order ever had, whatever its status (ALPACA 8)."""
    if client_order_id and exchange.book.by_client_order_id(client_order_id):
        raise bad_parameter("client_order_id must be unique")


def _entry(exchange: Exchange, request: OrderRequest) -> Order:
    """Build the order a request asks for; an OCO's own order is its take-profit (ALPACA 1.16)."""
    order_id, at_ns = exchange.new_id(), exchange.stamp()
    is_oco = request.order_class == "oco"
    order = Order(
        seq=0,
        id=order_id,
        client_order_id=request.client_order_id or exchange.new_id(),
        symbol=request.symbol,
        side=request.side,
        type=request.type,
        order_class=request.order_class,
        time_in_force=request.time_in_force,
        position_intent=_intent(exchange, request),
        status="new" if exchange.is_open else "accepted",
        qty=request.qty,
        notional=request.notional,
        limit_price=request.take_profit_limit if is_oco else request.limit_price,
        stop_price=request.stop_price,
        created_ns=at_ns,
        submitted_ns=at_ns,
        updated_ns=at_ns,
        chain_id=order_id,
        trail_price=request.trail_price,
        trail_percent=request.trail_percent,
        extended_hours=request.extended_hours,
        role="take_profit" if is_oco else "",
        routed=exchange.is_open,
        expires_ns=expiry(exchange, request.time_in_force, at_ns),
    )
    if order.type == "trailing_stop":
        return with_high_water_mark(order, exchange.last_price(order.symbol) or _ZERO)
    return order


def with_high_water_mark(order: Order, price: Decimal) -> Order:
    """Return a trailing stop after a trade at `price`: the mark moves one way only, the stop keeps its distance."""
    mark = order.hwm or price
    mark = min(mark, price) if order.is_buy else max(mark, price)
    distance = order.trail_price if order.trail_price is not None else mark * (order.trail_percent or _ZERO) / 100
    stop = mark + distance if order.is_buy else mark - distance
    return replace(order, hwm=mark, stop_price=round(stop, 4))


def _intent(exchange: Exchange, request: OrderRequest) -> str:
    held = positions.position_qty(exchange, request.symbol)
    if request.is_buy:
        return "buy_to_close" if held < 0 else "buy_to_open"
    return "sell_to_close" if held > 0 else "sell_to_open"


def expiry(exchange: Exchange, time_in_force: str, created_ns: int) -> int:
    """Return when an order dies: its session's close, or for GTC 90 days on at 16:00 New York (ALPACA 2.2, 2.3)."""
    if time_in_force == "gtc":
        return sessions.new_york_ns(sessions.new_york_day(created_ns) + GTC_LIFE, sessions.CLOSE)
    return exchange.next_session.close_ns


def _check_account(exchange: Exchange, order: Order) -> None:
    """Refuse what the account's flags forbid (ALPACA 9.5)."""
    flags = account.flags(exchange)
    if account.configurations(exchange)["suspend_trade"]:
        raise forbidden("new orders are rejected by user request")
    if flags["account_blocked"] or flags["trading_blocked"]:
        raise forbidden("account is not authorized to trade")
    if flags["liquidation_only"] and order.position_intent.endswith("_to_open"):
        raise forbidden("account is restricted to liquidation only")


def _check_hours(exchange: Exchange, request: OrderRequest) -> None:
    """Refuse an auction order too late for its auction and too early for the next (ALPACA 2.5), if the mode does."""
    if request.time_in_force not in _AUCTION_ENDS or exchange.modes["auction_windows"] == "open":
        return
    now = sessions.new_york_time(exchange.now_ns)
    is_session = sessions.session_on(sessions.new_york_day(exchange.now_ns)) is not None
    if is_session and _AUCTION_ENDS[request.time_in_force] < now < _AUCTION_QUEUE:
        end = f"{_AUCTION_ENDS[request.time_in_force]:%H:%M}"
        raise unprocessable(f"{request.time_in_force} orders must be submitted after 19:00 and before {end} ET")


def _check_asset(exchange: Exchange, request: OrderRequest) -> None:
    asset = exchange.store.row("SELECT * FROM asset WHERE symbol = ?", (request.symbol,))
    if asset is None:
        raise unprocessable(f'asset "{request.symbol}" not found')  # ALPACA 7.3
    if not asset["tradable"] and not _intent(exchange, request).endswith("_to_close"):
        raise unprocessable(f'asset "{request.symbol}" is not tradable')  # ALPACA 10.6: closing only
    if request.is_fractional and not asset["fractionable"]:
        raise forbidden(f'asset "{request.symbol}" is not fractionable')  # ALPACA 7.3


def _check_position(exchange: Exchange, request: OrderRequest, order: Order) -> None:
    intent = order.position_intent
    if request.position_intent and request.position_intent != intent:  # ALPACA 6.6
        raise unprocessable(f"position intent mismatch, inferred: {intent}, specified: {request.position_intent}")
    closes = intent.endswith("_to_close")
    if request.order_class == "bracket" and closes:  # ALPACA 1.2
        raise unprocessable("bracket orders must be entry orders")
    if request.order_class == "oco" and not closes:  # ALPACA 1.2
        raise unprocessable("oco orders must be exit orders")
    if closes:
        reservations.require_available(exchange, order, positions.position_qty(exchange, order.symbol))
        return
    if intent == "sell_to_open":
        now = account.figures(exchange)
        allowed = now.multiplier > 1 and not account.configurations(exchange)["no_shorting"]
        reservations.require_shortable(exchange, order, allowed=allowed)
    if positions.position_of(exchange, order.symbol) is None:
        reservations.require_no_opposite_opening(exchange, order)


def _check_market(exchange: Exchange, request: OrderRequest) -> None:
    price = exchange.last_price(request.symbol)
    if price is None:
        return
    if request.order_class != "oco" and request.type in ("stop", "stop_limit") and request.stop_price:
        require_stop_beyond_market(request.side, request.stop_price, price)
    if request.order_class:
        _check_legs_against_base(request, price)
    value = request.notional or (request.qty or _ZERO) * (request.limit_price or price)
    if request.is_buy and value < _SMALLEST_BUY:  # ALPACA 7.4: sells are exempt
        raise unprocessable("cost basis must be >= minimal amount of order 1")


def require_stop_beyond_market(side: str, stop_price: Decimal, price: Decimal) -> None:
    """Refuse a stop that would trigger at once, after hours too, against the last price (ALPACA 7.2)."""
    if side == "sell" and stop_price >= price:
        message = "stop price must be less than current price"
    elif side == "buy" and stop_price <= price:
        message = "stop price must be greater than current price"
    else:
        return
    raise unprocessable(message, market_price=number(price) or "", stop_price=number(stop_price) or "")


def _check_legs_against_base(request: OrderRequest, price: Decimal) -> None:
    """Apply ALPACA 1.10: the stop a cent beyond the entry limit (or OCO target) and beyond the market, each."""
    protects_long = request.is_buy != (request.order_class == "oco")
    anchor = request.take_profit_limit if request.order_class == "oco" else request.limit_price
    sign, bound = (-1, "<= base_price - 0.01") if protects_long else (1, ">= base_price + 0.01")
    for base in (anchor, price):
        stop = request.stop_loss_stop
        if base is not None and stop is not None and (stop - base) * sign < _CENT:
            raise unprocessable(f"stop_loss.stop_price must be {bound}", base_price=number(base) or "")
    if request.order_class == "oco" or request.take_profit_limit is None:
        return
    base = anchor or price
    bound = ">= base_price + 0.01" if protects_long else "<= base_price - 0.01"
    if (base - request.take_profit_limit) * sign < _CENT:
        raise unprocessable(f"take_profit.limit_price must be {bound}", base_price=number(base) or "")


def require_buying_power(exchange: Exchange, order: Order, released: Decimal = _ZERO) -> None:
    """Refuse an opening order that costs more than the buying power, `released` dollars added to it (ALPACA 9.3)."""
    cost = order.opening_cost(exchange.last_price(order.symbol))
    if not cost:
        return
    now = account.figures(exchange)
    if now.largest_value > now.equity * _LARGEST_LEVERAGE:
        raise forbidden("account is restricted to liquidation only")
    power = now.buying_power + released
    if cost > power:
        raise forbidden(
            "insufficient buying power", buying_power=number(round(power, 2)), cost_basis=number(round(cost, 2))
        )


def _legs(exchange: Exchange, request: OrderRequest, parent: Order) -> list[Order]:
    """Build the `held` legs: opposite side, the parent's quantity and time in force (ALPACA 1.4, 1.15)."""
    legs = []
    if request.order_class != "oco" and request.take_profit_limit is not None:
        legs.append(_leg(exchange, parent, "take_profit", "limit", request.take_profit_limit, None))
    if request.stop_loss_stop is not None:
        kind = "stop" if request.stop_loss_limit is None else "stop_limit"
        legs.append(_leg(exchange, parent, "stop_loss", kind, request.stop_loss_limit, request.stop_loss_stop))
    return legs


def _leg(exchange: Exchange, parent: Order, role: str, kind: str, limit: Decimal | None, stop: Decimal | None) -> Order:
    is_oco = parent.order_class == "oco"
    side = parent.side if is_oco else ("sell" if parent.is_buy else "buy")
    leg_id = exchange.new_id()
    shares_time = exchange.modes["leg_timestamps"] == "shared"
    at_ns = parent.submitted_ns if shares_time else exchange.stamp()
    return replace(
        parent,
        seq=0,
        id=leg_id,
        client_order_id=exchange.new_id(),
        side=side,
        type=kind,
        position_intent=parent.position_intent if is_oco else f"{side}_to_close",
        status="held",
        limit_price=limit,
        stop_price=stop,
        submitted_ns=at_ns,
        updated_ns=at_ns,
        chain_id=leg_id,
        parent_id=parent.id,
        role=role,
        # The stop of an OCO is watched from the start, once its target is at a venue; other legs wait for the entry.
        routed=is_oco and parent.routed,
        armed=is_oco,
    )


def fill_if_marketable(exchange: Exchange, order: Order) -> Order:
    """Fill at the last price, in session, an order that needs no better one; end what may not rest (ALPACA 2.1)."""
    price = exchange.last_price(order.symbol)
    halted = exchange.store.row("SELECT halted FROM asset WHERE symbol = ?", (order.symbol,))
    trades = price is not None and exchange.bars.on(order.symbol, exchange.phase.day) is not None
    waits = order.time_in_force in ("opg", "cls") or order.type not in ("market", "limit") or order.status == "held"
    if price and trades and not waits and not (halted and halted["halted"]):
        limit = order.limit_price
        if limit is None or (price <= limit if order.is_buy else price >= limit):
            return fill_rest(exchange, order, price)
    if order.time_in_force in ("ioc", "fok"):
        return finish(exchange, order, "canceled")
    return order
