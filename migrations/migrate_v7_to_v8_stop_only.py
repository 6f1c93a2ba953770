"""Turns a version 7 database into a version 8 ledger and loses none of it: copy, archives, new tables.

    python migrations/migrate_v7_to_v8_stop_only.py DB [--backup-dir DIR] [--dry-run]

Version 7 had the tables `decisions` and `trades`, or one of them. Whatever columns they and any other table have, every
row goes to `archived_<table>_v7`, value for value, without the constraints that made sense then; the old definitions go
to `archived_definitions_v7`. All of it is one transaction, and it is kept only if counts and checksums agree.
"""

import argparse
import hashlib
import importlib.util
import os
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from types import ModuleType

APPLICATION_ID = 0x534E544C  # the letters SNTL
NEEDED = ("decisions", "trades")
DEFINITIONS = "archived_definitions_v7"
BUSY_TIMEOUT_S = 10.0


class MigrationRefused(Exception):
    """The database was left, or put back, as it was."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(f"{message}\n  {remedy}")
        self.message = message
        self.remedy = remedy


class Text(bytes):
    """A text of the database, undecoded: version 7 may hold what is no UTF-8."""


@dataclass(frozen=True, slots=True)
class Contents:
    """How many rows a table has and a checksum over them that does not depend on their order."""

    columns: tuple[str, ...]
    rows: int
    checksum: str

    def __str__(self) -> str:
        return f"{self.rows} rows, {len(self.columns)} columns, checksum {self.checksum[:16]}"


def migrate(path: Path, backup_dir: Path | None = None, *, dry_run: bool = False) -> Iterator[str]:
    """Do it, telling each thing done; MigrationRefused, with a remedy, when it cannot be done or need not be."""
    with _refusing_sqlite_errors(path):
        _refuse_no_file(path)
        with closing(_connect(path, "ro" if dry_run else "rw")) as connection:
            if _is_done(path, connection):
                yield f"{path} is already a version 8 ledger with its version 7 archive: nothing to do"
                return
            tables = _version_7_tables(path, connection)
            found = {table: _contents(connection, table) for table in tables}
        if dry_run:
            yield from _told(path, backup_dir or path.parent / "backups", found)
            return
        with closing(_connect(path, "rw")) as connection:
            yield f"copied to {_back_up(connection, path, backup_dir or path.parent / 'backups', found)}"
            for table, contents in _convert(path, connection).items():
                yield f"archived {table} as {_archive_name(table)}: {contents}"
            connection.execute("PRAGMA journal_mode = DELETE")
        path.chmod(0o600)
    yield f"{path} is now a version 8 ledger"


def _told(path: Path, backup_dir: Path, found: dict[str, Contents]) -> Iterator[str]:
    yield f"would copy {path} to {backup_dir}"
    for table, contents in found.items():
        yield f"would archive {table} as {_archive_name(table)}: {contents}"
    yield f"would keep the old definitions in {DEFINITIONS}, create the tables of version 8 and check the archives"
    yield "dry run: nothing was written"


def _refuse_no_file(path: Path) -> None:
    if not path.is_file():
        raise MigrationRefused(f"there is no database at {path}", "name the file of your version 7 database")


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    uri = f"{path.absolute().as_uri()}?mode={mode}"
    connection = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=BUSY_TIMEOUT_S)
    connection.text_factory = Text
    # Rows of version 7 may refer to rows long gone; they are archived all the same.
    connection.execute("PRAGMA foreign_keys = OFF")
    return connection


@contextmanager
def _refusing_sqlite_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.DatabaseError as error:
        raise MigrationRefused(
            f"{path} could not be migrated and is as it was: {error}",
            "close every program that has it open, see that it is a version 7 database and that the disk has room",
        ) from error
    except OSError as error:
        raise MigrationRefused(
            f"{path} could not be migrated and is as it was: {error}",
            "make the database and the backup folder writable, or name another by --backup-dir",
        ) from error


def _number(connection: sqlite3.Connection, sql: str) -> int:
    return int(connection.execute(sql).fetchone()[0])


def _names(connection: sqlite3.Connection, sql: str) -> list[str]:
    return [row[0].decode() for row in connection.execute(sql)]


def _tables(connection: sqlite3.Connection) -> list[str]:
    """Every table with rows of its own; the shadows behind a virtual table go with it."""
    return _names(
        connection,
        "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type IN ('table', 'virtual')"
        " AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name",
    )


def _is_done(path: Path, connection: sqlite3.Connection) -> bool:
    if _number(connection, "PRAGMA application_id") != APPLICATION_ID:
        return False
    if DEFINITIONS in _tables(connection):
        return True
    raise MigrationRefused(
        f"{path} is a version 8 ledger that never was version 7", "name the file of your version 7 database"
    )


def _version_7_tables(path: Path, connection: sqlite3.Connection) -> list[str]:
    tables = _tables(connection)
    if not any(table in NEEDED for table in map(str.lower, tables)):
        raise MigrationRefused(
            f"{path} is no version 7 database: it has no table {' and no table '.join(NEEDED)}",
            "name the file of your version 7 database",
        )
    taken = [name for name in [*map(_archive_name, tables), DEFINITIONS] if name in tables]
    if taken:
        raise MigrationRefused(
            f"{path} already has a table {' and a table '.join(taken)}, which an archive would overwrite",
            "rename it, then run again",
        )
    if _names(connection, "PRAGMA quick_check(1)") != ["ok"]:
        raise MigrationRefused(f"{path} is damaged", "repair it with `sqlite3 DB .recover`, then run again")
    return tables


def _archive_name(table: str) -> str:
    return f"archived_{table.lower()}_v7"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _contents(connection: sqlite3.Connection, table: str) -> Contents:
    cursor = connection.execute(f"SELECT * FROM {_quoted(table)}")  # noqa: S608 - quoted
    rows = total = 0
    for row in cursor:
        rows += 1
        # repr tells integers from reals, texts from blobs, and reals to the last bit.
        digest = hashlib.sha256(repr([(type(value).__name__, value) for value in row]).encode()).digest()
        total = (total + int.from_bytes(digest, "big")) % 2**256
    return Contents(tuple(column[0] for column in cursor.description), rows, f"{total:064x}")


def _back_up(connection: sqlite3.Connection, path: Path, folder: Path, found: dict[str, Contents]) -> Path:
    """A copy that holds the same rows; one that does not stops everything."""
    folder.mkdir(parents=True, exist_ok=True)
    stem = f"sentinel_backup_{datetime.now(UTC):%Y%m%d_%H%M%S}"
    names = (folder / f"{stem}{f'_{number}' if number > 1 else ''}.db" for number in count(1))
    copy = next(name for name in names if not name.exists())
    partial = copy.with_suffix(".partial")
    partial.unlink(missing_ok=True)
    os.close(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    with closing(_connect(partial, "rw")) as target:
        target.execute("PRAGMA synchronous = EXTRA")
        connection.backup(target)
        is_same = found == {table: _contents(target, table) for table in found}
    if not is_same:
        raise MigrationRefused(
            f"the copy {partial} differs from {path}: another program is writing to it", "close it, then run again"
        )
    partial.rename(copy)
    return copy


def _convert(path: Path, connection: sqlite3.Connection) -> dict[str, Contents]:
    """Archive, make room, create version 8 and check, in one transaction."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        tables = _version_7_tables(path, connection)
        before = {table: _contents(connection, table) for table in tables}
        _archive(connection, before)
        _make_room(connection, tables)
        connection.text_factory = str  # what the steps expect
        numbered_migrations().apply(connection)
        connection.text_factory = Text
        _check(path, connection, before)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return before


