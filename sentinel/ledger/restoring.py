"""Putting a copy of the ledger back."""

import sqlite3
from contextlib import closing
from pathlib import Path

from sentinel.domain.errors import LedgerError
from sentinel.ledger.copying import copy_to
from sentinel.ledger.ledger_file import Clock, ledger_error
from sentinel.ledger.opening import open_for_reading, open_for_writing


def restore_backup(copy: Path, path: Path, now: Clock) -> Path | None:
    """Make the ledger at the path what a copy holds; where the ledger that was there went, None if there was none.

    All or nothing. LedgerError when the copy is no sound ledger, and nothing is changed.
    """
    with closing(open_for_reading(copy, any_version=True)) as source:
        kept = _set_aside(path, now)
        with closing(open_for_writing(path, now)) as target:
            try:
                source.backup(target)
            except sqlite3.Error as error:
                raise ledger_error(path, error) from error
    open_for_writing(path, now).close()  # a copy of an older schema becomes the newest
    return kept


def _set_aside(path: Path, now: Clock) -> Path | None:
    """A copy of a ledger that can be read; one that cannot is moved away with its journal."""
    if not path.exists() or not path.stat().st_size:
        return None
    folder = path.parent / "backups"
    try:
        with closing(open_for_writing(path, now)) as old:
            return copy_to(old, folder, f"{path.stem}-before-restore", now)
    except LedgerError:
        folder.mkdir(parents=True, exist_ok=True)
        kept = folder / f"{path.stem}-set-aside-{now():%Y%m%dT%H%M%S}.db"
        path.rename(kept)
        journal = path.with_name(f"{path.name}-journal")
        if journal.exists():
            journal.rename(kept.with_name(f"{kept.name}-journal"))
        return kept
