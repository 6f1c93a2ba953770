"""Works out the account: equity, margin, buying power, configurations, portfolio history."""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sentinel.simulator import sessions
from sentinel.simulator.errors import bad_parameter
from sentinel.simulator.positions import Position, open_positions
from sentinel.simulator.reservations import held_for_orders
from sentinel.simulator.shapes import cents, exchange_name, number

if TYPE_CHECKING:
    from sentinel.simulator.exchange import Exchange

_ZERO = Decimal(0)
_MAINTENANCE_RATE = Decimal("0.3")
_INITIAL_RATE = Decimal("0.5")
MARGIN_MINIMUM_EQUITY = Decimal(2000)  # ALPACA 6.5: below it no shorting, and no margin

# ALPACA 9.4: the day-trade fields are gone since July 2026.
CONFIGURATIONS: dict[str, Any] = {
    "disable_overnight_trading": False,
    "fractional_trading": True,
    "max_margin_multiplier": "4",
    "max_options_trading_level": 3,
    "no_shorting": False,
    "ptp_no_exception_entry": False,
    "suspend_trade": False,
    "trade_confirm_email": "all",
}


def position_json(exchange: Exchange, position: Position) -> dict[str, Any]:
    """Render a position with the 18 keys of ALPACA 10.2."""
    qty, average = position.qty, position.avg_entry_price
    price = _price(exchange, position)
    last_day = exchange.previous_close(position.symbol) or price
    cost, value = qty * average, qty * price
    gain = value - cost
    since = average if position.opened_on == exchange.phase.day else last_day
    gain_today = (price - since) * qty
    side = "sell" if qty > 0 else "buy"
    held = held_for_orders(exchange, position.symbol, side)
    return {
        "asset_id": exchange.asset_id(position.symbol),
        "symbol": position.symbol,
        "exchange": exchange_name(position.symbol),
        "asset_class": "us_equity",
        "asset_marginable": True,
        "qty": number(qty),
        "qty_available": number(max(qty - held, _ZERO) if qty > 0 else min(qty + held, _ZERO)),
        "avg_entry_price": number(average),
        "side": "long" if qty > 0 else "short",
        "market_value": number(value),
        "cost_basis": number(cost),
        "unrealized_pl": number(gain),
        "unrealized_plpc": _ratio(gain, abs(cost)),
        "unrealized_intraday_pl": number(gain_today),
        "unrealized_intraday_plpc": _ratio(gain_today, abs(qty * since)),
        "current_price": number(price),
        "lastday_price": number(last_day),
        "change_today": _ratio(price - last_day, last_day),
    }


def _ratio(part: Decimal, whole: Decimal) -> str | None:
    return number(round(part / whole, 16)) if whole else "0"


def _price(exchange: Exchange, position: Position) -> Decimal:
    return exchange.last_price(position.symbol) or position.avg_entry_price


@dataclass(frozen=True, slots=True)
class Figures:
    """The account in dollars, as of now."""

    cash: Decimal
    long_value: Decimal
    short_value: Decimal
    largest_value: Decimal
    committed: Decimal
    multiplier: int

    @property
    def equity(self) -> Decimal:
        """Cash plus longs plus (negative) shorts."""
        return self.cash + self.long_value + self.short_value

    @property
    def gross_value(self) -> Decimal:
        """Longs and shorts, both counted positive."""
        return self.long_value - self.short_value

    @property
    def buying_power(self) -> Decimal:
        """What new orders may cost: open opening orders reduce it, sells only once executed (ALPACA 9.3)."""
        if self.multiplier == 1:
            return max(self.cash - self.committed, _ZERO)
        return max(self.equity * self.multiplier - self.gross_value - self.committed, _ZERO)


def figures(exchange: Exchange) -> Figures:
    """Work out the account."""
    long_value = short_value = largest = _ZERO
    for position in open_positions(exchange):
        value = position.qty * _price(exchange, position)
        long_value, short_value = long_value + max(value, _ZERO), short_value + min(value, _ZERO)
        largest = max(largest, abs(value))
    committed = exchange.book.opening_cost(exchange.last_price)
    equity = exchange.cash + long_value + short_value
    multiplier = int(configurations(exchange)["max_margin_multiplier"]) if equity >= MARGIN_MINIMUM_EQUITY else 1
    return Figures(exchange.cash, long_value, short_value, largest, committed, multiplier)


def configurations(exchange: Exchange) -> dict[str, Any]:
    """Return the account configurations."""
    return {**CONFIGURATIONS, **json.loads(exchange.store.setting("configurations") or "{}")}


