"""Where a scenario is prepared: a home of its own, an exchange whose days it writes, a trader, and a telephone."""

import json
import re
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sentinel.simulator.running import RunningExchange
from tests.torture.broker_state import live_orders
from tests.torture.victim import RunOutcome, run_victim

START = "2026-03-02"  # a Monday
FIRST_DAYS = ("2026-02-26", "2026-02-27", START)
SYMBOLS = ("AAPL", "MSFT", "TSLA")
EVENING = "evening-workflow --non-interactive"
# The clocks of the machine are those of the tests around it: long enough for a busy one, no longer.
READ_TIMEOUT_S = 3


def first_bars() -> list[dict[str, Any]]:
    """Three flat days at 100 for every symbol."""
    return [bar(symbol, day, "100 100 100 100") for symbol in SYMBOLS for day in FIRST_DAYS]


def bar(symbol: str, day: str, prices: str) -> dict[str, Any]:
    """One daily bar from `open high low close`."""
    opened, high, low, close = prices.split()
    return {"symbol": symbol, "date": day, "open": opened, "high": high, "low": low, "close": close, "volume": 1000}


@dataclass(frozen=True, slots=True)
class Hours:
    """How the exchange behaves after the close, where the facts conflict (ALPACA 3.8, 4.4)."""

    stops: str = "new"  # or accepted
    cancel: str = "immediate"  # or pending

    def __str__(self) -> str:
        return f"{self.stops}-{self.cancel}"


@dataclass(frozen=True, slots=True)
class Desk:
    """A home in a folder, and the exchange it is connected to."""

    folder: Path
    exchange: RunningExchange

    def opens(self, hours: Hours) -> None:
        """Make the home, quick and in the hours' mode."""
        self.exchange.modes(after_hours_stops=hours.stops, after_hours_cancel=hours.cancel)
        self.types("init --mode paper")
        quick = {"read_wait_s": "0", "read_timeout_s": str(READ_TIMEOUT_S), "backups_kept_today": "2"}
        self.sets(**quick, after_hours_cancel=f'"{hours.cancel}"')

    def sets(self, **settings: str) -> None:
        """Change keys of sentinel.toml."""
        file = self.folder / "home" / "sentinel.toml"
        text = file.read_text("utf-8")
        for key, value in settings.items():
            text, changed = re.subn(rf"(?m)^(# ?)?{key} = .*$", f"{key} = {value}", text)
            assert changed == 1, f"sentinel.toml has no {key}"
        file.write_text(text, "utf-8")

    def types(self, line: str, *exit_codes: int) -> RunOutcome:
        """One command, which must end with 0, or with one of the codes given."""
        outcome = run_victim(self.folder, line, self.exchange)
        assert outcome.exit_code in (exit_codes or (0,)), f"{line}: {outcome.exit_code} {outcome.out} {outcome.err}"
        return outcome

    def evening(self, *exit_codes: int) -> RunOutcome:
        """A whole evening."""
        return self.types(EVENING, *exit_codes)

    def bars(self, **prices: str) -> None:
        """The bars of the session that comes next, or is open: AAPL="open high low close"."""
        day = self.exchange.state()["clock"]["next_close"][:10]
        known = dict.fromkeys(SYMBOLS, "100 101 99 100") | prices
        self.exchange.bars([bar(symbol, day, told) for symbol, told in known.items()])

    def day(self, **prices: str) -> None:
        """A whole session; a symbol left out stays at 100."""
        self.bars(**prices)
        self.exchange.advance(to="close")

    def holds(self, *symbols: str, qty: int = 7) -> None:
        """Positions entered by Sentinel at 100.00, protected at 92.00, one session old."""
        for symbol in symbols:
            self.types(f"submit-entry-with-stop {symbol} 100.00 {qty}")
        self.day()
        self.evening()

    def stop(self, symbol: str) -> dict[str, Any]:
        """The one stop of a symbol."""
        (order,) = [order for order in live_orders(self.exchange.state(), symbol) if order["type"] == "stop"]
        return dict(order)

    def phones(self, **order: Any) -> dict[str, Any]:
        """An order the trader gives the broker without Sentinel: to sell 7 shares of AAPL unless told otherwise."""
        plain = {"symbol": "AAPL", "qty": "7", "side": "sell", "type": "limit", "time_in_force": "gtc"}
        keys = {"APCA-API-KEY-ID": self.exchange.key, "APCA-API-SECRET-KEY": self.exchange.secret}
        head = {**keys, "Content-Type": "application/json", "X-By-Hand": "yes"}
        request = urllib.request.Request(f"{self.exchange.url}/v2/orders", json.dumps(plain | order).encode(), head)
        with urllib.request.urlopen(request) as answer:
            told: dict[str, Any] = json.load(answer)
        return told
