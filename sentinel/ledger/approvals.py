"""Questions to the trader, their answers, and the halt."""

from datetime import date, datetime
from decimal import Decimal

from sentinel.domain.book import Approval, ApprovalState
from sentinel.domain.errors import UsageError
from sentinel.ledger.ledger_file import LedgerFile
from sentinel.ledger.rows import Cell, from_row, to_cell

APPROVALS = "SELECT * FROM approvals ORDER BY id"
APPROVALS_IN = "SELECT * FROM approvals WHERE state = ? ORDER BY id"
APPROVALS_OF_TONIGHT = "SELECT * FROM approvals WHERE state IN ('waiting', 'approved') OR session = ? ORDER BY id"
APPROVAL = "SELECT * FROM approvals WHERE id = ?"
HALT = "SELECT reason FROM halts WHERE resumed_at IS NULL AND set_by = ?"
TRADER, SENTINEL = "trader", "sentinel"
OPEN_STATES = frozenset({ApprovalState.WAITING, ApprovalState.APPROVED})


class Approvals(LedgerFile):
    """The trader's inbox; one open question of a kind a symbol."""

    def file_approval(
        self,
        symbol: str,
        kind: str,
        qty: Decimal,
        price_shown: Decimal,
        because: str,
        session: date,
        asked_at: datetime,
        expires_at: datetime,
    ) -> int:
        """File a question about shares at a price in dollars; its number. RowRefused while the same one is open."""
        row: dict[str, Cell] = {"symbol": symbol, "kind": kind, "because": because, "session": to_cell(session)}
        row |= {"qty": to_cell(qty), "price_shown": to_cell(price_shown)}
        row |= {"asked_at": to_cell(asked_at), "expires_at": to_cell(expires_at), "state": ApprovalState.WAITING.value}
        return self._insert("approvals", row)

    def decide_approval(self, approval_id: int, state: ApprovalState, at: datetime) -> None:
        """Move a question on; one that is settled stays as it was settled.

        UsageError when there is no such question, or when a settled one is to be approved.
        """
        with self.transaction():
            known = self.approval(approval_id)
            if known is None:
                raise UsageError(f"there is no approval {approval_id}", "see `sentinel approvals list`")
            if known.state not in OPEN_STATES and state is ApprovalState.APPROVED:
                raise UsageError(
                    f"approval {approval_id} is already {known.state}", "wait for the next question about the symbol"
                )
            self._write(
                "UPDATE approvals SET state = ?, decided_at = ? WHERE id = ? AND is_open AND state <> ?",
                (state.value, to_cell(at), approval_id, state.value),
            )

    def approvals(self, state: ApprovalState | None = None) -> tuple[Approval, ...]:
        """Every question, or those in a state, in the order they were asked."""
        return self._approvals(APPROVALS) if state is None else self._approvals(APPROVALS_IN, state.value)

    def approval(self, approval_id: int) -> Approval | None:
        """The question with a number."""
        return next(iter(self._approvals(APPROVAL, approval_id)), None)

    def halt(self, reason: str, at: datetime) -> None:
        """Stop entries and profit sales from now on; a halt within a halt gives it a new reason."""
        with self.transaction():
            self.resume("halted again", at)
            self._insert("halts", {"reason": reason, "halted_at": to_cell(at), "set_by": TRADER})

    def latch(self, reason: str) -> None:
        """Pause entries, and nothing else, until somebody resumes; RowRefused while a halt or a pause is in force."""
        self._insert("halts", {"reason": reason, "halted_at": to_cell(self._now()), "set_by": SENTINEL})

    def resume(self, reason: str, at: datetime) -> None:
        """End the halt or the pause, if there is one."""
        self._write(
            "UPDATE halts SET resumed_at = ?, resume_reason = ? WHERE resumed_at IS NULL", (to_cell(at), reason)
        )

    def halt_reason(self) -> str | None:
        """Why the trader has stopped entries and profit sales; None when they are not."""
        return self._reason_of(TRADER)

    def latch_reason(self) -> str | None:
        """Why Sentinel has paused entries; None when it has not."""
        return self._reason_of(SENTINEL)

    def _reason_of(self, hand: str) -> str | None:
        row = self._row(HALT, (hand,))
        return row["reason"] if row else None

    def _approvals(self, sql: str, *parameters: Cell) -> tuple[Approval, ...]:
        return tuple(from_row(Approval, row) for row in self._rows(sql, parameters))
