"""An intent is written before the deed, and its outcome once."""

from dataclasses import replace
from datetime import timedelta

import pytest

from sentinel.domain.book import IntentState
from sentinel.domain.names import Purpose
from sentinel.ledger import Ledger, RowRefused
from tests.builders import EVENING, TODAY, named
from tests.ledger.records import intent, stop

# The account whose orders tests/builders.py names.
ACCOUNT_ID = "c0ffee00-0000-4000-8000-000000000000"


def test_the_life_of_an_intent(ledger: Ledger) -> None:
    planned = intent()
    ledger.plan_intent(planned, ledger.begin_run("submit-entry-with-stop", "hand"))
    assert ledger.unsettled_intents() == (planned,)
    ledger.mark_sent(planned.name)
    assert [left.state for left in ledger.unsettled_intents()] == [IntentState.SENT]
    ledger.settle_intent(planned.name, IntentState.CONFIRMED, "o-1", "")
    assert ledger.unsettled_intents() == ()
    settled = ledger.intent(planned.name)
    assert settled is not None
    assert (settled.state, settled.order_id, settled.params) == (IntentState.CONFIRMED, "o-1", planned.params)
    assert [(line.event, line.symbol) for line in ledger.audit_trail()] == [("intent_confirmed", "AAPL")]


def test_the_entries_of_a_session_are_those_that_were_sent(ledger: Ledger) -> None:
    """What waits for its answer may be there; what was refused or never arrived is not."""
    fates = (IntentState.CONFIRMED, IntentState.REJECTED, IntentState.ABANDONED, IntentState.SENT, IntentState.PLANNED)
    for symbol, fate in zip(("AAPL", "MSFT", "TSLA", "AMZN", "QQQ"), fates, strict=True):
        entry = replace(intent(), name=named(symbol, Purpose.ENTRY), symbol=symbol, purpose=Purpose.ENTRY)
        ledger.plan_intent(entry, None)
        if fate is not IntentState.PLANNED:
            ledger.mark_sent(entry.name)
        if fate not in (IntentState.PLANNED, IntentState.SENT):
            ledger.settle_intent(entry.name, fate, None, "")
    sent = {named(symbol, Purpose.ENTRY) for symbol in ("AAPL", "AMZN")}
    ledger.bind(ACCOUNT_ID, "PA123456", "paper")
    assert ledger.entered_on(TODAY, ACCOUNT_ID) == ledger.book(TODAY).entered_today == sent
    assert ledger.entered_on(TODAY + timedelta(days=1), ACCOUNT_ID) == frozenset()
    assert ledger.entered_on(TODAY, "ffffffff-0000") == frozenset()


def test_an_unknown_name_is_none(ledger: Ledger) -> None:
    assert ledger.intent("snt-nobody") is None


def test_a_request_sent_again_under_its_name_is_one_intent(ledger: Ledger) -> None:
    ledger.plan_intent(intent(), None)
    ledger.mark_sent(intent().name)
    ledger.mark_sent(intent().name)
    assert len(ledger.unsettled_intents()) == 1


@pytest.mark.parametrize("state", [IntentState.REJECTED, IntentState.ABANDONED])
def test_a_name_that_never_reached_the_broker_comes_again(ledger: Ledger, state: IntentState) -> None:
    ledger.plan_intent(intent(), None)
    ledger.settle_intent(intent().name, state, None, "the broker never saw it")
    ledger.plan_intent(intent(), None)
    assert ledger.unsettled_intents() == (intent(),)
    assert [kept.state for kept in ledger.intents_of("AAPL")] == [state, IntentState.PLANNED]


#  an intent planned while the entry of AAPL is unfinished        may be planned
MEANWHILE = [
    (intent(), False),  # the same name
    (intent(attempt=2), False),  # another entry in the symbol
    (intent("MSFT"), True),
    (intent(purpose=Purpose.CANCEL), True),
    (intent(purpose=Purpose.STOP), True),
]


@pytest.mark.parametrize(("other", "is_allowed"), MEANWHILE)
def test_one_unfinished_intent_a_name_and_one_entry_a_symbol(ledger: Ledger, other, is_allowed: bool) -> None:
    ledger.plan_intent(intent(), None)
    if is_allowed:
        ledger.plan_intent(other, None)
    else:
        with pytest.raises(RowRefused):
            ledger.plan_intent(other, None)
    assert len(ledger.unsettled_intents()) == 1 + is_allowed


