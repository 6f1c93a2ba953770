"""What must change in the official document before answers can be held against it: pointer, change, reason.

`trading_api.json` is Alpaca's OpenAPI document of June 2026, cut to the operations below /v2 for the account, orders,
positions, clock, calendar and assets, without prose, examples and unused components. It stays as published; `patched()`
applies the two tables here.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

Document = dict[str, Any]

# ALPACA 9.1: eight digits and a sentence, extra fields with some; a refused login has no code.
REFUSAL = {
    "type": "object",
    "required": ["message"],
    "properties": {"code": {"type": "integer", "minimum": 40000000}, "message": {"type": "string", "minLength": 1}},
}


@dataclass(frozen=True, slots=True)
class Patch:
    """One correction of the document; `change` replaces or adds what the JSON pointer names."""

    pointer: str
    change: Any
    reason: str


def _answer(operation: str, status: int, reason: str) -> Patch:
    """An operation also answers with this status and a refusal."""
    method, path = operation.split()
    escaped = path.replace("/", "~1")
    return Patch(f"/paths/{escaped}/{method.lower()}/responses/{status}", _refusal(), reason)


def _refusal() -> Document:
    return {"description": "", "content": {"application/json": {"schema": REFUSAL}}}


ORDER, POSITION, ASSET = (
    "/v2/orders/{order_id}",
    "/v2/positions/{symbol_or_asset_id}",
    "/v2/assets/{symbol_or_asset_id}",
)
SCHEMAS = "/components/schemas"

PATCHES = (
    # Statuses the document leaves out, or gives without a body.
    _answer(f"GET {ORDER}", 404, "recorded for an unknown id (ALPACA 4.1)"),
    _answer(f"GET {ORDER}", 422, "recorded for an id that is no uuid: 40010001 order_id is missing (ALPACA 7.3)"),
    _answer(f"PATCH {ORDER}", 403, "recorded: insufficient buying power while replacing (ALPACA 3.9)"),
    _answer(f"PATCH {ORDER}", 404, "recorded for an unknown id"),
    _answer(f"PATCH {ORDER}", 422, "recorded: a replacement refused by status (ALPACA 3.3, 3.4)"),
    _answer(f"DELETE {ORDER}", 404, "recorded for an unknown id (ALPACA 4.1)"),
    _answer(f"DELETE {ORDER}", 422, "documented without its body, which is the refusal of ALPACA 4.1"),
    _answer("GET /v2/orders:by_client_order_id", 404, "recorded for an unknown client order id (ALPACA 5.4)"),
    _answer("GET /v2/orders", 404, "an unknown before_order_id or after_order_id, like any unknown order (ALPACA 4.1)"),
    _answer("GET /v2/orders", 422, "a malformed parameter is 40010001, as recorded elsewhere (ALPACA 7.3)"),
    _answer("POST /v2/orders", 400, "a body that is no JSON object: 40010000 (the exchange's own words)"),
    _answer(
        "POST /v2/orders", 403, "documented without its body; recorded: insufficient buying power (ALPACA 9.3, 9.6)"
    ),
    _answer("POST /v2/orders", 422, "documented without its body; recorded: unknown asset, missing price (ALPACA 7)"),
    _answer(f"GET {POSITION}", 404, "recorded: position does not exist (ALPACA 10.2)"),
    _answer(f"DELETE {POSITION}", 403, "raw: insufficient qty available for order (ALPACA 6.8)"),
    _answer(f"DELETE {POSITION}", 404, "recorded: position does not exist"),
    _answer(f"DELETE {POSITION}", 422, "qty and percentage together, or not positive (ALPACA 6.8, 7.3)"),
    _answer("DELETE /v2/positions", 422, "a malformed cancel_orders is 40010001 (ALPACA 6.8)"),
    _answer(f"GET {ASSET}", 404, "documented without its body; recorded: asset not found for X"),
    _answer("GET /v2/account/activities", 422, "recorded: invalid activity type; other malformed parameters alike"),
    _answer("GET /v2/account/activities/{activity_type}", 422, "recorded: invalid activity type (40010001)"),
    _answer("GET /v2/account/portfolio/history", 422, "a malformed period, timeframe or date is 40010001 (ALPACA 7.3)"),
    _answer(
        "PATCH /v2/account/configurations", 400, "a body that is no JSON object: 40010000 (the exchange's own words)"
    ),
    _answer(
        "PATCH /v2/account/configurations", 422, "a value that is none of the allowed ones is 40010001 (ALPACA 7.3)"
    ),
    # Bodies that are wider in fact than in the document.
    Patch(
        f"{SCHEMAS}/PositionClosedResponse/properties/body",
        {"anyOf": [{"$ref": "#/components/schemas/Order"}, REFUSAL]},
        "recorded: one position of three refused with 403, its body the refusal (ALPACA 6.8)",
    ),
    Patch(
        "/paths/~1v2~1account~1activities~1{activity_type}/get/responses/200/content/application~1json/schema/items",
        {"anyOf": [{"$ref": f"#{SCHEMAS}/{name}"} for name in ("TradingActivities", "NonTradeActivities")]},
        "oneOf of two schemas that require nothing: a recorded fill is valid under both; its sister says anyOf",
    ),
)

_SYMBOL, _SIDE = {"enum": ["AAPL", "MSFT", "NOPE"]}, {"enum": ["buy", "sell"]}
_QTY = {"enum": ["1", "2", "10", "3.5", "0", "ten"]}
_PRICE = {"enum": ["80", "90", "92.5", "99.5", "100", "105", "110", "0.5", "100.001", ""]}


def _body(**properties: Any) -> Document:
    """A body with exactly these properties."""
    return {"type": "object", "required": list(properties), "properties": properties, "additionalProperties": False}


def _order(kind: str, times_in_force: tuple[str, ...] = ("day", "gtc"), **properties: Any) -> Document:
    """An order of one type, without a price that would be refused at once."""
    tif = {"enum": list(times_in_force)}
    return _body(symbol=_SYMBOL, side=_SIDE, qty=_QTY, type={"const": kind}, time_in_force=tif, **properties)


_STOP_LOSS = _body(stop_price=_PRICE)
_TAKE_PROFIT = _body(limit_price=_PRICE)
_OTO, _BRACKET, _OCO = ({"const": order_class} for order_class in ("oto", "bracket", "oco"))

# Random texts never get past the first check: these let many a request reach the book. The document's own shapes are
# asked for as well.
NARROWED: dict[str, Any] = {
    "/paths/~1v2~1orders/post/requestBody/content/application~1json/schema": {
        "anyOf": [
            {"$ref": f"#{SCHEMAS}/CreateOrderRequest"},
            _order("market", ("day", "gtc", "opg", "cls", "ioc", "fok")),
            _order("limit", limit_price=_PRICE),
            _order("stop", stop_price=_PRICE),
            _order("stop_limit", stop_price=_PRICE, limit_price=_PRICE),
            _order("trailing_stop", trail_percent={"enum": ["1", "8"]}),
            _order("limit", limit_price=_PRICE, order_class=_OTO, stop_loss=_STOP_LOSS),
            _order("market", order_class=_BRACKET, stop_loss=_STOP_LOSS, take_profit=_TAKE_PROFIT),
            _order("limit", order_class=_OCO, stop_loss=_STOP_LOSS, take_profit=_TAKE_PROFIT),
            _body(
                symbol=_SYMBOL,
                side=_SIDE,
                notional={"enum": ["50", "0.5"]},
                type={"const": "market"},
                time_in_force={"const": "day"},
            ),
        ]
    },
    "/paths/~1v2~1orders~1{order_id}/patch/requestBody/content/application~1json/schema": {
        "anyOf": [
            {"$ref": f"#{SCHEMAS}/PatchOrderRequest"},
            _body(qty={"enum": ["2", "9", "10", "0"]}),
            _body(limit_price={"enum": ["94", "96", "100.001"]}),
            _body(stop_price={"enum": ["85", "94", "110"]}),
        ]
    },
    f"{SCHEMAS}/CreateOrderRequest/properties/symbol": _SYMBOL,
    f"{SCHEMAS}/AccountConfigurations/properties/max_margin_multiplier": {"enum": ["1", "2", "4", "3"]},
    "/paths/~1v2~1assets~1{symbol_or_asset_id}/parameters/0/schema": {"enum": ["AAPL", "NOPE"]},
    "/paths/~1v2~1positions~1{symbol_or_asset_id}/parameters/0/schema": {"enum": ["AAPL", "NOPE"]},
    "/paths/~1v2~1positions~1{symbol_or_asset_id}/delete/parameters/0/schema": {"enum": [1, 2, 3, 100, 0]},
    "/paths/~1v2~1positions~1{symbol_or_asset_id}/delete/parameters/1/schema": {"enum": [10, 33.3, 101]},
    "/paths/~1v2~1account~1activities~1{activity_type}/parameters/0/schema": {"enum": ["FILL", "DIV", "NOPE"]},
}


def patched(document: Document, narrowed: dict[str, Any]) -> Document:
    """Return a corrected copy: the patches, a 401 for every operation, and `narrowed` besides the table above."""
    copied = copy.deepcopy(document)
    for patch in PATCHES:
        put(copied, patch.pointer, patch.change)
    for methods in copied["paths"].values():
        for method, operation in methods.items():
            if method != "parameters":  # recorded twice; the document names it nowhere (ALPACA 9.1)
                operation["responses"]["401"] = _refusal()
    for pointer, change in {**NARROWED, **narrowed}.items():
        put(copied, pointer, change)
    return copied


def put(document: Document, pointer: str, value: Any) -> None:
    """Set what an RFC 6901 pointer names; KeyError when its parent is gone, so that no patch outlives its place."""
    *parents, last = [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]
    node: Any = document
    for part in parents:
        node = node[int(part)] if isinstance(node, list) else node[part]
    if isinstance(node, list):
        node[int(last)] = value
    else:
        node[last] = value
