"""What a hand does to a ledger file behind Sentinel's back: crudely, or with the seal put again so that it fits."""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sentinel.ledger.steps import load_part


def forge(path: Path, *statements: str) -> None:
    """Change the file and its seal with it, as a Sentinel with a bug would: only the rules of the rows can tell."""
    seals = load_part("seals")
    with _connection(path) as connection:
        seals.register(connection)
        connection.execute("BEGIN")
        seals.lift(connection)
        _without_triggers(connection, statements)
        if "seal" in {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}:
            seals.put(connection)
        connection.execute("COMMIT")


def tamper(path: Path, *statements: str) -> None:
    """Change the file with another program that takes every trigger away for the time."""
    with _connection(path) as connection:
        _without_triggers(connection, statements)


def _without_triggers(connection: sqlite3.Connection, statements: Iterable[str]) -> None:
    triggers = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
    for name, _ in triggers:
        connection.execute(f'DROP TRIGGER "{name}"')
    for statement in statements:
        connection.execute(statement)
    for _, sql in triggers:
        connection.execute(sql)


@contextmanager
def _connection(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA ignore_check_constraints = ON")
        yield connection
