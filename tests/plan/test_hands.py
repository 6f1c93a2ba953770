"""Whose hand ended a stop, or moved it."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from sentinel.domain.actions import FollowStop
from sentinel.domain.book import Book, EndedBy
from sentinel.domain.orders import OrderClass, OrderStatus
from sentinel.plan.fills import plan_fills
from sentinel.plan.hands import who_ended
from tests.builders import EVENING, entry, facts, position, stop, stop_row, trade

STOP = stop("AAPL 7 @ 92.00")
HEIR = stop("AAPL 7 @ 85.00", id="heir", replaces=STOP.id, client_order_id="by-phone")
REPLACED = replace(STOP, status=OrderStatus.REPLACED, replaced_by=HEIR.id)
CANCELED = replace(STOP, status=OrderStatus.CANCELED, ended_at=EVENING)
HELD = position("AAPL 7 @ 100.00")
FILLED_ENTRY = entry("AAPL 7 @ 100.00", OrderStatus.FILLED, filled_qty=Decimal(7))
LEG = replace(FILLED_ENTRY.legs[0], status=OrderStatus.CANCELED)
TARGET = stop("AAPL 7 @ 120.00", OrderStatus.FILLED, id="target", parent_id=FILLED_ENTRY.id)


def seen(*orders, **book):
    plain = {"trades": (trade("AAPL 7 @ 100.00"),), "stops": (stop_row(STOP),)}
    return facts(HELD, orders=orders, book=Book(**(plain | book)))


@pytest.mark.parametrize(
    ("order", "now", "ended_by"),
    [
        (STOP, seen(STOP), None),
        (replace(STOP, status=OrderStatus.FILLED), seen(STOP), None),
        (CANCELED, seen(CANCELED), EndedBy.TRADER),
        (CANCELED, seen(CANCELED, cancelled_by_us=frozenset({STOP.id})), EndedBy.SENTINEL),
        (CANCELED, seen(CANCELED, replaced_by_us=frozenset({STOP.id})), EndedBy.TRADER),
        (replace(STOP, status=OrderStatus.EXPIRED), seen(STOP), EndedBy.BROKER),
        (replace(STOP, status=OrderStatus.REJECTED), seen(STOP), EndedBy.BROKER),
        (replace(CANCELED, expires_at=EVENING - timedelta(hours=1)), seen(STOP), EndedBy.BROKER),  # its 90th day
        (replace(CANCELED, expires_at=EVENING + timedelta(days=1)), seen(STOP), EndedBy.TRADER),
        (REPLACED, seen(REPLACED, HEIR), EndedBy.TRADER),
        (REPLACED, seen(REPLACED, HEIR, replaced_by_us=frozenset({STOP.id})), EndedBy.SENTINEL),
        (REPLACED, seen(REPLACED, replace(HEIR, client_order_id=STOP.client_order_id)), EndedBy.SENTINEL),
        (REPLACED, seen(REPLACED, replace(HEIR, qty=Decimal(28), stop_price=Decimal(23))), EndedBy.BROKER),  # a split
        (LEG, seen(replace(FILLED_ENTRY, legs=(LEG,))), EndedBy.TRADER),  # its entry filled: only a hand ends it
        (LEG, seen(replace(FILLED_ENTRY, legs=(LEG, TARGET))), EndedBy.BROKER),  # the target filled
        (LEG, seen(replace(FILLED_ENTRY, legs=(LEG, replace(TARGET, status=OrderStatus.REPLACED)))), EndedBy.TRADER),
        (LEG, seen(replace(FILLED_ENTRY, status=OrderStatus.CANCELED, legs=(LEG,))), EndedBy.BROKER),
        (LEG, seen(FILLED_ENTRY, cancelled_by_us=frozenset({FILLED_ENTRY.id})), EndedBy.SENTINEL),
        (
            replace(LEG, order_class=OrderClass.OCO),
            seen(replace(FILLED_ENTRY, order_class=OrderClass.OCO, legs=(LEG,))),
            EndedBy.BROKER,  # of an OCO the parent is the target
        ),
    ],
)
def test_who_ended_a_stop(order, now, ended_by):
    assert who_ended(order, now) is ended_by


def test_a_reverse_split_cancels_by_itself():
    merged = facts(position("AAPL 1 @ 700.00"), orders=(CANCELED,), book=Book(trades=(trade("AAPL 7 @ 100.00"),)))
    assert who_ended(CANCELED, merged) is EndedBy.BROKER


@pytest.mark.parametrize(
    ("orders", "code"),
    [
        ((STOP,), None),
        ((CANCELED,), "stop_cancelled_by_hand"),
        ((REPLACED, HEIR), "stop_lowered_by_hand"),
        ((REPLACED, replace(HEIR, stop_price=Decimal(97))), "stop_raised_by_hand"),
        ((REPLACED, replace(HEIR, stop_price=Decimal(92), qty=Decimal(5))), None),  # only fewer shares
        ((replace(STOP, stop_price=Decimal(91)),), "stop_lowered_by_broker"),  # under its old id: a dividend
        ((replace(STOP, stop_price=Decimal(23), qty=Decimal(28)),), None),  # a split
        ((replace(STOP, status=OrderStatus.EXPIRED),), None),
        (
            (
                replace(REPLACED, replaced_by="between"),
                replace(HEIR, id="between", status=OrderStatus.REPLACED, replaced_by=HEIR.id),
                replace(HEIR, stop_price=Decimal(97)),
            ),
            "stop_raised_by_hand",  # moved twice by hand: the last one counts
        ),
    ],
)
def test_what_the_trader_is_told(orders, code):
    plan = plan_fills(seen(*orders))
    assert [finding.code for finding in plan.findings] == ([code] if code else [])


def test_nothing_is_told_of_a_stop_whose_position_is_gone_too():
    plan = plan_fills(facts(orders=(CANCELED,), book=Book(stops=(stop_row(STOP),))))
    assert plan.findings == ()
    assert [(type(action), action.because) for action in plan.actions] == [(FollowStop, "stop is canceled, by hand")]
