"""Answers the trading endpoints under /v2: account, activities, clock, calendar, assets, orders."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, g, request

from sentinel.simulator import account, activities, amendments, corporate_actions, sessions, shapes
from sentinel.simulator.errors import Refusal, bad_format, bad_parameter, not_found
from sentinel.simulator.orders import submit
from sentinel.simulator.portfolio import history_json
from sentinel.simulator.queries import day_of, order_of, order_query
from sentinel.simulator.validation import boolean_of, read_json

if TYPE_CHECKING:
    from sentinel.simulator.book import Order
    from sentinel.simulator.exchange import Exchange

trading = Blueprint("trading", __name__, url_prefix="/v2")
Answer = Any
_LONGEST_SPAN_DAYS = 90


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
    account.configure(_exchange(), read_json(request.get_data()))
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
    """ALPACA 10.3; `date_type` is accepted, settlement takes one session. The documents give 400 for a bad date."""
    try:
        first = day_of(request.args, "start") or sessions.FIRST_DAY
        last = day_of(request.args, "end") or sessions.LAST_DAY
    except Refusal as refusal:
        raise bad_format(refusal.body["message"]) from refusal
    return [shapes.calendar_json(session) for session in sessions.sessions_between(first, last)]


@trading.get("/assets")
def get_assets() -> Answer:
    """ALPACA 10.6."""
    named = (("status", "status"), ("asset_class", "class"), ("exchange", "exchange"))
    wanted = {field: request.args[name] for name, field in named if request.args.get(name)}
    rows = _exchange().store.rows("SELECT * FROM asset ORDER BY symbol")
    found = [shapes.asset_json(_exchange(), row) for row in rows]
    attributes = {word.strip() for word in request.args.get("attributes", "").split(",") if word.strip()}
    return [
        asset
        for asset in found
        if all(asset[field] == value for field, value in wanted.items())
        and (not attributes or attributes & set(asset["attributes"]))
    ]


@trading.get("/assets/<symbol_or_id>")
def get_asset(symbol_or_id: str) -> Answer:
    """ALPACA 10.6."""
    symbol = _exchange().symbol_of(symbol_or_id)
    row = _exchange().store.row("SELECT * FROM asset WHERE symbol = ?", (symbol,))
    if row is None:
        raise not_found(f"asset not found for {symbol_or_id}")
    return shapes.asset_json(_exchange(), row)


_ANNOUNCED = ("dividend", "merger", "spinoff", "split")


@trading.get("/corporate_actions/announcements")
def get_announcements() -> Answer:
    """Splits and dividends of at most 90 days; `date_type` is accepted, all their dates are the ex-date."""
    arguments = request.args
    kinds = {kind.strip().lower() for kind in arguments.get("ca_types", "").split(",") if kind.strip()}
    since, until = day_of(arguments, "since"), day_of(arguments, "until")
    if not kinds or not kinds <= set(_ANNOUNCED):
        raise bad_parameter("invalid ca_types")
    if since is None or until is None or not 0 <= (until - since).days <= _LONGEST_SPAN_DAYS:
        raise bad_parameter(f"since and until must be at most {_LONGEST_SPAN_DAYS} days apart")
    symbol = arguments.get("symbol", "").upper()
    return corporate_actions.announcements_json(_exchange(), kinds, since, until, symbol)


# -- orders ----------------------------------------------------------------------------------------------------------


@trading.post("/orders")
def post_order() -> Answer:
    """ALPACA 1.14: the answer of a group carries its legs without being asked."""
    order, legs = submit(_exchange(), read_json(request.get_data()))
    return shapes.order_json(_exchange(), order, legs)


@trading.get("/orders")
def get_orders() -> Answer:
    """ALPACA 5.2, 5.3."""
    exchange, query = _exchange(), order_query(_exchange(), request.args)
    render = shapes.nested_json if query.nested else shapes.order_json
    return [render(exchange, order) for order in exchange.book.find(query)]


@trading.get("/orders:by_client_order_id")
def get_order_by_client_order_id() -> Answer:
    """ALPACA 5.4, 8."""
    client_order_id = request.args.get("client_order_id", "")
    order = _exchange().book.by_client_order_id(client_order_id)
    if order is None:
        raise not_found(f"order not found for {client_order_id}")
    return _shown(order)


def _shown(order: Order) -> dict[str, Any]:
    """Render an order, its legs rolled up only when asked."""
    render = shapes.nested_json if boolean_of(request.args.get("nested")) else shapes.order_json
    return render(_exchange(), order)


@trading.get("/orders/<order_id>")
def get_order(order_id: str) -> Answer:
    """ALPACA 5.4."""
    return _shown(order_of(_exchange(), order_id))


@trading.patch("/orders/<order_id>")
def patch_order(order_id: str) -> Answer:
    """ALPACA 3."""
    order = order_of(_exchange(), order_id)
    amendment = amendments.read_amendment(read_json(request.get_data()))
    return shapes.order_json(_exchange(), amendments.replace_order(_exchange(), order, amendment))


@trading.delete("/orders/<order_id>")
def delete_order(order_id: str) -> Answer:
    """ALPACA 4.1."""
    amendments.cancel_order(_exchange(), order_of(_exchange(), order_id))
    return "", 204


@trading.delete("/orders")
def delete_orders() -> Answer:
    """ALPACA 4.5."""
    return amendments.cancel_all(_exchange()), 207
