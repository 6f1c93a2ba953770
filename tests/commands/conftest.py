"""Desks for the commands' tests: one exchange for all of them, begun anew each time."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from sentinel.simulator import RunningExchange, running_exchange
from tests.commands.desk import START, VARIABLES, Desk, bars


@pytest.fixture(scope="session")
def server() -> Iterator[RunningExchange]:
    with running_exchange(start=START) as exchange:
        yield exchange


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "80")


@pytest.fixture
def desk(
    server: RunningExchange, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Desk:
    """A fresh home in mode sim, whose exchange the environment names."""
    server.reset(bars=[*bars("AAPL", "100"), *bars("MSFT", "400")], start=START)
    desk = Desk(tmp_path / "home", server, capsys)
    assert desk.types("init").exit_code == 0
    monkeypatch.setenv("APCA_API_BASE_URL", server.url)
    monkeypatch.setenv("APCA_API_KEY_ID", server.key)
    monkeypatch.setenv("APCA_API_SECRET_KEY", server.secret)
    return desk


@pytest.fixture(scope="session", autouse=True)
def _ctrl_c_reaches_children() -> None:
    """A job in the background starts with Ctrl-C ignored, and its children would inherit that."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
