"""The ledger follows what the broker says of our orders."""

from dataclasses import replace
from decimal import Decimal

import pytest

from sentinel.domain.actions import CancelEntry, FollowEntry, FollowExit, FollowStop
from sentinel.domain.book import Book, ExitReason, ExitRecord
from sentinel.domain.orders import OrderStatus, Side
from sentinel.plan.fills import plan_fills
from tests.builders import EVENING, entry, entry_row, facts, position, sale, stop, stop_row, trade


@pytest.mark.parametrize(
    ("status", "filled", "verbs"),
    [
        (OrderStatus.NEW, "0", []),
        (OrderStatus.FILLED, "7", [FollowEntry]),
        (OrderStatus.CANCELED, "0", [FollowEntry]),
        (OrderStatus.EXPIRED, "0", [FollowEntry]),
        (OrderStatus.REJECTED, "0", [FollowEntry]),
        (OrderStatus.PARTIALLY_FILLED, "3", [FollowEntry, CancelEntry]),  # the sleeping stop protects nothing
        (OrderStatus.PENDING_CANCEL, "3", [FollowEntry]),  # already asked for
        (OrderStatus.CANCELED, "3", [FollowEntry]),
    ],
)
def test_the_fate_of_an_entry(status, filled, verbs):
    order = entry("AAPL 7 @ 100.00", status, filled_qty=Decimal(filled))
    known = frozenset({order.id})
    book = Book(entries=(entry_row(order),), stops=tuple(stop_row(leg) for leg in order.legs), known_orders=known)
    actions = [a for a in plan_fills(facts(orders=(order,), book=book)).actions if not isinstance(a, FollowStop)]
    assert [type(action) for action in actions] == verbs


@pytest.mark.parametrize(
    ("changes", "is_followed"),
    [
        ({}, False),
        ({"status": OrderStatus.FILLED, "filled_qty": Decimal(7)}, True),
        ({"status": OrderStatus.CANCELED}, True),
        ({"stop_price": Decimal("95.00")}, True),  # moved by hand
        ({"qty": Decimal(14)}, True),  # a split
    ],
)
def test_the_fate_of_a_stop(changes, is_followed):
    order = stop("AAPL 7 @ 92.00")
    book = Book(stops=(stop_row(order),), trades=(trade("AAPL 7 @ 100.00"),))
    now = facts(position("AAPL 7 @ 100.00"), orders=(replace(order, **changes),), book=book)
    assert [type(action) for action in plan_fills(now).actions] == ([FollowStop] if is_followed else [])


def test_a_sale_is_followed_to_its_end():
    order = sale("AAPL 7 @ 1", OrderStatus.FILLED)
    waiting = OrderStatus.ACCEPTED
    name, qty = order.client_order_id, Decimal(7)
    row = ExitRecord(name, order.id, "AAPL", Side.SELL, qty, waiting, EVENING, ExitReason.PROFIT)
    actions = plan_fills(facts(orders=(order,), book=Book(exits=(row,)))).actions
    assert [type(action) for action in actions] == [FollowExit]


def test_a_lost_ledger_learns_its_orders_from_the_broker():
    price = Decimal(100)
    order = entry("AAPL 7 @ 100.00", OrderStatus.FILLED, filled_qty=Decimal(7), filled_avg_price=price)
    waiting = entry("MSFT 2 @ 300.00")
    actions = plan_fills(facts(position("AAPL 7 @ 100.00"), orders=(order, waiting))).actions
    assert [(type(action), action.symbol) for action in actions] == [(FollowEntry, "MSFT"), (FollowEntry, "AAPL")]


def test_a_live_stop_the_ledger_did_not_know_is_learned():
    book = Book(trades=(trade("AAPL 7 @ 100.00"),))
    now = facts(position("AAPL 7 @ 100.00"), orders=(stop("AAPL 7 @ 92.00"),), book=book)
    assert [type(action) for action in plan_fills(now).actions] == [FollowStop]


def test_an_order_the_broker_no_longer_knows_is_an_alarm():
    plan = plan_fills(facts(book=Book(stops=(stop_row(stop("AAPL 7 @ 92.00")),))))
    assert plan.actions == ()
    assert [finding.code for finding in plan.findings] == ["order_vanished"]


#  status of a sale of ours       does the ledger know it ended   is it followed as news
UNFOLLOWED = [
    (OrderStatus.ACCEPTED, False, True),
    (OrderStatus.UNKNOWN, False, True),  # nobody can say what it is, so it counts as one that may trade
    (OrderStatus.ACCEPTED, True, True),  # whatever the ledger believed
    (OrderStatus.UNKNOWN, True, False),  # a word nobody knows reopens no sale that has ended
]


@pytest.mark.parametrize(("status", "has_ended", "is_followed"), UNFOLLOWED)
def test_a_sale_that_is_not_open_in_the_ledger(status, has_ended, is_followed):
    order = sale("AAPL 7 @ 100.00", status)
    known = frozenset({order.id} if has_ended else ())
    actions = plan_fills(facts(orders=(order,), book=Book(known_orders=known))).actions
    assert [type(action) for action in actions] == ([FollowExit] if is_followed else [])
