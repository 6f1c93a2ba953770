"""What happened to our orders since the last look: the ledger follows the broker."""

from collections.abc import Iterator
from dataclasses import replace

from sentinel.domain.actions import Action, CancelEntry, FollowEntry, FollowExit, FollowStop, Plan
from sentinel.domain.book import EntryRecord, ExitRecord, StopRecord
from sentinel.domain.facts import Facts
from sentinel.domain.findings import Finding, Severity
from sentinel.domain.money import CENT, dollars, shares
from sentinel.domain.names import Purpose
from sentinel.domain.orders import Order, OrderClass, OrderStatus, Side
from sentinel.plan.hands import by_whom, told_of, told_of_sale, who_ended

NEW_TO_THE_LEDGER = "a live stop the ledger did not know"


def plan_fills(facts: Facts) -> Plan:
    """Entries, stops and exits whose state moved on; the rest of a part-filled entry is taken back."""
    # A part that was sold leaves its trade before the stop of the rest ends it.
    return Plan.of((*_entries(facts), *_exits(facts), *_stops(facts)))


def _entries(facts: Facts) -> Iterator[Action | Finding]:
    for record in facts.book.entries:
        order = facts.orders.get(record.order_id)
        if order is None and record.symbol in facts.unseen_symbols:
            continue
        if order is None:
            yield _vanished("entry", record)
        elif _moved(record, order):
            yield FollowEntry(order.symbol, order, record, because=_fate("entry", order))
        elif (record.qty, record.limit_price) != (order.qty, order.limit_price):
            because = f"the broker made it {shares(order.qty)} at {dollars(order.limit_price)} (ALPACA 10.7)"
            yield FollowEntry(order.symbol, order, record, because=because)
    for order in _forgotten_entries(facts):
        yield FollowEntry(order.symbol, order, None, because="an entry of ours the ledger did not know")
    for order in facts.orders.values():
        # Asking again ends it no sooner (ALPACA 4.4).
        is_leaving = order.status is OrderStatus.PENDING_CANCEL
        if (
            order.purpose is Purpose.ENTRY
            and order.is_live
            and order.order_class is OrderClass.SIMPLE
            and not is_leaving
        ):
            yield CancelEntry(order.symbol, order, because="it came to the broker without its stop (ALPACA 1.13)")
        elif order.purpose is Purpose.ENTRY and _is_part_filled(order):
            filled = f"{order.filled_qty} of {order.qty} shares filled"
            yield CancelEntry(
                order.symbol, order, because=f"{filled}; the stop of an entry sleeps until it is complete"
            )


def _stops(facts: Facts) -> Iterator[Action | Finding | None]:
    known = {record.order_id for record in facts.book.stops}
    for record in facts.book.stops:
        order = facts.orders.get(record.order_id)
        if order is None and record.symbol in facts.unseen_symbols:
            continue
        if order is None:
            yield _vanished("stop", record)
        elif _moved(record, order) or (record.stop_price, record.qty) != (order.stop_price, order.qty):
            ended_by = who_ended(order, facts)
            yield FollowStop(order.symbol, order, _fate("stop", order) + by_whom(ended_by), ended_by)
            yield told_of(record, order, facts)
            heir = facts.heir(order)
            if heir is not None and heir.id not in known and not heir.is_live:
                # Moved by hand and ended before anybody looked: it has a level, a hand, perhaps a fill.
                ended_by = who_ended(heir, facts)
                yield FollowStop(heir.symbol, heir, _fate("stop", heir) + by_whom(ended_by), ended_by)
                moved = replace(record, order_id=heir.id, qty=heir.qty, stop_price=heir.stop_price or record.stop_price)
                yield told_of(moved, heir, facts)
    for position in facts.positions.values():
        for order in facts.protecting_stops(position):
            if order.id not in known and facts.book.trade(order.symbol):
                yield FollowStop(order.symbol, order, because=NEW_TO_THE_LEDGER)


