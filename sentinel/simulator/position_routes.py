"""Answers the position endpoints under /v2/positions: list, one, close one, close all."""

from __future__ import annotations

from decimal import ROUND_DOWN, Decimal
from typing import TYPE_CHECKING, Any

from flask import Blueprint, g, request

from sentinel.simulator import account, amendments, shapes
from sentinel.simulator.errors import Refusal, bad_parameter, not_found
from sentinel.simulator.orders import submit
from sentinel.simulator.positions import Position, open_positions, position_of
from sentinel.simulator.validation import boolean_of, decimal_of

if TYPE_CHECKING:
    from sentinel.simulator.exchange import Exchange

positions = Blueprint("positions", __name__, url_prefix="/v2/positions")
Answer = Any


def _exchange() -> Exchange:
    exchange: Exchange = g.exchange
    return exchange


def _position(symbol_or_id: str) -> Position:
    position = position_of(_exchange(), _exchange().symbol_of(symbol_or_id))
    if position is None:
        raise not_found("position does not exist")  # ALPACA 10.2
    return position


@positions.get("")
def get_positions() -> Answer:
    """ALPACA 10.2."""
    exchange = _exchange()
    return [account.position_json(exchange, position) for position in open_positions(exchange)]


@positions.get("/<symbol_or_id>")
def get_position(symbol_or_id: str) -> Answer:
    """ALPACA 10.2."""
    return account.position_json(_exchange(), _position(symbol_or_id))


@positions.delete("/<symbol_or_id>")
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


def _close_position(exchange: Exchange, position: Position, qty: Decimal | None = None) -> dict[str, Any]:
    body = {
        "symbol": position.symbol,
        "qty": str(abs(position.qty) if qty is None else qty),
        "side": "sell" if position.qty > 0 else "buy",
        "type": "market",
        "time_in_force": "day",
    }
    order, _ = submit(exchange, body)
    return shapes.order_json(exchange, order)


@positions.delete("")
def delete_positions() -> Answer:
    """ALPACA 6.8."""
    exchange, cancels = _exchange(), request.args.get("cancel_orders", "false")
    if cancels.lower() not in ("true", "false", "1", "0", ""):
        raise bad_parameter("invalid cancel_orders")
    if boolean_of(cancels):
        amendments.cancel_all(exchange)
    answers = []
    for position in open_positions(exchange):
        try:
            with exchange.store.attempt():
                status, body = 200, _close_position(exchange, position)
        except Refusal as refusal:
            status, body = refusal.status, refusal.body
        answers.append({"symbol": position.symbol, "status": status, "body": body})
    return answers, 207
