"""In mode sim every command finds its exchange or brings it along, and takes it away again."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from sentinel.commands.crash_report import KEY_VARIABLES
from sentinel.commands.embedded_exchange import embedded_exchange, is_healthy, running_exchange
from sentinel.domain.errors import BrokerUnreachable
from tests.commands.desk import Desk

HOLDER = """
import sys
from pathlib import Path
from sentinel.commands.crash_report import KEY_VARIABLES
from sentinel.commands.embedded_exchange import embedded_exchange
with embedded_exchange(Path(sys.argv[1])) as address:
    print(address.url, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def alone(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A home whose exchange nobody names."""
    for name in ("APCA_API_BASE_URL", "APCA_API_KEY_ID", "APCA_API_SECRET_KEY"):
        monkeypatch.delenv(name)
    return desk


def test_an_entry_fills_and_is_covered_command_by_command(alone: Desk) -> None:
    assert alone.types("submit-entry-with-stop", "AAPL", "203", "3").exit_code == 0
    (order,) = [o for o in alone.tells("simulate", "state")["state"]["orders"] if o["type"] == "limit"]
    assert order["status"] == "accepted"
    assert alone.types("simulate", "advance", "--sessions", "1").exit_code == 0
    document = alone.tells("evening-workflow")
    assert (document["exit_code"], document["coverage"]["shares_protected"]) == (0, 3)
    assert not (alone.home / "simulator.db.url").exists()


def test_a_rehearsal_before_the_first_run_leaves_no_exchange_behind(alone: Desk) -> None:
    before = alone.files()
    assert alone.types("evening-workflow", "--dry-run").exit_code == 0
    assert alone.files() == before


def test_a_running_one_is_found_and_left_running(alone: Desk) -> None:
    with embedded_exchange(alone.home) as address:
        assert running_exchange(alone.home) == address
        assert alone.types("evening-workflow").exit_code == 0
        assert is_healthy(address.url)
    assert not is_healthy(address.url)


def test_it_ends_even_when_its_command_is_killed(alone: Desk) -> None:
    command = [sys.executable, "-c", HOLDER, str(alone.home)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        url = holder.stdout.readline().strip()
        assert is_healthy(url)
        os.kill(holder.pid, signal.SIGKILL)
    # The next command waits for no one: the state's lock went with the killed one, or goes in this moment.
    while is_healthy(url):
        pass
    assert alone.types("evening-workflow").exit_code == 0


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"url": 7}', '{"url": "http://127.0.0.1:9", "key": "", "secret": ""}']
)
def test_a_stale_address_is_not_believed(alone: Desk, text: str) -> None:
    (alone.home / "simulator.db.url").write_text(text)
    assert running_exchange(alone.home) is None


def test_a_state_that_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "simulator.db").write_text("no database at all, and long enough to be looked at as one " * 20)
    with pytest.raises(BrokerUnreachable, match="did not start"), embedded_exchange(tmp_path):
        pass


def test_serve_says_where_it_is_and_ends_when_told(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "sentinel", "simulate", "serve", "--port", "0", "--start", "2025-07-01"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as served:
        assert served.stdout is not None
        told = json.loads(served.stdout.readline())
        assert set(told) == {"url", "key", "secret"}
        assert is_healthy(told["url"])
        served.send_signal(signal.SIGTERM)
        assert served.communicate(timeout=30) == ("", "")
        assert served.returncode == 0
    assert not list(tmp_path.iterdir())


def test_faults_are_set_and_ended_by_hand(desk: Desk) -> None:
    assert "503" in desk.types("simulate", "fault", "503", "--method", "GET", "--path", "/v2/clock").out
    (rule,) = desk.exchange.state()["faults"]
    assert (rule["kind"], rule["method"], rule["path"], rule["nth"]) == ("503", "GET", "/v2/clock", None)
    assert desk.types("simulate", "fault").exit_code == 0
    assert not desk.exchange.state()["faults"]


def test_the_clock_moves_by_hand(desk: Desk) -> None:
    assert "the market is open" in desk.types("simulate", "advance", "--to", "open").out
    assert "Tue 3 Mar 2026 16:00, the market is closed" in desk.types("simulate", "advance").out
    desk.exchange.trade("AAPL", 7, "buy", "98.5")
    assert " ".join(desk.types("simulate", "state").out.split()).endswith("AAPL 7 98.50 100.00 $10.50")
    assert desk.tells("simulate", "advance", "--sessions", "2")["state"]["clock"]["day"] == "2026-03-05"


def test_the_traders_keys_are_not_handed_to_the_exchange(alone: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither on the wire, where it would refuse them, nor in the surroundings of its process."""
    for name in KEY_VARIABLES:
        monkeypatch.setenv(name, "a-real-key-of-the-trader")
    with embedded_exchange(alone.home):
        pid = json.loads((alone.home / "simulator.db.url").read_text("utf-8"))["pid"]
        assert alone.types("evening-workflow").exit_code == 0
        environ = Path(f"/proc/{pid}/environ")
        if environ.exists():
            assert b"PYTHONPATH" in environ.read_bytes()
            assert b"a-real-key-of-the-trader" not in environ.read_bytes()


@pytest.mark.parametrize("url", ["http://192.0.2.1:80", "http://127.0.0.1.evil.example", "ftp://127.0.0.1", "", None])
def test_an_address_left_by_a_stranger_is_not_followed(alone: Desk, url: str | None) -> None:
    told = {"url": url, "key": "k", "secret": "s", "pid": 1}
    (alone.home / "simulator.db.url").write_text(json.dumps(told), encoding="utf-8")
    assert running_exchange(alone.home) is None
