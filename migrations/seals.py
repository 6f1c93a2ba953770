"""The seal: what every table held when Sentinel last wrote to it, so that a change by any other hand or cause shows.

A row has a SHA-256 over its values and their types; the seal of a table is the sum of those of its rows, so that their
order does not matter. Triggers keep it in the transaction that changes the rows, by functions only Sentinel brings:
another program that writes a row is refused for want of them. The definitions, triggers included, have a seal too.
"""

import hashlib
import sqlite3
from collections.abc import Iterator
from typing import Any

DEFINITIONS = "(definitions)"
# The audit has a chain of its own; a table of this room and SQLite's own tables hold no business.
UNSEALED = ("audit", "seal", "_sqlite_migrations")
MODULUS = 2**256
# SQLite hands a function 127 values at most.
MOST_VALUES = 100


def register(connection: sqlite3.Connection) -> None:
    """Bring the functions of the triggers to a connection."""
    connection.execute("PRAGMA trusted_schema = ON")
    connection.create_function("seal_of_row", -1, _row_digest, deterministic=True)
    connection.create_function("seal_moved", 3, _moved, deterministic=True)


def lift(connection: sqlite3.Connection) -> None:
    """Take the triggers away, so that a step may change tables."""
    for name, trigger in _rows(connection, "SELECT tbl_name, name FROM sqlite_master WHERE type = 'trigger'"):
        if trigger in _triggers(connection, name):
            connection.execute(f"DROP TRIGGER {_quoted(trigger)}")


def put(connection: sqlite3.Connection) -> None:
    """Seal every table as it is, and the definitions."""
    connection.execute("DELETE FROM seal")
    for table in _tables(connection):
        for statement in _triggers(connection, table).values():
            connection.execute(statement)
        connection.execute("INSERT INTO seal (name, digest) VALUES (?, ?)", (table, _sum_of(connection, table)))
    connection.execute("INSERT INTO seal (name, digest) VALUES (?, ?)", (DEFINITIONS, _definitions(connection)))


def broken(connection: sqlite3.Connection) -> list[str]:
    """The tables that hold something else than Sentinel left there, and the definitions where they are changed."""
    kept: dict[str, str] = dict(_rows(connection, "SELECT name, digest FROM seal"))
    found = {table: _sum_of(connection, table) for table in _tables(connection)}
    found[DEFINITIONS] = _definitions(connection)
    return sorted(name for name in kept.keys() | found.keys() if kept.get(name) != found.get(name))


def _row_digest(*values: object) -> bytes:
    # repr tells integers from reals, texts from blobs, and reals to the last bit.
    return hashlib.sha256(repr(values).encode("utf-8", "surrogatepass")).digest()


def _moved(total: str, sign: int, row: bytes) -> str:
    return f"{(int(total, 16) + sign * int.from_bytes(row, 'big')) % MODULUS:064x}"


def _sum_of(connection: sqlite3.Connection, table: str) -> str:
    # An index that holds a whole row would be read in its place.
    query = f"SELECT {_digest_of(connection, table)} FROM {_quoted(table)} NOT INDEXED"  # noqa: S608 - quoted
    total = sum(int.from_bytes(row, "big") for (row,) in _rows(connection, query))
    return f"{total % MODULUS:064x}"


def _definitions(connection: sqlite3.Connection) -> str:
    """A SHA-256 over every table, index, view and trigger, and over the steps that led to them."""
    listing = "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
    steps = "SELECT name FROM _sqlite_migrations WHERE migration_set = 'sentinel' ORDER BY name"
    found = [*_rows(connection, f"{listing} ORDER BY type, name"), *_rows(connection, steps)]
    return hashlib.sha256(repr(found).encode()).hexdigest()


def _tables(connection: sqlite3.Connection) -> list[str]:
    listing = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
    return [name for (name,) in _rows(connection, listing) if name not in UNSEALED]


def _triggers(connection: sqlite3.Connection, table: str) -> dict[str, str]:
    """The triggers of a table by name, as SQL."""
    new, old = _digest_of(connection, table, "NEW."), _digest_of(connection, table, "OLD.")
    changes = {
        "INSERT": f"seal_moved(digest, 1, {new})",
        "UPDATE": f"seal_moved(seal_moved(digest, -1, {old}), 1, {new})",
        "DELETE": f"seal_moved(digest, -1, {old})",
    }
    return {
        f"{table}_sealed_on_{change.lower()}": _trigger(table, change, digest) for change, digest in changes.items()
    }


def _trigger(table: str, change: str, digest: str) -> str:
    literal = table.replace("'", "''")
    name, body = _quoted(f"{table}_sealed_on_{change.lower()}"), f"SET digest = {digest} WHERE name = '{literal}'"
    return f"CREATE TRIGGER {name} AFTER {change} ON {_quoted(table)}\nBEGIN UPDATE seal {body}; END"


def _digest_of(connection: sqlite3.Connection, table: str, row: str = "") -> str:
    """The SQL of a row's digest; of many columns, the digest of the digests of some at a time."""
    (strict,) = next(
        _rows(connection, "SELECT strict FROM pragma_table_list WHERE schema = 'main' AND name = ?", table)
    )
    columns = _rows(connection, "SELECT name FROM pragma_table_xinfo(?) WHERE hidden = 0", table)
    values = [row + _quoted(column) for (column,) in columns]
    if not strict:
        # An archive may hold texts that are no UTF-8, which no function is handed.
        values = [
            part
            for value in values
            for part in (
                f"typeof({value})",
                f"CASE typeof({value}) WHEN 'text' THEN CAST({value} AS BLOB) ELSE {value} END",
            )
        ]
    parts = [values[start : start + MOST_VALUES] for start in range(0, len(values), MOST_VALUES)]
    digests = [f"seal_of_row({', '.join(part)})" for part in parts]
    return digests[0] if len(digests) == 1 else f"seal_of_row({', '.join(digests)})"


def _rows(connection: sqlite3.Connection, sql: str, *parameters: str) -> Iterator[tuple[Any, ...]]:
    """Plain tuples, whatever the connection makes of rows."""
    cursor = connection.cursor()
    cursor.row_factory = None
    return iter(cursor.execute(sql, parameters).fetchall())


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
