"""Counts the shares open orders hold, kept up order by order so that ten thousand of them cost no more than ten."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from sentinel.simulator.book import Order
    from sentinel.simulator.store import Store

_ZERO = Decimal(0)


class _Side:
    """One side of one symbol: what each order of each group holds, and what all groups hold together."""

    def __init__(self) -> None:
        self.groups: dict[str, dict[str, Decimal]] = {}
        self.total = _ZERO

    def group_qty(self, group_id: str) -> Decimal:
        return max(self.groups.get(group_id, {}).values(), default=_ZERO)

    def put(self, order: Order) -> None:
        before = self.group_qty(order.group_id)
        members = self.groups.setdefault(order.group_id, {})
        if order.holds_shares:
            members[order.id] = order.leaves_qty
        else:
            members.pop(order.id, None)
        self.total += self.group_qty(order.group_id) - before
        if not members:
            del self.groups[order.group_id]


class Holdings:
    """The shares held for open orders (ALPACA 6.1); the members of a group hold the same shares once."""

    def __init__(self, store: Store, open_orders: Callable[[str, str], list[Order]]) -> None:
        self._store = store
        self._open_orders = open_orders
        self._sides: dict[tuple[str, str], _Side] = {}
        self._changed_in = 0
        store.when_undone(self._undone)

    def qty(self, symbol: str, side: str, but_group: str = "") -> Decimal:
        """Return the shares the open orders of one side hold, one group left out if asked."""
        if (symbol, side) not in self._sides:
            known = self._sides[symbol, side] = _Side()
            for order in self._open_orders(symbol, side):
                known.put(order)
        known = self._sides[symbol, side]
        return known.total - (known.group_qty(but_group) if but_group else _ZERO)

    def note(self, order: Order) -> None:
        """Take in an order as it was just written."""
        self._changed_in = self._store.scope
        if (order.symbol, order.side) in self._sides:
            self._sides[order.symbol, order.side].put(order)

    def _undone(self, scope: int) -> None:
        if self._changed_in >= scope:
            self.forget()

    def forget(self) -> None:
        """Count anew at the next question."""
        self._sides.clear()
