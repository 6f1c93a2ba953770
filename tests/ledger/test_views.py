"""The questions of the evening, answered in plain SQL."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from sentinel.domain.book import ExitReason
from sentinel.domain.orders import PROTECTING, OrderStatus, Side
from sentinel.ledger import Ledger
from tests.builders import EVENING, TODAY
from tests.ledger.records import entry, open_trade, sale, stop


def only(ledger: Ledger, view: str) -> Mapping[str, Any]:
    (row,) = ledger.view(view)
    return row


#  the trade                the stops at the broker                        stop    $ locked in  %     protected
HELD = [
    ("AAPL 7 @ 100.00", [], None, None, None, 0),
    ("AAPL 7 @ 100.00", ["AAPL 7 @ 92.00"], 92.0, -56.0, -8.0, 1),
    ("AAPL 7 @ 100.00", ["AAPL 7 @ 102.00"], 102.0, 14.0, 2.0, 1),
    ("AAPL 7 @ 100.00", ["AAPL 5 @ 102.00"], 102.0, 10.0, 2.0, 0),
    ("AAPL 7 @ 100.00", ["AAPL 5 @ 102.00", "AAPL 2 @ 99.00"], 99.0, 8.0, 1.14, 1),
    ("AAPL 7 @ 100.00", ["AAPL 14 @ 102.00"], 102.0, 14.0, 2.0, 1),
    ("AAPL 0.5 @ 100.00", [], None, None, None, 0),
    ("AAPL -7 @ 100.00", ["AAPL -7 @ 108.00"], 108.0, -56.0, -8.0, 1),
    ("AAPL -7 @ 100.00", ["AAPL -5 @ 98.00", "AAPL -2 @ 101.00"], 101.0, 8.0, 1.14, 1),
    ("AAPL -7 @ 100.00", ["AAPL 7 @ 92.00"], None, None, None, 0),  # a sell protects no short
    ("AAPL 7 @ 100.00", ["MSFT 7 @ 92.00"], None, None, None, 0),
]


@pytest.mark.parametrize(("trade", "stops", "stop_price", "locked_in_usd", "locked_in_pct", "is_protected"), HELD)
def test_what_is_held_and_locked_in(
    ledger: Ledger, trade, stops, stop_price, locked_in_usd, locked_in_pct, is_protected
) -> None:
    open_trade(ledger, trade)
    for line in stops:
        ledger.write_stop(stop(line))
    row = only(ledger, "v_active_positions")
    told = row["stop_price"], row["locked_in_usd"], row["locked_in_pct"], row["is_protected"]
    assert told == (stop_price, locked_in_usd, locked_in_pct, is_protected)
    assert (row["direction"], row["entry_price"]) == ("short" if "-" in trade else "long", 100.0)
    assert (row["opened_on"], row["risk_per_share_usd"]) == ("2025-04-07", 8.0)


@pytest.mark.parametrize("status", [status for status in OrderStatus if status is not OrderStatus.HELD])
def test_the_view_agrees_with_the_domain_on_what_protects(ledger: Ledger, status: OrderStatus) -> None:
    open_trade(ledger, "AAPL 7 @ 100.00")
    ledger.write_stop(stop("AAPL 7 @ 92.00", status))
    assert only(ledger, "v_active_positions")["is_protected"] == (status in PROTECTING)


#  the entry of the sleeping leg     is the leg tied to the trade       protected
SLEEPING = [
    (OrderStatus.PARTIALLY_FILLED, True, 0),
    (OrderStatus.FILLED, True, 1),
    (OrderStatus.FILLED, False, 0),
    (None, True, 1),  # the leg of a bracket made by hand
]


@pytest.mark.parametrize(("entry_status", "is_tied", "is_protected"), SLEEPING)
def test_a_sleeping_leg_protects_once_its_entry_is_whole(
    ledger: Ledger, entry_status: OrderStatus | None, is_tied: bool, is_protected: int
) -> None:
    trade_id = open_trade(ledger, "AAPL 7 @ 100.00")
    leg = stop("AAPL 7 @ 92.00", OrderStatus.HELD, is_leg=True, trade_id=trade_id if is_tied else None)
    ledger.write_stop(leg)
    if entry_status:
        entered = entry("AAPL 7 @ 100.00", entry_status)
        ledger.write_entry(entered)
        ledger.pair(entered.client_order_id, leg.order_id)
    assert only(ledger, "v_active_positions")["is_protected"] == is_protected


def test_a_part_filled_stop_protects_what_is_left_of_it(ledger: Ledger) -> None:
    open_trade(ledger, "AAPL 7 @ 100.00")
    ledger.write_stop(stop("AAPL 7 @ 92.00", OrderStatus.PARTIALLY_FILLED, filled_qty=Decimal(3)))
    row = only(ledger, "v_active_positions")
    assert (row["protected_shares"], row["is_protected"]) == (4.0, 0)


def test_a_closed_trade_is_not_held(ledger: Ledger) -> None:
    open_trade(ledger, "AAPL 7 @ 100.00", "92.00")
    (trade,) = ledger.open_trades()
    sold = replace(trade, closed_at=EVENING, exit_reason=ExitReason.PROFIT, exit_price=Decimal("116.00"))
    ledger.write_trade(sold)
    assert ledger.view("v_active_positions") == ()
    row = only(ledger, "v_closed_trades")
    assert (row["gain_usd"], row["gain_pct"], row["r_multiple"], row["days_held"]) == (112.0, 16.0, 2.0, 0)
    ledger.write_trade(replace(sold, exit_price=None, exit_reason=ExitReason.UNKNOWN))
    assert only(ledger, "v_closed_trades")["gain_usd"] is None
    ledger.write_trade(replace(sold, side=Side.SELL, first_stop_price=Decimal("108.00")))
    short = only(ledger, "v_closed_trades")
    assert (short["gain_usd"], short["r_multiple"]) == (-112.0, -2.0)


def test_what_was_sold_on_the_way_counts_in_how_a_trade_ended(ledger: Ledger) -> None:
    open_trade(ledger, "AAPL 4 @ 100.00", "92.00")
    (trade,) = ledger.open_trades()
    part = sale("AAPL 3 @ 1", OrderStatus.FILLED, trade_id=trade.id, filled_qty=Decimal(3))
    ledger.write_exit(replace(part, filled_avg_price=Decimal(120), filled_at=EVENING))
    last = replace(part, client_order_id="last", order_id="last", qty=Decimal(4), filled_qty=Decimal(4))
    ledger.write_exit(replace(last, filled_avg_price=Decimal(125), filled_at=EVENING))
    ended = replace(trade, closed_at=EVENING, exit_reason=ExitReason.PROFIT, exit_price=Decimal(125))
    ledger.write_trade(replace(ended, exit_order_id="last"))
    row = only(ledger, "v_closed_trades")
    assert (row["shares"], row["gain_usd"], row["gain_pct"], row["r_multiple"]) == (7.0, 160.0, 22.86, 2.86)
    ledger.write_trade(replace(ended, exit_price=None, exit_order_id=None))
    assert only(ledger, "v_closed_trades")["gain_usd"] is None


def test_which_entries_wait_and_with_what_risk(ledger: Ledger) -> None:
    waiting = entry("AAPL 7 @ 100.00", OrderStatus.PARTIALLY_FILLED, filled_qty=Decimal(2))
    ledger.write_entry(waiting)
    ledger.write_entry(entry("MSFT 7 @ 100.00", OrderStatus.CANCELED))
    ledger.write_stop(stop("AAPL 7 @ 92.00", OrderStatus.HELD))
    ledger.pair(waiting.client_order_id, "stop-AAPL-92.00")
    row = only(ledger, "v_pending_entries")
    assert (row["symbol"], row["shares"], row["filled_shares"], row["stop_order_id"]) == (
        "AAPL", 5.0, 2.0, "stop-AAPL-92.00",
    )  # fmt: skip
    assert (row["cost_usd"], row["risk_usd"], row["risk_pct"], row["submitted_on"]) == (500.0, 40.0, 8.0, str(TODAY))


def test_the_risk_of_a_short_is_above_it(ledger: Ledger) -> None:
    ledger.write_entry(entry("AAPL -7 @ 100.00"))
    row = only(ledger, "v_pending_entries")
    assert (row["direction"], row["stop_price"], row["risk_usd"]) == ("short", 108.0, 56.0)


#  what there is beside a resting sell stop in AAPL             is it an orphan
BESIDE = [
    (None, True),
    ("trade AAPL 7 @ 100.00", False),
    ("trade AAPL -7 @ 100.00", True),
    ("trade MSFT 7 @ 100.00", True),
    ("entry AAPL 7 @ 100.00", False),
    ("entry AAPL -7 @ 100.00", True),
    ("gone AAPL 7 @ 100.00", True),
]


@pytest.mark.parametrize(("beside", "is_orphan"), BESIDE)
def test_which_stops_protect_nothing(ledger: Ledger, beside: str | None, is_orphan: bool) -> None:
    ledger.write_stop(stop("AAPL 7 @ 92.00"))
    ledger.write_stop(stop("AAPL 7 @ 91.00", OrderStatus.REPLACED))
    kind, _, line = (beside or "").partition(" ")
    if kind == "trade":
        open_trade(ledger, line)
    elif kind:
        ledger.write_entry(entry(line, OrderStatus.NEW if kind == "entry" else OrderStatus.EXPIRED))
    orphans = [row["order_id"] for row in ledger.view("v_orphaned_stops")]
    assert orphans == (["stop-AAPL-92.00"] if is_orphan else [])


def test_only_views_are_views(ledger: Ledger) -> None:
    with pytest.raises(ValueError, match="v_active_positions"):
        ledger.view("trades; DROP TABLE trades")
