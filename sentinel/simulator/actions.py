"""Does what happens behind a client's back: hand trades, splits, partial fills, halts, cancels, rejections."""

from __future__ import annotations

from dataclasses import replace
from decimal import ROUND_DOWN, Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from sentinel.simulator import account
from sentinel.simulator.account import Position
from sentinel.simulator.amendments import swap
from sentinel.simulator.book import Order
from sentinel.simulator.errors import BadControl
from sentinel.simulator.lifecycle import cancel_group, fill, finish, reject
from sentinel.simulator.shapes import fill_json, order_json

if TYPE_CHECKING:
    from sentinel.simulator.exchange import Exchange

_FLAGS = ("tradable", "shortable", "fractionable")


def perform(exchange: Exchange, wanted: dict[str, Any]) -> dict[str, Any]:
    """Perform each action named in the body; BadControl when one makes no sense."""
    if not wanted or any(name not in ACTIONS or not isinstance(given, dict) for name, given in wanted.items()):
        raise BadControl(f"an action is one of {', '.join(ACTIONS)}, with an object")
    return {name: ACTIONS[name](exchange, given) for name, given in wanted.items()}


def trade(exchange: Exchange, given: dict[str, Any]) -> dict[str, Any]:
    """Fill an order by hand, open market or not: the trader's phone. No rule is checked."""
    symbol, side, qty = _symbol(exchange, given), given.get("side"), _positive(given, "qty")
    if side not in ("buy", "sell"):
        raise BadControl("side must be buy or sell")
    price = _positive(given, "price") if given.get("price") is not None else exchange.last_price(symbol)
    if price is None:
        raise BadControl(f"{symbol} has no price yet: give one")
    held, at_ns, order_id = account.position_qty(exchange, symbol), exchange.stamp(), exchange.new_id()
    closes = held * (1 if side == "sell" else -1) > 0
    order = Order(
        seq=0,
        id=order_id,
        client_order_id=exchange.new_id(),
        symbol=symbol,
        side=side,
        type="market",
        order_class="",
        time_in_force="day",
        position_intent=f"{side}_to_{'close' if closes else 'open'}",
        status="new",
        qty=qty,
        notional=None,
        limit_price=None,
        stop_price=None,
        created_ns=at_ns,
        submitted_ns=at_ns,
        updated_ns=at_ns,
        chain_id=order_id,
        routed=True,
        expires_ns=exchange.next_session.close_ns,
    )
    order = fill(exchange, exchange.book.add(order), qty, price)
    activity = exchange.store.row("SELECT * FROM fill WHERE order_id = ?", (order_id,))
    return {"order": order_json(exchange, order), "fill": fill_json(activity) if activity else None}


def _number(given: dict[str, Any], name: str) -> Decimal:
    try:
        amount = Decimal(str(given.get(name)))
    except InvalidOperation as error:
        raise BadControl(f"{name} must be a number: {given.get(name)!r}") from error
    if not amount.is_finite():
        raise BadControl(f"{name} must be a number: {given.get(name)!r}")
    return amount


def _positive(given: dict[str, Any], name: str) -> Decimal:
    amount = _number(given, name)
    if amount <= 0:
        raise BadControl(f"{name} must be > 0")
    return amount


def _symbol(exchange: Exchange, given: dict[str, Any]) -> str:
    symbol = str(given.get("symbol") or "").upper()
    if exchange.store.row("SELECT 1 FROM asset WHERE symbol = ?", (symbol,)) is None:
        raise BadControl(f"unknown symbol {symbol!r}: post its bars first")
    return symbol


def _open_order(exchange: Exchange, given: dict[str, Any]) -> Order:
    order = exchange.book.get(str(given.get("order_id")))
    if order is None:
        raise BadControl(f"no order {given.get('order_id')!r}")
    if not order.is_open:
        raise BadControl(f"order {order.id} is already {order.status}")
    return order


def _now(exchange: Exchange, order: Order) -> dict[str, Any]:
    return order_json(exchange, exchange.book.must(order.id))


def _partial_fill(exchange: Exchange, given: dict[str, Any]) -> dict[str, Any]:
    order, qty = _open_order(exchange, given), _positive(given, "qty")
    if qty > order.leaves_qty:
        raise BadControl(f"order {order.id} leaves only {order.leaves_qty}")
    price = _positive(given, "price") if given.get("price") is not None else None
    price = price or order.limit_price or order.stop_price or exchange.last_price(order.symbol)
    if price is None:
        raise BadControl(f"{order.symbol} has no price yet: give one")
    fill(exchange, order, qty, price)
    return _now(exchange, order)


def _cancel(exchange: Exchange, given: dict[str, Any]) -> dict[str, Any]:
    order = _open_order(exchange, given)
    cancel_group(exchange, order)
    return _now(exchange, order)


def _reject(exchange: Exchange, given: dict[str, Any]) -> dict[str, Any]:
    order = _open_order(exchange, given)
    reject(exchange, order)
    return _now(exchange, order)


