"""The tables of the exchange, and the indices that keep ten thousand orders as quick as ten."""

from __future__ import annotations

VERSION = 2  # raise it whenever a table changes
TABLES = (
    *("setting", "asset", "bar", "split", "dividend", "rename", "orders", "position", "fill", "activity"),
    *("settling", "watchlist", "equity", "fault", "mutation"),
)
SCHEMA = """
CREATE TABLE IF NOT EXISTS setting (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS asset (
    symbol TEXT PRIMARY KEY, tradable INTEGER NOT NULL DEFAULT 1, shortable INTEGER NOT NULL DEFAULT 1,
    fractionable INTEGER NOT NULL DEFAULT 1, halted INTEGER NOT NULL DEFAULT 0,
    active INTEGER NOT NULL DEFAULT 1, id_name TEXT) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS bar (
    symbol TEXT NOT NULL, day TEXT NOT NULL, open TEXT NOT NULL, high TEXT NOT NULL, low TEXT NOT NULL,
    close TEXT NOT NULL, volume INTEGER NOT NULL, PRIMARY KEY (symbol, day)) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS split (
    symbol TEXT NOT NULL, ratio TEXT NOT NULL, through_day TEXT NOT NULL, at_ns INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS dividend (
    symbol TEXT NOT NULL, amount TEXT NOT NULL, factor TEXT NOT NULL, through_day TEXT NOT NULL,
    at_ns INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS rename (old TEXT NOT NULL, new TEXT NOT NULL, at_ns INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS orders (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, client_order_id TEXT NOT NULL UNIQUE,
    symbol TEXT NOT NULL, side TEXT NOT NULL, type TEXT NOT NULL, order_class TEXT NOT NULL,
    time_in_force TEXT NOT NULL, position_intent TEXT NOT NULL, status TEXT NOT NULL,
    qty TEXT, notional TEXT, filled_qty TEXT NOT NULL, filled_avg_price TEXT, limit_price TEXT, stop_price TEXT,
    trail_price TEXT, trail_percent TEXT, hwm TEXT, extended_hours INTEGER NOT NULL,
    parent_id TEXT, role TEXT NOT NULL, chain_id TEXT NOT NULL, replaces TEXT, replaced_by TEXT,
    opening_millis INTEGER NOT NULL, limit_micros INTEGER,
    routed INTEGER NOT NULL, armed INTEGER NOT NULL, triggered INTEGER NOT NULL,
    created_ns INTEGER NOT NULL, submitted_ns INTEGER NOT NULL, updated_ns INTEGER NOT NULL, expires_ns INTEGER,
    filled_ns INTEGER, canceled_ns INTEGER, expired_ns INTEGER, failed_ns INTEGER, replaced_ns INTEGER,
    is_open INTEGER NOT NULL) STRICT;
CREATE INDEX IF NOT EXISTS orders_open ON orders (symbol, side, seq) WHERE is_open;
CREATE INDEX IF NOT EXISTS orders_opening ON orders (opening_millis) WHERE is_open;
CREATE INDEX IF NOT EXISTS orders_opposite ON orders (symbol, side, order_class, type, limit_micros) WHERE is_open;
CREATE INDEX IF NOT EXISTS orders_by_intent ON orders (symbol, position_intent) WHERE is_open;
CREATE INDEX IF NOT EXISTS orders_open_by_time ON orders (submitted_ns, seq) WHERE is_open;
CREATE INDEX IF NOT EXISTS orders_closed_by_time ON orders (submitted_ns, seq) WHERE NOT is_open;
CREATE INDEX IF NOT EXISTS orders_by_time ON orders (submitted_ns, seq);
CREATE INDEX IF NOT EXISTS orders_of_parent ON orders (parent_id) WHERE parent_id IS NOT NULL;
-- What open priced opening orders would cost, kept as they come and go: the buying power is asked for at every order.
CREATE TABLE IF NOT EXISTS opening (one INTEGER PRIMARY KEY, millis INTEGER NOT NULL) STRICT;
INSERT OR IGNORE INTO opening VALUES (1, 0);
CREATE TRIGGER IF NOT EXISTS opening_comes AFTER INSERT ON orders WHEN NEW.is_open AND NEW.opening_millis > 0
BEGIN UPDATE opening SET millis = millis + NEW.opening_millis; END;
CREATE TRIGGER IF NOT EXISTS opening_changes AFTER UPDATE ON orders
WHEN OLD.opening_millis > 0 OR NEW.opening_millis > 0
BEGIN UPDATE opening SET millis = millis - OLD.is_open * max(OLD.opening_millis, 0)
    + NEW.is_open * max(NEW.opening_millis, 0); END;
CREATE TRIGGER IF NOT EXISTS opening_goes AFTER DELETE ON orders WHEN OLD.is_open AND OLD.opening_millis > 0
BEGIN UPDATE opening SET millis = millis - OLD.opening_millis; END;
CREATE TABLE IF NOT EXISTS position (
    symbol TEXT PRIMARY KEY, qty TEXT NOT NULL, avg_entry_price TEXT NOT NULL, opened_on TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS fill (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, order_id TEXT NOT NULL, symbol TEXT NOT NULL, side TEXT NOT NULL,
    qty TEXT NOT NULL, price TEXT NOT NULL, cum_qty TEXT NOT NULL, leaves_qty TEXT NOT NULL,
    order_status TEXT NOT NULL, at_ns INTEGER NOT NULL) STRICT;
CREATE INDEX IF NOT EXISTS fill_of_order ON fill (order_id);
CREATE INDEX IF NOT EXISTS fill_by_time ON fill (at_ns, seq);
CREATE TABLE IF NOT EXISTS activity (
    at_ns INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, body TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS settling (
    order_id TEXT PRIMARY KEY, what TEXT NOT NULL, symbol TEXT NOT NULL, side TEXT NOT NULL, qty TEXT NOT NULL,
    related_id TEXT NOT NULL, requests_left INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS watchlist (
    id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, symbols TEXT NOT NULL, created_ns INTEGER NOT NULL,
    updated_ns INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS equity (
    day TEXT PRIMARY KEY, equity TEXT NOT NULL, maintenance_margin TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS fault (
    seq INTEGER PRIMARY KEY, method TEXT NOT NULL, path TEXT NOT NULL, nth INTEGER, kind TEXT NOT NULL,
    seconds REAL NOT NULL, takes_effect INTEGER NOT NULL,
    seen INTEGER NOT NULL DEFAULT 0, struck INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE TABLE IF NOT EXISTS mutation (
    seq INTEGER PRIMARY KEY, at_ns INTEGER NOT NULL, method TEXT NOT NULL, path TEXT NOT NULL,
    body TEXT NOT NULL, status INTEGER NOT NULL) STRICT;
"""
