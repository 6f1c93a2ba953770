"""After the emergency stop: the question at the top of the next run, and the way back up."""

from datetime import timedelta

import pytest

from sentinel.domain.actions import EndBreach, OfferExit
from sentinel.domain.book import ApprovalState, Book
from sentinel.plan.breaches import plan_breaches
from tests.builders import EVENING, TODAY, approval, facts, position, sale, stop, trade

BREACHED = trade("AAPL 7 @ 100.00", is_breached=True)
YESTERDAY = TODAY - timedelta(days=1)


def at(last, stop_now, *questions, breached=BREACHED, orders=(), **book):
    held = position("AAPL 7 @ 100.00", last=last, available="0")
    seen = Book(trades=(breached,), approvals=questions, **book)
    return facts(held, orders=(stop(f"AAPL 7 @ {stop_now}"), *orders), book=seen)


def asked(state, **changes):
    return approval("AAPL 7 @ 90.00", state, kind="exit", **changes)


@pytest.mark.parametrize(
    ("now", "verb"),
    [
        (at("90.00", "88.20"), OfferExit),
        (at("90.00", "88.20", breached=trade("AAPL 7 @ 100.00")), None),  # never breached
        (at("90.00", "88.20", asked(ApprovalState.WAITING)), None),
        (at("90.00", "88.20", asked(ApprovalState.WAITING, expires_at=EVENING)), OfferExit),  # nobody answered in time
        (at("90.00", "88.20", asked(ApprovalState.APPROVED)), None),  # the profit step sells
        (at("90.00", "88.20", asked(ApprovalState.REJECTED)), None),  # answered tonight
        (at("90.00", "88.20", asked(ApprovalState.REJECTED, session=YESTERDAY)), OfferExit),
        (at("90.00", "88.20", orders=(sale("AAPL 7 @ 1"),)), None),  # it leaves at the open
        (at("90.00", "88.20", halt_reason="holiday"), None),
        (at("90.00", "88.20", latch_reason="trouble"), OfferExit),  # a pause is of entries alone
        (at("95.00", "88.20"), OfferExit),  # the price is back, its stop is not yet
        (at("95.00", "92.00"), EndBreach),
        (at("92.00", "92.00"), OfferExit),  # exactly on it is through it
    ],
)
def test_the_next_rung(now, verb):
    assert [type(action) for action in plan_breaches(now).actions] == ([verb] if verb else [])


def test_the_question_waits_for_nobody():
    (offer,) = plan_breaches(at("90.00", "88.20")).actions
    assert isinstance(offer, OfferExit)
    assert (offer.kind, offer.is_filed) == ("exit", True)


def test_the_end_of_a_breach_is_told():
    plan = plan_breaches(at("95.00", "92.00"))
    assert [finding.code for finding in plan.findings] == ["breach_over"]


def test_an_emergency_stop_above_the_old_level_does_not_end_the_breach():
    bought_more = trade("AAPL 7 @ 105.00", first_stop="92.00", highest="93.10", is_breached=True)
    now = at("95.00", "93.10", breached=bought_more)
    assert [type(action) for action in plan_breaches(now).actions] == [OfferExit], "the policy's stop is at 96.60"
