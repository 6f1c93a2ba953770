"""A version 7 database of real size and odd values comes over whole, and may be killed on the way at any statement."""

import random
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from migrations import migrate_v7_to_v8_stop_only as v7
from sentinel.ledger import Ledger

ROOT = Path(__file__).parents[2]
DECISIONS, TRADES = 1_715, 464
ODD_COLUMNS = ('"select"', '"a ""b"" c"', '"naïve ✓"', '"rowid"', '"1"')
VALUES: tuple[Any, ...] = (
    None,
    "",
    "AAPL",
    "ünïcödé 株式 🙈👩‍👩‍👧",
    "line\nbreak\ttab \\ 'quote' \"double\"",
    "1e400",
    b"",
    b"\x00\xff\x00",
    2**53 + 1,
    -(2**63),
    2**63 - 1,
    0.1,
    -0.0,
    1e308,
    5e-324,
    "x" * 5_000,
)


def version_7(path: Path, decisions: int = DECISIONS, trades: int = TRADES, tables: str = "decisions trades") -> Path:
    """The tables with as many rows, their values drawn from the odd ones; one text of each is a megabyte long."""
    draw = random.Random(7)
    with closing(sqlite3.connect(path)) as connection:
        for table, rows in (("decisions", decisions), ("trades", trades)):
            if table not in tables.split():
                continue
            connection.execute(f"CREATE TABLE {table} (id INTEGER PRIMARY KEY, {', '.join(ODD_COLUMNS)}, note TEXT)")
            for number in range(rows):
                values = [draw.choice(VALUES) for _ in ODD_COLUMNS]
                note = "long" * 262_144 if number == rows // 2 else draw.choice(("", None, "fine"))
                marks = ", ".join("?" * (len(values) + 2))
                connection.execute(f"INSERT INTO {table} VALUES ({marks})", (number * 3 + 1, *values, note))
        connection.commit()
    return path


def rows(path: Path, table: str) -> list[str]:
    """Every value with its type, to the last bit."""
    with closing(sqlite3.connect(path)) as connection:
        return sorted(
            repr([(type(cell), cell) for cell in row]) for row in connection.execute(f"SELECT * FROM {table}")
        )


def test_nothing_of_it_is_lost(tmp_path: Path) -> None:
    old = version_7(tmp_path / "old.db")
    before = {table: rows(old, table) for table in ("decisions", "trades")}
    dry = list(v7.migrate(old, dry_run=True))
    assert any(f"{DECISIONS} rows" in line for line in dry)
    told = list(v7.migrate(old))
    assert any(f"archived decisions as archived_decisions_v7: {DECISIONS} rows" in line for line in told)
    assert any(f"archived trades as archived_trades_v7: {TRADES} rows" in line for line in told)
    assert {table: rows(old, f"archived_{table}_v7") for table in before} == before
    (copy,) = (tmp_path / "backups").iterdir()
    assert {table: rows(copy, table) for table in before} == before
    again = list(v7.migrate(old))
    assert again == [f"{old} is already a version 8 ledger with its version 7 archive: nothing to do"]
    assert len(list((tmp_path / "backups").iterdir())) == 1
    with Ledger.open(old) as ledger:
        assert ledger.damage() == ()


def test_a_value_of_the_archive_that_changes_is_noticed(tmp_path: Path) -> None:
    old = version_7(tmp_path / "old.db", 20, 20)
    list(v7.migrate(old))
    content = bytearray(old.read_bytes())
    content[content.rindex("株式".encode()) + 2] ^= 1
    old.write_bytes(content)
    with pytest.raises(Exception, match=r"archived_(decisions|trades)_v7 was changed from outside"):
        Ledger.open(old)


@pytest.mark.parametrize("tables", ["decisions", "trades"])
@pytest.mark.parametrize("number", [0, 3])
def test_one_table_is_enough_and_may_be_empty(tmp_path: Path, tables: str, number: int) -> None:
    old = version_7(tmp_path / "old.db", number, number, tables)
    before = rows(old, tables)
    told = list(v7.migrate(old))
    assert told[-1] == f"{old} is now a version 8 ledger"
    assert rows(old, f"archived_{tables}_v7") == before
    assert "nothing to do" in next(iter(v7.migrate(old)))
    Ledger.open(old).close()


def test_both_empty_come_over(tmp_path: Path) -> None:
    old = version_7(tmp_path / "old.db", 0, 0)
    assert list(v7.migrate(old))[-1].endswith("is now a version 8 ledger")
    assert rows(old, "archived_decisions_v7") == rows(old, "archived_trades_v7") == []


# Forks a migration for each of its statements and kills it there; the parent never opens the file.
KILLED = """
import os, shutil, sqlite3, sys
from pathlib import Path
from migrations import migrate_v7_to_v8_stop_only as v7
import migrations, sqlite_utils
old, work, every = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
connect = sqlite3.connect
number, status = 0, 9
while status:
    folder = work / str(number)
    folder.mkdir()
    path = Path(shutil.copy(old, folder / "old.db"))
    pid = os.fork()
    if not pid:
        left = number
        def passes(_statement):
            global left
            left -= 1
            if left < 0:
                os.kill(os.getpid(), 9)
        def traced(*args, **named):
            connection = connect(*args, **named)
            connection.execute("PRAGMA cache_size = 1")
            connection.set_trace_callback(passes)
            return connection
        sqlite3.connect = traced
        list(v7.migrate(path))
        os._exit(0)
    status = os.waitpid(pid, 0)[1]
    number += every
print(number)
"""


def test_killed_at_any_statement_it_is_done_by_the_next(tmp_path: Path) -> None:
    old = version_7(tmp_path / "old.db", 5, 4)
    before = {table: rows(old, table) for table in ("decisions", "trades")}
    (tmp_path / "work").mkdir()
    command: list[str | Path] = [sys.executable, "-c", KILLED, old, tmp_path / "work", "23"]
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    folders = list((tmp_path / "work").iterdir())
    assert len(folders) > 8
    for folder in folders:
        path = folder / "old.db"
        list(v7.migrate(path))
        assert {table: rows(path, f"archived_{table}_v7") for table in before} == before, folder.name
        Ledger.open(path).close()
        whole = [copy for copy in (folder / "backups").iterdir() if copy.suffix == ".db"]
        assert whole
        assert all(rows(copy, "trades") == before["trades"] for copy in whole)


def test_a_newer_schema_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "sentinel.db"
    Ledger.open(path).close()
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA user_version = 9")
    before = path.read_bytes()
    with pytest.raises(v7.MigrationRefused):
        list(v7.migrate(path))
    assert path.read_bytes() == before
