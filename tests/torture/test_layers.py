"""Every layer of the torture at the size of the test-suite; each at any size is `scripts/torture LAYER --size N`."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# Layers, and in how many parts, the longest first, so that all processes end at about the same time. Layers of one
# row share what they prepare.
PARTS = {
    "stories --reach": 1,
    "crash faults pairs": 2,
    "mutants": 2,
    "rollback": 2,
    "chaos": 2,
    "soak": 3,
    "bitflips": 1,
}
ROWS = [(layers, f"{number}/{parts}") for layers, parts in PARTS.items() for number in range(1, parts + 1)]


@pytest.mark.parametrize(("layers", "part"), ROWS, ids=lambda word: word.replace(" ", "-"))
def test_it_holds(layers, part):
    """What it printed, cases planned and done among it, is shown by `pytest -rP`."""
    command = [sys.executable, "-m", "tests.torture", *layers.split(), "--part", part, "--workers", "1"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    sys.stdout.write(done.stdout + done.stderr)
    assert done.returncode == 0
