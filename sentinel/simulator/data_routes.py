"""Answers the market data endpoints under /v2/stocks from the daily bars the clock has reached (ALPACA 12)."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from flask import Blueprint, g, request

from sentinel.simulator import sessions
from sentinel.simulator.errors import Refusal

if TYPE_CHECKING:
    from sentinel.simulator.bars import Bar
    from sentinel.simulator.exchange import Exchange

data = Blueprint("data", __name__, url_prefix="/v2/stocks")
Answer = Any
_MAXIMUM_BARS = 10_000
_ADJUSTMENTS = {"raw", "split", "dividend", "spin-off", "all"}
_SPREAD = Decimal("0.01")


def _bad(message: str) -> Refusal:
    """The market data host answers 400 without a code."""
    return Refusal(400, {"message": message})


def _exchange() -> Exchange:
    exchange: Exchange = g.exchange
    return exchange


def _symbols() -> list[str]:
    symbols = sorted(
        {symbol.strip().upper() for symbol in request.args.get("symbols", "").split(",") if symbol.strip()}
    )
    if not symbols:
        raise _bad("symbols is required")
    for symbol in symbols:
        if not re.fullmatch(r"[A-Z0-9._/-]{1,20}", symbol):
            raise _bad(f"invalid symbol: {symbol}")
    return symbols


# -- historical bars -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Span:
    first: date
    last: date
    limit: int
    ascending: bool
    is_split_adjusted: bool
    token: tuple[str, date] | None


@data.get("/bars")
def get_bars() -> Answer:
    """Several symbols, one limit for all; sorted by symbol, then time; a missing symbol is absent."""
    shown, token = _page(_exchange(), _symbols(), _span())
    grouped: dict[str, list[dict[str, Any]]] = {}
    for symbol, bar in shown:
        grouped.setdefault(symbol, []).append(bar)
    return {"bars": grouped, "next_page_token": token}


@data.get("/<symbol>/bars")
def get_bars_of(symbol: str) -> Answer:
    """One symbol."""
    shown, token = _page(_exchange(), [symbol.upper()], _span())
    return {"bars": [bar for _, bar in shown], "symbol": symbol.upper(), "next_page_token": token}


def _span() -> _Span:
    arguments = request.args
    timeframe = arguments.get("timeframe") or "1Day"
    if timeframe not in ("1Day", "1D"):
        raise _bad(f"invalid timeframe: {timeframe}: only 1Day is simulated")
    adjustment = set((arguments.get("adjustment") or "raw").split(","))
    if not adjustment <= _ADJUSTMENTS:
        raise _bad(f"invalid adjustment: {arguments['adjustment']}")
    limit = arguments.get("limit") or "1000"
    if not limit.isascii() or not limit.isdigit() or not 1 <= int(limit[:6]) <= _MAXIMUM_BARS or len(limit) > 6:
        raise _bad(f"invalid limit: larger than the maximum {_MAXIMUM_BARS} or not a number")
    sort = arguments.get("sort") or "asc"
    if sort not in ("asc", "desc"):
        raise _bad(f"invalid sort: {sort}")
    today = sessions.new_york_day(_exchange().now_ns)
    return _Span(
        first=_bar_day("start", today, is_start=True),
        last=_bar_day("end", today, is_start=False),
        limit=int(limit),
        ascending=sort == "asc",
        is_split_adjusted=bool(adjustment & {"split", "all"}),
        token=_read_token(arguments.get("page_token")),
    )


def _bar_day(name: str, default: date, *, is_start: bool) -> date:
    """Read a bound as the first or last bar it includes: a bar's time is its midnight in New York."""
    text = request.args.get(name)
    if not text:
        return default
    try:
        if sessions.is_date(text):
            return date.fromisoformat(text.strip())
        instant_ns = sessions.parse_instant(text)
        day = sessions.new_york_day(instant_ns)
        midnight_ns = sessions.new_york_ns(day, sessions.MIDNIGHT)
    except (ValueError, OverflowError) as error:
        raise _bad(f"invalid {name}: {text}") from error
    return day + sessions.ONE_DAY if is_start and instant_ns > midnight_ns else day


def _page(exchange: Exchange, symbols: list[str], span: _Span) -> tuple[list[tuple[str, dict[str, Any]]], str | None]:
    shown: list[tuple[str, dict[str, Any]]] = []
    for symbol in symbols:
        if span.token and symbol < span.token[0]:
            continue
        bars = exchange.bars.between(symbol, span.first, span.last)
        for whole in bars if span.ascending else reversed(bars):
            bar = exchange.visible_bar(symbol, whole)
            if bar is None or (span.token and symbol == span.token[0] and _is_past(bar, span)):
                continue
            if len(shown) == span.limit:
                return shown, _write_token(shown[-1])
            factor = exchange.bars.split_factor(symbol, bar.day) if span.is_split_adjusted else Decimal(1)
            shown.append((symbol, _bar_json(bar, factor)))
    return shown, None


def _is_past(bar: Bar, span: _Span) -> bool:
    last = span.token[1] if span.token else bar.day
    return bar.day <= last if span.ascending else bar.day >= last


def _write_token(shown: tuple[str, dict[str, Any]]) -> str:
    symbol, bar = shown
    day = sessions.new_york_day(sessions.parse_instant(bar["t"]))
    return base64.b64encode(f"{symbol}|D|{day.isoformat()}".encode()).decode()


