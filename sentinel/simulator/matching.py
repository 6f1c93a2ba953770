"""Moves the clock through sessions and fills orders against daily bars: release, open, the day, close."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from sentinel.simulator import sessions
from sentinel.simulator.account import record_equity
from sentinel.simulator.amendments import cancel_waits
from sentinel.simulator.exchange import CLOSED, OPEN, RELEASED, Phase
from sentinel.simulator.lifecycle import cancel_group, fill, fill_rest, finish
from sentinel.simulator.orders import with_high_water_mark
from sentinel.simulator.settling import settle_cancels, settle_replacements

if TYPE_CHECKING:
    from datetime import time

    from sentinel.simulator.bars import Bar
    from sentinel.simulator.book import Order
    from sentinel.simulator.exchange import Exchange
    from sentinel.simulator.sessions import Session

_STOPS = ("stop", "stop_limit", "trailing_stop")
# A fill moves the order it belongs to towards its end, so this many rounds of a group settle any bar.
_ROUNDS = 4


def advance_to_open(exchange: Exchange) -> None:
    """Move the clock to the next open strictly later than now."""
    if exchange.is_open:
        advance_to_close(exchange)
    session = exchange.next_session
    if exchange.phase.name == CLOSED:
        _release(exchange, session)
    _open(exchange, session)


def advance_to_close(exchange: Exchange) -> None:
    """Move the clock to the next close strictly later than now."""
    if not exchange.is_open:
        advance_to_open(exchange)
    _close(exchange, exchange.next_session)


def advance_to_time(exchange: Exchange, at: time) -> None:
    """Move the clock to the next New York wall-clock time `at` strictly later than now, playing what lies between."""
    target_ns = sessions.next_new_york_ns(exchange.now_ns, at)
    while True:
        session, phase = exchange.next_session, exchange.phase.name
        moment_ns, play = {
            CLOSED: (session.release_ns, _release),
            RELEASED: (session.open_ns, _open),
            OPEN: (session.close_ns, _close),
        }[phase]
        if moment_ns > target_ns:
            break
        play(exchange, session)
    exchange.move_clock(target_ns)


def _release(exchange: Exchange, session: Session) -> None:
    """Route at 04:00 what was queued since the last close: `accepted` becomes `new` (ALPACA 2.4)."""
    exchange.move_clock(session.release_ns)
    exchange.phase = Phase(session.day, RELEASED)
    _end_aged_orders(exchange)
    _route_queued(exchange)


def _route_queued(exchange: Exchange) -> None:
    halted = _halted(exchange)
    released: set[str] = set()
    for order in exchange.book.open_when("(NOT routed OR status = 'done_for_day')"):
        if order.symbol in halted:  # ALPACA 10.10: a halt overnight leaves an order `accepted`
            continue
        if order.status in ("accepted", "done_for_day"):  # ALPACA 5.1: done for a day, then back
            released.add(order.id)
            _route(exchange, order, "new")
        elif order.status == "partially_filled":
            _route(exchange, order, order.status)
        elif order.parent_id in released:
            _route(exchange, order, order.status, routed=order.armed)


def _route(exchange: Exchange, order: Order, status: str, *, routed: bool = True) -> None:
    at_ns = exchange.stamp()
    exchange.book.save(replace(order, status=status, routed=routed, submitted_ns=at_ns, updated_ns=at_ns))


def _halted(exchange: Exchange) -> set[str]:
    return {row["symbol"] for row in exchange.store.rows("SELECT symbol FROM asset WHERE halted")}


def _open(exchange: Exchange, session: Session) -> None:
    """Let pending cancels take effect, then fill what the opening price fills."""
    exchange.move_clock(session.open_ns)
    settle_cancels(exchange)
    settle_replacements(exchange)
    for order in exchange.book.open_when("status = 'pending_cancel'"):  # ALPACA 4.4
        current = exchange.book.must(order.id)
        if current.is_open:
            cancel_group(exchange, current)
    _route_queued(exchange)  # what was sent since 04:00
    exchange.phase = Phase(session.day, OPEN)
    for bar in _bars_today(exchange, session):
        _fill_at_open(exchange, bar)
    for order in exchange.book.open_when("time_in_force IN ('opg', 'ioc', 'fok') AND routed"):  # ALPACA 2.5
        finish(exchange, order, "canceled")


def _bars_today(exchange: Exchange, session: Session) -> list[Bar]:
    """Return the bars of the symbols that have open orders; no bar or a halt means no trading."""
    halted = _halted(exchange)
    symbols = (symbol for symbol in exchange.book.open_symbols() if symbol not in halted)
    found = (exchange.bars.on(symbol, session.day) for symbol in symbols)
    return [bar for bar in found if bar is not None]


def _fill_at_open(exchange: Exchange, bar: Bar) -> None:
    """Try every working order, stops first, until a round fills nothing: an entry's fill brings its legs to life."""
    for _ in range(_ROUNDS):
        working = [order for order in exchange.book.open(bar.symbol) if order.is_working]
        working.sort(key=lambda order: (order.type not in _STOPS, order.seq))
        filled = False
        for order in working:
            current = exchange.book.must(order.id) if _is_due(order, bar.open, bar.open) else None
            if current and current.is_working:
                filled = _try_at_open(exchange, current, bar) or filled
        if not filled:
            return


