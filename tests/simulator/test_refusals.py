"""What Alpaca would refuse is refused with its status, code, message and extra fields, and changes nothing."""

from __future__ import annotations

from typing import Any

import pytest

from tests.simulator.desk import Desk

LEGS = {"take_profit": {"limit_price": "110"}, "stop_loss": {"stop_price": "92"}}
LIMIT = {"type": "limit", "limit_price": "100"}
OTO = {**LIMIT, "order_class": "oto"}
SUB_PENNY = "sub-penny increment does not fulfill minimum pricing criteria"

# changes to "buy 10 AAPL at the market, GTC"; what comes back. Last price 100, nothing held.
BODIES: list[tuple[dict[str, Any], int, int, str]] = [
    # ALPACA 7.3
    ({"qty": None}, 422, 40010001, "qty or notional is required"),
    ({"notional": "50"}, 422, 40010001, "only one of qty or notional is accepted"),
    ({"qty": "0"}, 422, 40010001, "qty must be > 0"),
    ({"qty": -1}, 422, 40010001, "qty must be > 0"),
    ({"qty": "ten"}, 422, 40010001, "invalid qty"),
    ({"type": "iceberg"}, 422, 40010001, "invalid order type"),
    ({"side": "hold"}, 422, 40010001, "invalid side"),
    ({"time_in_force": "forever"}, 422, 40010001, "invalid time_in_force"),
    ({"type": "limit"}, 422, 40010001, "limit orders require a limit price"),
    ({"type": "stop"}, 422, 40010001, "stop orders require a stop price"),
    ({"client_order_id": "x" * 129}, 422, 40010001, "client_order_id must be no more than 128 characters"),
    ({"symbol": "NOPE"}, 422, 42210000, 'asset "NOPE" not found'),
    # ALPACA 7.1
    ({**LIMIT, "limit_price": "90.123"}, 422, 42210000, f"invalid limit_price 90.123. {SUB_PENNY}"),
    ({"type": "stop", "stop_price": 110.00001}, 422, 42210000, f"invalid stop_price 110.00001. {SUB_PENNY}"),
    (
        {**OTO, "take_profit": {"limit_price": "110.96416125"}},
        422,
        42210000,
        f"invalid take_profit.limit_price 110.96416125. {SUB_PENNY}",
    ),
    ({**OTO, "stop_loss": {"stop_price": 92.001}}, 422, 42210000, f"invalid stop_loss.stop_price 92.001. {SUB_PENNY}"),
    # ALPACA 2.7
    ({"qty": "1.5"}, 422, 42210000, "fractional orders must be DAY orders"),
    ({"qty": None, "notional": "50"}, 422, 42210000, "fractional orders must be DAY orders"),
    ({"qty": "1.5", **OTO, **LEGS, "take_profit": None}, 422, 42210000, "fractional orders must be simple orders"),
    (
        {"qty": "1.5", "type": "trailing_stop", "trail_price": "5", "time_in_force": "day"},
        422,
        42210000,
        "fractional orders must be market, limit, stop, or stop_limit orders",
    ),
    # ALPACA 2.6
    (
        {"extended_hours": True, "time_in_force": "day"},
        422,
        42210000,
        "extended hours order must be DAY or GTC limit orders",
    ),
    # ALPACA 1.2
    ({**LIMIT, "order_class": "bracket", "stop_loss": {"stop_price": "92"}}, 422, 42210000,
     "bracket orders require take_profit.limit_price"),
    ({"order_class": "oco", **LIMIT, **LEGS, "side": "sell"}, 422, 42210000, "oco orders must be exit orders"),
    # ALPACA 1.10
    (
        {**LIMIT, "order_class": "bracket", **LEGS, "take_profit": {"limit_price": "91"}},
        422,
        42210000,
        "take_profit.limit_price must be > stop_loss.stop_price",
    ),
    # ALPACA 6.6
    ({"position_intent": "sell_to_close"}, 422, 42210000,
     "position intent mismatch, inferred: buy_to_open, specified: sell_to_close"),
    # ALPACA 6.5, 7.4
    ({"side": "sell", "qty": "0.5", "time_in_force": "day"}, 422, 42210000, "fractional orders cannot be sold short"),
    ({"qty": "0.001", "time_in_force": "day"}, 422, 42210000, "cost basis must be >= minimal amount of order 1"),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "status", "code", "message"), BODIES)
def test_a_body_is_refused(desk: Desk, changes: dict[str, Any], status: int, code: int, message: str) -> None:
    refused = desk.place(**changes)
    assert (desk.status, refused) == (status, {"code": code, "message": message})
    assert desk.exchange.state()["orders"] == []


