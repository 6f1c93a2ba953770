"""New entries are sized and refused by the policy; old ones are taken back."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from sentinel.domain.actions import SubmitEntry
from sentinel.domain.book import Book
from sentinel.domain.errors import GuardRefusal, SentinelError, UsageError
from sentinel.domain.facts import EntryRequest
from sentinel.domain.orders import Side
from sentinel.domain.positions import Asset
from sentinel.plan.entries import plan_entry, plan_stale_entries
from tests.builders import EVENING, account, bar, entry, entry_row, facts, position

APPLE = Asset("asset-AAPL", "AAPL", "Apple", tradable=True, shortable=True, fractionable=True)
PLAIN = EntryRequest("AAPL", Side.BUY, Decimal("150.00"), None, Decimal(8), APPLE)


def ask(*held, request=PLAIN, **changes):
    return facts(*held, request=request, bars={"AAPL": bar("AAPL", "150.00")}, **changes)


@pytest.mark.parametrize(
    ("equity", "cash", "price", "qty"),
    [
        ("100000", "100000", "150.00", 5),  # $750 a position
        ("100000", "100000", "150.01", 4),
        ("5000", "5000", "100.00", 5),  # 10 % of equity
        ("100000", "12900", "100.00", 4),  # cash beyond the reserve of 12.5 %
    ],
)
def test_a_quantity_left_out_is_sized_by_the_policy(equity, cash, price, qty):
    request = replace(PLAIN, limit_price=Decimal(price))
    (action,) = plan_entry(ask(request=request, account=account(equity, cash))).actions
    assert isinstance(action, SubmitEntry)
    assert action.qty == qty


def test_waiting_entries_take_their_part_of_the_room():
    waiting = entry("MSFT 870 @ 100.00")
    book = Book(entries=(entry_row(waiting),))
    (action,) = plan_entry(ask(request=replace(PLAIN, limit_price=Decimal("100.00")), book=book)).actions
    assert action.qty == 5  # $500 of the $87,500 that may be invested are left


@pytest.mark.parametrize(("side", "stop"), [(Side.BUY, "138.00"), (Side.SELL, "162.00")])
def test_the_stop_lies_on_the_losing_side(side, stop):
    (action,) = plan_entry(ask(request=replace(PLAIN, side=side))).actions
    assert action.stop_price == Decimal(stop)


BROKE = account("1000", "50")
BAD = [
    ("price of zero", {"limit_price": Decimal(0)}, {}, UsageError),
    ("negative price", {"limit_price": Decimal(-1)}, {}, UsageError),
    ("part of a cent", {"limit_price": Decimal("150.001")}, {}, UsageError),
    ("no shares", {"qty": Decimal(0)}, {}, UsageError),
    ("a fraction", {"qty": Decimal("1.5")}, {}, UsageError),
    ("stop above the entry", {"stop_loss_pct": Decimal(-8)}, {}, UsageError),
    ("stop as a fraction", {"stop_loss_pct": Decimal("0.08")}, {}, UsageError),
    ("unknown symbol", {"asset": None}, {}, UsageError),
    ("not tradable", {"asset": replace(APPLE, tradable=False)}, {}, GuardRefusal),
    ("not shortable", {"asset": replace(APPLE, shortable=False), "side": Side.SELL}, {}, GuardRefusal),
    ("too much for one stock", {"qty": Decimal(67)}, {}, GuardRefusal),
    ("no room at all", {}, {"account": BROKE}, GuardRefusal),
    ("halted", {}, {"book": Book(halt_reason="holiday")}, GuardRefusal),
    ("blocked account", {}, {"account": account(trading_blocked=True)}, GuardRefusal),
    ("drawdown", {}, {"book": Book(equity_curve=((EVENING.date(), Decimal(130_000)),))}, GuardRefusal),
    ("another entry waits", {}, {"orders": (entry("AAPL 5 @ 140.00"),)}, GuardRefusal),
    ("market under the stop", {"limit_price": Decimal("200.00")}, {}, GuardRefusal),
]


@pytest.mark.parametrize(("request_changes", "changes", "error"), [case[1:] for case in BAD], ids=[c[0] for c in BAD])
def test_what_is_refused_says_what_to_do(request_changes, changes, error):
    with pytest.raises(error) as caught:
        plan_entry(ask(request=replace(PLAIN, **request_changes), **changes))
    assert isinstance(caught.value, SentinelError)
    assert caught.value.remedy


def test_a_symbol_already_held_is_refused():
    with pytest.raises(GuardRefusal, match="already held"):
        plan_entry(ask(position("AAPL 7 @ 100.00")))


def test_asking_twice_for_the_same_entry_sends_once():
    plan = plan_entry(ask(orders=(entry("AAPL 5 @ 150.00"),)))
    assert plan.actions == ()
    assert [finding.code for finding in plan.findings] == ["already_submitted"]


def test_a_low_sharpe_ratio_pauses_entries_once_there_are_enough_evenings():
    days = [EVENING.date() - timedelta(days=n) for n in range(80, 0, -1)]
    curve = tuple((day, Decimal(100_000) + (-1) ** n * 50) for n, day in enumerate(days))
    with pytest.raises(GuardRefusal, match="Sharpe"):
        plan_entry(ask(book=Book(equity_curve=curve)))
    assert plan_entry(ask(book=Book(equity_curve=curve[:40]))).actions


@pytest.mark.parametrize(("age_days", "filled", "is_stale"), [(4, 0, False), (5, 0, True), (9, 3, False)])
def test_old_entries_without_a_fill_are_taken_back(age_days, filled, is_stale):
    order = entry("AAPL 5 @ 140.00", created_at=EVENING - timedelta(days=age_days), filled_qty=Decimal(filled))
    assert len(plan_stale_entries(facts(orders=(order,))).actions) == int(is_stale)