def _try_at_open(exchange: Exchange, order: Order, bar: Bar) -> bool:
    """Fill at the open a market order, a marketable limit, and a stop the open has gapped through."""
    price = bar.open
    if order.time_in_force == "cls":
        return False
    if order.type in _STOPS and not order.triggered:
        if not _reached(order, price):
            if order.type == "trailing_stop":
                exchange.book.save(with_high_water_mark(order, price))
            return False
        return _trigger(exchange, order, price)
    if _limit_met(order, price):
        return _fill_working(exchange, order, price)
    return False


def _reached(order: Order, price: Decimal) -> bool:
    """Tell whether a trade at `price` elects a stop."""
    if order.stop_price is None:
        return False
    return price >= order.stop_price if order.is_buy else price <= order.stop_price


def _limit_met(order: Order, price: Decimal) -> bool:
    limit = order.working_limit
    if limit is None:
        return True
    return price <= limit if order.is_buy else price >= limit


def _trigger(exchange: Exchange, order: Order, price: Decimal) -> bool:
    """Elect a stop at `price`: a market order then, or a limit order that may have to wait."""
    is_collared = order.type == "stop" and order.is_buy and exchange.modes["buy_stops"] == "collared"  # ALPACA 7.6
    if order.type == "stop_limit" or is_collared:
        status = "new" if order.status == "held" else order.status
        order = exchange.book.save(replace(order, triggered=True, status=status))
        if not _limit_met(order, price):
            return False
    fill_rest(exchange, order, price)
    return True


def _fill_working(exchange: Exchange, order: Order, price: Decimal) -> bool:
    """Fill a limit or market order whole, or in part, once a session, where the mode asks for it (ALPACA 11)."""
    mode = exchange.modes["partial_fills"]
    if mode == "off" or order.type != "limit" or order.leaves_qty <= 1:
        fill_rest(exchange, order, price)
        return True
    session = sessions.session_on(exchange.phase.day)
    if order.filled_qty and session and order.updated_ns >= session.open_ns:
        return False
    part = (order.leaves_qty + 1) // 2 if mode == "half" else _random_part(exchange, order)
    fill(exchange, order, part, price)
    return True


