"""A thorough look at a ledger file that leaves it as it is."""

import sqlite3
from contextlib import closing
from pathlib import Path

from sentinel.ledger.ledger import Ledger, utc_now
from sentinel.ledger.ledger_file import ledger_error
from sentinel.ledger.opening import open_for_reading


def damage_in(path: Path) -> tuple[str, ...]:
    """Everything wrong with the ledger at a path, the rules of its rows included; empty when all is well.

    LedgerError when it cannot be read at all. The work is done on a copy in memory: SQLite checks the rules of rows
    only where it could write.
    """
    with (
        closing(open_for_reading(path, any_version=True)) as source,
        closing(sqlite3.connect(":memory:", isolation_level=None)) as copy,
    ):
        copy.row_factory = sqlite3.Row
        try:
            source.backup(copy)
        except sqlite3.Error as error:
            raise ledger_error(path, error) from error
        return Ledger(path, copy, utc_now).damage()
