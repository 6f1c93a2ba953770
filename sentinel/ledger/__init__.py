"""The ledger: what Sentinel intended, did and saw, in one SQLite file that a person can read too."""

from sentinel.ledger.examining import damage_in
from sentinel.ledger.ledger import Ledger
from sentinel.ledger.ledger_file import RowRefused
from sentinel.ledger.restoring import Restored, examine_copy, put_back, restore_backup
from sentinel.ledger.rows import AuditRow, BoundAccount, RunRow
from sentinel.ledger.version_seven import migrate_from_v7

__all__ = [
    "AuditRow",
    "BoundAccount",
    "Ledger",
    "Restored",
    "RowRefused",
    "RunRow",
    "damage_in",
    "examine_copy",
    "migrate_from_v7",
    "put_back",
    "restore_backup",
]
