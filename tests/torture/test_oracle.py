"""The oracle sees: each invariant, broken by hand in a small world, is named; the whole world is left in peace."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.torture.event_oracle import Event, EventOracle
from tests.torture.ledger_image import LedgerImage
from tests.torture.oracle import RunSeen, end_state, judge_end, judge_run, judge_silence
from tests.torture.verdicts import Cause, Unavoidable, Violation

ROOT = Path(__file__).parents[2]
PURE = ("oracle", "event_oracle", "broker_state", "ledger_image", "verdicts")
STOP = "snt-abc123-20260302-AAPL-stop-1"
ENTRY = "snt-abc123-20260302-AAPL-entry-{}"
EXIT = "snt-abc123-20260302-AAPL-exit-1"


def order(number: int, **changes: Any) -> dict[str, Any]:
    """A live stop of ours for 7 shares of AAPL at 92, unless told otherwise."""
    plain = {
        "id": f"order-{number}",
        "client_order_id": STOP,
        "symbol": "AAPL",
        "side": "sell",
        "type": "stop",
        "order_class": "",
        "status": "new",
        "qty": "7",
        "filled_qty": "0",
        "stop_price": "92",
        "limit_price": None,
        "time_in_force": "gtc",
        "parent_id": None,
        "replaces": None,
        "position_intent": "sell_to_close",
    }
    return plain | changes


def entry(number: int, **changes: Any) -> dict[str, Any]:
    """A live entry of ours."""
    plain = {"type": "limit", "side": "buy", "stop_price": None, "limit_price": "90", "position_intent": "buy_to_open"}
    return order(number, client_order_id=ENTRY.format(number), **plain | changes)


def world(*orders: dict[str, Any], held: int = 7, last: str = "100", sent: tuple[Any, ...] = (), **more: Any) -> Any:
    """An exchange's state."""
    position = {"symbol": "AAPL", "qty": str(held), "current_price": last}
    return {
        "positions": [position] if held else [],
        "orders": list(orders),
        "clock": {"is_open": False},
        "halted": [],
        "splits": [],
        "requests": {"mutations": list(sent)},
        **more,
    }


def ledger(held: int = 7, stop: dict[str, Any] | None = None, **changes: Any) -> LedgerImage:
    """A ledger that holds the position and its stop."""
    row = {"symbol": "AAPL", "order_id": "order-1", "qty": "7", "stop_price": "92.00"} | (stop or {})
    image: dict[str, Any] = {
        "trades": ({"symbol": "AAPL", "qty": str(held), "side": "buy"},) if held else (),
        "stops": (row,),
        "entries": (),
        "exits": (),
        "unsettled": (),
        "alarms": (),
        "owed": (),
        "is_halted": False,
        "is_sound": True,
    }
    return LedgerImage(**image | changes)


def told(protected: int = 7, *alarms: str | None) -> dict[str, Any]:
    """A run's document."""
    rows = [{"symbol": "AAPL", "protected_qty": str(protected)}]
    findings = [{"code": "x", "severity": "alarm", "symbol": symbol} for symbol in alarms]
    return {"coverage": {"positions": 1, "rows": rows}, "findings": findings}


def seen(before: Any, after: Any, exit_code: int = 0, **changes: Any) -> RunSeen:
    """A run that left the world so."""
    kept: dict[str, Any] = {"ledger": ledger(), "document": told()} | changes
    return RunSeen(before, after, exit_code=exit_code, **kept)


def broken(run: RunSeen) -> set[int]:
    """The numbers of the invariants it broke."""
    return {finding.invariant for finding in judge_run(run) if isinstance(finding, Violation)}


GOOD = world(order(1))
SLEEPING = order(2, status="held", parent_id="order-3", order_class="oto")
SALE = order(4, client_order_id=EXIT, type="market", stop_price=None, time_in_force="day")
CANCELLED = {"method": "DELETE", "path": "/v2/orders/order-1", "body": "", "status": 204}
CUT = {"method": "PATCH", "path": "/v2/orders/order-1", "body": '{"qty": "4"}', "status": 200}
MOVED = CUT | {"body": '{"stop_price": "93"}'}
SMALLER = order(5, qty="4", replaces="order-1")
SOLD = ledger(stops=(), exits=({"symbol": "AAPL", "order_id": "order-4", "qty": "7"},))
INTENT = {"symbol": "AAPL", "name": STOP, "state": "sent"}

