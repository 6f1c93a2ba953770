"""A sale of the whole fails at each of its points: the stop is back or the exit is owed, and nothing is ever bare."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
import tenacity

from sentinel.broker.answers import Answer, NoAnswer
from sentinel.broker.transport import AlpacaWire
from sentinel.domain.book import OwedKind
from sentinel.execution import patience
from sentinel.ledger import Ledger
from tests.stories.test_by_phone import order_by_phone


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(patience, "wait_fixed", lambda _s: tenacity.wait_fixed(0))


def approved(stage):
    """Seven shares at +20 %, the question filed: the command that says yes."""
    stage.holds()
    stage.day("AAPL", "119 121 118 120")
    return f"approvals approve {stage.evening().document['approvals'][0]['id']}"


def owed_exits(stage):
    with Ledger.open_read_only(stage.home / "sentinel.db") as ledger:
        return [owed.qty for owed in ledger.book(date.min).owed if owed.kind is OwedKind.EXIT]


def no(status, message):
    return lambda *_: Answer(status, {"code": status * 100_000, "message": message})


def silence(*_):
    raise NoAnswer("no answer within 20 s")


def cancel_is_refused(_stage, patched):
    patched.setattr(AlpacaWire, "cancel", no(422, "order status is not cancelable"))


def cancel_is_lost(_stage, patched):
    patched.setattr(AlpacaWire, "cancel", silence)


def sale_is(answer):
    def broken(_stage, patched):
        submit = AlpacaWire.submit
        patched.setattr(AlpacaWire, "submit", lambda s, t: answer() if t.type == "market" else submit(s, t))

    return broken


def shares_stay_held(_stage, patched):
    """Another order holds them, or the broker frees them late: nothing is available."""
    read = AlpacaWire.read

    def held(self, path, params=None):
        answer = read(self, path, params)
        if path == "/positions/AAPL" and answer.is_success:
            body: Any = answer.body
            return Answer(200, {**body, "qty_available": "0"})
        return answer

    patched.setattr(AlpacaWire, "read", held)


POINTS = [
    pytest.param(cancel_is_refused, id="cancel refused"),
    pytest.param(cancel_is_lost, id="cancel unanswered"),
    pytest.param(sale_is(no(403, "account is restricted to liquidation only")), id="sale refused"),
    pytest.param(sale_is(silence), id="sale unanswered"),
    pytest.param(shares_stay_held, id="shares held"),
]


@pytest.mark.parametrize("resting", ["new", "accepted"])
@pytest.mark.parametrize("hour", ["evening, cancels at once", "evening, cancels hang", "market open"])
@pytest.mark.parametrize("broken", POINTS)
def test_whatever_breaks_the_shares_stay_under_a_stop(stage, monkeypatch, broken, hour, resting):
    hangs = hour == "evening, cancels hang"
    stage.exchange.modes(after_hours_cancel="pending" if hangs else "immediate", after_hours_stops=resting)
    yes = approved(stage)
    if hour == "market open":
        stage.bar("AAPL", "121 122 120 121")
        stage.exchange.advance(to="open")
    with monkeypatch.context() as patched:
        broken(stage, patched)
        told = stage.tells(yes)
    assert [(o["type"], o["qty"], o["time_in_force"]) for o in stage.orders()] == [("stop", "7", "gtc")]
    assert stage.shares() == 7
    assert told.states["AAPL"] in ("protected_old_level", "unverified")
    assert owed_exits(stage) == [Decimal(7)]
    if broken is cancel_is_lost and not hangs:
        assert (told.exit_code, ("cancel_pending", "AAPL") in told.findings) == (1, True), "it may vanish any moment"
    # When the trouble is over, the next run that can sells.
    if hangs:
        stage.bar("AAPL", "121 122 120 121")
        stage.exchange.advance(to="open")
    assert stage.tells("check-profit-taking --non-interactive").verbs("close_position")[-1][2] == "done"
    if hour == "evening, cancels at once":
        stage.day("AAPL", "121 122 120 121")
    evening = stage.evening()
    assert (evening.exit_code, stage.shares(), stage.orders()) == (0, 0, [])


MEANWHILE = [
    pytest.param(lambda stage: stage.exchange.trade("AAPL", 3, "sell", 120), 4, id="three sold by phone"),
    pytest.param(lambda stage: order_by_phone(stage, qty="3", limit_price="130"), 4, id="three on sale by phone"),
    pytest.param(lambda stage: stage.exchange.trade("AAPL", 7, "sell", 120), 0, id="all sold by phone"),
]


@pytest.mark.parametrize(("by_phone", "sold"), MEANWHILE)
def test_a_sale_is_of_what_is_held_and_free_the_moment_before_it_goes_out(stage, monkeypatch, by_phone, sold):
    """The shares are read once more between the cancel of the stop and the sale; the look and the plan say seven."""
    stage.exchange.modes(after_hours_cancel="immediate")
    yes = approved(stage)
    cancel, submit, asked = AlpacaWire.cancel, AlpacaWire.submit, []

    def and_then(wire, order_id):
        answer = cancel(wire, order_id)
        by_phone(stage)
        monkeypatch.setattr(AlpacaWire, "cancel", cancel)
        return answer

    def watched(wire, ticket):
        asked.append((ticket.type, ticket.side, ticket.qty))
        return submit(wire, ticket)

    monkeypatch.setattr(AlpacaWire, "cancel", and_then)
    monkeypatch.setattr(AlpacaWire, "submit", watched)
    stage.tells(yes)
    assert [(side, int(qty)) for kind, side, qty in asked if kind == "market"] == ([("sell", sold)] if sold else [])
    assert sum(int(order["qty"]) for order in stage.orders() if order["side"] == "sell") <= stage.shares()
    stage.day("AAPL", "121 122 120 121")
    assert stage.shares() >= 0
    assert stage.evening().exit_code == 0


def test_a_raise_by_a_new_order_whose_cancel_goes_unanswered_places_none(stage, monkeypatch):
    """The old stop may end at any moment or stay: with a second one beside it too much would be on sale."""
    stage.exchange.modes(after_hours_stops="accepted", after_hours_cancel="immediate")
    stage.holds()
    stage.day("AAPL", "108 110 107 109")
    with monkeypatch.context() as patched:
        cancel_is_lost(stage, patched)
        evening = stage.evening()
    assert (evening.exit_code, ("cancel_pending", "AAPL") in evening.findings) == (1, True)
    assert (stage.stop()["qty"], stage.stop()["stop_price"]) == ("7", "92")
    assert stage.evening().verbs("raise_stop") == [("raise_stop", "AAPL", "done")]


def test_shares_neither_sold_nor_under_their_stop_again_are_told_as_naked(stage, monkeypatch):
    stage.exchange.modes(after_hours_cancel="immediate")
    yes = approved(stage)
    with monkeypatch.context() as patched:
        patched.setattr(AlpacaWire, "submit", no(403, "account is restricted to liquidation only"))
        told = stage.tells(yes)
    assert (told.exit_code, told.states, stage.orders()) == (1, {"AAPL": "naked"}, [])
    assert {"stop_refused", "coverage_naked"} <= {code for code, symbol in told.findings if symbol == "AAPL"}
    assert stage.evening().verbs() == [("place_stop", "AAPL", "done"), ("close_position", "AAPL", "done")]


def test_a_stop_that_another_waits_to_replace_is_not_cancelled_for_a_sale_in_vain(stage):
    """It rejects every cancel (ALPACA 4.2): the sale is owed, and a second run sends nothing."""
    stage.exchange.modes(after_hours_stops="new", after_hours_cancel="immediate", replacements="pending")
    line = approved(stage)
    assert sorted(order["status"] for order in stage.orders()) == ["pending_new", "pending_replace"]
    yes = stage.tells(line)
    assert (yes.verbs("close_position"), owed_exits(stage)) == ([], [7])
    sent = stage.mutations()
    assert (stage.evening().states, stage.mutations()) == ({"AAPL": "protected_old_level"}, sent)
    stage.opens(prices="120 121 119 120")
    assert stage.evening().verbs("close_position") == [("close_position", "AAPL", "done")]
    assert stage.shares() == 0