def _expire(exchange: Exchange, given: dict[str, Any]) -> dict[str, Any]:
    order = _open_order(exchange, given)
    finish(exchange, order, "expired")
    for leg in exchange.book.legs(order.id):
        if leg.is_open:
            finish(exchange, leg, "expired")
    return _now(exchange, order)


def _replace(exchange: Exchange, given: dict[str, Any]) -> dict[str, Any]:
    order = _open_order(exchange, given)
    changes: dict[str, Any] = {
        name: _positive(given, name) for name in ("stop_price", "limit_price", "qty") if name in given
    }
    if not changes:
        raise BadControl("replace needs stop_price, limit_price or qty")
    return order_json(exchange, swap(exchange, order, replace(order, client_order_id="", **changes)))


def _halt(exchange: Exchange, given: dict[str, Any]) -> dict[str, Any]:
    symbol, halted = _symbol(exchange, given), given.get("on", True) is not False
    exchange.store.execute("UPDATE asset SET halted = ? WHERE symbol = ?", (int(halted), symbol))
    return {"symbol": symbol, "halted": halted}


def _resume(exchange: Exchange, given: dict[str, Any]) -> dict[str, Any]:
    return _halt(exchange, {**given, "on": False})


def _asset(exchange: Exchange, given: dict[str, Any]) -> dict[str, Any]:
    symbol = _symbol(exchange, given)
    flags = {name: given[name] for name in _FLAGS if isinstance(given.get(name), bool)}
    if not flags:
        raise BadControl(f"asset needs one of {', '.join(_FLAGS)}, true or false")
    for name, value in flags.items():
        sql = f"UPDATE asset SET {name} = ? WHERE symbol = ?"  # noqa: S608 - one of _FLAGS
        exchange.store.execute(sql, (int(value), symbol))
    return {"symbol": symbol, **flags}


def _cash(exchange: Exchange, given: dict[str, Any]) -> dict[str, Any]:
    exchange.cash += _number(given, "amount")
    return {"cash": str(exchange.cash)}


def _split(exchange: Exchange, given: dict[str, Any]) -> dict[str, Any]:
    """Split at once (ALPACA 10.7); bars up to today stay in old units, later ones are in new ones."""
    symbol, ratio = _symbol(exchange, given), _positive(given, "ratio")
    if ratio == 1:
        raise BadControl("ratio must not be 1")
    price = exchange.last_price(symbol)
    day = exchange.phase.day.isoformat()
    values = {"symbol": symbol, "ratio": format(ratio, "f"), "through_day": day, "at_ns": exchange.stamp()}
    exchange.store.insert("split", values)
    position = account.position_of(exchange, symbol)
    if position:
        _split_position(exchange, position, ratio, price)
    for order in exchange.book.open(symbol):
        current = exchange.book.must(order.id)
        if current.is_open and current.time_in_force == "gtc":
            _split_order(exchange, current, ratio)
    return {"symbol": symbol, "ratio": str(ratio)}


def _split_position(exchange: Exchange, position: Position, ratio: Decimal, price: Decimal | None) -> None:
    """Multiply the shares; a fraction of a share a reverse split leaves is paid out in cash."""
    exact = position.qty * ratio
    qty = exact if ratio > 1 else exact.quantize(Decimal(1), ROUND_DOWN)
    exchange.cash += (exact - qty) * (price or position.avg_entry_price) / ratio
    average = round(position.avg_entry_price / ratio, 6)
    account.put_position(exchange, replace(position, qty=qty, avg_entry_price=average))


def _split_order(exchange: Exchange, order: Order, ratio: Decimal) -> None:
    """ALPACA 10.7: reverse cancels every GTC order; forward adjusts buy limits and sell stops, no others."""
    if ratio < 1:
        cancel_group(exchange, order)
        return
    adjusted = order.type in ("limit", "stop_limit") if order.is_buy else order.type in ("stop", "stop_limit")
    if not adjusted or order.qty is None:
        return
    prices: dict[str, Any] = {
        name: round(price / ratio, 2)
        for name, price in (("limit_price", order.limit_price), ("stop_price", order.stop_price))
        if price is not None
    }
    average = order.filled_avg_price / ratio if order.filled_avg_price else None
    filled = order.filled_qty * ratio
    new = replace(order, **prices, qty=order.qty * ratio, filled_qty=filled, filled_avg_price=average)
    if exchange.modes["split_orders"] == "replaced":
        swap(exchange, order, replace(new, client_order_id=""))
    else:
        exchange.book.save(replace(new, updated_ns=exchange.stamp()))


ACTIONS = {
    "split": _split,
    "partial_fill": _partial_fill,
    "halt": _halt,
    "resume": _resume,
    "cancel": _cancel,
    "replace": _replace,
    "reject": _reject,
    "expire": _expire,
    "asset": _asset,
    "cash": _cash,
}
