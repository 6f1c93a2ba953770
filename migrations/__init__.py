"""The ledger's schema as numbered steps, each applied once and never changed afterwards.

A step is a module `mNNNN_what.py` with a function `migrate(db)`. The last one of a release sets `user_version` to the
schema's number. Steps are history: they import nothing of Sentinel, so that yesterday's step stays what it was.
The folder works as `migrations` in a checkout and as `sentinel._migrations` in an installed wheel.
"""

import importlib
import sqlite3
from pathlib import Path

from sqlite_utils import Database, Migrations


def names() -> list[str]:
    """Every step in its order."""
    return sorted(path.stem for path in Path(__file__).parent.glob("m[0-9][0-9][0-9][0-9]_*.py"))


def apply(connection: sqlite3.Connection) -> None:
    """Take the steps not yet taken, inside the transaction the caller has open: all of them or none."""
    if not connection.in_transaction:
        raise AssertionError("migrations run inside the caller's BEGIN IMMEDIATE")
    steps = Migrations("sentinel")
    for name in names():
        steps(name=name)(importlib.import_module(f"{__name__}.{name}").migrate)
    steps.apply(Database(connection, recursive_triggers=False, execute_plugins=False))
