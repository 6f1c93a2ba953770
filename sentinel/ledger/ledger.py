"""The ledger as the rest of Sentinel knows it."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sentinel.domain.book import Book, EntryRecord, ExitRecord, Owed, StopRecord
from sentinel.domain.errors import GuardRefusal
from sentinel.domain.names import Purpose
from sentinel.ledger import approvals, orders, trades
from sentinel.ledger.approvals import Approvals
from sentinel.ledger.copying import copies, copy_to
from sentinel.ledger.intents import Intents
from sentinel.ledger.ledger_file import Clock
from sentinel.ledger.opening import open_for_reading, open_for_writing
from sentinel.ledger.orders import Orders
from sentinel.ledger.retention import Retention, superfluous
from sentinel.ledger.rows import BoundAccount, Cell, from_row, to_cell
from sentinel.ledger.soundness import faults, reading
from sentinel.ledger.telemetry import Telemetry
from sentinel.ledger.trades import Trades
from sentinel.ledger.troubles import Troubles

VIEWS = ("v_active_positions", "v_pending_entries", "v_orphaned_stops", "v_closed_trades", "v_runs", "v_rescues")


def utc_now() -> datetime:
    """The computer's clock."""
    return datetime.now(UTC)


class Ledger(Intents, Orders, Trades, Approvals, Telemetry, Troubles):
    """What Sentinel intended, did and saw.

    Every write is a transaction of its own or part of the open one; every error is a LedgerError with a remedy.
    Prices and amounts are dollars, quantities shares, times UTC; a time without a zone is a ValueError, a float a
    TypeError.
    """

    @classmethod
    def open(cls, path: Path, now: Clock = utc_now) -> Self:
        """The ledger at a path, checked, made or brought to the newest schema if need be (an old one is copied first).

        LedgerError when it is somebody else's file, newer than this Sentinel, damaged or not writable.
        """
        return cls(path, open_for_writing(path, now), now)

    @classmethod
    def open_read_only(cls, path: Path, now: Clock = utc_now, *, is_checked: bool = True) -> Self:
        """The ledger at a path as it is, never created, migrated or written.

        LedgerError when it cannot be read, LedgerDamaged when it is damaged, unless it is opened for looking at that.
        """
        return cls(path, open_for_reading(path, is_checked=is_checked), now)

    @classmethod
    def open_copy(cls, path: Path, now: Clock = utc_now) -> Self:
        """A copy of a ledger, of this schema or an older one, to look into; LedgerError when it cannot be read."""
        return cls(path, open_for_reading(path, any_version=True), now)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def schema_version(self) -> int:
        """The number of the schema."""
        row = self._row("PRAGMA user_version")
        return int(row["user_version"]) if row else 0

    def bind(self, account_id: str, account_number: str, mode: str) -> None:
        """Tie the ledger to its account and mode (sim, paper or live) on first contact.

        GuardRefusal for any other account or mode from then on.
        """
        with self.transaction():
            known = self.bound_account()
            if known is None:
                row: dict[str, Cell] = {
                    "id": 1,
                    "account_id": account_id,
                    "account_number": account_number,
                    "mode": mode,
                }
                self._insert("account", {**row, "bound_at": to_cell(self._now())})
                self.audit("bind", None, f"account {account_number} ({account_id}), {mode}")
            elif (known.account_id, known.mode) != (account_id, mode):
                mine, theirs = known.account_number, account_number
                if mine == theirs and known.account_id != account_id:
                    # An exchange begun anew keeps its number; only the id tells the two apart.
                    mine, theirs = f"{mine} (id {known.account_id})", f"{theirs} (id {account_id})"
                raise GuardRefusal(
                    f"this ledger belongs to {known.mode} account {mine}, but the keys open {mode} account {theirs}",
                    f"use the keys of {mine}, or make another home for {theirs} with `sentinel --home DIR init`",
                    rule="bound_account",
                    value=f"{mode} account {theirs}",
                    limit=f"{known.mode} account {mine}",
                )

    def bound_account(self) -> BoundAccount | None:
        """The account the ledger belongs to; None before first contact."""
        row = self._row("SELECT * FROM account")
        return from_row(BoundAccount, row) if row else None

    def book(self, today: date) -> Book:
        """All open business, and what was asked and entered in the session `today`."""
        account, latch_reason = self.bound_account(), self.latch_reason()
        return Book(
            entries=self._orders(EntryRecord, orders.OPEN_ENTRIES),
            stops=self._orders(StopRecord, orders.OPEN_STOPS),
            exits=self._orders(ExitRecord, orders.OPEN_EXITS),
            trades=self.open_trades(),
            owed=tuple(from_row(Owed, row) for row in self._rows(trades.OWED)),
            approvals=self._approvals(approvals.APPROVALS_OF_TONIGHT, to_cell(today)),
            entered_today=self.entered_on(today, account.account_id) if account else frozenset(),
            equity_curve=self.equity_curve(),
            halt_reason=self.halt_reason(),
            latch_reason=latch_reason,
            is_quarantined=latch_reason is not None and self.quarantine_line() is not None,
            cancelled_by_us=self.targeted_by(Purpose.CANCEL),
            replaced_by_us=self.targeted_by(Purpose.RAISE),
            unshrinkable=self.unshrinkable(today),
            settled_partials=frozenset(row["symbol"] for row in self._rows(trades.SETTLED_PARTIALS)),
        )

    def damage(self) -> tuple[str, ...]:
        """Everything wrong with the file, its rows and the audit's chain, in words; empty when all is well.

        The rules of the rows are only checked where the ledger is open for writing.
        """
        with reading(self.path):
            return tuple(faults(self._connection, are_rows_checked=True))

    def view(self, name: str) -> tuple[Mapping[str, Any], ...]:
        """The rows of one of the views, numbers as numbers: for showing, not for computing with money."""
        if name not in VIEWS:
            raise ValueError(f"the ledger has no view {name}, only {', '.join(VIEWS)}")
        return tuple(dict(row) for row in self._rows(f"SELECT * FROM {name}"))  # noqa: S608 - one of our own names

    def backup(self, to_dir: Path, kept: Retention | None = None) -> Path:
        """A checked copy in a folder, named after the moment; of all such copies those stay that are to be kept."""
        copy = copy_to(self._connection, to_dir, self.path.stem, self._now)
        names = [path.name for path in copies(to_dir, self.path.stem)] if kept else []
        for old in superfluous(names, kept or Retention()):
            (to_dir / old).unlink(missing_ok=True)
        return copy
