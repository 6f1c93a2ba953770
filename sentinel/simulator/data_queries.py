"""Reads the query parameters of the market data endpoints and refuses malformed ones, as that host does (ALPACA 12)."""

from __future__ import annotations

import base64
import binascii
import re
from datetime import date
from typing import TYPE_CHECKING

from flask import g, request

from sentinel.simulator import sessions
from sentinel.simulator.errors import Refusal

if TYPE_CHECKING:
    from sentinel.simulator.exchange import Exchange

_MAXIMUM_LIMIT = 10_000
_DEFAULT_LIMIT = 1_000
HISTORICAL_FEEDS = ("sip", "iex", "boats", "otc")
LATEST_FEEDS = ("sip", "iex", "delayed_sip", "boats", "overnight", "otc")
_DELAY_NS = 15 * 60 * sessions.NANOSECONDS


def bad(message: str) -> Refusal:
    """The market data host answers 400 without a code."""
    return Refusal(400, {"message": message})


def exchange() -> Exchange:
    """Return the exchange this request is for."""
    current: Exchange = g.exchange
    return current


def symbols() -> list[str]:
    """Read `symbols`, sorted and each once."""
    words = {word.strip().upper() for word in request.args.get("symbols", "").split(",") if word.strip()}
    if not words:
        raise bad("symbols is required")
    for word in words:
        if not re.fullmatch(r"[A-Z0-9._/-]{1,20}", word):
            raise bad(f"invalid symbol: {word}")
    return sorted(words)


def limit() -> int:
    """Read `limit`, which counts for all symbols together."""
    text = request.args.get("limit") or str(_DEFAULT_LIMIT)
    if not text.isascii() or not text.isdigit() or len(text) > 6 or not 1 <= int(text) <= _MAXIMUM_LIMIT:
        raise bad(f"invalid limit: larger than the maximum {_MAXIMUM_LIMIT} or not a number")
    return int(text)


def is_ascending() -> bool:
    """Read `sort`."""
    sort = request.args.get("sort") or "asc"
    if sort not in ("asc", "desc"):
        raise bad(f"invalid sort: {sort}")
    return sort == "asc"


def check_feed(allowed: tuple[str, ...]) -> None:
    """Refuse a feed the endpoint lacks, and recent SIP data where the mode says the plan does not cover it."""
    feed = request.args.get("feed") or ""
    if feed and feed not in allowed:
        raise bad(f"invalid feed: {feed}")
    if feed != "sip" or exchange().modes["recent_sip"] == "allowed":
        return
    if allowed is LATEST_FEEDS or (request.args.get("end") and end_ns() > exchange().now_ns - _DELAY_NS):
        raise Refusal(403, {"message": "subscription does not permit querying recent SIP data"})


def bound_ns(name: str) -> int | None:
    """Read an instant; a date is its midnight in New York. None when absent."""
    text = request.args.get(name)
    if not text:
        return None
    try:
        if sessions.is_date(text):
            return sessions.new_york_ns(date.fromisoformat(text.strip()), sessions.MIDNIGHT)
        return sessions.parse_instant(text)
    except (ValueError, OverflowError) as error:
        raise bad(f"invalid {name}: {text}") from error


def start_ns() -> int:
    """Read `start`; the beginning of the current day when absent."""
    given = bound_ns("start")
    today = sessions.new_york_day(exchange().now_ns)
    return sessions.new_york_ns(today, sessions.MIDNIGHT) if given is None else given


def end_ns() -> int:
    """Read `end`, included; a date means all of it, none means now."""
    given = bound_ns("end")
    if given is None:
        return exchange().now_ns
    if sessions.is_date(request.args["end"]):
        day = sessions.new_york_day(given)
        return sessions.new_york_ns(day + sessions.ONE_DAY, sessions.MIDNIGHT) - 1
    return given


def written_token(symbol: str, instant_ns: int) -> str:
    """Return the token of a page that ends here."""
    return base64.b64encode(f"{symbol}|{instant_ns}".encode()).decode()


def read_token() -> tuple[str, int] | None:
    """Read `page_token` as the symbol and the instant the page before ended with."""
    token = request.args.get("page_token")
    if not token:
        return None
    try:
        symbol, instant_ns = base64.b64decode(token, validate=True).decode().split("|")
        return symbol, int(instant_ns)
    except (binascii.Error, ValueError) as error:
        raise bad("invalid page_token") from error