def _read_token(token: str | None) -> tuple[str, date] | None:
    if not token:
        return None
    try:
        symbol, _, day = base64.b64decode(token, validate=True).decode().split("|")
        return symbol, date.fromisoformat(day)
    except (binascii.Error, ValueError) as error:
        raise _bad("invalid page_token") from error


def _bar_json(bar: Bar, factor: Decimal = Decimal(1)) -> dict[str, Any]:
    """Render a bar; `factor` turns its shares into today's. Trade count and average price are derived, not measured."""
    prices = {"o": bar.open, "h": bar.high, "l": bar.low, "c": bar.close}
    rendered: dict[str, Any] = {name: float(round(price / factor, 6)) for name, price in prices.items()}
    return {
        "t": sessions.utc_text(sessions.new_york_ns(bar.day, sessions.MIDNIGHT)),
        **rendered,
        "v": int(bar.volume * factor),
        "n": bar.volume // 100,
        "vw": float(round((bar.high + bar.low + bar.close) / 3 / factor, 6)),
    }


# -- the latest ------------------------------------------------------------------------------------------------------


def _latest_trade(exchange: Exchange, symbol: str) -> dict[str, Any] | None:
    price = exchange.last_price(symbol)
    if price is None:
        return None
    return {"t": _traded_at(exchange), "x": "V", "p": float(price), "s": 100, "c": ["@"], "i": 1, "z": "C"}


def _latest_quote(exchange: Exchange, symbol: str) -> dict[str, Any] | None:
    price = exchange.last_price(symbol)
    if price is None:
        return None
    bid, ask = float(price - _SPREAD), float(price + _SPREAD)
    at = _traded_at(exchange)
    return {"t": at, "ax": "V", "ap": ask, "as": 1, "bx": "V", "bp": bid, "bs": 1, "c": ["R"], "z": "C"}


def _traded_at(exchange: Exchange) -> str:
    """Return when the last trade was: now while in session, else at the last close."""
    if exchange.is_open:
        return sessions.utc_text(exchange.now_ns)
    session = sessions.session_at_or_before(exchange.phase.day)
    return sessions.utc_text(session.close_ns if session else exchange.now_ns)


def _latest_bar(exchange: Exchange, symbol: str) -> dict[str, Any] | None:
    """Return the latest minute bar, which knows one price only."""
    price = exchange.last_price(symbol)
    if price is None:
        return None
    one = float(price)
    return {"t": _traded_at(exchange), "o": one, "h": one, "l": one, "c": one, "v": 100, "n": 1, "vw": one}


def _snapshot(exchange: Exchange, symbol: str) -> dict[str, Any] | None:
    trade = _latest_trade(exchange, symbol)
    if trade is None:
        return None
    newest = exchange.bars.last(symbol, exchange.phase.day)
    daily = exchange.visible_bar(symbol, newest) if newest else None
    before = exchange.bars.last(symbol, daily.day - sessions.ONE_DAY) if daily else None
    return {
        "latestTrade": trade,
        "latestQuote": _latest_quote(exchange, symbol),
        "minuteBar": _latest_bar(exchange, symbol),
        "dailyBar": _bar_json(daily) if daily else None,
        "prevDailyBar": _bar_json(before) if before else None,
    }


def _each(render: Callable[[Exchange, str], dict[str, Any] | None]) -> dict[str, dict[str, Any]]:
    found = ((symbol, render(_exchange(), symbol)) for symbol in _symbols())
    return {symbol: rendered for symbol, rendered in found if rendered is not None}


def _one(symbol: str, render: Callable[[Exchange, str], dict[str, Any] | None]) -> dict[str, Any]:
    rendered = render(_exchange(), symbol.upper())
    if rendered is None:
        raise Refusal(404, {"message": f"no data found for {symbol.upper()}"})
    return rendered


@data.get("/snapshots")
def get_snapshots() -> Answer:
    """Symbols are the keys, without a wrapper; a missing one is absent."""
    return _each(_snapshot)


@data.get("/<symbol>/snapshot")
def get_snapshot(symbol: str) -> Answer:
    """One symbol."""
    return {"symbol": symbol.upper(), **_one(symbol, _snapshot)}


@data.get("/trades/latest")
def get_latest_trades() -> Answer:
    """Several symbols."""
    return {"trades": _each(_latest_trade)}


@data.get("/<symbol>/trades/latest")
def get_latest_trade(symbol: str) -> Answer:
    """One symbol."""
    return {"symbol": symbol.upper(), "trade": _one(symbol, _latest_trade)}


@data.get("/quotes/latest")
def get_latest_quotes() -> Answer:
    """Several symbols; bid and ask a cent around the last price."""
    return {"quotes": _each(_latest_quote)}


@data.get("/<symbol>/quotes/latest")
def get_latest_quote(symbol: str) -> Answer:
    """One symbol."""
    return {"symbol": symbol.upper(), "quote": _one(symbol, _latest_quote)}


@data.get("/bars/latest")
def get_latest_bars() -> Answer:
    """Several symbols."""
    return {"bars": _each(_latest_bar)}


@data.get("/<symbol>/bars/latest")
def get_latest_bar(symbol: str) -> Answer:
    """One symbol."""
    return {"symbol": symbol.upper(), "bar": _one(symbol, _latest_bar)}
