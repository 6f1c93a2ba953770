"""What happened to our orders since the last look: the ledger follows the broker."""

from collections.abc import Iterator

from sentinel.domain.actions import Action, CancelEntry, FollowEntry, FollowExit, FollowStop, Plan
from sentinel.domain.book import EntryRecord, ExitRecord, StopRecord
from sentinel.domain.facts import Facts
from sentinel.domain.findings import Finding, Severity
from sentinel.domain.money import dollars, shares
from sentinel.domain.names import Purpose
from sentinel.domain.orders import Order, OrderStatus


def plan_fills(facts: Facts) -> Plan:
    """Entries, stops and exits whose state moved on; the rest of a part-filled entry is taken back."""
    return Plan.of((*_entries(facts), *_stops(facts), *_exits(facts)))


def _entries(facts: Facts) -> Iterator[Action | Finding]:
    for record in facts.book.entries:
        order = facts.orders.get(record.order_id)
        if order is None:
            yield _vanished("entry", record)
        elif _moved(record, order):
            yield FollowEntry(order.symbol, order, record, because=_fate("entry", order))
    known = {record.order_id for record in facts.book.entries}
    for order in facts.orders.values():
        if order.id not in known and _is_forgotten_entry(order, facts):
            yield FollowEntry(order.symbol, order, None, because="an entry of ours the ledger did not know")
    for order in facts.orders.values():
        if order.purpose is Purpose.ENTRY and _is_part_filled(order):
            filled = f"{order.filled_qty} of {order.qty} shares filled"
            yield CancelEntry(
                order.symbol, order, because=f"{filled}; the stop of an entry sleeps until it is complete"
            )


def _stops(facts: Facts) -> Iterator[Action | Finding]:
    known = {record.order_id for record in facts.book.stops}
    for record in facts.book.stops:
        order = facts.orders.get(record.order_id)
        if order is None:
            yield _vanished("stop", record)
        elif _moved(record, order) or (record.stop_price, record.qty) != (order.stop_price, order.qty):
            yield FollowStop(order.symbol, order, because=_fate("stop", order))
    for position in facts.positions.values():
        for order in facts.protecting_stops(position):
            if order.id not in known and facts.book.trade(order.symbol):
                yield FollowStop(order.symbol, order, because="a live stop the ledger did not know")


def _exits(facts: Facts) -> Iterator[Action | Finding]:
    known = {record.order_id for record in facts.book.exits}
    for record in facts.book.exits:
        order = facts.orders.get(record.order_id)
        if order is None:
            yield _vanished("exit", record)
        elif _moved(record, order):
            yield FollowExit(order.symbol, order, because=_fate("exit", order))
    for order in facts.orders.values():
        if order.id not in known and order.is_live and order.purpose is Purpose.EXIT:
            yield FollowExit(order.symbol, order, because="an exit of ours the ledger did not know")


def _moved(record: EntryRecord | StopRecord | ExitRecord, order: Order) -> bool:
    before = (record.status, record.filled_qty, record.filled_avg_price)
    return before != (order.status, order.filled_qty, order.filled_avg_price)


def _is_forgotten_entry(order: Order, facts: Facts) -> bool:
    """An entry by its name that matters today: it is live, or it is what opened a position without a trade."""
    if order.purpose is not Purpose.ENTRY:
        return False
    opened = order.filled_qty > 0 and order.symbol in facts.positions and facts.book.trade(order.symbol) is None
    return order.is_live or opened


def _is_part_filled(order: Order) -> bool:
    return order.is_live and order.filled_qty > 0 and order.status is not OrderStatus.PENDING_CANCEL


def _fate(what: str, order: Order) -> str:
    if order.status is OrderStatus.FILLED:
        return f"{what} filled: {shares(order.filled_qty)} at {dollars(order.filled_avg_price)}"
    if order.filled_qty:
        return f"{what} is {order.status}: {order.filled_qty} of {order.qty} filled"
    return f"{what} is {order.status}"


def _vanished(what: str, record: EntryRecord | StopRecord | ExitRecord) -> Finding:
    return Finding(
        "order_vanished",
        Severity.ALARM,
        record.symbol,
        f"the broker no longer knows {what} {record.order_id} of {record.symbol}",
        "look at the order list of your broker account; the next run asks again",
    )
