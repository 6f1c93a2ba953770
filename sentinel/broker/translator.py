"""Alpaca's JSON in the words of the domain; the only module that meets a float, and it hands none on."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from sentinel.domain.bars import Bar
from sentinel.domain.orders import Order, OrderClass, OrderStatus, OrderType, Side
from sentinel.domain.positions import Account, Asset, Fill, Position, Session

NEW_YORK = ZoneInfo("America/New_York")
# Sentinel guards US equities; what is listed beside them cannot rest under an equity stop.
OTHER_ASSETS = frozenset({"us_option", "crypto", "crypto_perp", "treasury", "corporate", "us_index", "global_equity"})
LONGEST_TEXT = 500
# A thousand times all the shares and dollars there are.
LARGEST_POWER_OF_TEN = 18
A_HUNDREDTH_OF_A_CENT = Decimal("0.0001")

Json = Mapping[str, Any]
Word = TypeVar("Word", bound=StrEnum)


class UnknownShape(ValueError):
    """The broker answered something this translator has never seen."""


def order_of(row: object, parent_id: str | None = None) -> Order:
    """An order with its legs (ALPACA 5.5); a status, type or class nobody documented reads as `unknown`."""
    order = mapping(row, "an order")
    order_id = text(order, "id")
    filled_qty = number(order, "filled_qty", Decimal(0))
    return Order(
        id=order_id,
        client_order_id=text(order, "client_order_id"),
        symbol=text(order, "symbol"),
        side=_side(text(order, "side")),
        type=_word(OrderType, order.get("type") or order.get("order_type"), OrderType.UNKNOWN),
        order_class=_word(OrderClass, order.get("order_class") or "simple", OrderClass.UNKNOWN),
        time_in_force=text(order, "time_in_force"),
        status=_word(OrderStatus, text(order, "status"), OrderStatus.UNKNOWN),
        # An order by dollars has no quantity until it fills.
        qty=number(order, "qty", filled_qty),
        filled_qty=filled_qty,
        limit_price=price(order, "limit_price"),
        stop_price=price(order, "stop_price"),
        filled_avg_price=price(order, "filled_avg_price"),
        asset_id=text(order, "asset_id", ""),
        parent_id=parent_id,
        replaces=text(order, "replaces", "") or None,
        replaced_by=text(order, "replaced_by", "") or None,
        created_at=instant(order, "created_at"),
        submitted_at=instant(order, "submitted_at"),
        filled_at=instant(order, "filled_at"),
        ended_at=_ended_at(order),
        expires_at=instant(order, "expires_at"),
        legs=tuple(order_of(leg, order_id) for leg in sequence(order.get("legs") or [], "the legs of an order")),
    )


def orders_of(body: object) -> tuple[Order, ...]:
    """A list of orders without those in options, crypto and the like."""
    return tuple(order_of(row) for row in sequence(body, "a list of orders") if is_equity(row))


def position_of(row: object) -> Position:
    """A position (ALPACA 10.2); its quantities are negative for a short."""
    position = mapping(row, "a position")
    qty = number(position, "qty")
    available = number(position, "qty_available", qty)
    side = text(position, "side", "short" if qty < 0 else "long")
    if qty < 0 and side != "short":
        raise UnknownShape(f"a position of {qty} shares on the side {side!r}")
    sign = -1 if side == "short" else 1
    return Position(
        symbol=text(position, "symbol"),
        asset_id=text(position, "asset_id"),
        qty=abs(qty) * sign,
        qty_available=abs(available) * sign,
        avg_entry_price=number(position, "avg_entry_price"),
        current_price=price(position, "current_price"),
    )


def positions_of(rows: Sequence[object]) -> dict[str, Position]:
    """Positions by symbol; two assets may share one while a new CUSIP takes over (ALPACA 10.8), and both are held."""
    held: dict[str, Position] = {}
    for position in map(position_of, rows):
        known = held.get(position.symbol)
        held[position.symbol] = _together(known, position) if known else position
    return held


def account_of(body: object) -> Account:
    """The account (ALPACA 10.1), in dollars."""
    account = mapping(body, "an account")
    return Account(
        id=text(account, "id"),
        number=text(account, "account_number", ""),
        status=text(account, "status"),
        equity=number(account, "equity"),
        cash=number(account, "cash"),
        buying_power=number(account, "buying_power", Decimal(0)),
        long_market_value=number(account, "long_market_value", Decimal(0)),
        short_market_value=number(account, "short_market_value", Decimal(0)),
        trading_blocked=flag(account, "trading_blocked"),
        account_blocked=flag(account, "account_blocked"),
        trade_suspended_by_user=flag(account, "trade_suspended_by_user"),
        shorting_enabled=flag(account, "shorting_enabled"),
        non_marginable_buying_power=price(account, "non_marginable_buying_power"),
    )


def asset_of(body: object) -> Asset:
    """A symbol the broker knows (ALPACA 10.6)."""
    asset = mapping(body, "an asset")
    return Asset(
        id=text(asset, "id"),
        symbol=text(asset, "symbol"),
        name=text(asset, "name", ""),
        tradable=flag(asset, "tradable"),
        shortable=flag(asset, "shortable"),
        fractionable=flag(asset, "fractionable"),
        status=text(asset, "status"),
    )


def fill_of(row: object) -> Fill:
    """One execution (ALPACA 10.4); its id starts with New York time and is never read as one."""
    fill = mapping(row, "a fill")
    return Fill(
        id=text(fill, "id"),
        order_id=text(fill, "order_id"),
        symbol=text(fill, "symbol"),
        side=text(fill, "side"),
        qty=number(fill, "qty"),
        price=number(fill, "price"),
        at=required_instant(fill, "transaction_time"),
    )


def bars_of(body: object) -> dict[str, Bar]:
    """The daily bar in each symbol's snapshot, the one before where today has none yet; a snapshot may lack both."""
    found: dict[str, Bar] = {}
    for symbol, row in mapping(body, "the snapshots").items():
        snapshot = mapping(row or {}, f"a snapshot of {symbol}")
        bar = snapshot.get("dailyBar") or snapshot.get("prevDailyBar")
        found |= {symbol: bar_of(symbol, bar)} if bar else {}
    return found


