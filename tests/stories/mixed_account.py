"""One account in which every trouble occurs at once: how it comes about, evening by evening, and copies of it."""

import contextlib
import io
import json
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sentinel.cli import main
from sentinel.simulator import RunningExchange, running_exchange
from tests.stories.conftest import FIRST_DAYS, START, Answer, Stage, bar
from tests.stories.test_by_phone import order_by_phone

# Symbol by symbol the trouble it is in on the evening that counts; those that end without shares come last.
TROUBLES = {
    "PLAN": "nothing: protected as on every evening",
    "STAIR": "a short that has reached its first stair",
    "OWED": "its raise was refused last evening",
    "CANC": "its stop was cancelled by hand",
    "LOWER": "its stop was lowered by hand",
    "RAISE": "its stop was raised by hand",
    "MORE": "three more shares were bought by phone",
    "PART": "two of its shares, under the leg of an entry, were sold by phone",
    "CUT": "two of its shares, under a simple stop, were sold by phone",
    "TURN": "twelve shares of seven were sold by phone: it is short now",
    "BARE": "a stranger, short, without any stop",
    "OWN": "a stranger with a stop of its own",
    "OCO": "a stranger under the stop of an OCO",
    "BRACK": "a stranger under the held stop of a bracket, behind 500 newer orders",
    "STRAY": "a stranger whose shares a take-profit holds since yesterday",
    "SALE": "a stranger whose market sale waits for the open",
    "SPLIT": "split four for one",
    "MERGE": "merged one for ten: the exchange cancelled its stop",
    "OLD": "renamed NEW, with another CUSIP: its stop went with the old one",
    "PUZZL": "split two for one and bought more of on the same day: neither explains its shares",
    "FRACT": "a stranger of seven shares and a half",
    "BREAC": "its stop was cancelled by hand and the price fell through where it stood",
    "PIECE": "three of seven shares of its entry have filled",
    "HANG": "its stop hangs in pending_cancel",
    "AGED": "its stop has few days left",
    "GOAL": "its profit target is reached",
    "LEFT": "adopted and ignored, far above its target",
    "BROKE": "a stranger whose reads answer 500",
    "GONE": "sold whole by phone: a ghost with an orphaned stop",
    "FELL": "its stop filled overnight",
}
ENTERED = (
    "PLAN", "OWED", "CANC", "LOWER", "RAISE", "MORE", "PART", "TURN", "SPLIT", "PUZZL", "BREAC", "HANG", "GOAL",
    "GONE", "FELL",
)  # fmt: skip
CROWD = "CROWD"
QUIET = "100 101 99 100"
BROKEN_READS = [{"method": "GET", "path": "/v2/positions/BROKE$", "nth": None, "kind": "500"}]


class Room(Stage):
    """A stage that outlives a test: nothing of pytest is needed to type a command."""

    def __init__(self, exchange: RunningExchange, home: Path) -> None:
        self.exchange = exchange
        self.home = home

    def types(self, line: str) -> Answer:
        """One command."""
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = main(["--home", str(self.home), *line.split()])
        return Answer(code, out.getvalue(), err.getvalue())

    def must(self, line: str) -> Answer:
        """One command, which ends with 0."""
        answer = self.types(line)
        assert answer.exit_code == 0, f"{line}: {answer.exit_code} {answer.out} {answer.err}"
        return answer

    def sets(self, key: str, value: str) -> None:
        """Another number in the home's settings: so many positions are no book of the defaults."""
        file = self.home / "sentinel.toml"
        text, changed = re.subn(rf"^{key} = .*$", f"{key} = {value}", file.read_text(), flags=re.MULTILINE)
        assert changed == 1, f"sentinel.toml has no {key}"
        file.write_text(text)

    def day_of(self, **prices: str) -> None:
        """A whole session of the symbols named; the others do not trade."""
        self.bars_of(**prices)
        self.exchange.advance(to="close")

    def bars_of(self, **prices: str) -> None:
        """The bars of the session that comes next, or is open."""
        day = self.clock["next_close"][:10]
        self.exchange.bars([bar(symbol, day, told) for symbol, told in prices.items()])

    def phones(self, symbol: str, qty: int = 7, **order: Any) -> dict[str, Any]:
        """An order the trader gives the broker without Sentinel: to sell, good till cancelled."""
        told: dict[str, Any] = order_by_phone(self, symbol=symbol, qty=str(qty), **order)
        return told


@contextmanager
def opened(folder: Path) -> Iterator[Room]:
    """The home and the exchange of a folder, at work for as long as the block lasts."""
    with running_exchange(state=folder / "exchange.db") as exchange:
        room = Room(exchange, folder / "home")
        if not room.home.exists():
            room.must("init")
            room.sets("max_entries_per_day", "30")
        address = {"url": exchange.url, "key": exchange.key, "secret": exchange.secret, "pid": os.getpid()}
        (room.home / "simulator.db.url").write_text(json.dumps(address))
        yield room


def copied(folder: Path, to: Path) -> Path:
    """The same account once more, in a folder of its own."""
    shutil.copytree(folder, to)
    return to


