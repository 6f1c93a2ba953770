"""docs/simulator.md names every mode with its values, every action, fault and control request, and its example runs."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from flask import Flask

from sentinel.simulator.actions import ACTIONS
from sentinel.simulator.bars import COLUMNS
from sentinel.simulator.control_routes import control
from sentinel.simulator.faults import KINDS
from sentinel.simulator.modes import MODES
from tests.simulator.desk import FLAT

ROOT = Path(__file__).parents[2]
DOC = (ROOT / "docs" / "simulator.md").read_text("utf-8")
TOLD = " ".join(DOC.split())


@pytest.mark.parametrize(("mode", "values"), MODES.items())
def test_modes_are_told_with_the_default_first(mode: str, values: tuple[str, ...]) -> None:
    assert f"| `{mode}` | {', '.join(f'`{value}`' for value in values)} |" in TOLD


@pytest.mark.parametrize("name", [*(f'{{"{name}": ' for name in ACTIONS), *(f"`{kind}`" for kind in KINDS)])
def test_actions_and_faults_are_told(name: str) -> None:
    assert name in TOLD


def test_control_requests_are_told() -> None:
    app = Flask(__name__, static_folder=None)
    app.register_blueprint(control)
    assert set(re.findall(r"/_sim/\w+", DOC)) == {str(rule) for rule in app.url_map.iter_rules()}


def blocks(kind: str) -> list[str]:
    return re.findall(rf"```{kind}\n(.*?)```", DOC, re.DOTALL)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with the bars the page speaks of."""
    rows = [[str(bar[name]) for name in COLUMNS] for bar in FLAT if bar["symbol"] == "AAPL"]
    rows += [["AAPL", day, "100", "101", "99", "100", "1"] for day in ("2026-03-03", "2026-03-04")]
    (tmp_path / "aapl.csv").write_text("\n".join(",".join(row) for row in [list(COLUMNS), *rows]))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("example", blocks("python"))
def test_the_python_examples_run(example: str, folder: Path) -> None:
    exec(example.replace("[...]", "FLAT"), {"FLAT": FLAT})


@pytest.mark.skipif(not shutil.which("curl") or not shutil.which("bash"), reason="curl and bash tell this story")
def test_the_session_by_hand_runs_as_told(folder: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    told = next(block for block in blocks("sh") if "aapl.csv" in block)
    script = told.replace("8700", str(port)).replace("python", sys.executable)
    run = subprocess.run(
        ["bash", "-c", f"trap 'kill $(jobs -p) 2>/dev/null' EXIT\n{script}"],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    said = [line for line in run.stdout.splitlines() if not line.startswith('{"url"')]
    assert [line.rstrip() for line in said if line.strip()] == blocks("text")[0].splitlines(), run.stderr