def _exits(facts: Facts) -> Iterator[Action | Finding | None]:
    known = {record.order_id for record in facts.book.exits}
    for record in facts.book.exits:
        order = facts.orders.get(record.order_id)
        if order is None and record.symbol in facts.unseen_symbols:
            continue
        if order is None:
            yield _vanished("exit", record)
        elif _moved(record, order):
            yield FollowExit(order.symbol, order, because=_fate_of_exit(order, facts))
            yield told_of_sale(order, facts)
    for order in facts.orders.values():
        # A status nobody knows does not reopen a sale the ledger has seen end.
        is_news = order.status is not OrderStatus.UNKNOWN or order.id not in facts.book.known_orders
        if order.id not in known and order.is_live and order.purpose is Purpose.EXIT and is_news:
            yield FollowExit(order.symbol, order, because="an exit of ours the ledger did not know")
    for order in facts.orders.values():
        if _closed_unseen(order, facts):
            unknown = "an order of ours the ledger did not know"
            if order.purpose is Purpose.EXIT:
                yield FollowExit(order.symbol, order, because=_fate_of_exit(order, facts, unknown))
            else:
                yield FollowStop(order.symbol, order, because=_fate(unknown, order))


def _closed_unseen(order: Order, facts: Facts) -> bool:
    """An order of ours that filled against an open trade before the ledger had heard of it."""
    trade = facts.book.trade(order.symbol)
    is_ours = order.purpose in (Purpose.STOP, Purpose.RAISE, Purpose.EXIT) and order.id not in facts.book.known_orders
    is_filled = order.status is OrderStatus.FILLED and order.filled_at is not None
    return is_ours and is_filled and trade is not None and (order.filled_at or trade.opened_at) >= trade.opened_at


def _moved(record: EntryRecord | StopRecord | ExitRecord, order: Order) -> bool:
    before = (record.status, record.filled_qty, record.filled_avg_price)
    return before != (order.status, order.filled_qty, order.filled_avg_price)


def _forgotten_entries(facts: Facts) -> Iterator[Order]:
    """Entries by their names that a lost ledger should know: the live ones, and of each position the latest filled."""
    ours = (o for o in facts.orders.values() if o.purpose is Purpose.ENTRY and o.id not in facts.book.known_orders)
    latest: dict[str, Order] = {}
    for order in sorted(ours, key=lambda order: order.filled_at or facts.session.now):
        if order.is_live:
            yield order
        elif order.filled_qty > 0:
            latest[order.symbol] = order
    yield from (order for order in latest.values() if _opened_what_is_held(order, facts))


def _opened_what_is_held(entry: Order, facts: Facts) -> bool:
    """Whether the position is just what this entry bought; another one's price would set the wrong stop."""
    position = facts.positions.get(entry.symbol)
    if position is None or facts.book.trade(entry.symbol) or entry.filled_avg_price is None:
        return False
    is_same_size = position.shares == entry.filled_qty and position.side is entry.side
    return is_same_size and abs(position.avg_entry_price - entry.filled_avg_price) < CENT


def _is_part_filled(order: Order) -> bool:
    return order.is_live and order.filled_qty > 0 and order.status is not OrderStatus.PENDING_CANCEL


def _fate(what: str, order: Order) -> str:
    if order.status is OrderStatus.FILLED:
        return f"{what} filled: {shares(order.filled_qty)} at {dollars(order.filled_avg_price)}"
    if order.filled_qty:
        return f"{what} is {order.status}: {order.filled_qty} of {order.qty} filled"
    return f"{what} is {order.status}"


def _fate_of_exit(order: Order, facts: Facts, what: str = "exit") -> str:
    """A sale that left shares behind was one of a part."""
    position, trade = facts.positions.get(order.symbol), facts.book.trade(order.symbol)
    price = order.filled_avg_price
    if position is None or trade is None or price is None or order.is_live or position.side is order.side:
        return _fate(what, order)
    multiple = trade.r_multiple(price)
    gain = f" ({multiple:+.1f} R)" if multiple is not None else ""
    sold = "sold" if position.side is Side.BUY else "bought back"
    return f"{sold} in part: {shares(order.filled_qty)} at {dollars(price)}{gain}, {shares(position.shares)} stay"


def _vanished(what: str, record: EntryRecord | StopRecord | ExitRecord) -> Finding:
    return Finding(
        "order_vanished",
        Severity.ALARM,
        record.symbol,
        f"the broker no longer knows {what} {record.order_id} of {record.symbol}",
        "look at the order list of your broker account; the next run asks again",
    )
