"""What the ledger remembers: entries, stops, trades, what is owed and what waits for a person."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from sentinel.domain.names import Purpose
from sentinel.domain.orders import TERMINAL, OrderStatus, Side


class IntentState(StrEnum):
    """How far a mutation got (planned and sent are unfinished, the others settled)."""

    PLANNED = "planned"
    SENT = "sent"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"
    ABANDONED = "abandoned"


OPEN_STATUSES = frozenset(OrderStatus) - TERMINAL


class ExitReason(StrEnum):
    """Why a trade ended."""

    STOP_FILLED = "stop_filled"
    PROFIT = "profit"
    MANUAL = "manual"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Intent:
    """One mutation, written down before it is sent; `name` is the client order id where the request carries one."""

    name: str
    symbol: str
    purpose: Purpose
    verb: str
    params: Mapping[str, str]
    precondition: str
    because: str
    target_order_id: str | None = None
    state: IntentState = IntentState.PLANNED
    order_id: str | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class EntryRecord:
    """An entry order in the ledger."""

    client_order_id: str
    order_id: str
    symbol: str
    side: Side
    qty: Decimal
    limit_price: Decimal
    stop_price: Decimal
    status: OrderStatus
    submitted_at: datetime
    filled_qty: Decimal = Decimal(0)
    filled_avg_price: Decimal | None = None
    filled_at: datetime | None = None
    trade_id: int | None = None

    @property
    def is_open(self) -> bool:
        """Whether the entry may still fill."""
        return self.status in OPEN_STATUSES


class EndedBy(StrEnum):
    """Whose hand ended a stop that did not fill."""

    SENTINEL = "sentinel"
    TRADER = "trader"
    BROKER = "broker"


@dataclass(frozen=True, slots=True)
class StopRecord:
    """A stop order in the ledger; `trade_id` is None until its entry has filled."""

    order_id: str
    client_order_id: str
    symbol: str
    side: Side
    qty: Decimal
    stop_price: Decimal
    status: OrderStatus
    submitted_at: datetime
    reason: str
    is_leg: bool = False
    expires_at: datetime | None = None
    replaces: str | None = None
    filled_qty: Decimal = Decimal(0)
    filled_avg_price: Decimal | None = None
    filled_at: datetime | None = None
    trade_id: int | None = None
    ended_by: EndedBy | None = None

    @property
    def is_open(self) -> bool:
        """Whether the ledger believes the stop is still resting."""
        return self.status in OPEN_STATUSES


@dataclass(frozen=True, slots=True)
class Trade:
    """A position from its opening to its close; one share's risk is entry price less first stop (one R)."""

    id: int
    symbol: str
    side: Side
    qty: Decimal
    entry_price: Decimal
    first_stop_price: Decimal
    highest_stop_price: Decimal
    opened_at: datetime
    asset_id: str = ""
    is_adopted: bool = False
    is_breached: bool = False
    exit_price: Decimal | None = None
    closed_at: datetime | None = None
    exit_reason: ExitReason | None = None
    exit_order_id: str | None = None
    # When the trader took an adopted position for his own.
    named_at: datetime | None = None
    # Protected like any other, but never raised and never offered for sale.
    is_ignored: bool = False

    @property
    def is_open(self) -> bool:
        """Whether shares are still held."""
        return self.closed_at is None

    def r_multiple(self, price: Decimal) -> Decimal | None:
        """Gain at a price in units of the first risk, None when the first stop was no risk."""
        risk = (self.entry_price - self.first_stop_price) * self.side.sign
        return (price - self.entry_price) * self.side.sign / risk if risk > 0 else None


@dataclass(frozen=True, slots=True)
class ExitRecord:
    """A sale (or a buy that covers a short) in the ledger."""

    client_order_id: str
    order_id: str
    symbol: str
    side: Side
    qty: Decimal
    status: OrderStatus
    submitted_at: datetime
    reason: ExitReason
    filled_qty: Decimal = Decimal(0)
    filled_avg_price: Decimal | None = None
    filled_at: datetime | None = None
    trade_id: int | None = None

    @property
    def is_open(self) -> bool:
        """Whether the exit may still fill."""
        return self.status in OPEN_STATUSES


class OwedKind(StrEnum):
    """What the broker would not take tonight."""

    RAISE = "raise"
    EXIT = "exit"


