"""Trader and market do anything in any order, and no invariant breaks: a state machine for hypothesis to drive."""

from __future__ import annotations

import traceback
from collections import Counter
from contextlib import ExitStack
from datetime import timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import ClassVar

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.torture.bench import Bench, CaseReport, LayerReport
from tests.torture.desk import SYMBOLS, Hours
from tests.torture.scenarios import ALL_HOURS
from tests.torture.soak import moved, session_of
from tests.torture.verdicts import Violation
from tests.torture.victim import Point
from tests.torture.world import World, world

# What holds after every step, whoever did it; the oracle (oracle.py, event_oracle.py, watch.py) is the judge.
#   I1   coverage is complete, or an alarm names symbol, shares and reason
#   I2   no stop is lowered (split-adjusted)
#   I3   at most one live entry an intent
#   I4   what is on sale never exceeds what is held
#   I5   the ledger equals the broker after a clean run
#   I6   a committed intent precedes every mutation
#   I7   after faults stop, one clean run settles everything
#   I8   a second clean run sends nothing
#   I9   a fault on one symbol changes no other symbol's end state
#   I10  exit 0 exactly when I1, I5 and I7 hold and no alarm is open
#   I11  halted: no entry, no profit sale, protection goes on
#   I12  no key in any artefact

NAME = "chaos"
STEPS = 16
ACCOUNTS_A_BATCH, BATCHES = 10, 40
A_FULL_DAY, A_YEAR = timedelta(days=1), timedelta(days=365)

some_symbol = st.sampled_from(SYMBOLS)
a_few = st.integers(1, 9)
moves = st.tuples(
    *(st.tuples(st.sampled_from((0, 0, -10, 9)), st.sampled_from((0, 2, 5, 9, -3, -6, -12))) for _ in SYMBOLS)
)
points = st.one_of(
    st.builds(Point, st.just("request"), st.integers(5, 20), st.sampled_from(("before", "applied", "after"))),
    st.builds(Point, st.just("commit"), st.integers(1, 25), st.sampled_from(("before", "inside", "after"))),
)
# A delay costs seconds of real time each; the fault sweep and the soak have it.
fault_rules = st.fixed_dictionaries(
    {
        "method": st.sampled_from(("*", "*", "GET", "POST", "PATCH", "DELETE")),
        "path": st.sampled_from(("", "", "/v2/orders", "/v2/orders", "/v2/orders/", "/v2/positions", "account")),
        "nth": st.sampled_from((1, 1, 2, 3, 6)),
        "kind": st.sampled_from(
            (
                *("drop_before", "drop_after", "429", "500", "503", "504", "redirect", "empty", "truncated"),
                *("reset", "stale", "unknown_enum", "wrong_shape"),
            )
        ),
    }
)


