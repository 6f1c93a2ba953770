"""No error gets past the door: one line and its remedy, the document, the exit code, never a traceback or a key."""

import errno
import json
import os
import signal
import subprocess
import sys
import time
import tomllib
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


def loading_cut_short() -> ImportError:
    """What a library makes of a Ctrl-C while it loads."""
    error = ImportError("numpy failed to import")
    error.__cause__ = KeyboardInterrupt()
    return error


@pytest.mark.parametrize(
    ("error", "exit_code", "words"),
    [
        (KeyboardInterrupt(), 130, "interrupted"),
        (OSError(errno.ENOSPC, "No space left on device", "x.db"), 2, "No space left on device: x.db\ndo: make room"),
        (
            PermissionError(errno.EACCES, "Permission denied", "logs"),
            2,
            "denied: logs\ndo: let your user read and write",
        ),
        (OSError(errno.EROFS, "Read-only file system", "logs"), 2, "system: logs\ndo: that disk can only be read"),
        (loading_cut_short(), 130, "interrupted"),
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
    # So that the run is at work for certain when the signal comes.
    assert desk.types("simulate", "fault", "delay", "--seconds", "60", "--path", "account").exit_code == 0
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


LOADING = """
import builtins, sys
plain = builtins.__import__
def cut_short(name, *rest):
    if name.startswith("sentinel.cli"):
        raise KeyboardInterrupt
    return plain(name, *rest)
builtins.__import__ = cut_short
from sentinel.__main__ import main
sys.exit(main())
"""
LEAVING = """
import atexit, os, signal, sys
from sentinel.__main__ import main
sys.argv[1:] = ["--version"]
code = main()
class AtTheVeryEnd:
    def __del__(self, kill=os.kill, process=os.getpid(), interrupt=signal.SIGINT):
        kill(process, interrupt)
sys.at_the_very_end = AtTheVeryEnd()
os.kill(os.getpid(), signal.SIGINT)
sys.exit(code)
"""


@pytest.mark.parametrize(("program", "exit_code", "words"), [(LOADING, 130, "interrupted"), (LEAVING, 0, "")])
def test_control_c_shows_no_traceback_however_early_or_late(program: str, exit_code: int, words: str) -> None:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == exit_code
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) == (2 if words else 0)


REMEMBERED = """
import sys, types
import sentinel
def command_line():
    try:
        exec("raise KeyboardInterrupt")
    except KeyboardInterrupt:
        return 130
sys.modules["sentinel.cli"] = types.SimpleNamespace(main=command_line)
"""


def test_a_control_c_that_was_answered_is_not_answered_twice(tmp_path: Path) -> None:
    """Python ends `-m` by the signal if one came while text was evaluated, though it was caught since."""
    (tmp_path / "interrupted.py").write_text(f"{REMEMBERED}from sentinel.__main__ import main\nsys.exit(main())\n")
    command = [sys.executable, "-m", "interrupted"]
    paths = os.pathsep.join([str(tmp_path), str(Path(cli.__file__).parents[1])])
    done = subprocess.run(command, check=False, env={**os.environ, "PYTHONPATH": paths})
    assert done.returncode == 130


def test_the_installed_program_begins_at_the_same_door() -> None:
    project = tomllib.loads((Path(cli.__file__).parents[1] / "pyproject.toml").read_text("utf-8"))
    assert project["project"]["scripts"]["sentinel"] == "sentinel.__main__:main"


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252"])
def test_an_encoding_that_lacks_a_sign_is_no_bug(desk: Desk, encoding: str) -> None:
    assert desk.types("halt", "--reason", "Öl ━━ 油").exit_code == 0
    command = [sys.executable, "-m", "sentinel", "--home", str(desk.home), "status"]
    done = subprocess.run(command, capture_output=True, check=False, env={**os.environ, "PYTHONIOENCODING": encoding})
    assert done.returncode in (0, 1)
    assert b"HALTED: " in done.stdout
    assert done.stderr == b""


def test_an_encoding_that_lacks_a_sign_does_not_spoil_an_error(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "sentinel", "--home", str(tmp_path / "━━"), "status"]
    done = subprocess.run(command, capture_output=True, check=False, env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert done.returncode == 2
    assert b"is no Sentinel home" in done.stderr


def test_a_reader_who_has_seen_enough_changes_nothing(desk: Desk) -> None:
    process = started(desk.home, "status", "--json")
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    assert process.stderr.read() == ""
    process.stderr.close()
    # Nobody has looked at the broker yet.
    assert process.wait(timeout=30) == 1


@pytest.mark.parametrize("stream", ["stdin", "stdout", "stderr"])
def test_a_scheduler_may_close_every_stream(desk: Desk, stream: str) -> None:
    numbers = {"stdin": "<&-", "stdout": ">&-", "stderr": "2>&-"}
    command = f'"$0" -m sentinel --home "$1" evening-workflow {numbers[stream]}'
    shell = ["/bin/sh", "-c", command, sys.executable, str(desk.home)]
    done = subprocess.run(shell, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
