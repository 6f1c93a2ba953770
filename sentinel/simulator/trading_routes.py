"""Answers the trading endpoints under /v2: account, clock, calendar, assets, orders, positions, activities."""

from __future__ import annotations

import uuid
from datetime import date
from decimal import ROUND_DOWN, Decimal
from typing import TYPE_CHECKING, Any

from flask import Blueprint, g, request

from sentinel.simulator import account, activities, amendments, sessions, shapes
from sentinel.simulator.book import Order, OrderQuery
from sentinel.simulator.errors import Refusal, bad_parameter, not_found
from sentinel.simulator.orders import submit
from sentinel.simulator.portfolio import history_json
from sentinel.simulator.validation import boolean_of, decimal_of, read_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sentinel.simulator.exchange import Exchange

trading = Blueprint("trading", __name__, url_prefix="/v2")
Answer = Any
_MAXIMUM_ORDERS = 500  # ALPACA 5.3


def _exchange() -> Exchange:
    exchange: Exchange = g.exchange
    return exchange


# -- account, clock, calendar, assets --------------------------------------------------------------------------------


@trading.get("/account")
def get_account() -> Answer:
    """ALPACA 10.1."""
    return account.account_json(_exchange())


@trading.get("/account/configurations")
def get_configurations() -> Answer:
    """Return the account configurations."""
    return account.configurations(_exchange())


@trading.patch("/account/configurations")
def patch_configurations() -> Answer:
    """Change some configurations."""
    account.configure(_exchange(), read_json(request.data))
    return account.configurations(_exchange())


@trading.get("/account/portfolio/history")
def get_portfolio_history() -> Answer:
    """ALPACA 10.5."""
    return history_json(_exchange(), request.args)


@trading.get("/account/activities")
def get_activities() -> Answer:
    """ALPACA 10.4, all kinds or those of `activity_types`."""
    kinds = request.args.get("activity_types", "")
    return activities.activities_json(_exchange(), kinds.split(",") if kinds else [], request.args)


@trading.get("/account/activities/<kind>")
def get_activities_of(kind: str) -> Answer:
    """ALPACA 10.4, one kind."""
    return activities.activities_json(_exchange(), [kind], request.args)


@trading.get("/clock")
def get_clock() -> Answer:
    """ALPACA 10.3."""
    return shapes.clock_json(_exchange())


@trading.get("/calendar")
def get_calendar() -> Answer:
    """ALPACA 10.3; `date_type` is accepted, settlement takes one session."""
    first = _day_argument("start") or sessions.FIRST_DAY
    last = _day_argument("end") or sessions.LAST_DAY
    return [shapes.calendar_json(session) for session in sessions.sessions_between(first, last)]


def _day_argument(name: str) -> date | None:
    value = request.args.get(name)
    if not value:
        return None
    try:
        return date.fromisoformat(value.strip()[:10])
    except ValueError as error:
        raise bad_parameter(f"invalid {name}") from error


@trading.get("/assets")
def get_assets() -> Answer:
    """ALPACA 10.6."""
    if request.args.get("status", "active") not in ("active", "") or request.args.get(
        "asset_class", "us_equity"
    ) not in (
        "us_equity",
        "",
    ):
        return []
    rows = _exchange().store.rows("SELECT * FROM asset ORDER BY symbol")
    wanted = request.args.get("exchange")
    found = [shapes.asset_json(_exchange(), row) for row in rows]
    return [asset for asset in found if wanted in (None, "", asset["exchange"])]


@trading.get("/assets/<symbol_or_id>")
def get_asset(symbol_or_id: str) -> Answer:
    """ALPACA 10.6."""
    symbol = _symbol_of(symbol_or_id)
    row = _exchange().store.row("SELECT * FROM asset WHERE symbol = ?", (symbol,))
    if row is None:
        raise not_found(f"asset not found for {symbol_or_id}")
    return shapes.asset_json(_exchange(), row)