class Chaos(RuleBasedStateMachine):
    """One account; the rules are everything that can happen to it."""

    folder: ClassVar[Path]
    counts: ClassVar[Counter[str]]
    branches: ClassVar[set[str]]
    numbers: ClassVar[count[int]]

    def __init__(self) -> None:
        super().__init__()
        self._stack = ExitStack()
        self._world: World | None = None
        self._is_open = False

    @property
    def world(self) -> World:
        """The account, once it is opened."""
        if self._world is None:
            raise AssertionError("no account has been opened")
        return self._world

    @initialize(
        hours=st.sampled_from(ALL_HOURS),
        cancels=st.sampled_from(("at_once", "asynchronous")),
        split_orders=st.sampled_from(("in_place", "replaced")),
        replacements=st.sampled_from(("immediate", "pending")),
    )
    def opens_account(self, hours: Hours, cancels: str, split_orders: str, replacements: str) -> None:
        name = f"chaos-{next(self.numbers)}"
        modes = {"cancels": cancels, "split_orders": split_orders, "replacements": replacements}
        self._world = self._stack.enter_context(world(self.folder, name, hours, **modes))
        self.world.enters("AAPL", 7)
        self._day()

    # -- the trader

    @rule(symbol=some_symbol, qty=a_few, under_pct=st.sampled_from((0, 0, 2)))
    def enters(self, symbol: str, qty: int, under_pct: int) -> None:
        self.world.enters(symbol, qty, under_pct)

    @rule()
    def evening(self) -> None:
        self.world.evening()

    @rule(point=points)
    def evening_killed(self, point: Point) -> None:
        self.world.evening(point)

    @rule(
        line=st.sampled_from(
            ("rescue-stops", "update-trailing-stops", "reconcile-fills", "reconcile-positions", "cleanup-orphans")
        )
    )
    def one_command(self, line: str) -> None:
        self.world.types(line)

    @rule(skew=st.sampled_from((A_FULL_DAY, -A_FULL_DAY, A_YEAR, -A_YEAR)))
    def clock_jumps(self, skew: timedelta) -> None:
        self.world.types("evening-workflow --non-interactive", skew=skew)

    @rule()
    def two_at_once(self) -> None:
        self.world.two_at_once()

    @rule(word=st.sampled_from(("approve", "reject")))
    def answers(self, word: str) -> None:
        self.world.answers(word)

    @rule()
    def adopts(self) -> None:
        self.world.adopts()

    @rule(word=st.sampled_from(("halt", "resume", "resume")))
    def halts_or_resumes(self, word: str) -> None:
        self.world.types(f"{word} --reason chaos")

    @rule()
    def settles(self) -> None:
        self.world.settles()

    # -- bad luck

    @rule(rules=st.lists(fault_rules, min_size=1, max_size=3))
    def faulty_evening(self, rules: list[dict[str, object]]) -> None:
        self.world.faults(*rules)
        self.world.evening()

    @rule(rules=st.lists(fault_rules, min_size=1, max_size=3), symbol=some_symbol, qty=a_few)
    def faulty_evening_after_a_purchase(self, rules: list[dict[str, object]], symbol: str, qty: int) -> None:
        self.world.buys(symbol, qty)
        self.world.faults(*rules)
        self.world.evening()

    @rule(rules=st.lists(fault_rules, min_size=1, max_size=2), symbol=some_symbol, qty=a_few)
    def faulty_entry(self, rules: list[dict[str, object]], symbol: str, qty: int) -> None:
        self.world.faults(*rules)
        self.world.enters(symbol, qty)

    @rule()
    def keys_expire(self) -> None:
        self.world.faults_end()
        self.world.keys_expire()

    @rule()
    def backs_up(self) -> None:
        self.world.backs_up()

    @rule(back_to=st.one_of(st.none(), st.integers(0, 3)))
    def loses_ledger(self, back_to: int | None) -> None:
        self.world.loses_ledger(back_to)

    # -- the market

    @precondition(lambda self: not self._is_open)
    @rule(told=moves)
    def opens(self, told: tuple[tuple[int, int], ...]) -> None:
        self.world.insists()
        self.world.opens(self._bars(told))
        self._is_open = True

    @precondition(lambda self: self._is_open)
    @rule()
    def closes(self) -> None:
        self.world.closes()
        self._is_open = False

    @rule(symbol=some_symbol)
    def up_a_stair_and_back(self, symbol: str) -> None:
        for close_pct in (9, -7):
            self._day(**{symbol: close_pct})
            self.world.evening()

    @rule(sessions=st.integers(2, 4))
    def days_off(self, sessions: int) -> None:
        for _ in range(sessions):
            self._day()

    @rule(symbol=some_symbol, qty=st.integers(1, 4))
    def partly_fills(self, symbol: str, qty: int) -> None:
        self.world.partly_fills(symbol, qty)

    @rule(symbol=some_symbol, ratio=st.sampled_from(("2", "3", "0.1", "0.5")))
    def splits(self, symbol: str, ratio: str) -> None:
        if Decimal(5) < self.world.prices[symbol] / Decimal(ratio) < Decimal(2000):
            self.world.splits(symbol, ratio)

    @rule(symbol=some_symbol)
    def halted(self, symbol: str) -> None:
        self.world.halts(symbol)

    @rule()
    def trades_again(self) -> None:
        self.world.trades_again()

    # -- the telephone

    @rule(symbol=some_symbol, qty=a_few)
    def buys(self, symbol: str, qty: int) -> None:
        self.world.buys(symbol, qty)

    @rule(symbol=some_symbol, qty=st.sampled_from((1, 3, 1000)))
    def sells(self, symbol: str, qty: int) -> None:
        self.world.sells(symbol, qty)

    @rule(symbol=some_symbol)
    def cancels(self, symbol: str) -> None:
        self.world.cancels(symbol)

    @rule(symbol=some_symbol, pct=st.integers(1, 9))
    def lowers(self, symbol: str, pct: int) -> None:
        self.world.lowers(symbol, pct)

    @invariant()
    def all_hold(self) -> None:
        if self._world is not None:
            self.counts["steps"] += 1
            self._must_hold()

    def teardown(self) -> None:
        try:
            if self._world is not None and not self.world.broken:
                self.world.trades_again()
                self.world.settles()
                self.world.close()
                self._must_hold()
        finally:
            if self._world is not None:
                self.counts.update(self.world.counts + self.world.bareness.share_sessions())
                self.counts["accounts"] += 1
                self.branches.update(self.world.case.branches)
            self._stack.close()

    def _must_hold(self) -> None:
        broken = self.world.broken
        assert not broken, str(broken[0])

    def _day(self, **close_pct: int) -> None:
        """A whole session without a run in it; where the trader's last run failed, another goes before it."""
        if self._is_open:
            self.world.closes()
        self.world.insists()
        self.world.opens(self._bars(tuple((0, close_pct.get(symbol, 0)) for symbol in SYMBOLS)))
        self.world.closes()
        self._is_open = False

    def _bars(self, told: tuple[tuple[int, int], ...]) -> dict[str, str]:
        bars = {}
        for symbol, (gap_pct, close_pct) in zip(SYMBOLS, told, strict=True):
            opened = moved(self.world.prices[symbol], gap_pct)
            bars[symbol] = session_of(opened, moved(opened, close_pct), 1, 1)
        return bars


