"""The proof a run ends with: for every position, how many shares an active stop protects."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from sentinel.domain.book import Trade
from sentinel.domain.orders import Side


class CoverageState(StrEnum):
    """The six answers to `is it protected?`."""

    PROTECTED = "protected"
    PROTECTED_OLD_LEVEL = "protected_old_level"
    PARTLY_PROTECTED = "partly_protected"
    PENDING = "pending"
    UNVERIFIED = "unverified"
    NAKED = "naked"


COVERED = frozenset({CoverageState.PROTECTED, CoverageState.PROTECTED_OLD_LEVEL})


@dataclass(frozen=True, slots=True)
class CoverageRow:
    """One position: shares held, shares under an active stop, and why the two differ if they do."""

    symbol: str
    qty: Decimal
    protected_qty: Decimal
    state: CoverageState
    stop_price: Decimal | None
    stop_order_ids: tuple[str, ...]
    expires_at: datetime | None
    reason: str
    entry_price: Decimal | None = None
    last_price: Decimal | None = None
    side: Side = Side.BUY

    @classmethod
    def unverified(cls, trade: Trade, reason: str, last_price: Decimal | None = None) -> "CoverageRow":
        """A trade of the ledger whose position at the broker nobody has seen, or whose sight is not believed."""
        return cls(
            symbol=trade.symbol,
            qty=trade.qty,
            protected_qty=Decimal(0),
            state=CoverageState.UNVERIFIED,
            stop_price=None,
            stop_order_ids=(),
            expires_at=None,
            reason=reason,
            entry_price=trade.entry_price,
            last_price=last_price,
            side=trade.side,
        )


@dataclass(frozen=True, slots=True)
class Coverage:
    """All positions at one look."""

    rows: tuple[CoverageRow, ...] = ()

    @classmethod
    def of(cls, rows: Sequence[CoverageRow]) -> "Coverage":
        """The rows in the order of their symbols."""
        return cls(tuple(sorted(rows, key=lambda row: row.symbol)))

    @property
    def is_complete(self) -> bool:
        """Whether every share of every position is under an active stop."""
        return all(row.state in COVERED for row in self.rows)

    @property
    def is_settled(self) -> bool:
        """Whether every share is under an active stop or leaves at the next open by an order at the broker."""
        return all(row.state in COVERED or row.state is CoverageState.PENDING for row in self.rows)

    @property
    def is_bare(self) -> bool:
        """Whether whole shares, which could be under a stop, are under none and do not leave at the open."""
        waiting = (row for row in self.rows if row.state is not CoverageState.PENDING)
        return any(int(row.qty) > int(row.protected_qty) for row in waiting)

    @property
    def protected_positions(self) -> int:
        """Positions whose every share is protected."""
        return sum(row.state in COVERED for row in self.rows)

    @property
    def shares(self) -> Decimal:
        """Shares held, longs and shorts alike."""
        return sum((row.qty for row in self.rows), Decimal(0))

    @property
    def protected_shares(self) -> Decimal:
        """Shares under an active stop."""
        return sum((row.protected_qty for row in self.rows), Decimal(0))
