"""A trader's desk: a home, an exchange, and commands typed as a trader types them."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sentinel.cli import main
from sentinel.simulator import RunningExchange

START = "2026-03-02"  # a Monday
VARIABLES = (
    "SENTINEL_HOME", "ALPACA_API_KEY", "ALPACA_SECRET_KEY", "APCA_API_KEY_ID", "APCA_API_SECRET_KEY",
    "APCA_API_BASE_URL", "APCA_API_DATA_URL", "FORCE_COLOR", "NO_COLOR",
)  # fmt: skip
FIRST_KEYS = ["schema", "command", "run_id", "exit_code", "coverage", "actions", "findings", "approvals"]


def bars(symbol: str, *closes: str) -> list[dict[str, Any]]:
    """Flat sessions up to START, the last one at the last price."""
    days = ("2026-02-26", "2026-02-27", START)[-len(closes) :]
    return [
        {"symbol": symbol, "date": day, "open": c, "high": c, "low": c, "close": c, "volume": 1000}
        for day, c in zip(days, closes, strict=True)
    ]


@dataclass(frozen=True)
class Answer:
    """What one command said and how it ended."""

    exit_code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.out)
        return document


class Desk:
    """The trader's desk."""

    def __init__(self, home: Path, exchange: RunningExchange, capsys: pytest.CaptureFixture[str]) -> None:
        self.home = home
        self.exchange = exchange
        self._capsys = capsys

    def types(self, *arguments: str) -> Answer:
        self._capsys.readouterr()
        code = main(["--home", str(self.home), *arguments])
        return Answer(code, *self._capsys.readouterr())

    def tells(self, *arguments: str) -> dict[str, Any]:
        return self.types(*arguments, "--json").document

    def day(self, symbol: str, price: str) -> None:
        """One session at one price."""
        self.opens(symbol, price)
        self.exchange.advance(to="close")

    def opens(self, symbol: str, price: str) -> None:
        """The next session begins, at the price it will keep."""
        day = self.exchange.state()["clock"]["next_close"][:10]
        prices = dict.fromkeys(("open", "high", "low", "close"), price)
        self.exchange.bars([{"symbol": symbol, "date": day, **prices, "volume": 1000}])
        self.exchange.advance(to="open")

    def trades_quietly(self, symbol: str, price: str) -> None:
        """A symbol no day was told of traded in the session that has just closed too, at one price."""
        today = self.exchange.state()["clock"]["timestamp"][:10]
        self.exchange.bars([{**bars(symbol, price)[-1], "date": today}])

    def holds(self, symbol: str = "AAPL", price: str = "100") -> None:
        """Seven shares, entered by Sentinel."""
        assert self.types("submit-entry-with-stop", symbol, "100.00", "7").exit_code == 0
        self.day(symbol, price)
        assert self.types("evening-workflow").exit_code == 0

    def mutations(self) -> list[Mapping[str, Any]]:
        """Every request to change something that the exchange has seen."""
        seen: list[Mapping[str, Any]] = self.exchange.state()["requests"]["mutations"]
        return seen

    def files(self) -> dict[str, str]:
        """What every file of the home holds."""
        found = (path for path in self.home.rglob("*") if path.is_file())
        return {str(path.relative_to(self.home)): hashlib.sha256(path.read_bytes()).hexdigest() for path in found}