def page_of_bars(body: object) -> tuple[dict[str, tuple[Bar, ...]], str]:
    """A page of daily bars by symbol (ALPACA 12), and the token of the next one, empty on the last."""
    page = mapping(body, "the bars")
    rows = mapping(page.get("bars") or {}, "the bars")
    found = {
        symbol: tuple(bar_of(symbol, bar) for bar in sequence(bars, f"the bars of {symbol}"))
        for symbol, bars in rows.items()
    }
    return found, text(page, "next_page_token", "")


def bar_of(symbol: str, row: object) -> Bar:
    """One session's bar (ALPACA 12); its time is the New York midnight that begins the session."""
    bar = mapping(row, f"a bar of {symbol}")
    return Bar(
        symbol=symbol,
        day=required_instant(bar, "t").astimezone(NEW_YORK).date(),
        open=number(bar, "o"),
        high=number(bar, "h"),
        low=number(bar, "l"),
        close=number(bar, "c"),
        volume=int(number(bar, "v")),
    )


def clock_now(body: object) -> datetime:
    """The broker's own time, UTC."""
    return required_instant(mapping(body, "the clock"), "timestamp")


def session_of(clock_body: object, calendar_body: object) -> Session:
    """Where the clock stands among the sessions of the calendar (ALPACA 10.3), holidays and half days included."""
    clock = mapping(clock_body, "the clock")
    now = required_instant(clock, "timestamp")
    days = [mapping(row, "a calendar day") for row in sequence(calendar_body, "the calendar")]
    opened = [day for day in days if _wall_clock(day, "open") <= now]
    if not opened:
        raise UnknownShape("a calendar without a session that has opened")
    last = max(opened, key=lambda day: _wall_clock(day, "open"))
    return Session(
        now=now,
        day=_wall_clock(last, "open").astimezone(NEW_YORK).date(),
        is_open=flag(clock, "is_open"),
        closed_at=_wall_clock(last, "close"),
        next_open=required_instant(clock, "next_open"),
        next_close=required_instant(clock, "next_close"),
        closes=tuple(sorted(_wall_clock(day, "close") for day in opened)),
        opened_at=_wall_clock(last, "open"),
    )


def is_equity(row: object) -> bool:
    """Whether a row is about shares; a class nobody knows counts as shares, for those want protection."""
    if not isinstance(row, Mapping):
        return True
    return row.get("asset_class") not in OTHER_ASSETS and row.get("order_class") != "mleg"


def refusal_fields(error: Json) -> dict[str, str]:
    """What an error says besides code and message, as text (ALPACA 9.6): held_for_orders, market_price and so on."""
    return {str(key): plain(value) for key, value in error.items() if key not in ("code", "message")}


