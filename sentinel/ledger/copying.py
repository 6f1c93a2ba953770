"""Whole copies of the ledger, made and packed by SQLite itself, so that a run at work does not spoil them."""

import os
import sqlite3
from contextlib import closing
from datetime import UTC
from pathlib import Path

from sentinel.domain.errors import LedgerError
from sentinel.ledger.ledger_file import Clock, ledger_error
from sentinel.ledger.soundness import faults
from sentinel.ledger.steps import load_part


def copy_to(connection: sqlite3.Connection, folder: Path, stem: str, now: Clock) -> Path:
    """A checked copy named after the moment (`sentinel-20261120T210500Z.db`), readable by its owner alone.

    LedgerError when the folder or the disk does not allow it; a half-made copy never has the final name.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path = free_name(folder, f"{stem}-{now().astimezone(UTC):%Y%m%dT%H%M%SZ}")
        partial = path.with_suffix(".partial")
        partial.unlink(missing_ok=True)
        os.close(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        try:
            _copy_checked(connection, partial)
            partial.rename(path)
        finally:
            partial.unlink(missing_ok=True)
        flush(folder)
    except sqlite3.Error as error:
        raise ledger_error(folder, error) from error
    except OSError as error:
        raise LedgerError(
            f"no copy of the ledger could be made in {folder}: {error.strerror}",
            "make the folder writable and see that the disk has room",
        ) from error
    return path


def copy_pages(source: sqlite3.Connection, target: sqlite3.Connection) -> None:
    """Every page as it is, in one go; sqlite3.OperationalError where another program holds one of the two files.

    The library by itself would try again for as long as that program likes.
    """

    def give_up(status: int, _left: int, _all: int) -> None:
        if status in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            held = sqlite3.OperationalError("database is locked")
            held.sqlite_errorname = "SQLITE_BUSY"
            raise held

    source.backup(target, progress=give_up)


def copies(folder: Path, stem: str) -> tuple[Path, ...]:
    """The copies `copy_to` has made under a stem, oldest first."""
    return tuple(sorted(folder.glob(f"{stem}-[0-9]*T[0-9]*Z*.db"), key=lambda path: path.stem))


def _copy_checked(connection: sqlite3.Connection, path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as copy:
        copy.row_factory = sqlite3.Row
        if connection.execute("PRAGMA query_only").fetchone()[0]:
            # From a connection that can only read, SQLite does not know how to pack tables with computed columns.
            copy_pages(connection, copy)
        else:
            connection.execute("VACUUM INTO ?", (str(path),))
        load_part("seals").register(copy)
        found = faults(copy)
    if found:
        raise LedgerError(f"the copy {path} came out damaged: {found[0]}", "check the disk, then run again")
    with path.open("rb") as file:
        os.fsync(file.fileno())


def free_name(folder: Path, stem: str) -> Path:
    """The stem with a number behind it if two copies fall into one second."""
    path, number = folder / f"{stem}.db", 1
    while path.exists():
        number += 1
        path = folder / f"{stem}-{number:03}.db"
    return path


def flush(folder: Path) -> None:
    """Make the new name outlast a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
