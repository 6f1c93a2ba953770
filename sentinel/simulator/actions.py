"""Does what happens behind a client's back: hand trades, partial fills, halts, cancels, blocked accounts."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from sentinel.simulator import account, corporate_actions, positions
from sentinel.simulator.amendments import swap
from sentinel.simulator.book import OPEN_STATUSES, TERMINAL_STATUSES, Order
from sentinel.simulator.errors import BadControl
from sentinel.simulator.lifecycle import cancel_group, expire, fill, reject
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
    held, at_ns, order_id = positions.position_qty(exchange, symbol), exchange.stamp(), exchange.new_id()
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
    expire(exchange, order)
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
    symbol, ratio = _symbol(exchange, given), _positive(given, "ratio")
    if ratio == 1:
        raise BadControl("ratio must not be 1")
    corporate_actions.split(exchange, symbol, ratio)
    return {"symbol": symbol, "ratio": str(ratio)}


def _dividend(exchange: Exchange, given: dict[str, Any]) -> dict[str, Any]:
    symbol, amount = _symbol(exchange, given), _positive(given, "amount")
    corporate_actions.pay_dividend(exchange, symbol, amount)
    return {"symbol": symbol, "amount": str(amount)}


def _rename(exchange: Exchange, given: dict[str, Any]) -> dict[str, Any]:
    symbol, new, new_cusip = _symbol(exchange, given), str(given.get("to") or "").upper(), given.get("new_cusip", False)
    if not re.fullmatch(r"[A-Z]{1,5}(\.[A-Z])?", new) or not isinstance(new_cusip, bool):
        raise BadControl("rename needs a symbol to rename to, and new_cusip true or false")
    corporate_actions.rename(exchange, symbol, new, new_cusip=new_cusip)
    return {"symbol": new, "asset_id": exchange.asset_id(new)}


def _account(exchange: Exchange, given: dict[str, Any]) -> dict[str, Any]:
    if not given or any(name not in account.FLAGS or not isinstance(value, bool) for name, value in given.items()):
        raise BadControl(f"account needs some of {', '.join(account.FLAGS)}, true or false")
    account.set_flags(exchange, given)
    return account.flags(exchange)


def _status(exchange: Exchange, given: dict[str, Any]) -> dict[str, Any]:
    """Show an order in a status it would take a venue to reach (ALPACA 5.1); nothing else about it changes."""
    order, status = _open_order(exchange, given), given.get("status")
    if status not in OPEN_STATUSES and status not in TERMINAL_STATUSES:
        raise BadControl(f"status must be one of {', '.join(sorted({*OPEN_STATUSES, *TERMINAL_STATUSES}))}")
    exchange.book.save(replace(order, status=status, updated_ns=exchange.stamp()))
    return _now(exchange, order)


ACTIONS = {
    "split": _split,
    "dividend": _dividend,
    "rename": _rename,
    "partial_fill": _partial_fill,
    "halt": _halt,
    "resume": _resume,
    "cancel": _cancel,
    "replace": _replace,
    "reject": _reject,
    "expire": _expire,
    "status": _status,
    "asset": _asset,
    "account": _account,
    "cash": _cash,
}
