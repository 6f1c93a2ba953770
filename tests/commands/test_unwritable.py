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


@pytest.fixture(scope="module")
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


LINES = (
    "evening-workflow --non-interactive",
    "rescue-stops",
    "submit-entry-with-stop MSFT 400.00 1",
    "halt --reason wait",
    "resume --reason go",
    "restore {copy}",
)
# Two ways a home cannot be written: its user may not, and its disk lets nobody.
MODES, DISK = "no right to write", "a read-only disk"
MOUNTED = ["unshare", "-rm", "sh", "-c", 'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && exec "$@"']


def unwritable(home: Path, how: str, line: str) -> "subprocess.CompletedProcess[str]":
    """One command in a home that exists and cannot be written; afterwards it can be again."""
    ours = [sys.executable, "-B", "-m", "sentinel", "--home", str(home), *line.split()]
    if how == DISK:
        return subprocess.run([*MOUNTED, str(home), *ours], capture_output=True, text=True, check=False)
    modes = {path: path.stat().st_mode for path in [home, *home.rglob("*")]}
    for path in modes:
        path.chmod(0o555 if path.is_dir() else 0o444)
    give_up = obey_file_modes if os.geteuid() == 0 else None
    try:
        return subprocess.run(ours, capture_output=True, text=True, check=False, preexec_fn=give_up)
    finally:
        for path, mode in modes.items():
            path.chmod(mode)


@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize("how", [MODES, DISK])
def test_in_a_home_that_cannot_be_written_nothing_is_sent(desk: Desk, how: str, line: str) -> None:
    if how == DISK and unwritable(desk.home, how, "--version").returncode:
        pytest.skip("this system lets nobody mount a folder read-only without privilege")
    desk.holds()
    copy = desk.tells("backup")["copy"]
    desk.exchange.trade("MSFT", 3, "buy")  # bare: there would be something to send
    desk.trades_quietly("MSFT", "400")
    before, sent = desk.files(), desk.mutations()
    refused = unwritable(desk.home, how, line.format(copy=copy))
    assert refused.returncode in (2, 3), refused.stderr
    assert ("Permission denied" if how == MODES else "Read-only file system") in refused.stderr
    assert "do: " in refused.stderr
    assert "Traceback" not in refused.stderr
    assert desk.mutations() == sent
    assert desk.files() == before
    evening = desk.types("evening-workflow", "--non-interactive", "--json")
    assert evening.exit_code == 0
    assert {row["state"] for row in evening.document["coverage"]["rows"]} == {"protected"}
