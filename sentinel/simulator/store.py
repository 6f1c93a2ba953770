"""Holds everything the exchange knows in one SQLite database: the schema, the connection and its transactions."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from sentinel.simulator.errors import BadControl

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

VERSION = 1  # of the schema: raise it whenever a table changes
SCHEMA = f"""
PRAGMA user_version = {VERSION};
CREATE TABLE IF NOT EXISTS setting (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS asset (
    symbol TEXT PRIMARY KEY, tradable INTEGER NOT NULL DEFAULT 1, shortable INTEGER NOT NULL DEFAULT 1,
    fractionable INTEGER NOT NULL DEFAULT 1, halted INTEGER NOT NULL DEFAULT 0) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS bar (
    symbol TEXT NOT NULL, day TEXT NOT NULL, open TEXT NOT NULL, high TEXT NOT NULL, low TEXT NOT NULL,
    close TEXT NOT NULL, volume INTEGER NOT NULL, PRIMARY KEY (symbol, day)) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS split (
    symbol TEXT NOT NULL, ratio TEXT NOT NULL, through_day TEXT NOT NULL, at_ns INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS orders (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, client_order_id TEXT NOT NULL UNIQUE,
    symbol TEXT NOT NULL, side TEXT NOT NULL, type TEXT NOT NULL, order_class TEXT NOT NULL,
    time_in_force TEXT NOT NULL, position_intent TEXT NOT NULL, status TEXT NOT NULL,
    qty TEXT, notional TEXT, filled_qty TEXT NOT NULL, filled_avg_price TEXT, limit_price TEXT, stop_price TEXT,
    trail_price TEXT, trail_percent TEXT, hwm TEXT, extended_hours INTEGER NOT NULL,
    parent_id TEXT, role TEXT NOT NULL, chain_id TEXT NOT NULL, replaces TEXT, replaced_by TEXT,
    opening_millis INTEGER NOT NULL, routed INTEGER NOT NULL, armed INTEGER NOT NULL, triggered INTEGER NOT NULL,
    created_ns INTEGER NOT NULL, submitted_ns INTEGER NOT NULL, updated_ns INTEGER NOT NULL, expires_ns INTEGER,
    filled_ns INTEGER, canceled_ns INTEGER, expired_ns INTEGER, failed_ns INTEGER, replaced_ns INTEGER,
    is_open INTEGER NOT NULL) STRICT;
CREATE INDEX IF NOT EXISTS orders_open ON orders (symbol, side, seq) WHERE is_open;
CREATE INDEX IF NOT EXISTS orders_opening ON orders (opening_millis) WHERE is_open;
CREATE INDEX IF NOT EXISTS orders_open_by_time ON orders (submitted_ns, seq) WHERE is_open;
CREATE INDEX IF NOT EXISTS orders_by_time ON orders (submitted_ns, seq);
CREATE INDEX IF NOT EXISTS orders_of_parent ON orders (parent_id) WHERE parent_id IS NOT NULL;
CREATE TABLE IF NOT EXISTS position (
    symbol TEXT PRIMARY KEY, qty TEXT NOT NULL, avg_entry_price TEXT NOT NULL, opened_on TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS fill (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, order_id TEXT NOT NULL, symbol TEXT NOT NULL, side TEXT NOT NULL,
    qty TEXT NOT NULL, price TEXT NOT NULL, cum_qty TEXT NOT NULL, leaves_qty TEXT NOT NULL,
    order_status TEXT NOT NULL, at_ns INTEGER NOT NULL) STRICT;
CREATE INDEX IF NOT EXISTS fill_of_order ON fill (order_id);
CREATE INDEX IF NOT EXISTS fill_by_time ON fill (at_ns, seq);
CREATE TABLE IF NOT EXISTS equity (
    day TEXT PRIMARY KEY, equity TEXT NOT NULL, maintenance_margin TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS fault (
    seq INTEGER PRIMARY KEY, method TEXT NOT NULL, path TEXT NOT NULL, nth INTEGER, kind TEXT NOT NULL,
    seconds REAL NOT NULL, seen INTEGER NOT NULL DEFAULT 0, struck INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE TABLE IF NOT EXISTS mutation (
    seq INTEGER PRIMARY KEY, at_ns INTEGER NOT NULL, method TEXT NOT NULL, path TEXT NOT NULL,
    body TEXT NOT NULL, status INTEGER NOT NULL) STRICT;
"""
TABLES = ("setting", "asset", "bar", "split", "orders", "position", "fill", "equity", "fault", "mutation")


class Store:
    """One SQLite database, in memory or in a file; the caller serialises access to it."""

    def __init__(self, path: Path | None = None) -> None:
        self.connection = sqlite3.connect(path or ":memory:", isolation_level=None, check_same_thread=False)
        self.connection.row_factory = sqlite3.Row
        if path is not None:
            # WAL with NORMAL: a killed process loses nothing that was committed, and a commit costs no disk flush.
            self._adopt(path)
            self.execute("PRAGMA journal_mode=WAL")
            self.execute("PRAGMA synchronous=NORMAL")
        self.connection.executescript(SCHEMA)

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
        """Return a stored setting, None when it was never put."""
        row = self.row("SELECT value FROM setting WHERE key = ?", (key,))
        return None if row is None else row["value"]

    def put_setting(self, key: str, value: str) -> None:
        """Store a setting, replacing what it was."""
        self.execute("INSERT OR REPLACE INTO setting (key, value) VALUES (?, ?)", (key, value))

    def settings_under(self, prefix: str) -> dict[str, str]:
        """Return the settings whose key starts with a prefix, the prefix cut off."""
        found = self.rows("SELECT key, value FROM setting WHERE substr(key, 1, ?) = ?", (len(prefix), prefix))
        return {row["key"][len(prefix) :]: row["value"] for row in found}

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit everything done inside, or nothing when it raises."""
        self.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            with suppress(sqlite3.Error):
                self.execute("ROLLBACK")
            raise
        self.execute("COMMIT")

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Undo, inside an open transaction, only what was done here when it raises."""
        self.execute("SAVEPOINT attempt")
        try:
            yield
        except BaseException:
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

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()
