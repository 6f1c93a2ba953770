"""A seeded sample of flipped bits; 600 of them are `scripts/torture bitflips --size full`."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_no_flipped_bit_goes_unnoticed(capsys):
    command = [sys.executable, "-m", "tests.torture", "bitflips", "--size", "small", "--workers", "1"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    with capsys.disabled():
        sys.stdout.write(f"\n{done.stdout}{done.stderr}")
    assert done.returncode == 0, done.stdout + done.stderr
