"""Lets what a venue has yet to confirm take its time: cancels, the shares they free, replacements."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from sentinel.simulator.lifecycle import cancel_group, group_of

if TYPE_CHECKING:
    from sentinel.simulator.book import Order
    from sentinel.simulator.exchange import Exchange

# Alpaca was measured at 15 ms for the status and 78 ms for the shares (ALPACA 4.3). The exchange's clock stands still
# between moves, so requests are counted instead: one sees `pending_cancel`, two more `canceled` with the shares held.
_REQUESTS_TO_CANCEL = 2
_REQUESTS_TO_FREE = 2


def begin_cancel(exchange: Exchange, order: Order) -> None:
    """Mark an order `pending_cancel`; a few requests later it is `canceled`, and its shares free after a few more."""
    exchange.book.save(replace(order, status="pending_cancel", updated_ns=exchange.stamp()))
    _await(exchange, order, "cancel", Decimal(0), _REQUESTS_TO_CANCEL)


def _await(exchange: Exchange, order: Order, what: str, qty: Decimal, requests: int) -> None:
    values = {"order_id": order.id, "what": what, "symbol": order.symbol, "side": order.side, "qty": format(qty, "f")}
    exchange.store.execute("DELETE FROM settling WHERE order_id = ?", (order.id,))
    exchange.store.insert("settling", {**values, "related_id": order.chain_id, "requests_left": requests})


def pass_request(exchange: Exchange) -> None:
    """Count one request, and settle what has waited for enough of them."""
    if exchange.store.row("SELECT 1 FROM settling LIMIT 1") is None:
        return
    with exchange.store.transaction():
        exchange.store.execute("UPDATE settling SET requests_left = requests_left - 1")
        _settle(exchange, "requests_left <= 0")


def settle_cancels(exchange: Exchange) -> None:
    """Settle everything at once, because time passes."""
    _settle(exchange, "what = 'cancel'")
    exchange.store.execute("DELETE FROM settling")


def _settle(exchange: Exchange, due: str) -> None:
    for row in exchange.store.rows(f"SELECT * FROM settling WHERE {due}"):  # noqa: S608 - the code's own words
        exchange.store.execute("DELETE FROM settling WHERE order_id = ?", (row["order_id"],))
        order = exchange.book.must(row["order_id"])
        if row["what"] == "cancel" and order.is_open:
            _cancel_and_keep_shares(exchange, order)


def _cancel_and_keep_shares(exchange: Exchange, order: Order) -> None:
    """Cancel an order with its group; of the group one member goes on holding the shares for a while."""
    members = [order, *group_of(exchange, order)]
    holding = next((member for member in members if member.holds_shares), None)
    cancel_group(exchange, order)
    if holding is not None:
        _await(exchange, holding, "shares", holding.leaves_qty, _REQUESTS_TO_FREE)


def lingering_qty(exchange: Exchange, symbol: str, side: str) -> Decimal:
    """Return the shares of cancelled orders that are not free yet (ALPACA 4.3)."""
    sql = "SELECT qty FROM settling WHERE symbol = ? AND side = ? AND what = 'shares'"
    return sum((Decimal(row["qty"]) for row in exchange.store.rows(sql, (symbol, side))), Decimal(0))


def lingering_ids(exchange: Exchange, symbol: str, side: str) -> list[str]:
    """Name the cancelled orders whose shares are not free yet."""
    sql = "SELECT related_id FROM settling WHERE symbol = ? AND side = ? AND what = 'shares'"
    return [row["related_id"] for row in exchange.store.rows(sql, (symbol, side))]


def settle_replacements(exchange: Exchange, symbol: str | None = None) -> None:
    """Let the venue confirm pending replacements: the old order is `replaced`, the new one works (ALPACA 3.2).

    Of all symbols, or of one.
    """
    pending = exchange.book.open_when("status = 'pending_replace'")
    for old in (order for order in pending if symbol in (None, order.symbol)):
        new = exchange.book.must(old.replaced_by or "")
        at_ns = exchange.stamp()
        exchange.book.save(replace(old, status="replaced", replaced_ns=at_ns, updated_ns=at_ns))
        is_watched = old.armed and old.role == "stop_loss" and old.order_class in ("bracket", "oco")
        status = "held" if is_watched else "partially_filled" if old.filled_qty else "new"
        at_ns = exchange.stamp()
        exchange.book.save(
            replace(
                new,
                status=status,
                routed=True,
                filled_qty=old.filled_qty,
                filled_avg_price=old.filled_avg_price,
                submitted_ns=at_ns,
                updated_ns=at_ns,
            )
        )
        adopt_legs(exchange, old, new)


def adopt_legs(exchange: Exchange, old: Order, new: Order) -> None:
    """Hang the legs of a replaced order under the new one."""
    for leg in exchange.book.legs(old.id):
        exchange.book.save(replace(leg, parent_id=new.id))
