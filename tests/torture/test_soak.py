"""What soak and rollback are judged and drawn by."""

from decimal import Decimal

import pytest

from tests.torture.rollback import judge_rolled_back
from tests.torture.soak import moved, session_of


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
