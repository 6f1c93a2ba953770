"""Reads the body of an order request and refuses, in Alpaca's words, what could never be an order."""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from sentinel.simulator.errors import bad_format, bad_parameter, unprocessable
from sentinel.simulator.shapes import number

SIDES = ("buy", "sell")
TYPES = ("market", "limit", "stop", "stop_limit", "trailing_stop")
TIMES_IN_FORCE = ("day", "gtc", "opg", "cls", "ioc", "fok")  # ALPACA 2.1
ORDER_CLASSES = ("", "simple", "bracket", "oco", "oto")  # ALPACA 1.1
POSITION_INTENTS = ("buy_to_open", "buy_to_close", "sell_to_open", "sell_to_close")
CLIENT_ORDER_ID_LENGTH = 128
_LARGEST = Decimal(10) ** 12
_QTY_PLACES = 9  # ALPACA 7.4


@dataclass(frozen=True, slots=True)
class OrderRequest:
    """A well-formed request. Quantities are shares, `notional` dollars, prices dollars a share."""

    symbol: str
    side: str
    type: str
    time_in_force: str
    order_class: str
    qty: Decimal | None
    notional: Decimal | None
    limit_price: Decimal | None
    stop_price: Decimal | None
    trail_price: Decimal | None
    trail_percent: Decimal | None
    take_profit_limit: Decimal | None
    stop_loss_stop: Decimal | None
    stop_loss_limit: Decimal | None
    extended_hours: bool
    client_order_id: str | None
    position_intent: str | None

    @property
    def is_buy(self) -> bool:
        """True for a buy."""
        return self.side == "buy"

    @property
    def is_fractional(self) -> bool:
        """True for part of a share, and for an order in dollars."""
        return self.qty is None or self.qty != self.qty.to_integral_value()


def read_json(data: bytes) -> dict[str, Any]:
    """Read a JSON object, keeping every digit of its numbers; 400 when it is not one."""
    try:
        body = json.loads(data or b"{}", parse_float=Decimal, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise bad_format("request body format is invalid") from error
    if not isinstance(body, dict):
        raise bad_format("request body format is invalid")
    return body


def _refuse_constant(name: str) -> None:
    raise ValueError(f"not a number: {name}")


def decimal_of(body: dict[str, Any], name: str, label: str = "") -> Decimal | None:
    """Read a positive number given as a JSON number or a string; None when absent."""
    value = body.get(name)
    label = label or name
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, (int, str, Decimal)):
        raise bad_parameter(f"invalid {label}")
    try:
        amount = Decimal(str(value).strip())
    except InvalidOperation as error:
        raise bad_parameter(f"invalid {label}") from error
    if not amount.is_finite() or abs(amount) > _LARGEST or (amount and abs(amount) < 1 / _LARGEST):
        raise bad_parameter(f"invalid {label}")
    if amount <= 0:
        raise bad_parameter(f"{label} must be > 0")  # ALPACA 7.3
    return amount


def text_of(body: dict[str, Any], name: str) -> str | None:
    """Read a text; None when absent or empty."""
    value = body.get(name)
    if value is None or value == "":
        return None
    # Neither a NUL nor half a surrogate pair can be kept as text.
    if not isinstance(value, str) or "\x00" in value or value != value.encode("utf-8", "ignore").decode():
        raise bad_parameter(f"invalid {name}")
    return value


def one_of(body: dict[str, Any], name: str, allowed: tuple[str, ...]) -> str | None:
    """Read a text that must be one of a few."""
    value = text_of(body, name)
    if value is not None and value not in allowed:
        raise bad_parameter(f"invalid {name}" if name != "type" else "invalid order type")  # ALPACA 7.3
    return value


def boolean_of(value: Any) -> bool:
    """Read a flag as a JSON boolean or as text: alpaca-py sends "True" in queries (ALPACA 13)."""
    return value is True or str(value).lower() in ("true", "1")


