"""The ledger's rows of broker orders."""

from datetime import UTC, datetime
from decimal import Decimal

from sentinel.domain.book import EndedBy, EntryRecord, ExitReason, ExitRecord, StopRecord
from sentinel.domain.orders import TERMINAL, Order, OrderStatus


def entry_record(order: Order, stop_price: Decimal) -> EntryRecord:
    """The ledger's row of an entry order."""
    return EntryRecord(
        client_order_id=order.client_order_id,
        order_id=order.id,
        symbol=order.symbol,
        side=order.side,
        qty=order.qty,
        limit_price=order.limit_price or Decimal(0),
        stop_price=stop_price,
        status=order.status,
        submitted_at=_sent_at(order),
        filled_qty=order.filled_qty,
        filled_avg_price=order.filled_avg_price,
        filled_at=order.filled_at,
    )


def stop_record(order: Order, trade_id: int | None, reason: str, ended_by: EndedBy | None = None) -> StopRecord:
    """The ledger's row of a stop order; `ended_by` is kept of one that has ended without filling."""
    has_ended = order.status in TERMINAL and order.status is not OrderStatus.FILLED
    return StopRecord(
        order_id=order.id,
        client_order_id=order.client_order_id,
        symbol=order.symbol,
        side=order.side,
        qty=order.qty,
        stop_price=order.stop_price or Decimal(0),
        status=order.status,
        submitted_at=_sent_at(order),
        reason=reason,
        is_leg=order.is_leg,
        expires_at=order.expires_at,
        replaces=order.replaces,
        filled_qty=order.filled_qty,
        filled_avg_price=order.filled_avg_price,
        filled_at=order.filled_at,
        trade_id=trade_id,
        ended_by=ended_by if has_ended else None,
    )


def exit_record(order: Order, reason: ExitReason, trade_id: int | None) -> ExitRecord:
    """The ledger's row of a sale."""
    return ExitRecord(
        client_order_id=order.client_order_id,
        order_id=order.id,
        symbol=order.symbol,
        side=order.side,
        qty=order.qty,
        status=order.status,
        submitted_at=_sent_at(order),
        reason=reason,
        filled_qty=order.filled_qty,
        filled_avg_price=order.filled_avg_price,
        filled_at=order.filled_at,
        trade_id=trade_id,
    )


def _sent_at(order: Order) -> datetime:
    return order.submitted_at or order.created_at or datetime.min.replace(tzinfo=UTC)
