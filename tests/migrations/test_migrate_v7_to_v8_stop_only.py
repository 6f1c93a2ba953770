"""A version 7 database comes over whole, or stays as it was to the last byte."""

import re
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from migrations import migrate_v7_to_v8_stop_only as v7
from sentinel.domain.errors import LedgerError
from sentinel.ledger import Ledger, migrate_from_v7

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "migrations" / "migrate_v7_to_v8_stop_only.py"

# Nobody wrote down what version 7 looked like, so this one has a bit of everything a database can have.
ODD = """
CREATE TABLE decisions (id INTEGER PRIMARY KEY, symbol TEXT, score REAL, "odd ""name" BLOB, anything, made_at TEXT);
CREATE TABLE trades (
  id INTEGER PRIMARY KEY AUTOINCREMENT, decision_id INTEGER REFERENCES decisions (id), symbol TEXT NOT NULL,
  qty NUMERIC CHECK (qty > 0), price TEXT, cost REAL GENERATED ALWAYS AS (qty * price) VIRTUAL
);
CREATE INDEX trades_by_symbol ON trades (symbol);
CREATE UNIQUE INDEX one_open_trade_a_symbol ON trades (symbol, id);
CREATE VIEW v_active_positions AS SELECT * FROM trades JOIN decisions ON decisions.id = decision_id;
CREATE TRIGGER remember AFTER INSERT ON trades BEGIN UPDATE decisions SET anything = 1 WHERE id = NEW.decision_id; END;
CREATE TABLE runs (day TEXT PRIMARY KEY, note TEXT) WITHOUT ROWID;
CREATE TABLE audit (line TEXT);
CREATE VIRTUAL TABLE notes USING fts5 (body);
INSERT INTO notes VALUES ('bought too early');
INSERT INTO runs VALUES ('2025-04-07', 'fine'), ('2025-04-04', NULL);
INSERT INTO decisions VALUES (1, 'AAPL', 0.1, x'00ff', 'text', '2025-04-07'), (7, 'é', -1e300, NULL, 1, NULL),
  (9, CAST(x'ff41' AS TEXT), 3, x'', 1.0, ''), (10, '', 9007199254740993, 'text in a blob', x'31', 1);
INSERT INTO trades (id, decision_id, symbol, qty, price) VALUES (3, 1, 'AAPL', 7, '100.10'), (4, 99, 'GONE', 0.1, '1');
DELETE FROM trades WHERE id = 4;
INSERT INTO trades (decision_id, symbol, qty, price) VALUES (99, 'GONE', 0.1, '1');
"""
PLAIN = """
CREATE TABLE Decisions (id INTEGER PRIMARY KEY, symbol TEXT);
CREATE TABLE Trades (id INTEGER PRIMARY KEY, symbol TEXT);
INSERT INTO Trades VALUES (1, 'AAPL'), (2, 'MSFT');
"""


def make(path: Path, script: str) -> Path:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(script)
    return path


@pytest.fixture
def old(tmp_path: Path) -> Path:
    return make(tmp_path / "old.db", ODD)