def configure(exchange: Exchange, wanted: dict[str, Any]) -> None:
    """Change some configurations (ALPACA 6.5: `no_shorting` is a guard worth setting); others are ignored."""
    changed = configurations(exchange)
    for name, given in wanted.items():
        if name not in CONFIGURATIONS or given is None:
            continue
        # Recorded: a number is taken for its text.
        value = str(given) if name == "max_margin_multiplier" and type(given) is int else given
        if type(value) is not type(CONFIGURATIONS[name]):
            raise bad_parameter(f"invalid {name}")
        if name == "max_margin_multiplier" and value not in ("1", "2", "4"):
            raise bad_parameter(f"invalid {name}")
        changed[name] = value
    exchange.store.put_setting("configurations", json.dumps(changed))


# ALPACA 9.5: what Alpaca sets on an account, and only the control plane sets here.
FLAGS = ("account_blocked", "trading_blocked", "transfers_blocked", "liquidation_only")


def flags(exchange: Exchange) -> dict[str, bool]:
    """Return the flags of the account, all false unless set."""
    return {**dict.fromkeys(FLAGS, False), **json.loads(exchange.store.setting("account_flags") or "{}")}


def set_flags(exchange: Exchange, wanted: dict[str, bool]) -> None:
    """Set some flags of the account."""
    exchange.store.put_setting("account_flags", json.dumps({**flags(exchange), **wanted}))


def account_json(exchange: Exchange) -> dict[str, Any]:
    """Render the account with the keys of ALPACA 10.1."""
    now = figures(exchange)
    settled = _last_settled(exchange)
    maintenance = now.gross_value * _MAINTENANCE_RATE
    initial = now.gross_value * _INITIAL_RATE
    regt = max(now.equity - initial, _ZERO) * 2 - now.committed if now.multiplier > 1 else now.buying_power
    unmargined = max(now.cash - now.committed, _ZERO)
    config, flagged = configurations(exchange), flags(exchange)
    return {
        "id": exchange.id_of("account"),
        "admin_configurations": {},
        "user_configurations": None,
        "account_number": "PA0SIMULATOR",
        "status": "ACTIVE",
        "crypto_status": "INACTIVE",
        "crypto_tier": 0,
        "currency": "USD",
        "cash": cents(now.cash),
        "equity": cents(now.equity),
        "portfolio_value": cents(now.equity),
        "last_equity": number(settled["equity"]),
        "last_maintenance_margin": cents(settled["maintenance_margin"]),
        "balance_asof": settled["day"],
        "buying_power": cents(now.buying_power),
        "effective_buying_power": cents(now.buying_power),
        "regt_buying_power": cents(max(regt, _ZERO)),
        "non_marginable_buying_power": cents(unmargined),
        "options_buying_power": cents(unmargined),
        "options_approved_level": 3,
        "options_trading_level": 3,
        "long_market_value": cents(now.long_value),
        "short_market_value": cents(now.short_value),
        "position_market_value": cents(now.gross_value),
        "initial_margin": cents(initial),
        "maintenance_margin": cents(maintenance),
        "multiplier": str(now.multiplier),
        "shorting_enabled": now.multiplier > 1 and not config["no_shorting"],
        "sma": "0",
        "accrued_fees": "0",
        "pending_reg_taf_fees": "0",
        "intraday_adjustments": "0",
        "account_blocked": flagged["account_blocked"],
        "trading_blocked": flagged["trading_blocked"],
        "transfers_blocked": flagged["transfers_blocked"],
        "trade_suspended_by_user": config["suspend_trade"],
        "created_at": sessions.utc_text(int(exchange.store.setting("created_ns") or 0)),
    }


def _last_settled(exchange: Exchange) -> dict[str, Any]:
    """Return the equity of the session before the current one; the first day has only its own."""
    today = exchange.phase.day.isoformat()
    row = exchange.store.row("SELECT * FROM equity WHERE day < ? ORDER BY day DESC LIMIT 1", (today,))
    row = row or exchange.store.row("SELECT * FROM equity ORDER BY day LIMIT 1")
    if row is None:
        return {"day": today, "equity": exchange.cash, "maintenance_margin": _ZERO}
    return {
        "day": row["day"],
        "equity": Decimal(row["equity"]),
        "maintenance_margin": Decimal(row["maintenance_margin"]),
    }


def record_equity(exchange: Exchange) -> None:
    """Write down the equity of the session that just closed."""
    now = figures(exchange)
    day = exchange.phase.day.isoformat()
    exchange.store.execute("DELETE FROM equity WHERE day = ?", (day,))
    margin = format(now.gross_value * _MAINTENANCE_RATE, "f")
    exchange.store.insert("equity", {"day": day, "equity": format(now.equity, "f"), "maintenance_margin": margin})
