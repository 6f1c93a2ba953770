"""Imports only go down, and the contracts in pyproject.toml that say so do catch an import that goes up."""

import re
import shutil
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parents[2]

#  a line at the end of        what it would import           the contract that must break
TRESPASSES = [
    ("plan/rescue.py", "import sentinel.execution_engine", "Imports only go down"),
    ("plan/orphans.py", "import random", "Planners decide from Facts alone"),
    ("domain/money.py", "import requests", "The domain and the policy are standard library only"),
    ("evening.py", "import alpaca", "Only the broker room knows alpaca-py"),
    ("simulator/store.py", "import sentinel.domain", "The simulated exchange knows nothing of Sentinel"),
    ("execution/run.py", "import sqlite3", "Only the ledger, its migrations and the simulated exchange speak SQL"),
    ("settings/home.py", "import sqlite_utils", "Only the ledger and its migrations know sqlite-utils"),
    ("report/sentences.py", "import typer", "Only the command line knows Typer"),
    ("report/words.py", "import flask", "Only the simulated exchange is a server"),
]


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    """import-linter's verdict on the sentinel package in a folder, by this checkout's contracts."""
    program = Path(sys.executable).with_name("lint-imports")
    command: list[str | Path] = [program, "--no-cache", "--no-logo", "--config", ROOT / "pyproject.toml"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_imports_only_go_down() -> None:
    verdict = lint(ROOT)
    assert verdict.returncode == 0, verdict.stdout + verdict.stderr


def test_no_import_goes_round_in_a_circle() -> None:
    """So that every module can be the first that is imported; what only the type checker imports does not count."""
    graph = grimp.build_graph("sentinel", "migrations", exclude_type_checking_imports=True)
    assert len(graph.modules) > 100
    TopologicalSorter({module: graph.find_modules_directly_imported_by(module) for module in graph.modules}).prepare()


@pytest.fixture(scope="module")
def trespassed(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What import-linter says of a copy in which every contract is broken once."""
    folder = tmp_path_factory.mktemp("trespassed")
    shutil.copytree(ROOT / "sentinel", folder / "sentinel", ignore=shutil.ignore_patterns("__pycache__", "data"))
    shutil.copytree(ROOT / "migrations", folder / "migrations", ignore=shutil.ignore_patterns("__pycache__"))
    for name, line, _ in TRESPASSES:
        with (folder / "sentinel" / name).open("a", encoding="utf-8") as file:
            file.write(f"\n{line}\n")
    return " ".join(lint(folder).stdout.split())


@pytest.mark.parametrize("contract", [contract for _, _, contract in TRESPASSES])
def test_a_trespass_is_caught(trespassed: str, contract: str) -> None:
    verdict = re.search(re.escape(contract) + ".*?(KEPT|BROKEN)", trespassed)
    assert verdict is not None
    assert verdict[1] == "BROKEN"
