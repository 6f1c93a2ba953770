"""How fast the broker may be asked belongs to its address: Alpaca has a limit a minute, this machine has none."""

from pathlib import Path

import pytest

from sentinel.commands.broker_address import broker_address
from sentinel.settings import load_settings

LOOPBACK = "http://127.0.0.1:8700"


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ALPACA_API_KEY", "ALPACA_SECRET_KEY", "APCA_API_BASE_URL", "APCA_API_DATA_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("APCA_API_KEY_ID", "KEY-ID-1234")
    monkeypatch.setenv("APCA_API_SECRET_KEY", "SECRET-5678")


@pytest.mark.parametrize(
    ("text", "base_url", "requests_per_minute"),
    [
        ('[broker]\nmode = "paper"\n', None, 150),
        ('[broker]\nmode = "paper"\nrequests_per_minute = 60\n', None, 60),
        ('[broker]\nmode = "paper"\n', LOOPBACK, None),
        ('[broker]\nmode = "sim"\n', LOOPBACK, None),
    ],
)
def test_the_pace_is_that_of_the_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, base_url: str | None, requests_per_minute: int | None
) -> None:
    (tmp_path / "sentinel.toml").write_text(text)
    if base_url is not None:
        monkeypatch.setenv("APCA_API_BASE_URL", base_url)
    with broker_address(tmp_path, load_settings(tmp_path)) as address:
        assert address.requests_per_minute == requests_per_minute
