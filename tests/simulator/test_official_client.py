"""alpaca-py, the client the product uses, understands every answer, also while a test has frozen its clock."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from alpaca.common.exceptions import APIError
from alpaca.data.historical import StockHistoricalDataClient
from alpaca.data.requests import (
    StockBarsRequest,
    StockLatestTradeRequest,
    StockQuotesRequest,
    StockSnapshotRequest,
    StockTradesRequest,
)
from alpaca.data.timeframe import TimeFrame
from alpaca.trading.client import TradingClient
from alpaca.trading.enums import CorporateActionType, OrderClass, OrderSide, QueryOrderStatus, TimeInForce
from alpaca.trading.requests import (
    ClosePositionRequest,
    CreateWatchlistRequest,
    GetCalendarRequest,
    GetCorporateAnnouncementsRequest,
    GetOrdersRequest,
    GetPortfolioHistoryRequest,
    LimitOrderRequest,
    MarketOrderRequest,
    ReplaceOrderRequest,
    StopLossRequest,
    StopOrderRequest,
    TakeProfitRequest,
    TrailingStopOrderRequest,
)
from freezegun import freeze_time
from pydantic import ValidationError

from sentinel.simulator import RunningExchange
from tests.simulator.desk import START, Desk

GTC = {"symbol": "AAPL", "qty": 10, "time_in_force": TimeInForce.GTC}


@pytest.fixture
def trading(exchange: RunningExchange) -> TradingClient:
    return TradingClient(exchange.key, exchange.secret, url_override=exchange.url)


@pytest.fixture
def market(exchange: RunningExchange) -> StockHistoricalDataClient:
    return StockHistoricalDataClient(exchange.key, exchange.secret, url_override=exchange.url)


def entry(**legs: Any) -> LimitOrderRequest:
    return LimitOrderRequest(**GTC, side=OrderSide.BUY, limit_price=100, **legs)


def test_an_evening_through_the_official_client(trading: TradingClient, exchange: RunningExchange, desk: Desk) -> None:
    stop_loss = StopLossRequest(stop_price=92)
    order: Any = trading.submit_order(entry(order_class=OrderClass.OTO, stop_loss=stop_loss, client_order_id="e-1"))
    assert (order.status, order.legs[0].status, order.legs[0].stop_price) == ("accepted", "held", "92")
    desk.day("100 101 99 100")
    exchange.modes(after_hours_stops="new")
    listed: Any = trading.get_orders(
        GetOrdersRequest(status=QueryOrderStatus.OPEN, nested=False, symbols=["AAPL"], limit=500)
    )
    (stop,) = listed
    raised: Any = trading.replace_order_by_id(stop.id, ReplaceOrderRequest(stop_price=95.5))
    assert (raised.stop_price, raised.replaces) == ("95.5", stop.id)
    with pytest.raises(APIError) as refused:
        trading.replace_order_by_id(raised.id, ReplaceOrderRequest(qty=5))
    assert (refused.value.status_code, refused.value.code) == (422, 42210000)
    trading.cancel_order_by_id(raised.id)
    assert trading.get_order_by_client_id("e-1").status == "filled"
    assert trading.close_position("AAPL", ClosePositionRequest(percentage="50")).qty == "5"
    assert [one.status for one in trading.cancel_orders()] == [200]
    trading.submit_order(StopOrderRequest(**GTC, side=OrderSide.SELL, stop_price=90))
    closed: Any = trading.close_all_positions(cancel_orders=True)
    assert [(one.symbol, one.status) for one in closed] == [("AAPL", 200)]


def test_every_read_parses(trading: TradingClient, market: StockHistoricalDataClient, desk: Desk) -> None:
    desk.hold()
    trading.submit_order(entry(order_class=OrderClass.BRACKET, take_profit=TakeProfitRequest(limit_price=110),
                               stop_loss=StopLossRequest(stop_price=92, limit_price=91)))  # fmt: skip
    trading.submit_order(TrailingStopOrderRequest(**GTC, side=OrderSide.SELL, trail_percent=8))
    trading.submit_order(
        MarketOrderRequest(symbol="MSFT", notional=50, side=OrderSide.BUY, time_in_force=TimeInForce.DAY)
    )
    desk.day("100 101 99 100")
    trading.get_account()
    trading.get_account_configurations()
    trading.get_all_positions()
    trading.get_all_assets()
    assert trading.get_asset("AAPL").easy_to_borrow is True
    assert trading.get_clock().is_open is False
    assert len(trading.get_calendar(GetCalendarRequest(start=datetime(2026, 3, 2).date()))) > 500  # noqa: DTZ001
    trading.get_portfolio_history(GetPortfolioHistoryRequest(period="1M", timeframe="1D"))
    orders: Any = trading.get_orders(GetOrdersRequest(status=QueryOrderStatus.ALL, nested=True))
    assert sorted(order.order_class for order in orders) == ["bracket", "simple", "simple", "simple"]
    assert len(trading.get("/account/activities/FILL", {"page_size": 100})) == 2
    bars: Any = market.get_stock_bars(
        StockBarsRequest(
            symbol_or_symbols=["AAPL", "NONE"], timeframe=TimeFrame.Day, start=datetime(2026, 2, 26, tzinfo=UTC)
        )
    )
    assert [bar.close for bar in bars.data["AAPL"]] == [100.0] * 4
    snapshot: Any = market.get_stock_snapshot(StockSnapshotRequest(symbol_or_symbols=["AAPL", "NONE"]))
    assert list(snapshot) == ["AAPL"]
    latest: Any = market.get_stock_latest_trade(StockLatestTradeRequest(symbol_or_symbols="AAPL"))
    assert latest["AAPL"].price == 100.0


@pytest.mark.parametrize("moment", ["2031-01-01", START])
def test_a_frozen_clock_in_the_client_changes_nothing(
    trading: TradingClient, exchange: RunningExchange, moment: str
) -> None:
    with freeze_time(moment):
        order: Any = trading.submit_order(entry(order_class=OrderClass.OTO, stop_loss=StopLossRequest(stop_price=92)))
        exchange.advance(to="close")
        clock: Any = trading.get_clock()
        exchange.reset()
        again: Any = trading.submit_order(entry(order_class=OrderClass.OTO, stop_loss=StopLossRequest(stop_price=92)))
    assert clock.timestamp.isoformat() == "2026-03-03T16:00:00-05:00"
    assert str(order.created_at) == str(again.created_at)
    assert order.created_at.year == 2026


def test_the_smaller_things_parse(trading: TradingClient, market: StockHistoricalDataClient, desk: Desk) -> None:
    desk.exchange.action(split={"symbol": "AAPL", "ratio": 4}, dividend={"symbol": "MSFT", "amount": "0.5"})
    made: Any = trading.create_watchlist(CreateWatchlistRequest(name="mine", symbols=["AAPL"]))
    added: Any = trading.add_asset_to_watchlist_by_id(made.id, "MSFT")
    assert [asset.symbol for asset in added.assets] == ["AAPL", "MSFT"]
    trading.delete_watchlist_by_id(made.id)
    assert trading.get_watchlists() == []
    kinds = [CorporateActionType.SPLIT, CorporateActionType.DIVIDEND]
    wanted = GetCorporateAnnouncementsRequest(ca_types=kinds, since=date(2026, 3, 1), until=date(2026, 3, 31))
    with pytest.warns(DeprecationWarning, match="CorporateActionsClient"):
        announced: Any = trading.get_corporate_announcements(wanted)
    assert (announced[0].new_rate, announced[1].cash) == (4.0, 0.5)
    since = datetime(2026, 2, 26, tzinfo=UTC)
    trades: Any = market.get_stock_trades(StockTradesRequest(symbol_or_symbols=["AAPL"], start=since))
    quotes: Any = market.get_stock_quotes(StockQuotesRequest(symbol_or_symbols="AAPL", start=since, limit=5))
    assert (len(trades.data["AAPL"]), len(quotes.data["AAPL"])) == (12, 5)


def test_a_word_the_client_does_not_know(trading: TradingClient, exchange: RunningExchange) -> None:
    exchange.faults([{"method": "POST", "path": "/v2/orders", "nth": 1, "kind": "unknown_enum"}])
    with pytest.raises(ValidationError):
        trading.submit_order(entry(client_order_id="once"))  # ALPACA 13: the order exists all the same
    assert trading.get_order_by_client_id("once").status == "accepted"
