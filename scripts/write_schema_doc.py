"""Writes docs/schema.md from a ledger made for the purpose, so that the page says what the schema is."""

import re
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "schema.md"
INTRODUCTION = """# The ledger

Everything Sentinel intended, did and saw is in one SQLite file, `sentinel.db`. Look into it with any SQLite program
while no run is at work; write to it with none. Prices and amounts are decimals kept as text, exact to the last digit;
times are UTC and sort as text, so `DATE(submitted_at)` is the day. The views have numbers instead, for reading.

This page is written by `scripts/write_schema_doc.py` from the schema itself.
"""
PURPOSE = re.compile(r"\s*-- (.+)")
COLUMN = re.compile(r"^\s*(\w+) .*?--\s+(.+)$", re.MULTILINE)
ADDED_COLUMN = re.compile(r"(\w+) /\* (.+?) \*/")


def page() -> str:
    """The whole page."""
    sys.path.insert(0, str(ROOT))
    from sentinel.ledger import Ledger

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sentinel.db"
        Ledger.open(path, lambda: datetime(2000, 1, 1, tzinfo=UTC)).close()
        with closing(sqlite3.connect(path)) as connection:
            return "\n".join([INTRODUCTION, *sections(connection)])


def sections(connection: sqlite3.Connection) -> Iterator[str]:
    """Each table and each view, in the order of their making."""
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    listing = "SELECT type, name, sql FROM sqlite_master WHERE type = ? AND name NOT LIKE '%sqlite%' ORDER BY rowid"
    yield f"Schema {version}.\n\n## Tables\n"
    for _, name, sql in connection.execute(listing, ("table",)).fetchall():
        yield f"### {name}\n\n{purpose(sql)}\n"
        yield from columns(connection, name, sql)
        yield from keys(connection, name)
    yield "## Views\n"
    for _, name, sql in connection.execute(listing, ("view",)).fetchall():
        yield f"### {name}\n\n{purpose(sql)}\n"
        names = (row[1] for row in connection.execute(f"PRAGMA table_info({name})"))
        yield "Columns: " + ", ".join(f"`{column}`" for column in names) + ".\n"


def purpose(sql: str) -> str:
    """The comment that opens a definition."""
    found = PURPOSE.match(sql.split("\n", 1)[1])
    if found is None:
        raise SystemExit(f"no comment says what this is for: {sql.splitlines()[0]}")
    return found[1]


def columns(connection: sqlite3.Connection, table: str, sql: str) -> Iterator[str]:
    """The columns of a table, with what their comments say."""
    meanings = dict(COLUMN.findall(sql) + ADDED_COLUMN.findall(sql))
    allowed = dict(re.findall(r"CHECK \((\w+) IN \(('[^)]+')\)\)", sql))
    yield "| column | type | may be empty | meaning |\n|---|---|---|---|"
    for _, name, kind, not_null, _, is_key, is_computed in connection.execute(f"PRAGMA table_xinfo({table})"):
        values = f" ({allowed[name]})".replace("'", "`") if name in allowed else ""
        empty = "" if not_null or is_key or is_computed else "yes"
        yield f"| `{name}` | {kind.split()[0].lower()} | {empty} | {meanings.get(name, '')}{values} |"
    yield ""


def keys(connection: sqlite3.Connection, table: str) -> Iterator[str]:
    """What a table refers to, and what is unique or quick to find in it."""
    for row in connection.execute(f"PRAGMA foreign_key_list({table})"):
        yield f"- `{row[3]}` refers to `{row[2]}.{row[4]}`"
    listing = (
        "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = ? AND sql IS NOT NULL ORDER BY name"
    )
    for name, sql in connection.execute(listing, (table,)).fetchall():
        unique = "unique" if sql.startswith("CREATE UNIQUE") else "index"
        yield f"- {unique} `{name}`: `{sql.split(f' ON {table} ', 1)[1]}`"
    yield ""


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
    print(f"wrote {PAGE.relative_to(ROOT)}")
