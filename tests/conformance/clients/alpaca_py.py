"""The life of an order through alpaca-py, told as JSON; run as `python alpaca_py.py URL KEY SECRET`."""

import json
import sys
import urllib.request
import warnings
from datetime import UTC, datetime

warnings.simplefilter("ignore")  # alpaca-py still imports a part of websockets that is on its way out

from alpaca.common.exceptions import APIError  # noqa: E402
from alpaca.data.historical import StockHistoricalDataClient  # noqa: E402
from alpaca.data.requests import StockBarsRequest  # noqa: E402
from alpaca.data.timeframe import TimeFrame  # noqa: E402
from alpaca.trading.client import TradingClient  # noqa: E402
from alpaca.trading.enums import OrderClass, OrderSide, QueryOrderStatus, TimeInForce  # noqa: E402
from alpaca.trading.requests import (  # noqa: E402
    GetOrdersRequest,
    LimitOrderRequest,
    ReplaceOrderRequest,
    StopLossRequest,
    StopOrderRequest,
)

url, key, secret = sys.argv[1:]
told = {}
api = TradingClient(key, secret, url_override=url)
market = StockHistoricalDataClient(key, secret, url_override=url)


def advance():
    body, kind = json.dumps({"to": "close"}).encode(), {"Content-Type": "application/json"}
    urllib.request.urlopen(urllib.request.Request(f"{url}/_sim/advance", body, kind)).read()


def refusal(call, *arguments, **named):
    try:
        call(*arguments, **named)
    except APIError as error:
        body = json.loads(str(error))
        return [error.status_code, body.get("code"), body["message"]]
    return "taken"


def listed(nested=False, status=QueryOrderStatus.OPEN):
    orders = api.get_orders(GetOrdersRequest(status=status, nested=nested))
    return [[order.type.value, order.status.value, len(order.legs or [])] for order in orders]


account = api.get_account()
told["account"] = [account.status.value, account.equity, account.multiplier]
told["clock"] = api.get_clock().is_open
pair = api.submit_order(
    LimitOrderRequest(
        symbol="AAPL",
        qty=10,
        side=OrderSide.BUY,
        time_in_force=TimeInForce.GTC,
        limit_price=100,
        order_class=OrderClass.OTO,
        stop_loss=StopLossRequest(stop_price=92),
        client_order_id="pair-1",
    )
)
leg = pair.legs[0]
told["pair"] = [pair.status.value, pair.order_class.value, leg.status.value, leg.type.value, float(leg.stop_price)]
told["open"] = listed()
told["nested"] = listed(nested=True)
advance()
told["filled"] = api.get_order_by_client_id("pair-1").status.value
position = api.get_all_positions()[0]
told["position"] = [position.symbol, position.qty, position.qty_available, float(position.avg_entry_price)]
told["resting"] = listed()
again = StopOrderRequest(symbol="AAPL", qty=1, side=OrderSide.SELL, time_in_force=TimeInForce.GTC, stop_price=90)
told["second stop"] = refusal(api.submit_order, again)
raised = api.replace_order_by_id(leg.id, ReplaceOrderRequest(stop_price=95))
told["raised"] = [raised.status.value, float(raised.stop_price), str(raised.replaces) == str(leg.id)]
told["old stop"] = api.get_order_by_id(leg.id).status.value
told["same price"] = refusal(api.replace_order_by_id, raised.id, ReplaceOrderRequest(stop_price=95))
told["quantity of a leg"] = refusal(api.replace_order_by_id, raised.id, ReplaceOrderRequest(qty=5))
told["unknown order"] = refusal(api.get_order_by_id, "00000000-0000-4000-8000-000000000000")
told["wrong keys"] = refusal(TradingClient("no", "no", url_override=url).get_account)
api.cancel_order_by_id(raised.id)
told["cancelled"] = api.get_order_by_id(raised.id).status.value
told["left open"] = listed()
told["closing"] = api.close_position("AAPL").status.value
advance()
told["positions"] = len(api.get_all_positions())
told["no position"] = refusal(api.get_open_position, "AAPL")
told["fills"] = [
    [fill["side"], float(fill["price"])] for fill in api.get("/account/activities/FILL", {"page_size": 100})
]
bars = market.get_stock_bars(
    StockBarsRequest(symbol_or_symbols="AAPL", timeframe=TimeFrame.Day, start=datetime(2026, 2, 26, tzinfo=UTC))
)
told["bars"] = [bar.close for bar in bars.data["AAPL"]]
told["all"] = listed(status=QueryOrderStatus.ALL)
print(json.dumps(told))
