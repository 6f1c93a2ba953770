"""One order, one bar: what fills, and at what price."""

from __future__ import annotations

from typing import Any

import pytest

from tests.simulator.desk import Desk

STOP = {"side": "sell", "type": "stop"}
BUY = {"side": "buy"}
# the order (10 AAPL are held for sells), the bar of the session after, the fill
FILLS: list[tuple[dict[str, Any], str, str | None]] = [
    # sell stops
    ({**STOP, "stop_price": "92"}, "100 101 92.01 95", None),
    ({**STOP, "stop_price": "92"}, "100 101 92 95", "92"),
    ({**STOP, "stop_price": "92"}, "100 101 80 95", "92"),
    ({**STOP, "stop_price": "92"}, "92 101 91 95", "92"),
    ({**STOP, "stop_price": "92"}, "91.5 101 80 95", "91.5"),  # gapped through: the open, not the stop
    # sell stop-limits
    ({**STOP, "type": "stop_limit", "stop_price": "92", "limit_price": "91"}, "100 101 80 85", "92"),
    ({**STOP, "type": "stop_limit", "stop_price": "92", "limit_price": "91"}, "85 90.99 80 85", None),
    ({**STOP, "type": "stop_limit", "stop_price": "92", "limit_price": "91"}, "85 91.5 80 85", "91"),
    # trailing stops: low against the old stop first, then the high raises it, then the close
    ({**STOP, "type": "trailing_stop", "trail_price": "8"}, "100 101 92 95", "92"),
    ({**STOP, "type": "trailing_stop", "trail_price": "8"}, "100 110 93 103", None),
    ({**STOP, "type": "trailing_stop", "trail_price": "8"}, "100 110 93 102", "102"),
    ({**STOP, "type": "trailing_stop", "trail_percent": "8"}, "91 92 90 91", "91"),
    # markets and limits
    (BUY, "103 104 99 100", "103"),
    ({**BUY, "type": "limit", "limit_price": "98"}, "100 101 98.01 100", None),
    ({**BUY, "type": "limit", "limit_price": "98"}, "100 101 97 100", "98"),
    ({**BUY, "type": "limit", "limit_price": "98"}, "95 101 94 100", "95"),
    ({**STOP, "type": "limit", "limit_price": "105"}, "100 105 99 100", "105"),
    ({**STOP, "type": "limit", "limit_price": "105"}, "107 108 106 107", "107"),
    # buy stops
    ({**BUY, "type": "stop", "stop_price": "105"}, "100 104.99 99 100", None),
    ({**BUY, "type": "stop", "stop_price": "105"}, "100 106 99 100", "105"),
    ({**BUY, "type": "stop", "stop_price": "105"}, "107 108 106 107", "107"),
    # other times in force
    ({**BUY, "time_in_force": "cls"}, "103 104 99 100", "100"),
    ({**BUY, "time_in_force": "opg"}, "103 104 99 100", "103"),
    ({**BUY, "type": "limit", "limit_price": "98", "time_in_force": "opg"}, "100 101 97 100", None),
]


@pytest.mark.parametrize(("order", "bar", "price"), FILLS)
def test_one_order_one_bar(desk: Desk, order: dict[str, Any], bar: str, price: str | None) -> None:
    if order["side"] == "sell":
        desk.hold()
    placed = desk.place(**order)
    desk.day(bar)
    after = desk.order(placed["id"])
    assert after["filled_avg_price"] == price, after
    assert (after["status"] == "filled") == (price is not None)


@pytest.mark.parametrize(
    ("limit", "bar", "entry", "exit_price"),
    [
        ("100", "99 101 93 100", "99", None),
        ("100", "99 101 92 100", "99", "92"),  # filled at the open, stopped by the same bar
        ("96", "100 101 91 100", "96", "92"),  # filled on the way down, stopped further down
        ("100", "90 101 89 100", "90", "90"),  # opened under the stop: in and out at the open
    ],
)
def test_an_entry_and_its_stop_in_one_bar(desk: Desk, limit: str, bar: str, entry: str, exit_price: str | None) -> None:
    order = desk.oto("92", limit)
    desk.day(bar)
    assert desk.order(order["id"])["filled_avg_price"] == entry
    assert desk.order(order["legs"][0]["id"])["filled_avg_price"] == exit_price


@pytest.mark.parametrize(
    ("limit", "bar", "target_fills"),
    [("100", "100 111 95 105", True), ("96", "100 111 95 105", False)],
)
def test_a_target_waits_for_the_bar_after_an_entry_inside_one(
    desk: Desk, limit: str, bar: str, target_fills: bool
) -> None:
    order = desk.bracket(limit_price=limit)
    desk.day(bar)
    assert (desk.order(order["legs"][0]["id"])["status"] == "filled") == target_fills


def test_without_a_bar_nothing_fills(desk: Desk) -> None:
    order = desk.place()
    desk.exchange.advance(sessions=2)
    assert desk.order(order["id"])["status"] == "new"
    desk.day("101 102 100 101")
    assert desk.order(order["id"])["filled_avg_price"] == "101"


def test_what_a_share_costs_as_the_day_goes_by(desk: Desk) -> None:
    def last() -> Any:
        return desk.get("/stocks/AAPL/trades/latest")["trade"]["p"]

    desk.hold(1)
    desk.bar("104 107 101 106")
    prices = [last()]
    for moment in ("open", "close"):
        desk.exchange.advance(to=moment)
        prices.append(last())
    assert prices == [100, 104, 106]
    assert desk.get("/positions/AAPL")["current_price"] == "106"


def test_a_stop_left_behind_by_a_hand_sale_opens_a_short(desk: Desk) -> None:
    desk.hold()
    desk.stop()
    desk.exchange.trade("AAPL", 10, "sell", 101)
    desk.day("95 96 91 92")
    assert desk.shares() == "-10/-10"  # ALPACA 6.5: why an orphan must go
