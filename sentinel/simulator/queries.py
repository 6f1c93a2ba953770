"""Reads the query parameters of the trading endpoints and refuses malformed ones."""

from __future__ import annotations

import uuid
from datetime import date
from typing import TYPE_CHECKING

from sentinel.simulator import sessions
from sentinel.simulator.amendments import order_or_404
from sentinel.simulator.book import Order, OrderQuery
from sentinel.simulator.errors import bad_parameter
from sentinel.simulator.validation import boolean_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sentinel.simulator.exchange import Exchange

MAXIMUM_ORDERS = 500  # ALPACA 5.3


def instant_of(arguments: Mapping[str, str], name: str) -> int | None:
    """Read a date or timestamp as nanoseconds since 1970 UTC; None when absent."""
    if not arguments.get(name):
        return None
    try:
        return sessions.parse_instant(arguments[name])
    except (ValueError, OverflowError) as error:
        raise bad_parameter(f"invalid {name}") from error


def day_of(arguments: Mapping[str, str], name: str) -> date | None:
    """Read a date, or the New York date of a timestamp; None when absent."""
    instant_ns = instant_of(arguments, name)
    if instant_ns is None:
        return None
    if sessions.is_date(arguments[name]):
        return date.fromisoformat(arguments[name].strip())
    return sessions.new_york_day(instant_ns)


def count_of(arguments: Mapping[str, str], name: str, default: int, maximum: int) -> int:
    """Read a whole number from 1 to a maximum."""
    text = arguments.get(name) or str(default)
    if not text.isascii() or not text.isdigit() or len(text) > 9 or not 1 <= int(text) <= maximum:
        raise bad_parameter(f"{name} must be between 1 and {maximum}")
    return int(text)


def choice_of(arguments: Mapping[str, str], name: str, allowed: tuple[str, ...]) -> str:
    """Read one of a few words, in either case; the first one when absent."""
    word = (arguments.get(name) or allowed[0]).lower()
    if word not in allowed:
        raise bad_parameter(f"invalid {name}: {word}")
    return word


def checked_id(order_id: str) -> str:
    """Read an order id; ALPACA 7.3 gives the words for one that is no uuid."""
    try:
        return str(uuid.UUID(order_id))
    except ValueError as error:
        raise bad_parameter("order_id is missing") from error


def order_query(exchange: Exchange, arguments: Mapping[str, str]) -> OrderQuery:
    """Read the parameters of `GET /v2/orders` (ALPACA 5.3)."""
    before, after = (
        order_or_404(exchange, checked_id(arguments[name])) if arguments.get(name) else None
        for name in ("before_order_id", "after_order_id")
    )
    after_ns, until_ns = instant_of(arguments, "after"), instant_of(arguments, "until")
    if (before and after) or ((before or after) and (after_ns is not None or until_ns is not None)):
        raise bad_parameter("before_order_id and after_order_id exclude each other, after and until")
    return OrderQuery(
        status=choice_of(arguments, "status", ("open", "closed", "all")),
        limit=count_of(arguments, "limit", 50, MAXIMUM_ORDERS),
        after_ns=after_ns,
        until_ns=until_ns,
        ascending=choice_of(arguments, "direction", ("desc", "asc")) == "asc",
        nested=boolean_of(arguments.get("nested")),
        symbols=symbols_of(arguments),
        side=choice_of(arguments, "side", ("", "buy", "sell")) or None,
        before=before,
        after=after,
        is_equity=arguments.get("asset_class", "").lower() in ("", "all", "us_equity"),
    )


def symbols_of(arguments: Mapping[str, str]) -> tuple[str, ...]:
    """Read a comma-separated list of symbols, each once."""
    words = (word.strip().upper() for word in arguments.get("symbols", "").split(","))
    return tuple(sorted({word for word in words if word}))


def order_of(exchange: Exchange, order_id: str) -> Order:
    """Return the order a path names, or refuse."""
    return order_or_404(exchange, checked_id(order_id))
