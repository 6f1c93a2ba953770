"""What cannot be written: a lost log or copy keeps no evening from protecting, and looking needs no writing."""

import ctypes
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from sentinel.ledger import Ledger
from tests.commands.desk import VARIABLES, Desk

PR_CAPBSET_DROP, OVERRIDE = 24, 1


@pytest.mark.parametrize(("folder", "code"), [("backups", "backup_failed"), ("logs", "log_lost")])
def test_a_folder_in_the_way_keeps_no_evening_from_protecting(desk: Desk, folder: str, code: str) -> None:
    desk.exchange.trade("MSFT", 3, "buy")
    shutil.rmtree(desk.home / folder)
    (desk.home / folder).write_text("a file, and no folder")
    answer = desk.types("evening-workflow", "--json")
    (trouble,) = [finding for finding in answer.document["findings"] if finding["code"] == code]
    assert str(desk.home / folder) in trouble["message"]
    assert trouble["remedy"]
    assert answer.exit_code == answer.document["exit_code"] == 1
    (row,) = answer.document["coverage"]["rows"]
    assert (row["symbol"], row["state"]) == ("MSFT", "protected")
    with Ledger.open_read_only(desk.home / "sentinel.db") as ledger:
        last = ledger.last_run()
        assert last is not None
        assert last.exit_code == 1
        assert code in [finding.code for finding in ledger.findings(last.id)]


def test_a_ledger_that_cannot_be_written_stops_everything(desk: Desk) -> None:
    desk.holds()
    sent = desk.mutations()
    desk.exchange.trade("MSFT", 3, "buy")
    ledger = desk.home / "sentinel.db"
    ledger.rename(desk.home / "elsewhere.db")
    ledger.mkdir()
    assert desk.types("evening-workflow").exit_code == 3
    assert desk.mutations() == sent


@pytest.fixture
def read_only_home() -> Iterator[Path]:
    """A home with an evening and a simulated exchange behind it, in which this user may write nothing."""
    root = Path(tempfile.mkdtemp())
    home = root / "home"
    root.chmod(0o755)
    for typed in ("init", "evening-workflow"):
        assert run(home, typed).returncode == 0
    for path in [home, *home.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    yield home
    for path in [home, *home.rglob("*")]:
        path.chmod(0o700)
    shutil.rmtree(root)


def run(home: Path, typed: str) -> "subprocess.CompletedProcess[str]":
    environment = {name: value for name, value in os.environ.items() if name not in VARIABLES}
    command = [sys.executable, "-B", "-m", "sentinel", "--home", str(home), *typed.split()]
    give_up = obey_file_modes if os.geteuid() == 0 else None
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment, preexec_fn=give_up)


def obey_file_modes() -> None:
    """The superuser may write everywhere, unless the program it starts has lost that right."""
    ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, OVERRIDE, 0, 0, 0)


@pytest.mark.parametrize(
    "typed", ["status", "status --live", "evening-workflow --dry-run", "simulate state", "approvals list"]
)
def test_looking_needs_no_right_to_write(read_only_home: Path, typed: str) -> None:
    before = sorted(read_only_home.rglob("*"))
    done = run(read_only_home, typed)
    assert (done.returncode, done.stderr) == (0, "")
    assert sorted(read_only_home.rglob("*")) == before


def test_a_run_in_a_home_that_cannot_be_written_is_told_what_helps(read_only_home: Path) -> None:
    done = run(read_only_home, "evening-workflow")
    assert done.returncode in (2, 3)
    assert "Permission denied" in done.stderr
    assert "Traceback" not in done.stderr
