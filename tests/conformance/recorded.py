"""What Alpaca was seen to answer: request, status, the kind of value under every key, and the words that matter.

The facts are read off 182 exchanges with the paper API that the authors of three public clients recorded from 2019 to
2021 for their tests (`elixir` jrusso1020/alpaca_elixir, `r` yogat3ch/AlpacaforR, `ruby` ccjr/alpaca-trade-api). Nothing
of them is repeated here but names and kinds. `times` tells how many of the exchanges said the same. Of the
201 recorded, 19 concern endpoints the exchange does not have; OUT_OF_SCOPE counts them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Description = Any

OUT_OF_SCOPE = {"/v1/bars": 6, "/v1/last": 12, "/v1beta1/crypto": 1}


@dataclass(frozen=True, slots=True)
class Fact:
    """One recorded answer. `given` names a stage of `stages.py`; braces in path and body are filled from it.

    `shape` describes the body, None for an empty one; `says` gives values by path. `seen` names the recordings.
    """

    seen: str
    request: str
    status: int
    shape: Description
    given: str = "closed"
    send: dict[str, Any] | None = None
    says: dict[str, Any] = field(default_factory=dict)
    times: int = 1


def keys(**kinds: str) -> dict[str, str]:
    """Describe an object by kind: keys(uuid="id asset_id", null="legs")."""
    return {key: kind for kind, names in kinds.items() for key in names.split()}


# -- shapes ----------------------------------------------------------------------------------------------------------

_JULY_2019 = keys(
    uuid="id asset_id client_order_id",
    utc="created_at submitted_at updated_at",
    text="symbol asset_class order_type type side time_in_force status",
    decimal="qty filled_qty",
    null="filled_at expired_at canceled_at failed_at filled_avg_price limit_price stop_price",
)
_2019 = {**_JULY_2019, **keys(flag="extended_hours", null="replaced_at replaced_by replaces")}
_2020 = {**_2019, **keys(text="order_class", null="legs")}
_2021 = {**_2020, **keys(null="notional trail_percent trail_price hwm")}
_2026 = {**_2021, **keys(utc="expires_at", text="position_intent source", null="subtag")}
_ORDERS = {"2019-07": _JULY_2019, "2019": _2019, "2020": _2020, "2021": _2021, "2026": _2026}


def order(year: str, **but: Description) -> Description:
    """Describe an unfilled market order of a year, `but` for what a row says otherwise."""
    return {**_ORDERS[year], **but}


STOP, LIMIT = {"stop_price": "decimal"}, {"limit_price": "decimal"}
STOP_LIMIT = {**STOP, **LIMIT}
FILLED = {"filled_at": "utc", "filled_avg_price": "decimal"}

ERROR = keys(number="code", text="message")
_HELD = keys(decimal="available existing_qty held_for_orders", text="symbol")
HELD = {**ERROR, **_HELD, "related_orders": ["uuid"]}
POSITION = keys(
    uuid="asset_id",
    text="symbol exchange asset_class side",
    decimal="qty avg_entry_price market_value cost_basis unrealized_pl unrealized_plpc unrealized_intraday_pl "
    "unrealized_intraday_plpc current_price lastday_price change_today",
)
ACCOUNT_2019 = keys(
    uuid="id",
    utc="created_at",
    number="daytrade_count",
    text="status currency",
    decimal="buying_power cash portfolio_value equity last_equity long_market_value short_market_value initial_margin "
    "maintenance_margin multiplier sma",
    flag="account_blocked pattern_day_trader shorting_enabled trade_suspended_by_user trading_blocked "
    "transfers_blocked",
)
ACCOUNT_2020 = {**ACCOUNT_2019, **keys(decimal="daytrading_buying_power regt_buying_power last_maintenance_margin")}
ACCOUNT_2021 = {**ACCOUNT_2020, **keys(text="account_number")}
FILL = keys(
    **{"activity id": "id"},
    text="activity_type type side symbol",
    utc="transaction_time",
    decimal="price qty leaves_qty cum_qty",
    uuid="order_id",
)
FILL_2021 = {**FILL, **keys(text="order_status")}
DIVIDEND = keys(
    **{"activity id": "id"}, text="activity_type symbol", date="date", decimal="net_amount per_share_amount qty"
)
CONFIGURATION_2020 = keys(text="dtbp_check pdt_check trade_confirm_email", flag="no_shorting suspend_trade")
CONFIGURATION = {**CONFIGURATION_2020, **keys(flag="fractional_trading", decimal="max_margin_multiplier")}
HISTORY = {
    **keys(number="base_value", text="timeframe"),
    **{name: ["number"] for name in ("timestamp", "equity", "profit_loss", "profit_loss_pct")},
}
ASSET_2019 = keys(uuid="id", text="class exchange symbol status", flag="tradable marginable shortable easy_to_borrow")
ASSET_2020 = {**ASSET_2019, **keys(text="name")}
ASSET_2021 = {**ASSET_2020, **keys(flag="fractionable")}
LIST = keys(uuid="id account_id", utc="created_at updated_at", text="name")
DAY_2019 = keys(date="date", time="open close")
DAY = {**DAY_2019, **keys(decimal="session_open session_close")}
CLOCK = keys(offset="timestamp next_open next_close", flag="is_open")
BAR = keys(utc="t", number="o h l c v")
TRADE = {**keys(utc="t", text="x z", number="p s i"), "c": ["text"]}
QUOTE = {**keys(utc="t", text="ax bx", number="ap as bp bs"), "c": ["text"]}
SNAPSHOT = {"latestTrade": TRADE, "latestQuote": QUOTE, "minuteBar": BAR, "dailyBar": BAR, "prevDailyBar": BAR}

# -- what was seen ---------------------------------------------------------------------------------------------------

UNKNOWN = "b0b6dd9d-8b9b-48a9-ba46-b9d54906e415"
BUY = {"symbol": "AAPL", "side": "buy", "type": "market", "time_in_force": "day"}
_SELL = {**BUY, "side": "sell"}
_RUBY_BUY = {"symbol": "AAPL", "qty": 5, "side": "buy", "type": "limit", "time_in_force": "day"}
_LEGS = {"take_profit": {"limit_price": "110"}, "stop_loss": {"stop_price": "92"}}


def _error(code: int, message: str) -> dict[str, Any]:
    return {"code": code, "message": message}


_NO_ORDER = _error(40410000, f"order not found for {UNKNOWN}")
_NO_POSITION = _error(40410000, "position does not exist")
_POOR = _error(40310000, "insufficient buying power")
_NEW = {"status": "new"}
_TAKEN = {"status": "accepted"}
_WITH_STOP = {"status": "accepted", "order_class": "oto", "legs.0.status": "held", "legs.0.type": "stop"}

ACCOUNTS = (
    Fact("elixir account_get_failure, ruby generic_errors_401", "GET /account", 401, ERROR, given="without keys",
         says=_error(40110000, "access key verification failed : verification failure"), times=2),
    Fact("ruby account", "GET /account", 200, ACCOUNT_2019, says={"status": "ACTIVE", "multiplier": "4"}),
    Fact("ruby generic_errors_429 and 500", "GET /account", 200, ACCOUNT_2020, times=2),
    Fact("elixir account_get", "GET /account", 200, {**ACCOUNT_2020, "ACCOUNT_NUMBER": "text"}),
    Fact("r account", "GET /account", 200, ACCOUNT_2021, given="holding", times=11),
    Fact("elixir config_get", "GET /account/configurations", 200, CONFIGURATION_2020),
    Fact("r config_retrieves", "GET /account/configurations", 200, CONFIGURATION),
    Fact("elixir config_edit", "PATCH /account/configurations", 200, CONFIGURATION_2020,
         send={"trade_confirm_email": "none"}, says={"trade_confirm_email": "none"}),
    Fact("r config_reset", "PATCH /account/configurations", 200, CONFIGURATION,
         send={"dtbp_check": "entry", "fractional_trading": True, "max_margin_multiplier": 4, "no_shorting": False,
               "pdt_check": "entry", "suspend_trade": False, "trade_confirm_email": "all"},
         says={"max_margin_multiplier": "4"}),
    Fact("r config_sets", "PATCH /account/configurations", 200, CONFIGURATION,
         send={"no_shorting": True, "suspend_trade": True}, says={"no_shorting": True, "suspend_trade": True}),
    Fact("elixir history", "GET /account/portfolio/history", 200, HISTORY, given="a week later",
         says={"timeframe": "1D"}),
    Fact("r portfolio_1D",
         "GET /account/portfolio/history?period=1A&timeframe=1D&date_end=2026-03-09&extended_hours=TRUE",
         200, HISTORY, given="a week later", says={"timeframe": "1D"}, times=6),
    Fact("r portfolio_1H",
         "GET /account/portfolio/history?period=4W&timeframe=1H&date_end=2026-03-09&extended_hours=TRUE",
         200, HISTORY, given="a week later", says={"timeframe": "1H"}, times=4),
    Fact("elixir activity_list", "GET /account/activities?activity_types=FILL,TRANS", 200, [FILL], given="filled",
         times=2),
    Fact("r activities", "GET /account/activities?direction=desc&page_size=50", 200, [FILL_2021], given="filled"),
    Fact("r activities_range", "GET /account/activities?until=2026-03-05&after=2026-03-01&direction=desc&page_size=50",
         200, [FILL_2021], given="filled"),
    Fact("elixir and ruby activity_FILL", "GET /account/activities/FILL", 200, [FILL], given="filled",
         says={"0.activity_type": "FILL", "0.type": "fill", "0.leaves_qty": "0"}, times=2),
    Fact("ruby activity_DIV", "GET /account/activities/DIV", 200, [DIVIDEND], given="filled"),
    Fact("elixir and ruby activity_invalid", "GET /account/activities/FFFFF", 422, ERROR,
         says=_error(40010001, "invalid activity type: FFFFF"), times=2),
)  # fmt: skip

REFERENCE = (
    Fact("ruby asset", "GET /assets/AAPL", 200, ASSET_2019, says={"symbol": "AAPL", "class": "us_equity"}),
    Fact("elixir asset_by_symbol", "GET /assets/AAPL", 200, ASSET_2020, says={"exchange": "NASDAQ"}),
    Fact("elixir asset_by_id", "GET /assets/{asset}", 200, ASSET_2020, says={"symbol": "AAPL"}),
    Fact("r asset", "GET /assets/AAPL", 200, ASSET_2021, says={"status": "active"}),
    Fact("elixir and r asset_not_found", "GET /assets/BLAH", 404, ERROR, says=_error(40410000,
         "asset not found for BLAH"),
         times=2),
    Fact("ruby calendar", "GET /calendar?end=2019-07-01&start=2019-06-01", 200, [DAY_2019],
         says={"0.date": "2019-06-03", "20.date": "2019-07-01", "21": "absent"}),
    Fact("elixir calendar", "GET /calendar?end=2020-03-01&start=2020-02-10", 200, [DAY],
         says={"0.date": "2020-02-10", "13.date": "2020-02-28", "14": "absent", "0.open": "09:30", "0.close": "16:00"}),
    Fact("r calendar", "GET /calendar?start=2020-03-04&end=2020-04-26", 200, [DAY],
         says={"0.date": "2020-03-04", "36.date": "2020-04-24", "37": "absent"}),
    Fact("r calendar_one", "GET /calendar?start=2021-06-11&end=2021-06-13", 200, [DAY], says={"1": "absent"}),
    Fact("elixir, r and ruby clock", "GET /clock", 200, CLOCK, says={"is_open": False}, times=4),
)  # fmt: skip

ORDERS = (
    Fact("elixir create", "POST /orders", 200, order("2020"), send={**BUY, "qty": 1}, says=_TAKEN),
    Fact("r simple_buy", "POST /orders", 200, order("2021"), given="open", send={**BUY, "qty": "2"}, says=_TAKEN,
         times=3),
    Fact("ruby new_order", "POST /orders", 200, order("2019-07", extended_hours="flag", client_order_id="text",
         **LIMIT),
         send={**_RUBY_BUY, "limit_price": 95, "extended_hours": True, "client_order_id": "MY_ORDER_ID"},
         says={"status": "new", "client_order_id": "MY_ORDER_ID", "extended_hours": True}),
    Fact("ruby fractional", "POST /orders", 200, order("2021"), given="open",
         send={**BUY, "qty": 1.8, "extended_hours": False}, says={"status": "accepted", "qty": "1.8"}),
    Fact("ruby notional", "POST /orders", 200, order("2021", notional="decimal", qty="null"), given="open",
         send={**BUY, "notional": 500, "extended_hours": False}, says={"status": "accepted", "notional": "500"}),
    Fact("r stop", "POST /orders", 200, order("2021", **STOP), given="open and holding",
         send={**_SELL, "type": "stop", "qty": "2", "stop_price": "95.0025", "client_order_id": UNKNOWN},
         says={"status": "accepted", "stop_price": "95"}),
    Fact("r trailing_percent", "POST /orders", 200, order("2021", trail_percent="decimal", hwm="decimal", **STOP),
         given="open and holding", send={**_SELL, "type": "trailing_stop", "qty": "1", "trail_percent": "5"},
         says=_NEW),
    Fact("r trailing_price, buy_stop and short_sell", "POST /orders", 200,
         order("2021", trail_price="decimal", hwm="decimal", **STOP), given="open and holding",
         send={**_SELL, "type": "trailing_stop", "qty": "1", "trail_price": "5"}, says=_NEW, times=3),
    Fact("r bracket", "POST /orders", 200,
         order("2021", legs=[order("2021", **LIMIT), order("2021", **STOP_LIMIT)]), given="open",
         send={**BUY, "qty": "2", "order_class": "bracket", "take_profit": {"limit_price": "110"},
               "stop_loss": {"stop_price": "92", "limit_price": "91"}},
         says={"status": "accepted", "order_class": "bracket", "legs.0.status": "held", "legs.0.type": "limit",
               "legs.1.status": "held", "legs.1.type": "stop_limit"}, times=2),
    Fact("ruby bracket", "POST /orders", 200,
         order("2020", client_order_id="text", legs=[order("2020", **LIMIT), order("2020", **STOP)], **LIMIT),
         send={**_RUBY_BUY, "limit_price": 100, "order_class": "bracket", "client_order_id": "BRACKET_ORDER_ID",
               "take_profit": {"limit_price": 110}, "stop_loss": {"stop_price": 92}, "extended_hours": False},
         says={"status": "accepted", "legs.0.status": "held", "legs.1.status": "held", "legs.1.type": "stop"}),
    Fact("r oco", "POST /orders", 200, order("2021", legs=[order("2021", **STOP)], **LIMIT), given="open and holding",
         send={**_SELL, "type": "limit", "qty": "1", "order_class": "oco", **_LEGS},
         says={**_WITH_STOP, "order_class": "oco"}),
    Fact("r oto", "POST /orders", 200, order("2021", legs=[order("2021", **STOP)]), given="open",
         send={**BUY, "qty": "2", "order_class": "oto", "stop_loss": {"stop_price": "92"}}, says=_WITH_STOP),
    Fact("elixir create_403", "POST /orders", 403, {**ERROR, **keys(decimal="buying_power cost_basis")},
         send={**BUY, "qty": 10000000}, says={**_POOR, "buying_power": "400000", "cost_basis": "1000000000"}),
    Fact("ruby buying_power", "POST /orders", 403, ERROR, says=_POOR,
         send={**_RUBY_BUY, "qty": 5000, "limit_price": 200, "extended_hours": True}),
    Fact("elixir create_422", "POST /orders", 422, ERROR, send={**BUY, "qty": 1, "symbol": "FACEBOOK"},
         says=_error(40010001, 'could not find asset "FACEBOOK"')),
    Fact("ruby required_parameters", "POST /orders", 422, ERROR, send={**_RUBY_BUY, "extended_hours": True},
         says=_error(40010001, "limit orders require only limit price")),
    Fact("elixir list", "GET /orders", 200, [order("2020")], given="waiting", says={"0.status": "accepted",
         "1": "absent"}),
    Fact("r no_orders", "GET /orders?status=open&direction=desc&nested=TRUE", 200, [], times=3),
    Fact("r orders_all", "GET /orders?status=all&direction=desc&nested=TRUE", 200, [
        order("2021", client_order_id="text|uuid"),
        order("2021", **FILLED, **STOP),
        order("2021", replaced_at="utc", replaced_by="uuid", **STOP),
        order("2021", replaces="uuid", canceled_at="utc", **STOP),
        order("2021", canceled_at="utc", **LIMIT, legs=[order("2021", canceled_at="utc", **STOP)]),
    ], given="a history"),
    Fact("ruby orders", "GET /orders?limit=5&status=all", 200, [
        order("2019-07", **LIMIT), order("2019-07", **FILLED, **LIMIT), order("2019-07", canceled_at="utc", **LIMIT),
    ], given="limit orders"),
    Fact("elixir get", "GET /orders/{order}", 200, order("2020"), given="waiting", says=_TAKEN),
    Fact("ruby order", "GET /orders/{order}", 200, order("2019-07", **FILLED, **LIMIT), given="a limit filled",
         says={"status": "filled"}),
    Fact("elixir and ruby get_not_found", f"GET /orders/{UNKNOWN}", 404, ERROR, says=_NO_ORDER, times=2),
    Fact("elixir get_bad_id", "GET /orders/fake_id", 422, ERROR, says=_error(40010001, "order_id is missing")),
    Fact("elixir by_client_order_id", "GET /orders:by_client_order_id?client_order_id={client}", 200, order("2020"),
         given="waiting", says=_TAKEN),
    Fact("elixir by_client_order_id_not_found", f"GET /orders:by_client_order_id?client_order_id={UNKNOWN}", 404, ERROR,
         says=_NO_ORDER),
)  # fmt: skip

AMENDMENTS = (
    Fact("ruby replace", "PATCH /orders/{order}", 200, order("2019", client_order_id="text", replaces="uuid", **LIMIT),
         given="open with a limit order", send={"qty": 100, "limit_price": 25.25, "client_order_id": "MY_ORDER_ID_3"},
         says={"status": "new", "qty": "100", "limit_price": "25.25", "client_order_id": "MY_ORDER_ID_3"}),
    Fact("r replace_stop", "PATCH /orders/{order}", 200, order("2021", replaces="uuid", **STOP),
         given="open with a stop",
         send={"qty": "1", "time_in_force": "day", "stop_price": "93.4025"},
         says={"status": "new", "qty": "1", "stop_price": "93.4"}),
    Fact("ruby replace_buying_power", "PATCH /orders/{order}", 403, ERROR, given="open with a limit order",
         send={"qty": 100000, "limit_price": 30}, says=_POOR),
    Fact("ruby replace_not_found", f"PATCH /orders/{UNKNOWN}", 404, ERROR,
         send={"qty": 105, "time_in_force": "gtc", "stop_price": 25.1}, says=_NO_ORDER),
    Fact("elixir edit_failure", "PATCH /orders/{order}", 422, ERROR, given="waiting", send={"qty": 3},
         says=_error(40010001, "unable to replace order, order isn't sent to exchange yet")),
    Fact("ruby replace_not_open", "PATCH /orders/{order}", 422, ERROR, given="a limit filled", send={"qty": 200},
         says=_error(40010001, "only open orders can be replaced")),
    Fact("elixir, r and ruby cancel", "DELETE /orders/{order}", 204, None, given="waiting", times=6),
    Fact("elixir and ruby cancel_not_found", f"DELETE /orders/{UNKNOWN}", 404, ERROR, says=_NO_ORDER, times=2),
    Fact("ruby cancel_all_none", "DELETE /orders", 207, []),
    Fact("elixir cancel_all", "DELETE /orders", 207, [{**keys(uuid="id", number="status"), "body": order("2020")}],
         given="waiting", says={"0.status": 200, "0.body.status": "pending_cancel"}),
    Fact("ruby cancel_all", "DELETE /orders", 207,
         [{**keys(uuid="id", number="status"), "body": order("2019", client_order_id="text|uuid", **LIMIT)}],
         given="open with a limit order", says={"0.status": 200, "0.body.status": "new"}),
    Fact("r cancel_all_final", "DELETE /orders", 207, [
        {**keys(uuid="id", number="status"), "body": body} for body in (
            order("2021", **FILLED, legs=[order("2021", **STOP)]),
            order("2021", canceled_at="utc", trail_price="decimal", hwm="decimal", **STOP),
            order("2021", **LIMIT),
        )
    ], given="open with a pair in force", says={"0.status": 200, "0.body.status": "filled"}),
)  # fmt: skip

_CLOSED = keys(text="symbol", number="status")
POSITIONS = (
    Fact("elixir and r positions", "GET /positions", 200, [POSITION], given="holding", says={"0.side": "long"},
         times=2),
    Fact("ruby positions", "GET /positions", 200, [POSITION], given="short", says={"0.side": "short", "0.qty": "-2"}),
    Fact("elixir and r position", "GET /positions/AAPL", 200, POSITION, given="holding", says={"qty": "2"}, times=7),
    Fact("ruby position", "GET /positions/AAPL", 200, POSITION, given="short",
         says={"side": "short", "market_value": "-200", "cost_basis": "-200"}),
    Fact("elixir, r and ruby position_not_found", "GET /positions/MSFT", 404, ERROR, says=_NO_POSITION, times=3),
    Fact("elixir close", "DELETE /positions/AAPL", 200, order("2020"), given="holding",
         says={"status": "accepted", "side": "sell", "type": "market", "time_in_force": "day", "qty": "2"}),
    Fact("ruby close", "DELETE /positions/AAPL", 200, order("2019"), given="holding", says={"status": "new",
         "side": "sell"}),
    Fact("r close", "DELETE /positions/AAPL", 200, order("2021"), given="open and holding", says=_TAKEN),
    Fact("elixir, r and ruby close_not_found", "DELETE /positions/MSFT", 404, ERROR, says=_NO_POSITION, times=5),
    Fact("ruby close_all_none", "DELETE /positions", 207, []),
    Fact("ruby close_all", "DELETE /positions", 207, [{**_CLOSED, "body": order("2019")}], given="holding",
         says={"0.status": 200, "0.symbol": "AAPL", "0.body.status": "new"}),
    Fact("elixir close_all", "DELETE /positions", 207, [{**_CLOSED, "body": order("2020")}, {**_CLOSED, "body": HELD}],
         given="holding one under a stop",
         says={"0.status": 403, "0.symbol": "AAPL", "0.body.code": 40310000, "0.body.held_for_orders": "2",
               "0.body.message": "insufficient qty available for order (requested: 2, available: 0)",
               "1.status": 200, "1.body.status": "accepted"}),
    Fact("r close_all_with_orders", "DELETE /positions?cancel_orders=TRUE", 207, [
        {**_CLOSED, "symbol": "uuid", "body": order("2021", **FILLED, legs=[order("2021", **LIMIT), order("2021",
        **STOP_LIMIT)])},
        {**_CLOSED, "body": HELD},
    ], given="open with a pair in force", says={"0.status": 200, "0.body.status": "filled", "1.status": 403}),
)  # fmt: skip

_SPAN = "start=2026-02-26T00:00:00-00:00&end=2026-02-28T00:00:00-00:00&limit=10000"
_BARS = {**keys(text="symbol", null="next_page_token"), "bars": [BAR]}
_LATEST = "start=2021-05-26T00:00:00-04:00&end=2021-05-27T00:00:00-04:00&limit=10000"
MARKET_DATA = (
    Fact("r bars_1day", f"GET /stocks/AAPL/bars?{_SPAN}&timeframe=1Day", 200, _BARS, says={"symbol": "AAPL"}, times=2),
    Fact("r bars_1hour and 1minute", f"GET /stocks/AAPL/bars?{_SPAN}&timeframe=1Hour", 200, _BARS, times=6),
    Fact("r bars_none",
         "GET /stocks/AAPL/bars?start=2026-02-27T00:00:00-00:00&end=2026-02-27T00:00:00-00:00&timeframe=1Day",
         200, {**_BARS, "bars": []}),
    Fact("r trade", f"GET /stocks/AAPL/trades/latest?{_LATEST}", 200, {"symbol": "text", "trade": TRADE}, times=6),
    Fact("r quote", f"GET /stocks/AAPL/quotes/latest?{_LATEST}", 200, {"symbol": "text", "quote": QUOTE}, times=3),
    Fact("r snapshot", f"GET /stocks/AAPL/snapshot?{_LATEST}", 200, {"symbol": "text", **SNAPSHOT}),
    Fact("r snapshots", "GET /stocks/snapshots?symbols=AAPL,MSFT", 200, {"AAPL": SNAPSHOT, "MSFT": SNAPSHOT}),
)  # fmt: skip

_2020_LIST, _2021_LIST = {**LIST, "assets": [ASSET_2020]}, {**LIST, "assets": [ASSET_2021]}
_BY_NAME = "/watchlists:by_name?name=test"
WATCHLISTS = (
    Fact("elixir watchlist_create", "POST /watchlists", 200, _2020_LIST, send={"name": "test", "symbols": ["AAPL",
         "MSFT"]},
         says={"name": "test", "assets.0.symbol": "AAPL", "assets.1.symbol": "MSFT"}),
    Fact("r watchlist_created", "POST /watchlists", 200, _2021_LIST, send={"name": "test", "symbols": ["AAPL"]}),
    Fact("elixir watchlist_create_failure", "POST /watchlists", 422, ERROR, send={"name": "x" * 88,
         "symbols": ["AAPL"]},
         says=_error(40010001, "name must be no more than 64 characters")),
    Fact("elixir watchlist_list, r watchlist_appears and delete", "GET /watchlists", 200, [LIST], given="a watchlist",
         says={"1.name": "test"}, times=3),
    Fact("elixir watchlist_get", "GET /watchlists/{list}", 200, _2020_LIST, given="a watchlist"),
    Fact("r watchlist_by_name", f"GET {_BY_NAME}", 200, _2021_LIST, given="a watchlist", says={"name": "test"},
         times=3),
    Fact("elixir watchlist_bad_id", "GET /watchlists/fake_id", 422, ERROR,
         says=_error(40010001, "watchlist is required")),
    Fact("elixir watchlist_not_found", f"GET /watchlists/{UNKNOWN}", 404, ERROR,
         says=_error(40410000, f"watchlist not found: {UNKNOWN}")),
    Fact("elixir watchlist_add", "POST /watchlists/{list}", 200, _2020_LIST, given="a watchlist",
         send={"symbol": "MSFT"},
         says={"assets.1.symbol": "MSFT"}),
    Fact("r watchlist_add", f"POST {_BY_NAME}", 200, _2021_LIST, given="a watchlist", send={"symbol": "MSFT"}),
    Fact("elixir watchlist_update", "PUT /watchlists/{list}", 200, {**LIST, "assets": []}, given="a watchlist",
         send={"name": "renamed"}, says={"name": "renamed"}),
    Fact("r watchlist_renamed", f"PUT {_BY_NAME}", 200, _2021_LIST, given="a watchlist",
         send={"name": "renamed", "symbols": ["MSFT"]}, says={"name": "renamed", "assets.0.symbol": "MSFT"}, times=3),
    Fact("elixir watchlist_remove", "DELETE /watchlists/{list}/AAPL", 200, {**LIST, "assets": []}, given="a watchlist"),
    Fact("r watchlist_remove", "DELETE /watchlists:by_name/MSFT?name=both", 200, _2021_LIST, given="a watchlist",
         says={"assets.0.symbol": "AAPL", "assets.1": "absent"}),
    Fact("elixir watchlist_delete", "DELETE /watchlists/{list}", 204, None, given="a watchlist"),
    Fact("r watchlist_delete", f"DELETE {_BY_NAME}", 204, None, given="a watchlist"),
    Fact("r watchlist_delete_not_found", f"DELETE {_BY_NAME}", 404, ERROR,
         says=_error(40410000, "watchlist not found: test"), times=6),
)  # fmt: skip

RECORDED = (*ACCOUNTS, *REFERENCE, *ORDERS, *AMENDMENTS, *POSITIONS, *MARKET_DATA, *WATCHLISTS)
