"""The ledger's schema as numbered steps, each applied once and never changed afterwards.

A step is a module `mNNNN_what.py` with a function `migrate(db)`. The last one of a release sets `user_version` to the
schema's number. Steps are history: they import nothing of Sentinel, so that yesterday's step stays what it was.
The folder works as `migrations` in a checkout and as `sentinel._migrations` in an installed wheel. Around the steps the
seal of the ledger is lifted and put again (`seals.py`), so that no step need think of it.
"""

import importlib
import sqlite3
from pathlib import Path

from .seals import lift, put, register  # noqa: TID252 - the folder goes by two names


def names() -> list[str]:
    """Every step in its order."""
    return sorted(path.stem for path in Path(__file__).parent.glob("m[0-9][0-9][0-9][0-9]_*.py"))


def apply(connection: sqlite3.Connection) -> None:
    """Take the steps not yet taken, inside the transaction the caller has open: all of them or none."""
    if not connection.in_transaction:
        raise AssertionError("migrations run inside the caller's BEGIN IMMEDIATE")
    # Here and not above: the seal is looked at by commands that must not wait for this library.
    from sqlite_utils import Database, Migrations

    register(connection)
    lift(connection)
    steps = Migrations("sentinel")
    for name in names():
        steps(name=name)(importlib.import_module(f"{__name__}.{name}").migrate)
    steps.apply(Database(connection, recursive_triggers=False, execute_plugins=False))
    put(connection)