def rows(path: Path, sql: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        connection.text_factory = bytes
        return connection.execute(sql).fetchall()


def typed(path: Path, table: str, columns: str) -> list[tuple[Any, ...]]:
    """Every value with its type, so that 1, 1.0, '1' and x'31' are four things."""
    kinds = ", ".join(f"typeof({column}), {column}" for column in columns.split(", "))
    return sorted(rows(path, f"SELECT {kinds} FROM {table}"), key=repr)


#  version 7 table       archive                     columns
ARCHIVES = [
    ("decisions", "archived_decisions_v7", 'id, symbol, score, "odd ""name", anything, made_at'),
    ("trades", "archived_trades_v7", "id, decision_id, symbol, qty, price, cost"),
    ("runs", "archived_runs_v7", "day, note"),
    ("audit", "archived_audit_v7", "line"),
    ("notes", "archived_notes_v7", "body"),
]


def test_every_value_comes_over_as_it_was(old: Path) -> None:
    before = {archive: typed(old, table, columns) for table, archive, columns in ARCHIVES}
    told = list(v7.migrate(old))
    assert {archive: typed(old, archive, columns) for _, archive, columns in ARCHIVES} == before
    assert told[-1] == f"{old} is now a version 8 ledger"
    assert any("archived trades as archived_trades_v7: 2 rows, 6 columns" in line for line in told)


def test_the_old_definitions_are_kept(old: Path) -> None:
    before = rows(old, "SELECT type, name, tbl_name, sql FROM sqlite_master")
    list(v7.migrate(old))
    assert rows(old, "SELECT type, name, table_name, sql FROM archived_definitions_v7") == before


def test_the_result_is_a_ledger_like_a_new_one(old: Path, tmp_path: Path) -> None:
    list(v7.migrate(old))
    assert old.stat().st_mode & 0o777 == 0o600
    with Ledger.open(old) as ledger, Ledger.open(tmp_path / "new.db"):
        assert ledger.schema_version == 8
        ledger.audit("test", None, "works")
        assert ledger.verify_audit() is None
        assert ledger.trades_of("AAPL") == ()
    listing = "SELECT type, name, sql FROM sqlite_master WHERE name NOT LIKE 'archived%' AND name NOT LIKE 'sqlite%'"
    assert sorted(rows(old, listing), key=repr) == sorted(rows(tmp_path / "new.db", listing), key=repr)


def test_the_copy_is_the_old_database(old: Path, tmp_path: Path) -> None:
    before = [typed(old, table, columns) for table, _, columns in ARCHIVES]
    list(v7.migrate(old, tmp_path / "far" / "away"))
    (copy,) = (tmp_path / "far" / "away").iterdir()
    assert copy.stat().st_mode & 0o777 == 0o600
    assert [typed(copy, table, columns) for table, _, columns in ARCHIVES] == before


def test_names_are_found_whatever_their_case(tmp_path: Path) -> None:
    path = make(tmp_path / "old.db", PLAIN)
    list(v7.migrate(path))
    assert rows(path, "SELECT id, symbol FROM archived_trades_v7") == [(1, b"AAPL"), (2, b"MSFT")]
    assert rows(path, "SELECT COUNT(*) FROM archived_decisions_v7") == [(0,)]


def test_twice_is_once(old: Path) -> None:
    list(v7.migrate(old))
    after = old.read_bytes()
    assert list(v7.migrate(old)) == [f"{old} is already a version 8 ledger with its version 7 archive: nothing to do"]
    assert old.read_bytes() == after
    assert len(list((old.parent / "backups").iterdir())) == 1


def test_a_dry_run_tells_and_writes_nothing(old: Path) -> None:
    before = old.read_bytes()
    told = list(v7.migrate(old, dry_run=True))
    assert any(line.startswith("would archive decisions as archived_decisions_v7: 4 rows") for line in told)
    assert told[-1] == "dry run: nothing was written"
    assert old.read_bytes() == before
    assert [file.name for file in old.parent.iterdir()] == ["old.db"]


def test_a_database_that_writes_ahead_comes_over(old: Path) -> None:
    with closing(sqlite3.connect(old)) as other:
        other.execute("PRAGMA journal_mode = WAL")
        other.execute("INSERT INTO runs VALUES ('2025-04-08', 'only in the log so far')")
        other.commit()
        shutil.copytree(old.parent, old.parent / "crashed")
    crashed = old.parent / "crashed" / "old.db"
    list(v7.migrate(crashed))
    assert (b"2025-04-08",) in rows(crashed, "SELECT day FROM archived_runs_v7")
    assert rows(crashed, "PRAGMA journal_mode") == [(b"delete",)]


def missing(path: Path) -> None:
    path.unlink()


def garbage(path: Path) -> None:
    path.write_bytes(b"songs" * 1000)


def empty(path: Path) -> None:
    path.write_bytes(b"")


def with_an_archive(path: Path) -> None:
    make(path, "CREATE TABLE archived_trades_v7 (id)")


def fresh_ledger(path: Path) -> None:
    path.unlink()
    Ledger.open(path).close()


def cut_off(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-8192])


#  what is done to it     what is said                            what to do
NOT_VERSION_7 = [
    (missing, "there is no database", "name the file"),
    (garbage, "not a database", "see that it is a version 7 database"),
    (empty, "it has no table decisions and no table trades", "name the file"),
    (with_an_archive, "already has a table archived_trades_v7", "rename it"),
    (fresh_ledger, "never was version 7", "name the file"),
    (cut_off, "", ""),
]


@pytest.mark.parametrize("dry_run", [False, True])
@pytest.mark.parametrize(("spoil", "message", "remedy"), NOT_VERSION_7)
def test_what_is_not_version_7_is_refused_and_left_alone(
    old: Path, spoil: Callable[[Path], None], message: str, remedy: str, dry_run: bool
) -> None:
    spoil(old)
    before = old.read_bytes() if old.exists() else None
    with pytest.raises(v7.MigrationRefused) as refused:
        list(v7.migrate(old, dry_run=dry_run))
    assert message in refused.value.message
    assert remedy in refused.value.remedy
    assert refused.value.remedy
    assert (old.read_bytes() if old.exists() else None) == before
    assert not (old.parent / "backups").exists()


def unlike(contents: v7.Contents) -> v7.Contents:
    return v7.Contents(contents.columns, contents.rows, "0" * 64)


