"""The order as the exchange keeps it, and the book of all of them with the indexed questions asked of it."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, fields, replace
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any

from sentinel.simulator.holdings import Holdings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sentinel.simulator.store import Store

# ALPACA 5.1: everything else is terminal.
TERMINAL_STATUSES = ("filled", "canceled", "expired", "replaced", "rejected")
OPEN_STATUSES = frozenset(
    {"new", "partially_filled", "accepted", "pending_new", "pending_cancel", "pending_replace", "held", "stopped"}
    | {"accepted_for_bidding", "done_for_day", "suspended", "calculated", "pending_review"}
)
# What a venue fills; an order about to be replaced still trades (ALPACA 3.2), so does one about to be cancelled.
WORKING_STATUSES = ("new", "partially_filled", "pending_replace")


@dataclass(frozen=True, slots=True)
class Order:
    """One order. Quantities are shares, prices dollars a share, instants nanoseconds since 1970 UTC.

    `role` tells what a leg is (`take_profit`, `stop_loss`, empty for an entry); `chain_id` is the first id of a chain
    of replacements; `routed` says a venue has it; `armed` that a `held` stop is watched by the broker (ALPACA 1.6);
    `triggered` that a stop-limit has become a limit.
    """

    seq: int
    id: str
    client_order_id: str
    symbol: str
    side: str
    type: str
    order_class: str
    time_in_force: str
    position_intent: str
    status: str
    qty: Decimal | None
    notional: Decimal | None
    limit_price: Decimal | None
    stop_price: Decimal | None
    created_ns: int
    submitted_ns: int
    updated_ns: int
    chain_id: str
    filled_qty: Decimal = Decimal(0)
    filled_avg_price: Decimal | None = None
    trail_price: Decimal | None = None
    trail_percent: Decimal | None = None
    hwm: Decimal | None = None
    extended_hours: bool = False
    parent_id: str | None = None
    role: str = ""
    replaces: str | None = None
    replaced_by: str | None = None
    routed: bool = False
    armed: bool = False
    triggered: bool = False
    expires_ns: int | None = None
    filled_ns: int | None = None
    canceled_ns: int | None = None
    expired_ns: int | None = None
    failed_ns: int | None = None
    replaced_ns: int | None = None

    @property
    def is_open(self) -> bool:
        """True until the order can do nothing more."""
        return self.status in OPEN_STATUSES

    @property
    def is_working(self) -> bool:
        """True when a venue, or the broker for a `held` stop, would fill it as soon as the price is there."""
        return self.routed and (self.status in WORKING_STATUSES or (self.status == "held" and self.armed))

    @property
    def is_complex(self) -> bool:
        """True for bracket, OCO and OTO orders and their legs."""
        return self.order_class != ""

    @property
    def group_id(self) -> str:
        """The id of the order its group hangs from, its own when it stands alone."""
        return self.parent_id or self.id

    @property
    def is_buy(self) -> bool:
        """True for a buy."""
        return self.side == "buy"

    @property
    def opposite_side(self) -> str:
        """The other side."""
        return "sell" if self.is_buy else "buy"

    @property
    def awaits_replacement(self) -> bool:
        """True for an order that takes its predecessor's place only once the venue confirms (ALPACA 3.2)."""
        return self.status == "pending_new" and self.replaces is not None

    @property
    def holds_shares(self) -> bool:
        """True while shares are set aside for it; legs waiting for their entry hold nothing (ALPACA 6.1)."""
        waits = (self.status == "held" and not self.armed) or self.awaits_replacement
        return self.is_open and not waits

    @property
    def leaves_qty(self) -> Decimal:
        """Shares not filled yet; a notional order has none until it fills."""
        return (self.qty or Decimal(0)) - self.filled_qty

    @property
    def working_limit(self) -> Decimal | None:
        """The worst price it may fill at: its limit, or that of a buy stop turned into a stop-limit (ALPACA 7.6)."""
        if self.type == "stop" and self.triggered and self.stop_price is not None:
            return round(self.stop_price * _collar(self.stop_price), 2)
        return self.limit_price

    def opening_cost(self, last_price: Decimal | None) -> Decimal:
        """Dollars the order would still tie up: nothing when it only closes; a market order costs the last price."""
        if not self.position_intent.endswith("_to_open") or self.awaits_replacement:
            return Decimal(0)
        if self.qty is None:
            return self.notional or Decimal(0)
        return self.leaves_qty * (self.limit_price or self.stop_price or last_price or Decimal(0))


