"""No error gets past the door: one line and its remedy, the document, the exit code, never a traceback or a key."""

import errno
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sentinel import cli
from sentinel.commands import evening_workflow
from tests.commands.desk import FIRST_KEYS, Desk


def breaks(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    """Let the evening end in an error."""

    def broken(*_: object) -> int:
        raise error

    monkeypatch.setattr(evening_workflow, "run_in_session", broken)


def test_a_bug_is_written_down_without_a_key(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALPACA_API_KEY", "PKVERYSECRET")
    monkeypatch.setenv("ALPACA_SECRET_KEY", "PKVERYSECRET-AND-MORE")
    (desk.home / "keys.toml").write_text('key = "FILEKEY"\nsecret = "FILESECRET"\n')
    breaks(monkeypatch, ZeroDivisionError("PKVERYSECRET PKVERYSECRET-AND-MORE FILEKEY FILESECRET"))
    answer = desk.types("evening-workflow", "--json")
    assert answer.exit_code == answer.document["exit_code"] == 70
    assert answer.document["findings"][0]["code"] == "bug"
    assert "Traceback" not in answer.err
    (report,) = (desk.home / "logs").glob("crash-*.txt")
    assert str(report) in answer.err
    text = report.read_text("utf-8")
    assert "ZeroDivisionError: *** *** *** ***" in text
    assert "test_error_door.py" in text
    assert report.stat().st_mode & 0o077 == 0
    for told in (text, answer.out, answer.err):
        assert "SECRET" not in told
        assert "FILEKEY" not in told


def test_without_a_home_the_report_goes_where_temporary_files_go(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    breaks(monkeypatch, ZeroDivisionError())
    desk.home = tmp_path / "nowhere"
    assert desk.types("evening-workflow").exit_code == 70
    assert len(list(tmp_path.glob("crash-*.txt"))) == 1


@pytest.mark.parametrize(
    ("error", "exit_code", "words"),
    [
        (KeyboardInterrupt(), 130, "interrupted"),
        (OSError(errno.ENOSPC, "No space left on device", "sentinel.db"), 2, "No space left on device: sentinel.db"),
        (PermissionError(errno.EACCES, "Permission denied", "logs"), 2, "Permission denied: logs"),
        (OSError(errno.EIO, "Input/output error"), 70, "bug"),
    ],
)
def test_other_ends(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, error: BaseException, exit_code: int, words: str
) -> None:
    breaks(monkeypatch, error)
    answer = desk.types("evening-workflow", "--json")
    assert answer.exit_code == answer.document["exit_code"] == exit_code
    assert list(answer.document) == FIRST_KEYS
    assert words in answer.err


@pytest.mark.parametrize(
    ("typed", "command"),
    [
        (["status", "--nope", "--json"], "status"),
        (["approvals", "approve", "--json"], "approvals approve"),
        (["simulate", "--nope", "--json"], "simulate"),
        (["--nope", "--json"], ""),
    ],
)
def test_a_usage_error_has_its_document_too(desk: Desk, typed: list[str], command: str) -> None:
    answer = desk.types(*typed)
    assert answer.exit_code == 2
    assert list(answer.document) == FIRST_KEYS
    assert answer.document["command"] == command
    assert answer.document["findings"][0]["severity"] == "alarm"


def test_nothing_typed_shows_the_help(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["sentinel"])
    assert cli.main() == 0
    assert "evening-workflow" in capsys.readouterr().out


def started(home: Path, *arguments: str) -> "subprocess.Popen[str]":
    """`sentinel ARGUMENTS` as a process of its own, on the embedded exchange."""
    command = [sys.executable, "-m", "sentinel", "--home", str(home), *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_control_c_ends_the_run_and_its_exchange(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("APCA_API_BASE_URL")
    process = started(desk.home, "evening-workflow", "--json")
    address = desk.home / "simulator.db.url"
    while process.poll() is None and not address.exists():
        time.sleep(0.01)
    child = json.loads(address.read_text("utf-8"))["pid"]
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert json.loads(out)["exit_code"] == 130
    assert "Traceback" not in err
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)
    assert not address.exists()


def test_a_reader_who_has_seen_enough_changes_nothing(desk: Desk) -> None:
    process = started(desk.home, "status", "--json")
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    assert process.stderr.read() == ""
    process.stderr.close()
    assert process.wait(timeout=30) == 0


@pytest.mark.parametrize("stream", ["stdin", "stdout", "stderr"])
def test_a_scheduler_may_close_every_stream(desk: Desk, stream: str) -> None:
    numbers = {"stdin": "<&-", "stdout": ">&-", "stderr": "2>&-"}
    command = f'"$0" -m sentinel --home "$1" evening-workflow {numbers[stream]}'
    shell = ["/bin/sh", "-c", command, sys.executable, str(desk.home)]
    done = subprocess.run(shell, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