def plain(value: object) -> str:
    """Any JSON value as one line of text without control characters; a list is joined by commas."""
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case Decimal():
            return format(value, "f")
        case list():
            return ",".join(plain(part) for part in value)
        case dict():
            return ", ".join(f"{plain(key)}={plain(part)}" for key, part in value.items())
    return "".join(sign if sign.isprintable() else " " for sign in str(value))[:LONGEST_TEXT]


def mapping(body: object, what: str) -> Json:
    """The body as an object, UnknownShape when it is none."""
    if not isinstance(body, Mapping):
        raise UnknownShape(f"{what} that is {_kind(body)}")
    return body


def sequence(body: object, what: str) -> Sequence[object]:
    """The body as a list, UnknownShape when it is none: what cannot be read is never an empty list."""
    if not isinstance(body, list):
        raise UnknownShape(f"{what} that is {_kind(body)}")
    return body


def text(row: Json, name: str, default: str | None = None) -> str:
    """A text field; missing or null gives the default, UnknownShape without one."""
    value = row.get(name)
    if value is None and default is not None:
        return default
    if not isinstance(value, str):
        raise UnknownShape(f"{name} that is {_kind(value)}")
    return plain(value)


def number(row: Json, name: str, default: Decimal | None = None) -> Decimal:
    """A number as the decimal its text says, whether Alpaca sent it as text or as a JSON number."""
    value = row.get(name)
    if value is None and default is not None:
        return default
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        raise UnknownShape(f"{name} that is {_kind(value)}")
    try:
        decimal = Decimal(str(value))
    except InvalidOperation:
        raise UnknownShape(f"{name} that is no number") from None
    if not decimal.is_finite():
        raise UnknownShape(f"{name} that is no finite number")
    if decimal.adjusted() > LARGEST_POWER_OF_TEN:
        raise UnknownShape(f"{name} that is too large a number")
    return decimal


def price(row: Json, name: str) -> Decimal | None:
    """A price in dollars, None where there is none."""
    return None if row.get(name) is None else number(row, name)


def flag(row: Json, name: str) -> bool:
    """A yes or no; a missing one is no."""
    value = row.get(name)
    if value is not None and not isinstance(value, bool):
        raise UnknownShape(f"{name} that is {_kind(value)}")
    return bool(value)


def instant(row: Json, name: str) -> datetime | None:
    """A moment in UTC; Alpaca's nanoseconds are cut to microseconds (ALPACA 5.5)."""
    value = row.get(name)
    if value is None:
        return None
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise UnknownShape(f"{name} that is no time") from None
    if moment.tzinfo is None:
        raise UnknownShape(f"{name} without a time zone")
    return moment.astimezone(UTC)


def required_instant(row: Json, name: str) -> datetime:
    """A moment in UTC that must be there."""
    moment = instant(row, name)
    if moment is None:
        raise UnknownShape(f"{name} that is missing")
    return moment


def _together(one: Position, other: Position) -> Position:
    """Two lots of a symbol as one position, at what one share of them cost on average."""
    if one.side is not other.side:
        raise UnknownShape(f"{one.symbol} both long and short")
    qty, cost = one.qty + other.qty, one.qty * one.avg_entry_price + other.qty * other.avg_entry_price
    return replace(
        one,
        qty=qty,
        qty_available=one.qty_available + other.qty_available,
        avg_entry_price=(cost / qty).quantize(A_HUNDREDTH_OF_A_CENT) if qty else one.avg_entry_price,
        current_price=one.current_price or other.current_price,
    )


def _ended_at(order: Json) -> datetime | None:
    names = ("canceled_at", "expired_at", "failed_at", "replaced_at", "filled_at")
    return next((moment for name in names if (moment := instant(order, name))), None)


def _side(word: str) -> Side:
    # Fills know sell_short besides the two sides of orders (ALPACA 10.4).
    try:
        return Side("sell" if word == "sell_short" else word)
    except ValueError:
        raise UnknownShape(f"a side called {word!r}") from None


def _word(words: type[Word], value: object, unknown: Word) -> Word:
    return next((word for word in words if word.value == value), unknown)


def _wall_clock(day: Json, name: str) -> datetime:
    """An `HH:MM` of the calendar, New York time, as a moment in UTC."""
    try:
        local = datetime.combine(date.fromisoformat(text(day, "date")), time.fromisoformat(text(day, name)), NEW_YORK)
    except ValueError as malformed:
        if isinstance(malformed, UnknownShape):
            raise
        raise UnknownShape(f"a calendar day whose {name} is no time") from None
    return local.astimezone(UTC)


def _kind(value: object) -> str:
    names = {dict: "an object", list: "a list", str: "a text", bool: "a yes or no", type(None): "missing"}
    return names.get(type(value), "a number")
