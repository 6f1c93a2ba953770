"""How a ghost ended, by the orders that closed it."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from sentinel.domain.actions import CloseTrade
from sentinel.domain.book import Book, ExitReason
from sentinel.domain.facts import ReconcileRequest
from sentinel.domain.orders import OrderStatus, OrderType
from sentinel.plan.ghosts import close_ghost
from tests.builders import EVENING, entry, facts, fill, position, sale, stop, trade


def filled(order, price, hours_ago=2, qty=None):
    shares = Decimal(qty) if qty else order.qty
    at = EVENING - timedelta(hours=hours_ago)
    return replace(order, status=OrderStatus.FILLED, filled_qty=shares, filled_avg_price=Decimal(price), filled_at=at)


def by_hand(line, price, hours_ago=2, **changes):
    order = replace(sale(line), id=f"hand-{hours_ago}", client_order_id=f"phone-{hours_ago}", **changes)
    return filled(order, price, hours_ago)


def closed(*orders, fills=(), held=(), known="AAPL 7 @ 100.00", request=None) -> CloseTrade:
    trades = (trade(known),)
    return close_ghost(
        trades[0],
        facts(*held, orders=orders, fills=fills, book=Book(trades=trades)),
        request.close_reason if request else None,
    )


TARGET = {"type": OrderType.LIMIT, "parent_id": "a-bracket"}
S, P, M, U = ExitReason.STOP_FILLED, ExitReason.PROFIT, ExitReason.MANUAL, ExitReason.UNKNOWN
#  what filled on the closing side                                                                    reason price
ENDS = [
    ((filled(stop("AAPL 7 @ 92.00"), "91.50"),), S, "91.50"),
    ((filled(stop("AAPL 7 @ 92.00", type=OrderType.TRAILING_STOP), "91.50"),), S, "91.50"),
    ((by_hand("AAPL 7 @ 0", "97.50"),), M, "97.50"),
    ((by_hand("AAPL 7 @ 0", "117.50", **TARGET),), P, "117.50"),
    ((by_hand("AAPL 7 @ 0", "117.50", type=OrderType.LIMIT),), M, "117.50"),
    ((by_hand("AAPL 3 @ 0", "96", 5), by_hand("AAPL 4 @ 0", "103", 2)), M, "100"),  # in two parts: their average
    ((by_hand("AAPL 3 @ 0", "96", 5), filled(stop("AAPL 4 @ 92.00"), "92", 2)), S, "93.7143"),
    # sold, bought back by hand and sold again: the first sale was another's
    ((by_hand("AAPL 7 @ 0", "96", 9), by_hand("AAPL 7 @ 0", "103", 2)), M, "103"),
    ((by_hand("AAPL 7 @ 0", "96", 24 * 5),), U, None),  # before the trade began
    ((by_hand("AAPL 3 @ 0", "96"),), U, None),  # four shares went another way
    ((by_hand("AAPL 9 @ 0", "96"),), U, None),  # nine were not held
    ((filled(entry("AAPL 7 @ 99.00"), "99"),), U, None),  # a purchase closes nothing
    ((), U, None),
]  # fmt: skip


@pytest.mark.parametrize(("orders", "reason", "price"), ENDS)
def test_the_end_is_read_from_the_orders_that_closed_it(orders, reason, price):
    end = closed(*orders)
    assert (end.reason, end.price) == (reason, Decimal(price) if price else None)
    if price:
        last = max(orders, key=lambda order: order.filled_at)
        assert (end.order_id, end.closed_at) == (last.id, last.filled_at)


def test_an_order_no_list_shows_is_put_together_from_its_fills():
    parts = (
        fill("AAPL", "3", "97", "phone"),
        replace(fill("AAPL", "4", "98.75", "phone"), id="another"),
        fill("MSFT", "7", "50", "other"),
        fill("AAPL", "7", "50", "bought", side="buy"),
    )
    end = closed(fills=parts)
    assert (end.reason, end.price, end.order_id) == (M, Decimal("98"), "phone")


def test_more_than_was_held_is_believed_where_the_rest_is_held_on_the_other_side():
    end = closed(by_hand("AAPL 12 @ 0", "96"), held=(position("AAPL -5 @ 96.00"),))
    assert (end.reason, end.price) == (M, Decimal("96"))


def test_the_end_of_a_short_is_a_purchase():
    end = closed(filled(stop("AAPL -7 @ 108.00"), "109"), known="AAPL -7 @ 100.00")
    assert (end.reason, end.price) == (S, Decimal("109"))


@pytest.mark.parametrize(
    ("words", "reason"),
    [("stop_filled", S), ("profit", P), ("manual", M), ("unknown", U), ("sold in the other app", M)],
)
def test_the_trader_may_say_what_nobody_saw(words, reason):
    end = closed(request=ReconcileRequest(close_reason=words))
    assert end.reason is reason
    assert words in end.because


def test_what_was_seen_is_believed_before_what_is_said():
    end = closed(filled(stop("AAPL 7 @ 92.00"), "91.50"), request=ReconcileRequest(close_reason="manual"))
    assert end.reason is S
