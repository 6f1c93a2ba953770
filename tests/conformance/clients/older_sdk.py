"""The life of an order through alpaca-trade-api, told as JSON; run as `python older_sdk.py URL KEY SECRET`."""

import json
import sys
import urllib.request

from alpaca_trade_api import REST, TimeFrame
from alpaca_trade_api.rest import APIError

url, key, secret = sys.argv[1:]
told = {}
api = REST(key, secret, base_url=url)


def advance():
    body, kind = json.dumps({"to": "close"}).encode(), {"Content-Type": "application/json"}
    urllib.request.urlopen(urllib.request.Request(f"{url}/_sim/advance", body, kind)).read()


def refusal(call, *arguments, **named):
    try:
        call(*arguments, **named)
    except APIError as error:
        return [error.status_code, error._error.get("code"), str(error)]
    return "taken"


def listed(nested=False, status="open"):
    orders = api.list_orders(status=status, nested=nested)
    return [[order.type, order.status, len(order.legs or [])] for order in orders]


account = api.get_account()
told["account"] = [account.status, account.equity, account.multiplier]
told["clock"] = api.get_clock().is_open
pair = api.submit_order(
    symbol="AAPL",
    qty=10,
    side="buy",
    type="limit",
    time_in_force="gtc",
    limit_price="100",
    order_class="oto",
    stop_loss={"stop_price": "92"},
    client_order_id="pair-1",
)
leg = pair.legs[0]
told["pair"] = [pair.status, pair.order_class, leg.status, leg.type, float(leg.stop_price)]
told["open"] = listed()
told["nested"] = listed(nested=True)
advance()
told["filled"] = api.get_order_by_client_order_id("pair-1").status
position = api.list_positions()[0]
told["position"] = [position.symbol, position.qty, position.qty_available, float(position.avg_entry_price)]
told["resting"] = listed()
told["second stop"] = refusal(
    api.submit_order, symbol="AAPL", qty=1, side="sell", type="stop", time_in_force="gtc", stop_price="90"
)
raised = api.replace_order(leg.id, stop_price="95")
told["raised"] = [raised.status, float(raised.stop_price), raised.replaces == leg.id]
told["old stop"] = api.get_order(leg.id).status
told["same price"] = refusal(api.replace_order, raised.id, stop_price="95")
told["quantity of a leg"] = refusal(api.replace_order, raised.id, qty="5")
told["unknown order"] = refusal(api.get_order, "00000000-0000-4000-8000-000000000000")
told["wrong keys"] = refusal(REST("no", "no", base_url=url).get_account)
api.cancel_order(raised.id)
told["cancelled"] = api.get_order(raised.id).status
told["left open"] = listed()
told["closing"] = api.close_position("AAPL").status
advance()
told["positions"] = len(api.list_positions())
told["no position"] = refusal(api.get_position, "AAPL")
told["fills"] = [[fill.side, float(fill.price)] for fill in api.get_activities("FILL", page_size=100)]
# Its market data client reads the address from APCA_API_DATA_URL.
told["bars"] = [bar.c for bar in api.get_bars_iter("AAPL", TimeFrame.Day, start="2026-02-26")]
told["all"] = listed(status="all")
print(json.dumps(told))
