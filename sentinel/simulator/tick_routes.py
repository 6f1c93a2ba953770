"""Answers historical trades and quotes: four of each a session, made from its daily bar (ALPACA 12)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import time
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from flask import Blueprint

from sentinel.simulator import data_queries, sessions

if TYPE_CHECKING:
    from sentinel.simulator.bars import Bar
    from sentinel.simulator.exchange import Exchange

ticks = Blueprint("ticks", __name__, url_prefix="/v2/stocks")
Answer = Any
_SPREAD = Decimal("0.01")
_AT_LOW, _AT_HIGH = time(11, 0), time(12, 0)


@dataclass(frozen=True, slots=True)
class Tick:
    """One moment of a session: an instant in nanoseconds since 1970 and a price in dollars."""

    number: int
    at_ns: int
    price: Decimal
    size: int


def ticks_of(exchange: Exchange, bar: Bar) -> Iterator[Tick]:
    """Yield open, low, high and close as trades, the low first as in a fill; of the open session only its open."""
    session = sessions.session_on(bar.day)
    if session is None:
        return
    seen = exchange.visible_bar(bar.symbol, bar)
    if seen is None:
        return
    size = max(bar.volume // 4, 1)
    yield Tick(1, session.open_ns, bar.open, size)
    if seen is not bar:
        return
    yield Tick(2, sessions.new_york_ns(bar.day, _AT_LOW), bar.low, size)
    yield Tick(3, sessions.new_york_ns(bar.day, _AT_HIGH), bar.high, size)
    yield Tick(4, session.close_ns, bar.close, size)


def trade_json(tick: Tick) -> dict[str, Any]:
    """Render a trade."""
    at = sessions.utc_text(tick.at_ns)
    return {"t": at, "x": "V", "p": float(tick.price), "s": tick.size, "c": ["@"], "i": tick.number, "z": "C"}


def quote_json(tick: Tick) -> dict[str, Any]:
    """Render a quote, bid and ask a cent around the price."""
    at, bid, ask = sessions.utc_text(tick.at_ns), float(tick.price - _SPREAD), float(tick.price + _SPREAD)
    return {"t": at, "ax": "V", "ap": ask, "as": 1, "bx": "V", "bp": bid, "bs": 1, "c": ["R"], "z": "C"}


def _page(symbols: list[str], render: Callable[[Tick], dict[str, Any]]) -> tuple[dict[str, list[Any]], str | None]:
    """Return a page sorted by symbol, then time, and the token of the next."""
    exchange, limit, ascending = data_queries.exchange(), data_queries.limit(), data_queries.is_ascending()
    data_queries.check_feed(data_queries.HISTORICAL_FEEDS)
    first_ns, last_ns, token = data_queries.start_ns(), data_queries.end_ns(), data_queries.read_token()
    days = (sessions.new_york_day(max(first_ns, 0)), sessions.new_york_day(max(last_ns, 0)))
    shown: dict[str, list[Any]] = {}
    last: tuple[str, int] | None = None
    for symbol in symbols:
        found = [tick for bar in exchange.bars.between(symbol, *days) for tick in ticks_of(exchange, bar)]
        for tick in found if ascending else reversed(found):
            if not first_ns <= tick.at_ns <= last_ns or (token and not _is_past(token, symbol, tick, ascending)):
                continue
            if last and sum(map(len, shown.values())) == limit:
                return shown, data_queries.written_token(*last)
            shown.setdefault(symbol, []).append(render(tick))
            last = symbol, tick.at_ns
    return shown, None


def _is_past(token: tuple[str, int], symbol: str, tick: Tick, ascending: bool) -> bool:
    if symbol != token[0]:
        return symbol > token[0]
    return tick.at_ns > token[1] if ascending else tick.at_ns < token[1]


@ticks.get("/trades")
def get_trades() -> Answer:
    """Several symbols, one limit for all."""
    shown, token = _page(data_queries.symbols(), trade_json)
    return {"trades": shown, "next_page_token": token}


@ticks.get("/<symbol>/trades")
def get_trades_of(symbol: str) -> Answer:
    """One symbol."""
    shown, token = _page([symbol.upper()], trade_json)
    return {"trades": shown.get(symbol.upper(), []), "symbol": symbol.upper(), "next_page_token": token}


@ticks.get("/quotes")
def get_quotes() -> Answer:
    """Several symbols, one limit for all."""
    shown, token = _page(data_queries.symbols(), quote_json)
    return {"quotes": shown, "next_page_token": token}


@ticks.get("/<symbol>/quotes")
def get_quotes_of(symbol: str) -> Answer:
    """One symbol."""
    shown, token = _page([symbol.upper()], quote_json)
    return {"quotes": shown.get(symbol.upper(), []), "symbol": symbol.upper(), "next_page_token": token}
