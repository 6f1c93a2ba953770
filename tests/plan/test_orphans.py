"""Stops that protect nothing are cancelled after a grace period, and only ours."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from sentinel.domain.actions import ShrinkStop
from sentinel.domain.book import Book
from sentinel.domain.orders import OrderStatus
from sentinel.plan.orphans import plan_orphans, surplus_findings
from tests.builders import EVENING, entry, facts, position, stop, stop_row

OLD = stop("AAPL 7 @ 92.00")
FOREIGN = stop("AAPL 7 @ 92.00", client_order_id="placed-by-phone")


@pytest.mark.parametrize(
    ("held", "order", "is_orphan"),
    [
        ((), OLD, True),
        ((position("AAPL 7 @ 100.00"),), OLD, False),  # it protects
        ((position("AAPL -7 @ 100.00"),), OLD, True),  # it would add to a short
        ((), stop("AAPL 7 @ 92.00", submitted_at=EVENING - timedelta(minutes=4)), False),  # in its grace period
        ((), stop("AAPL 7 @ 92.00", submitted_at=EVENING - timedelta(minutes=5)), True),
        ((), stop("AAPL 7 @ 92.00", OrderStatus.CANCELED), False),
        ((), stop("AAPL 7 @ 92.00", OrderStatus.PENDING_CANCEL), False),  # already on its way
        ((), FOREIGN, False),  # not ours
        ((), entry("AAPL 7 @ 100.00"), False),  # the sleeping leg of a waiting entry
        ((), entry("AAPL 7 @ 100.00", OrderStatus.FILLED, filled_qty=Decimal(7)), True),  # a leg left behind
    ],
)
def test_orphans(held, order, is_orphan):
    actions = plan_orphans(facts(*held, orders=(order,))).actions
    assert len(actions) == int(is_orphan)


#  beside a sleeping leg that was read by itself, without its entry
@pytest.mark.parametrize(("others", "is_orphan"), [((entry("AAPL 7 @ 100.00"),), False), ((), True)])
def test_a_sleeping_leg_belongs_to_the_entry_that_waits_beside_it(others, is_orphan):
    leg = stop("AAPL 7 @ 92.00", OrderStatus.HELD, id="leg")
    others = tuple(replace(order, legs=()) for order in others)
    assert bool(plan_orphans(facts(orders=(leg, *others))).actions) == is_orphan


def test_an_orphan_that_another_waits_to_replace_is_an_alarm_and_not_asked_in_vain():
    old = stop("AAPL 7 @ 92.00", OrderStatus.PENDING_REPLACE, replaced_by="next")
    waiting = stop("AAPL 7 @ 95.00", OrderStatus.PENDING_NEW, id="next", replaces=old.id)
    plan = plan_orphans(facts(orders=(old, waiting)))
    assert (plan.actions, [(alarm.code, alarm.symbol) for alarm in plan.findings]) == ((), [("cancel_pending", "AAPL")])


def test_a_stop_the_ledger_knows_is_ours_whatever_its_name():
    assert len(plan_orphans(facts(orders=(FOREIGN,), book=Book(stops=(stop_row(FOREIGN),)))).actions) == 1


def test_a_stop_that_a_smaller_one_waits_to_replace_is_not_asked_again():
    old = stop("AAPL 7 @ 92.00", OrderStatus.PENDING_REPLACE, replaced_by="smaller")
    smaller = stop("AAPL 5 @ 92.00", OrderStatus.ACCEPTED, id="smaller", replaces=old.id)
    held = position("AAPL 5 @ 100.00")
    assert plan_orphans(facts(held, orders=(old, smaller))).actions == ()
    assert len(plan_orphans(facts(held, orders=(replace(old, status=OrderStatus.NEW),))).actions) == 1


#  is the market open   does a cancel work at once   is the stop asked again
@pytest.mark.parametrize(
    ("is_open", "cancels_at_once", "is_asked"),
    [(False, False, False), (True, False, True), (False, True, True)],  # cut off before the cancel, it is done now
)
def test_a_stop_refused_its_smaller_quantity_tonight_is_asked_again_where_there_is_a_way(
    is_open, cancels_at_once, is_asked
):
    old = stop("AAPL 7 @ 92.00")
    seen = facts(position("AAPL 5 @ 100.00"), orders=(old,), book=Book(unshrinkable=frozenset({old.id})))
    seen = replace(seen, session=replace(seen.session, is_open=is_open), cancels_at_once=cancels_at_once)
    assert bool(plan_orphans(seen).actions) == is_asked
    assert len(surplus_findings(seen)) == 1


def test_a_stop_whose_cancel_hangs_may_still_fill_and_is_an_alarm_beside_the_one_that_protects():
    hanging = stop("AAPL 3 @ 92.00", OrderStatus.PENDING_CANCEL)
    seen = facts(position("AAPL 1 @ 100.00"), orders=(hanging, stop("AAPL 1 @ 92.00", id="smaller")))
    assert plan_orphans(seen).actions == ()
    assert [(alarm.code, alarm.symbol) for alarm in surplus_findings(seen)] == [("too_many_shares", "AAPL")]


def test_what_sleeps_under_a_live_entry_or_is_about_to_be_smaller_sells_no_more_than_is_held():
    """The leg of a part-filled entry waits for the rest (ALPACA 1.5); a replaced stop has been asked already."""
    asleep = entry("AAPL 7 @ 100.00", OrderStatus.PENDING_CANCEL, filled_qty=Decimal(3))
    assert surplus_findings(facts(position("AAPL 3 @ 100.00"), orders=(asleep,))) == ()
    old = stop("AAPL 7 @ 92.00", OrderStatus.PENDING_REPLACE)
    waiting = stop("AAPL 5 @ 92.00", OrderStatus.PENDING_NEW, id="smaller", replaces=old.id)
    assert surplus_findings(facts(position("AAPL 5 @ 100.00"), orders=(old, waiting))) == ()
    assert surplus_findings(facts(position("AAPL 4 @ 100.00"), orders=(old, waiting))) != ()


#  the stops behind five shares           what is left of them: the loosest gives way first, down to nothing
SURPLUS = [
    (("AAPL 5 @ 92.00",), {}),
    (("AAPL 7 @ 92.00",), {"92.00": 5}),
    (("AAPL 3 @ 92.00", "AAPL 4 @ 95.00"), {"92.00": 1}),
    (("AAPL 2 @ 92.00", "AAPL 6 @ 95.00"), {"92.00": 0, "95.00": 5}),
]


@pytest.mark.parametrize(("stops", "left"), SURPLUS)
def test_stops_for_more_than_is_held_are_shrunk(stops, left):
    """Filled, they would open a short."""
    actions = plan_orphans(facts(position("AAPL 5 @ 100.00"), orders=tuple(map(stop, stops)))).actions
    assert all(isinstance(action, ShrinkStop) for action in actions)
    assert {str(action.order.stop_price): action.to_qty for action in actions} == left