def _archive(connection: sqlite3.Connection, before: dict[str, Contents]) -> None:
    connection.execute(f"CREATE TABLE {DEFINITIONS} (type TEXT, name TEXT, table_name TEXT, sql TEXT)")
    connection.execute(f"INSERT INTO {DEFINITIONS} SELECT type, name, tbl_name, sql FROM sqlite_master")  # noqa: S608
    connection.execute(f"DELETE FROM {DEFINITIONS} WHERE name = '{DEFINITIONS}'")  # noqa: S608 - our own name
    for table, contents in before.items():
        # Columns without a type take every value exactly as it is.
        columns = ", ".join(map(_quoted, contents.columns))
        connection.execute(f"CREATE TABLE {_quoted(_archive_name(table))} ({columns})")
        connection.execute(
            f"INSERT INTO {_quoted(_archive_name(table))} SELECT * FROM {_quoted(table)}"  # noqa: S608 - quoted
        )


def _make_room(connection: sqlite3.Connection, tables: list[str]) -> None:
    """Take away what version 7 defined: its names are needed, and its views and triggers mean nothing now."""
    for kind in ("trigger", "view"):
        for name in _names(connection, f"SELECT name FROM sqlite_master WHERE type = '{kind}'"):  # noqa: S608
            connection.execute(f"DROP {kind} {_quoted(name)}")
    for table in tables:
        connection.execute(f"DROP TABLE {_quoted(table)}")


def _check(path: Path, connection: sqlite3.Connection, before: dict[str, Contents]) -> None:
    for table, contents in before.items():
        after = _contents(connection, _archive_name(table))
        if after != contents:
            raise MigrationRefused(
                f"{table} did not arrive whole: {after} instead of {contents}; {path} is as it was", "report a bug"
            )
    if _names(connection, "PRAGMA quick_check(1)") != ["ok"] or _number(connection, "PRAGMA user_version") < 8:
        raise MigrationRefused(f"the new tables came out wrong; {path} is as it was", "check the disk, then run again")


def numbered_migrations() -> ModuleType:
    """The package this file lies in, also when the file runs as a script and knows of none."""
    folder = Path(__file__).resolve().parent
    name = __package__ or "sentinel_migrations"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(
            name, folder / "__init__.py", submodule_search_locations=[str(folder)]
        )
        if spec is None or spec.loader is None:
            raise AssertionError(f"{folder} is no package")
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


def main(arguments: list[str] | None = None) -> int:
    """The command line: 0 when done, 2 when refused."""
    parser = argparse.ArgumentParser(description="Turn a version 7 database into a version 8 ledger, losing nothing.")
    parser.add_argument("database", metavar="DB", type=Path, help="the version 7 database")
    parser.add_argument(
        "--backup-dir", metavar="DIR", type=Path, help="where the copy goes (default: backups beside DB)"
    )
    parser.add_argument("--dry-run", action="store_true", help="tell what would be done, write nothing")
    options = parser.parse_args(arguments)
    try:
        for line in migrate(options.database, options.backup_dir, dry_run=options.dry_run):
            print(line)
    except MigrationRefused as error:
        print(f"{error.message}\n  {error.remedy}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
