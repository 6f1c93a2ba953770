"""What the API of August and September 2026 showed in eight samples; here no key may be missing and none be added."""

from __future__ import annotations

from tests.conformance.recorded import (
    ASSET_2021,
    BAR,
    BUY,
    CLOCK,
    DAY,
    FILL_2021,
    FILLED,
    LIMIT,
    POSITION,
    STOP,
    Fact,
    keys,
    order,
)

POSITION_2026 = {**POSITION, **keys(flag="asset_marginable", decimal="qty_available")}
ASSET_2026 = {
    **ASSET_2021,
    **keys(number="maintenance_margin_requirement", decimal="margin_requirement_long margin_requirement_short"),
    **keys(text="borrow_status"),
    "attributes": ["text"],
}
BAR_2026 = {**BAR, **keys(number="n vw")}

MODERN = (
    Fact("modern order_keys: 36", "POST /orders", 200, order("2026", expires_at="utc"), send={**BUY, "qty": "1"}),
    Fact("modern order_keys: a pair", "POST /orders", 200, order("2026", legs=[order("2026", **STOP)], **LIMIT),
         send={**BUY, "type": "limit", "limit_price": "100", "qty": "10", "time_in_force": "gtc", "order_class": "oto",
               "stop_loss": {"stop_price": "92"}},
         says={"order_class": "oto", "position_intent": "buy_to_open", "legs.0.position_intent": "sell_to_close"}),
    Fact("modern orders", "GET /orders?status=all&nested=false", 200, [
        order("2026", client_order_id="text|uuid"),
        order("2026", **FILLED, **STOP), order("2026", canceled_at="utc", **LIMIT),
        order("2026", replaced_at="utc", replaced_by="uuid", replaces="uuid"),
    ], given="a history", says={"0.source": "access_key", "0.subtag": None}),
    Fact("modern position_keys: 18", "GET /positions", 200, [POSITION_2026], given="holding"),
    Fact("modern position", "GET /positions/AAPL", 200, POSITION_2026, given="holding one under a stop",
         says={"qty": "2", "qty_available": "0"}),
    Fact("modern fills", "GET /account/activities/FILL", 200, [FILL_2021], given="filled",
         says={"0.order_status": "filled", "0.side": "buy"}),
    Fact("modern fills: short", "GET /account/activities/FILL", 200, [FILL_2021], given="short",
         says={"0.side": "sell_short"}),
    Fact("modern asset", "GET /assets/AAPL", 200, ASSET_2026, says={"borrow_status": "easy_to_borrow"}),
    Fact("modern calendar", "GET /calendar?start=2026-08-14&end=2026-08-19", 200, [{**DAY, "settlement_date": "date"}],
         says={"0.settlement_date": "2026-08-17", "3.date": "2026-08-19", "0.session_open": "0400",
               "0.session_close": "2000", "4": "absent"}),
    Fact("modern clock", "GET /clock", 200, CLOCK),
    Fact("modern bars", "GET /stocks/bars?symbols=AAPL,MSFT&timeframe=1Day&start=2026-02-26&limit=4", 200,
         {"bars": {"AAPL": [BAR_2026], "MSFT": [BAR_2026]}, "next_page_token": "text"}),
)  # fmt: skip