@pytest.mark.parametrize(
    ("stop", "limit", "base"),
    [
        ("92", "100", None),
        ("99.99", "100", None),  # a cent under both
        ("100", "100", "100"),
        ("97", "97", "97"),  # under the market, not under the entry's limit
        ("100", "105", "100"),  # under the entry's limit, not under the market
        ("100.5", None, "100"),  # a market entry knows only the market
    ],
)
def test_a_stop_leg_stays_a_cent_under_limit_and_market(
    desk: Desk, stop: str, limit: str | None, base: str | None
) -> None:
    answer = desk.oto(stop, limit)  # ALPACA 1.10
    if base is None:
        assert desk.status == 200
    else:
        assert (desk.status, answer["base_price"]) == (422, base)
        assert answer["message"] == "stop_loss.stop_price must be <= base_price - 0.01"


def test_a_target_leg_stays_a_cent_over_the_entry(desk: Desk) -> None:
    answer = desk.place(**OTO, take_profit={"limit_price": "100"})  # ALPACA 1.10
    message = "take_profit.limit_price must be >= base_price + 0.01"
    assert (desk.status, answer) == (422, {"code": 42210000, "message": message, "base_price": "100"})


@pytest.mark.parametrize(("stop", "accepted"), [("99.99", True), ("100", False), ("100.4", False)])
def test_a_sell_stop_stays_under_the_last_price(desk: Desk, stop: str, accepted: bool) -> None:
    desk.hold()
    answer = desk.stop(stop)  # ALPACA 7.2: after hours too
    if accepted:
        assert desk.status == 200
    else:
        message = "stop price must be less than current price"
        expected = {"code": 42210000, "market_price": "100", "message": message, "stop_price": stop}
        assert (desk.status, answer) == (422, expected)


@pytest.mark.parametrize("end", ["accepted", "canceled", "filled", "replaced"])
def test_a_client_order_id_is_never_taken_twice(desk: Desk, end: str) -> None:
    order = desk.place(client_order_id="mine", type="limit", limit_price="90")
    if end == "canceled":
        desk.ask("DELETE", f"/orders/{order['id']}")
    elif end == "filled":
        desk.day("89 90 88 90")
    elif end == "replaced":
        desk.exchange.action(replace={"order_id": order["id"], "limit_price": "91"})
    again = desk.place(client_order_id="mine")
    assert (desk.status, again) == (422, {"code": 40010001, "message": "client_order_id must be unique"})  # ALPACA 8
    assert desk.get("/orders:by_client_order_id", client_order_id="mine")["status"] == end
    desk.get("/orders:by_client_order_id", client_order_id="never")
    assert desk.status == 404


@pytest.mark.parametrize("side", ["sell", "close"])
def test_shares_under_a_stop_are_not_sold_again(desk: Desk, side: str) -> None:
    desk.hold(6)
    first = desk.stop(qty=6)
    closing = side == "close"  # ALPACA 6.8
    answer = desk.ask("DELETE", "/positions/AAPL?qty=2") if closing else desk.place(side="sell", qty=2)
    assert desk.status == 403
    assert answer == {  # ALPACA 6.1, raw
        "available": "0",
        "code": 40310000,
        "existing_qty": "6",
        "held_for_orders": "6",
        "message": "insufficient qty available for order (requested: 2, available: 0)",
        "related_orders": [first["id"]],
        "symbol": "AAPL",
    }


def test_without_other_orders_there_are_no_related_ones(desk: Desk) -> None:
    desk.hold(6)
    answer = desk.stop(qty=7)
    assert (answer["available"], "related_orders" in answer) == ("6", False)  # ALPACA 6.1


def test_held_shares_stay_keyed_to_the_first_of_a_chain(desk: Desk) -> None:
    desk.hold()
    first = desk.stop()
    desk.exchange.action(replace={"order_id": first["id"], "stop_price": "93"})
    assert desk.place(side="sell")["related_orders"] == [first["id"]]  # ALPACA 3.9


def test_buying_power_and_its_fields(desk: Desk) -> None:
    desk.place(type="limit", limit_price="99", qty=4000)
    answer = desk.place(qty=41)
    assert desk.status == 403  # ALPACA 9.3
    assert answer == {
        "buying_power": "4000",
        "code": 40310000,
        "cost_basis": "4100",
        "message": "insufficient buying power",
    }


