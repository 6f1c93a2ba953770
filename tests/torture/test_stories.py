"""Every branch of recovery is taken by a story; the same is `scripts/torture stories --reach`."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_branch_of_recovery_is_taken(capsys):
    command = [sys.executable, "-m", "tests.torture", "stories", "--reach", "--workers", "1"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    with capsys.disabled():
        sys.stdout.write(f"\n{done.stdout}{done.stderr}")
    assert done.returncode == 0, done.stdout + done.stderr
