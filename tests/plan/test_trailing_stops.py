"""Stops climb the staircase and never come down."""

from decimal import Decimal

import pytest

from sentinel.domain.actions import Forget, Owe, RaiseStop
from sentinel.domain.book import Book, OwedKind
from sentinel.domain.orders import OrderStatus
from sentinel.plan.trailing_stops import plan_trailing_stops
from tests.builders import TODAY, facts, owed, position, session, stop, trade


@pytest.mark.parametrize(
    ("last", "stop_now", "wanted"),
    [
        ("107.99", "92.00", None),  # below the first stair
        ("108.00", "92.00", "102.00"),  # exactly on it
        ("114.99", "92.00", "102.00"),
        ("115.00", "102.00", "108.00"),  # the second stair
        ("125.00", "92.00", "115.00"),  # three stairs at once
        ("300.00", "115.00", None),  # on top, no trailing by default
        ("99.00", "115.00", None),  # fell back: never lowered
        ("108.00", "103.00", None),  # raised by hand beyond the stair: respected
    ],
)
def test_a_long_position_climbs(last, stop_now, wanted):
    holding = position("AAPL 7 @ 100.00", last=last)
    now = facts(holding, orders=(stop(f"AAPL 7 @ {stop_now}"),), book=Book(trades=(trade("AAPL 7 @ 100.00"),)))
    actions = plan_trailing_stops(now).actions
    assert [(type(a), a.to_price) for a in actions] == ([(RaiseStop, Decimal(wanted))] if wanted else [])


@pytest.mark.parametrize(
    ("last", "stop_now", "wanted"),
    [
        ("92.01", "108.00", None),
        ("92.00", "108.00", "98.00"),
        ("85.00", "98.00", "92.00"),
        ("101.00", "92.00", None),
    ],
)
def test_a_short_position_climbs_downwards(last, stop_now, wanted):
    holding = position("AAPL -7 @ 100.00", last=last)
    now = facts(holding, orders=(stop(f"AAPL -7 @ {stop_now}"),), book=Book(trades=(trade("AAPL -7 @ 100.00"),)))
    actions = plan_trailing_stops(now).actions
    assert [a.to_price for a in actions] == ([Decimal(wanted)] if wanted else [])


@pytest.mark.parametrize(
    ("status", "verb"),
    [
        (OrderStatus.NEW, RaiseStop),
        (OrderStatus.PARTIALLY_FILLED, RaiseStop),
        (OrderStatus.ACCEPTED, RaiseStop),
        (OrderStatus.PENDING_NEW, Owe),
        (OrderStatus.PENDING_REPLACE, Owe),
        (OrderStatus.PENDING_CANCEL, None),  # protects nothing: rescue's business, not ours
        (OrderStatus.CANCELED, None),
    ],
)
def test_what_is_done_depends_on_the_status_of_the_stop(status, verb):
    now = facts(position("AAPL 7 @ 100.00", last="110.00"), orders=(stop("AAPL 7 @ 92.00", status),))
    assert [type(action) for action in plan_trailing_stops(now).actions] == ([verb] if verb else [])


def test_every_stop_of_a_position_is_raised():
    orders = (stop("AAPL 3 @ 92.00"), stop("AAPL 4 @ 91.00"))
    actions = plan_trailing_stops(facts(position("AAPL 7 @ 100.00", last="110.00"), orders=orders)).actions
    assert sorted(action.order.id for action in actions) == ["stop-AAPL-91.00", "stop-AAPL-92.00"]


@pytest.mark.parametrize(
    ("last", "stop_now", "verb"),
    [
        ("103.00", "92.00", RaiseStop),  # the price fell under the stair, the level it earned is still owed
        ("101.00", "92.00", None),  # it cannot rest above the market: it waits for the price
        ("103.00", "102.00", Forget),  # somebody set it meanwhile
    ],
)
def test_an_owed_raise_is_retried_at_its_level(last, stop_now, verb):
    book = Book(trades=(trade("AAPL 7 @ 100.00"),), owed=(owed(OwedKind.RAISE, "AAPL 7 @ 102.00"),))
    now = facts(position("AAPL 7 @ 100.00", last=last), orders=(stop(f"AAPL 7 @ {stop_now}"),), book=book)
    assert [type(action) for action in plan_trailing_stops(now).actions] == ([verb] if verb else [])


@pytest.mark.parametrize(("is_open", "is_tried"), [(False, False), (True, True)])
def test_what_was_refused_tonight_is_tried_again_only_when_the_market_opens(is_open, is_tried):
    book = Book(trades=(trade("AAPL 7 @ 100.00"),), owed=(owed(OwedKind.RAISE, "AAPL 7 @ 102.00", tried_on=TODAY),))
    held, resting = position("AAPL 7 @ 100.00", last="109.00"), stop("AAPL 7 @ 92.00")
    now = facts(held, orders=(resting,), book=book, session=session(is_open=is_open))
    assert bool(plan_trailing_stops(now).actions) == is_tried


def test_a_naked_position_is_left_to_the_rescue():
    assert plan_trailing_stops(facts(position("AAPL 7 @ 100.00", last="130.00"))).actions == ()
