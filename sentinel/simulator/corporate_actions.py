"""Splits, dividends and new names: what they do to positions, orders, bars and cash, and how they are announced."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from decimal import ROUND_DOWN, Decimal
from typing import TYPE_CHECKING, Any

from sentinel.simulator import positions, sessions
from sentinel.simulator.amendments import swap
from sentinel.simulator.errors import BadControl
from sentinel.simulator.lifecycle import cancel_group
from sentinel.simulator.positions import Position
from sentinel.simulator.settling import settle_replacements
from sentinel.simulator.shapes import number

if TYPE_CHECKING:
    from sentinel.simulator.book import Order
    from sentinel.simulator.exchange import Exchange

_CENT = Decimal("0.01")


# -- splits ----------------------------------------------------------------------------------------------------------


def split(exchange: Exchange, symbol: str, ratio: Decimal) -> None:
    """Split at once (ALPACA 10.7); bars up to today stay in old units, later ones are in new ones."""
    price = exchange.last_price(symbol)
    day, at_ns = exchange.phase.day.isoformat(), exchange.stamp()
    values = {"symbol": symbol, "ratio": format(ratio, "f"), "through_day": day, "at_ns": at_ns}
    exchange.store.insert("split", values)
    position = positions.position_of(exchange, symbol)
    if position:
        gained = _split_position(exchange, position, ratio, price)
        _record(exchange, "SPLIT", {"symbol": symbol, "qty": number(gained), "net_amount": "0"})
    if ratio > 1:
        # Nobody measured what it does to a replacement under way: here the venue confirms that first.
        settle_replacements(exchange, symbol)
    for order in exchange.book.open(symbol):
        current = exchange.book.must(order.id)
        if current.is_open and current.time_in_force == "gtc":
            _split_order(exchange, current, ratio)


def _split_position(exchange: Exchange, position: Position, ratio: Decimal, price: Decimal | None) -> Decimal:
    """Multiply the shares; a fraction of a share a reverse split leaves is paid out in cash. Return what was gained."""
    exact = position.qty * ratio
    qty = exact if ratio > 1 else exact.quantize(Decimal(1), ROUND_DOWN)
    exchange.cash += (exact - qty) * (price or position.avg_entry_price) / ratio
    average = round(position.avg_entry_price / ratio, 6)
    positions.put_position(exchange, replace(position, qty=qty, avg_entry_price=average))
    return qty - position.qty


def _split_order(exchange: Exchange, order: Order, ratio: Decimal) -> None:
    """ALPACA 10.7: reverse cancels every GTC order; forward adjusts buy limits and sell stops, no others."""
    if ratio < 1:
        cancel_group(exchange, order)
        return
    adjusted = order.type in ("limit", "stop_limit") if order.is_buy else order.type in ("stop", "stop_limit")
    if not adjusted or order.qty is None:
        return
    average = order.filled_avg_price / ratio if order.filled_avg_price else None
    filled = order.filled_qty * ratio
    prices = _prices(order, lambda price: price / ratio)
    new = replace(order, **prices, qty=order.qty * ratio, filled_qty=filled, filled_avg_price=average)
    if exchange.modes["split_orders"] == "replaced":
        swap(exchange, order, replace(new, client_order_id=""))
    else:
        exchange.book.save(replace(new, updated_ns=exchange.stamp()))


def _prices(order: Order, change: Any) -> dict[str, Any]:
    """Return the order's limit and stop after a change, in whole cents."""
    named = (("limit_price", order.limit_price), ("stop_price", order.stop_price))
    return {name: round(change(price), 2) for name, price in named if price is not None}


# -- dividends -------------------------------------------------------------------------------------------------------


def pay_dividend(exchange: Exchange, symbol: str, amount: Decimal) -> None:
    """Go ex-dividend at once and pay `amount` dollars a share; shorts pay it (ALPACA 10.9).

    The last price falls with the next bar, not here. BadControl when the dividend is worth more than the share.
    """
    price = exchange.last_price(symbol)
    if price is None or amount >= price:
        raise BadControl(f"a dividend of {amount} needs a price above it: {price}")
    values = {"symbol": symbol, "amount": format(amount, "f"), "factor": format(1 - amount / price, "f")}
    day = exchange.phase.day.isoformat()
    exchange.store.insert("dividend", {**values, "through_day": day, "at_ns": exchange.stamp()})
    held = positions.position_qty(exchange, symbol)
    if held:
        exchange.cash += held * amount
        paid = {"symbol": symbol, "qty": number(held), "per_share_amount": number(amount)}
        _record(exchange, "DIV", {**paid, "net_amount": number(round(held * amount, 2))})
    if exchange.modes["dividend_orders"] == "reduced":
        for order in exchange.book.open(symbol):
            _reduce_order(exchange, order, amount)