def _symbol_of(symbol_or_id: str) -> str:
    exchange = _exchange()
    if len(symbol_or_id) != 36:
        return symbol_or_id.upper()
    symbols = (row["symbol"] for row in exchange.store.rows("SELECT symbol FROM asset"))
    return next((symbol for symbol in symbols if exchange.asset_id(symbol) == symbol_or_id.lower()), symbol_or_id)


# -- orders ----------------------------------------------------------------------------------------------------------


@trading.post("/orders")
def post_order() -> Answer:
    """ALPACA 1.14: the answer of a group carries its legs without being asked."""
    order, legs = submit(_exchange(), read_json(request.data))
    return shapes.order_json(_exchange(), order, legs)


@trading.get("/orders")
def get_orders() -> Answer:
    """ALPACA 5.2, 5.3."""
    exchange, query = _exchange(), _order_query(_exchange(), request.args)
    render = shapes.nested_json if query.nested else shapes.order_json
    return [render(exchange, order) for order in exchange.book.find(query)]


def _order_query(exchange: Exchange, arguments: Mapping[str, str]) -> OrderQuery:
    status = (arguments.get("status") or "open").lower()
    direction = (arguments.get("direction") or "desc").lower()
    side = (arguments.get("side") or "").lower() or None
    if status not in ("open", "closed", "all"):
        raise bad_parameter(f"invalid status: {status}")
    if direction not in ("asc", "desc"):
        raise bad_parameter(f"invalid direction: {direction}")
    if side not in (None, "buy", "sell"):
        raise bad_parameter("invalid side")
    before, after = (_page_order(exchange, arguments, name) for name in ("before_order_id", "after_order_id"))
    after_ns, until_ns = (_instant_argument(arguments, name) for name in ("after", "until"))
    if (before and after) or ((before or after) and (after_ns is not None or until_ns is not None)):
        raise bad_parameter("before_order_id and after_order_id exclude each other, after and until")
    symbols = tuple(symbol.strip().upper() for symbol in arguments.get("symbols", "").split(",") if symbol.strip())
    return OrderQuery(
        status=status,
        limit=_count_argument(arguments, "limit", 50, _MAXIMUM_ORDERS),
        after_ns=after_ns,
        until_ns=until_ns,
        ascending=direction == "asc",
        nested=boolean_of(arguments.get("nested")),
        symbols=symbols,
        side=side,
        before=before,
        after=after,
    )


def _page_order(exchange: Exchange, arguments: Mapping[str, str], name: str) -> Order | None:
    return amendments.order_or_404(exchange, _checked_id(arguments[name])) if arguments.get(name) else None


def _instant_argument(arguments: Mapping[str, str], name: str) -> int | None:
    if not arguments.get(name):
        return None
    try:
        return sessions.parse_instant(arguments[name])
    except (ValueError, OverflowError) as error:
        raise bad_parameter(f"invalid {name}") from error


def _count_argument(arguments: Mapping[str, str], name: str, default: int, maximum: int) -> int:
    text = arguments.get(name) or str(default)
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:9]) <= maximum or len(text) > 9:
        raise bad_parameter(f"{name} must be between 1 and {maximum}")
    return int(text)


@trading.get("/orders:by_client_order_id")
def get_order_by_client_order_id() -> Answer:
    """ALPACA 5.4, 8."""
    client_order_id = request.args.get("client_order_id", "")
    order = _exchange().book.by_client_order_id(client_order_id)
    if order is None:
        raise not_found(f"order not found for {client_order_id}")
    return shapes.nested_json(_exchange(), order)


def _checked_id(order_id: str) -> str:
    try:
        return str(uuid.UUID(order_id))
    except ValueError as error:
        raise bad_parameter("order_id is missing") from error  # ALPACA 7.3


def _order(order_id: str) -> Order:
    return amendments.order_or_404(_exchange(), _checked_id(order_id))


@trading.get("/orders/<order_id>")
def get_order(order_id: str) -> Answer:
    """ALPACA 5.4."""
    render = shapes.nested_json if boolean_of(request.args.get("nested")) else shapes.order_json
    return render(_exchange(), _order(order_id))