@pytest.mark.parametrize(
    ("state", "is_ours"),
    [(IntentState.CONFIRMED, True), (IntentState.ABANDONED, True), (IntentState.REJECTED, False)],
)
def test_what_the_broker_did_not_refuse_may_have_been_our_doing(
    ledger: Ledger, state: IntentState, is_ours: bool
) -> None:
    ledger.write_stop(stop("AAPL 7 @ 92.00"))
    asked = replace(intent(purpose=Purpose.CANCEL), target_order_id="stop-1")
    ledger.plan_intent(asked, None)
    ledger.mark_sent(asked.name)
    ledger.settle_intent(asked.name, state, None, "")
    book = ledger.book(TODAY)
    assert (book.cancelled_by_us, book.replaced_by_us) == (frozenset({"stop-1"} if is_ours else ()), frozenset())


def test_the_same_outcome_twice_is_one(ledger: Ledger) -> None:
    ledger.plan_intent(intent(), None)
    for _ in range(2):
        ledger.settle_intent(intent().name, IntentState.REJECTED, None, "no")
    assert len(ledger.audit_trail()) == 1


def test_a_settled_intent_keeps_its_outcome(ledger: Ledger) -> None:
    ledger.plan_intent(intent(), None)
    ledger.settle_intent(intent().name, IntentState.REJECTED, None, "no")
    with pytest.raises(RowRefused):
        ledger.settle_intent(intent().name, IntentState.ABANDONED, None, "")
    with pytest.raises(RowRefused):
        ledger.mark_sent(intent().name)


def test_nothing_is_confirmed_that_was_not_sent(ledger: Ledger) -> None:
    ledger.plan_intent(intent(), None)
    with pytest.raises(RowRefused):
        ledger.settle_intent(intent().name, IntentState.CONFIRMED, "o-1", "")
    assert ledger.unsettled_intents() == (intent(),)


@pytest.mark.parametrize("state", [IntentState.CONFIRMED, IntentState.REJECTED, IntentState.ABANDONED])
def test_nothing_is_settled_or_sent_that_was_not_planned(ledger: Ledger, state: IntentState) -> None:
    with pytest.raises(RowRefused):
        ledger.settle_intent("snt-nobody", state, None, "")
    with pytest.raises(RowRefused):
        ledger.mark_sent("snt-nobody")


def test_cancels_are_numbered_by_symbol_and_day(ledger: Ledger) -> None:
    assert ledger.next_cancel_number("AAPL", TODAY) == 1
    for attempt in (1, 2):
        ledger.plan_intent(intent(purpose=Purpose.CANCEL, attempt=attempt), None)
    ledger.plan_intent(intent(purpose=Purpose.STOP, attempt=7), None)
    assert ledger.next_cancel_number("AAPL", TODAY) == 3
    assert ledger.next_cancel_number("AAPL", TODAY + timedelta(days=1)) == 1
    assert ledger.next_cancel_number("MSFT", TODAY) == 1


def test_an_intent_of_an_unknown_run_is_refused(ledger: Ledger) -> None:
    with pytest.raises(RowRefused):
        ledger.plan_intent(intent(), 99)


def test_when_an_order_was_cancelled(ledger: Ledger) -> None:
    """By the broker's clock where the run has looked at it, else by ours; a cancel it refused counts for nothing."""
    looked_at = EVENING - timedelta(days=30)
    cancels = [(1, IntentState.CONFIRMED, "o-1"), (2, IntentState.REJECTED, "o-2"), (3, IntentState.CONFIRMED, "o-3")]
    for attempt, state, order_id in cancels:
        planned = intent("AAPL", Purpose.CANCEL, attempt, target_order_id=order_id)
        run_id = ledger.begin_run("evening-workflow", "cron", TODAY, looked_at) if attempt == 1 else None
        ledger.plan_intent(planned, run_id)
        ledger.mark_sent(planned.name)
        ledger.settle_intent(planned.name, state, None, "")
    assert ledger.cancelled_at("AAPL") == {"o-1": looked_at, "o-3": EVENING}
    assert ledger.cancelled_at("MSFT") == {}