@dataclass(frozen=True, slots=True)
class Owed:
    """A raise or an exit still to be done; `since` and `tried_on` are the sessions of its first and latest refusal."""

    kind: OwedKind
    symbol: str
    price: Decimal
    qty: Decimal
    reason: str
    since: date
    tried_on: date
    evenings: int = 1


class ApprovalState(StrEnum):
    """Where a question to the trader stands."""

    WAITING = "waiting"
    APPROVED = "approved"
    REJECTED = "rejected"
    EXPIRED = "expired"
    DONE = "done"


class SaleKind(StrEnum):
    """What the trader is asked to sell: all of it at its target, part of it before, or a breached position."""

    PROFIT = "profit"
    PARTIAL = "partial"
    BREACH = "exit"


@dataclass(frozen=True, slots=True)
class Approval:
    """A question to the trader; `price_shown` is the price the answer was based on."""

    id: int
    symbol: str
    kind: str
    qty: Decimal
    price_shown: Decimal
    because: str
    session: date
    asked_at: datetime
    expires_at: datetime
    state: ApprovalState = ApprovalState.WAITING


@dataclass(frozen=True, slots=True)
class RunEnding:
    """How a run ended: without an exit code it was cut off; `is_bare` says it left whole shares without a stop."""

    id: int
    exit_code: int | None
    alarms: frozenset[str] = frozenset()
    is_bare: bool = False


@dataclass(frozen=True, slots=True)
class Trouble:
    """What may be signs of danger since entries were last resumed; runs newest first."""

    endings: tuple[RunEnding, ...] = ()
    # Each run that had to put a stop behind a symbol, with its session.
    rescues: tuple[tuple[str, int, date], ...] = ()
    # Each request the broker refused or left unanswered: the session, the verb and the symbol.
    rejects: tuple[tuple[date, str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Book:
    """The ledger's open business at one moment, and of the last session what was already asked."""

    entries: tuple[EntryRecord, ...] = ()
    stops: tuple[StopRecord, ...] = ()
    exits: tuple[ExitRecord, ...] = ()
    trades: tuple[Trade, ...] = ()
    owed: tuple[Owed, ...] = ()
    approvals: tuple[Approval, ...] = ()
    # Of the orders the look found with a name of ours, those the ledger has, by the broker's order id.
    known_orders: frozenset[str] = frozenset()
    # Orders an intent of ours asked the broker to cancel, or to replace, by the broker's order id.
    cancelled_by_us: frozenset[str] = frozenset()
    replaced_by_us: frozenset[str] = frozenset()
    # Stops the broker has refused to make smaller in this session.
    unshrinkable: frozenset[str] = frozenset()
    # Names of the entries that were sent, or may have been, in the session the book was read for.
    entered_today: frozenset[str] = frozenset()
    equity_curve: tuple[tuple[date, Decimal], ...] = ()
    # Why the trader has stopped entries and profit sales; why Sentinel has paused entries. At most one is set.
    halt_reason: str | None = None
    latch_reason: str | None = None
    # Whether it is paused because the ledger was begun anew in the place of a damaged one.
    is_quarantined: bool = False
    # Symbols whose open trade has been sold in part, or whose trader said no to that.
    settled_partials: frozenset[str] = frozenset()

    def trade(self, symbol: str) -> Trade | None:
        """The open trade in a symbol; the ledger allows one."""
        return next((trade for trade in self.trades if trade.symbol == symbol), None)

    def owed_for(self, kind: OwedKind, symbol: str) -> Owed | None:
        """What is owed to a symbol, if anything."""
        return next((owed for owed in self.owed if (owed.kind, owed.symbol) == (kind, symbol)), None)

    def only(self, symbol: str) -> "Book":
        """The business in one symbol."""
        return replace(
            self,
            entries=tuple(entry for entry in self.entries if entry.symbol == symbol),
            stops=tuple(stop for stop in self.stops if stop.symbol == symbol),
            exits=tuple(sale for sale in self.exits if sale.symbol == symbol),
            trades=tuple(trade for trade in self.trades if trade.symbol == symbol),
            owed=tuple(owed for owed in self.owed if owed.symbol == symbol),
            approvals=self.approvals_for(symbol),
        )

    def approvals_for(self, symbol: str) -> tuple[Approval, ...]:
        """Every question about a symbol that is open, answered but not done, or from the last session."""
        return tuple(approval for approval in self.approvals if approval.symbol == symbol)