def _random_part(exchange: Exchange, order: Order) -> Decimal:
    """Return all that is left, but for one order and day in ten, as the seed decides."""
    draw = int(exchange.id_of(f"fill {order.id} {exchange.phase.day}")[:8], 16)
    if draw % 10:
        return order.leaves_qty
    return Decimal(1 + draw // 10 % (int(order.leaves_qty) - 1))


def _close(exchange: Exchange, session: Session) -> None:
    """Play the rest of the day's bar, then the close: DAY orders expire, aged ones are cancelled."""
    exchange.move_clock((session.open_ns + session.close_ns) // 2)
    settle_cancels(exchange)
    settle_replacements(exchange)
    bars = _bars_today(exchange, session)
    for bar in bars:
        _play(exchange, bar)
    for bar in bars:
        for order in exchange.book.open_when("symbol = ? AND time_in_force = 'cls'", bar.symbol):
            if order.is_working and _limit_met(order, bar.close):
                fill_rest(exchange, order, bar.close)
    exchange.move_clock(session.close_ns)
    exchange.phase = Phase(session.day, CLOSED)
    # ALPACA 1.4, 2.2: a DAY order dies at the close, and so does the DAY leg that protected a position.
    for order in exchange.book.open_when("time_in_force <> 'gtc' AND expires_ns <= ?", exchange.now_ns):
        finish(exchange, order, exchange.modes["day_end"])
    _end_aged_orders(exchange)
    record_equity(exchange)


def _play(exchange: Exchange, bar: Bar) -> None:
    """Fill one symbol's orders inside its bar, pessimistically: stops, then limits, then the stops of what just filled.

    A target armed by a fill inside this bar waits for the next one: the high may have come before the entry.
    """
    before = [order for order in exchange.book.open(bar.symbol) if order.is_working]
    known = {order.id for order in before}
    _try_each(exchange, bar, [order for order in before if _is_stop(order)])
    _try_each(exchange, bar, [order for order in before if not _is_stop(order)])
    after = exchange.book.open(bar.symbol)
    _try_each(exchange, bar, [order for order in after if order.id not in known and _is_stop(order)])


def _try_each(exchange: Exchange, bar: Bar, orders: list[Order]) -> None:
    for order in orders:
        current = exchange.book.must(order.id) if _is_due(order, bar.low, bar.high) else None
        if current and current.is_working:
            _try_inside(exchange, current, bar)


def _is_due(order: Order, low: Decimal, high: Decimal) -> bool:
    """Tell cheaply whether prices between low and high could fill an order; a trailing stop is always looked at."""
    if order.type == "trailing_stop":
        return True
    if _is_stop(order):
        return _reached(order, high if order.is_buy else low)
    return _limit_met(order, low if order.is_buy else high)


def _is_stop(order: Order) -> bool:
    return order.type in _STOPS and not order.triggered


def _try_inside(exchange: Exchange, order: Order, bar: Bar) -> None:
    if order.time_in_force == "cls":
        return
    extreme = bar.high if order.is_buy else bar.low
    if _is_stop(order):
        if _reached(order, extreme):
            _trigger(exchange, order, order.stop_price or extreme)
        elif order.type == "trailing_stop":
            _trail(exchange, order, bar)
        return
    best = bar.low if order.is_buy else bar.high
    if order.working_limit is not None and _limit_met(order, best):
        _fill_working(exchange, order, order.working_limit)


def _trail(exchange: Exchange, order: Order, bar: Bar) -> None:
    """Let a trailing stop follow the day's best price, and trigger on the way from there to the close."""
    order = exchange.book.save(with_high_water_mark(order, bar.low if order.is_buy else bar.high))
    if _reached(order, bar.close):
        _trigger(exchange, order, order.stop_price or bar.close)


def _end_aged_orders(exchange: Exchange) -> None:
    """Cancel GTC orders 90 days old; what a venue holds stays `pending_cancel` until it confirms (ALPACA 2.3)."""
    for order in exchange.book.open_when("time_in_force = 'gtc' AND expires_ns <= ?", exchange.now_ns):
        current = exchange.book.must(order.id)
        if not current.is_open or current.status == "pending_cancel":
            continue
        if cancel_waits(exchange, current):
            exchange.book.save(replace(current, status="pending_cancel", updated_ns=exchange.stamp()))
        else:
            cancel_group(exchange, current)