def _collar(stop_price: Decimal) -> Decimal:
    return Decimal("1.04") if stop_price < 50 else Decimal("1.025")


_NAMES = tuple(field.name for field in fields(Order))
_DECIMALS = frozenset(
    {"qty", "notional", "limit_price", "stop_price", "filled_qty", "filled_avg_price", "trail_price", "trail_percent"}
    | {"hwm"}
)
_BOOLEANS = frozenset({"extended_hours", "routed", "armed", "triggered"})
_MOST_MILLIS = 10**15
_COLUMNS = (*_NAMES, "is_open", "opening_millis", "limit_micros")
_SELECT = f"SELECT {', '.join(_NAMES)} FROM orders"  # noqa: S608 - the names are the dataclass's
_INSERT = f"INSERT INTO orders ({', '.join(_COLUMNS)}) VALUES ({', '.join('?' * len(_COLUMNS))})"  # noqa: S608
_UPDATE = f"UPDATE orders SET {', '.join(f'{name} = ?' for name in _COLUMNS)} WHERE seq = ?"  # noqa: S608


def _to_column(value: Any) -> Any:
    if isinstance(value, Decimal):
        return format(value, "f")
    return int(value) if isinstance(value, bool) else value


def _to_columns(order: Order) -> list[Any]:
    # The cost of priced opening orders is kept summable, in thousandths of a dollar; -1 marks one at the market.
    priced = order.qty is None or order.limit_price is not None or order.stop_price is not None
    opens = order.position_intent.endswith("_to_open") and not order.awaits_replacement
    millis = min(int(order.opening_cost(None).scaleb(3)), _MOST_MILLIS) if priced else -int(opens)
    micros = None if order.limit_price is None else price_micros(order.limit_price)
    return [*(_to_column(getattr(order, name)) for name in _NAMES), int(order.is_open), millis, micros]


def price_micros(price: Decimal) -> int:
    """Return a price in millionths of a dollar, by which limits are compared; none is finer (ALPACA 7.1)."""
    return int(price.scaleb(6))


def _to_order(row: sqlite3.Row) -> Order:
    values: dict[str, Any] = dict(zip(_NAMES, row, strict=True))
    for name in _DECIMALS:
        if values[name] is not None:
            values[name] = Decimal(values[name])
    for name in _BOOLEANS:
        values[name] = bool(values[name])
    return Order(**values)


@dataclass(frozen=True)
class OrderQuery:
    """What `GET /v2/orders` asks for (ALPACA 5.3); `before` and `after` are order ids, times exclusive."""

    status: str = "open"
    limit: int = 50
    after_ns: int | None = None
    until_ns: int | None = None
    ascending: bool = False
    nested: bool = False
    symbols: tuple[str, ...] = ()
    side: str | None = None
    before: Order | None = None
    after: Order | None = None
    is_equity: bool = True

    @cached_property
    def conditions(self) -> list[tuple[str, tuple[Any, ...]]]:
        """The WHERE clauses and their parameters."""
        clauses: list[tuple[str, tuple[Any, ...]]] = []
        if not self.is_equity:
            clauses.append(("0", ()))
        if self.status == "open":
            # ALPACA 5.2: an open query leaves `held` legs out, and a nested one a group whose parent is filled.
            clauses.append(("is_open AND status <> 'held'", ()))
        elif self.status == "closed":
            clauses.append(("NOT is_open", ()))
        if self.nested:
            clauses.append(("parent_id IS NULL", ()))
        if self.after_ns is not None:
            clauses.append(("submitted_ns > ?", (self.after_ns,)))
        if self.until_ns is not None:
            clauses.append(("submitted_ns < ?", (self.until_ns,)))
        if self.symbols:
            clauses.append((f"symbol IN ({', '.join('?' * len(self.symbols))})", self.symbols))
        if self.side:
            clauses.append(("side = ?", (self.side,)))
        if self.before:
            clauses.append(("(submitted_ns, seq) < (?, ?)", (self.before.submitted_ns, self.before.seq)))
        if self.after:
            clauses.append(("(submitted_ns, seq) > (?, ?)", (self.after.submitted_ns, self.after.seq)))
        return clauses


