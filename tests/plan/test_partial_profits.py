"""Part of a position, once a trade, on a calm day, and only where the other shares stay covered."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from sentinel.domain.actions import Cut, OfferExit, Owe, SellPart
from sentinel.domain.bars import Bar
from sentinel.domain.book import ApprovalState, Book, OwedKind, SaleKind
from sentinel.domain.names import Purpose
from sentinel.domain.orders import OrderClass, OrderStatus, Side
from sentinel.plan.guards import refusal, suddenly_empty
from sentinel.plan.partial_profits import part_qty
from sentinel.plan.profit_taking import plan_profit_taking
from sentinel.risk_config import RiskPolicy
from tests.builders import (
    EVENING,
    TODAY,
    approval,
    facts,
    fill,
    named,
    owed,
    position,
    sale,
    session,
    stop,
    trade,
)

ON = RiskPolicy(partial_profits=True)
STOP = stop("AAPL 7 @ 108.00")
LEG = replace(STOP, order_class=OrderClass.OTO, parent_id="entry-AAPL")
YES = approval("AAPL 3 @ 117.00", ApprovalState.APPROVED, kind=SaleKind.PARTIAL)


def today(range_pct: str) -> dict[str, Bar]:
    close, high = Decimal(100), 100 + Decimal(range_pct)
    return {"AAPL": Bar("AAPL", TODAY, close, high, close, close, 1_000)}


def at(last, *approvals, orders=(STOP,), held="AAPL 7 @ 100.00", **changes):
    book = Book(
        trades=(trade(held, **changes.pop("trade", {})),),
        approvals=approvals,
        owed=changes.pop("owed", ()),
        settled_partials=changes.pop("settled", frozenset()),
        known_orders=changes.pop("known", frozenset()),
        halt_reason=changes.pop("halt", None),
    )
    calm: dict[str, Any] = {"bars": today("3.0"), "usual_range_pct": {"AAPL": Decimal(1)}, "policy": ON}
    return facts(position(held, last=last, available="0"), orders=orders, book=book, **(calm | changes))


def told(now):
    plan = plan_profit_taking(now)
    offers = [(action.kind, action.qty) for action in plan.actions if isinstance(action, OfferExit)]
    return offers, [finding.code for finding in plan.findings]


@pytest.mark.parametrize(
    ("whole", "pct", "part"),
    [(0, 50, 0), (1, 50, 0), (2, 50, 1), (3, 50, 1), (7, 50, 3), (8, 50, 4), (7, 1, 1), (3, 99, 2), (100, 33, 33)],
)
def test_a_part_is_whole_shares_one_at_least_sold_and_one_kept(whole, pct, part):
    assert part_qty(whole, replace(ON, partial_profit_pct=Decimal(pct))) == part


HALF = ("partial", 3)
ALL = ("profit", 7)


@pytest.mark.parametrize(
    ("last", "changes", "offers", "findings"),
    [
        ("115.99", {}, [], []),  # not 2 R yet, and not at target
        ("116.00", {}, [HALF], []),  # both: the part is asked first
        ("112.00", {"policy": replace(ON, partial_profit_at_r=Decimal("1.5"))}, [HALF], []),  # long before the target
        ("116.00", {"policy": RiskPolicy()}, [ALL], []),  # off
        ("116.00", {"settled": frozenset({"AAPL"})}, [ALL], []),  # once a trade: the rest follows the target
        ("112.00", {"policy": replace(ON, profit_target_pct=Decimal(30)), "settled": frozenset({"AAPL"})}, [], []),
        ("116.00", {"held": "AAPL 1 @ 100.00", "orders": (stop("AAPL 1 @ 92.00"),)}, [("profit", 1)], []),
        ("116.00", {"bars": today("3.1")}, [ALL], ["breaker"]),  # a wild day asks no part; the target does
        ("116.00", {"usual_range_pct": {}}, [ALL], ["range_unknown"]),
        ("116.00", {"bars": {}}, [ALL], ["range_unknown"]),
        ("116.00", {"bars": {"AAPL": replace(today("1")["AAPL"], day=TODAY.replace(day=4))}}, [ALL], ["range_unknown"]),
        ("116.00", {"orders": (LEG,)}, [ALL], ["part_locked"]),  # could never be freed on this account
        ("116.00", {"orders": (LEG,), "cancels_at_once": True}, [HALF], []),
        ("116.00", {"orders": ()}, [ALL], ["part_locked"]),  # no stop, no part: first it must be protected
        ("116.00", {"orders": (STOP, sale("AAPL 7 @ 1"))}, [], []),  # already leaving
        ("116.00", {"halt": "holiday"}, [], []),
        ("116.00", {"lapse": "over"}, [HALF], []),  # offered, and not sold
        ("116.00", {"trade": {"is_ignored": True}}, [], []),
        ("84.00", {"held": "AAPL -7 @ 100.00", "orders": (stop("AAPL -7 @ 92.00"),)}, [HALF], []),  # a short
    ],
)
def test_what_is_offered(last, changes, offers, findings):
    assert told(at(last, **changes)) == (offers, findings)


@pytest.mark.parametrize(
    ("state", "session_day", "offers"),
    [
        (ApprovalState.WAITING, TODAY, []),
        (ApprovalState.REJECTED, TODAY, []),
        (ApprovalState.EXPIRED, TODAY, [HALF]),
        (ApprovalState.EXPIRED, TODAY.replace(day=1), [HALF]),  # nobody answered
    ],
)
def test_nobody_is_asked_twice_an_evening(state, session_day, offers):
    asked = replace(YES, state=state, session=session_day)
    assert told(at("117.00", asked))[0] == offers


@pytest.mark.parametrize(
    ("changes", "offers"),
    [
        ({"known": frozenset({"exit-AAPL"})}, [HALF]),  # the sale of an earlier trade, which the ledger knows
        ({}, [ALL]),  # a sale nobody remembers: the ledger was lost or put back
        ({"trade": {"is_adopted": True}}, [ALL]),
        ({"trade": {"opened_at": EVENING}}, [HALF]),  # it filled before this trade was opened
    ],
)
def test_with_a_lost_ledger_the_broker_remembers_the_sale(changes, offers):
    sold = replace(sale("AAPL 3 @ 1", OrderStatus.FILLED), filled_qty=Decimal(3), filled_at=EVENING.replace(hour=15))
    now = at("117.00", orders=(STOP, sold), **changes)
    assert told(now)[0] == offers
    yes = at("117.00", YES, orders=(STOP, sold), session=session(is_open=True), **changes)
    is_sold = any(isinstance(action, SellPart) for action in plan_profit_taking(yes).actions)
    assert is_sold == (offers == [HALF])


FRESH = replace(STOP, status=OrderStatus.ACCEPTED, submitted_at=EVENING)
FRESH_LEG = replace(LEG, status=OrderStatus.ACCEPTED, submitted_at=EVENING)


@pytest.mark.parametrize(
    ("order", "is_open", "at_once", "verb"),
    [
        (STOP, True, False, SellPart),  # shrunk in one request
        (STOP, False, True, SellPart),
        (STOP, False, False, Owe),
        (FRESH, False, False, SellPart),  # at no venue yet
        (LEG, True, True, Owe),  # cancelled and placed anew, it would be gone for a moment
        (LEG, False, True, SellPart),
        (FRESH_LEG, False, False, SellPart),
        (LEG, False, False, None),  # nothing to wait for
    ],
)
def test_an_approved_part_is_sold_only_where_the_rest_stays_covered(order, is_open, at_once, verb):
    now = at("117.00", YES, orders=(order,), session=session(is_open=is_open), cancels_at_once=at_once)
    actions = plan_profit_taking(now).actions
    assert [type(action) for action in actions] == ([verb] if verb else [])
    if verb is SellPart:
        assert actions == (SellPart("AAPL", (Cut(order, 3),), Side.SELL, 3, "approved at 117.00"),)
        assert refusal(actions[0], now) is None
    if verb is Owe:
        assert (actions[0].qty, actions[0].price) == (3, Decimal("117.00"))


def test_the_stop_is_not_moved_for_a_part():
    due = (owed(OwedKind.EXIT, "AAPL 3 @ 117.00", tried_on=TODAY),)
    assert plan_profit_taking(at("117.00", YES, owed=due)).actions == ()


def test_the_loosest_stops_give_first():
    loose, small, tight = stop("AAPL 2 @ 92.00"), stop("AAPL 2 @ 108.00", id="small"), stop("AAPL 3 @ 108.00")
    now = at("117.00", YES, orders=(tight, small, loose), session=session(is_open=True))
    (action,) = plan_profit_taking(now).actions
    assert action.cuts == (Cut(loose, 2), Cut(small, 1))
    short = replace(YES, price_shown=Decimal(84))
    loose, tight = stop("AAPL -3 @ 99.00"), stop("AAPL -4 @ 92.00")
    now = at("84.00", short, orders=(tight, loose), held="AAPL -7 @ 100.00", session=session(is_open=True))
    (action,) = plan_profit_taking(now).actions
    assert (action.cuts, action.side) == ((Cut(loose, 3),), Side.BUY)


@pytest.mark.parametrize(
    ("changes", "findings"),
    [
        ({"bars": today("3.1")}, ["breaker"]),
        ({"usual_range_pct": {}}, ["range_unknown"]),
        ({"halt": "holiday"}, []),
        ({"lapse": "over"}, []),
        ({"trade": {"is_ignored": True}}, []),
    ],
)
def test_an_approved_part_waits_when(changes, findings):
    plan = plan_profit_taking(at("117.00", YES, session=session(is_open=True), **changes))
    assert (plan.actions, [finding.code for finding in plan.findings]) == ((), findings)


@pytest.mark.parametrize("yes", [replace(YES, qty=Decimal(2)), replace(YES, expires_at=EVENING)])
def test_a_yes_to_something_else_is_asked_again(yes):
    assert told(at("117.00", yes, session=session(is_open=True)))[0] == [HALF]


def part(qty: int, *cuts: Cut, side: Side = Side.SELL) -> SellPart:
    return SellPart("AAPL", cuts, side, qty, because="test")


HELD = position("AAPL 7 @ 100.00", last="117.00", available="0")


@pytest.mark.parametrize(
    ("action", "now", "is_allowed"),
    [
        (part(3, Cut(STOP, 3)), facts(HELD, orders=(STOP,)), True),
        (part(7, Cut(STOP, 7)), facts(HELD, orders=(STOP,)), False),  # that is all of it
        (part(3, Cut(STOP, 2)), facts(HELD, orders=(STOP,)), False),  # the third would be sold twice (I4)
        (part(3, Cut(STOP, 4)), facts(HELD, orders=(STOP,)), False),  # a share would be bare (I1)
        (part(3, Cut(STOP, 3)), facts(HELD, orders=(STOP, sale("AAPL 3 @ 1"))), False),  # already leaving (I4)
        (part(2, Cut(STOP, 2)), facts(HELD, orders=(stop("AAPL 5 @ 108.00"),)), False),  # two are bare already
        (part(3, Cut(STOP, 3), side=Side.BUY), facts(HELD, orders=(STOP,)), False),
        (part(3, Cut(STOP, 3)), facts(), False),
        (part(3, Cut(STOP, 3)), facts(HELD, orders=(STOP,), book=Book(halt_reason="x")), False),  # halted (I11)
        (part(3, Cut(STOP, 3)), facts(HELD, orders=(STOP,), lapse="x"), False),  # the arming has run out
    ],
)
def test_guards(action, now, is_allowed):
    assert (refusal(action, now) is None) == is_allowed


@pytest.mark.parametrize(("known", "missing"), [(frozenset({"exit-AAPL"}), "AAPL"), (frozenset(), None)])
def test_the_fill_of_a_part_does_not_explain_an_empty_account(known, missing):
    book = Book(trades=(trade("AAPL 1 @ 100.00"),), known_orders=known)
    assert suddenly_empty(facts(fills=(fill("AAPL", "1", "117.00", "exit-AAPL"),), book=book)) == missing


def test_the_name_of_a_sale_says_that_it_is_ours():
    assert sale("AAPL 3 @ 1").client_order_id == named("AAPL", Purpose.EXIT)
