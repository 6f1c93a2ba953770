"""A thorough look at a ledger file that leaves it as it is."""

import sqlite3
from contextlib import closing
from pathlib import Path

from sentinel.ledger.copying import copy_pages
from sentinel.ledger.ledger_file import LedgerDamaged
from sentinel.ledger.opening import open_for_reading
from sentinel.ledger.soundness import faults, reading
from sentinel.ledger.steps import load_part


def damage_in(path: Path) -> tuple[str, ...]:
    """Everything wrong with the ledger at a path, the rules of its rows included; empty when all is well.

    LedgerError when it cannot be read at all or is no ledger. The work is done on a copy in memory: SQLite checks the
    rules of rows only where it could write.
    """
    with (
        closing(open_for_reading(path, any_version=True, is_checked=False)) as source,
        closing(sqlite3.connect(":memory:", isolation_level=None)) as copy,
    ):
        copy.row_factory = sqlite3.Row
        load_part("seals").register(copy)
        try:
            with reading(path):
                copy_pages(source, copy)
                return tuple(faults(copy, are_rows_checked=True))
        except LedgerDamaged as damage:
            return damage.faults
