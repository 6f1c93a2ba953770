"""Answers in the shapes recorded from Alpaca, for a server that answers from a script."""

from typing import Any

ORDER_ID = "904837e3-3b76-47ec-b432-046db621571b"
LEG_ID = "a8f0d430-6ad4-42b8-b482-26649e554955"
MOMENT = "2026-08-14T14:30:00.123456789Z"

EMPTY_KEYS = (
    "canceled_at",
    "expired_at",
    "failed_at",
    "filled_at",
    "filled_avg_price",
    "hwm",
    "legs",
    "limit_price",
    "notional",
    "replaced_at",
    "replaced_by",
    "replaces",
    "subtag",
    "trail_percent",
    "trail_price",
)


def order_row(**changes: Any) -> dict[str, Any]:
    """An order with every key Alpaca sends (ALPACA 5.5)."""
    row: dict[str, Any] = dict.fromkeys(EMPTY_KEYS)
    row |= {
        "id": ORDER_ID,
        "client_order_id": "snt-1",
        "created_at": MOMENT,
        "updated_at": MOMENT,
        "submitted_at": MOMENT,
        "expires_at": "2026-11-12T21:00:00Z",
        "asset_id": "b0b6dd9d-8b9b-48a9-ba46-b9d54906e415",
        "symbol": "AAPL",
        "asset_class": "us_equity",
        "qty": "10",
        "filled_qty": "0",
        "order_class": "",
        "order_type": "stop",
        "type": "stop",
        "side": "sell",
        "position_intent": "sell_to_close",
        "time_in_force": "gtc",
        "stop_price": "92.00",
        "status": "new",
        "extended_hours": False,
        "source": "access_key",
    }
    return row | changes


def position_row(**changes: Any) -> dict[str, Any]:
    """A position with the keys Sentinel reads and some it does not (ALPACA 10.2)."""
    row = {
        "asset_id": "b0b6dd9d-8b9b-48a9-ba46-b9d54906e415",
        "symbol": "AAPL",
        "exchange": "NASDAQ",
        "asset_class": "us_equity",
        "asset_marginable": True,
        "qty": "4",
        "qty_available": "3",
        "avg_entry_price": "200.125",
        "side": "long",
        "market_value": "900.64",
        "current_price": "225.16",
    }
    return row | changes


def fill_row(number: int, **changes: Any) -> dict[str, Any]:
    """An execution (ALPACA 10.4)."""
    row = {
        "id": f"20260624054105939::{number:08d}",
        "activity_type": "FILL",
        "transaction_time": "2026-06-24T09:41:05.939008Z",
        "type": "fill",
        "price": "27.59",
        "qty": "5",
        "side": "buy",
        "symbol": "UVXY",
        "leaves_qty": "0",
        "order_id": ORDER_ID,
        "cum_qty": "5",
        "order_status": "filled",
    }
    return row | changes
