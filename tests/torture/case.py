"""Prepares every scenario once, and gives each case a copy of it: home, exchange, and the runs it makes of them."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from itertools import count
from pathlib import Path

from sentinel.simulator.running import RunningExchange
from tests.torture.broker_state import State
from tests.torture.desk import START, Desk, Hours, first_bars
from tests.torture.exchange_process import KEY, SECRET, exchange_process
from tests.torture.fault_kinds import Blow
from tests.torture.ledger_image import LedgerImage, read_ledger
from tests.torture.oracle import RunSeen, judge_run
from tests.torture.scenarios import SCENARIOS, Scenario
from tests.torture.secrets_oracle import judge_secrets, judge_words
from tests.torture.verdicts import Finding
from tests.torture.victim import RIGHT_TIME, Point, RunOutcome, run_victim
from tests.torture.watch import reported
from tests.torture.wire_faults import STILL_COMING

MEMORY_DISK = Path("/dev/shm")
ROOM_NEEDED = 1_000_000_000  # bytes
STATE, LEDGER = "exchange.db", "sentinel.db"
# The exchange's own files, and the requests the harness keeps to let them arrive late.
NOT_SENTINELS = (STATE, f"{STATE}-wal", f"{STATE}-shm", f"{STATE}.url", f"{STATE}.lock", STILL_COMING)
_numbers = count(1)


@dataclass(frozen=True)
class Template:
    """A scenario in one mode of the exchange's hours, prepared in a folder."""

    scenario: Scenario
    hours: Hours
    folder: Path

    @cached_property
    def name(self) -> str:
        """As in three-stairs@accepted-pending."""
        return f"{self.scenario.name}@{self.hours}"


def templates() -> list[tuple[Scenario, Hours]]:
    """Every scenario in each of its modes."""
    return [(scenario, hours) for scenario in SCENARIOS for hours in scenario.hours]


def prepare(scenario: Scenario, hours: Hours, workshop: Path) -> Template:
    """Play what comes before, once; what is left in the folder is what every case begins with."""
    template = Template(scenario, hours, workshop / f"{scenario.name}@{hours}")
    template.folder.mkdir()
    with exchange_process(template.folder / STATE, bars=first_bars(), start=START) as exchange:
        desk = Desk(template.folder, exchange)
        desk.opens(hours)
        scenario.prepare(desk)
    return template


@contextmanager
def workshop() -> Iterator[Path]:
    """A folder that goes away in the end, on a memory disk where there is one with room."""
    is_usable = MEMORY_DISK.is_dir() and os.access(MEMORY_DISK, os.W_OK)
    place = MEMORY_DISK if is_usable and shutil.disk_usage(MEMORY_DISK).free >= ROOM_NEEDED else None
    with tempfile.TemporaryDirectory(prefix="sentinel-torture-", dir=place) as folder:
        yield Path(folder)


@dataclass
class Case:
    """One copy of a scenario, and everything found wrong with it so far."""

    template: Template
    folder: Path
    exchange: RunningExchange
    findings: list[Finding] = field(default_factory=list)
    branches: set[str] = field(default_factory=set)

    @property
    def ledger_path(self) -> Path:
        """The ledger's file."""
        return self.folder / "home" / LEDGER

    def state(self) -> State:
        """The exchange's own state."""
        return self.exchange.state()

    def ledger(self) -> LedgerImage:
        """The ledger as it stands."""
        return read_ledger(self.ledger_path)

    @property
    def is_halted(self) -> bool:
        """Whether the trader has halted entries and sales; a ledger that is gone says no."""
        return self.ledger_path.exists() and self.ledger().is_halted

    def run(
        self, line: str, kill: Point | None = None, skew: timedelta = RIGHT_TIME, blows: tuple[Blow, ...] = ()
    ) -> tuple[RunOutcome, RunSeen]:
        """One command, killed at a point or struck by faults if any are given, and judged whatever its end."""
        was_halted, before = self.is_halted, self.state()
        outcome = run_victim(self.folder, line, self.exchange, kill, skew=skew, blows=blows)
        return outcome, self.judge(before, outcome, was_halted=was_halted)

    def judge(self, before: State, outcome: RunOutcome, *, was_halted: bool) -> RunSeen:
        """What was seen of a run, judged."""
        seen = RunSeen(before, self.state(), self.ledger(), outcome.exit_code, outcome.document, was_halted)
        self.findings += judge_run(seen)
        # Each run's own words: the next run writes over them.
        self.findings += judge_words((KEY, SECRET), "what it said", outcome.out + outcome.err)
        self.branches |= outcome.branches
        return seen

    def close(self) -> None:
        """Ask the watch in the exchange, and look for keys in everything Sentinel wrote, its temporary files too."""
        self.findings += reported(self.folder)
        self.findings += judge_secrets((KEY, SECRET), self.folder, without=NOT_SENTINELS)


@contextmanager
def case_of(template: Template) -> Iterator[Case]:
    """A case of a scenario with its own home and its own exchange; both are gone afterwards."""
    folder = template.folder.parent / f"case-{os.getpid()}-{next(_numbers)}"
    shutil.copytree(template.folder, folder)
    try:
        with exchange_process(folder / STATE, folder / "home" / LEDGER) as exchange:
            case = Case(template, folder, exchange)
            yield case
            case.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