def client_order_id_of(body: dict[str, Any]) -> str | None:
    """Read the client order id; at most 128 characters (ALPACA 8)."""
    client_order_id = text_of(body, "client_order_id")
    if client_order_id and len(client_order_id) > CLIENT_ORDER_ID_LENGTH:
        raise bad_parameter("client_order_id must be no more than 128 characters")
    return client_order_id


def read_order(body: dict[str, Any]) -> OrderRequest:
    """Read a `POST /v2/orders` body and apply every rule that needs no look at the market."""
    order_class = one_of(body, "order_class", ORDER_CLASSES) or ""
    order_class = "" if order_class == "simple" else order_class
    # ALPACA 1.13: without an order class the legs are silently ignored, and the entry goes in naked.
    take_profit, stop_loss = (_leg(body, name, order_class) for name in ("take_profit", "stop_loss"))
    symbol, side = text_of(body, "symbol"), one_of(body, "side", SIDES)
    if symbol is None:
        raise bad_parameter("symbol is required")
    if side is None:
        raise bad_parameter("side is required")
    qty, notional = decimal_of(body, "qty"), decimal_of(body, "notional")
    if (qty is None) == (notional is None):
        raise bad_parameter("qty or notional is required" if qty is None else "only one of qty or notional is accepted")
    order_type = one_of(body, "type", TYPES)
    if order_type is None:
        raise bad_parameter("invalid order type")
    time_in_force = one_of(body, "time_in_force", TIMES_IN_FORCE)
    if time_in_force is None:
        raise bad_parameter("invalid time_in_force")
    request = OrderRequest(
        symbol=symbol.upper(),
        side=side,
        type=order_type,
        time_in_force=time_in_force,
        order_class=order_class,
        qty=qty,
        notional=notional,
        limit_price=decimal_of(body, "limit_price"),
        stop_price=decimal_of(body, "stop_price"),
        trail_price=decimal_of(body, "trail_price"),
        trail_percent=decimal_of(body, "trail_percent"),
        take_profit_limit=decimal_of(take_profit, "limit_price", "take_profit.limit_price"),
        stop_loss_stop=decimal_of(stop_loss, "stop_price", "stop_loss.stop_price"),
        stop_loss_limit=decimal_of(stop_loss, "limit_price", "stop_loss.limit_price"),
        extended_hours=boolean_of(body.get("extended_hours")),
        client_order_id=client_order_id_of(body),
        position_intent=one_of(body, "position_intent", POSITION_INTENTS),
    )
    _check(request)
    return request


def _leg(body: dict[str, Any], name: str, order_class: str) -> dict[str, Any]:
    leg = body.get(name) if order_class else None
    if leg is not None and not isinstance(leg, dict):
        raise bad_parameter(f"invalid {name}")
    return leg or {}


def _check(request: OrderRequest) -> None:
    check_prices_of_type(request)
    _check_class(request)
    _check_time_in_force(request)
    _check_fraction(request)
    prices = {
        "limit_price": request.limit_price,
        "stop_price": request.stop_price,
        "take_profit.limit_price": request.take_profit_limit,
        "stop_loss.stop_price": request.stop_loss_stop,
        "stop_loss.limit_price": request.stop_loss_limit,
    }
    for label, price in prices.items():
        check_increment(label, price)


def check_prices_of_type(request: OrderRequest) -> None:
    """Refuse a price the type lacks or must not have (ALPACA 7.3; 3.6 for the words of the latter)."""
    if request.order_class == "oco":
        if request.type != "limit":
            raise unprocessable("oco orders must be limit orders")  # ALPACA 1.2
        return
    if request.type == "stop_limit" and (request.limit_price is None or request.stop_price is None):
        raise bad_parameter("stop limit orders require both limit and stop price")
    if request.type == "limit" and request.limit_price is None:
        raise bad_parameter("limit orders require a limit price")
    if request.type == "stop" and request.stop_price is None:
        raise bad_parameter("stop orders require a stop price")
    if request.type == "trailing_stop" and (request.trail_price is None) == (request.trail_percent is None):
        raise bad_parameter("trailing stop orders must specify one of trail_percent or trail_price")
    refuse_stray_price(request.type, "limit_price", request.limit_price)
    refuse_stray_price(request.type, "stop_price", request.stop_price)
    if request.type != "trailing_stop" and (request.trail_price or request.trail_percent):
        raise unprocessable(f"{request.type} orders must not have trail_price or trail_percent")


