"""Market data never looks past the clock, pages like Alpaca and says nothing about symbols it lacks (ALPACA 12)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.simulator.desk import START, Desk


def days(bars: Any) -> list[str]:
    return [bar["t"] for bar in bars]


def test_bars_up_to_the_clock(desk: Desk) -> None:
    desk.bar("104 107 101 106")
    query: dict[str, Any] = {"symbols": "AAPL", "timeframe": "1Day", "start": "2026-02-27"}
    assert days(desk.get("/stocks/bars", **query)["bars"]["AAPL"]) == ["2026-02-27T05:00:00Z", "2026-03-02T05:00:00Z"]
    desk.exchange.advance(to="open")
    today = desk.get("/stocks/bars", **query)["bars"]["AAPL"][-1]
    assert (today["t"], today["o"], today["h"], today["c"]) == ("2026-03-03T05:00:00Z", 104.0, 104.0, 104.0)
    desk.exchange.advance(to="close")
    today = desk.get("/stocks/bars", **query)["bars"]["AAPL"][-1]
    assert (today["h"], today["l"], today["c"]) == (107.0, 101.0, 106.0)


def test_pages_go_by_symbol_then_time(desk: Desk) -> None:
    query: dict[str, Any] = {"symbols": "MSFT,AAPL,ZZZZ", "timeframe": "1Day", "start": "2026-02-01", "limit": 2}
    seen: list[tuple[str, str]] = []
    token = None
    while True:
        page = desk.get("/stocks/bars", **query, **({"page_token": token} if token else {}))
        seen += [(symbol, bar["t"][:10]) for symbol, bars in page["bars"].items() for bar in bars]
        token = page["next_page_token"]
        if token is None:
            break
    expected = ["2026-02-26", "2026-02-27", START]
    assert seen == [(symbol, day) for symbol in ("AAPL", "MSFT") for day in expected]
    backwards = desk.get("/stocks/AAPL/bars", timeframe="1Day", start="2026-02-01", sort="desc")
    assert (backwards["symbol"], [bar["t"][:10] for bar in backwards["bars"]]) == ("AAPL", expected[::-1])


@pytest.mark.parametrize(
    ("start", "end", "found"),
    [
        ("2026-02-27", "2026-02-27", 1),
        ("2026-02-27T05:00:00Z", "2026-02-27T05:00:00Z", 1),  # both ends included, at the bar's own time
        ("2026-02-27T05:00:01Z", "2026-02-27T23:00:00Z", 0),
        ("2026-02-26", "2026-02-27T04:59:59Z", 1),
        (None, None, 1),  # the current day
    ],
)
def test_the_span(desk: Desk, start: str | None, end: str | None, found: int) -> None:
    query = {name: value for name, value in (("start", start), ("end", end)) if value}
    bars = desk.get("/stocks/bars", symbols="AAPL", timeframe="1Day", **query)["bars"]
    assert len(bars.get("AAPL", [])) == found


def test_snapshots_and_the_latest(desk: Desk) -> None:
    desk.day("104 107 101 106")
    snapshots = desk.get("/stocks/snapshots", symbols="AAPL,MSFT,ZZZZ")
    assert sorted(snapshots) == ["AAPL", "MSFT"]
    assert set(snapshots["AAPL"]) == {"latestTrade", "latestQuote", "minuteBar", "dailyBar", "prevDailyBar"}
    assert (snapshots["AAPL"]["dailyBar"]["c"], snapshots["AAPL"]["prevDailyBar"]["c"]) == (106.0, 100.0)
    assert snapshots["AAPL"]["latestTrade"]["p"] == 106.0
    assert snapshots["AAPL"]["latestTrade"]["t"] == "2026-03-03T21:00:00Z"
    quote = desk.get("/stocks/quotes/latest", symbols="AAPL")["quotes"]["AAPL"]
    assert (quote["bp"], quote["ap"]) == (105.99, 106.01)
    assert desk.get("/stocks/bars/latest", symbols="AAPL")["bars"]["AAPL"]["c"] == 106.0
    assert desk.get("/stocks/AAPL/snapshot")["symbol"] == "AAPL"
    desk.get("/stocks/ZZZZ/trades/latest")
    assert desk.status == 404


@pytest.mark.parametrize(
    "query",
    [
        {"symbols": ""},
        {"symbols": "A%"},
        {"symbols": "AAPL", "limit": 10001},
        {"symbols": "AAPL", "timeframe": "1Min"},
        {"symbols": "AAPL", "start": "soon"},
        {"symbols": "AAPL", "adjustment": "magic"},
        {"symbols": "AAPL", "page_token": "nonsense"},
        {"symbols": "AAPL", "sort": "sideways"},
    ],
)
def test_malformed_requests(desk: Desk, query: dict[str, Any]) -> None:
    answer = desk.get("/stocks/bars", **query)
    assert (desk.status, list(answer)) == (400, ["message"])


@pytest.mark.parametrize(
    ("adjustment", "closes"), [("raw", [100.0, 25.5]), ("split", [25.0, 25.5]), ("all", [25.0, 25.5])]
)
def test_splits_are_adjusted_only_when_asked(desk: Desk, adjustment: str, closes: list[float]) -> None:
    desk.exchange.action(split={"symbol": "AAPL", "ratio": 4})
    desk.day("25 26 24 25.5")
    bars = desk.get("/stocks/bars", symbols="AAPL", timeframe="1Day", start=START, adjustment=adjustment)["bars"]
    assert [bar["c"] for bar in bars["AAPL"]] == closes
