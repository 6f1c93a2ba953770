"""Opening the ledger: is it one, is it sound, is its schema the newest."""

import os
import sqlite3
from pathlib import Path

from sentinel.domain.errors import LedgerError
from sentinel.ledger.copying import copy_to
from sentinel.ledger.ledger_file import Clock, LedgerDamaged, ledger_error
from sentinel.ledger.soundness import reading, refuse_damage
from sentinel.ledger.steps import known_steps, load_migrations, load_part

SCHEMA_VERSION = 8
APPLICATION_ID = 0x534E544C  # the letters SNTL
OLDEST_SQLITE = (3, 38, 0)  # STRICT tables, JSON and the rest of the schema
BUSY_TIMEOUT_S = 10.0
STEPS = "_sqlite_migrations"
# https://sqlite.org/fileformat.html: where the head says who may write, and the highest number that lets SQLite write.
WRITE_VERSION_AT, HIGHEST_WRITE_VERSION = 18, 2
NO_LEDGER = "if there was one, see `sentinel restore`; else make one with `sentinel init`, or choose a home by --home"


def open_for_writing(path: Path, now: Clock) -> sqlite3.Connection:
    """The ledger at the path, created or brought to the newest schema if need be.

    LedgerError when it is no ledger, a newer one or not writable, LedgerDamaged when it is damaged.
    """
    _refuse_old_sqlite()
    _create_privately(path)
    _refuse_write_protection(path)
    connection = _connect(path, "rw")
    try:
        with reading(path):
            version = _version(path, connection)  # before anything of somebody else's file is changed
        if path.stat().st_mode & 0o077:
            path.chmod(0o600)
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.execute("PRAGMA synchronous = EXTRA")
        refuse_damage(path, connection)
        if version < SCHEMA_VERSION or _pending_steps(connection):
            _migrate(path, connection, now)
        connection.execute("PRAGMA foreign_keys = ON")
    except (sqlite3.Error, OSError) as error:
        connection.close()
        raise _as_ledger_error(path, error) from error
    except BaseException:
        connection.close()
        raise
    return connection


def open_for_reading(path: Path, *, any_version: bool = False, is_checked: bool = True) -> sqlite3.Connection:
    """The ledger at the path as it is: nothing is created, migrated or written, not even beside it.

    LedgerError when there is none, when it is newer, or older unless `any_version` allows that; LedgerDamaged when it
    is damaged, as far as it is looked into.
    """
    _refuse_old_sqlite()
    if not path.is_file():
        raise LedgerError(f"there is no ledger at {path}", NO_LEDGER)
    connection = _connect(path, "ro")
    try:
        with reading(path):
            version = _version(path, connection)
        is_old = version < SCHEMA_VERSION or _pending_steps(connection)
        if is_old and not (any_version and version):
            raise LedgerError(
                f"the ledger {path} was written by an older Sentinel (schema {version})",
                "run `sentinel migrate`, which copies it first",
            )
        if is_checked:
            refuse_damage(path, connection)
    except sqlite3.Error as error:
        connection.close()
        raise ledger_error(path, error) from error
    except BaseException:
        connection.close()
        raise
    return connection


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    uri = f"{path.absolute().as_uri()}?mode={mode}"
    try:
        connection = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=BUSY_TIMEOUT_S)
    except sqlite3.Error as error:
        raise ledger_error(path, error) from error
    connection.row_factory = sqlite3.Row
    for pragma in ("recursive_triggers = ON", "cell_size_check = ON"):
        connection.execute(f"PRAGMA {pragma}")
    load_part("seals").register(connection)
    if mode == "ro":
        connection.execute("PRAGMA query_only = ON")
    return connection


def _create_privately(path: Path) -> None:
    """An empty file only its owner can read, unless there is one: SQLite itself would make it readable to all."""
    try:
        # Closing a descriptor drops every lock this process has on the file: harmless for one that did not exist.
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        return
    except OSError as error:
        raise _as_ledger_error(path, error) from error


