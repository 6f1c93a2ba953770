"""Three clients written by others live through the same order on the exchange its users serve, and see the same.

alpaca-trade-api has pins that conflict with ours and the JavaScript client needs node: `scripts/clients` installs both
beside the project, and a test is skipped where they are not there.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.simulator.desk import FLAT, START

ROOT = Path(__file__).parents[2]
SCRIPTS = Path(__file__).parent / "clients"
OLDER_PYTHON = ROOT / ".venv-clients" / "bin" / "python"
NODE = shutil.which("node")
INSTALL = "not installed here; to install it: scripts/clients"
SECONDS = 60

# Two more quiet days, so that an entry and its exit can fill.
BARS = [*FLAT, *({**bar, "date": day} for day in ("2026-03-03", "2026-03-04") for bar in FLAT[:1])]
NEVER = "00000000-0000-4000-8000-000000000000"

EXPECTED: dict[str, Any] = {
    "account": ["ACTIVE", "100000", "4"],
    "clock": False,
    "pair": ["accepted", "oto", "held", "stop", 92.0],
    "open": [["limit", "accepted", 0]],  # ALPACA 5.2: no `held` leg in a flat list
    "nested": [["limit", "accepted", 1]],
    "filled": "filled",
    "position": ["AAPL", "10", "0", 100.0],
    "resting": [["stop", "new", 0]],
    "second stop": [403, 40310000, "insufficient qty available for order (requested: 1, available: 0)"],
    "raised": ["new", 95.0, True],
    "old stop": "replaced",
    "same price": [422, 42210000, "order parameters are not changed"],
    "quantity of a leg": [422, 42210000, "qty cannot be changed for advanced orders"],
    "unknown order": [404, 40410000, f"order not found for {NEVER}"],
    "wrong keys": [401, None, "unauthorized."],
    "cancelled": "canceled",
    "left open": [],
    "closing": "accepted",
    "positions": 0,
    "no position": [404, 40410000, "position does not exist"],
    "fills": [["sell", 100.0], ["buy", 100.0]],
    "bars": [100.0, 100.0, 100.0, 100.0, 100.0],
    "all": [["market", "filled", 0], ["stop", "canceled", 0], ["stop", "replaced", 0], ["limit", "filled", 0]],
}


@pytest.fixture
def served(tmp_path: Path) -> Iterator[dict[str, str]]:
    """`sentinel simulate serve` as a process, ended with SIGTERM."""
    bars = tmp_path / "bars.csv"
    lines = [",".join(BARS[0]), *(",".join(str(value) for value in bar.values()) for bar in BARS)]
    bars.write_text("\n".join(lines) + "\n")
    command = [sys.executable, "-m", "sentinel", "simulate", "serve", "--bars", str(bars), "--start", START]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())
        finally:
            process.terminate()
    assert process.returncode == 0


def life(served: dict[str, str], *command: str | Path) -> Any:
    """What a client tells of the life of an order, its environment free of proxies and keys."""
    strange = ("PROXY", "APCA", "ALPACA")
    environment = {name: value for name, value in os.environ.items() if not any(one in name.upper() for one in strange)}
    environment["APCA_API_DATA_URL"] = served["url"]
    done = subprocess.run(
        [*command, served["url"], served["key"], served["secret"]],
        env=environment, capture_output=True, text=True, timeout=SECONDS, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_alpaca_py(served: dict[str, str]) -> None:
    assert life(served, sys.executable, SCRIPTS / "alpaca_py.py") == EXPECTED


@pytest.mark.skipif(not OLDER_PYTHON.exists(), reason=f"alpaca-trade-api is {INSTALL}")
def test_alpaca_trade_api(served: dict[str, str]) -> None:
    assert life(served, OLDER_PYTHON, SCRIPTS / "older_sdk.py") == EXPECTED


@pytest.mark.skipif(
    NODE is None or not (SCRIPTS / "node_modules" / "@alpacahq").exists(),
    reason=f"@alpacahq/alpaca-trade-api is {INSTALL} (needs node 20 and npm)",
)
def test_the_javascript_client(served: dict[str, str]) -> None:
    assert life(served, str(NODE), SCRIPTS / "javascript_sdk.js") == EXPECTED