def run_layer(bench: Bench) -> LayerReport:
    """Accounts in batches, each batch with a seed of its own; a bounded size is a number of accounts."""
    layer = LayerReport(NAME)
    accounts = bench.size_of_all_parts or ACCOUNTS_A_BATCH * BATCHES
    batch = min(ACCOUNTS_A_BATCH, bench.size or ACCOUNTS_A_BATCH)
    keys = bench.own([f"{bench.seed}.{number}.{batch}" for number in range(-(-accounts // batch))])
    for report in bench.work(layer, live, keys):
        layer.counts.update(report.notes or {})
    return layer


def live(folder: Path, key: str) -> CaseReport:
    """A batch of accounts, by its key: seed, number, accounts."""
    return _drive(folder, key, (Phase.generate,))


def replay(folder: Path, key: str) -> CaseReport:
    """A batch again, and its failure made as small as hypothesis can."""
    return _drive(folder, key, (Phase.generate, Phase.shrink))


def _drive(folder: Path, key: str, phases: tuple[Phase, ...]) -> CaseReport:
    """Let hypothesis drive a batch; what it finds broken comes with the steps that led there."""
    place = folder / f"chaos-{key}"
    place.mkdir(exist_ok=True)
    machine = type("Driven", (Chaos,), {"folder": place})
    Chaos.counts, Chaos.branches, Chaos.numbers = Counter(), set(), count(1)
    how = settings(
        max_examples=int(key.rsplit(".", 1)[1]),
        stateful_step_count=STEPS,
        phases=phases,
        deadline=None,
        database=None,
        print_blob=False,
        suppress_health_check=list(HealthCheck),
    )
    found = []
    try:
        run_state_machine_as_test(seed(key)(machine), settings=how)
    except AssertionError as broken:
        steps = "\n      ".join(getattr(broken, "__notes__", []))
        found.append(Violation(_number(str(broken)), None, f"{broken}\n      {steps}"))
    except Exception:  # noqa: BLE001 - a torn harness proves nothing
        found.append(Violation(0, None, f"the harness broke: {traceback.format_exc()}"))
    return CaseReport(key, [*found], frozenset(Chaos.branches), Chaos.counts)


def _number(words: str) -> int:
    return int(words[1 : words.index(" ")]) if words.startswith("I") else 0
