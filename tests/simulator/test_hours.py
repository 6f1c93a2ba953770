"""The clock by the minute: what is queued, released and refused at which hour, and how a day may end."""

from __future__ import annotations

from typing import Any

import pytest

from tests.simulator.desk import Desk


@pytest.mark.parametrize(
    ("moves", "timestamp", "is_open"),
    [
        (["19:00"], "2026-03-02T19:00:00", False),
        (["00:30"], "2026-03-03T00:30:00", False),
        (["09:29"], "2026-03-03T09:29:00", False),
        (["09:30"], "2026-03-03T09:30:00", True),
        (["15:55"], "2026-03-03T15:55:00", True),
        (["12:00", "12:00"], "2026-03-04T12:00:00", True),
        (["16:00"], "2026-03-03T16:00:00", False),
        (["12:00", "close"], "2026-03-03T16:00:00", False),
        (["12:00", "open"], "2026-03-04T09:30:00", True),
        (["08:00", "open"], "2026-03-03T09:30:00", True),
    ],
)
def test_the_clock_by_the_minute(desk: Desk, moves: list[str], timestamp: str, is_open: bool) -> None:
    for move in moves:
        desk.exchange.advance(to=move)
    clock = desk.get("/clock")
    assert (clock["timestamp"][:19], clock["is_open"]) == (timestamp, is_open)


def test_what_is_sent_before_the_open_is_routed_at_the_open(desk: Desk) -> None:
    desk.hold()
    tonight = desk.stop(qty=5)
    desk.exchange.advance(to="08:00")
    morning = desk.stop(qty=5)
    assert (desk.order(tonight["id"])["status"], morning["status"]) == ("new", "accepted")  # ALPACA 2.4, 5.1
    desk.bar("100 101 91 95")
    desk.exchange.advance(to="open")
    assert desk.order(morning["id"])["submitted_at"].startswith("2026-03-03T14:30:00")
    desk.exchange.advance(to="close")
    assert desk.shares() == "0/0"


@pytest.mark.parametrize(
    ("tif", "at", "accepted"),
    [
        ("opg", "18:59", False),
        ("opg", "19:01", True),
        ("opg", "09:27", True),
        ("opg", "09:29", False),
        ("opg", "12:00", False),
        ("cls", "18:59", False),
        ("cls", "19:01", True),
        ("cls", "12:00", True),
        ("cls", "15:49", True),
        ("cls", "15:51", False),
        ("day", "15:51", True),
    ],
)
def test_the_hours_of_auction_orders(desk: Desk, tif: str, at: str, accepted: bool) -> None:
    desk.exchange.modes(auction_windows="enforced")  # ALPACA 2.5
    desk.exchange.advance(to=at)
    answer = desk.place(time_in_force=tif, type="limit", limit_price="90")
    assert (desk.status == 200) == accepted
    if not accepted:
        assert (desk.status, answer["code"]) == (422, 42210000)


def test_on_a_weekend_auction_orders_are_queued(desk: Desk) -> None:
    desk.exchange.modes(auction_windows="enforced")
    desk.exchange.advance(sessions=4)  # the close of Friday
    desk.exchange.advance(to="12:00")
    assert desk.get("/clock")["timestamp"].startswith("2026-03-07T12:00:00")
    desk.place(time_in_force="opg")
    assert desk.status == 200


@pytest.mark.parametrize("mode", ["expired", "canceled"])
def test_how_an_unfilled_day_order_ends(desk: Desk, mode: str) -> None:
    desk.exchange.modes(day_end=mode)
    order = desk.oto(limit="95", stop="90", time_in_force="day")
    desk.day("100 101 99 100")
    ended = desk.get(f"/orders/{order['id']}", nested="true")
    assert [ended["status"], ended["legs"][0]["status"]] == [mode, mode]  # ALPACA 2.2: the sources disagree
    assert bool(ended["expired_at"]) == (mode == "expired")


@pytest.mark.parametrize(
    ("mode", "stop", "bar", "price"),
    [
        ("plain", "105", "120 121 119 120", "120"),
        ("collared", "105", "120 121 119 120", None),  # 107.62 is the most it pays
        ("collared", "105", "107 108 106 107", "107"),
        ("collared", "105", "120 121 107 120", "107.62"),
        ("collared", "105", "100 106 99 106", "105"),
    ],
)
def test_buy_stops_may_have_a_collar(desk: Desk, mode: str, stop: str, bar: str, price: str | None) -> None:
    desk.exchange.modes(buy_stops=mode)  # ALPACA 7.6: 2.5 % from $50
    order = desk.place(type="stop", stop_price=stop)
    desk.day(bar)
    assert desk.order(order["id"])["filled_avg_price"] == price


def test_under_fifty_dollars_the_collar_is_wider(desk: Desk) -> None:
    desk.exchange.modes(buy_stops="collared")
    desk.day("40 41 39 40")
    order = desk.place(type="stop", stop_price="42")
    desk.day("44 45 43 44")
    assert desk.order(order["id"])["filled_avg_price"] == "43.68"  # ALPACA 7.6: 4 %


def test_random_partial_fills_repeat_with_the_seed(desk: Desk) -> None:
    def fills() -> list[Any]:
        desk.exchange.modes(partial_fills="random")  # ALPACA 11
        for _ in range(40):
            desk.place(type="limit", limit_price="100", qty=100, time_in_force="day")
        desk.day("99 101 98 100")
        return [order["filled_qty"] for order in desk.get("/orders", status="all", limit=500)]

    first = fills()
    assert 1 <= sum(qty != "100" for qty in first) <= 15
    desk.exchange.reset()
    assert fills() == first


def test_an_immediate_order_fills_or_is_cancelled(desk: Desk) -> None:
    desk.bar("100 101 99 100")
    desk.exchange.advance(to="open")
    ends = [
        desk.order(desk.place(type="limit", limit_price=price, time_in_force=tif)["id"])["status"]
        for tif in ("ioc", "fok")
        for price in ("101", "99.5")
    ]
    assert ends == ["filled", "canceled"] * 2  # ALPACA 2.1
