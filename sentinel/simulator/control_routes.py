"""Answers the control plane under /_sim: the clock, bars, hand trades, faults, modes, actions, the whole state."""

from __future__ import annotations

import re
from datetime import date, time
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from flask import Blueprint, current_app, g, request

from sentinel.simulator import account, matching, positions, shapes
from sentinel.simulator.actions import perform, trade
from sentinel.simulator.bars import bar_of
from sentinel.simulator.errors import BadControl, Refusal
from sentinel.simulator.exchange import DEFAULT_CASH
from sentinel.simulator.validation import read_json

if TYPE_CHECKING:
    from sentinel.simulator.app import ExchangeApp
    from sentinel.simulator.exchange import Exchange

control = Blueprint("control", __name__, url_prefix="/_sim")
Answer = Any
_MOST_SESSIONS = 5_000


def _exchange() -> Exchange:
    exchange: Exchange = g.exchange
    return exchange


def _app() -> ExchangeApp:
    app: ExchangeApp = current_app._get_current_object()  # type: ignore[attr-defined]
    return app


def _body(*allowed: str) -> dict[str, Any]:
    try:
        body = read_json(request.get_data())
    except Refusal as refusal:
        raise BadControl("the body must be a JSON object") from refusal
    unknown = sorted(set(body) - set(allowed)) if allowed else []
    if unknown:
        raise BadControl(f"unknown: {', '.join(unknown)}; known: {', '.join(allowed)}")
    return body


def _list(body: dict[str, Any], name: str) -> list[dict[str, Any]]:
    items = body.get(name)
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise BadControl(f"{name} must be a list of objects")
    return items


@control.get("/health")
def get_health() -> Answer:
    """Tell that the exchange answers."""
    return {"status": "ok"}


@control.post("/advance")
def post_advance() -> Answer:
    """Move the clock: `{"to": "open"|"close"|"HH:MM"}`, or `{"sessions": n}` to end after the n-th close."""
    body = _body("to", "sessions")
    target, count = body.get("to"), body.get("sessions")
    if target in ("open", "close") and count is None:
        (matching.advance_to_open if target == "open" else matching.advance_to_close)(_exchange())
    elif isinstance(target, str) and re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", target, re.ASCII) and count is None:
        matching.advance_to_time(_exchange(), time.fromisoformat(target))
    elif target is None and isinstance(count, int) and not isinstance(count, bool) and 1 <= count <= _MOST_SESSIONS:
        for _ in range(count):
            matching.advance_to_close(_exchange())
    else:
        raise BadControl(f'advance takes {{"to": "open"|"close"|"HH:MM"}} or {{"sessions": 1 to {_MOST_SESSIONS}}}')
    return shapes.clock_json(_exchange())


@control.post("/bars")
def post_bars() -> Answer:
    """Add bars, or overwrite those of the same symbol and day."""
    bars = [bar_of(row) for row in _list(_body("bars"), "bars")]
    _exchange().bars.put(bars)
    return {"bars": len(bars)}


@control.post("/trade")
def post_trade() -> Answer:
    """Trade by hand, at any hour."""
    return trade(_exchange(), _body("symbol", "qty", "side", "price"))


@control.post("/faults")
def post_faults() -> Answer:
    """Replace the fault rules; an empty list ends all faults."""
    app = _app()
    app.faults.set([_plain(rule) for rule in _list(_body("rules"), "rules")])
    return {"rules": app.faults.all()}


def _plain(rule: dict[str, Any]) -> dict[str, Any]:
    return {name: float(value) if isinstance(value, Decimal) else value for name, value in rule.items()}


@control.post("/modes")
def post_modes() -> Answer:
    """Change some modes."""
    _exchange().modes.set(_body())
    return _exchange().modes.all()


@control.post("/action")
def post_action() -> Answer:
    """Do something behind the client's back."""
    return perform(_exchange(), _body())


@control.post("/reset")
def post_reset() -> Answer:
    """Begin anew: same bars unless given, same start unless given, modes and faults at their defaults."""
    body, exchange, app = _body("bars", "start", "seed", "cash"), _exchange(), _app()
    first = app.first
    bars = [bar_of(row) for row in _list(body, "bars")] if body.get("bars") is not None else first.bars()
    seed = body.get("seed", first.seed)
    try:
        start = date.fromisoformat(body["start"]) if body.get("start") else first.start if "bars" not in body else None
        cash = Decimal(str(body.get("cash", DEFAULT_CASH)))
    except (TypeError, ValueError, InvalidOperation) as error:
        raise BadControl("start must be a date, cash a number") from error
    if not isinstance(seed, int):
        raise BadControl("seed must be a whole number")
    exchange.start(bars, start, seed, cash)
    app.forget()
    return shapes.clock_json(exchange)


@control.get("/state")
def get_state() -> Answer:
    """Return everything an oracle may ask for."""
    exchange, app = _exchange(), _app()
    return {
        "clock": {**shapes.clock_json(exchange), "phase": exchange.phase.name, "day": exchange.phase.day.isoformat()},
        "modes": exchange.modes.all(),
        "account": account.account_json(exchange),
        "positions": [account.position_json(exchange, position) for position in positions.open_positions(exchange)],
        "orders": [_order_state(exchange, order) for order in exchange.book.everything()],
        "fills": [shapes.fill_json(row) for row in exchange.store.rows("SELECT * FROM fill ORDER BY seq")],
        "equity": [dict(row) for row in exchange.store.rows("SELECT * FROM equity ORDER BY day")],
        "flags": account.flags(exchange),
        "dividends": [dict(row) for row in exchange.store.rows("SELECT * FROM dividend")],
        "splits": [dict(row) for row in exchange.store.rows("SELECT * FROM split")],
        "assets": [shapes.asset_json(exchange, row) for row in exchange.store.rows("SELECT * FROM asset")],
        "halted": [row["symbol"] for row in exchange.store.rows("SELECT symbol FROM asset WHERE halted")],
        "faults": app.faults.all(),
        "requests": {"counts": dict(app.request_counts), "mutations": app.mutations()},
    }


def _order_state(exchange: Exchange, order: Any) -> dict[str, Any]:
    hidden = {name: getattr(order, name) for name in ("parent_id", "role", "routed", "armed", "chain_id")}
    return {**shapes.order_json(exchange, order), **hidden}
