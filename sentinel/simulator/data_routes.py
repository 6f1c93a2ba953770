"""Answers the market data endpoints under /v2/stocks from the daily bars the clock has reached (ALPACA 12)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from flask import Blueprint, request

from sentinel.simulator import data_queries, sessions
from sentinel.simulator.data_queries import bad
from sentinel.simulator.errors import Refusal
from sentinel.simulator.tick_routes import Tick, quote_json, trade_json

if TYPE_CHECKING:
    from sentinel.simulator.bars import Bar
    from sentinel.simulator.exchange import Exchange

data = Blueprint("data", __name__, url_prefix="/v2/stocks")
Answer = Any
_ADJUSTMENTS = {"raw", "split", "dividend", "spin-off", "all"}


# -- historical bars -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Span:
    first: date
    last: date
    limit: int
    ascending: bool
    adjustment: frozenset[str]
    token: tuple[str, date] | None


@data.get("/bars")
def get_bars() -> Answer:
    """Several symbols, one limit for all; sorted by symbol, then time; a missing symbol is absent."""
    shown, token = _page(data_queries.exchange(), data_queries.symbols(), _span())
    grouped: dict[str, list[dict[str, Any]]] = {}
    for symbol, bar in shown:
        grouped.setdefault(symbol, []).append(bar)
    return {"bars": grouped, "next_page_token": token}


@data.get("/<symbol>/bars")
def get_bars_of(symbol: str) -> Answer:
    """One symbol."""
    shown, token = _page(data_queries.exchange(), [symbol.upper()], _span())
    return {"bars": [bar for _, bar in shown], "symbol": symbol.upper(), "next_page_token": token}


def _span() -> _Span:
    timeframe = request.args.get("timeframe") or "1Day"
    if timeframe not in ("1Day", "1D"):
        raise bad(f"invalid timeframe: {timeframe}: only 1Day is simulated")
    adjustment = frozenset((request.args.get("adjustment") or "raw").split(","))
    if not adjustment <= _ADJUSTMENTS:
        raise bad(f"invalid adjustment: {request.args['adjustment']}")
    data_queries.check_feed(data_queries.HISTORICAL_FEEDS)
    token = data_queries.read_token()
    return _Span(
        first=_first_day(),
        last=sessions.new_york_day(max(data_queries.end_ns(), 0)),
        limit=data_queries.limit(),
        ascending=data_queries.is_ascending(),
        adjustment=adjustment,
        token=None if token is None else (token[0], sessions.new_york_day(max(token[1], 0))),
    )


def _first_day() -> date:
    """Return the first day whose bar is not before `start`: a bar's time is its midnight in New York."""
    start_ns = max(data_queries.start_ns(), 0)
    day = sessions.new_york_day(start_ns)
    return day if start_ns == sessions.new_york_ns(day, sessions.MIDNIGHT) else day + sessions.ONE_DAY


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
                last_symbol, last_bar = shown[-1]
                return shown, data_queries.written_token(last_symbol, sessions.parse_instant(last_bar["t"]))
            shown.append((symbol, _adjusted_json(exchange, bar, span.adjustment)))
    return shown, None


def _adjusted_json(exchange: Exchange, bar: Bar, adjustment: frozenset[str]) -> dict[str, Any]:
    # The report of August 2026 (ALPACA 12): `all` no longer adjusts for splits.
    all_splits = "all" in adjustment and exchange.modes["adjustment_all"] == "complete"
    one = Decimal(1)
    shares = exchange.bars.split_factor(bar.symbol, bar.day) if "split" in adjustment or all_splits else one
    left = exchange.bars.dividend_factor(bar.symbol, bar.day) if adjustment & {"dividend", "all"} else one
    return _bar_json(bar, shares, left)


def _is_past(bar: Bar, span: _Span) -> bool:
    last = span.token[1] if span.token else bar.day
    return bar.day <= last if span.ascending else bar.day >= last


def _bar_json(bar: Bar, shares: Decimal = Decimal(1), left: Decimal = Decimal(1)) -> dict[str, Any]:
    """Render a bar; `shares` is what one share of its day has become, `left` what dividends left of its price.

    Trade count and average price are derived, not measured.
    """
    prices = {"o": bar.open, "h": bar.high, "l": bar.low, "c": bar.close, "vw": (bar.high + bar.low + bar.close) / 3}
    rendered = {name: float(round(price / shares * left, 6)) for name, price in prices.items()}
    at = sessions.utc_text(sessions.new_york_ns(bar.day, sessions.MIDNIGHT))
    return {"t": at, **rendered, "v": int(bar.volume * shares), "n": bar.volume // 100}


# -- the latest ------------------------------------------------------------------------------------------------------


def _latest_trade(exchange: Exchange, symbol: str) -> dict[str, Any] | None:
    tick = _latest_tick(exchange, symbol)
    return trade_json(tick) if tick else None


def _latest_quote(exchange: Exchange, symbol: str) -> dict[str, Any] | None:
    tick = _latest_tick(exchange, symbol)
    return quote_json(tick) if tick else None


def _latest_tick(exchange: Exchange, symbol: str) -> Tick | None:
    price = exchange.last_price(symbol)
    return None if price is None else Tick(1, _traded_at(exchange), price, 100)


def _traded_at(exchange: Exchange) -> int:
    """Return when the last trade was: now while in session, else at the last close."""
    if exchange.is_open:
        return exchange.now_ns
    session = sessions.session_at_or_before(exchange.phase.day)
    if session is None or session.close_ns > exchange.now_ns:
        session = sessions.session_at_or_before(exchange.phase.day - sessions.ONE_DAY)
    return session.close_ns if session else exchange.now_ns


def _latest_bar(exchange: Exchange, symbol: str) -> dict[str, Any] | None:
    """Return the latest minute bar, which knows one price only."""
    price = exchange.last_price(symbol)
    if price is None:
        return None
    one = float(price)
    return {
        "t": sessions.utc_text(_traded_at(exchange)),
        "o": one,
        "h": one,
        "l": one,
        "c": one,
        "v": 100,
        "n": 1,
        "vw": one,
    }


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
    data_queries.check_feed(data_queries.LATEST_FEEDS)
    found = ((symbol, render(data_queries.exchange(), symbol)) for symbol in data_queries.symbols())
    return {symbol: rendered for symbol, rendered in found if rendered is not None}


def _one(symbol: str, render: Callable[[Exchange, str], dict[str, Any] | None]) -> dict[str, Any]:
    data_queries.check_feed(data_queries.LATEST_FEEDS)
    rendered = render(data_queries.exchange(), symbol.upper())
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
