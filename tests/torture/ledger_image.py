"""What stands in a ledger file, read with plain SQLite and none of Sentinel's code."""

import hashlib
import shutil
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

Row = dict[str, Any]
BUSY_S = 10.0
JOURNAL_MAGIC = bytes.fromhex("d9d505f920a163d7")  # https://sqlite.org/fileformat.html#the_rollback_journal

# The pause Sentinel sets by itself holds back entries alone.
HALTED_BY_TRADER = "SELECT 1 FROM halts WHERE resumed_at IS NULL AND set_by = 'trader'"
INTENT_OF_NAME = "SELECT 1 FROM intents WHERE state = 'sent' AND name = ?"
INTENT_ON_ORDER = "SELECT 1 FROM intents WHERE state = 'sent' AND target_order_id = ?"


@dataclass(frozen=True, slots=True)
class LedgerImage:
    """The open business of a ledger, as rows."""

    trades: tuple[Row, ...]
    stops: tuple[Row, ...]
    entries: tuple[Row, ...]
    exits: tuple[Row, ...]
    unsettled: tuple[Row, ...]
    alarms: tuple[Row, ...]
    owed: tuple[Row, ...]
    is_halted: bool
    is_sound: bool


def read_ledger(path: Path) -> LedgerImage:
    """The image as of now; a copy is read, for a killed run leaves a journal whose rolling back would write."""
    with _copy(path) as connection:
        connection.row_factory = sqlite3.Row
        last_run = "SELECT * FROM findings WHERE severity = 'alarm' AND run_id = (SELECT MAX(id) FROM runs)"
        return LedgerImage(
            trades=_rows(connection, "SELECT * FROM trades WHERE is_open"),
            stops=_rows(connection, "SELECT * FROM stop_loss_orders WHERE is_open"),
            entries=_rows(connection, "SELECT * FROM entry_orders WHERE is_open"),
            exits=_rows(connection, "SELECT * FROM exit_orders WHERE is_open"),
            unsettled=_rows(connection, "SELECT * FROM intents WHERE is_unfinished"),
            alarms=_rows(connection, last_run),
            owed=_rows(connection, "SELECT * FROM owed"),
            is_halted=bool(_rows(connection, HALTED_BY_TRADER)),
            is_sound=_rows(connection, "PRAGMA integrity_check") == ({"integrity_check": "ok"},),
        )


def has_sent_intent(path: Path, *, name: str | None = None, target: str | None = None) -> bool:
    """Whether a committed intent, marked as sent, stands behind a request; asked while the run is at work (I6)."""
    query, value = (INTENT_OF_NAME, name) if name is not None else (INTENT_ON_ORDER, target)
    uri = f"{path.absolute().as_uri()}?mode=ro"
    with closing(sqlite3.connect(uri, uri=True, timeout=BUSY_S)) as connection:
        return connection.execute(query, (value,)).fetchone() is not None


def _rows(connection: sqlite3.Connection, query: str) -> tuple[Row, ...]:
    return tuple(dict(row) for row in connection.execute(query))


@contextmanager
def _copy(path: Path) -> Iterator[sqlite3.Connection]:
    with TemporaryDirectory(prefix="ledger-", dir=path.parent.parent) as folder:
        for file in (path, path.with_name(f"{path.name}-journal")):
            if file.exists():
                shutil.copyfile(file, Path(folder) / file.name)
        with closing(sqlite3.connect(Path(folder) / path.name)) as connection:
            yield connection


def has_hot_journal(path: Path) -> bool:
    """Whether changed pages are in the file without their commit: the journal's head is written only just before."""
    journal = path.with_name(f"{path.name}-journal")
    return journal.exists() and journal.read_bytes()[: len(JOURNAL_MAGIC)] == JOURNAL_MAGIC


def fingerprint(path: Path, state: Mapping[str, Any]) -> str:
    """What tells two worlds apart: how many rows every table has, where every intent and every order stands."""
    with _copy(path) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        rows = [connection.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0] for table in sorted(tables)]
        intents = connection.execute("SELECT name, state, sends FROM intents ORDER BY id").fetchall()
    orders = [(order["id"], order["status"], order["qty"], order["stop_price"]) for order in state["orders"]]
    return hashlib.sha256(repr((rows, intents, orders)).encode()).hexdigest()[:16]
