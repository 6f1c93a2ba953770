"""A damaged file is kept with what belongs to it, and at no moment is there no ledger."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sentinel.domain.errors import LedgerError
from sentinel.ledger import Ledger, LedgerDamaged, open_or_begin_anew, quarantine, quarantine_in_force
from tests.ledger.records import now

ROOT = Path(__file__).parents[2]
NAME = "sentinel-20250407T210000Z.db"


@pytest.fixture
def damaged(path: Path) -> Path:
    with Ledger.open(path, now) as ledger:
        ledger.audit("test", None, "good")
        ledger.backup(path.parent / "backups")
    path.write_bytes(b"garbage" * 1000)
    return path


def test_what_belongs_to_the_file_goes_with_it(damaged: Path, tmp_path: Path) -> None:
    for suffix in ("-journal", "-wal"):
        damaged.with_name(damaged.name + suffix).write_bytes(suffix.encode())
    (tmp_path / "new").write_bytes(b"new")
    quarantine.put_away(damaged, tmp_path / "quarantine" / NAME, tmp_path / "new")
    kept = {file.name: file.read_bytes() for file in (tmp_path / "quarantine").iterdir()}
    assert kept == {NAME: b"garbage" * 1000, f"{NAME}-journal": b"-journal", f"{NAME}-wal": b"-wal"}
    assert damaged.read_bytes() == b"new"
    assert sorted(file.name for file in tmp_path.iterdir()) == ["backups", "quarantine", "sentinel.db"]


def test_where_no_file_has_two_names_it_is_copied(damaged: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    with open_or_begin_anew(damaged, now) as ledger:
        found = quarantine_in_force(ledger)
    assert found is not None
    assert found.file.read_bytes() == b"garbage" * 1000
    assert found.copy == f"sentinel-sound-{NAME.removeprefix('sentinel-')}"


def test_a_quarantine_that_cannot_be_made_moves_nothing(damaged: Path) -> None:
    (damaged.parent / "quarantine").write_text("a file, and no folder")
    with pytest.raises(LedgerError) as refused:
        open_or_begin_anew(damaged, now)
    assert "could not be put" in refused.value.message
    with pytest.raises(LedgerDamaged):
        Ledger.open(damaged, now)


# Dies at the n-th change of the folder.
KILLED = """
import os, sys
from pathlib import Path
from sentinel.ledger import open_or_begin_anew
from tests.ledger.records import now
left = int(sys.argv[2])
def dying(change):
    def changed(*args, **named):
        global left
        left -= 1
        if left < 0:
            os.kill(os.getpid(), 9)
        return change(*args, **named)
    return changed
for owner, name in ((os, "link"), (Path, "unlink"), (Path, "replace"), (Path, "mkdir"), (Path, "chmod"), (os, "fsync")):
    setattr(owner, name, dying(getattr(owner, name)))
open_or_begin_anew(Path(sys.argv[1]), now).close()
"""


def test_killed_at_any_point_it_is_done_by_the_next(tmp_path: Path, damaged: Path) -> None:
    original, moment, ended = damaged.read_bytes(), 0, 9
    while ended:
        damaged.write_bytes(original)
        damaged.with_name("sentinel.db-wal").write_bytes(b"wal")
        ended = subprocess.run([sys.executable, "-c", KILLED, damaged, str(moment)], cwd=ROOT, check=False).returncode
        moment += 1
        assert damaged.exists(), f"killed at change {moment} there is no ledger at all"
        with open_or_begin_anew(damaged, now) as ledger:
            assert ledger.latch_reason(), f"killed at change {moment} entries are not blocked"
            assert quarantine_in_force(ledger) is not None
        assert any(file.read_bytes() == original for file in (tmp_path / "quarantine").iterdir())
    assert moment > 5
