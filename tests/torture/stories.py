"""The stories in which recovery itself is broken: run once more, with every recovery branch they take written down."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.torture.bench import Bench, CaseReport, LayerReport
from tests.torture.verdicts import Violation

NAME = "stories"
ROOT = Path(__file__).parents[2]
# Together they take every recovery branch, also those that need two troubles at one instant.
FILES = (
    "tests/execution/test_journal.py",
    "tests/stories/test_meanwhile.py",
    "tests/stories/test_selling.py",
    "tests/stories/test_adversity.py",
    "tests/stories/test_partial_profits.py",
)
LONGEST_S = 900
# Of a bounded size: without the same stories in the exchange's other mode, and without kills: the crash sweep kills.
ENOUGH = "not accepted and not killed_at_any_request"
# pytest, with the branches told from before the first import of Sentinel.
PROGRAM = """
import sys
from pathlib import Path
from tests.torture import reach
reach.install()
reach.tell_branches(Path(sys.argv[1]))
import pytest
sys.exit(pytest.main(sys.argv[2:]))
"""


def run_layer(bench: Bench) -> LayerReport:
    """Every file of stories; of a bounded size, fewer cases of each: a part takes its share of the files."""
    layer = LayerReport(NAME)
    bench.work(layer, replay if bench.size is None else _replay_enough, bench.own(list(FILES)))
    return layer


def replay(folder: Path, key: str) -> CaseReport:
    """One file of stories; a story that fails is a violation, and so is a file that is not done in time."""
    return _replay(folder, key)


def _replay_enough(folder: Path, key: str) -> CaseReport:
    return _replay(folder, key, "-k", ENOUGH)


def _replay(folder: Path, key: str, *chosen: str) -> CaseReport:
    work = folder / f"{NAME}-{Path(key).stem}"
    work.mkdir(parents=True)
    told = work / "branches.txt"
    told.touch()
    words = [
        sys.executable,
        "-c",
        PROGRAM,
        str(told),
        "-q",
        "-p",
        "no:cacheprovider",
        f"--basetemp={work / 'tmp'}",
        key,
        *chosen,
    ]
    surroundings = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    surroundings["PYTHONPATH"] = str(ROOT)
    done = subprocess.run(
        words, cwd=ROOT, env=surroundings, capture_output=True, text=True, check=False, timeout=LONGEST_S
    )
    broken = (
        [Violation(0, None, f"a story fails: {done.stdout[-2000:]}{done.stderr[-500:]}")] if done.returncode else []
    )
    return CaseReport(key, list(broken), frozenset(told.read_text("utf-8").splitlines()))
