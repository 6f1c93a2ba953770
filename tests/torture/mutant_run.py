"""The test-suite against bugs put in by hand: each is applied to a copy of the code, and a test must fail."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.torture.bench import Bench, CaseReport, LayerReport
from tests.torture.mutant import DoesNotApply, Mutant
from tests.torture.mutants import BY_KEY, MUTANTS
from tests.torture.verdicts import Violation

NAME = "mutants"
ROOT = Path(__file__).parents[2]
COPIED = ("sentinel", "migrations", "tests", "pyproject.toml")
# What the unmutated copy is asked for, in so many parts: every killer must pass there.
SOUND = tuple(f"unmutated-{part}-of-4" for part in range(1, 5))
A_TEST_FAILED, BROKEN_IMPORT, WRONG_COPY = 1, 90, 91
LONGEST_S = 300
FAILED = re.compile(r"^(?:FAILED|ERROR) (.+?)(?: - .*)?$", re.MULTILINE)
# pytest, after the mutated module was imported from the copy and from nowhere else.
PROGRAM = f"""
import importlib, sys, traceback
from pathlib import Path
try:
    module = importlib.import_module(sys.argv[1])
except BaseException:
    traceback.print_exc()
    sys.exit({BROKEN_IMPORT})
if Path.cwd() not in Path(module.__file__).parents:
    sys.exit({WRONG_COPY})
import pytest
sys.exit(pytest.main(sys.argv[2:]))
"""


@dataclass(frozen=True, slots=True)
class Ending:
    """How a call of pytest ended: its exit code, what it printed, and after how many seconds."""

    exit_code: int | None
    told: str
    seconds: float

    @property
    def first_failing(self) -> str:
        """The test that noticed."""
        found = FAILED.search(self.told)
        return found[1].removeprefix("tests/") if found else "no test"

    @property
    def words(self) -> str:
        """What came of it where no test failed."""
        known = {
            None: f"the tests went on for more than {LONGEST_S} s",
            0: "survived: its killers pass",
            BROKEN_IMPORT: "cannot be imported, which no trader would have to find out",
            WRONG_COPY: "the tests would have run on another copy of the code",
        }
        return known.get(self.exit_code, f"pytest ended with {self.exit_code}")


def run_layer(bench: Bench) -> LayerReport:
    """Every mutant must apply; those of the sample must be killed; at full size the killers pass without a mutant."""
    layer = LayerReport(NAME)
    layer.violations += [(mutant.key, Violation(0, None, words)) for mutant in MUTANTS if (words := misfit(mutant))]
    number, parts = bench.part
    sound = SOUND[number - 1 :: parts] if bench.size is None else ()
    chosen = bench.sample([mutant.key for mutant in MUTANTS[number - 1 :: parts]], salt=NAME)
    reports = bench.work(layer, replay, [*sound, *chosen])
    killed = {report.key: report.notes for report in reports if report.notes and not report.findings}
    layer.table += [f"{killed[m.key]}  {m.name}" for m in MUTANTS if m.key in killed]
    layer.counts.update(mutants_known=len(MUTANTS), mutants_killed=len(killed))
    return layer


def replay(folder: Path, key: str) -> CaseReport:
    """One mutant, or one part of the killers on the code as it is."""
    if key in SOUND:
        killers = all_killers()[SOUND.index(key) :: len(SOUND)]
        with copy_of_the_code(folder / key) as root:
            ending = run_killers(root, "sentinel", killers)
        words = f"its killers do not pass on the code as it is ({ending.words}): {ending.told[-2000:]}"
        return CaseReport(key, [Violation(0, None, words)] if ending.exit_code != 0 else [])
    mutant = BY_KEY[key]
    unfit = misfit(mutant)
    if unfit is not None:
        return CaseReport(key, [Violation(0, None, unfit)])
    with copy_of_the_code(folder / key) as root:
        mutant.apply(root)
        ending = run_killers(root, mutant.module, mutant.killers)
    if ending.exit_code != A_TEST_FAILED:
        told = f"{mutant.name}: {ending.words}; {', '.join(mutant.killers)}: {ending.told[-500:]}"
        return CaseReport(key, [Violation(0, None, told)])
    return CaseReport(key, [], notes=f"{ending.seconds:5.1f} s  {ending.first_failing:100}")


def misfit(mutant: Mutant) -> str | None:
    """Why a mutant does not fit the code as it stands; None when it does."""
    try:
        mutant.applied_to((ROOT / mutant.file).read_text(encoding="utf-8"))
    except (DoesNotApply, OSError) as error:
        return f"{mutant.name}: {error}"
    return None


def all_killers() -> list[str]:
    """Every killer once; a test whose whole file is a killer too is not named again."""
    named = {killer for mutant in MUTANTS for killer in mutant.killers}
    return sorted(killer for killer in named if "::" not in killer or killer.split("::")[0] not in named)


def run_killers(root: Path, module: str, killers: Sequence[str]) -> Ending:
    """pytest on these tests in a copy, up to the first that fails."""
    words = [sys.executable, "-c", PROGRAM, module]
    words += ["-x", "-q", "-p", "no:cacheprovider", f"--basetemp={root / 'tmp'}", *killers]
    surroundings = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    began = time.monotonic()
    try:
        done = subprocess.run(
            words,
            cwd=root,
            env=surroundings | {"PYTHONPATH": str(root)},
            capture_output=True,
            text=True,
            check=False,
            timeout=LONGEST_S,
        )
    except subprocess.TimeoutExpired:
        return Ending(None, "", LONGEST_S)
    return Ending(done.returncode, done.stdout + done.stderr, time.monotonic() - began)


@contextmanager
def copy_of_the_code(root: Path) -> Iterator[Path]:
    """A copy of all that the killers need, gone afterwards."""
    root.mkdir(parents=True)
    try:
        for name in COPIED:
            source = ROOT / name
            copy = shutil.copytree if source.is_dir() else shutil.copy2
            copy(source, root / name)
        yield root
    finally:
        shutil.rmtree(root, ignore_errors=True)
