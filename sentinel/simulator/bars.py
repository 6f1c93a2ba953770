"""Reads daily bars, keeps them, and says what a share costs now, never looking past the clock."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from sentinel.simulator.errors import BadControl

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from sentinel.simulator.store import Store

COLUMNS = ("symbol", "date", "open", "high", "low", "close", "volume")


@dataclass(frozen=True, slots=True)
class Bar:
    """One session of one symbol, raw dollars a share; `volume` in shares."""

    symbol: str
    day: date
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: int


def bar_of(row: Mapping[str, Any]) -> Bar:
    """Read one bar from a CSV row or a JSON object; BadControl names what is wrong with it."""
    missing = [name for name in COLUMNS if row.get(name) in (None, "") and name != "volume"]
    if missing:
        raise BadControl(f"a bar needs {', '.join(missing)}: {dict(row)}")
    try:
        day = date.fromisoformat(str(row["date"]))
        opens, high, low, close = (Decimal(str(row[name])) for name in ("open", "high", "low", "close"))
        volume = int(Decimal(str(row.get("volume") or 0)))
    except (InvalidOperation, ValueError) as error:
        raise BadControl(f"a bar has a malformed value: {dict(row)}") from error
    prices = (opens, high, low, close)
    if not all(price.is_finite() and price > 0 for price in prices) or high != max(prices) or low != min(prices):
        raise BadControl(f"a bar's prices must be positive, its high the highest, its low the lowest: {dict(row)}")
    return Bar(str(row["symbol"]).upper(), day, opens, high, low, close, volume)


def read_bars(path: Path) -> list[Bar]:
    """Read a CSV of `symbol,date,open,high,low,close,volume`; BadControl when it is not one."""
    with path.open(newline="", encoding="utf-8") as file:
        bars = [bar_of(row) for row in csv.DictReader(file)]
    if not bars:
        raise BadControl(f"no bars in {path}")
    return bars


def _to_bar(row: sqlite3.Row) -> Bar:
    symbol, day, opens, high, low, close, volume = row
    return Bar(
        symbol, date.fromisoformat(day), Decimal(opens), Decimal(high), Decimal(low), Decimal(close), int(volume)
    )


_SELECT = "SELECT symbol, day, open, high, low, close, volume FROM bar"


class BarTable:
    """Every bar the exchange was given, past and future."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def put(self, bars: Iterable[Bar]) -> None:
        """Add bars, overwriting those of the same symbol and day; every symbol becomes an asset (DESIGN 7)."""
        for bar in bars:
            prices = [format(price, "f") for price in (bar.open, bar.high, bar.low, bar.close)]
            self._store.execute(
                "INSERT OR REPLACE INTO bar VALUES (?, ?, ?, ?, ?, ?, ?)",
                [bar.symbol, bar.day.isoformat(), *prices, bar.volume],
            )
            self._store.execute("INSERT OR IGNORE INTO asset (symbol) VALUES (?)", (bar.symbol,))

    def on(self, symbol: str, day: date) -> Bar | None:
        """Return the bar of one day."""
        row = self._store.row(f"{_SELECT} WHERE symbol = ? AND day = ?", (symbol, day.isoformat()))
        return _to_bar(row) if row else None

    def last(self, symbol: str, through: date, skip: int = 0) -> Bar | None:
        """Return the last bar not later than a day, or the one `skip` bars before it."""
        sql = f"{_SELECT} WHERE symbol = ? AND day <= ? ORDER BY day DESC LIMIT 1 OFFSET ?"
        row = self._store.row(sql, (symbol, through.isoformat(), skip))
        return _to_bar(row) if row else None

    def between(self, symbol: str, first: date, last: date) -> list[Bar]:
        """Return the bars of a span, both ends included, oldest first."""
        sql = f"{_SELECT} WHERE symbol = ? AND day BETWEEN ? AND ? ORDER BY day"
        return [_to_bar(row) for row in self._store.rows(sql, (symbol, first.isoformat(), last.isoformat()))]

    def nth_day(self, number: int) -> date | None:
        """Return the n-th distinct day of the bars, the last one when there are fewer, None without bars."""
        days = self._store.rows("SELECT DISTINCT day FROM bar ORDER BY day LIMIT ?", (number,))
        return date.fromisoformat(days[-1]["day"]) if days else None

    def dividend_factor(self, symbol: str, day: date) -> Decimal:
        """Return what the dividends since have left of a price of that day."""
        sql = "SELECT factor FROM dividend WHERE symbol = ? AND through_day >= ?"
        factor = Decimal(1)
        for row in self._store.rows(sql, (symbol, day.isoformat())):
            factor *= Decimal(row["factor"])
        return factor

    def split_factor(self, symbol: str, day: date) -> Decimal:
        """Return how many of today's shares one share of that day has become."""
        sql = "SELECT ratio FROM split WHERE symbol = ? AND through_day >= ?"
        factor = Decimal(1)
        for row in self._store.rows(sql, (symbol, day.isoformat())):
            factor *= Decimal(row["ratio"])
        return factor