def test_suspended_trading(desk: Desk) -> None:
    desk.ask("PATCH", "/account/configurations", {"suspend_trade": True})
    assert desk.place()["message"] == "new orders are rejected by user request"  # ALPACA 9.5
    assert desk.status == 403


# -- shorts, ALPACA 6.5 ----------------------------------------------------------------------------------------------


def test_selling_what_is_not_held_opens_a_short(desk: Desk) -> None:
    short = desk.place(side="sell")
    assert short["position_intent"] == "sell_to_open"
    desk.day("100 101 99 100")
    position = desk.get("/positions/AAPL")
    assert (position["side"], position["qty"], position["qty_available"]) == ("short", "-10", "-10")
    assert desk.get("/account/activities/FILL")[0]["side"] == "sell_short"
    cover = desk.place(type="stop", stop_price="108")
    assert (cover["position_intent"], desk.shares()) == ("buy_to_close", "-10/0")
    assert desk.place(qty=1)["available"] == "0"
    desk.day("100 109 99 105")
    assert desk.order(cover["id"])["filled_avg_price"] == "108"


@pytest.mark.parametrize(
    ("prepare", "status", "message"),
    [
        ("no_shorting", 403, "account is not allowed to short"),
        ("poor", 403, "account is not allowed to short"),
        ("asset", 422, "asset AAPL cannot be sold short"),
        ("buy_open", 403, "cannot open a short sell while a long buy order is open"),
        ("too_much", 403, "insufficient buying power"),
    ],
)
def test_shorts_refused(desk: Desk, prepare: str, status: int, message: str) -> None:
    if prepare == "no_shorting":
        desk.ask("PATCH", "/account/configurations", {"no_shorting": True})
    elif prepare == "poor":
        desk.exchange.reset(cash="1999")
    elif prepare == "asset":
        desk.exchange.action(asset={"symbol": "AAPL", "shortable": False})
    elif prepare == "buy_open":
        desk.place(type="limit", limit_price="90")
    answer = desk.place(side="sell", qty=5000 if prepare == "too_much" else 5)
    assert (desk.status, answer["message"]) == (status, message)


# -- the wash-trade table, ALPACA 6.3 --------------------------------------------------------------------------------

ANY_OPPOSITE = "opposite side market/stop order exists"
LIMIT_EXISTS = "opposite side limit order exists. use complex/limit/stop_limit orders"
BUY_CROSSES = "sell order exists, buy limit price should be less than existing sell limit price"
SELL_CROSSES = "buy order exists, sell limit price should be greater than existing buy limit price"
ORDERS: dict[str, dict[str, Any]] = {
    "market": {"type": "market"},
    "limit 95": {"type": "limit", "limit_price": "95"},
    "limit 105": {"type": "limit", "limit_price": "105"},
    "buy stop": {"type": "stop", "stop_price": "108"},
    "sell stop": {"type": "stop", "stop_price": "92"},
    "buy stop_limit 109": {"type": "stop_limit", "stop_price": "108", "limit_price": "109"},
    "sell stop_limit 91": {"type": "stop_limit", "stop_price": "92", "limit_price": "91"},
    "trailing": {"type": "trailing_stop", "trail_price": "5"},
    "bracket": {**LIMIT, "order_class": "bracket", **LEGS},
    "oto": {**OTO, "stop_loss": {"stop_price": "92"}},
    "oco": {**LIMIT, "order_class": "oco", **LEGS},
}
# 20 shares held; existing order, new order of the other side, why it is refused
WASH: list[tuple[str, str, str | None]] = [
    ("buy market", "sell market", ANY_OPPOSITE),
    ("buy market", "sell limit 105", ANY_OPPOSITE),
    ("buy market", "sell sell stop", ANY_OPPOSITE),
    ("sell market", "buy limit 95", ANY_OPPOSITE),
    ("buy limit 95", "sell market", LIMIT_EXISTS),
    ("buy limit 95", "sell sell stop", LIMIT_EXISTS),  # 6.4: a stop beside an open buy limit
    ("buy limit 95", "sell limit 95", SELL_CROSSES),
    ("buy limit 95", "sell limit 105", None),
    ("buy limit 95", "sell sell stop_limit 91", SELL_CROSSES),  # 6.4 d
    ("buy buy stop", "sell limit 105", ANY_OPPOSITE),
    ("buy buy stop", "sell sell stop", ANY_OPPOSITE),
    ("buy buy stop_limit 109", "sell limit 105", SELL_CROSSES),
    ("buy buy stop_limit 109", "sell sell stop", LIMIT_EXISTS),
    ("sell sell stop", "buy limit 95", ANY_OPPOSITE),  # 6.4: a simple stop blocks adding
    ("sell sell stop", "buy market", ANY_OPPOSITE),
    ("sell sell stop", "buy buy stop_limit 109", ANY_OPPOSITE),
    ("sell limit 105", "buy limit 95", None),
    ("sell limit 105", "buy limit 105", BUY_CROSSES),
    ("sell limit 105", "buy market", LIMIT_EXISTS),
    ("sell limit 105", "buy buy stop", LIMIT_EXISTS),
    ("sell sell stop_limit 91", "buy limit 95", BUY_CROSSES),
    ("sell trailing", "buy limit 95", None),  # 6.4 e
    ("sell oco", "buy limit 95", None),
    ("sell sell stop", "buy oto", None),
    ("sell sell stop", "buy bracket", None),
    ("buy oto", "sell sell stop", None),
    ("buy bracket", "sell sell stop", None),
]