def refuse_stray_price(order_type: str, name: str, price: Decimal | None) -> None:
    """Refuse a limit or stop price on a type that has none (ALPACA 3.6)."""
    allowed = {"limit_price": ("limit", "stop_limit"), "stop_price": ("stop", "stop_limit")}[name]
    if price is not None and order_type not in allowed:
        raise unprocessable(f"{order_type} orders must not have {name}")


def _check_class(request: OrderRequest) -> None:
    target, stop = request.take_profit_limit, request.stop_loss_stop
    if request.order_class == "":
        return
    if request.order_class in ("bracket", "oco"):  # ALPACA 1.2: both legs
        if target is None:
            raise unprocessable(f"{request.order_class} orders require take_profit.limit_price")
        if stop is None:
            raise unprocessable(f"{request.order_class} orders require stop_loss.stop_price")
        if (target <= stop) if _protects_long(request) else (target >= stop):  # ALPACA 1.10
            sign = ">" if _protects_long(request) else "<"
            raise unprocessable(f"take_profit.limit_price must be {sign} stop_loss.stop_price")
    elif (target is None) == (stop is None):  # ALPACA 1.2: exactly one leg
        raise unprocessable("oto orders require either take_profit.limit_price or stop_loss.stop_price")
    if request.stop_loss_limit is not None and stop is None:
        raise unprocessable("stop_loss.limit_price requires stop_loss.stop_price")
    if request.type == "trailing_stop":
        raise unprocessable("trailing stop orders must be simple orders")
    if request.extended_hours or request.time_in_force not in ("day", "gtc"):  # ALPACA 1.3
        raise unprocessable(f"{request.order_class} orders must be DAY or GTC orders without extended hours")


def _protects_long(request: OrderRequest) -> bool:
    """True when the legs sell: a buy entry, or an OCO that sells."""
    return request.is_buy != (request.order_class == "oco")


def _check_time_in_force(request: OrderRequest) -> None:
    if request.extended_hours and (request.type != "limit" or request.time_in_force not in ("day", "gtc")):
        raise unprocessable("extended hours order must be DAY or GTC limit orders")  # ALPACA 2.6
    if request.time_in_force in ("day", "gtc") or request.type in ("market", "limit"):
        return
    raise unprocessable(f"{request.time_in_force} orders must be market or limit orders")  # ALPACA 2.1


def _check_fraction(request: OrderRequest) -> None:
    """Apply ALPACA 2.7: a fraction can be only a simple DAY order, and so protects nothing overnight."""
    if not request.is_fractional:
        return
    if request.order_class:
        raise unprocessable("fractional orders must be simple orders")
    if request.time_in_force != "day":
        raise unprocessable("fractional orders must be DAY orders")
    if request.type == "trailing_stop":
        raise unprocessable("fractional orders must be market, limit, stop, or stop_limit orders")
    if request.qty is not None and request.qty != round(request.qty, _QTY_PLACES):
        raise bad_parameter("qty can have at most 9 decimal places")


def check_increment(label: str, price: Decimal | None) -> None:
    """Refuse a price finer than a cent, or a hundredth of a cent under one dollar (ALPACA 7.1)."""
    if price is not None and price != round(price, 2 if price >= 1 else 4):
        raise unprocessable(
            f"invalid {label} {number(price)}. sub-penny increment does not fulfill minimum pricing criteria"
        )
