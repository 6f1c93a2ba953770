"""The life of a trade from its rows: every order begins, ends and is measured against its own price."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from sentinel.domain.book import EndedBy, EntryRecord, ExitReason, ExitRecord, StopRecord
from sentinel.domain.orders import OrderStatus
from sentinel.report.trade_life import Life, lives_of
from tests.builders import EVENING, trade
from tests.ledger.records import entry, sale, stop

NEW, FILLED, CANCELED, REPLACED = (
    OrderStatus.NEW,
    OrderStatus.FILLED,
    OrderStatus.CANCELED,
    OrderStatus.REPLACED,
)
DAY = timedelta(days=1)


def life(*records: EntryRecord | StopRecord | ExitRecord, cancelled: Any = None, **changes: Any) -> Life:
    """The life of one long trade of seven shares at 100, first stop 92."""
    own = [replace(record, trade_id=1) for record in records]
    (told,) = lives_of(
        [trade("AAPL 7 @ 100.00", **changes)],
        [record for record in own if isinstance(record, EntryRecord)],
        [record for record in own if isinstance(record, StopRecord)],
        [record for record in own if isinstance(record, ExitRecord)],
        cancelled or {},
    )
    return told


def filled(record: Any, price: str, qty: int = 7) -> Any:
    return replace(record, filled_qty=Decimal(qty), filled_avg_price=Decimal(price), filled_at=EVENING + DAY)


#  the order                                           filled at   better by   in percent of its price
SLIPPAGES = [
    (stop("AAPL 7 @ 92.00", FILLED), "91.54", "-0.46", "-0.50"),
    (stop("AAPL 7 @ 92.00", FILLED), "92.00", "0.00", "0.00"),
    (stop("AAPL -7 @ 108.00", FILLED), "109.08", "-1.08", "-1.00"),  # a short is bought back dearer
    (entry("AAPL 7 @ 100.00", FILLED), "99.00", "1.00", "1.00"),
    (entry("AAPL -7 @ 100.00", FILLED), "101.00", "1.00", "1.00"),
    (sale("AAPL 7 @ 100.00", FILLED), "101.00", None, None),  # a market order names no price
]


@pytest.mark.parametrize(("order", "price", "better_by", "better_by_pct"), SLIPPAGES)
def test_a_fill_against_its_price(order: Any, price: str, better_by: str | None, better_by_pct: str | None) -> None:
    told = life(filled(order, price)).events[-1]
    assert (told.what, told.price) == ("filled", Decimal(price))
    assert told.better_by == (None if better_by is None else Decimal(better_by))
    assert told.better_by_pct == (None if better_by_pct is None else Decimal(better_by_pct))


def test_a_chain_of_raises() -> None:
    first = stop("AAPL 7 @ 92.00", REPLACED)
    second = stop("AAPL 7 @ 102.00", REPLACED, replaces=first.order_id, submitted_at=EVENING + DAY, reason="+8 %")
    third = stop("AAPL 7 @ 108.00", replaces=second.order_id, submitted_at=EVENING + 2 * DAY)
    told = life(third, first, second)
    assert [(event.what, event.old_price, event.price) for event in told.events] == [
        ("placed", None, Decimal("92.00")),
        ("raised", Decimal("92.00"), Decimal("102.00")),
        ("raised", Decimal("102.00"), Decimal("108.00")),
    ]
    assert (told.events[1].replaces, told.events[1].because) == (first.order_id, "+8 %")
    assert (told.stop_price, told.r_multiple, told.gain_usd) == (Decimal("108.00"), Decimal(1), Decimal(56))


def test_a_successor_nobody_met_is_a_gap_that_is_named() -> None:
    assert [event.what for event in life(stop("AAPL 7 @ 92.00", REPLACED)).events] == ["placed", "replaced"]
    moved = life(stop("AAPL 7 @ 46.00", replaces="before-the-split")).events[0]
    assert (moved.what, moved.old_price) == ("moved", None)


def test_whose_hand_it_was() -> None:
    lowered = stop("AAPL 7 @ 92.00", REPLACED, ended_by=EndedBy.TRADER)
    heir = stop("AAPL 7 @ 85.00", CANCELED, replaces=lowered.order_id, ended_by=EndedBy.BROKER)
    lost = stop("AAPL 7 @ 93.00", REPLACED, ended_by=EndedBy.TRADER)
    told = life(lowered, heir, lost).events
    assert [(event.what, event.by) for event in told] == [
        ("placed", None),
        ("moved", EndedBy.TRADER),
        ("cancelled", EndedBy.BROKER),
        ("placed", None),
        ("replaced", EndedBy.TRADER),
    ]


def test_the_earliest_end_of_the_stops_that_rest_is_told() -> None:
    early, late = (
        stop(f"AAPL 3 @ {price}.00", expires_at=EVENING + days * DAY) for price, days in ((92, 10), (93, 20))
    )
    ended = stop("AAPL 7 @ 91.00", CANCELED, expires_at=EVENING)
    assert life(late, early, ended).stop_expires_at == EVENING + 10 * DAY
    assert life(ended).stop_expires_at is None


def test_cancels_of_ours_have_a_time_and_others_follow_their_order() -> None:
    ours, others = stop("AAPL 7 @ 92.00", CANCELED), stop("AAPL 7 @ 93.00", CANCELED)
    late = stop("AAPL 7 @ 94.00", submitted_at=EVENING + DAY)
    told = life(ours, others, late, cancelled={ours.order_id: EVENING + 2 * DAY}).events
    assert [(event.what, str(event.price), event.at) for event in told] == [
        ("placed", "92.00", EVENING),
        ("placed", "93.00", EVENING),
        ("cancelled", "93.00", None),
        ("placed", "94.00", EVENING + DAY),
        ("cancelled", "92.00", EVENING + 2 * DAY),
    ]


def test_a_part_filled_entry_whose_rest_was_taken_back() -> None:
    told = life(filled(entry("AAPL 7 @ 100.00", CANCELED), "100", 3)).events
    assert [f"{event.what} {event.qty}" for event in told] == ["sent 7", "partly filled 3", "cancelled 4"]


def test_a_closed_trade_made_what_it_was_closed_at() -> None:
    ended = {"closed_at": EVENING, "exit_reason": ExitReason.STOP_FILLED}
    told = life(stop("AAPL 7 @ 92.00", FILLED), exit_price=Decimal(88), **ended)
    assert (told.r_multiple, told.gain_usd) == (Decimal("-1.5"), Decimal(-84))
    unseen = life(exit_price=None, **ended)
    assert (unseen.r_multiple, unseen.gain_usd, unseen.events) == (None, None, ())


def test_an_open_trade_without_a_stop_promises_nothing() -> None:
    told = life(stop("AAPL 7 @ 92.00", CANCELED))
    assert (told.stop_price, told.r_multiple, told.gain_usd) == (None, None, None)


def test_what_was_sold_on_the_way_counts() -> None:
    part = filled(sale("AAPL 3 @ 1", FILLED), "120", 3)
    end = replace(sale("AAPL 4 @ 1", FILLED), client_order_id="end", order_id="end")
    held = life(part, stop("AAPL 4 @ 108.00"), qty=Decimal(4))
    assert (held.gain_usd, str(held.r_multiple)[:6]) == (Decimal(92), "1.6428")
    ended = {"closed_at": EVENING, "exit_reason": ExitReason.PROFIT, "exit_order_id": "end"}
    over = life(part, filled(end, "125", 4), qty=Decimal(4), exit_price=Decimal(125), **ended)
    assert (over.gain_usd, str(over.r_multiple)[:6]) == (Decimal(160), "2.8571")
    whole = life(filled(end, "125", 7), exit_price=Decimal(125), **ended)
    assert whole.gain_usd == Decimal(175)


def test_of_several_stops_the_furthest_counts() -> None:
    told = life(stop("AAPL 5 @ 102.00"), stop("AAPL 2 @ 96.00"))
    assert told.stop_price == Decimal("96.00")


def test_orders_that_opened_nothing_come_last() -> None:
    waiting, leg = entry("AAPL 7 @ 90.00"), stop("AAPL 7 @ 82.80", is_leg=True)
    done = stop("AAPL 7 @ 92.00", FILLED, trade_id=1)
    first, last = lives_of([trade("AAPL 7 @ 100.00")], [waiting], [done, leg], [], {})
    assert [event.order_id for event in first.events] == [done.order_id]
    assert last.trade is None
    assert [event.order_id for event in last.events] == [waiting.order_id, leg.order_id]
    assert lives_of([], [], [], [], {}) == ()
