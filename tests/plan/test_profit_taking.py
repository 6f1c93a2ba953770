"""Profits are offered, never taken unasked; approved ones are sold only when the shares can be freed."""

from decimal import Decimal

import pytest

from sentinel.domain.actions import ClosePosition, Forget, OfferExit, Owe, RaiseStop
from sentinel.domain.book import ApprovalState, Book, ExitReason, OwedKind
from sentinel.domain.orders import OrderStatus
from sentinel.plan.profit_taking import plan_profit_taking
from tests.builders import EVENING, approval, facts, owed, position, sale, session, stop, trade

STOP = stop("AAPL 7 @ 108.00")
FRESH = stop("AAPL 7 @ 108.00", OrderStatus.ACCEPTED, submitted_at=EVENING)
STALE = stop("AAPL 7 @ 108.00", OrderStatus.ACCEPTED)


def at(last: str, *approvals, order=STOP, **changes):
    book = Book(trades=(trade("AAPL 7 @ 100.00"),), approvals=approvals, owed=changes.pop("owed", ()))
    held = position("AAPL 7 @ 100.00", last=last, available="0")
    return facts(held, orders=(order,), book=book, **changes)


@pytest.mark.parametrize(("last", "is_offered"), [("115.99", False), ("116.00", True), ("130.00", True)])
def test_an_offer_at_the_target(last, is_offered):
    actions = plan_profit_taking(at(last)).actions
    assert [type(action) for action in actions] == ([OfferExit] if is_offered else [])


@pytest.mark.parametrize(
    ("state", "session_day", "is_offered"),
    [
        (ApprovalState.WAITING, "today", False),
        (ApprovalState.REJECTED, "today", False),  # asked and answered
        (ApprovalState.REJECTED, "before", True),  # a new evening, a new question
        (ApprovalState.EXPIRED, "today", True),
    ],
)
def test_nobody_is_asked_twice_an_evening(state, session_day, is_offered):
    day = EVENING.date() if session_day == "today" else EVENING.date().replace(day=1)
    plan = plan_profit_taking(at("117.00", approval("AAPL 7 @ 117.00", state, session=day)))
    assert [type(action) for action in plan.actions] == ([OfferExit] if is_offered else [])


def test_the_stop_of_a_short_follows_the_price_from_above():
    book = Book(trades=(trade("AAPL -7 @ 100.00"),), approvals=(approval("AAPL 7 @ 80.00", ApprovalState.APPROVED),))
    held = position("AAPL -7 @ 100.00", last="80.00", available="0")
    now = facts(held, orders=(stop("AAPL -7 @ 92.00"),), book=book)
    raised, owed_exit = plan_profit_taking(now).actions
    assert isinstance(raised, RaiseStop)
    assert isinstance(owed_exit, Owe)
    assert raised.to_price == owed_exit.price == Decimal("80.40")


def test_a_question_that_waited_is_put_to_the_trader_who_has_come():
    now = at("117.00", approval("AAPL 7 @ 117.00"), trader_is_present=True)
    assert [type(action) for action in plan_profit_taking(now).actions] == [OfferExit]


@pytest.mark.parametrize(
    ("order", "is_open", "at_once", "verbs"),
    [
        (STOP, True, False, [ClosePosition]),  # the market is open
        (FRESH, False, False, [ClosePosition]),  # sent tonight, at no venue yet
        (STOP, False, True, [ClosePosition]),  # this account is known to cancel at once
        (STOP, False, False, [RaiseStop, Owe]),  # routed: never cancelled after hours
        (STALE, False, False, [RaiseStop, Owe]),  # sent days ago: a venue may have it, whatever it shows (ALPACA 3.8)
    ],
)
def test_an_approved_sale_frees_the_stop_only_when_that_works_now(order, is_open, at_once, verbs):
    yes = approval("AAPL 7 @ 117.00", ApprovalState.APPROVED)
    now = at("117.00", yes, order=order, session=session(is_open=is_open), cancels_at_once=at_once)
    actions = plan_profit_taking(now).actions
    assert [type(action) for action in actions] == verbs
    if verbs == [ClosePosition]:
        assert (actions[0].qty, actions[0].reason) == (7, ExitReason.PROFIT)
    else:
        assert actions[0].to_price == Decimal("116.42")  # half a percent under the last price


def test_a_price_far_from_the_approved_one_is_asked_again():
    yes = approval("AAPL 7 @ 130.00", ApprovalState.APPROVED)
    assert [type(action) for action in plan_profit_taking(at("117.00", yes)).actions] == [OfferExit]


def test_an_owed_exit_is_done_at_the_first_open_market():
    due, yes = (owed(OwedKind.EXIT, "AAPL 7 @ 116.42"),), approval("AAPL 7 @ 117.00", ApprovalState.APPROVED)
    actions = plan_profit_taking(at("112.00", yes, owed=due, session=session(is_open=True))).actions
    assert [type(action) for action in actions] == [ClosePosition]


@pytest.mark.parametrize(
    ("line", "changes"),
    [
        ("AAPL 5 @ 117.00", {}),  # for other shares
        ("AAPL 7 @ 100.00", {}),  # at another price
        ("AAPL 7 @ 117.00", {"expires_at": EVENING}),  # too long ago
    ],
)
def test_a_yes_to_something_else_sells_nothing_and_is_asked_again(line, changes):
    due = (owed(OwedKind.EXIT, "AAPL 7 @ 116.42"),)
    yes = approval(line, ApprovalState.APPROVED, **changes)
    actions = plan_profit_taking(at("117.00", yes, owed=due, session=session(is_open=True))).actions
    assert [type(action) for action in actions] == [Forget, OfferExit]


def test_what_was_tightened_tonight_is_left_until_the_market_opens():
    due = (owed(OwedKind.EXIT, "AAPL 7 @ 116.42", tried_on=EVENING.date()),)
    yes = approval("AAPL 7 @ 117.00", ApprovalState.APPROVED)
    assert plan_profit_taking(at("117.00", yes, owed=due)).actions == ()


def test_a_breached_position_is_offered_for_exit():
    book = Book(trades=(trade("AAPL 7 @ 100.00", is_breached=True),))
    now = facts(position("AAPL 7 @ 100.00", last="85.00"), orders=(stop("AAPL 7 @ 83.30"),), book=book)
    (offer,) = plan_profit_taking(now).actions
    assert isinstance(offer, OfferExit)
    assert offer.kind == "exit"


@pytest.mark.parametrize("case", ["halted", "already leaving", "a fraction"])
def test_nothing_is_offered_when(case):
    now = {
        "halted": facts(position("AAPL 7 @ 100.00", last="120.00"), book=Book(halt_reason="holiday")),
        "already leaving": facts(position("AAPL 7 @ 100.00", last="120.00"), orders=(sale("AAPL 7 @ 1"),)),
        "a fraction": facts(position("AAPL 0.5 @ 100.00", last="120.00")),
    }[case]
    assert plan_profit_taking(now).actions == ()
