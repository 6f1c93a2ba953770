"""Whatever lies at the path, opening it is safe: a ledger, nothing, something else, something broken."""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from sentinel.domain.errors import LedgerError
from sentinel.ledger import Ledger, opening, steps
from sentinel.ledger.ledger_file import LedgerDamaged
from tests.builders import TODAY
from tests.ledger.hands import forge
from tests.ledger.records import now, stop

ROOT = Path(__file__).parents[2]
LATEST = (
    ("trades", "named_at"),
    ("trades", "is_ignored"),
    ("stop_loss_orders", "ended_by"),
    ("halts", "set_by"),
)
LATER_STEP = "('sentinel', 'm9999_later')"
NEXT_STEP = '''"""A step of the future."""


def migrate(db):
    db.execute("ALTER TABLE trades ADD COLUMN note TEXT")
    {then}
    db.execute("PRAGMA user_version = 9")
'''


def made(path: Path) -> Path:
    with Ledger.open(path, now) as ledger:
        ledger.write_stop(stop("AAPL 7 @ 92.00"))
    return path


def by_sql(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)


def folder_of(path: Path) -> dict[str, tuple[bytes, int, int]]:
    """Every file beside the path, with its content, mode and time."""
    return {
        file.name: (file.read_bytes(), file.stat().st_mode, file.stat().st_mtime_ns) for file in path.parent.iterdir()
    }


def test_a_new_ledger_is_private_and_of_the_newest_schema(path: Path) -> None:
    old = os.umask(0o000)
    try:
        with Ledger.open(path, now) as ledger:
            assert ledger.schema_version == opening.SCHEMA_VERSION == 8
            assert path.stat().st_mode & 0o777 == 0o600
    finally:
        os.umask(old)
    assert [file.name for file in path.parent.iterdir()] == ["sentinel.db"]


def test_a_ledger_others_could_read_becomes_private(path: Path) -> None:
    made(path).chmod(0o644)
    Ledger.open(path, now).close()
    assert path.stat().st_mode & 0o777 == 0o600


def test_every_connection_keeps_the_promises_of_the_disk(ledger: Ledger) -> None:
    settings = {
        name: ledger._connection.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout", "recursive_triggers")
    }
    extra = 3
    assert settings == {
        "journal_mode": "delete", "synchronous": extra, "foreign_keys": 1, "busy_timeout": 10000,
        "recursive_triggers": 1,
    }  # fmt: skip


def test_opening_again_changes_nothing(path: Path) -> None:
    before = folder_of(made(path))
    Ledger.open(path, now).close()
    assert folder_of(path) == before


def test_an_empty_file_is_a_ledger_to_be(path: Path) -> None:
    path.touch()
    with Ledger.open(path, now) as ledger:
        assert ledger.schema_version == 8


def garbage(path: Path) -> None:
    path.write_bytes(b"my songs\n" * 1000)


def songs(path: Path) -> None:
    by_sql(path, "CREATE TABLE songs (title)")


def songs_in_wal_mode(path: Path) -> None:
    by_sql(path, "PRAGMA journal_mode = WAL", "CREATE TABLE songs (title)")


def version_7(path: Path) -> None:
    by_sql(path, "CREATE TABLE Decisions (id)", "CREATE TABLE trades (id)")


def newer(path: Path) -> None:
    by_sql(
        made(path),
        f"INSERT INTO _sqlite_migrations (migration_set, name) VALUES {LATER_STEP}",
        "PRAGMA user_version = 99",
    )


def newer_by_its_head_alone(path: Path) -> None:
    by_sql(made(path), "PRAGMA user_version = 99")


def strange_by_its_head_alone(path: Path) -> None:
    by_sql(made(path), "PRAGMA application_id = 99")


def write_protected_by_its_head(path: Path) -> None:
    content = bytearray(made(path).read_bytes())
    content[18] = 33
    path.write_bytes(content)


