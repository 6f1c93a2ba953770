"""Renders orders, positions, assets, fills and the clock as the JSON objects Alpaca sends."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sentinel.simulator import sessions
from sentinel.simulator.exchange import CLOSED

if TYPE_CHECKING:
    import sqlite3

    from sentinel.simulator.book import Order
    from sentinel.simulator.exchange import Exchange
    from sentinel.simulator.sessions import Session

# Where the default assets are listed; everything else says NASDAQ.
_LISTED = {"SPY": "ARCA", "IWM": "ARCA"}


def number(value: Decimal | None) -> str | None:
    """Render a quantity or price as Alpaca does: a string without padding, null when absent (ALPACA 5.5)."""
    if value is None:
        return None
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def cents(value: Decimal) -> str:
    """Render dollars, in whole cents at most."""
    return number(round(value, 2)) or "0"


def _instant(instant_ns: int | None) -> str | None:
    return None if instant_ns is None else sessions.utc_text(instant_ns)


def visible_status(exchange: Exchange, order: Order) -> str:
    """Return the status a client sees: a resting GTC stop may read `accepted` after the close (ALPACA 3.8)."""
    resting_stop = order.status == "new" and order.routed and order.type in ("stop", "stop_limit", "trailing_stop")
    if not resting_stop or order.time_in_force != "gtc" or exchange.phase.name != CLOSED:
        return order.status
    return "accepted" if exchange.modes["after_hours_stops"] == "accepted" else order.status


def order_json(exchange: Exchange, order: Order, legs: list[Order] | None = None) -> dict[str, Any]:
    """Render an order with the 36 keys of ALPACA 5.5; `legs` only when given."""
    return {
        "id": order.id,
        "client_order_id": order.client_order_id,
        "created_at": _instant(order.created_ns),
        "updated_at": _instant(order.updated_ns),
        "submitted_at": _instant(order.submitted_ns),
        "filled_at": _instant(order.filled_ns),
        "expired_at": _instant(order.expired_ns),
        "expires_at": _instant(order.expires_ns),
        "canceled_at": _instant(order.canceled_ns),
        "failed_at": _instant(order.failed_ns),
        "replaced_at": _instant(order.replaced_ns),
        "replaced_by": order.replaced_by,
        "replaces": order.replaces,
        "asset_id": exchange.asset_id(order.symbol),
        "symbol": order.symbol,
        "asset_class": "us_equity",
        "notional": number(order.notional),
        "qty": number(order.qty),
        "filled_qty": number(order.filled_qty),
        "filled_avg_price": number(order.filled_avg_price),
        "order_class": order.order_class,
        "order_type": order.type,
        "type": order.type,
        "side": order.side,
        "position_intent": order.position_intent,
        "time_in_force": order.time_in_force,
        "limit_price": number(order.limit_price),
        "stop_price": number(order.stop_price),
        "status": visible_status(exchange, order),
        "extended_hours": order.extended_hours,
        "legs": [order_json(exchange, leg) for leg in legs] if legs else None,
        "trail_percent": number(order.trail_percent),
        "trail_price": number(order.trail_price),
        "hwm": number(order.hwm),
        "subtag": None,
        "source": "access_key",
    }


def nested_json(exchange: Exchange, order: Order) -> dict[str, Any]:
    """Render an order with its legs rolled up under it."""
    legs = exchange.book.legs(order.id) if order.is_complex and order.parent_id is None else None
    return order_json(exchange, order, legs)


def fill_json(fill: sqlite3.Row) -> dict[str, Any]:
    """Render a FILL activity (ALPACA 10.4)."""
    return {
        "id": fill["id"],
        "activity_type": "FILL",
        "transaction_time": sessions.utc_text(fill["at_ns"]),
        "type": "fill" if Decimal(fill["leaves_qty"]) == 0 else "partial_fill",
        "price": number(Decimal(fill["price"])),
        "qty": number(Decimal(fill["qty"])),
        "side": fill["side"],
        "symbol": fill["symbol"],
        "leaves_qty": number(Decimal(fill["leaves_qty"])),
        "order_id": fill["order_id"],
        "cum_qty": number(Decimal(fill["cum_qty"])),
        "order_status": fill["order_status"],
    }


def asset_json(exchange: Exchange, asset: sqlite3.Row) -> dict[str, Any]:
    """Render an asset (ALPACA 10.6)."""
    shortable = bool(asset["shortable"])
    leaving = {"maintenance_margin_requirement": 30, "easy_to_borrow": shortable}
    return {
        "id": exchange.asset_id(asset["symbol"]),
        "class": "us_equity",
        "exchange": exchange_name(asset["symbol"]),
        "symbol": asset["symbol"],
        "name": f"{asset['symbol']} Common Stock",
        "status": "active" if asset["active"] else "inactive",
        "tradable": bool(asset["tradable"]),
        "marginable": True,
        "margin_requirement_long": "30",
        "margin_requirement_short": "30",
        "shortable": shortable,
        "borrow_status": "easy_to_borrow" if shortable else "not_shortable",
        "fractionable": bool(asset["fractionable"]),
        "attributes": ["fractional_eh_enabled", "has_options", "overnight_tradable"],
        **(leaving if exchange.modes["asset_fields"] == "present" else {}),
    }


def exchange_name(symbol: str) -> str:
    """Return the exchange a symbol is listed on."""
    return _LISTED.get(symbol, "NASDAQ")


def clock_json(exchange: Exchange) -> dict[str, Any]:
    """Render the clock (ALPACA 10.3)."""
    session = exchange.next_session
    opens = session
    if exchange.is_open:
        opens = sessions.session_after(session.day) or session
    return {
        "timestamp": sessions.new_york_text(exchange.now_ns),
        "is_open": exchange.is_open,
        "next_open": sessions.new_york_text(opens.open_ns),
        "next_close": sessions.new_york_text(session.close_ns),
    }


def calendar_json(session: Session) -> dict[str, Any]:
    """Render one day of the calendar (ALPACA 10.3); trades settle one session later."""
    return {
        "date": session.day.isoformat(),
        "open": f"{sessions.OPEN:%H:%M}",
        "close": f"{session.closes:%H:%M}",
        "session_open": "0400",
        "session_close": "2000" if session.closes == sessions.CLOSE else "1700",
        "settlement_date": sessions.settlement_day(session.day).isoformat(),
    }
