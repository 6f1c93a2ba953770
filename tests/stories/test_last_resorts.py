"""What still holds when the part before it has failed: guards, second looks, put-backs, patience."""

from dataclasses import replace
from decimal import Decimal

import pytest
import tenacity

from sentinel.broker import Broker, reading
from sentinel.broker.answers import Answer
from sentinel.broker.transport import AlpacaWire
from sentinel.commands.session import engine_at
from sentinel.domain.actions import Plan, RaiseStop
from sentinel.execution import patience
from sentinel.execution.workplace import Step


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(patience, "wait_fixed", lambda _s: tenacity.wait_fixed(0))


def out_of_order(method: str, path: str, *times: int) -> list[dict[str, object]]:
    """Faults of the broker at these requests of a kind."""
    return [{"method": method, "path": path, "nth": nth, "kind": "500"} for nth in times]


BLIND_FROM_THE_SECOND_LOOK = out_of_order("GET", "/v2/positions$", *range(2, 9))


def test_a_plan_that_breaks_a_rule_is_not_carried_out(stage):
    stage.holds()
    sent = stage.mutations()

    def lowering(facts):
        (stop,) = facts.holding("AAPL").stops
        return Plan((RaiseStop("AAPL", stop, Decimal("80.00"), because="a planner has a bug"),))

    with engine_at(stage.home) as engine:
        report = engine.run((Step("a bug", lowering),), "test")
    assert "guard" in [finding.code for finding in report.findings]
    assert (stage.mutations(), stage.stop()["stop_price"]) == (sent, "92")


def test_an_orphan_whose_position_a_list_missed_is_kept(stage, monkeypatch):
    stage.holds()
    stage.holds("MSFT", 2)
    positions = Broker.positions
    monkeypatch.setattr(Broker, "positions", lambda self: {k: v for k, v in positions(self).items() if k != "AAPL"})
    told = stage.tells("cleanup-orphans")
    assert told.verbs("cancel_stop") == [("cancel_stop", "AAPL", "skipped")]
    assert stage.stop()["status"] == "new"


def test_a_stop_that_fills_during_the_look_gets_no_twin(stage, monkeypatch):
    """Between the first list of a look and the next; orders must be read first, then it looks like an orphan."""
    stage.holds()
    stage.holds("MSFT", 2)
    lists = []

    def a_stop_fills_after_the_first(name):
        read = getattr(Broker, name)

        def watched(self):
            seen = read(self)
            lists.append(name)
            if len(lists) == 1:
                stage.day("AAPL", "100 100 91 91")
            return seen

        monkeypatch.setattr(Broker, name, watched)

    a_stop_fills_after_the_first("positions")
    a_stop_fills_after_the_first("open_orders")
    evening = stage.evening()
    assert (evening.exit_code, evening.verbs("place_stop")) == (0, [])
    assert evening.states == {"MSFT": "protected"}


def test_a_second_look_that_denies_every_position_is_not_believed(stage, monkeypatch):
    """Asked one by one the broker denies them too, so that no ghost is found to be held after all."""
    stage.holds()
    positions, looks = Broker.positions, []

    def empty_from_the_second_look(self):
        looks.append(positions(self))
        return looks[0] if len(looks) == 1 else {}

    monkeypatch.setattr(Broker, "positions", empty_from_the_second_look)
    monkeypatch.setattr(Broker, "position", lambda _self, _symbol: None)
    evening = stage.evening()
    assert (evening.exit_code, ("suddenly_empty", "AAPL") in evening.findings) == (1, True)
    (row,) = evening.document["coverage"]["rows"]
    assert (row["symbol"], row["qty"], row["protected_qty"], row["state"]) == ("AAPL", 7, 0, "unverified")
    assert stage.trades() == ()


def test_an_entry_that_ended_many_orders_ago_is_asked_for_by_its_id(stage, monkeypatch):
    """The list of recent orders is 500 long (ALPACA 5.2); this one is two."""
    stage.enters("AAPL 90.00 7")
    (entry,) = [order for order in stage.orders() if order["type"] == "limit"]
    stage.exchange.action(cancel={"order_id": entry["id"]})
    for side in ("buy", "sell"):
        stage.exchange.trade("MSFT", 1, side, 100)
    monkeypatch.setattr(reading, "ORDERS_A_PAGE", 2)
    evening = stage.evening()
    assert evening.exit_code == 0
    assert "order_vanished" not in dict(evening.findings)


# --- Between a cancel and what follows it -------------------------------------------------------------------------


def approved(stage) -> str:
    """The line that says yes to seven shares at +20 %, where a cancel takes effect at once."""
    stage.exchange.modes(after_hours_cancel="immediate")
    stage.holds()
    stage.day("AAPL", "119 121 118 120")
    (question,) = stage.evening().document["approvals"]
    return f"approvals approve {question['id']}"


def test_shares_a_cancel_frees_a_little_late_are_waited_for(stage, monkeypatch):
    """The order is canceled some milliseconds before its shares are free (ALPACA 4.3)."""
    line = approved(stage)
    position, reads = Broker.position, []

    def late(self, symbol):
        reads.append(symbol)
        seen = position(self, symbol)
        return replace(seen, qty_available=Decimal(0)) if seen and len(reads) == 1 else seen

    monkeypatch.setattr(Broker, "position", late)
    assert stage.tells(line).verbs() == [("close_position", "AAPL", "done")]


def test_a_refused_sale_puts_the_stop_back_at_once(stage):
    """Nothing later in the run would: it cannot look again."""
    line = approved(stage)
    stage.exchange.faults([*out_of_order("POST", "/v2/orders$", 1, 2), *BLIND_FROM_THE_SECOND_LOOK])
    assert stage.types(line).exit_code == 4
    assert (stage.stop()["qty"], stage.stop()["stop_price"]) == ("7", "108")


def test_a_refused_higher_stop_brings_the_old_one_back_at_once(stage):
    stage.exchange.modes(after_hours_stops="accepted", after_hours_cancel="immediate")
    stage.holds()
    stage.day("AAPL", "108 110 107 109")
    stage.exchange.faults([*out_of_order("POST", "/v2/orders$", 1, 2), *BLIND_FROM_THE_SECOND_LOOK])
    assert stage.types("update-trailing-stops").exit_code == 4
    assert (stage.stop()["qty"], stage.stop()["stop_price"]) == ("7", "92")


def test_a_stop_the_price_has_fallen_through_meanwhile_goes_under_the_market_at_once(stage, monkeypatch):
    """The put-back at the old level is refused, and the broker says what the price is now (ALPACA 7.2)."""
    line = approved(stage)
    submit = AlpacaWire.submit

    def falling(self, ticket):
        if ticket.type != "market":
            return submit(self, ticket)
        today = {"symbol": "AAPL", "date": stage.clock["timestamp"][:10], "volume": 1}
        stage.exchange.bars([{**today, "open": 119, "high": 121, "low": 104, "close": 105}])
        return Answer(403, {"code": 40310000, "message": "account is restricted"})

    monkeypatch.setattr(AlpacaWire, "submit", falling)
    stage.exchange.faults(BLIND_FROM_THE_SECOND_LOOK)
    assert stage.types(line).exit_code == 4
    assert (stage.stop()["qty"], stage.stop()["stop_price"]) == ("7", "102.9")