@pytest.mark.parametrize(("existing", "new", "reason"), WASH)
def test_wash_trades(desk: Desk, existing: str, new: str, reason: str | None) -> None:
    desk.hold(20)
    sides = [text.partition(" ")[::2] for text in (existing, new)]
    first, second = (desk.place(side=side, **ORDERS[kind]) for side, kind in sides)
    assert "id" in first, first
    if reason is None:
        assert desk.status == 200, second
        return
    assert (desk.status, second["code"], second["reject_reason"]) == (403, 40310000, reason)
    assert second["message"] == "potential wash trade detected. use complex orders"  # ALPACA 6.2
    assert second["existing_order_id"] == first["id"]
    assert ("buy_limit_price" in second) == (reason in (BUY_CROSSES, SELL_CROSSES))


@pytest.mark.parametrize(("mode", "status"), [("exempt", 200), ("refused", 403)])
def test_a_stop_beside_the_rest_of_an_oto_entry(desk: Desk, mode: str, status: int) -> None:
    desk.exchange.modes(oto_wash_trade=mode)
    entry = desk.oto()
    desk.exchange.action(partial_fill={"order_id": entry["id"], "qty": 4})
    desk.stop(qty=4)
    assert desk.status == status  # ALPACA 6.4: unverified, so both


# -- login and paths, ALPACA 9.1 -------------------------------------------------------------------------------------


@pytest.mark.parametrize("headers", [{}, {"APCA-API-KEY-ID": "SIM-KEY"}, {"APCA-API-SECRET-KEY": "wrong"}])
def test_no_login_no_answer(desk: Desk, headers: dict[str, str]) -> None:
    desk.session.headers.pop("APCA-API-KEY-ID")
    desk.session.headers.pop("APCA-API-SECRET-KEY")
    desk.session.headers.update(headers)
    for path in ("/account", "/orders", "/stocks/snapshots?symbols=AAPL", "/nowhere"):
        answer = desk.get(path)
        assert (desk.status, answer) == (401, {"message": "unauthorized."})


@pytest.mark.parametrize(
    ("path", "status", "body"),
    [
        ("/nowhere", 404, {"code": 40410000, "message": "endpoint not found"}),
        ("/positions/AAPL", 404, {"code": 40410000, "message": "position does not exist"}),
        ("/assets/NOPE", 404, {"code": 40410000, "message": "asset not found for NOPE"}),
        ("/orders/fake_id", 422, {"code": 40010001, "message": "order_id is missing"}),
        (
            "/orders/b0b6dd9d-8b9b-48a9-ba46-b9d54906e415",
            404,
            {"code": 40410000, "message": "order not found for b0b6dd9d-8b9b-48a9-ba46-b9d54906e415"},
        ),
        ("/account/activities/INVALID", 422, {"code": 40010001, "message": "invalid activity type: INVALID"}),
    ],
)
def test_what_is_not_there(desk: Desk, path: str, status: int, body: Any) -> None:
    answer = desk.get(path)
    assert (desk.status, answer) == (status, body)


def test_the_rate_is_told_and_limited_only_when_asked(desk: Desk) -> None:
    url, headers = f"{desk.exchange.url}/v2/clock", desk.session.headers
    told = desk.session.get(url, headers=headers).headers
    assert told["X-RateLimit-Limit"] == "200"  # ALPACA 9.2
    assert int(told["X-RateLimit-Reset"]) > 0
    desk.exchange.modes(rate_limit=1)
    statuses = [desk.session.get(url).status_code for _ in range(4)]
    assert 429 in statuses
