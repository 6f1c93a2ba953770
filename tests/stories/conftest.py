"""A stage for evenings: the real command line, over real HTTP, on an exchange whose days the story writes."""

import json
import os
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from sentinel.cli import main
from sentinel.domain.book import Trade
from sentinel.ledger import Ledger
from sentinel.simulator import RunningExchange, running_exchange

START = "2026-03-02"  # a Monday
FIRST_DAYS = ("2026-02-26", "2026-02-27", START)
# What the exchange does after the close, where the facts conflict (ALPACA 3.8, 4.4): its stops, its cancels.
HOURS = [(stops, cancel) for stops in ("new", "accepted") for cancel in ("immediate", "pending")]
MUTATIONS = ("POST", "PATCH", "DELETE")


def flat(symbol: str, price: str = "100") -> list[dict[str, Any]]:
    return [bar(symbol, day, f"{price} {price} {price} {price}") for day in FIRST_DAYS]


def bar(symbol: str, day: str, prices: str) -> dict[str, Any]:
    opened, high, low, close = prices.split()
    return {"symbol": symbol, "date": day, "open": opened, "high": high, "low": low, "close": close, "volume": 1000}


@dataclass
class Answer:
    """What one command said and how it ended."""

    exit_code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.out)
        return document

    def verbs(self, *verbs: str) -> list[tuple[str, str, str]]:
        """The deeds with these verbs (all but mere following when none is named): verb, symbol, outcome."""
        deeds = [(deed["verb"], deed["symbol"], deed["outcome"]) for deed in self.document["actions"]]
        return [d for d in deeds if (d[0] in verbs if verbs else not d[0].startswith("follow"))]

    @property
    def findings(self) -> list[tuple[str, str | None]]:
        return [(finding["code"], finding["symbol"]) for finding in self.document["findings"]]

    @property
    def states(self) -> dict[str, str]:
        return {row["symbol"]: row["state"] for row in self.document["coverage"]["rows"]}

    @property
    def stops(self) -> dict[str, Decimal]:
        rows = self.document["coverage"]["rows"]
        return {row["symbol"]: Decimal(row["stop_price"]) for row in rows if row["stop_price"]}


class Stage:
    """A home, its exchange, and the trader at the keyboard."""

    def __init__(self, exchange: RunningExchange, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.exchange = exchange
        self.home = home
        self._capsys = capsys
        # The last bar each symbol was given: its day and its close.
        self._latest: dict[str, tuple[str, str]] = {}

    def types(self, line: str) -> Answer:
        """One command; `--json` is added by `tells`."""
        self._capsys.readouterr()
        code = main(["--home", str(self.home), *shlex.split(line)])
        captured = self._capsys.readouterr()
        return Answer(code, captured.out, captured.err)

    def tells(self, line: str) -> Answer:
        return self.types(f"{line} --json")

    def evening(self) -> Answer:
        return self.tells("evening-workflow --non-interactive")

    def enters(self, line: str) -> Answer:
        """An entry, in a symbol that has traded in the last session too, whatever the story tells of it."""
        self.trades_quietly(line.split(maxsplit=1)[0])
        return self.tells(f"submit-entry-with-stop {line}")

    def trades_quietly(self, symbol: str) -> None:
        """A symbol the story had no bar for traded in the last session, at its last price."""
        clock = self.clock
        today = clock["timestamp"][:10]
        day, close = self._latest.get(symbol, (START, "100"))
        if not clock["is_open"] and day < today:
            self.exchange.bars([bar(symbol, today, f"{close} {close} {close} {close}")])

    def bar(self, symbol: str, prices: str) -> None:
        """The bar of the session that comes next (or is open): open high low close."""
        day = self.clock["next_close"][:10]
        self.exchange.bars([bar(symbol, day, prices)])
        self._latest[symbol] = (day, prices.split()[3])

    def day(self, symbol: str, prices: str) -> None:
        """A whole session of one symbol."""
        self.bar(symbol, prices)
        self.exchange.advance(to="close")

    def holds(self, symbol: str = "AAPL", qty: int = 7) -> None:
        """A position entered by Sentinel at 100.00, protected at 92.00, one session old."""
        assert self.enters(f"{symbol} 100.00 {qty}").exit_code == 0
        self.day(symbol, "100 101 99 100")
        assert self.evening().exit_code == 0

    @property
    def clock(self) -> dict[str, Any]:
        clock: dict[str, Any] = self.exchange.state()["clock"]
        return clock

    def orders(self, symbol: str = "AAPL", *, live: bool = True) -> list[dict[str, Any]]:
        ended = ("filled", "canceled", "expired", "replaced", "rejected")
        orders = [order for order in self.exchange.state()["orders"] if order["symbol"] == symbol]
        return [order for order in orders if not live or order["status"] not in ended]

    def stop(self, symbol: str = "AAPL") -> dict[str, Any]:
        (order,) = [order for order in self.orders(symbol) if order["type"] == "stop"]
        return order

    def shares(self, symbol: str = "AAPL") -> int:
        held = {row["symbol"]: int(row["qty"]) for row in self.exchange.state()["positions"]}
        return held.get(symbol, 0)

    def trades(self) -> tuple[Trade, ...]:
        """The closed trades of the ledger."""
        with Ledger.open_read_only(self.home / "sentinel.db") as ledger:
            return ledger.closed_trades()

    def opens(self, symbol: str = "AAPL", prices: str = "100 101 99 100") -> None:
        """The market opens for the next session; the symbol has this bar."""
        self.bar(symbol, prices)
        self.exchange.advance(to="open")

    def mutations(self) -> int:
        """How many changing requests the exchange has been sent."""
        return len(self.exchange.state()["requests"]["mutations"])


@pytest.fixture(scope="session")
def server() -> Iterator[RunningExchange]:
    with running_exchange(start=START) as exchange:
        yield exchange


@pytest.fixture
def stage(
    server: RunningExchange, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Stage]:
    server.faults([])
    server.reset(bars=[*flat("AAPL"), *flat("MSFT"), *flat("TSLA")], start=START)
    for name in ("SENTINEL_HOME", "APCA_API_BASE_URL", "APCA_API_DATA_URL"):
        monkeypatch.delenv(name, raising=False)
    stage = Stage(server, tmp_path / "home", capsys)
    assert stage.types("init").exit_code == 0
    # A running exchange leaves its address beside its state; every command finds it there.
    address = {"url": server.url, "key": server.key, "secret": server.secret, "pid": os.getpid()}
    (stage.home / "simulator.db.url").write_text(json.dumps(address))
    yield stage
    # Whatever the story was, nothing was ever ended in bulk (ALPACA 4.5, 6.8).
    ended = {path for path in server.state()["requests"]["counts"] if path.startswith("DELETE ")}
    assert ended <= {"DELETE /v2/orders/{id}"}


@pytest.fixture(params=HOURS, ids="-".join)
def hours(stage: Stage, request: pytest.FixtureRequest) -> tuple[str, str]:
    """Each of the exchange's hours in turn: how its stops look after the close, and what a cancel does then."""
    stops, cancel = request.param
    stage.exchange.modes(after_hours_stops=stops, after_hours_cancel=cancel)
    return stops, cancel
