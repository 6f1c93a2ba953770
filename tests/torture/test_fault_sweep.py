"""A seeded sample of the faults, single and in pairs; all of them are `scripts/torture faults pairs --size full`."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("part", ["1/2", "2/2"])
def test_whatever_goes_wrong_with_a_request_one_run_repairs_and_no_other_symbol_notices(part, capsys):
    command = [sys.executable, "-m", "tests.torture", "faults", "pairs", "--part", part, "--workers", "1"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    with capsys.disabled():
        sys.stdout.write(f"\n{done.stdout}{done.stderr}")
    assert done.returncode == 0, done.stdout + done.stderr
