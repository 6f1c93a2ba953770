"""Whether a ledger holds what Sentinel wrote and nothing else: structure, references, seal and the audit's chain."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sentinel.ledger.audit import EVER_WRITTEN, WHOLE_CHAIN, first_broken
from sentinel.ledger.ledger_file import LedgerDamaged, ledger_error
from sentinel.ledger.steps import load_part

MOST_FAULTS = 3
SEALED_SINCE = "SELECT 1 FROM _sqlite_migrations WHERE migration_set = 'sentinel' AND name = 'm0006_seal'"


def refuse_damage(path: Path, connection: sqlite3.Connection) -> None:
    """LedgerDamaged for a file that is not as it was written; other LedgerErrors where it could not be read."""
    with reading(path):
        found = faults(connection)
    if found:
        raise LedgerDamaged(path, found[:MOST_FAULTS])


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """What SQLite has a name for may pass (a lock, a disk); what nobody can make out is damage."""
    try:
        yield
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorname", "SQLITE_ERROR") == "SQLITE_ERROR":
            raise LedgerDamaged(path, [str(error)]) from error
        raise ledger_error(path, error) from error
    except UnicodeDecodeError as error:
        # SQLite complains of a definition and quotes it, letter for letter.
        raise LedgerDamaged(path, ["its definitions cannot be read"]) from error


def faults(connection: sqlite3.Connection, *, are_rows_checked: bool = False) -> list[str]:
    """Everything that is not as it was written, in words; the rules of every row too, if asked.

    One moment of the file is looked at, whoever writes meanwhile. sqlite3.Error where it cannot be read.
    """
    # The rules of the rows take longer than all the rest, and what the seal covers has passed them once.
    connection.execute(f"PRAGMA ignore_check_constraints = {'OFF' if are_rows_checked else 'ON'}")
    connection.execute("SAVEPOINT soundness")
    try:
        structure = [row[0] for row in connection.execute("PRAGMA integrity_check(20)") if row[0] != "ok"]
        # What is read through a broken index would only be told a second time.
        return structure or list(_untrue(connection))
    finally:
        connection.execute("RELEASE soundness")
        connection.execute("PRAGMA ignore_check_constraints = OFF")


def _untrue(connection: sqlite3.Connection) -> Iterator[str]:
    if not connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone():
        return  # an empty file is a ledger to be
    if connection.execute(SEALED_SINCE).fetchone():
        for name in load_part("seals").broken(connection):
            is_schema = name.startswith("(")
            yield "its definitions were changed from outside" if is_schema else f"{name} was changed from outside"
    for table, row, parent, _ in connection.execute("PRAGMA foreign_key_check"):
        yield f"row {row} of {table} refers to a row of {parent} that is gone"
    ever_written = connection.execute(EVER_WRITTEN).fetchone()
    broken = first_broken(connection.execute(WHOLE_CHAIN), ever_written[0] if ever_written else 0)
    if broken is not None:
        yield f"line {broken} of the audit was changed or taken out"
