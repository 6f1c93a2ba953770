"""What the market and the trader do between a plan and its first request, when the look it was made from is old."""

from datetime import date

import pytest
import tenacity

from sentinel.broker.answers import Answer
from sentinel.broker.transport import AlpacaWire
from sentinel.domain.book import ExitReason, OwedKind
from sentinel.execution import patience
from sentinel.ledger import Ledger


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(patience, "wait_fixed", lambda _s: tenacity.wait_fixed(0))


def first(monkeypatch, happens):
    """What happens at the exchange after the plan was made and before its first cancel arrives."""
    cancel = AlpacaWire.cancel

    def later(wire, order_id):
        monkeypatch.setattr(AlpacaWire, "cancel", cancel)
        happens(order_id)
        return cancel(wire, order_id)

    monkeypatch.setattr(AlpacaWire, "cancel", later)


def approved(stage):
    """Seven shares at +20 %, the question filed: the command that says yes."""
    stage.holds()
    stage.day("AAPL", "119 121 118 120")
    return f"approvals approve {stage.evening().document['approvals'][0]['id']}"


def fills(stage, qty):
    """So many shares of the stop that is about to be cancelled."""
    return lambda stop: stage.exchange.action(partial_fill={"order_id": stop, "qty": qty})


def reasons(stage):
    return [(trade.symbol, trade.exit_reason) for trade in stage.trades()]


# --- A sale of the whole -------------------------------------------------------------------------------------------


def test_a_stop_that_fills_before_its_cancel_has_done_the_sale_itself(stage, monkeypatch):
    yes = approved(stage)
    stage.opens(prices="121 122 80 81")
    first(monkeypatch, lambda _id: stage.exchange.advance(to="close"))
    told = stage.tells(yes)
    assert told.verbs() == [("close_position", "AAPL", "skipped")]
    assert (stage.shares(), stage.orders()) == (0, [])
    assert told.exit_code == 0
    assert reasons(stage) == [("AAPL", ExitReason.STOP_FILLED)]
    assert stage.evening().exit_code == 0


# --- A raise by a new order ----------------------------------------------------------------------------------------


def raised_by_a_new_order(stage, monkeypatch, happens):
    """An evening that raises a stop by cancel and placing, with what happens just before the cancel arrives."""
    stage.exchange.modes(after_hours_stops="accepted", after_hours_cancel="immediate")
    stage.holds()
    stage.day("AAPL", "108 110 107 109")
    first(monkeypatch, happens)
    return stage.evening()


def test_what_is_left_of_a_stop_that_fills_in_part_before_its_cancel_gets_the_higher_stop(stage, monkeypatch):
    evening = raised_by_a_new_order(stage, monkeypatch, fills(stage, 3))
    assert (evening.exit_code, evening.verbs("raise_stop")) == (0, [("raise_stop", "AAPL", "done")])
    assert (stage.shares(), stage.stop()["qty"], stage.stop()["stop_price"]) == (4, "4", "102")


def test_a_stop_that_fills_before_its_cancel_gets_no_successor(stage, monkeypatch):
    evening = raised_by_a_new_order(stage, monkeypatch, fills(stage, 7))
    assert (evening.exit_code, evening.verbs()) == (0, [("raise_stop", "AAPL", "skipped")])
    assert (stage.shares(), stage.orders()) == (0, [])
    assert reasons(stage) == [("AAPL", ExitReason.STOP_FILLED)]


# --- A sale of a part ----------------------------------------------------------------------------------------------


@pytest.fixture
def part(stage, monkeypatch):
    """Seven shares at 2.5 R, a part of them asked for: the command that says yes."""
    monkeypatch.setenv("SENTINEL_RISK__PARTIAL_PROFITS", "true")
    monkeypatch.setenv("SENTINEL_RISK__USUAL_RANGE_SESSIONS", "2")
    stage.exchange.modes(after_hours_cancel="immediate")
    return approved(stage)


def owed_exits(stage):
    with Ledger.open_read_only(stage.home / "sentinel.db") as ledger:
        return [int(owed.qty) for owed in ledger.book(date.min).owed if owed.kind is OwedKind.EXIT]


def test_what_is_left_of_a_stop_that_fills_in_part_before_a_part_is_sold_stays_under_it(stage, monkeypatch, part):
    first(monkeypatch, fills(stage, 2))
    told = stage.tells(part)
    assert told.verbs("sell_part") == [("sell_part", "AAPL", "refused")]
    assert (told.exit_code, stage.shares()) == (0, 5)
    assert [(order["type"], order["qty"], order["stop_price"]) for order in stage.orders()] == [("stop", "5", "108")]


def test_a_stop_that_fills_before_a_part_is_sold_leaves_nothing_to_sell(stage, monkeypatch, part):
    first(monkeypatch, fills(stage, 7))
    told = stage.tells(part)
    assert told.verbs("sell_part") == [("sell_part", "AAPL", "refused")]
    assert (told.exit_code, stage.shares(), stage.orders()) == (0, 0, [])
    assert reasons(stage) == [("AAPL", ExitReason.STOP_FILLED)]
    assert stage.evening().exit_code == 0


def test_shares_sold_by_hand_before_a_part_is_sold_call_it_off(stage, monkeypatch, part):
    """The half was counted from seven; of five nobody has been asked."""
    stage.exchange.action(cancel={"order_id": stage.stop()["id"]})
    stage.evening()
    first(monkeypatch, lambda _stop: stage.exchange.trade("AAPL", 2, "sell", 120))
    told = stage.tells(part)
    assert told.verbs("sell_part") == [("sell_part", "AAPL", "refused")]
    assert sum(int(order["qty"]) for order in stage.orders()) == stage.shares() == 5


def test_a_part_is_not_sold_when_the_shares_that_stay_get_no_stop(stage, monkeypatch, part):
    submit = AlpacaWire.submit
    refused: list[object] = []

    def refuses_the_first(wire, ticket):
        if refused:
            return submit(wire, ticket)
        refused.append(ticket)
        return Answer(403, {"code": 40310000, "message": "account is restricted"})

    monkeypatch.setattr(AlpacaWire, "submit", refuses_the_first)
    told = stage.tells(part)
    assert told.verbs("sell_part") == [("sell_part", "AAPL", "refused")]
    assert [(order["type"], order["qty"], order["stop_price"]) for order in stage.orders()] == [("stop", "7", "108")]
    assert (told.exit_code, owed_exits(stage)) == (0, [3])
