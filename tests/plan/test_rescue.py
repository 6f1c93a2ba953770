"""Every unprotected share gets a stop, at the best level it ever had."""

from dataclasses import replace
from decimal import Decimal

import pytest

from sentinel.domain.actions import FreeShares, GrowStop, PlaceStop
from sentinel.domain.book import Book, OwedKind
from sentinel.domain.findings import Severity
from sentinel.domain.orders import OrderClass, OrderStatus, OrderType, Side
from sentinel.plan.rescue import plan_rescue
from tests.builders import entry, facts, owed, position, sale, session, stop, trade


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


@pytest.mark.parametrize(
    ("last", "wanted"),
    [
        ("100.00", "108.00"),  # the policy's first stop
        ("91.00", "98.00"),  # the stair it has reached
    ],
)
def test_a_short_position_gets_a_buy_stop_above(last, wanted):
    (action,) = plan_rescue(facts(position("AAPL -7 @ 100.00", last=last))).actions
    assert isinstance(action, PlaceStop)
    assert (action.side, action.stop_price, action.qty) == (Side.BUY, Decimal(wanted), 7)


def test_the_emergency_stop_of_a_short_lies_above_the_market():
    (action,) = plan_rescue(facts(position("AAPL -7 @ 100.00", last="110.00"))).actions
    assert (action.symbol, action.side, action.stop_price) == ("AAPL", Side.BUY, Decimal("112.20"))
    assert action.is_emergency


