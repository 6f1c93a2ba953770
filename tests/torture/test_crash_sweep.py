"""A seeded sample of the kills, over every scenario; all of them are `scripts/torture crash --size full`."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PURE = ("oracle", "event_oracle", "broker_state", "ledger_image", "verdicts")


@pytest.mark.parametrize("part", ["1/4", "2/4", "3/4", "4/4"])
def test_killed_anywhere_one_run_repairs_and_a_second_sends_nothing(part, capsys):
    command = [sys.executable, "-m", "tests.torture", "crash", "--size", "small", "--part", part, "--workers", "1"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    with capsys.disabled():
        sys.stdout.write(f"\n{done.stdout}{done.stderr}")
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_oracle_knows_nothing_of_sentinel():
    imports = "; ".join(f"import tests.torture.{name}" for name in PURE)
    probe = f"import sys; {imports}; print([name for name in sys.modules if name.split('.')[0] == 'sentinel'])"
    done = subprocess.run([sys.executable, "-c", probe], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
