"""Keeps what the account holds: every open position, and what a fill makes of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sentinel.simulator.exchange import Exchange

_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Position:
    """Shares held, negative when short; `avg_entry_price` in dollars a share."""

    symbol: str
    qty: Decimal
    avg_entry_price: Decimal
    opened_on: date


def open_positions(exchange: Exchange) -> list[Position]:
    """Return every open position, by symbol."""
    rows = exchange.store.rows("SELECT * FROM position ORDER BY symbol")
    return [
        Position(
            row["symbol"],
            Decimal(row["qty"]),
            Decimal(row["avg_entry_price"]),
            date.fromisoformat(row["opened_on"]),
        )
        for row in rows
    ]


def position_of(exchange: Exchange, symbol: str) -> Position | None:
    """Return one position."""
    row = exchange.store.row("SELECT * FROM position WHERE symbol = ?", (symbol,))
    if row is None:
        return None
    opened_on = date.fromisoformat(row["opened_on"])
    return Position(symbol, Decimal(row["qty"]), Decimal(row["avg_entry_price"]), opened_on)


def position_qty(exchange: Exchange, symbol: str) -> Decimal:
    """Return the shares held of a symbol, negative when short, zero without a position."""
    position = position_of(exchange, symbol)
    return position.qty if position else _ZERO


def put_position(exchange: Exchange, position: Position) -> None:
    """Write a position, or drop it when it holds nothing."""
    exchange.store.execute("DELETE FROM position WHERE symbol = ?", (position.symbol,))
    if position.qty != 0:
        exchange.store.insert(
            "position",
            {
                "symbol": position.symbol,
                "qty": format(position.qty, "f"),
                "avg_entry_price": format(position.avg_entry_price, "f"),
                "opened_on": position.opened_on.isoformat(),
            },
        )


def apply_to_position(exchange: Exchange, symbol: str, signed_qty: Decimal, price: Decimal) -> None:
    """Change position and cash by a fill; the entry price is the average, and starts anew when the side turns."""
    exchange.cash -= signed_qty * price
    today = exchange.phase.day
    old = position_of(exchange, symbol) or Position(symbol, _ZERO, price, today)
    qty = old.qty + signed_qty
    if old.qty * signed_qty >= 0:
        average = round((abs(old.qty) * old.avg_entry_price + abs(signed_qty) * price) / abs(qty), 6)
        put_position(exchange, Position(symbol, qty, average, old.opened_on))
    elif old.qty * qty >= 0:
        put_position(exchange, Position(symbol, qty, old.avg_entry_price, old.opened_on))
    else:
        put_position(exchange, Position(symbol, qty, price, today))
