"""docs/simulator.md names every mode with its values, every action, fault and control request, and its example runs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask import Flask

from sentinel.simulator import running_exchange
from sentinel.simulator.actions import ACTIONS
from sentinel.simulator.control_routes import control
from sentinel.simulator.faults import KINDS
from sentinel.simulator.modes import MODES
from tests.simulator.desk import FLAT

DOC = (Path(__file__).parents[2] / "docs" / "simulator.md").read_text("utf-8")
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


def test_the_example_runs() -> None:
    (example,) = re.findall(r"```python\n(.*?)```", DOC, re.DOTALL)
    exec(example.replace("[...]", "FLAT"), {"FLAT": FLAT, "running_exchange": running_exchange})
