"""The numbered steps are history: complete, ordered, and without a thread to today's Sentinel."""

import ast
import importlib
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

import migrations
from sentinel.ledger.opening import APPLICATION_ID, SCHEMA_VERSION
from sentinel.ledger.steps import load_migrations

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "migrations").glob("*.py"))
ALLOWED_IMPORTS = {"sqlite_utils", "checks_v8", "seals"} | set(sys.stdlib_module_names)


@pytest.fixture
def database() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        yield connection


def take_all(database: sqlite3.Connection) -> None:
    database.execute("BEGIN IMMEDIATE")
    migrations.apply(database)
    database.execute("COMMIT")


@pytest.mark.parametrize("file", FILES, ids=[file.name for file in FILES])
def test_a_step_knows_nothing_of_sentinel(file: Path) -> None:
    imported = {
        (node.module or "") if isinstance(node, ast.ImportFrom) else node.names[0].name
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Import | ast.ImportFrom)
    }
    assert {name.split(".")[0] for name in imported} <= ALLOWED_IMPORTS


def test_the_steps_are_numbered_without_a_gap() -> None:
    assert [name.split("_")[0] for name in migrations.names()] == [
        f"m{number:04}" for number in range(1, len(migrations.names()) + 1)
    ]


def test_the_steps_lead_to_the_schema_sentinel_expects(database: sqlite3.Connection) -> None:
    take_all(database)
    assert database.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)
    assert database.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)


def test_each_step_is_taken_once(database: sqlite3.Connection) -> None:
    take_all(database)
    taken = database.execute("SELECT name FROM _sqlite_migrations ORDER BY id").fetchall()
    take_all(database)
    assert database.execute("SELECT name FROM _sqlite_migrations ORDER BY id").fetchall() == taken
    assert [name for (name,) in taken] == migrations.names()


def test_steps_outside_a_transaction_are_refused(database: sqlite3.Connection) -> None:
    with pytest.raises(AssertionError, match="BEGIN IMMEDIATE"):
        migrations.apply(database)


def test_a_checkout_has_them_beside_the_package() -> None:
    loaded = load_migrations()
    assert loaded.__name__ == "sentinel._migrations"
    assert loaded.names() == migrations.names()
    assert importlib.import_module("sentinel._migrations.m0001_business").TABLES
    assert load_migrations() is loaded


def test_an_installed_sentinel_has_them_inside(tmp_path: Path) -> None:
    """The layout of the wheel, in a folder that has another `migrations` lying about."""
    site, elsewhere = tmp_path / "site", tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "migrations.py").write_text("raise AssertionError('somebody else')", "utf-8")
    for source, target in (("sentinel/domain", "domain"), ("sentinel/ledger", "ledger"), ("migrations", "_migrations")):
        (site / "sentinel" / target).mkdir(parents=True)
        for file in (ROOT / source).glob("*.py"):
            (site / "sentinel" / target / file.name).write_bytes(file.read_bytes())
    (site / "sentinel" / "__init__.py").write_text('"""Installed."""\n', "utf-8")
    (site / "sentinel" / "risk_config.py").write_bytes((ROOT / "sentinel" / "risk_config.py").read_bytes())
    program = (
        "from pathlib import Path; import sys; from sentinel.ledger import Ledger, migrate_from_v7; "
        "version = Ledger.open(Path('new.db')).schema_version; "
        "print(version, sys.modules['sentinel._migrations'].__file__)"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], cwd=elsewhere, capture_output=True, text=True, check=True,
        env={**os.environ, "PYTHONPATH": str(site)},
    )  # fmt: skip
    assert run.stdout.strip() == f"8 {site / 'sentinel' / '_migrations' / '__init__.py'}"
