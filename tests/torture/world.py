"""An account that lives on: what trader, market, hands and bad luck can do to it, each step judged by the oracle."""

from __future__ import annotations

import re
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from sentinel.simulator.running import RunningExchange
from tests.torture.bareness import Bareness
from tests.torture.broker_state import (
    State,
    is_left_by_splits,
    is_open,
    is_protection,
    live_orders,
    positions,
    purpose_of,
)
from tests.torture.case import LEDGER, STATE, Case, Template
from tests.torture.desk import EVENING, START, SYMBOLS, Desk, Hours, first_bars
from tests.torture.exchange_process import exchange_process
from tests.torture.oracle import DONE, KILLED, NEEDS_THE_TRADER, RunSeen, judge_silence
from tests.torture.scenarios import Scenario
from tests.torture.verdicts import Cause, Finding, Unavoidable, Violation, violations
from tests.torture.victim import RIGHT_TIME, Point, RunOutcome, end_victim, run_victim, start_victim
from tests.torture.watch import reported

CENT = Decimal("0.01")
USAGE, GUARD, BUSY, UNREACHABLE = 2, 3, 5, 4
WORKED = (DONE, NEEDS_THE_TRADER, USAGE, GUARD)
LOST_SIGHT = ("unresolved", "bug", "suddenly_empty")
ENOUGH_TRIES = 3
EMPTY = "run again with --force"
NAMES_THE_HOLDER = re.compile(r"another run is at work in \S+: (evening-workflow, process \d+|.*has just begun)")
DIARY_TOLD = 14
# Names of the questions and the alarms the trader answers.
WAITING, UNEXPLAINED = "waiting", "unexplained_quantity"