class OrderBook:
    """Every order ever taken."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.holdings = Holdings(store, self.open)

    def add(self, order: Order) -> Order:
        """Write a new order; the book numbers it."""
        row = self._store.row("SELECT coalesce(max(seq), 0) + 1 AS next FROM orders")
        order = replace(order, seq=row["next"] if row else 1)
        self._store.execute(_INSERT, _to_columns(order))
        self.holdings.note(order)
        return order

    def save(self, order: Order) -> Order:
        """Write a changed order back."""
        self._store.execute(_UPDATE, [*_to_columns(order), order.seq])
        self.holdings.note(order)
        return order

    def _all(self, where: str, parameters: Iterable[Any] = ()) -> list[Order]:
        return [_to_order(row) for row in self._store.rows(f"{_SELECT} {where}", parameters)]

    def get(self, order_id: str) -> Order | None:
        """Return an order by its id."""
        return next(iter(self._all("WHERE id = ?", (order_id,))), None)

    def must(self, order_id: str) -> Order:
        """Return an order known to exist, as it is now."""
        order = self.get(order_id)
        if order is None:
            raise LookupError(f"no order {order_id}")
        return order

    def by_client_order_id(self, client_order_id: str) -> Order | None:
        """Return an order by the id its client chose, whatever its status (ALPACA 8)."""
        return next(iter(self._all("WHERE client_order_id = ?", (client_order_id,))), None)

    def legs(self, parent_id: str) -> list[Order]:
        """Return the legs of a parent, replaced ones too, oldest first."""
        return self._all("WHERE parent_id = ? ORDER BY seq", (parent_id,))

    def open(self, symbol: str | None = None, side: str | None = None) -> list[Order]:
        """Return the open orders, of one symbol and side or of all, oldest first."""
        if symbol is None:
            return self._all("WHERE is_open ORDER BY seq")
        if side is None:
            return self._all("WHERE is_open AND symbol = ? ORDER BY seq", (symbol,))
        return self._all("WHERE is_open AND symbol = ? AND side = ? ORDER BY seq", (symbol, side))

    def open_when(self, condition: str, *parameters: Any) -> list[Order]:
        """Return the open orders a condition of the code's own selects, oldest first."""
        return self._all(f"WHERE is_open AND {condition} ORDER BY seq", parameters)

    def crossing(
        self, symbol: str, side: str, order_class: str, types: Iterable[str], bound: Decimal | None
    ) -> Order | None:
        """Return an open order of some types that is not `held`; with a bound, one whose limit would meet it."""
        reach, values = "", []
        if bound is not None:
            reach, values = f"AND limit_micros {'<=' if side == 'sell' else '>='} ?", [price_micros(bound)]
        start = "WHERE is_open AND status <> 'held' AND symbol = ? AND side = ? AND order_class = ? AND type = ?"
        for kind in types:
            where = f"{start} {reach} LIMIT 1"
            if found := self._all(where, [symbol, side, order_class, kind, *values]):
                return found[0]
        return None

    def opens(self, symbol: str, side: str) -> bool:
        """Tell whether an order to open a position on one side is open."""
        sql = "SELECT 1 FROM orders WHERE is_open AND symbol = ? AND position_intent = ? LIMIT 1"
        return self._store.row(sql, (symbol, f"{side}_to_open")) is not None

    def open_symbols(self) -> list[str]:
        """Return the symbols that have open orders, sorted."""
        return [
            row["symbol"] for row in self._store.rows("SELECT DISTINCT symbol FROM orders WHERE is_open ORDER BY 1")
        ]

    def opening_cost(self, last_price: Callable[[str], Decimal | None]) -> Decimal:
        """Return the dollars all open orders would tie up."""
        row = self._store.row("SELECT millis FROM opening")
        cost = Decimal(row["millis"] if row else 0).scaleb(-3)
        for order in self._all("WHERE is_open AND opening_millis < 0"):
            cost += order.opening_cost(last_price(order.symbol))
        return cost

    def everything(self) -> list[Order]:
        """Return every order, oldest first."""
        return self._all("ORDER BY seq")

    def find(self, query: OrderQuery) -> list[Order]:
        """Return one page of orders by submission time (ALPACA 5.3)."""
        clauses = query.conditions
        where = "WHERE " + " AND ".join(clause for clause, _ in clauses) if clauses else ""
        parameters = [value for _, values in clauses for value in values]
        way = "ASC" if query.ascending else "DESC"
        order = f"ORDER BY submitted_ns {way}, seq {way} LIMIT ?"
        return self._all(f"{where} {order}", [*parameters, query.limit])
