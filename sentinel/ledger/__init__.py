"""The ledger: what Sentinel intended, did and saw, in one SQLite file that a person can read too."""

from sentinel.ledger.examining import damage_in
from sentinel.ledger.heads import (
    Head,
    Noted,
    begin_anew,
    disagreement,
    halt_in_force,
    is_older,
    note_head,
    noted_heads,
)
from sentinel.ledger.ledger import Ledger
from sentinel.ledger.ledger_file import LedgerDamaged, RowRefused
from sentinel.ledger.quarantine import Quarantine, open_or_begin_anew, quarantine_in_force
from sentinel.ledger.restoring import Restored, examine_copy, put_back, restore_backup
from sentinel.ledger.retention import Retention
from sentinel.ledger.rows import AuditRow, BoundAccount, RunRow
from sentinel.ledger.version_seven import migrate_from_v7

__all__ = [
    "AuditRow",
    "BoundAccount",
    "Head",
    "Ledger",
    "LedgerDamaged",
    "Noted",
    "Quarantine",
    "Restored",
    "Retention",
    "RowRefused",
    "RunRow",
    "begin_anew",
    "damage_in",
    "disagreement",
    "examine_copy",
    "halt_in_force",
    "is_older",
    "migrate_from_v7",
    "note_head",
    "noted_heads",
    "open_or_begin_anew",
    "put_back",
    "quarantine_in_force",
    "restore_backup",
]
