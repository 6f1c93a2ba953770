"""A disk without room, by limits of the kernel itself: nothing is sent then, and what was sent is found out later."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

# Fills the disk at once or after the exchange has done the first thing it was told, then is Sentinel.
PROGRAM = """
import resource, sys
from pathlib import Path
from sentinel.broker.transport import AlpacaWire
from sentinel.cli import main

disk, moment, *line = sys.argv[1:]

def no_file_grows():
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))

def no_room_is_left():
    with Path("filler").open("ab", buffering=0) as filler:
        for size in (65536, 4096, 512, 1):
            try:
                while filler.write(bytes(size)) == size:
                    pass
            except OSError:
                continue

fill = no_file_grows if disk == "limited files" else no_room_is_left

def and_then_full(change):
    def carried_out(self, *given):
        answer = change(self, *given)
        fill()
        return answer
    return carried_out

if moment == "at once":
    fill()
else:
    setattr(AlpacaWire, moment, and_then_full(getattr(AlpacaWire, moment)))
sys.exit(main(line))
"""
# A small disk of its own, made without any privilege: nobody else sees it, and it is gone with the program.
ON_A_SMALL_DISK = 'mount -t tmpfs -o size=8m none "$1" && cp -a "$2/." "$1" && cd "$1" && shift 2 && "$@"'
BACK = '; code=$?; cp sentinel.db audit-heads.txt "$0"; exit $code'
DISKS = ("limited files", "a small disk")
Types = Callable[[str, str], "subprocess.CompletedProcess[str]"]


@pytest.fixture(params=DISKS)
def types(stage, tmp_path, request) -> Types:
    """Sentinel in a process of its own, whose disk is full from some moment on; the ledger it leaves is the home's."""
    if request.param == "a small disk" and not _may_mount(tmp_path):
        pytest.skip("this system lets nobody mount a small disk without privilege")

    def typed(moment: str, line: str) -> "subprocess.CompletedProcess[str]":
        ours = [sys.executable, "-B", "-c", PROGRAM, request.param, moment]
        if request.param == "limited files":
            return _run([*ours, "--home", str(stage.home), *line.split()])
        disk = tmp_path / "disk"
        disk.mkdir(exist_ok=True)
        shell = ["unshare", "-rm", "sh", "-c", ON_A_SMALL_DISK + BACK, str(stage.home), str(disk), str(stage.home)]
        return _run([*shell, *ours, "--home", str(disk), *line.split()])

    return typed


def _run(command: list[str]) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


def _may_mount(folder: Path) -> bool:
    if shutil.which("unshare") is None:
        return False
    return _run(["unshare", "-rm", "mount", "-t", "tmpfs", "none", str(folder)]).returncode == 0


@pytest.mark.parametrize(
    "line",
    [
        "evening-workflow --non-interactive",
        "rescue-stops",
        "reconcile-fills",
        "submit-entry-with-stop MSFT 100.00 2",
        "halt --reason wait",
    ],
)
def test_on_a_full_disk_nothing_is_sent(stage, types, line):
    stage.holds()
    stage.exchange.trade("TSLA", 7, "buy", 100)  # bare: there would be something to send
    stage.trades_quietly("MSFT")
    sent, ledger = stage.mutations(), (stage.home / "sentinel.db").read_bytes()
    refused = types("at once", line)
    assert refused.returncode == 3, refused.stderr
    assert "the ledger" in refused.stderr
    assert "do: " in refused.stderr
    assert "Traceback" not in refused.stderr
    assert stage.mutations() == sent
    assert (stage.home / "sentinel.db").read_bytes() == ledger
    evening = stage.evening()
    assert (evening.exit_code, set(evening.states.values())) == (0, {"protected"})


def test_a_disk_that_fills_up_after_a_stop_was_placed_stops_what_is_left(stage, types):
    for symbol in ("AAPL", "MSFT", "TSLA"):
        stage.exchange.trade(symbol, 7, "buy", 100)
    full = types("submit", "evening-workflow --non-interactive --json")
    assert full.returncode == 3, full.stderr
    found = {(finding["code"], finding["symbol"]) for finding in json.loads(full.stdout)["findings"]}
    assert {("ledger_error", None), ("unrecorded", "AAPL")} <= found
    assert [len(stage.orders(symbol)) for symbol in ("AAPL", "MSFT", "TSLA")] == [1, 0, 0]
    again = stage.evening()
    assert (again.exit_code, set(again.states.values())) == (0, {"protected"})
    assert ("recovered", "AAPL") in again.findings
    assert [len(stage.orders(symbol)) for symbol in ("AAPL", "MSFT", "TSLA")] == [1, 1, 1]


def test_a_disk_that_fills_up_after_an_entry_leaves_one_entry(stage, types):
    full = types("submit", "submit-entry-with-stop AAPL 100.00 7 --json")
    assert full.returncode == 3, full.stderr
    assert len(stage.orders()) == 2
    again = stage.evening()
    assert ("recovered", "AAPL") in again.findings
    assert len(stage.orders()) == 2
    assert stage.enters("AAPL 100.00 7").findings == [("already_submitted", "AAPL")]


def test_a_disk_that_fills_up_between_a_cancel_and_the_next_stop_is_told_by_symbol(stage, types):
    stage.exchange.modes(after_hours_stops="accepted", after_hours_cancel="immediate")
    stage.holds()
    stage.day("AAPL", "108 110 107 109")
    full = types("cancel", "evening-workflow --non-interactive --json")
    assert full.returncode == 3, full.stderr
    found = {(finding["code"], finding["symbol"]) for finding in json.loads(full.stdout)["findings"]}
    assert ("unrecorded", "AAPL") in found
    again = stage.evening()
    assert (again.exit_code, again.states, again.stops) == (0, {"AAPL": "protected"}, {"AAPL": 102})


def test_a_copy_is_not_put_back_without_room_for_it(stage, types):
    stage.holds()
    copy = stage.tells("backup").document["copy"]
    assert stage.types("halt --reason holiday").exit_code == 0
    ledger, heads = (stage.home / "sentinel.db").read_bytes(), (stage.home / "audit-heads.txt").read_bytes()
    refused = types("at once", f"restore {copy}")
    assert refused.returncode == 3, refused.stderr
    assert "Traceback" not in refused.stderr
    assert (stage.home / "sentinel.db").read_bytes() == ledger
    assert (stage.home / "audit-heads.txt").read_bytes() == heads
    assert stage.tells(f"restore {copy}").document["halt"] == "holiday"
