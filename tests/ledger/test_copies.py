"""Copies of the ledger: made while it is in use, kept in number, and put back."""

import sqlite3
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from sentinel.domain.errors import LedgerError
from sentinel.ledger import Ledger, Retention, restore_backup
from tests.builders import EVENING
from tests.ledger.records import now


def details(path: Path) -> list[str]:
    with Ledger.open_read_only(path) as ledger:
        return [line.detail for line in ledger.audit_trail()]


def test_a_copy_is_a_ledger_of_its_own(ledger: Ledger, tmp_path: Path) -> None:
    ledger.audit("test", None, "before the copy")
    copy = ledger.backup(tmp_path / "far" / "away")
    ledger.audit("test", None, "after the copy")
    assert copy.name == "sentinel-20250407T210000Z.db"
    assert copy.stat().st_mode & 0o777 == 0o600
    assert details(copy) == ["before the copy"]


def test_copies_of_one_second_stand_side_by_side(ledger: Ledger, tmp_path: Path) -> None:
    names = [ledger.backup(tmp_path / "copies").name for _ in range(3)]
    assert len(set(names)) == 3
    assert sorted(path.name for path in (tmp_path / "copies").iterdir()) == sorted(names)


def test_the_newest_copies_stay(path: Path, tmp_path: Path) -> None:
    moments = iter(EVENING + timedelta(seconds=number // 2) for number in range(100))
    folder = tmp_path / "copies"
    folder.mkdir()
    others = {"sentinel-schema-7-20200101T000000Z.db", "mine.db", "sentinel-20250407.db"}
    for name in others:
        (folder / name).write_bytes(b"not one of them")

    def clock() -> datetime:
        return next(moments)

    with Ledger.open(path, clock) as ledger:
        made = [ledger.backup(folder, Retention(today=3)).name for _ in range(7)]
    assert {kept.name for kept in folder.iterdir()} == others | set(made[-3:])


def test_unless_told_otherwise_all_copies_stay(ledger: Ledger, tmp_path: Path) -> None:
    for _ in range(3):
        ledger.backup(tmp_path / "copies")
    assert len(list((tmp_path / "copies").iterdir())) == 3


def test_a_folder_that_cannot_be_made_is_an_error_with_a_remedy(ledger: Ledger, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(LedgerError) as refused:
        ledger.backup(tmp_path / "file" / "copies")
    assert "make the folder writable" in refused.value.remedy


def test_a_copy_put_back_is_the_ledger_again(path: Path, tmp_path: Path) -> None:
    with Ledger.open(path, now) as ledger:
        ledger.audit("test", None, "good")
        copy = ledger.backup(tmp_path / "backups")
        ledger.audit("test", None, "bad")
    kept = restore_backup(copy, path, now)
    assert details(path) == ["good"]
    assert kept is not None
    assert details(kept) == ["good", "bad"]
    assert path.stat().st_mode & 0o777 == 0o600
    assert details(copy) == ["good"]


def test_a_copy_becomes_the_ledger_where_there_is_none(ledger: Ledger, tmp_path: Path) -> None:
    ledger.audit("test", None, "good")
    copy = ledger.backup(tmp_path / "backups")
    (tmp_path / "new home").mkdir()
    assert restore_backup(copy, tmp_path / "new home" / "sentinel.db", now) is None
    assert details(tmp_path / "new home" / "sentinel.db") == ["good"]


def test_a_damaged_ledger_is_set_aside(path: Path, tmp_path: Path) -> None:
    with Ledger.open(path, now) as ledger:
        ledger.audit("test", None, "good")
        copy = ledger.backup(tmp_path / "backups")
    path.write_bytes(b"no database at all" * 1000)
    path.with_name("sentinel.db-journal").write_bytes(b"its journal")
    kept = restore_backup(copy, path, now)
    assert details(path) == ["good"]
    assert kept is not None
    assert kept.read_bytes().startswith(b"no database")
    assert not path.with_name("sentinel.db-journal").exists()


@pytest.mark.parametrize("damage", ["missing", "empty", "garbage", "somebody else's"])
def test_what_is_no_copy_changes_nothing(path: Path, tmp_path: Path, damage: str) -> None:
    with Ledger.open(path, now) as ledger:
        ledger.audit("test", None, "good")
    copy = tmp_path / "copy.db"
    if damage == "somebody else's":
        with closing(sqlite3.connect(copy)) as other:
            other.execute("CREATE TABLE songs (title)")
    elif damage != "missing":
        copy.write_bytes(b"" if damage == "empty" else b"garbage" * 1000)
    before = path.read_bytes()
    with pytest.raises(LedgerError):
        restore_backup(copy, path, now)
    assert path.read_bytes() == before
