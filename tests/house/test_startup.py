"""Looking things up is instant: the commands a trader types most load none of the slow libraries."""

import subprocess
import sys
from pathlib import Path

import pytest

# alpaca-py and sqlite-utils each bring pandas; the others are the simulated exchange's and the report's.
SLOW = ["alpaca", "flask", "holidays", "numpy", "pandas", "requests", "werkzeug"]

# Runs the command as its entry point does and tells on the last line which of the slow libraries came along.
PROBE = """
import sys
from sentinel.cli import main
code = 0
try:
    code = main()
except SystemExit as end:
    code = end.code
print("loaded:", *[name for name in sys.argv.pop().split(",") if name in sys.modules])
sys.exit(code)
"""


def sentinel(*arguments: str) -> subprocess.CompletedProcess[str]:
    """`sentinel ARGUMENTS` in an interpreter of its own."""
    return subprocess.run([sys.executable, "-m", "sentinel", *arguments], capture_output=True, text=True, check=False)


def loaded_by(*arguments: str) -> tuple[int, str]:
    """The exit code of a command, and which slow libraries it loaded."""
    probe = PROBE.replace("sys.argv.pop()", repr(",".join(SLOW)))
    done = subprocess.run([sys.executable, "-c", probe, *arguments], capture_output=True, text=True, check=False)
    return done.returncode, (done.stdout.splitlines() or [done.stderr])[-1]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh home on the embedded exchange."""
    folder = tmp_path_factory.mktemp("homes") / "home"
    made = sentinel("--home", str(folder), "init")
    assert made.returncode == 0, made.stdout + made.stderr
    looked = sentinel("--home", str(folder), "evening-workflow")
    assert looked.returncode == 0, looked.stdout + looked.stderr
    return folder


@pytest.mark.parametrize("arguments", [("--help",), ("--version",), ("evening-workflow", "--help")])
def test_help_loads_nothing_slow(arguments: tuple[str, ...]) -> None:
    assert loaded_by(*arguments) == (0, "loaded:")


@pytest.mark.parametrize("arguments", [("status",), ("approvals", "list"), ("runs",), ("history", "AAPL")])
def test_reading_the_ledger_loads_nothing_slow(home: Path, arguments: tuple[str, ...]) -> None:
    assert loaded_by("--home", str(home), *arguments) == (0, "loaded:")