RUNS = [
    pytest.param(seen(GOOD, GOOD), set(), id="all is well"),
    pytest.param(seen(world(), world(), document=told(0)), {1, 5, 10}, id="bare, and exit 0"),
    pytest.param(seen(world(), world(), 1, document=told(0, "AAPL")), set(), id="bare, and an alarm names it"),
    pytest.param(seen(world(), world(), 1, document=told(0, None)), {1, 5}, id="bare, and an alarm names nothing"),
    pytest.param(seen(GOOD, GOOD, document=told(8)), {1}, id="the proof says more than is there"),
    pytest.param(seen(GOOD, world(order(1, status="pending_cancel"))), {1, 10}, id="a hanging cancel is no stop"),
    pytest.param(seen(world(), world(SLEEPING, entry(3), held=7), 0), {1, 5, 10}, id="a sleeping leg is no stop"),
    pytest.param(seen(GOOD, world(order(1, time_in_force="day"))), {1, 10}, id="a day order is no stop"),
    pytest.param(seen(GOOD, world(), -9), {1}, id="a stop vanished and nobody cancelled it"),
    pytest.param(seen(GOOD, world(sent=(CANCELLED,)), -9), set(), id="killed in a handover"),
    pytest.param(seen(GOOD, world(SMALLER, sent=(CUT,)), -9), set(), id="killed before a part is sold"),
    pytest.param(seen(GOOD, world(SMALLER, sent=(MOVED,)), -9), {1}, id="a stop that was moved lost shares"),
    pytest.param(
        seen(GOOD, world(order(1, stop_price="91")), ledger=ledger(stop={"stop_price": "91"})), {2}, id="a lower stop"
    ),
    pytest.param(seen(world(held=0), world(entry(1), entry(2), held=0), -9), {3}, id="two live entries"),
    pytest.param(seen(GOOD, world(order(1), order(2)), -9), {4}, id="two stops for the same shares"),
    pytest.param(seen(GOOD, world(order(1), SALE), -9), {4}, id="a sale beside its stop"),
    pytest.param(seen(GOOD, GOOD, ledger=ledger(held=6)), {5}, id="the ledger has fewer shares"),
    pytest.param(seen(GOOD, GOOD, ledger=ledger(stop={"stop_price": "93"})), {5}, id="another price in the ledger"),
    pytest.param(seen(GOOD, GOOD, ledger=ledger(stop={"order_id": "gone"})), {5}, id="a stop the broker has not"),
    pytest.param(seen(GOOD, GOOD, ledger=ledger(is_sound=False)), {5}, id="a damaged ledger"),
    pytest.param(seen(GOOD, GOOD, ledger=ledger(unsettled=(INTENT,))), {7}, id="an open intent"),
    pytest.param(seen(GOOD, GOOD, document=told(7, "AAPL")), {10}, id="exit 0 with an alarm"),
    pytest.param(seen(GOOD, GOOD, 1), {10}, id="exit 1 for nothing"),
    pytest.param(seen(GOOD, GOOD, 70), {10}, id="a crash"),
    pytest.param(
        seen(world(), world(SALE), ledger=SOLD, document=told(0), was_halted=True), {11}, id="a sale while halted"
    ),
]


@pytest.mark.parametrize(("run", "invariants"), RUNS)
def test_a_run_is_judged(run, invariants):
    assert broken(run) == invariants


def test_what_the_facts_leave_bare_is_counted_with_its_cause():
    partial = world(entry(3, filled_qty="3", status="partially_filled"), {**SLEEPING, "qty": "3"}, held=3)
    run = seen(partial, partial, 1, ledger=ledger(held=3, stops=()), document=told(0, "AAPL"))
    assert [f for f in judge_run(run) if isinstance(f, Unavoidable)] == [
        Unavoidable(Cause.PARTIAL_ENTRY, "AAPL", 3, is_market_open=False)
    ]


def client(method: str, name: str = STOP, path: str = "/v2/orders") -> Event:
    """A request of Sentinel's that was done."""
    return Event(method, path, f'{{"client_order_id": "{name}"}}', 200)


RAISED = order(2, client_order_id="snt-abc123-20260302-AAPL-raise-1", replaces="order-1", stop_price="91")
EVENTS = [
    pytest.param(GOOD, client("PATCH", RAISED["client_order_id"]), world(RAISED), {2}, id="replaced by a lower one"),
    pytest.param(world(held=0), client("POST"), world(entry(1), entry(2), held=0), {3}, id="a second entry"),
    pytest.param(GOOD, client("POST", ENTRY.format(2)), world(order(1), entry(2)), {3}, id="an entry in what is held"),
    pytest.param(GOOD, client("POST"), world(order(1), order(2)), {4}, id="a second stop"),
    pytest.param(
        GOOD, Event("POST", "/_sim/trade", "", 200), world(order(1), held=5), set(), id="sold by hand: not ours"
    ),
]


@pytest.mark.parametrize(("before", "event", "after", "invariants"), EVENTS)
def test_an_event_is_judged(before, event, after, invariants):
    assert {found.invariant for found in EventOracle().judge(before, event, after)} == invariants


@pytest.mark.parametrize(("last", "invariants"), [("100", {2}), ("91", set())])
def test_a_stop_put_in_the_place_of_a_cancelled_one_is_no_lower_unless_the_market_is(last, invariants):
    oracle = EventOracle()
    gone, lower = order(1, status="canceled"), order(2, stop_price="89", client_order_id=STOP[:-1] + "2")
    assert oracle.judge(GOOD, Event("DELETE", "/v2/orders/order-1", "", 204), world(gone, last=last)) == []
    found = oracle.judge(
        world(gone, last=last), client("POST", lower["client_order_id"]), world(gone, lower, last=last)
    )
    assert {violation.invariant for violation in found} == invariants


def test_a_second_run_that_sends_and_another_end_are_named():
    assert [str(f)[:2] for f in judge_silence(GOOD, world(order(1), sent=(CANCELLED,)))] == ["I8"]
    ends = [end_state(GOOD)]
    assert judge_end(GOOD, ends) == []
    assert [str(f)[:2] for f in judge_end(world(order(1, stop_price="93")), ends)] == ["I7"]
    assert [str(f)[:2] for f in judge_end(world(held=6), ends, but=frozenset({"MSFT"}))] == ["I9"]


def test_the_oracle_knows_nothing_of_sentinel():
    imports = "; ".join(f"import tests.torture.{name}" for name in PURE)
    probe = f"import sys; {imports}; print([name for name in sys.modules if name.split('.')[0] == 'sentinel'])"
    done = subprocess.run([sys.executable, "-c", probe], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