@dataclass
class World:
    """One account over many sessions; a broken promise ends it, with the diary of what led there."""

    case: Case
    desk: Desk
    prices: dict[str, Decimal]
    diary: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    broken: list[Violation] = field(default_factory=list)
    bareness: Bareness = field(default_factory=Bareness)
    questions: list[int] = field(default_factory=list)
    unexplained: list[str] = field(default_factory=list)
    # Whether the last run that failed was followed by an evening that came to its end.
    has_concluded: bool = True
    last_words: str = ""
    _judged: int = 0
    _watched: int = 0

    @property
    def exchange(self) -> RunningExchange:
        """The exchange, by its control plane."""
        return self.case.exchange

    def state(self) -> State:
        """The exchange's own state."""
        return self.case.state()

    # -- the trader at the keyboard

    def types(self, line: str, kill: Point | None = None, skew: timedelta = RIGHT_TIME) -> RunOutcome:
        """One command, killed at a point or on a machine whose clock is wrong where that is asked for; judged."""
        words = " ".join(
            [line, *([f"killed at {kill}"] if kill else []), *([f"clock wrong by {skew}"] if skew else [])]
        )
        before = len(self.case.findings)
        outcome, seen = self.case.run(line, kill, skew)
        if outcome.exit_code == USAGE and line.startswith(("approvals", "adopt")):
            # A question that lapsed, a position that went: refused before anything was done.
            kept = [found for found in self.case.findings[before:] if getattr(found, "invariant", 0) != 10]
            self.case.findings[before:] = kept
        self._follow(line, outcome, seen)
        said = "" if outcome.exit_code == DONE else " ".join(_alarms(outcome))
        self._note(f"{words} -> {outcome.exit_code} {said}")
        return outcome

    def evening(self, kill: Point | None = None) -> RunOutcome:
        """A whole evening."""
        return self.types(EVENING, kill)

    def enters(self, symbol: str, qty: int, under_pct: int = 0) -> RunOutcome:
        """An entry with its stop, its limit so many percent under the last price."""
        price = (self.prices[symbol] * (100 - under_pct) / 100).quantize(CENT)
        return self.types(f"submit-entry-with-stop {symbol} {price} {qty}")

    def insists(self) -> None:
        """Evenings until one has come to its end since the last failure, as a trader does who reads exit codes."""
        tries = 0
        while not self.has_concluded and tries < ENOUGH_TRIES:
            self.faults_end()
            # Who is told that the account looks empty looks at it, and where it really is says so.
            is_empty = EMPTY in self.last_words and not positions(self.state())
            self.last_words = self.types(f"{EVENING} --force" if is_empty else EVENING).err[-600:]
            tries += 1
        if not self.has_concluded:
            self._break(Violation(7, None, f"no evening comes to its end: {self.last_words}"))
            self._note("gives up")

    def settles(self) -> None:
        """Without faults one clean run settles everything (I7), and a second sends nothing (I8)."""
        self.faults_end()
        self.evening()
        self.insists()
        settled = self.state()
        self.evening()
        self.case.findings += judge_silence(settled, self.state())
        self._note("was silent")

    def answers(self, word: str) -> None:
        """Approve or reject the oldest question."""
        if self.questions:
            self.types(f"approvals {word} {self.questions[0]}")

    def adopts(self) -> None:
        """Take a position nobody could explain as it is."""
        if self.unexplained:
            self.types(f"adopt {self.unexplained[0]}")

    def two_at_once(self) -> None:
        """Two evenings begun together: one works and is judged; the other gives way (5), or comes after it."""
        second = self.case.folder.with_name(f"{self.case.folder.name}-second")
        second.mkdir()
        (second / "home").symlink_to(self.case.folder / "home")
        before, was_halted = self.state(), self.case.is_halted
        try:
            pid = start_victim(second, EVENING, self.exchange)
            one = run_victim(self.case.folder, EVENING, self.exchange)
            two = end_victim(second, pid)
        finally:
            shutil.rmtree(second)
        worker, other = (two, one) if one.exit_code == BUSY else (one, two)
        if other.exit_code == BUSY and not NAMES_THE_HOLDER.search(other.err):
            self._break(Violation(10, None, f"the second of two evenings names no holder: {other.err}"))
        if worker.exit_code == BUSY:
            self._break(Violation(10, None, f"two evenings at once, and both gave way: {one.err} {two.err}"))
        self._follow(EVENING, worker, self.case.judge(before, worker, was_halted=was_halted))
        self._note(f"two evenings at once -> {one.exit_code} and {two.exit_code}")

    # -- bad luck

    def keys_expire(self) -> None:
        """An evening with keys the broker refuses (401): exit 4, and nothing is sent."""
        before, right = self.state(), self.case.exchange
        self.case.exchange = RunningExchange(right.url, right.key, "another")
        try:
            outcome, _ = self.case.run(EVENING)
        finally:
            self.case.exchange = right
        if outcome.exit_code != UNREACHABLE:
            self._break(Violation(10, None, f"refused keys, and exit {outcome.exit_code}: {outcome.err[-300:]}"))
        self.case.findings += judge_silence(before, self.state())
        self._note("the keys were refused")

    def faults(self, *rules: dict[str, Any]) -> None:
        """The network goes wrong from now on."""
        self._count_faults()
        self.exchange.faults(rules)
        if rules:
            self._note(f"faults {rules}")

    def faults_end(self) -> None:
        """The network works again."""
        self.faults()

    def backs_up(self) -> None:
        """A copy of the ledger as it stands, put away; not of one that is gone, or has half a commit in it."""
        is_half = self.case.ledger_path.with_name(f"{LEDGER}-journal").exists()
        if self.case.ledger_path.exists() and not is_half:
            number = len(list(self.case.folder.glob("put-away-*")))
            shutil.copyfile(self.case.ledger_path, self.case.folder / f"put-away-{number}")

    def loses_ledger(self, back_to: int | None = None) -> None:
        """The ledger is gone; in its place comes one put away earlier, where a number is given."""
        for file in self.case.ledger_path.parent.glob(f"{LEDGER}*"):
            file.unlink()
        kept = sorted(self.case.folder.glob("put-away-*"), key=lambda path: int(path.name.rsplit("-", 1)[1]))
        if back_to is not None and kept:
            shutil.copyfile(kept[back_to % len(kept)], self.case.ledger_path)
        self.questions.clear()
        self._note("the ledger was lost" if back_to is None else f"the ledger went back to copy {back_to}")

    # -- the market

    def opens(self, bars: dict[str, str]) -> None:
        """The session that comes next, by `open high low close` of every symbol, up to its open."""
        self.desk.bars(**bars)
        self.prices = {symbol: Decimal(told.split()[3]) for symbol, told in bars.items()}
        self.exchange.advance(to="open")
        self._note(f"the market opens: {bars}")
        self.looks_at_open_market()

    def closes(self) -> None:
        """The rest of the session."""
        self.looks_at_open_market()
        self.exchange.advance(to="close")
        self.counts["sessions"] += 1
        self._note("the market closes")

    def partly_fills(self, symbol: str, qty: int) -> None:
        """A part of a waiting entry fills."""
        state = self.state()
        for order in live_orders(state, symbol):
            rest = Decimal(order["qty"]) - Decimal(order["filled_qty"])
            is_ready = order["type"] == "limit" and order["status"] in ("new", "partially_filled") and is_open(state)
            if purpose_of(order["client_order_id"]) == "entry" and is_ready and 0 < qty < rest:
                self.exchange.action(partial_fill={"order_id": order["id"], "qty": qty})
                self.counts["partial_fills"] += 1
                self._note(f"{qty} of {symbol} fill")
                self.looks_at_open_market()

    def splits(self, symbol: str, ratio: str) -> None:
        """A split, forward or reverse; the price follows."""
        self.exchange.action(split={"symbol": symbol, "ratio": ratio})
        self.prices[symbol] = (self.prices[symbol] / Decimal(ratio)).quantize(CENT)
        if Decimal(ratio) < 1:
            self.bareness.because(symbol, Cause.REVERSE_SPLIT)
        elif any(is_left_by_splits(order) for order in live_orders(self.state(), symbol)):
            self.bareness.because(symbol, Cause.ORDER_NOT_SPLIT)
        self.counts["splits"] += 1
        self._note(f"{symbol} splits {ratio}")

    def halts(self, symbol: str) -> None:
        """Trading in a symbol stops."""
        self.exchange.action(halt={"symbol": symbol})
        if any(order["type"] == "market" for order in live_orders(self.state(), symbol)):
            # A sale that met the halt ends at the close, and nobody stands in for it before the next run (ALPACA 2.2).
            self.bareness.because(symbol, Cause.HALT)
        self.counts["halts"] += 1
        self._note(f"{symbol} is halted")

    def trades_again(self) -> None:
        """Every halt ends."""
        for symbol in self.state()["halted"]:
            self.exchange.action(resume={"symbol": symbol})
            self._note(f"{symbol} trades again")

    # -- the trader on the telephone

    def buys(self, symbol: str, qty: int) -> None:
        """Shares bought behind Sentinel's back."""
        self._by_hand(symbol, f"{qty} {symbol} are bought by telephone")
        self.exchange.trade(symbol, qty, "buy", self.prices[symbol])
        self.looks_at_open_market()

    def sells(self, symbol: str, qty: int) -> None:
        """Shares sold behind Sentinel's back, at most those held."""
        held = int(positions(self.state()).get(symbol, 0))
        if held > 0:
            self._by_hand(symbol, f"{min(qty, held)} of {held} {symbol} are sold by telephone")
            self.exchange.trade(symbol, min(qty, held), "sell", self.prices[symbol])
            self.looks_at_open_market()

    def cancels(self, symbol: str) -> None:
        """A stop, or a waiting entry, cancelled by telephone."""
        for order in live_orders(self.state(), symbol)[:1]:
            self._by_hand(symbol, f"{order['type']} {order['side']} of {symbol} is cancelled by telephone")
            self.exchange.action(cancel={"order_id": order["id"]})
            self.looks_at_open_market()

    def lowers(self, symbol: str, pct: int) -> None:
        """A stop moved down by telephone."""
        for order in live_orders(self.state(), symbol):
            if is_protection(order) and order["side"] == "sell" and order["status"] in ("new", "held"):
                price = (Decimal(order["stop_price"]) * (100 - pct) / 100).quantize(CENT)
                self._by_hand(symbol, f"the stop of {symbol} is lowered to {price} by telephone")
                self.exchange.action(replace={"order_id": order["id"], "stop_price": str(price)})
                return

    def _by_hand(self, symbol: str, words: str) -> None:
        self.bareness.because(symbol, Cause.BY_HAND)
        self.counts["hand_trades"] += 1
        self._note(words)

    # -- judging

    def looks_at_open_market(self) -> None:
        """Bare shares while the market is open are counted; those without a reason are a broken promise."""
        self.case.findings += self.bareness.look(self.state())

    def _follow(self, line: str, outcome: RunOutcome, seen: RunSeen) -> None:
        """Remember what a run said, and count what it did."""
        self.has_concluded = self.has_concluded and outcome.exit_code in WORKED
        self.counts["runs"] += 1
        self.counts["kills"] += outcome.exit_code == KILLED
        asked, had = (sum(state["requests"]["counts"].values()) for state in (seen.after, seen.before))
        self.counts["requests"] += asked - had
        for deed in (seen.document or {}).get("actions", ()):
            if deed["outcome"] == "done" and not deed["verb"].startswith("follow"):
                self.counts[deed["verb"]] += 1
        if seen.has_concluded and line.startswith(EVENING):
            self._remember(seen)

    def _remember(self, seen: RunSeen) -> None:
        document = seen.document or {}
        self.bareness.begin_anew(seen.after, seen.alarmed)
        self.questions = [row["id"] for row in document["approvals"] if row["state"] == WAITING]
        findings = document["findings"]
        self.unexplained = [row["symbol"] for row in findings if row["code"] == UNEXPLAINED]
        # A run that lost sight of something under a fault says so; the trader runs again.
        self.has_concluded = not any(row["code"] in LOST_SIGHT for row in findings)

    def _count_faults(self) -> None:
        for rule in self.state()["faults"]:
            self.counts["faults_injected"] += rule["struck"]
            if rule["struck"]:
                self.counts[f"fault: {rule['kind']}"] += rule["struck"]

    def _break(self, violation: Violation) -> None:
        self.case.findings.append(violation)

    def _note(self, words: str) -> None:
        """Write the diary, and see whether a promise was broken by what is written."""
        self.diary.append(words)
        watched = reported(self.case.folder)
        news: list[Finding] = [*self.case.findings[self._judged :], *watched[self._watched :]]
        self._judged, self._watched = len(self.case.findings), len(watched)
        for broken in violations(news):
            # What led there is told with it: a life goes on for a while before it is looked at again.
            self.broken.append(
                Violation(broken.invariant, broken.symbol, f"{broken.words}\n      {self._last_pages()}")
            )
        for found in news:
            if isinstance(found, Unavoidable):
                self.counts[f"after a run: {found.cause}"] += 1

    def _last_pages(self) -> str:
        return "\n      ".join(self.diary[-DIARY_TOLD:])

    def close(self) -> None:
        """The end of this life: keys are looked for in everything that was written."""
        self._count_faults()
        self.case.close()
        self._judged = len(self.case.findings) - len(self.case.findings[self._judged :])
        self._note("the end")


def _alarms(outcome: RunOutcome) -> list[str]:
    findings = (outcome.document or {}).get("findings", [])
    return [f"{row['code']} {row['symbol']}" for row in findings if row["severity"] == "alarm"]


@contextmanager
def world(folder: Path, name: str, hours: Hours, **modes: Any) -> Iterator[World]:
    """An account that begins with nothing, in a folder of that name; gone afterwards."""
    template = Template(Scenario(name, lambda _desk: None), hours, folder / name)
    template.folder.mkdir()
    try:
        with exchange_process(
            template.folder / STATE, template.folder / "home" / LEDGER, bars=first_bars(), start=START
        ) as exchange:
            desk = Desk(template.folder, exchange)
            desk.opens(hours)
            exchange.modes(**modes)
            prices = dict.fromkeys(SYMBOLS, Decimal(100))
            yield World(Case(template, template.folder, exchange), desk, prices)
    finally:
        shutil.rmtree(template.folder, ignore_errors=True)
