"""The audit: what happened, in order, each line sealed with the one before it."""

import hashlib
import json
from collections.abc import Iterable, Sequence

from sentinel.ledger.heads import Head
from sentinel.ledger.ledger_file import LedgerFile
from sentinel.ledger.rows import AuditRow, Row, from_row, to_cell

LAST = "SELECT id, hash FROM audit ORDER BY id DESC LIMIT 1"
HASH_OF = "SELECT hash FROM audit WHERE id = ?"
WHOLE_CHAIN = "SELECT * FROM audit ORDER BY id"
TRAIL = "SELECT * FROM audit ORDER BY id DESC LIMIT ?"
TRAIL_OF = "SELECT * FROM audit WHERE symbol = ? ORDER BY id DESC LIMIT ?"
LATEST_OF = "SELECT * FROM audit WHERE event IN (SELECT value FROM json_each(?)) ORDER BY id DESC LIMIT 1"
EVER_WRITTEN = "SELECT seq FROM sqlite_sequence WHERE name = 'audit'"

# A ledger begun anew in the place of a damaged one, and what puts that right.
QUARANTINE = "quarantine"
QUARANTINE_ENDED_BY = ("resume", "restore")


class Audit(LedgerFile):
    """The audit of the ledger, which refuses every change but one more line."""

    def audit(self, event: str, symbol: str | None, detail: str) -> None:
        """Add a line."""
        with self.transaction():
            last = self._row(LAST)
            number, previous = (last["id"] + 1, last["hash"]) if last else (1, "")
            row = {"id": number, "at": to_cell(self._now()), "event": event, "symbol": symbol}
            row["detail"] = to_cell(detail)
            row["previous_hash"] = previous
            self._insert("audit", {**row, "hash": seal(row)})

    def audit_trail(self, symbol: str | None = None, limit: int = 1000) -> tuple[AuditRow, ...]:
        """The latest lines, of one symbol or of all, oldest first."""
        rows = self._rows(TRAIL, (limit,)) if symbol is None else self._rows(TRAIL_OF, (symbol, limit))
        return tuple(from_row(AuditRow, row) for row in reversed(rows))

    def latest_of(self, events: Sequence[str]) -> AuditRow | None:
        """The latest line that tells one of these events."""
        row = self._row(LATEST_OF, (json.dumps(events),))
        return from_row(AuditRow, row) if row else None

    def quarantine_line(self) -> AuditRow | None:
        """The line that says what this ledger was begun in place of, until a copy is put back or the trader resumes."""
        line = self.latest_of((QUARANTINE, *QUARANTINE_ENDED_BY))
        return line if line is not None and line.event == QUARANTINE else None

    def audit_head(self) -> Head | None:
        """The last line; None before the first."""
        row = self._row(LAST)
        return Head(row["id"], row["hash"]) if row else None

    def audit_hash(self, number: int) -> str | None:
        """The hash of a line; None where there is none."""
        row = self._row(HASH_OF, (number,))
        return str(row["hash"]) if row else None

    def verify_audit(self) -> int | None:
        """The number of the first line that was changed, taken out or cut off; None when the chain is whole."""
        ever_written = self._row(EVER_WRITTEN)
        return first_broken(self._rows(WHOLE_CHAIN), ever_written["seq"] if ever_written else 0)


def first_broken(lines: Iterable[Row], ever_written: int) -> int | None:
    """The number of the first line that is not as it was sealed, of all lines in order; None when all are.

    `ever_written` is how many there were: what is missing at the end is cut off.
    """
    number, previous = 0, ""
    for row in lines:
        number += 1
        if row["id"] != number or row["previous_hash"] != previous or row["hash"] != seal(row):
            return number
        previous = row["hash"]
    return number + 1 if ever_written > number else None


def seal(row: Row) -> str:
    """The SHA-256 that covers a line and, through the hash before it, all lines before."""
    told = [row[name] for name in ("id", "at", "event", "symbol", "detail", "previous_hash")]
    return hashlib.sha256(json.dumps(told, ensure_ascii=True).encode()).hexdigest()