def _refuse_write_protection(path: Path) -> None:
    """One bit of a file's head forbids SQLite every write, which it says only when something is to be written."""
    try:
        # Before there is a connection: closing a descriptor drops the locks this process has on the file.
        with path.open("rb") as file:
            head = file.read(WRITE_VERSION_AT + 1)
    except OSError as error:
        raise _as_ledger_error(path, error) from error
    if head.startswith(b"SQLite format 3\0") and head[WRITE_VERSION_AT:] > bytes([HIGHEST_WRITE_VERSION]):
        raise LedgerDamaged(path, ["its head forbids every write"])


def _version(path: Path, connection: sqlite3.Connection) -> int:
    """The schema's number, 0 for an empty file; LedgerError for somebody else's file, a newer schema, a torn head."""
    owner, version = _pragma(connection, "application_id"), _pragma(connection, "user_version")
    tables = {row[0].lower() for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    taken = _taken_steps(connection) if STEPS in tables else set()
    if owner != APPLICATION_ID and not taken:
        _refuse_strangers(path, tables, is_used=bool(tables or owner or version))
    unknown = taken - known_steps()
    if unknown or (version > SCHEMA_VERSION and not taken):
        raise LedgerError(
            f"the ledger {path} was written by a newer Sentinel: it has schema {version}"
            + (f" and the step {min(unknown)}" if unknown else ""),
            "install the Sentinel that wrote it, or `sentinel restore` a copy from before",
        )
    # The steps tell what the file is; its head, which says it in two numbers, must agree.
    is_torn = owner != APPLICATION_ID or (version != SCHEMA_VERSION and taken == known_steps())
    if taken and is_torn:
        raise LedgerDamaged(path, [f"its head calls it number {version} of application {owner:#x}"])
    return version


def _refuse_strangers(path: Path, tables: set[str], *, is_used: bool) -> None:
    if tables & {"decisions", "trades"}:
        raise LedgerError(f"{path} is a ledger of version 7", f"bring it over with `sentinel migrate --from-v7 {path}`")
    if is_used:
        raise LedgerError(
            f"{path} is a database, but no ledger of Sentinel", "move it away, or choose another home by --home"
        )


def _taken_steps(connection: sqlite3.Connection) -> set[str]:
    return {row[0] for row in connection.execute(f"SELECT name FROM {STEPS} WHERE migration_set = 'sentinel'")}  # noqa: S608 - our own name


def _pending_steps(connection: sqlite3.Connection) -> set[str]:
    """Steps added to the schema since the ledger was written; the schema keeps its number within a generation."""
    return known_steps() - _taken_steps(connection)


def _migrate(path: Path, connection: sqlite3.Connection, now: Clock) -> None:
    """Take every pending step in one transaction; a ledger with something in it is copied first."""
    version = _pragma(connection, "user_version")
    if version:
        copy_to(connection, path.parent / "backups", f"{path.stem}-schema-{version}", now)
    steps = load_migrations()
    connection.execute("PRAGMA foreign_keys = OFF")  # a rebuilt table is absent for a moment
    connection.execute("BEGIN IMMEDIATE")
    try:
        steps.apply(connection)
        reached = _pragma(connection, "user_version")
        if reached != SCHEMA_VERSION:
            raise LedgerError(
                f"the migrations lead to schema {reached}, not {SCHEMA_VERSION}",
                "install Sentinel again: it is incomplete",
            )
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    cell: int = connection.execute(f"PRAGMA {name}").fetchone()[0]
    return cell


def _refuse_old_sqlite() -> None:
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        raise LedgerError(
            f"this Python brings SQLite {sqlite3.sqlite_version}, which is too old",
            "use a Python whose SQLite is 3.38 or newer",
        )


def _as_ledger_error(path: Path, error: sqlite3.Error | OSError) -> LedgerError:
    if isinstance(error, sqlite3.Error):
        return ledger_error(path, error)
    return LedgerError(
        f"the ledger {path} cannot be written: {error.strerror}", "make its folder, or make it writable for you"
    )