def come_about(folder: Path) -> None:
    """Play everything that leads to the evening that counts; the market has just closed."""
    folder.mkdir()
    bars = [bar(s, day, "100 100 100 100") for s in (*TROUBLES, CROWD) for day in FIRST_DAYS]
    with running_exchange(bars=bars, start=START, state=folder / "exchange.db"):
        pass
    with opened(folder) as room:
        _entries(room)
        _last_but_one_evening(room)
        _last_day(room)
        _by_phone(room)
        _company_news(room)
        room.exchange.faults(BROKEN_READS)


def _entries(room: Room) -> None:
    """Everything Sentinel enters, one of them three months before the others, and two adopted strangers."""
    room.must("submit-entry-with-stop AGED 100.00 7")
    room.day_of(AGED=QUIET)
    room.must("evening-workflow --non-interactive")
    room.exchange.advance(sessions=53)
    room.day_of(**dict.fromkeys((*ENTERED, "STAIR", "MERGE", "OLD"), QUIET))
    for symbol in ENTERED:
        room.must(f"submit-entry-with-stop {symbol} 100.00 7")
    room.must("submit-entry-with-stop STAIR 100.00 7 --side sell")
    room.must("submit-entry-with-stop MERGE 100.00 10")
    room.must("submit-entry-with-stop OLD 100.00 11")
    for symbol in ("CUT", "LEFT"):
        room.exchange.trade(symbol, 7, "buy", 100)
    room.day_of(**dict.fromkeys((*ENTERED, "STAIR", "MERGE", "OLD"), QUIET))
    room.must("evening-workflow --non-interactive")
    room.must("adopt LEFT --ignore")
    room.must("adopt CUT")


def _last_but_one_evening(room: Room) -> None:
    """A raise is refused; later that evening the trader buys, orders and cancels by phone."""
    room.exchange.modes(after_hours_stops="accepted", after_hours_cancel="pending")
    room.day_of(OWED="108 110 107 109", PIECE=QUIET)
    room.must("evening-workflow --non-interactive")
    room.must("submit-entry-with-stop PIECE 90.00 7")
    for symbol in ("OWN", "OCO", "STRAY"):
        room.exchange.trade(symbol, 7, "buy", 100)
    room.phones("OWN", type="stop", stop_price="95")
    legs: dict[str, Any] = {"take_profit": {"limit_price": "120"}, "stop_loss": {"stop_price": "95"}}
    room.phones("OCO", order_class="oco", **legs)
    room.phones("STRAY", limit_price="120")
    bracket: dict[str, Any] = {"take_profit": {"limit_price": "130"}, "stop_loss": {"stop_price": "93"}}
    room.phones("BRACK", side="buy", limit_price="100", order_class="bracket", **bracket)
    room.exchange.action(cancel={"order_id": room.stop("BREAC")["id"]})


def _last_day(room: Room) -> None:
    """One stop is run through, one entry fills in part, one bracket whole; prices move."""
    room.bars_of(
        STAIR="93 93 91 92", OWED="108 110 107 109", BRACK=QUIET, BREAC="91 92 89 90", FELL="85 86 84 85",
        GOAL="116 118 115 117", LEFT="118 121 118 120", PIECE=QUIET,
    )  # fmt: skip
    room.exchange.advance(to="open")
    (entry,) = [order for order in room.orders("PIECE") if order["type"] == "limit"]
    room.exchange.action(partial_fill={"order_id": entry["id"], "qty": 3})
    room.exchange.advance(to="close")


def _by_phone(room: Room) -> None:
    """What the trader does to positions and stops after the close."""
    room.exchange.action(cancel={"order_id": room.stop("CANC")["id"]})
    room.exchange.action(replace={"order_id": room.stop("LOWER")["id"], "stop_price": "85"})
    room.exchange.action(replace={"order_id": room.stop("RAISE")["id"], "stop_price": "97"})
    room.exchange.action(status={"order_id": room.stop("HANG")["id"], "status": "pending_cancel"})
    for symbol, qty, side, price in (
        ("MORE", 3, "buy", 100), ("PART", 2, "sell", 100), ("CUT", 2, "sell", 100), ("GONE", 7, "sell", 101),
        ("TURN", 12, "sell", 100), ("BARE", 7, "sell", 100), ("SALE", 7, "buy", 100), ("FRACT", "7.5", "buy", 100),
        ("BROKE", 7, "buy", 100),
    ):  # fmt: skip
        room.exchange.trade(symbol, qty, side, price)
    room.phones("SALE", type="market", time_in_force="day")


def _company_news(room: Room) -> None:
    """Splits, a merger of shares, a new name; and a crowd of orders newer than every one that matters."""
    room.exchange.action(split={"symbol": "SPLIT", "ratio": 4})
    room.exchange.action(split={"symbol": "MERGE", "ratio": "0.1"})
    room.exchange.action(rename={"symbol": "OLD", "to": "NEW", "new_cusip": True})
    room.exchange.action(split={"symbol": "PUZZL", "ratio": 2})
    room.exchange.trade("PUZZL", 5, "buy", 50)
    for _ in range(255):
        room.exchange.trade(CROWD, 1, "buy", 100)
        room.exchange.trade(CROWD, 1, "sell", 100)
