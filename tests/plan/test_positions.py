"""Broker positions against the trades of the ledger."""

from decimal import Decimal

from sentinel.domain.actions import AdoptPosition, CloseTrade, ResizeTrade
from sentinel.domain.book import Book, ExitReason
from sentinel.plan.positions import plan_positions
from tests.builders import facts, fill, position, trade


def plan(*held, fills=(), trades=()):
    return plan_positions(facts(*held, book=Book(trades=trades), fills=fills)).actions


def test_a_known_position_needs_nothing():
    assert plan(position("AAPL 7 @ 100.00"), trades=(trade("AAPL 7 @ 100.00"),)) == ()


def test_a_stranger_is_adopted_at_its_average_entry():
    (action,) = plan(position("AAPL 7 @ 100.00"))
    assert isinstance(action, AdoptPosition)
    assert action.first_stop_price == Decimal("92.00")


def test_a_ghost_is_closed_with_the_price_of_its_real_exit():
    (action,) = plan(trades=(trade("AAPL 7 @ 100.00"),), fills=(fill("AAPL", "7", "97.50", "by-phone"),))
    assert isinstance(action, CloseTrade)
    assert (action.reason, action.price) == (ExitReason.MANUAL, Decimal("97.50"))


def test_a_ghost_nothing_explains_is_closed_as_unknown():
    (action,) = plan(trades=(trade("AAPL 7 @ 100.00"),))
    assert (action.reason, action.price) == (ExitReason.UNKNOWN, None)


def test_a_hand_trade_is_followed():
    (action,) = plan(position("AAPL 5 @ 100.00"), trades=(trade("AAPL 7 @ 100.00"),))
    assert isinstance(action, ResizeTrade)
    assert action.qty == 5


def test_a_position_that_changed_sides_is_a_ghost_and_a_stranger():
    actions = plan(position("AAPL -7 @ 100.00"), trades=(trade("AAPL 7 @ 100.00"),))
    assert [type(action) for action in actions] == [CloseTrade, AdoptPosition]
