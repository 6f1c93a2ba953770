"""The open database file: transactions, statements, and errors that say what to do."""

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from sentinel.domain.errors import LedgerError
from sentinel.ledger.rows import Cell, Row, storable

Parameters = Sequence[Cell] | Mapping[str, Cell]
Clock = Callable[[], datetime]

RESTORE = (
    "put a sound copy back: `sentinel restore` names them; `sentinel evening-workflow` protects without one, from the"
    " broker alone, and keeps the file"
)
# What SQLite calls a failure, from the more special to the more general, and what helps.
REMEDIES = (
    ("SQLITE_BUSY", "another program has the ledger open: close it and run again"),
    ("SQLITE_LOCKED", "another program has the ledger open: close it and run again"),
    ("SQLITE_FULL", "free some disk space and run again"),
    ("SQLITE_READONLY_ROLLBACK", "a run was cut off while writing: run `sentinel migrate` once, which tidies up"),
    ("SQLITE_READONLY", "make the ledger and its folder writable for you: chmod u+rw"),
    ("SQLITE_CANTOPEN", "check that the folder exists and that you may read and write it"),
    ("SQLITE_IOERR", "check the disk and run again"),
    ("SQLITE_INTERRUPT", "run again"),
    ("SQLITE_NOMEM", "close other programs and run again"),
)
DAMAGE = ("SQLITE_CORRUPT", "SQLITE_NOTADB")

# Statements that begin, keep and undo: of a whole transaction, and of a part within one.
WHOLE = ("BEGIN IMMEDIATE", ("COMMIT",), ("ROLLBACK",))
PART = ("SAVEPOINT part", ("RELEASE part",), ("ROLLBACK TO part", "RELEASE part"))


class RowRefused(LedgerError):
    """A rule of the ledger refused one row; the ledger itself is sound."""


class LedgerDamaged(LedgerError):
    """The file holds something else than Sentinel wrote; whatever it says may be wrong."""

    def __init__(self, path: Path, faults: Sequence[str]) -> None:
        super().__init__(f"the ledger {path} is damaged: {'; '.join(faults)}", RESTORE)
        self.faults = tuple(faults)


def ledger_error(path: Path, error: sqlite3.Error) -> LedgerError:
    """What SQLite says, as an error with a remedy."""
    name = getattr(error, "sqlite_errorname", None) or ""
    if name.startswith(DAMAGE):
        return LedgerDamaged(path, [str(error)])
    if isinstance(error, sqlite3.IntegrityError):
        return RowRefused(
            f"the ledger {path} refused a row: {error}", "run `sentinel doctor`; if it finds nothing, report a bug"
        )
    remedies = (remedy for prefix, remedy in REMEDIES if name.startswith(prefix))
    return LedgerError(f"the ledger {path} failed: {error}", next(remedies, "run `sentinel doctor`"))


class LedgerFile:
    """One connection to the ledger; everything else in this room is built upon it."""

    def __init__(self, path: Path, connection: sqlite3.Connection, now: Clock) -> None:
        self.path = path
        self._connection = connection
        self._now = now
        self._depth = 0
        self._before_writing: Callable[[], None] | None = None

    def now(self) -> datetime:
        """The clock the rows are stamped by."""
        return self._now()

    def close(self) -> None:
        """Let go of the file; what was not committed is gone."""
        self._connection.close()

    def before_writing(self, do: Callable[[], None]) -> None:
        """What to do once, before the first thing is written: a command that comes to write nothing never does it."""
        self._before_writing = do

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All of the block or none of it; inside another one, a part that is kept or lost with the whole.

        LedgerError when the ledger cannot be written.
        """
        if self._depth and not self._connection.in_transaction:
            raise LedgerError(f"the ledger {self.path} lost its open transaction", "run again")
        if self._before_writing is not None and not self._depth:
            do, self._before_writing = self._before_writing, None
            do()
        begin, keep, undo = PART if self._depth else WHOLE
        self._execute(begin)
        self._depth += 1
        try:
            yield
            for statement in keep:
                self._execute(statement)
        except BaseException:
            # A full disk or a failing one has already undone everything (https://sqlite.org/lang_transaction.html).
            for statement in undo if self._connection.in_transaction else ():
                self._execute(statement)
            raise
        finally:
            self._depth -= 1

    def _execute(self, sql: str, parameters: Parameters = ()) -> sqlite3.Cursor:
        try:
            return self._connection.execute(sql, _storable(parameters))
        except sqlite3.Error as error:
            raise ledger_error(self.path, error) from error

    def _rows(self, sql: str, parameters: Parameters = ()) -> list[Row]:
        try:
            return self._connection.execute(sql, parameters).fetchall()
        except sqlite3.Error as error:
            raise ledger_error(self.path, error) from error

    def _row(self, sql: str, parameters: Parameters = ()) -> Row | None:
        return next(iter(self._rows(sql, parameters)), None)

    def _write(self, sql: str, parameters: Parameters = ()) -> int:
        """Run one statement in the open transaction or its own; the number of rows it changed."""
        with self.transaction():
            return self._execute(sql, parameters).rowcount

    def _insert(self, table: str, row: Mapping[str, Cell]) -> int:
        """Add a row; its number."""
        with self.transaction():
            return self._execute(_insert_statement(table, row), row).lastrowid or 0

    def _upsert(self, table: str, row: Mapping[str, Cell], key: Sequence[str], keeps: Sequence[str] = ()) -> None:
        """Add a row or overwrite the one with its key; a NULL does not overwrite the columns in `keeps`."""
        changes = ", ".join(
            f"{name} = COALESCE(excluded.{name}, {table}.{name})" if name in keeps else f"{name} = excluded.{name}"
            for name in row
            if name not in key
        )
        self._write(f"{_insert_statement(table, row)} ON CONFLICT ({', '.join(key)}) DO UPDATE SET {changes}", row)

    def _update(self, table: str, row: Mapping[str, Cell], row_id: int) -> None:
        """Overwrite the row with a number; RowRefused when there is none."""
        changes = ", ".join(f"{name} = :{name}" for name in row)
        # Table and columns are names of this room, never anybody's input.
        changed = self._write(f"UPDATE {table} SET {changes} WHERE id = :row_id", {**row, "row_id": row_id})  # noqa: S608
        if not changed:
            raise RowRefused(f"the ledger {self.path} has no row {row_id} in {table}", "run `sentinel doctor`")


def _storable(parameters: Parameters) -> Parameters:
    if isinstance(parameters, Mapping):
        return {name: storable(cell) if isinstance(cell, str) else cell for name, cell in parameters.items()}
    return [storable(cell) if isinstance(cell, str) else cell for cell in parameters]


def _insert_statement(table: str, row: Mapping[str, Cell]) -> str:
    values = ", ".join(f":{name}" for name in row)
    return f"INSERT INTO {table} ({', '.join(row)}) VALUES ({values})"  # noqa: S608 - names of this room
