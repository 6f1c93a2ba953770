"""Lives of many evenings on random markets: faults, kills and telephone on most of them, the oracle after each."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.torture.bench import Bench, CaseReport, LayerReport
from tests.torture.broker_state import positions
from tests.torture.desk import EVENING, READ_TIMEOUT_S, SYMBOLS, Hours
from tests.torture.scenarios import ALL_HOURS
from tests.torture.verdicts import Cause
from tests.torture.victim import Point
from tests.torture.world import CENT, World, world

NAME = "soak"
EVENINGS_A_LIFE = 50
LIVES = 44
# The kinds of faults, each as often as it stands here; those that only end by a timeout cost seconds and are rare.
KINDS = (
    *("drop_before", "drop_after", "429", "500", "502", "503", "504", "redirect", "empty", "truncated") * 3,
    *("reset", "unknown_enum", "wrong_shape", "stale") * 3,
    "delay",
)
EITHER_WAY = ("429", "500", "502", "503", "504", "redirect")
PLACES = (
    "/v2/orders",
    "/v2/orders$",
    "/v2/orders/",
    "/v2/orders:by",
    "/v2/positions",
    "/v2/account",
    "/v2/clock",
    "bars",
    "",
)
METHODS = ("*", "GET", "POST", "PATCH", "DELETE")
# Percent a session, and how long it stays that way.
MOODS = {"calm": 0, "rises": 4, "falls": -4, "soars": 9, "crashes": -12}
DEAREST, CHEAPEST = Decimal(400), Decimal(25)


def run_layer(bench: Bench) -> LayerReport:
    """As many lives as the size asks for: a case is an evening, so a bounded size is a number of evenings."""
    layer = LayerReport(NAME)
    evenings = bench.size_of_all_parts or EVENINGS_A_LIFE * LIVES
    length = min(EVENINGS_A_LIFE, bench.size or EVENINGS_A_LIFE)
    keys = bench.own([f"{bench.seed}.{number}.{length}" for number in range(-(-evenings // length))])
    reports = bench.work(layer, live, keys)
    # What was planned and done is counted in evenings.
    layer.planned = length * len(keys)
    layer.done = 0
    for report in reports:
        layer.counts.update(report.notes)
        layer.done += (report.notes or {}).get("evenings", 0)
    # Shares only an alarm accounts for are told by life, so that each can be replayed and explained.
    layer.table += [
        f"{report.key}: {shares} {what}"
        for report in reports
        for what, shares in (report.notes or {}).items()
        if Cause.ALARMED in what
    ]
    return layer


def replay(folder: Path, key: str) -> CaseReport:
    """One life again, by its key: seed, number, evenings."""
    return live(folder, key)


def live(folder: Path, key: str) -> CaseReport:
    """A whole life; it ends early at the first broken promise."""
    evenings = int(key.rsplit(".", 1)[1])
    chance = random.Random(key)
    hours: Hours = chance.choice(ALL_HOURS)
    with world(folder, f"life-{key}", hours, **_modes(chance)) as account:
        life = Life(chance, account)
        for _ in range(evenings):
            life.session()
            if account.broken:
                break
        else:
            # Faults off: the last evenings are quiet, and the promise is kept without a word.
            account.trades_again()
            account.settles()
        account.close()
        account.counts.update(account.bareness.share_sessions())
        return CaseReport(key, [*account.broken[:1]], frozenset(account.case.branches), account.counts)


def _modes(chance: random.Random) -> dict[str, Any]:
    """How the exchange of a life behaves where the facts conflict."""
    return {
        "cancels": chance.choice(("at_once", "at_once", "asynchronous")),
        "replacements": chance.choice(("immediate", "immediate", "pending")),
        "split_orders": chance.choice(("in_place", "replaced")),
        "partial_fills": chance.choice(("off", "random", "half")),
        "replaced_expiry": chance.choice(("kept", "renewed")),
        "day_end": chance.choice(("expired", "canceled")),
        "refusal_texts": chance.choice(("current", "older")),
        "leg_timestamps": chance.choice(("own", "shared")),
    }


@dataclass
class Life:
    """The chances of one account, drawn from its own seed."""

    chance: random.Random
    world: World
    moods: dict[str, str] = field(default_factory=lambda: dict.fromkeys(SYMBOLS, "calm"))

    def session(self) -> None:
        """A day of the market, then an evening of the trader."""
        self._overnight()
        self.world.opens(self._bars())
        self._while_open()
        self.world.closes()
        if self._happens(10):
            return self._away()
        self._evening()
        self.world.counts["evenings"] += 1
        return None

    def _away(self) -> None:
        """The laptop stays shut tonight: the stops are at the broker."""
        self.world.counts["evenings"] += 1
        self.world.counts["evenings_slept_through"] += 1

    def _happens(self, pct: int) -> bool:
        return self.chance.randrange(100) < pct

    def _overnight(self) -> None:
        """What the exchange does between two sessions."""
        for symbol in SYMBOLS:
            price = self.world.prices[symbol]
            if price > DEAREST or self._happens(1):
                self.world.splits(symbol, self.chance.choice(("2", "4", "3")))
            elif price < CHEAPEST:
                self.world.splits(symbol, "0.1")
        if self._happens(4):
            self.world.halts(self.chance.choice(SYMBOLS))
        elif self._happens(60):
            self.world.trades_again()

    def _bars(self) -> dict[str, str]:
        return {symbol: self._bar(symbol) for symbol in SYMBOLS}

    def _bar(self, symbol: str) -> str:
        """A session's prices: a mood's drift, some noise, now and then a gap."""
        if self._happens(20):
            self.moods[symbol] = self.chance.choice(("calm", "calm", "rises", "rises", "falls", "soars", "crashes"))
        last = self.world.prices[symbol]
        gap = self.chance.choice((-15, 12)) if self._happens(4) else self.chance.uniform(-1, 1)
        opened = moved(last, gap)
        close = moved(opened, MOODS[self.moods[symbol]] + self.chance.uniform(-2, 2))
        return session_of(opened, close, self.chance.uniform(0, 2), self.chance.uniform(0, 2))

    def _while_open(self) -> None:
        """Telephone, parts of entries, sometimes a run in market hours."""
        if self._happens(25):
            self._by_telephone()
        if self._happens(20):
            self.world.partly_fills(self.chance.choice(SYMBOLS), self.chance.randint(1, 3))
        if self._happens(15):
            self._faulty()
            self.world.types(self.chance.choice((EVENING, "rescue-stops", "update-trailing-stops", "reconcile-fills")))
            self.world.insists()

    def _by_telephone(self) -> None:
        symbol, qty = self.chance.choice(SYMBOLS), self.chance.randint(1, 6)
        match self.chance.randrange(4):
            case 0:
                self.world.buys(symbol, qty)
            case 1:
                self.world.sells(symbol, self.chance.choice((qty, 1000)))
            case 2:
                self.world.cancels(symbol)
            case _:
                self.world.lowers(symbol, self.chance.randint(1, 9))

    def _evening(self) -> None:
        """Faults on most evenings; the trader runs again until it ends well or asks, answers, and enters."""
        if self._happens(70):
            self._faulty()
        self.world.evening(self._kill() if self._happens(15) else None)
        self.world.insists()
        if self._happens(50):
            self.world.answers(self.chance.choice(("approve", "approve", "reject")))
            self.world.adopts()
        held = positions(self.world.state())
        for symbol in SYMBOLS:
            if symbol not in held and self._happens(40):
                self.world.enters(symbol, self.chance.randint(2, 9), self.chance.choice((0, 0, 1, 4)))
        if self._happens(8):
            self.world.types(self.chance.choice(("halt --reason soak", "resume --reason soak")))
        if self._happens(30):
            self.world.settles()
        self.world.insists()
        self.world.faults_end()

    def _kill(self) -> Point:
        what = self.chance.choice(("request", "commit"))
        when = self.chance.choice(
            ("before", "after", "applied") if what == "request" else ("before", "inside", "after")
        )
        return Point(what, self.chance.randint(1, 30), when)

    def _faulty(self) -> None:
        self.world.faults(*self._rules())

    def _rules(self) -> Iterator[dict[str, Any]]:
        for _ in range(self.chance.randint(1, 3)):
            kind = self.chance.choice(KINDS)
            nth = self.chance.choice((1, 1, 1, 1, 2, 2, 3, 5))
            rule = {"method": self.chance.choice(METHODS), "path": self.chance.choice(PLACES), "nth": nth, "kind": kind}
            if kind in EITHER_WAY:
                rule["takes_effect"] = self._happens(50)
            if kind == "delay":
                rule["seconds"] = READ_TIMEOUT_S + 0.2
            yield rule


def moved(price: Decimal, pct: float) -> Decimal:
    """A price so many percent away, never under a dollar."""
    return max(CENT * 100, (price * (100 + Decimal(round(pct, 3))) / 100).quantize(CENT))


def session_of(opened: Decimal, close: Decimal, above_pct: float, below_pct: float) -> str:
    """The prices of a session as `open high low close`, reaching so far beyond open and close."""
    return f"{opened} {moved(max(opened, close), above_pct)} {moved(min(opened, close), -below_pct)} {close}"
