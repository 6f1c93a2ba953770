"""Seeded samples of rollback, soak and chaos; all of them are `scripts/torture rollback soak chaos --size full`."""

import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from tests.torture.rollback import judge_rolled_back
from tests.torture.soak import moved, session_of

ROOT = Path(__file__).parents[2]
PARTS = {"rollback": 2, "soak": 3, "chaos": 2}


@pytest.mark.parametrize(
    ("layer", "part"),
    [(layer, f"{number}/{parts}") for layer, parts in PARTS.items() for number in range(1, parts + 1)],
)
def test_no_life_breaks_a_promise(layer, part, capsys):
    command = [sys.executable, "-m", "tests.torture", layer, "--size", "small", "--part", part, "--workers", "1"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    with capsys.disabled():
        sys.stdout.write(f"\n{done.stdout}{done.stderr}")
    assert done.returncode == 0, done.stdout + done.stderr


def position(symbol: str, qty: int) -> dict[str, str]:
    return {"symbol": symbol, "qty": str(qty), "current_price": "100"}


def order(symbol: str, purpose: str, number: int, kind: str = "limit") -> dict[str, object]:
    name = f"snt-1234-20260302-{symbol}-{purpose}-{number}"
    plain = {"id": name, "client_order_id": name, "symbol": symbol, "status": "new", "qty": "7", "filled_qty": "0"}
    shape = {"type": kind, "side": "sell", "time_in_force": "gtc", "order_class": "", "parent_id": None}
    return {**plain, **shape, "stop_price": "92", "replaces": None, "position_intent": "sell_to_close"}


def state(positions: list[dict[str, str]], orders: list[dict[str, object]]) -> dict[str, object]:
    return {"positions": positions, "orders": orders}


SEVEN, STOP = position("AAPL", 7), order("AAPL", "stop", 1, "stop")
HELD = state([SEVEN], [STOP])


@pytest.mark.parametrize(
    ("after", "invariants"),
    [
        (HELD, []),
        (state([position("AAPL", 14)], [STOP]), [4, 1]),
        (state([], []), [4]),
        (state([SEVEN], []), [1]),
        (state([SEVEN], [STOP, order("AAPL", "entry", 2)]), [3]),
        (state([SEVEN], [STOP, order("AAPL", "exit", 2)]), [4]),
    ],
    ids=["nothing changed", "doubled", "sold", "bare", "an entry sent again", "a sale sent again"],
)
def test_what_a_ledger_gone_back_may_not_lead_to(after, invariants):
    assert [found.invariant for found in judge_rolled_back(HELD, after)] == invariants


def test_a_session_reaches_beyond_its_open_and_close():
    assert session_of(Decimal(100), Decimal(90), 2, 1) == "100 102.00 89.10 90"
    assert moved(Decimal("1.20"), -50) == 1
