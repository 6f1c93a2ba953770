"""Opening the ledger: is it one, is it sound, is its schema the newest."""

import os
import sqlite3
from pathlib import Path
from types import ModuleType

from sentinel.domain.errors import LedgerError
from sentinel.ledger.copying import copy_to
from sentinel.ledger.ledger_file import RESTORE, Clock, ledger_error

SCHEMA_VERSION = 8
APPLICATION_ID = 0x534E544C  # the letters SNTL
OLDEST_SQLITE = (3, 38, 0)  # STRICT tables, JSON and the rest of the schema
BUSY_TIMEOUT_S = 10.0


def open_for_writing(path: Path, now: Clock) -> sqlite3.Connection:
    """The ledger at the path, created or brought to the newest schema if need be.

    LedgerError when it is no ledger, a newer one, damaged or not writable.
    """
    _refuse_old_sqlite()
    _create_privately(path)
    connection = _connect(path, "rw")
    try:
        version = _version(path, connection)  # before anything of somebody else's file is changed
        if path.stat().st_mode & 0o077:
            path.chmod(0o600)
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.execute("PRAGMA synchronous = EXTRA")
        _refuse_damage(path, connection)
        if version < SCHEMA_VERSION or _pending_steps(connection):
            _migrate(path, connection, now)
        connection.execute("PRAGMA foreign_keys = ON")
        if connection.execute("PRAGMA foreign_key_check").fetchone():
            raise LedgerError(f"rows in the ledger {path} refer to rows that are gone", RESTORE)
    except (sqlite3.Error, OSError) as error:
        connection.close()
        raise _as_ledger_error(path, error) from error
    except BaseException:
        connection.close()
        raise
    return connection


def open_for_reading(path: Path, *, any_version: bool = False) -> sqlite3.Connection:
    """The ledger at the path as it is: nothing is created, migrated or written, not even beside it.

    LedgerError when there is none, when it is damaged or newer, or older unless `any_version` allows that.
    """
    _refuse_old_sqlite()
    if not path.is_file():
        raise LedgerError(f"there is no ledger at {path}", "make one with `sentinel init`, or choose a home by --home")
    connection = _connect(path, "ro")
    try:
        version = _version(path, connection)
        is_old = version < SCHEMA_VERSION or _pending_steps(connection)
        if is_old and not (any_version and version):
            raise LedgerError(
                f"the ledger {path} was written by an older Sentinel (schema {version})",
                "run `sentinel migrate`, which copies it first",
            )
        _refuse_damage(path, connection)
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


def _version(path: Path, connection: sqlite3.Connection) -> int:
    """The schema's number, 0 for an empty file; LedgerError for somebody else's file or a newer schema."""
    owner, version = _pragma(connection, "application_id"), _pragma(connection, "user_version")
    tables = {row[0].lower() for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if owner != APPLICATION_ID and {"decisions", "trades"} <= tables:
        raise LedgerError(f"{path} is a ledger of version 7", f"bring it over with `sentinel migrate --from-v7 {path}`")
    if owner != APPLICATION_ID and (tables or owner or version):
        raise LedgerError(
            f"{path} is a database, but no ledger of Sentinel", "move it away, or choose another home by --home"
        )
    if version > SCHEMA_VERSION:
        raise LedgerError(
            f"the ledger {path} has schema {version}, and this Sentinel knows none above {SCHEMA_VERSION}",
            "install the Sentinel that wrote it, or `sentinel restore` a copy from before",
        )
    if version == SCHEMA_VERSION and _taken_steps(connection) - _known_steps():
        raise LedgerError(
            f"the ledger {path} was written by a newer Sentinel than this one",
            "install the Sentinel that wrote it, or `sentinel restore` a copy from before",
        )
    return version


def _taken_steps(connection: sqlite3.Connection) -> set[str]:
    return {
        row[0] for row in connection.execute("SELECT name FROM _sqlite_migrations WHERE migration_set = 'sentinel'")
    }


def _known_steps() -> set[str]:
    """The steps this Sentinel has, by their files: importing them would cost `status` a second."""
    return {path.stem for path in _steps_folder().glob("m[0-9][0-9][0-9][0-9]_*.py")}


def _pending_steps(connection: sqlite3.Connection) -> set[str]:
    """Steps added to the schema since the ledger was written; the schema keeps its number within a generation."""
    return _known_steps() - _taken_steps(connection)


def _refuse_damage(path: Path, connection: sqlite3.Connection) -> None:
    # The structure alone: the rules of every row take six times as long and are the doctor's business (`damage`).
    connection.execute("PRAGMA ignore_check_constraints = ON")
    damage = [row[0] for row in connection.execute("PRAGMA quick_check(3)")]
    connection.execute("PRAGMA ignore_check_constraints = OFF")
    if damage != ["ok"]:
        raise LedgerError(f"the ledger {path} is damaged: {'; '.join(damage)}", RESTORE)


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


def _steps_folder() -> Path:
    package = Path(__file__).parents[1]
    installed = package / "_migrations"
    return installed if installed.is_dir() else package.parent / "migrations"


def load_migrations() -> ModuleType:
    """The numbered migrations: inside the package where it is installed, beside it in a checkout."""
    import importlib
    import importlib.util
    import sys

    name, folder = "sentinel._migrations", _steps_folder()
    if folder.name == "_migrations":
        return importlib.import_module(name)
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(
        name, folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    if spec is None or spec.loader is None or not folder.is_dir():
        raise LedgerError("the numbered migrations are missing", "install Sentinel again: it is incomplete")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


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
