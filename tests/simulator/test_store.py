"""No request reads a table from end to end, so ten thousand orders are as quick as ten; and undoing forgets nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from sentinel.simulator import ExchangeServer, RunningExchange
from sentinel.simulator.store import Store
from tests.simulator.desk import FLAT, START, Desk

# A page of orders or fills walks an index of times and stops at its limit; the other tables stay small.
WALKS = ("orders_by_time", "orders_open_by_time", "orders_closed_by_time", "fill_by_time")
LARGE = ("orders", "fill", "bar", "mutation")


@pytest.fixture
def watched() -> Iterator[tuple[Desk, list[str]]]:
    """A desk, and every statement its exchange has run."""
    server = ExchangeServer(bars=FLAT, start=START)
    said: list[str] = []
    server.start()
    try:
        desk = Desk(RunningExchange(**server.announcement))
        with desk.session:
            desk.hold(20)
            desk.oto()
            server._store.connection.set_trace_callback(said.append)
            yield desk, said
            server._store.connection.set_trace_callback(None)
            scans = list(full_scans(server._store, said))
    finally:
        server.close()
    assert scans == []


def full_scans(store: Store, said: list[str]) -> Iterator[tuple[str, str]]:
    for statement in sorted(set(said)):
        if not statement.lstrip().startswith(("SELECT", "UPDATE", "DELETE", "INSERT")):
            continue
        for row in store.rows(f"EXPLAIN QUERY PLAN {statement}"):
            step: str = row["detail"]
            reads_all = step.startswith("SCAN") and step.split()[1] in LARGE and not step.endswith(WALKS)
            if reads_all or "TEMP B-TREE" in step:
                yield step, statement


def test_no_request_of_an_evening_reads_a_whole_table(watched: tuple[Desk, list[str]]) -> None:
    desk, said = watched
    stop = desk.stop("90", qty=5)
    for path in ("account", "positions", "positions/AAPL", "orders", "clock", "account/activities", "assets/AAPL"):
        desk.get(f"/{path}")
    for scope in ("open", "closed", "all"):
        desk.get("/orders", status=scope, limit=500, nested="true")
    desk.get("/orders:by_client_order_id", client_order_id="x")
    desk.place(type="limit", limit_price="95")
    desk.place(side="sell", qty=99)
    desk.ask("PATCH", f"/orders/{stop['id']}", {"stop_price": "91"})
    desk.ask("DELETE", f"/orders/{stop['id']}")
    desk.get("/stocks/bars", symbols="AAPL,MSFT", timeframe="1Day", start="2026-02-01")
    desk.get("/stocks/snapshots", symbols="AAPL")
    assert len(said) > 100


@pytest.mark.parametrize("nested", [False, True])
def test_what_is_undone_was_never_there(nested: bool) -> None:
    store = Store()
    heard: list[int] = []
    store.when_undone(heard.append)
    store.put_setting("mood", "calm")

    def fail() -> None:
        store.put_setting("mood", "wild")
        assert store.setting("mood") == "wild"
        raise LookupError

    def fail_inside() -> None:
        with store.attempt():
            fail()

    with pytest.raises(LookupError), store.transaction():
        (fail_inside if nested else fail)()
    assert store.setting("mood") == "calm"
    assert heard == sorted(heard, reverse=True)
    assert len(heard) == 1 + nested
    store.close()


def test_a_refused_order_changes_neither_ids_nor_time(desk: Desk) -> None:
    def next_order() -> Any:
        order = desk.place(type="limit", limit_price="90")
        return order["id"], order["created_at"]

    first = next_order()
    desk.exchange.reset()
    for _ in range(3):
        desk.place(qty=10**6)
        assert desk.status == 403
    assert next_order() == first
