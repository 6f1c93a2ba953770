"""Records the way a trader says them: `AAPL 7 @ 100.00`; a negative quantity is a short."""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from sentinel.domain.book import EntryRecord, ExitReason, ExitRecord, Intent, StopRecord
from sentinel.domain.names import Purpose
from sentinel.domain.orders import OrderStatus, Side
from sentinel.ledger import Ledger
from tests.builders import EVENING, named, words


def now() -> datetime:
    return EVENING


def side_of(qty: Decimal) -> Side:
    return Side.BUY if qty > 0 else Side.SELL


def entry(line: str, status: OrderStatus = OrderStatus.NEW, **changes: Any) -> EntryRecord:
    symbol, qty, price = words(line)
    name = named(symbol, Purpose.ENTRY)
    stop_price = price - price * side_of(qty).sign * Decimal("0.08")
    plain = EntryRecord(name, f"entry-{symbol}", symbol, side_of(qty), abs(qty), price, stop_price, status, EVENING)
    return replace(plain, **changes)


def stop(line: str, status: OrderStatus = OrderStatus.NEW, **changes: Any) -> StopRecord:
    """The stop of a position: a sell below seven shares, a buy above minus seven."""
    symbol, qty, price = words(line)
    plain = StopRecord(
        f"stop-{symbol}-{price}", named(symbol, Purpose.STOP), symbol, side_of(qty).opposite, abs(qty), price, status,
        EVENING, "test",
    )  # fmt: skip
    return replace(plain, **changes)


def sale(line: str, status: OrderStatus = OrderStatus.NEW, **changes: Any) -> ExitRecord:
    symbol, qty, _ = words(line)
    name = named(symbol, Purpose.EXIT)
    plain = ExitRecord(
        name, f"exit-{symbol}", symbol, side_of(qty).opposite, abs(qty), status, EVENING, ExitReason.PROFIT
    )
    return replace(plain, **changes)


def intent(symbol: str = "AAPL", purpose: Purpose = Purpose.ENTRY, attempt: int = 1, **changes: Any) -> Intent:
    name = named(symbol, purpose, attempt)
    params = {"qty": "7", "limit_price": "100.00"}
    return replace(Intent(name, symbol, purpose, f"submit_{purpose}", params, "no order is live", "asked"), **changes)


def open_trade(ledger: Ledger, line: str, first_stop: str | None = None) -> int:
    symbol, qty, price = words(line)
    side = side_of(qty)
    stop_price = Decimal(first_stop) if first_stop else price - price * side.sign * Decimal("0.08")
    return ledger.open_trade(symbol, side, abs(qty), price, stop_price, EVENING, f"asset-{symbol}", False)