def cut_off(path: Path) -> None:
    os.truncate(made(path), path.stat().st_size // 4096 // 2 * 4096)


def scribbled_on(path: Path) -> None:
    content = bytearray(made(path).read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    path.write_bytes(content)


#  what lies at the path     what the error says               what it says to do
NO_LEDGERS = [
    (garbage, "not a database", "sentinel restore"),
    (songs, "no ledger of Sentinel", "another home"),
    (songs_in_wal_mode, "no ledger of Sentinel", "another home"),
    (version_7, "version 7", "sentinel migrate --from-v7"),
    (newer, "schema 99", "install the Sentinel that wrote it"),
    (newer_by_its_head_alone, "number 99", "sentinel restore"),
    (strange_by_its_head_alone, "application 0x63", "sentinel restore"),
    (cut_off, "malformed", "sentinel restore"),
    (scribbled_on, "malformed", "sentinel restore"),
]


@pytest.mark.parametrize("opener", [Ledger.open, Ledger.open_read_only])
@pytest.mark.parametrize(("lay", "message", "remedy"), NO_LEDGERS)
def test_what_is_no_sound_ledger_is_refused_and_left_alone(
    path: Path, lay: Callable[[Path], None], message: str, remedy: str, opener: Callable[..., Ledger]
) -> None:
    lay(path)
    before = path.read_bytes()
    with pytest.raises(LedgerError) as refused:
        opener(path, now)
    assert message in refused.value.message
    assert remedy in refused.value.remedy
    assert path.read_bytes() == before


def test_rows_that_refer_to_nothing_are_damage(path: Path) -> None:
    forge(made(path), "UPDATE stop_loss_orders SET trade_id = 99")
    for opener in (Ledger.open, Ledger.open_read_only):
        with pytest.raises(LedgerError) as refused:
            opener(path, now)
        assert "refers to a row of trades that is gone" in refused.value.message


def test_a_head_that_forbids_writing_is_damage_to_who_would_write(path: Path) -> None:
    write_protected_by_its_head(path)
    with pytest.raises(LedgerDamaged, match="forbids every write"):
        Ledger.open(path, now)


def test_a_damaged_index_is_damage(path: Path) -> None:
    by_sql(made(path), "PRAGMA writable_schema = ON", "UPDATE sqlite_master SET sql = 'CREATE TABLE trades (' WHERE name = 'trades'")  # fmt: skip  # noqa: E501
    with pytest.raises(LedgerError) as refused:
        Ledger.open(path, now)
    assert "sentinel restore" in refused.value.remedy


@pytest.mark.parametrize("place", ["missing/sentinel.db", "."])
def test_a_place_for_no_file_is_an_error_with_a_remedy(tmp_path: Path, place: str) -> None:
    for opener in (Ledger.open, Ledger.open_read_only):
        with pytest.raises(LedgerError):
            opener(tmp_path / place, now)


def test_reading_never_writes(path: Path) -> None:
    before = folder_of(made(path))
    with Ledger.open_read_only(path) as ledger:
        assert [record.symbol for record in ledger.book(TODAY).stops] == ["AAPL"]
        with pytest.raises(LedgerError) as refused:
            ledger.write_stop(stop("MSFT 7 @ 92.00"))
        assert "readonly" in refused.value.message
    assert folder_of(path) == before


def test_reading_makes_nothing(path: Path) -> None:
    with pytest.raises(LedgerError) as refused:
        Ledger.open_read_only(path)
    assert "sentinel init" in refused.value.remedy
    assert not path.exists()


def test_an_empty_file_is_nothing_to_read(path: Path) -> None:
    path.touch()
    with pytest.raises(LedgerError):
        Ledger.open_read_only(path)
    assert path.read_bytes() == b""


def test_a_write_protected_ledger_in_a_write_protected_folder_can_be_read(path: Path) -> None:
    made(path).chmod(0o400)
    path.parent.chmod(0o500)
    try:
        with Ledger.open_read_only(path) as ledger:
            assert len(ledger.book(TODAY).stops) == 1
    finally:
        path.parent.chmod(0o700)


# Fills the page cache until SQLite has to write into the file itself, then dies without a word.
CUT_OFF = """
import os, sqlite3, sys
from sentinel.ledger.steps import load_part
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
load_part("seals").register(connection)
connection.execute("PRAGMA cache_size = 1")
connection.execute("BEGIN IMMEDIATE")
connection.execute("DELETE FROM stop_loss_orders")
connection.execute("WITH n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)"
    " INSERT INTO bars SELECT 'A' || i, '2025-04-07', '1', '1', '1', '1', i FROM n")
os.kill(os.getpid(), 9)
"""


def test_a_run_cut_off_while_writing_is_undone_by_the_next(path: Path) -> None:
    died = subprocess.run([sys.executable, "-c", CUT_OFF, made(path)], check=False, cwd=ROOT)
    assert died.returncode == -signal.SIGKILL
    assert path.with_name("sentinel.db-journal").exists()
    before = folder_of(path)
    with pytest.raises(LedgerError) as unread:
        Ledger.open_read_only(path).book(TODAY)
    assert "sentinel migrate" in unread.value.remedy
    assert folder_of(path) == before
    with Ledger.open(path, now) as ledger:
        assert [record.symbol for record in ledger.book(TODAY).stops] == ["AAPL"]
        assert ledger.bars_of("A1") == ()


@pytest.fixture
def tomorrow(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tomorrow")


@pytest.fixture
def future(tomorrow: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """A Sentinel of tomorrow with one more step, which ends as told."""

    def forget_loaded_steps() -> None:
        for name in [name for name in sys.modules if name.startswith("sentinel._migrations")]:
            del sys.modules[name]

    def install(then: str) -> None:
        package, folder = tomorrow / "sentinel", tomorrow / "migrations"
        shutil.copytree(ROOT / "migrations", folder, ignore=shutil.ignore_patterns("__pycache__"))
        (folder / "m9999_next.py").write_text(NEXT_STEP.format(then=then), "utf-8")
        monkeypatch.setattr(steps, "__file__", str(package / "ledger" / "steps.py"))
        monkeypatch.setattr(opening, "SCHEMA_VERSION", 9)
        forget_loaded_steps()

    yield install
    forget_loaded_steps()


def test_an_old_ledger_is_copied_and_brought_up(path: Path, future: Callable[[str], None]) -> None:
    made(path)
    future("")
    with Ledger.open(path, now) as ledger:
        assert ledger.schema_version == 9
        assert len(ledger.book(TODAY).stops) == 1
    (copy,) = (path.parent / "backups").iterdir()
    assert copy.name == "sentinel-schema-8-20250407T210000Z.db"
    with closing(sqlite3.connect(copy)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (8,)
    Ledger.open(path, now).close()
    assert list((path.parent / "backups").iterdir()) == [copy]


def test_an_old_ledger_is_not_brought_up_by_reading(path: Path, future: Callable[[str], None]) -> None:
    before = folder_of(made(path))
    future("")
    with pytest.raises(LedgerError) as refused:
        Ledger.open_read_only(path)
    assert "sentinel migrate" in refused.value.remedy
    assert folder_of(path) == before


@pytest.mark.parametrize(
    "then",
    [
        "raise RuntimeError('step')",
        "db.execute('SELECT * FROM nowhere')",
        "db.execute('PRAGMA user_version = 3'); return",
    ],
)
def test_a_step_that_fails_leaves_the_old_schema(path: Path, future: Callable[[str], None], then: str) -> None:
    made(path)
    schema = dump(path)
    future(then)
    with pytest.raises((LedgerError, RuntimeError)):
        Ledger.open(path, now)
    assert dump(path) == schema


def test_a_crash_within_a_step_leaves_the_old_schema(path: Path, tomorrow: Path, future: Callable[[str], None]) -> None:
    made(path)
    schema = dump(path)
    future("import os; os.kill(os.getpid(), 9)")
    shutil.copytree(ROOT / "sentinel", tomorrow / "sentinel", ignore=shutil.ignore_patterns("__pycache__"))
    crash = "import sys; from pathlib import Path; from sentinel.ledger import Ledger, opening; "
    crash += "opening.SCHEMA_VERSION = 9; Ledger.open(Path(sys.argv[1]))"
    died = subprocess.run([sys.executable, "-c", crash, path], check=False, cwd=tomorrow)
    assert died.returncode == -signal.SIGKILL
    assert dump(path) == schema
    assert len(list((path.parent / "backups").iterdir())) == 1


def dump(path: Path) -> list[str]:
    """Everything in the database, as SQL."""
    with closing(sqlite3.connect(path)) as connection:
        return [*connection.iterdump(), str(connection.execute("PRAGMA user_version").fetchone())]


def test_reading_loads_nothing_slow(path: Path) -> None:
    probe = "import sys; from datetime import date; from pathlib import Path; from sentinel.ledger import Ledger; "
    probe += "Ledger.open_read_only(Path(sys.argv[1])).book(date.today()); Ledger.open(Path(sys.argv[1])).close(); "
    probe += "print([name for name in ('sqlite_utils', 'pandas', 'numpy', 'click') if name in sys.modules])"
    run = subprocess.run(
        [sys.executable, "-c", probe, made(path)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert run.stdout == "[]\n"


def test_a_step_added_since_is_taken_and_the_file_copied_first(path: Path) -> None:
    made(path)
    forge(
        path,
        "DROP VIEW v_rescues",
        "DROP INDEX deeds_of_rescues",
        *(f"ALTER TABLE {column} DROP COLUMN {name}" for column, name in LATEST),
        "DROP TABLE seal",
        "DELETE FROM _sqlite_migrations WHERE name >= 'm0004'",
    )
    with pytest.raises(LedgerError, match="older Sentinel"):
        Ledger.open_read_only(path, now)
    with Ledger.open(path, now) as ledger:
        assert ledger.stops_of("AAPL")[0].ended_by is None
        assert ledger.view("v_rescues") == ()
    assert len(list((path.parent / "backups").iterdir())) == 1
    Ledger.open_read_only(path, now).close()


def test_a_ledger_with_a_step_from_the_future_is_refused(path: Path) -> None:
    made(path)
    by_sql(path, f"INSERT INTO _sqlite_migrations (migration_set, name) VALUES {LATER_STEP}")
    with pytest.raises(LedgerError, match="newer Sentinel"):
        Ledger.open(path, now)
