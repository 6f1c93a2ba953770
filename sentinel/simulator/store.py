"""Holds everything the exchange knows in one SQLite database: the connection and its transactions."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from sentinel.simulator.errors import BadControl
from sentinel.simulator.schema import SCHEMA, TABLES, VERSION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


class Store:
    """One SQLite database, in memory or in a file; the caller serialises access to it."""

    def __init__(self, path: Path | None = None) -> None:
        self.connection = sqlite3.connect(path or ":memory:", isolation_level=None, check_same_thread=False)
        self.connection.row_factory = sqlite3.Row
        self._settings: dict[str, str | None] = {}
        self.scope = 0  # numbers transactions and attempts as they begin
        self._listeners: list[Callable[[int], None]] = []
        if path is not None:
            # WAL with NORMAL: a killed process loses nothing that was committed, and a commit costs no disk flush.
            self._adopt(path)
            self.execute("PRAGMA journal_mode=WAL")
            self.execute("PRAGMA synchronous=NORMAL")
        self.connection.executescript(f"PRAGMA user_version = {VERSION};{SCHEMA}")

    def _adopt(self, path: Path) -> None:
        """Take a file that is new or ours; BadControl for any other."""
        try:
            has_tables = self.row("SELECT 1 FROM sqlite_master LIMIT 1") is not None
            (version,) = self.execute("PRAGMA user_version").fetchone()
        except sqlite3.DatabaseError as error:
            self.close()
            raise BadControl(f"{path} is not the state of an exchange: {error}") from error
        if has_tables and version != VERSION:
            self.close()
            raise BadControl(f"{path} was written by another version of the exchange: move it away and begin anew")

    def execute(self, sql: str, parameters: Iterable[Any] = ()) -> sqlite3.Cursor:
        """Run one statement."""
        return self.connection.execute(sql, tuple(parameters))

    def rows(self, sql: str, parameters: Iterable[Any] = ()) -> list[sqlite3.Row]:
        """Return every row of a query."""
        return self.execute(sql, parameters).fetchall()

    def row(self, sql: str, parameters: Iterable[Any] = ()) -> sqlite3.Row | None:
        """Return the first row of a query, or None."""
        found: sqlite3.Row | None = self.execute(sql, parameters).fetchone()
        return found

    def insert(self, table: str, values: dict[str, Any]) -> None:
        """Insert one row."""
        marks = ", ".join("?" * len(values))
        sql = f"INSERT INTO {table} ({', '.join(values)}) VALUES ({marks})"  # noqa: S608 - names are the code's
        self.execute(sql, values.values())

    def setting(self, key: str) -> str | None:
        """Return a stored setting, None when it was never put; the clock alone is asked for ten times a request."""
        if key not in self._settings:
            row = self.row("SELECT value FROM setting WHERE key = ?", (key,))
            self._settings[key] = None if row is None else row["value"]
        return self._settings[key]

    def put_setting(self, key: str, value: str) -> None:
        """Store a setting, replacing what it was."""
        self.execute("INSERT OR REPLACE INTO setting (key, value) VALUES (?, ?)", (key, value))
        self._settings[key] = value

    def when_undone(self, listener: Callable[[int], None]) -> None:
        """Call `listener` when all that happened since a scope began is undone, for those who remember tables."""
        self._listeners.append(listener)

    def _undone(self, scope: int) -> None:
        self._settings.clear()
        for listener in self._listeners:
            listener(scope)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit everything done inside, or nothing when it raises."""
        self.execute("BEGIN IMMEDIATE")
        self.scope += 1
        scope = self.scope
        try:
            yield
        except BaseException:
            self._undone(scope)
            with suppress(sqlite3.Error):
                self.execute("ROLLBACK")
            raise
        self.execute("COMMIT")

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Undo, inside an open transaction, only what was done here when it raises."""
        self.execute("SAVEPOINT attempt")
        self.scope += 1
        scope = self.scope
        try:
            yield
        except BaseException:
            self._undone(scope)
            self.execute("ROLLBACK TO attempt")
            raise
        finally:
            self.execute("RELEASE attempt")

    def copy(self) -> Store:
        """Return a copy in memory, as of now."""
        twin = Store()
        self.connection.backup(twin.connection)
        return twin

    def clear(self) -> None:
        """Empty every table."""
        for table in TABLES:
            self.execute(f"DELETE FROM {table}")  # noqa: S608 - a constant
        self._undone(0)

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()
