"""Stops with too few days left are renewed without a gap, or named."""

from datetime import timedelta
from decimal import Decimal

import pytest

from sentinel.domain.actions import RenewStop
from sentinel.domain.findings import Severity
from sentinel.domain.orders import OrderClass, OrderStatus, OrderType
from sentinel.plan.renewals import plan_renewals
from tests.builders import EVENING, facts, position, session, stop


def lapsing(days=9, status=OrderStatus.NEW, **changes):
    return stop("AAPL 7 @ 92.00", status, expires_at=EVENING + timedelta(days=days), **changes)


def seen(order, **changes):
    return facts(position("AAPL 7 @ 100.00", available="0"), orders=(order,), **changes)


@pytest.mark.parametrize(("days", "is_renewed"), [(87, False), (10, False), (9.99, True), (1, True)])
def test_a_stop_with_fewer_than_ten_days_left_is_renewed(days, is_renewed):
    assert bool(plan_renewals(seen(lapsing(days))).actions) == is_renewed


def test_a_stop_that_never_lapses_is_left_alone():
    assert plan_renewals(seen(stop("AAPL 7 @ 92.00", expires_at=None))).actions == ()


PROOF = {"replaces": "an older one", "submitted_at": EVENING - timedelta(days=60)}
YOUNG = {"replaces": "an older one", "submitted_at": EVENING + timedelta(days=9) - timedelta(days=89)}


@pytest.mark.parametrize(
    ("order", "is_open", "at_once", "to_price", "may_swap"),
    [
        (lapsing(), False, True, "92.01", True),
        (lapsing(), False, False, "92.01", False),  # a routed stop is not cancelled after hours
        (lapsing(), True, False, "92.01", True),  # the only hours in which this account can
        (lapsing(), True, True, "92.01", False),  # the evening can do it, when nothing triggers
        (lapsing(status=OrderStatus.ACCEPTED), False, True, None, True),
        (lapsing(**PROOF), False, True, None, True),  # a raise has not renewed it: another one will not
        (lapsing(**YOUNG), False, True, "92.01", True),  # nearly 90 days from its own beginning: no proof
        (lapsing(order_class=OrderClass.OTO), False, False, "92.01", False),
    ],
)
def test_how_a_stop_is_renewed(order, is_open, at_once, to_price, may_swap):
    now = seen(order, session=session(is_open=is_open), cancels_at_once=at_once)
    (action,) = plan_renewals(now).actions
    assert isinstance(action, RenewStop)
    assert action.to_price == (Decimal(to_price) if to_price else None)
    assert action.may_swap == may_swap


def test_a_stop_next_to_the_price_is_not_moved_into_it():
    near = facts(position("AAPL 7 @ 100.00", last="92.01"), orders=(lapsing(),), cancels_at_once=True)
    (action,) = plan_renewals(near).actions
    assert isinstance(action, RenewStop)
    assert (action.to_price, action.may_swap) == (None, True)


def test_the_buy_stop_of_a_short_goes_a_cent_down():
    short = stop("AAPL -7 @ 108.00", expires_at=EVENING + timedelta(days=5))
    (action,) = plan_renewals(facts(position("AAPL -7 @ 100.00"), orders=(short,))).actions
    assert isinstance(action, RenewStop)
    assert action.to_price == Decimal("107.99")


@pytest.mark.parametrize(
    ("order", "severity"),
    [
        (lapsing(9, OrderStatus.ACCEPTED), Severity.WARNING),
        (lapsing(3.1, OrderStatus.ACCEPTED), Severity.WARNING),
        (lapsing(3, OrderStatus.ACCEPTED), Severity.ALARM),
        (lapsing(9, order_class=OrderClass.OCO), Severity.WARNING),
        (lapsing(2, order_class=OrderClass.BRACKET), Severity.ALARM),
        (lapsing(9, type=OrderType.TRAILING_STOP), Severity.WARNING),
    ],
)
def test_what_cannot_be_renewed_tonight_is_named_and_becomes_an_alarm(order, severity):
    plan = plan_renewals(seen(order))
    assert plan.actions == ()
    assert [(finding.code, finding.severity) for finding in plan.findings] == [("stop_expires", severity)]


def test_the_order_that_waits_to_take_its_place_is_the_one_that_counts():
    resting = lapsing(status=OrderStatus.PENDING_REPLACE, replaced_by="heir")
    kept = lapsing(status=OrderStatus.PENDING_NEW, id="heir", replaces=resting.id)
    new = stop("AAPL 7 @ 92.01", OrderStatus.PENDING_NEW, id="heir", replaces=resting.id)
    held = position("AAPL 7 @ 100.00", available="0")
    assert [f.code for f in plan_renewals(facts(held, orders=(resting, kept))).findings] == ["stop_expires"]
    assert plan_renewals(facts(held, orders=(resting, new))).findings == ()
