"""One run a home: the second one names the first, and a killed one holds nothing."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from sentinel.commands.home_lock import LOCK_FILE, home_lock
from sentinel.domain.errors import LockHeld
from tests.commands.desk import Desk

HOLDER = """
import sys, time
from pathlib import Path
from sentinel.commands.home_lock import home_lock
with home_lock(Path(sys.argv[1]), "evening-workflow", leaves_no_trace=sys.argv[2] == "dry"):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(desk: Desk, request: pytest.FixtureRequest) -> Iterator["subprocess.Popen[str]"]:
    """Another process that holds the home."""
    command = [sys.executable, "-c", HOLDER, str(desk.home), getattr(request, "param", "run")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


@pytest.mark.parametrize(
    "typed",
    [
        "evening-workflow",
        "evening-workflow --dry-run",
        "rescue-stops",
        "submit-entry-with-stop AAPL 100",
        "migrate",
        "halt --reason holiday",
        "resume --reason back",
        "restore copy.db",
    ],
)
def test_the_second_run_names_the_first(desk: Desk, holder: "subprocess.Popen[str]", typed: str) -> None:
    (desk.home / "backups" / "copy.db").write_bytes(b"never looked at")
    answer = desk.types(*typed.split())
    assert answer.exit_code == 5
    assert f"evening-workflow, process {holder.pid}, since 20" in answer.err
    assert not desk.exchange.state()["requests"]["counts"]


@pytest.mark.parametrize("typed", ["approvals list", "backup", "runs", "history AAPL", "doctor"])
def test_looking_things_up_needs_no_lock(desk: Desk, holder: "subprocess.Popen[str]", typed: str) -> None:
    assert desk.types(*typed.split()).exit_code == 0


def test_status_needs_no_lock(desk: Desk, holder: "subprocess.Popen[str]") -> None:
    assert desk.types("status").out.splitlines()[-1].startswith("unknown")


def test_a_killed_run_holds_nothing(desk: Desk, holder: "subprocess.Popen[str]") -> None:
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    assert str(holder.pid) in (desk.home / LOCK_FILE).read_text()
    assert desk.types("evening-workflow").exit_code == 0
    assert (desk.home / LOCK_FILE).read_text() == ""


@pytest.mark.parametrize("holder", ["dry"], indirect=True)
def test_a_dry_run_holds_the_home_and_leaves_no_name(desk: Desk, holder: "subprocess.Popen[str]") -> None:
    assert (desk.home / LOCK_FILE).read_text() == ""
    with pytest.raises(LockHeld, match="a dry run"), home_lock(desk.home, "status"):
        pass
    assert holder.poll() is None
