"""Profits: offered, approved, sold when the stop lets go of its shares."""

from decimal import Decimal

import pytest


@pytest.fixture
def winner(stage):
    """Seven shares 20 % up, the question filed by a run without a terminal."""
    stage.holds()
    stage.day("AAPL", "119 121 118 120")
    return stage


def ask(stage):
    evening = stage.evening()
    (question,) = evening.document["approvals"]
    return evening, question


def test_without_a_terminal_a_question_is_filed_and_nothing_is_sold(winner):
    evening, question = ask(winner)
    assert evening.exit_code == 0
    assert (question["symbol"], question["kind"], question["qty"], question["state"]) == (
        "AAPL",
        "profit",
        7,
        "waiting",
    )
    assert Decimal(question["price_shown"]) == 120
    assert evening.stops == {"AAPL": Decimal("108.00")}
    assert [order["type"] for order in winner.orders()] == ["stop"]
    assert ask(winner)[1]["id"] == question["id"], "nobody is asked twice"


def test_an_approved_sale_where_cancels_take_effect_at_once(winner):
    winner.exchange.modes(after_hours_cancel="immediate")
    _, question = ask(winner)
    told = winner.tells(f"approvals approve {question['id']}")
    assert told.verbs() == [("close_position", "AAPL", "done")]
    assert (told.exit_code, told.states) == (0, {"AAPL": "pending"})
    winner.day("AAPL", "118 119 117 118")
    evening = winner.evening()
    assert (evening.exit_code, evening.states, winner.shares(), winner.orders()) == (0, {}, 0, [])
    assert [(t.exit_reason, t.exit_price) for t in winner.trades()] == [("profit", Decimal(118))]


def test_an_approved_sale_where_cancels_hang_tightens_the_stop_and_sells_in_market_hours(winner):
    winner.exchange.modes(after_hours_stops="new", after_hours_cancel="pending")
    _, question = ask(winner)
    told = winner.tells(f"approvals approve {question['id']}")
    assert told.exit_code == 0
    assert told.states == {"AAPL": "protected_old_level"}
    assert told.stops == {"AAPL": Decimal("119.40")}
    assert winner.stop()["status"] == "new"
    sent = winner.mutations()
    assert winner.evening().exit_code == 0
    assert winner.mutations() == sent
    winner.bar("AAPL", "121 122 120 121")
    winner.exchange.advance(to="open")
    sold = winner.tells("check-profit-taking")
    assert sold.verbs() == [("close_position", "AAPL", "done")]
    assert (sold.exit_code, winner.shares(), winner.orders()) == (0, 0, [])
    assert [(t.exit_reason, t.exit_price) for t in winner.trades()] == [("profit", Decimal(121))]


def test_a_tightened_stop_that_fills_is_booked_as_the_profit_it_is(winner):
    winner.exchange.modes(after_hours_stops="new", after_hours_cancel="pending")
    _, question = ask(winner)
    winner.tells(f"approvals approve {question['id']}")
    winner.day("AAPL", "119 119 118 118")
    assert winner.evening().exit_code == 0
    assert [(t.exit_reason, t.exit_price) for t in winner.trades()] == [("profit", Decimal(119))]


def test_a_rejected_question_is_not_asked_again_the_same_evening(winner):
    _, question = ask(winner)
    assert winner.tells(f"approvals reject {question['id']}").exit_code == 0
    assert winner.evening().document["approvals"] == []
    winner.day("AAPL", "119 121 118 120")
    assert len(winner.evening().document["approvals"]) == 1


def test_an_answer_to_a_question_nobody_asked(winner):
    told = winner.types("approvals approve 99")
    assert told.exit_code == 2
    assert "approvals list" in told.err


def test_a_refused_sale_puts_the_stop_back(winner):
    winner.exchange.modes(after_hours_cancel="immediate")
    _, question = ask(winner)
    # The stop is cancelled, the sale meets a broker that is out of order for good, and the stop comes back.
    winner.exchange.faults([{"method": "POST", "path": "/v2/orders$", "nth": n, "kind": "500"} for n in (1, 2)])
    told = winner.tells(f"approvals approve {question['id']}")
    assert told.verbs() == [("close_position", "AAPL", "refused")]
    assert told.states == {"AAPL": "protected_old_level"}
    assert told.stops == {"AAPL": Decimal("108.00")}
    assert winner.shares() == 7