@pytest.mark.parametrize(
    ("orders", "available", "qty"),
    [
        ((), "7", 7),
        ((stop("AAPL 7 @ 92.00"),), "0", None),
        ((stop("AAPL 7 @ 92.00"),), "7", None),  # the stop counts, whatever is said to be free
        ((stop("AAPL 4 @ 92.00"),), "3", 3),
        ((stop("AAPL 6 @ 92.00"),), "1", 1),  # a single share too
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


PLAIN = stop("AAPL 7 @ 92.00")


@pytest.mark.parametrize(
    ("resting", "is_open", "verb"),
    [
        ((PLAIN,), True, GrowStop),
        ((PLAIN,), False, PlaceStop),  # after hours nobody knows when a change counts
        ((stop("AAPL 7 @ 91.00"),), True, PlaceStop),  # it rests under the level: the new shares do not
        ((stop("AAPL 7 @ 95.00"),), True, GrowStop),  # tighter is fine
        ((stop("AAPL 7 @ 92.00", OrderStatus.ACCEPTED),), True, PlaceStop),
        ((stop("AAPL 7 @ 92.00", order_class=OrderClass.BRACKET),), True, PlaceStop),
        ((entry("AAPL 7 @ 100.00", OrderStatus.FILLED),), True, PlaceStop),  # a leg's quantity is fixed (ALPACA 3.6)
        ((stop("AAPL 3 @ 92.00"), stop("AAPL 4 @ 93.00")), True, PlaceStop),
    ],
)
def test_bought_more_while_the_market_is_open_grows_the_one_stop(resting, is_open, verb):
    book = Book(trades=(trade("AAPL 10 @ 100.00"),))
    held = position("AAPL 10 @ 100.00", available="3")
    (action,) = plan_rescue(facts(held, orders=resting, book=book, session=session(is_open=is_open))).actions
    assert type(action) is verb
    assert (action.to_qty if isinstance(action, GrowStop) else action.qty) == (10 if verb is GrowStop else 3)


def test_shares_filled_before_count_in_the_total_of_the_chain():
    part = stop("AAPL 7 @ 92.00", filled_qty=Decimal(2))
    now = facts(position("AAPL 8 @ 100.00", available="3"), orders=(part,), session=session(is_open=True))
    (action,) = plan_rescue(now).actions
    assert isinstance(action, GrowStop)
    assert action.to_qty == 10, "two sold, eight held (ALPACA 3.5)"


def test_a_growth_on_its_way_is_not_asked_for_again():
    resting = stop("AAPL 7 @ 92.00", OrderStatus.PENDING_REPLACE, replaced_by="heir")
    heir = stop("AAPL 10 @ 92.00", OrderStatus.PENDING_NEW, id="heir", replaces=resting.id)
    now = facts(position("AAPL 10 @ 100.00", available="0"), orders=(resting, heir), session=session(is_open=True))
    assert plan_rescue(now).actions == ()


def test_a_part_filled_entry_still_open_blocks_the_stop_and_says_so():
    waiting = entry("AAPL 7 @ 100.00", OrderStatus.PENDING_CANCEL, filled_qty=Decimal(3))
    plan = plan_rescue(facts(position("AAPL 3 @ 100.00"), orders=(waiting,)))
    assert plan.actions == ()
    assert [(f.code, f.symbol, f.severity) for f in plan.findings] == [("stop_blocked", "AAPL", Severity.ALARM)]


def test_shares_held_by_another_order_are_named():
    cancelling = stop("AAPL 7 @ 92.00", OrderStatus.PENDING_CANCEL)
    plan = plan_rescue(facts(position("AAPL 7 @ 100.00", available="0"), orders=(cancelling,)))
    assert plan.actions == ()
    assert "stop-AAPL-92.00" in plan.findings[0].message


@pytest.mark.parametrize("at_once", [False, True])
def test_only_an_order_that_protects_nothing_gives_way(at_once):
    """Half is under a bracket by hand, whose target holds its shares; a stray sale holds the rest."""
    bracket = entry("AAPL 5 @ 100.00", OrderStatus.FILLED, filled_qty=Decimal(5), order_class=OrderClass.BRACKET)
    target = replace(sale("AAPL 5 @ 1"), id="target", type=OrderType.LIMIT, parent_id=bracket.id)
    stray = replace(sale("AAPL 5 @ 1"), id="stray", type=OrderType.LIMIT)
    held = position("AAPL 10 @ 100.00", available="0")
    plan = plan_rescue(facts(held, orders=(bracket, target, stray), cancels_at_once=at_once))
    freed, placed = plan.actions
    assert isinstance(freed, FreeShares)
    assert (freed.order.id, placed.qty) == ("stray", 5)


@pytest.mark.parametrize(("is_open", "freed"), [(False, []), (True, ["target"])])
def test_a_target_does_not_give_way_where_its_cancel_would_take_a_stop_limit_along(is_open, freed):
    bracket = entry("AAPL 7 @ 100.00", OrderStatus.FILLED, filled_qty=Decimal(7), order_class=OrderClass.BRACKET)
    (leg,) = bracket.legs
    loose = replace(leg, type=OrderType.STOP_LIMIT, status=OrderStatus.HELD, limit_price=Decimal(90))
    target = replace(leg, id="target", type=OrderType.LIMIT, limit_price=Decimal(120), stop_price=None)
    held, orders = position("AAPL 7 @ 100.00", available="0"), (replace(bracket, legs=(loose, target)),)
    plan = plan_rescue(facts(held, orders=orders, session=session(is_open=is_open)))
    assert [action.order.id for action in plan.actions if isinstance(action, FreeShares)] == freed
    assert [finding.code for finding in plan.findings] == ["shares_freed" if freed else "stop_blocked"]


def test_a_leg_that_sleeps_for_good_gives_way_at_any_hour():
    """Its entry was cancelled half filled, and it is still there (ALPACA 1.8)."""
    ended = entry("AAPL 7 @ 100.00", OrderStatus.CANCELED, filled_qty=Decimal(3))
    asleep = replace(ended, legs=(replace(ended.legs[0], status=OrderStatus.HELD),))
    freed, placed = plan_rescue(facts(position("AAPL 3 @ 100.00", available="0"), orders=(asleep,))).actions
    assert isinstance(freed, FreeShares)
    assert placed.qty == 3


def test_what_is_free_and_what_is_freed_share_one_stop():
    stray = replace(sale("AAPL 4 @ 1"), type=OrderType.LIMIT)
    plan = plan_rescue(facts(position("AAPL 7 @ 100.00", available="3"), orders=(stray,)))
    assert [type(action) for action in plan.actions] == [FreeShares, PlaceStop]
    assert (plan.actions[0].symbol, plan.actions[1].qty) == ("AAPL", 7)
    assert [(finding.code, finding.symbol) for finding in plan.findings] == [("shares_freed", "AAPL")]


def test_only_whole_shares_get_a_stop():
    (action,) = plan_rescue(facts(position("AAPL 2.5 @ 100.00"))).actions
    assert action.qty == 2
    assert plan_rescue(facts(position("AAPL 0.5 @ 100.00"))).actions == ()


def test_the_members_of_an_oco_are_freed_by_one_cancel_and_hold_their_shares_once():
    target = replace(
        stop("AAPL 3 @ 1.00"), id="target", type=OrderType.LIMIT, order_class=OrderClass.OCO, stop_price=None,
        time_in_force="day", client_order_id="by-phone",
    )  # fmt: skip
    leg = replace(
        stop("AAPL 3 @ 95.00", OrderStatus.HELD), parent_id="target", order_class=OrderClass.OCO,
        time_in_force="day", client_order_id="by-phone-too",
    )  # fmt: skip
    stuck = replace(stop("AAPL 4 @ 90.00", OrderStatus.PENDING_CANCEL), client_order_id="by-phone-as-well")
    plan = plan_rescue(facts(position("AAPL 7 @ 100.00", available="0"), orders=(leg, target, stuck)))
    freed, placed = plan.actions
    assert isinstance(freed, FreeShares)
    assert isinstance(placed, PlaceStop)
    assert (freed.order.id, placed.qty) == ("target", 3)
    assert [(f.code, f.message.split(" ")[0]) for f in plan.findings] == [
        ("shares_freed", "AAPL:"),
        ("stop_blocked", "4"),
    ]
