"""Facts written the way a trader says them: `AAPL 7 @ 100.00` is seven shares bought at a hundred dollars."""

import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sentinel.domain.bars import Bar
from sentinel.domain.book import Approval, ApprovalState, Book, EntryRecord, Owed, OwedKind, StopRecord, Trade
from sentinel.domain.facts import Facts
from sentinel.domain.names import OrderName, Purpose
from sentinel.domain.orders import Order, OrderClass, OrderStatus, OrderType, Side
from sentinel.domain.positions import Account, Fill, Position, Session
from sentinel.risk_config import RiskPolicy

EVENING = datetime(2025, 4, 7, 21, 0, tzinfo=UTC)
CLOSE = datetime(2025, 4, 7, 20, 0, tzinfo=UTC)
TODAY = date(2025, 4, 7)
LINE = re.compile(r"^(?P<symbol>[A-Z.]+) (?P<qty>-?[\d.]+) @ (?P<price>[\d.]+)$")


def words(line: str) -> tuple[str, Decimal, Decimal]:
    match = LINE.match(line)
    assert match, f"write it as `AAPL 7 @ 100.00`, not {line!r}"
    return match["symbol"], Decimal(match["qty"]), Decimal(match["price"])


def session(now: datetime = EVENING, *, is_open: bool = False) -> Session:
    return Session(now, TODAY, is_open, CLOSE, CLOSE + timedelta(hours=17, minutes=30), CLOSE + timedelta(days=1))


def account(equity: str = "100000", cash: str = "100000", **changes: Any) -> Account:
    plain = Account(
        "c0ffee00-0000", "PA1", "ACTIVE", Decimal(equity), Decimal(cash), Decimal(cash), shorting_enabled=True
    )
    return replace(plain, **changes)


def position(line: str, last: str | None = None, available: str | None = None) -> Position:
    symbol, qty, price = words(line)
    free = Decimal(available) if available is not None else qty
    return Position(symbol, f"asset-{symbol}", qty, free, price, Decimal(last) if last else price)


def stop(line: str, status: OrderStatus = OrderStatus.NEW, **changes: Any) -> Order:
    """A GTC sell stop; a negative quantity makes it the buy stop of a short."""
    symbol, qty, price = words(line)
    plain = Order(
        id=f"stop-{symbol}-{price}",
        client_order_id=named(symbol, Purpose.STOP),
        symbol=symbol,
        side=Side.SELL if qty > 0 else Side.BUY,
        type=OrderType.STOP,
        order_class=OrderClass.SIMPLE,
        time_in_force="gtc",
        status=status,
        qty=abs(qty),
        stop_price=price,
        created_at=EVENING - timedelta(days=3),
        submitted_at=EVENING - timedelta(days=3),
        expires_at=EVENING + timedelta(days=87),
    )
    return replace(plain, **changes)


def entry(line: str, status: OrderStatus = OrderStatus.NEW, stop_price: str | None = None, **changes: Any) -> Order:
    """A GTC limit entry of ours with its sleeping stop leg."""
    symbol, qty, price = words(line)
    plain = Order(
        id=f"entry-{symbol}",
        client_order_id=named(symbol, Purpose.ENTRY),
        symbol=symbol,
        side=Side.BUY if qty > 0 else Side.SELL,
        type=OrderType.LIMIT,
        order_class=OrderClass.OTO,
        time_in_force="gtc",
        status=status,
        qty=abs(qty),
        limit_price=price,
        created_at=EVENING - timedelta(days=1),
        submitted_at=EVENING - timedelta(days=1),
    )
    plain = replace(plain, **changes)
    leg = stop(
        f"{symbol} {qty} @ {stop_price or price * Decimal('0.92'):.2f}",
        OrderStatus.HELD if plain.is_live else OrderStatus.NEW,
        client_order_id=f"leg-of-{plain.id}",
        order_class=OrderClass.OTO,
        parent_id=plain.id,
    )
    return replace(plain, legs=(leg,))


def sale(line: str, status: OrderStatus = OrderStatus.ACCEPTED) -> Order:
    """A market exit of ours."""
    symbol, qty, _ = words(line)
    name = named(symbol, Purpose.EXIT)
    side = Side.SELL if qty > 0 else Side.BUY
    return Order(f"exit-{symbol}", name, symbol, side, OrderType.MARKET, OrderClass.SIMPLE, "day", status, abs(qty))


def named(symbol: str, purpose: Purpose, attempt: int = 1) -> str:
    return str(OrderName("c0ffee", TODAY, symbol, purpose, attempt))


def trade(line: str, first_stop: str | None = None, highest: str | None = None, **changes: Any) -> Trade:
    symbol, qty, price = words(line)
    side = Side.BUY if qty > 0 else Side.SELL
    first = Decimal(first_stop) if first_stop else price - side.sign * price * 8 / 100
    level = Decimal(highest) if highest else first
    plain = Trade(1, symbol, side, abs(qty), price, first, level, EVENING - timedelta(days=3))
    return replace(plain, **changes)


def stop_row(order: Order, **changes: Any) -> StopRecord:
    plain = StopRecord(
        order.id,
        order.client_order_id,
        order.symbol,
        order.side,
        order.qty,
        order.stop_price or Decimal(0),
        order.status,
        order.submitted_at or EVENING,
        "test",
    )
    return replace(plain, **changes)


def entry_row(order: Order, **changes: Any) -> EntryRecord:
    leg = order.stop_leg
    plain = EntryRecord(
        order.client_order_id,
        order.id,
        order.symbol,
        order.side,
        order.qty,
        order.limit_price or Decimal(0),
        (leg.stop_price if leg else None) or Decimal(0),
        OrderStatus.NEW,
        order.submitted_at or EVENING,
    )
    return replace(plain, **changes)


def approval(line: str, state: ApprovalState = ApprovalState.WAITING, **changes: Any) -> Approval:
    symbol, qty, price = words(line)
    expires = EVENING + timedelta(days=3)
    return replace(Approval(1, symbol, "profit", qty, price, "test", TODAY, EVENING, expires, state), **changes)


def owed(kind: OwedKind, line: str, tried_on: date = TODAY - timedelta(days=3)) -> Owed:
    symbol, qty, price = words(line)
    return Owed(kind, symbol, price, qty, "test", TODAY - timedelta(days=3), tried_on)


def fill(symbol: str, qty: str, price: str, order_id: str, side: str = "sell") -> Fill:
    return Fill(f"fill-{order_id}", order_id, symbol, side, Decimal(qty), Decimal(price), EVENING - timedelta(hours=2))


def facts(
    *positions: Position,
    orders: tuple[Order, ...] = (),
    book: Book | None = None,
    policy: RiskPolicy | None = None,
    **changes: Any,
) -> Facts:
    plain = Facts(
        session=session(),
        account=account(),
        policy=policy or RiskPolicy(),
        positions={position.symbol: position for position in positions},
        book=book or Book(),
    )
    return replace(plain, **changes).fold(orders)


def bar(symbol: str, close: str) -> Bar:
    price = Decimal(close)
    return Bar(symbol, TODAY, price, price, price, price, 1_000)
