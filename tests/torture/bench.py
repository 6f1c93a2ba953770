"""Where layers work: prepared scenarios, worker processes, and the count of what was planned, done and found."""

from __future__ import annotations

import random
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any, TypeVar

from tests.torture.case import Template, prepare, templates
from tests.torture.desk import START, Hours, first_bars
from tests.torture.exchange_process import warm_up
from tests.torture.scenarios import SCENARIOS, Scenario
from tests.torture.verdicts import Finding, Unavoidable, Violation, violations
from tests.torture.victim import import_everything

Item = TypeVar("Item")
TOLD_EVERY = 250
# Of fewer cases than this, so many would only prepare what is hardly used.
ENOUGH_FOR_ALL_MODES = 1000


@dataclass(frozen=True, slots=True)
class CaseReport:
    """What came of one case: its key, which replays it, what was found, the recovery branches it took, and notes."""

    key: str
    findings: list[Finding]
    branches: frozenset[str] = frozenset()
    notes: Any = None


Do = Callable[[Path, str], CaseReport]


@dataclass
class LayerReport:
    """What came of a layer; it holds when all that was planned was done and nothing was violated."""

    name: str
    planned: int = 0
    done: int = 0
    seconds: float = 0.0
    violations: list[tuple[str, Violation]] = field(default_factory=list)
    unavoidable: Counter[str] = field(default_factory=Counter)
    branches: Counter[str] = field(default_factory=Counter)
    counts: Counter[str] = field(default_factory=Counter)
    missing: list[str] = field(default_factory=list)
    table: list[str] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Whether the promise of the layer is kept."""
        return 0 < self.planned == self.done and not self.violations and not self.missing

    def add(self, report: CaseReport) -> None:
        """Count one case."""
        self.done += 1
        self.branches.update(report.branches)
        for finding in report.findings:
            if isinstance(finding, Violation):
                self.violations.append((report.key, finding))
            else:
                self.unavoidable[_words(finding)] += 1


def _words(bare: Unavoidable) -> str:
    return f"{bare.cause} (the market {'open' if bare.is_market_open else 'closed'})"


@dataclass
class Bench:
    """The folder of a session of torture, its seed, its size (None: everything), its workers, its part of the whole."""

    folder: Path
    seed: int = 1
    size: int | None = None
    workers: int = 2
    progress: Callable[[str], None] = lambda _line: None
    part: tuple[int, int] = (1, 1)
    # Those of the scenarios that take part; none named, all do.
    scenarios: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        import_everything()
        warm_up(self.folder, first_bars(), START)

    def sample(self, items: Iterable[Item], share: float = 1.0, *, salt: str = "") -> list[Item]:
        """All items at full size; else as many as this share of the size, chosen by the seed."""
        known = list(items)
        if self.size is None or len(known) <= self.size * share:
            return known
        return random.Random(f"{self.seed} {salt}").sample(known, max(1, int(self.size * share)))

    @property
    def size_of_all_parts(self) -> int | None:
        """The size the whole was given; None: everything."""
        return None if self.size is None else self.size * self.part[1]

    def own(self, keys: list[Item]) -> list[Item]:
        """Those of the keys that belong to this part."""
        number, parts = self.part
        return keys[number - 1 :: parts]

    @property
    def has_all_modes(self) -> bool:
        """Whether every scenario is played in each of its modes; of a small size, in one the seed chooses."""
        return self.size_of_all_parts is None or self.size_of_all_parts >= ENOUGH_FOR_ALL_MODES

    def names(self) -> list[str]:
        """The scenarios of this part, in the modes its size allows."""
        chosen = [(scenario, hours) for scenario in SCENARIOS for hours in self._modes(scenario)]
        chosen = [pair for pair in chosen if not self.scenarios or pair[0].name in self.scenarios]
        return self.own([f"{scenario.name}@{hours}" for scenario, hours in chosen])

    def _modes(self, scenario: Scenario) -> tuple[Hours, ...]:
        if self.has_all_modes:
            return scenario.hours
        return (random.Random(f"{self.seed} {scenario.name}").choice(scenario.hours),)

    def prepare(self) -> list[str]:
        """The scenarios of this part played up to their beginning; their names."""
        names = self.names()
        list(self.map(_prepare, names))
        return names

    def map(self, do: Callable[[Path, str], Item], keys: Sequence[str]) -> Iterable[Item]:
        """What comes of every key, in the order they are done; a dead worker is an error, never a silence."""
        with ProcessPoolExecutor(self.workers, mp_context=get_context("fork")) as pool:
            for future in as_completed([pool.submit(do, self.folder, key) for key in keys]):
                yield future.result()

    def work(self, layer: LayerReport, do: Do, keys: Sequence[str]) -> list[CaseReport]:
        """Do the cases, count them in the layer's report; their reports."""
        began = time.monotonic()
        layer.planned += len(keys)
        reports = []
        for report in self.map(_Guarded(do), keys):
            layer.add(report)
            reports.append(report)
            for broken in violations(report.findings):
                self.progress(f"{layer.name}: {report.key}: {broken}")
            if len(reports) % TOLD_EVERY == 0:
                told = f"{len(reports)} of {len(keys)} cases, {len(layer.violations)} violations"
                self.progress(f"{layer.name}: {told}, {time.monotonic() - began:.0f} s")
        layer.seconds += time.monotonic() - began
        return reports


@dataclass(frozen=True)
class _Guarded:
    """A case whose own breaking is a violation, told with its key."""

    do: Do

    def __call__(self, folder: Path, key: str) -> CaseReport:
        try:
            return self.do(folder, key)
        except Exception:  # noqa: BLE001 - a torn harness proves nothing: it is told like a broken invariant
            return CaseReport(key, [Violation(0, None, f"the harness broke: {traceback.format_exc()}")])


def template_of(folder: Path, name: str) -> Template:
    """The prepared scenario of a name such as three-stairs@new-pending, prepared now if it is not yet."""
    scenario, hours = next(pair for pair in templates() if f"{pair[0].name}@{pair[1]}" == name)
    template = Template(scenario, hours, folder / name)
    return template if template.folder.exists() else prepare(scenario, hours, folder)


def _prepare(folder: Path, name: str) -> str:
    return template_of(folder, name).name
