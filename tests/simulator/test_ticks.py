"""Historical trades and quotes are four of each a session, made from its bar, and never look past the clock."""

from __future__ import annotations

from typing import Any

import pytest

from tests.simulator.desk import START, Desk


def test_trades_of_a_session(desk: Desk) -> None:
    desk.bar("104 107 101 106")
    query = {"start": "2026-03-03", "end": "2026-03-03"}
    assert desk.get("/stocks/AAPL/trades", **query) == {"trades": [], "symbol": "AAPL", "next_page_token": None}
    desk.exchange.advance(to="open")
    (opening,) = desk.get("/stocks/AAPL/trades", **query)["trades"]
    assert (opening["t"], opening["p"]) == ("2026-03-03T14:30:00Z", 104.0)
    desk.exchange.advance(to="close")
    told = desk.get("/stocks/trades", symbols="AAPL,ZZZZ", **query)["trades"]
    assert [(trade["t"][11:16], trade["p"]) for trade in told.pop("AAPL")] == [
        ("14:30", 104.0),
        ("16:00", 101.0),
        ("17:00", 107.0),
        ("21:00", 106.0),
    ]
    assert told == {}
    quotes = desk.get("/stocks/AAPL/quotes", sort="desc", limit=1, **query)["quotes"]
    assert [(quote["bp"], quote["ap"]) for quote in quotes] == [(105.99, 106.01)]


@pytest.mark.parametrize("sort", ["asc", "desc"])
def test_pages(desk: Desk, sort: str) -> None:
    query: dict[str, Any] = {"symbols": "AAPL,MSFT", "start": "2026-02-26T15:00:00Z", "end": START, "sort": sort}
    whole = desk.get("/stocks/quotes", **query)["quotes"]
    assert [len(whole[symbol]) for symbol in ("AAPL", "MSFT")] == [11, 11]
    seen: dict[str, list[Any]] = {}
    token: str | None = ""
    while token is not None:
        page = desk.get("/stocks/quotes", limit=4, page_token=token, **query)
        assert 1 <= sum(map(len, page["quotes"].values())) <= 4
        for symbol, quotes in page["quotes"].items():
            seen.setdefault(symbol, []).extend(quotes)
        token = page["next_page_token"]
    assert seen == whole


@pytest.mark.parametrize(
    ("path", "query", "status"),
    [
        ("/stocks/trades", {"symbols": "AAPL", "feed": "overnight"}, 400),  # ALPACA 12: historical data has none
        ("/stocks/bars", {"symbols": "AAPL", "feed": "overnight"}, 400),
        ("/stocks/trades/latest", {"symbols": "AAPL", "feed": "overnight"}, 200),
        ("/stocks/trades/latest", {"symbols": "AAPL", "feed": "psychic"}, 400),
        ("/stocks/bars", {"symbols": "AAPL", "feed": "sip", "end": START}, 403),
        ("/stocks/bars", {"symbols": "AAPL", "feed": "sip", "end": "2026-03-02T20:45:00Z"}, 200),
        ("/stocks/bars", {"symbols": "AAPL", "feed": "iex", "end": START}, 200),
        ("/stocks/snapshots", {"symbols": "AAPL", "feed": "sip"}, 403),
        ("/stocks/AAPL/quotes", {"limit": 0}, 400),
        ("/stocks/AAPL/quotes", {"page_token": "x"}, 400),
    ],
)
def test_feeds_and_what_the_free_plan_refuses(desk: Desk, path: str, query: Any, status: int) -> None:
    desk.exchange.modes(recent_sip="refused")
    answer = desk.get(path, **query)
    assert desk.status == status
    if status == 403:
        assert answer == {"message": "subscription does not permit querying recent SIP data"}  # ALPACA 12
