"""Every unprotected share gets a stop, at the best level it ever had."""

from decimal import Decimal

import pytest

from sentinel.domain.actions import PlaceStop
from sentinel.domain.book import Book, OwedKind
from sentinel.domain.orders import OrderStatus, Side
from sentinel.plan.rescue import plan_rescue
from tests.builders import entry, facts, owed, position, sale, stop, trade


@pytest.mark.parametrize(
    ("last", "highest", "wanted", "is_emergency"),
    [
        ("100.00", "92.00", "92.00", False),  # the policy's first stop
        ("109.00", "92.00", "102.00", False),  # the stair it has reached
        ("104.00", "102.00", "102.00", False),  # the level it once had
        ("95.00", "102.00", "93.10", True),  # already under that level: 2 % under the market
        ("92.00", "92.00", "90.16", True),  # exactly on it is through it
    ],
)
def test_the_level_of_a_rescue(last, highest, wanted, is_emergency):
    book = Book(trades=(trade("AAPL 7 @ 100.00", highest=highest),))
    (action,) = plan_rescue(facts(position("AAPL 7 @ 100.00", last=last), book=book)).actions
    assert isinstance(action, PlaceStop)
    assert (action.stop_price, action.is_emergency, action.qty) == (Decimal(wanted), is_emergency, 7)


@pytest.mark.parametrize(("last", "wanted"), [("104.00", "102.00"), ("101.00", "92.00")])
def test_a_raise_still_owed_counts_while_the_price_is_beyond_it(last, wanted):
    book = Book(trades=(trade("AAPL 7 @ 100.00"),), owed=(owed(OwedKind.RAISE, "AAPL 7 @ 102.00"),))
    (action,) = plan_rescue(facts(position("AAPL 7 @ 100.00", last=last), book=book)).actions
    assert isinstance(action, PlaceStop)
    assert (action.stop_price, action.is_emergency) == (Decimal(wanted), False)


@pytest.mark.parametrize(
    ("held", "last", "wanted", "is_emergency"),
    [
        ("AAPL 19 @ 50.00", "50.00", "46.00", False),  # split and traded on one day: the ledger's 102 is in old units
        ("AAPL 19 @ 50.00", "45.00", "44.10", True),  # under the first stop in new units too
        ("AAPL 19 @ 100.00", "104.00", "102.00", False),  # the same units: the level it once had
        ("AAPL 19 @ 100.00", "101.00", "98.98", True),
    ],
)
def test_shares_nobody_can_explain_are_not_protected_by_prices_in_old_units(held, last, wanted, is_emergency):
    book = Book(trades=(trade("AAPL 7 @ 100.00", highest="102.00"),))
    (action,) = plan_rescue(facts(position(held, last=last), book=book)).actions
    assert isinstance(action, PlaceStop)
    assert (action.stop_price, action.is_emergency, action.qty) == (Decimal(wanted), is_emergency, 19)


def test_a_short_position_gets_a_buy_stop_above():
    (action,) = plan_rescue(facts(position("AAPL -7 @ 100.00"))).actions
    assert (action.side, action.stop_price, action.qty) == (Side.BUY, Decimal("108.00"), 7)


@pytest.mark.parametrize(
    ("orders", "available", "qty"),
    [
        ((), "7", 7),
        ((stop("AAPL 7 @ 92.00"),), "0", None),
        ((stop("AAPL 4 @ 92.00"),), "3", 3),
        ((stop("AAPL 7 @ 92.00", OrderStatus.ACCEPTED),), "0", None),
        ((stop("AAPL 7 @ 92.00", OrderStatus.CANCELED),), "7", 7),
        ((stop("AAPL 7 @ 92.00", time_in_force="day"),), "7", 7),  # dies at the close
        ((entry("AAPL 7 @ 90.00"),), "7", None),  # beside an open buy order the broker takes no stop (ALPACA 6.3)
        ((stop("AAPL -7 @ 92.00"),), "7", 7),  # the stop of a short that was turned round: cancelled first
        ((sale("AAPL 7 @ 1"),), "0", None),  # leaves at the open
        ((entry("AAPL 7 @ 100.00", OrderStatus.FILLED),), "0", None),  # its leg has woken
    ],
)
def test_what_counts_as_protection(orders, available, qty):
    now = facts(position("AAPL 7 @ 100.00", available=available), orders=orders)
    placed = [action for action in plan_rescue(now).actions if isinstance(action, PlaceStop)]
    assert [action.qty for action in placed] == ([qty] if qty else [])


def test_a_part_filled_entry_still_open_blocks_the_stop_and_says_so():
    waiting = entry("AAPL 7 @ 100.00", OrderStatus.PENDING_CANCEL, filled_qty=Decimal(3))
    plan = plan_rescue(facts(position("AAPL 3 @ 100.00"), orders=(waiting,)))
    assert plan.actions == ()
    assert [(f.code, f.symbol) for f in plan.findings] == [("stop_blocked", "AAPL")]


def test_shares_held_by_another_order_are_named():
    cancelling = stop("AAPL 7 @ 92.00", OrderStatus.PENDING_CANCEL)
    plan = plan_rescue(facts(position("AAPL 7 @ 100.00", available="0"), orders=(cancelling,)))
    assert plan.actions == ()
    assert "stop-AAPL-92.00" in plan.findings[0].message


def test_only_whole_shares_get_a_stop():
    (action,) = plan_rescue(facts(position("AAPL 2.5 @ 100.00"))).actions
    assert action.qty == 2
    assert plan_rescue(facts(position("AAPL 0.5 @ 100.00"))).actions == ()