@pytest.mark.parametrize("stage", ["_archive", "_make_room", "_check", "numbered_migrations"])
def test_a_failure_at_any_stage_leaves_it_as_it_was(old: Path, monkeypatch: pytest.MonkeyPatch, stage: str) -> None:
    before = old.read_bytes()
    real = getattr(v7, stage)

    def fails(*arguments: Any) -> None:
        real(*arguments)
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(v7, stage, fails)
    with pytest.raises(v7.MigrationRefused) as refused:
        list(v7.migrate(old))
    assert "is as it was" in refused.value.message
    assert old.read_bytes() == before


def test_an_archive_that_differs_is_not_kept(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = old.read_bytes()
    real = v7._contents
    monkeypatch.setattr(
        v7, "_contents", lambda c, table: unlike(real(c, table)) if table == "archived_trades_v7" else real(c, table)
    )
    with pytest.raises(v7.MigrationRefused) as refused:
        list(v7.migrate(old))
    assert "trades did not arrive whole" in refused.value.message
    assert old.read_bytes() == before


def test_a_copy_that_differs_stops_everything(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = old.read_bytes()
    real = v7._contents
    seen: list[str] = []

    def differs_the_second_time(connection: sqlite3.Connection, table: str) -> v7.Contents:
        seen.append(table)
        return unlike(real(connection, table)) if seen.count(table) > 1 else real(connection, table)

    monkeypatch.setattr(v7, "_contents", differs_the_second_time)
    with pytest.raises(v7.MigrationRefused) as refused:
        list(v7.migrate(old))
    assert "another program is writing" in refused.value.message
    assert old.read_bytes() == before


def test_a_crash_between_two_tables_leaves_it_as_it_was(old: Path) -> None:
    before = [typed(old, table, columns) for table, _, columns in ARCHIVES]
    crash = (
        "import os, sys; from pathlib import Path; from migrations import migrate_v7_to_v8_stop_only as v7; "
        "v7._check = lambda *_: os.kill(os.getpid(), 9); list(v7.migrate(Path(sys.argv[1])))"
    )
    died = subprocess.run([sys.executable, "-c", crash, old], cwd=ROOT, check=False)
    assert died.returncode == -signal.SIGKILL
    assert [typed(old, table, columns) for table, _, columns in ARCHIVES] == before
    assert list(v7.migrate(old))[-1].endswith("is now a version 8 ledger")


def test_somebody_writing_meanwhile_is_not_overwritten(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(v7, "BUSY_TIMEOUT_S", 0.0)
    with closing(sqlite3.connect(old, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(v7.MigrationRefused) as refused:
            list(v7.migrate(old))
    assert "locked" in refused.value.message
    assert "close every program" in refused.value.remedy


def test_a_backup_folder_that_cannot_be_made_stops_it(old: Path) -> None:
    before = old.read_bytes()
    with pytest.raises(v7.MigrationRefused) as refused:
        list(v7.migrate(old, old / "backups"))
    assert "--backup-dir" in refused.value.remedy
    assert old.read_bytes() == before


def run_script(*arguments: str | Path, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, SCRIPT, *arguments], cwd=folder, capture_output=True, text=True, check=False)


def test_the_script_runs_alone_from_any_folder(old: Path, tmp_path: Path) -> None:
    dry = run_script("old.db", "--dry-run", folder=tmp_path)
    assert (dry.returncode, dry.stderr) == (0, "")
    assert dry.stdout.endswith("dry run: nothing was written\n")
    done = run_script("old.db", "--backup-dir", "kept", folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert len(list((tmp_path / "kept").iterdir())) == 1
    again = run_script("old.db", folder=tmp_path)
    assert (again.returncode, "nothing to do" in again.stdout) == (0, True)
    refused = run_script("nowhere.db", folder=tmp_path)
    assert refused.returncode == 2
    assert "there is no database" in refused.stderr
    assert run_script(folder=tmp_path).returncode == 2


def test_the_installed_command_does_the_same(old: Path) -> None:
    assert migrate_from_v7(old, dry_run=True)[-1] == "dry run: nothing was written"
    assert migrate_from_v7(old, old.parent / "kept")[-1] == f"{old} is now a version 8 ledger"
    with pytest.raises(LedgerError) as refused:
        migrate_from_v7(old.parent / "nowhere.db")
    assert refused.value.remedy == "name the file of your version 7 database"


def test_a_copy_is_named_after_the_moment(old: Path) -> None:
    list(v7.migrate(old))
    (copy,) = (old.parent / "backups").iterdir()
    assert re.fullmatch(rf"sentinel_backup_{datetime.now(UTC):%Y}\d{{4}}_\d{{6}}[.]db", copy.name)
