"""Listing orders: what an open list hides, paging to the end, filters, and the limits refused (ALPACA 5.2, 5.3)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.simulator.desk import Desk


def ids(orders: Any) -> list[str]:
    return [order["id"] for order in orders]


def test_what_an_open_list_hides(desk: Desk) -> None:
    entry = desk.oto()
    assert ids(desk.get("/orders")) == [entry["id"]]
    nested = desk.get("/orders", nested="true")
    assert ids(nested[0]["legs"]) == ids(entry["legs"])
    desk.day("100 101 99 100")
    assert ids(desk.get("/orders")) == ids(entry["legs"])
    assert desk.get("/orders", nested="true") == []
    assert ids(desk.get("/orders", status="closed")) == [entry["id"]]
    assert ids(desk.get("/orders", status="all", nested="True")) == [entry["id"]]
    assert len(desk.get("/orders", status="all")) == 2


def test_pages_by_time_and_by_id_reach_every_order_once(desk: Desk) -> None:
    placed = [desk.place(type="limit", limit_price="90", qty=1)["id"] for _ in range(7)]
    assert ids(desk.get("/orders", direction="asc")) == placed
    assert ids(desk.get("/orders")) == placed[::-1]
    for direction, by_time, by_id in (("desc", "until", "before_order_id"), ("asc", "after", "after_order_id")):
        expected = placed[::-1] if direction == "desc" else placed
        for key, name in (("submitted_at", by_time), ("id", by_id)):
            seen, page = [], desk.get("/orders", limit=3, direction=direction)
            while page:
                seen += ids(page)
                page = desk.get("/orders", limit=3, direction=direction, **{name: page[-1][key]})
            assert seen == expected


@pytest.mark.parametrize(("mode", "shared"), [("own", False), ("shared", True)])
def test_the_submission_time_of_legs(desk: Desk, mode: str, shared: bool) -> None:
    desk.exchange.modes(leg_timestamps=mode)
    entry = desk.bracket()
    times = {order["submitted_at"] for order in (entry, *entry["legs"])}
    assert len(times) == (1 if shared else 3)


def test_filters(desk: Desk) -> None:
    desk.hold()
    sell = desk.stop()
    buy = desk.place(symbol="MSFT", type="limit", limit_price="90")
    assert ids(desk.get("/orders", symbols="msft,NOPE")) == [buy["id"]]
    assert ids(desk.get("/orders", side="sell")) == [sell["id"]]
    assert ids(desk.get("/orders", after="2026-03-02")) == [buy["id"], sell["id"]]
    assert desk.get("/orders", until="2026-03-02T20:59:59+00:00") == []


@pytest.mark.parametrize(
    "query",
    [
        {"limit": 501},
        {"limit": 0},
        {"limit": "many"},
        {"status": "sleeping"},
        {"direction": "up"},
        {"side": "long"},
        {"after": "yesterday"},
        {"until": "9999-01-01"},
        {"before_order_id": "nonsense"},
    ],
)
def test_malformed_queries_are_refused(desk: Desk, query: dict[str, Any]) -> None:
    answer = desk.get("/orders", **query)
    assert (desk.status, answer["code"]) == (422, 40010001)


def test_page_ids_exclude_each_other_and_times(desk: Desk) -> None:
    order_id = desk.place(type="limit", limit_price="90")["id"]
    for query in ({"after_order_id": order_id}, {"after": "2026-01-01"}):
        desk.get("/orders", before_order_id=order_id, **query)
        assert desk.status == 422
