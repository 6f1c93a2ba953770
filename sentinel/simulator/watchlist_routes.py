"""Answers the watchlist endpoints: lists of symbols a client keeps at the broker, by id or by name."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

from flask import Blueprint, g, request

from sentinel.simulator import sessions, shapes
from sentinel.simulator.errors import bad_parameter, not_found
from sentinel.simulator.validation import read_json, text_of

if TYPE_CHECKING:
    import sqlite3

    from sentinel.simulator.exchange import Exchange

watchlists = Blueprint("watchlists", __name__, url_prefix="/v2")
Answer = Any
_LONGEST_NAME = 64


def _exchange() -> Exchange:
    exchange: Exchange = g.exchange
    return exchange


def _by_id(watchlist_id: str) -> sqlite3.Row:
    try:
        wanted = str(uuid.UUID(watchlist_id))
    except ValueError as error:
        raise bad_parameter("watchlist is required") from error  # recorded
    row = _exchange().store.row("SELECT * FROM watchlist WHERE id = ?", (wanted,))
    if row is None:
        raise not_found(f"watchlist not found: {watchlist_id}")  # recorded
    return row


def _by_name() -> sqlite3.Row:
    name = request.args.get("name", "")
    row = _exchange().store.row("SELECT * FROM watchlist WHERE name = ?", (name,))
    if row is None:
        raise not_found(f"watchlist not found: {name}")  # recorded
    return row


def _told(row: sqlite3.Row, *, with_assets: bool = True) -> dict[str, Any]:
    exchange = _exchange()
    head = {
        "id": row["id"],
        "account_id": exchange.id_of("account"),
        "created_at": sessions.utc_text(row["created_ns"]),
        "updated_at": sessions.utc_text(row["updated_ns"]),
        "name": row["name"],
    }
    if not with_assets:
        return head
    assets = (exchange.store.row("SELECT * FROM asset WHERE symbol = ?", (one,)) for one in json.loads(row["symbols"]))
    return {**head, "assets": [shapes.asset_json(exchange, asset) for asset in assets if asset]}


def _name(body: dict[str, Any]) -> str | None:
    name = text_of(body, "name")
    if name and len(name) > _LONGEST_NAME:
        raise bad_parameter("name must be no more than 64 characters")  # recorded
    return name


def _symbols(body: dict[str, Any]) -> list[str]:
    given = body.get("symbols") or []
    if not isinstance(given, list) or not all(isinstance(symbol, str) for symbol in given):
        raise bad_parameter("invalid symbols")
    return list(dict.fromkeys(_known(symbol) for symbol in given))


def _known(symbol: str | None) -> str:
    wanted = (symbol or "").upper().encode("utf-8", "ignore").decode()
    if _exchange().store.row("SELECT 1 FROM asset WHERE symbol = ?", (wanted,)) is None:
        raise bad_parameter(f'asset "{wanted}" not found')
    return wanted


def _save(row: sqlite3.Row, name: str, symbols: list[str]) -> Answer:
    exchange = _exchange()
    if name != row["name"]:
        _require_new(name)
    sql = "UPDATE watchlist SET name = ?, symbols = ?, updated_ns = ? WHERE id = ?"
    exchange.store.execute(sql, (name, json.dumps(symbols), exchange.stamp(), row["id"]))
    return _told(_by_id(row["id"]))


def _require_new(name: str) -> None:
    if _exchange().store.row("SELECT 1 FROM watchlist WHERE name = ?", (name,)):
        raise bad_parameter("watchlist name must be unique")


@watchlists.get("/watchlists")
def get_watchlists() -> Answer:
    """Return every list without its assets."""
    rows = _exchange().store.rows("SELECT * FROM watchlist ORDER BY created_ns")
    return [_told(row, with_assets=False) for row in rows]


@watchlists.post("/watchlists")
def post_watchlist() -> Answer:
    """Make a list of `name` and `symbols`."""
    exchange, body = _exchange(), read_json(request.get_data())
    name, symbols = _name(body), _symbols(body)
    if name is None:
        raise bad_parameter("name is required")
    _require_new(name)
    at_ns, new_id = exchange.stamp(), exchange.new_id()
    values = {"id": new_id, "name": name, "symbols": json.dumps(symbols), "created_ns": at_ns, "updated_ns": at_ns}
    exchange.store.insert("watchlist", values)
    return _told(_by_id(new_id))


@watchlists.get("/watchlists/<watchlist_id>")
def get_watchlist(watchlist_id: str) -> Answer:
    """Return one list."""
    return _told(_by_id(watchlist_id))


@watchlists.get("/watchlists:by_name")
def get_watchlist_by_name() -> Answer:
    """Return one list."""
    return _told(_by_name())


@watchlists.put("/watchlists/<watchlist_id>")
def put_watchlist(watchlist_id: str) -> Answer:
    """Change name and symbols; symbols left out are none (recorded)."""
    return _changed(_by_id(watchlist_id))


@watchlists.put("/watchlists:by_name")
def put_watchlist_by_name() -> Answer:
    """Change name and symbols."""
    return _changed(_by_name())


def _changed(row: sqlite3.Row) -> Answer:
    body = read_json(request.get_data())
    return _save(row, _name(body) or row["name"], _symbols(body))


@watchlists.post("/watchlists/<watchlist_id>")
def post_symbol(watchlist_id: str) -> Answer:
    """Add a symbol."""
    return _added(_by_id(watchlist_id))


@watchlists.post("/watchlists:by_name")
def post_symbol_by_name() -> Answer:
    """Add a symbol."""
    return _added(_by_name())


def _added(row: sqlite3.Row) -> Answer:
    symbol = _known(text_of(read_json(request.get_data()), "symbol"))
    return _save(row, row["name"], list(dict.fromkeys([*json.loads(row["symbols"]), symbol])))


@watchlists.delete("/watchlists/<watchlist_id>/<symbol>")
def delete_symbol(watchlist_id: str, symbol: str) -> Answer:
    """Take a symbol away."""
    return _removed(_by_id(watchlist_id), symbol)


@watchlists.delete("/watchlists:by_name/<symbol>")
def delete_symbol_by_name(symbol: str) -> Answer:
    """Take a symbol away."""
    return _removed(_by_name(), symbol)


def _removed(row: sqlite3.Row, symbol: str) -> Answer:
    symbols = json.loads(row["symbols"])
    if symbol.upper() not in symbols:
        raise not_found(f"asset not found in watchlist: {symbol.upper()}")
    return _save(row, row["name"], [one for one in symbols if one != symbol.upper()])


@watchlists.delete("/watchlists/<watchlist_id>")
def delete_watchlist(watchlist_id: str) -> Answer:
    """Drop a list."""
    return _dropped(_by_id(watchlist_id))


@watchlists.delete("/watchlists:by_name")
def delete_watchlist_by_name() -> Answer:
    """Drop a list."""
    return _dropped(_by_name())


def _dropped(row: sqlite3.Row) -> Answer:
    _exchange().store.execute("DELETE FROM watchlist WHERE id = ?", (row["id"],))
    return "", 204