def _reduce_order(exchange: Exchange, order: Order, amount: Decimal) -> None:
    """Lower a simple GTC buy limit or sell stop; orders of a group are Do-Not-Reduce (ALPACA 1.11, 10.9)."""
    kinds = ("limit", "stop_limit") if order.is_buy else ("stop", "stop_limit")
    if order.is_complex or order.time_in_force != "gtc" or order.type not in kinds:
        return
    prices = _prices(order, lambda price: max(price - amount, _CENT))
    exchange.book.save(replace(order, **prices, updated_ns=exchange.stamp()))


# -- names -----------------------------------------------------------------------------------------------------------


def rename(exchange: Exchange, old: str, new: str, *, new_cusip: bool) -> None:
    """Give a company another symbol (ALPACA 10.8): position and bars move, with the same CUSIP open orders too.

    With a new CUSIP the old asset becomes inactive, the new one has an id of its own, and open orders are cancelled:
    what Alpaca does to them is not told. BadControl when the new symbol is taken.
    """
    if exchange.store.row("SELECT 1 FROM asset WHERE symbol = ?", (new,)):
        raise BadControl(f"{new} exists already")
    exchange.store.insert("rename", {"old": old, "new": new, "at_ns": exchange.stamp()})
    if new_cusip:
        exchange.store.execute("INSERT INTO asset (symbol) VALUES (?)", (new,))
        exchange.store.execute("UPDATE asset SET active = 0, tradable = 0 WHERE symbol = ?", (old,))
    else:
        sql = "UPDATE asset SET symbol = ?, id_name = coalesce(id_name, symbol) WHERE symbol = ?"
        exchange.store.execute(sql, (new, old))
    for order in exchange.book.open(old):
        current = exchange.book.must(order.id)
        if new_cusip and current.is_open:
            cancel_group(exchange, current)
        elif current.is_open:
            exchange.book.save(replace(current, symbol=new, updated_ns=exchange.stamp()))
    for table in ("bar", "split", "dividend", "position"):
        exchange.store.execute(f"UPDATE {table} SET symbol = ? WHERE symbol = ?", (new, old))  # noqa: S608 - constants
    exchange.forget_names()
    if positions.position_of(exchange, new):
        _record(exchange, "NC", {"symbol": new, "qty": "0", "net_amount": "0"})


# -- what is told about them -----------------------------------------------------------------------------------------


def _record(exchange: Exchange, kind: str, fields: dict[str, Any]) -> None:
    at_ns = exchange.stamp()
    activity = {
        "id": f"{sessions.activity_stamp(at_ns)}::{exchange.new_id()}",
        "activity_type": kind,
        "date": sessions.new_york_day(at_ns).isoformat(),
        "created_at": sessions.utc_text(at_ns),
        "currency": "USD",
        "status": "executed",
        **fields,
    }
    values = {"at_ns": at_ns, "id": activity["id"], "kind": kind, "body": json.dumps(activity)}
    exchange.store.insert("activity", values)


def announcements_json(exchange: Exchange, kinds: set[str], since: date, until: date, symbol: str) -> list[Any]:
    """List the splits and dividends whose ex-date lies in a span, oldest first, in the shape of the documents."""
    found = []
    for table, kind in (("split", "split"), ("dividend", "dividend")):
        rows = exchange.store.rows(f"SELECT * FROM {table} ORDER BY at_ns")  # noqa: S608 - one of two words
        found += [(row["at_ns"], _announcement(exchange, kind, dict(row))) for row in rows if kind in kinds]
    told = [one for _, one in sorted(found, key=lambda pair: pair[0])]
    in_span = (one for one in told if since.isoformat() <= one["ex_date"] <= until.isoformat())
    return [one for one in in_span if symbol in ("", one["target_symbol"])]


def _announcement(exchange: Exchange, kind: str, row: dict[str, Any]) -> dict[str, Any]:
    session = sessions.session_after(date.fromisoformat(row["through_day"]))
    ex_date = session.day.isoformat() if session else row["through_day"]
    old_rate, new_rate, sub_kind = Decimal(1), Decimal(1), "cash"
    if kind == "split":
        ratio = Decimal(row["ratio"])
        old_rate, new_rate = (Decimal(1), ratio) if ratio > 1 else (1 / ratio, Decimal(1))
        sub_kind = "stock_split" if ratio > 1 else "reverse_split"
    name = f"{kind} {row['symbol']} {row['at_ns']}"
    return {
        "id": exchange.id_of(name),
        "corporate_action_id": f"SIM{row['at_ns']}",
        "ca_type": kind,
        "ca_sub_type": sub_kind,
        "initiating_symbol": row["symbol"],
        "initiating_original_cusip": "",
        "target_symbol": row["symbol"],
        "target_original_cusip": "",
        "declaration_date": ex_date,
        "effective_date": ex_date,
        "ex_date": ex_date,
        "record_date": ex_date,
        "payable_date": ex_date,
        "cash": row.get("amount", "0"),
        "old_rate": number(round(old_rate, 6)),
        "new_rate": number(round(new_rate, 6)),
    }