@trading.patch("/orders/<order_id>")
def patch_order(order_id: str) -> Answer:
    """ALPACA 3."""
    order = _order(order_id)
    amendment = amendments.read_amendment(read_json(request.data))
    return shapes.order_json(_exchange(), amendments.replace_order(_exchange(), order, amendment))


@trading.delete("/orders/<order_id>")
def delete_order(order_id: str) -> Answer:
    """ALPACA 4.1."""
    amendments.cancel_order(_exchange(), _order(order_id))
    return "", 204


@trading.delete("/orders")
def delete_orders() -> Answer:
    """ALPACA 4.5."""
    return cancel_all(_exchange()), 207


def cancel_all(exchange: Exchange) -> list[dict[str, Any]]:
    """Cancel every open order that can be; one row for each."""
    answers: list[dict[str, Any]] = []
    for order in exchange.book.open():
        if order.status == "held":
            continue
        try:
            with exchange.store.attempt():
                amendments.cancel_order(exchange, exchange.book.must(order.id))
            answers.append({"id": order.id, "status": 200})
        except Refusal as refusal:
            answers.append({"id": order.id, "status": refusal.status, "body": refusal.body})
    return answers


# -- positions -------------------------------------------------------------------------------------------------------


def _position(symbol_or_id: str) -> account.Position:
    position = account.position_of(_exchange(), _symbol_of(symbol_or_id))
    if position is None:
        raise not_found("position does not exist")  # ALPACA 10.2
    return position


@trading.get("/positions")
def get_positions() -> Answer:
    """ALPACA 10.2."""
    exchange = _exchange()
    return [account.position_json(exchange, position) for position in account.positions(exchange)]


@trading.get("/positions/<symbol_or_id>")
def get_position(symbol_or_id: str) -> Answer:
    """ALPACA 10.2."""
    return account.position_json(_exchange(), _position(symbol_or_id))


@trading.delete("/positions/<symbol_or_id>")
def delete_position(symbol_or_id: str) -> Answer:
    """ALPACA 6.8: open orders are not cancelled, so their shares are not free."""
    position = _position(symbol_or_id)
    wanted: dict[str, Any] = dict(request.args)
    qty, percentage = decimal_of(wanted, "qty"), decimal_of(wanted, "percentage")
    if qty is not None and percentage is not None:
        raise bad_parameter("only one of qty or percentage is accepted")
    if percentage is not None:
        if percentage > 100:
            raise bad_parameter("percentage must be between 0 and 100")
        is_whole = position.qty == position.qty.to_integral_value()
        step = Decimal(1) if is_whole else Decimal("0.000000001")
        qty = (abs(position.qty) * percentage / 100).quantize(step, ROUND_DOWN)
    return _close_position(_exchange(), position, qty)


def _close_position(exchange: Exchange, position: account.Position, qty: Decimal | None = None) -> dict[str, Any]:
    body = {
        "symbol": position.symbol,
        "qty": str(abs(position.qty) if qty is None else qty),
        "side": "sell" if position.qty > 0 else "buy",
        "type": "market",
        "time_in_force": "day",
    }
    order, _ = submit(exchange, body)
    return shapes.order_json(exchange, order)


@trading.delete("/positions")
def delete_positions() -> Answer:
    """ALPACA 6.8."""
    exchange, cancels = _exchange(), request.args.get("cancel_orders", "false")
    if cancels.lower() not in ("true", "false", "1", "0", ""):
        raise bad_parameter("invalid cancel_orders")
    if boolean_of(cancels):
        cancel_all(exchange)
    answers = []
    for position in account.positions(exchange):
        try:
            with exchange.store.attempt():
                status, body = 200, _close_position(exchange, position)
        except Refusal as refusal:
            status, body = refusal.status, refusal.body
        answers.append({"symbol": position.symbol, "status": status, "body": body})
    return answers, 207
