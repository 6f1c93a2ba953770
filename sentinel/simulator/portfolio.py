"""Tells the account's equity day by day, as the portfolio history endpoint does (ALPACA 10.5)."""

from __future__ import annotations

import re
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sentinel.simulator import sessions
from sentinel.simulator.account import figures
from sentinel.simulator.errors import bad_parameter
from sentinel.simulator.queries import day_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sentinel.simulator.exchange import Exchange

_UNIT_DAYS = {"D": 1, "W": 7, "M": 30, "A": 365}
_TIMEFRAMES = ("1D", "1H", "15Min", "5Min", "1Min")


def history_json(exchange: Exchange, query: Mapping[str, str]) -> dict[str, Any]:
    """Render the history; every timeframe is answered by the day, the finest the exchange knows."""
    timeframe = query.get("timeframe") or "1D"
    if timeframe not in _TIMEFRAMES:
        raise bad_parameter(f"invalid timeframe: {timeframe}")
    first, last = _span(exchange, query)
    curve = [(day, equity) for day, equity in _curve(exchange) if day <= last]
    before = [point for point in curve if point[0] < first]
    shown = [point for point in curve if point[0] >= first]
    base_day, base = (before or shown or [(last, exchange.cash)])[-1 if before else 0]
    gains = [equity - base for _, equity in shown]
    return {
        "timestamp": [_opening(day) for day, _ in shown],
        "equity": [float(round(equity, 2)) for _, equity in shown],
        "profit_loss": [float(round(gain, 2)) for gain in gains],
        "profit_loss_pct": [float(round(gain / base, 10)) if base else None for gain in gains],
        "base_value": float(round(base, 2)),
        "base_value_asof": base_day.isoformat(),
        "timeframe": timeframe,
    }


def _curve(exchange: Exchange) -> list[tuple[date, Decimal]]:
    rows = exchange.store.rows("SELECT day, equity FROM equity ORDER BY day")
    curve = [(date.fromisoformat(row["day"]), Decimal(row["equity"])) for row in rows]
    if exchange.is_open:
        curve.append((exchange.phase.day, figures(exchange).equity))
    return curve


def _opening(day: date) -> int:
    # Recorded: the timestamp of a day is its open.
    return sessions.new_york_ns(day, sessions.OPEN) // sessions.NANOSECONDS


def _span(exchange: Exchange, query: Mapping[str, str]) -> tuple[date, date]:
    """Read start, end and period, of which any two make the third."""
    end = day_of(query, "end") or day_of(query, "date_end")
    start = day_of(query, "start")
    period = query.get("period") or "1M"
    told = re.fullmatch(r"(\d{1,3})([DWMA])", period, re.ASCII)
    if told is None:
        raise bad_parameter(f"invalid period: {period}")
    length = timedelta(days=int(told[1]) * _UNIT_DAYS[told[2]])
    if start and end and query.get("period"):
        raise bad_parameter("only two of start, end and period can be specified")
    if start:
        return start, end or (start + length if query.get("period") else exchange.phase.day)
    last = end or exchange.phase.day
    return last - length, last
