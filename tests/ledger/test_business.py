"""The book: orders, trades, what is owed, what is asked, and the halt."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from sentinel.domain.book import ApprovalState, Book, ExitReason, Owed, OwedKind
from sentinel.domain.errors import GuardRefusal, UsageError
from sentinel.domain.orders import OrderStatus
from sentinel.ledger import Ledger, RowRefused
from tests.builders import EVENING, TODAY
from tests.ledger.records import entry, open_trade, sale, stop

LATER = EVENING + timedelta(hours=1)


def ask(ledger: Ledger, symbol: str = "AAPL", session: date = TODAY) -> int:
    expires = EVENING + timedelta(days=3)
    return ledger.file_approval(symbol, "profit", Decimal(7), Decimal("116.00"), "target", session, EVENING, expires)


def test_an_empty_ledger_has_an_empty_book(ledger: Ledger) -> None:
    assert ledger.book(TODAY) == Book()


def test_the_book_holds_all_open_business(ledger: Ledger) -> None:
    trade_id = open_trade(ledger, "AAPL 7 @ 100.00")
    records = entry("MSFT 3 @ 50.00"), stop("AAPL 7 @ 92.00", trade_id=trade_id), sale("AAPL 7 @ 116.00")
    ledger.write_entry(records[0])
    ledger.write_stop(records[1])
    ledger.write_exit(records[2])
    owed = Owed(OwedKind.RAISE, "AAPL", Decimal("102.00"), Decimal(7), "accepted", TODAY, TODAY)
    ledger.write_owed(owed)
    ledger.halt("holiday", EVENING)
    for day, equity in ((TODAY, "101.5"), (TODAY - timedelta(days=1), "100")):
        ledger.record_equity(day, Decimal(equity), Decimal("-5.25"))
    book = ledger.book(TODAY)
    assert (book.entries, book.stops, book.exits) == ((records[0],), (records[1],), (records[2],))
    assert [trade.id for trade in book.trades] == [trade_id]
    assert book.owed == (owed,)
    assert book.halt_reason == "holiday"
    assert book.equity_curve == ((TODAY - timedelta(days=1), Decimal(100)), (TODAY, Decimal("101.5")))


@pytest.mark.parametrize("status", list(OrderStatus))
def test_the_book_agrees_with_the_domain_on_what_is_open(ledger: Ledger, status: OrderStatus) -> None:
    records = entry("AAPL 7 @ 100.00", status), stop("AAPL 7 @ 92.00", status), sale("AAPL 7 @ 116.00", status)
    ledger.write_entry(records[0])
    ledger.write_stop(records[1])
    ledger.write_exit(records[2])
    book = ledger.book(TODAY)
    assert bool(book.entries) == records[0].is_open
    assert bool(book.stops) == records[1].is_open
    assert bool(book.exits) == records[2].is_open
    assert ledger.entry(records[0].client_order_id) == records[0]
    assert ledger.stop(records[1].order_id) == records[1]
    assert ledger.exit(records[2].client_order_id) == records[2]


def test_unknown_orders_are_none(ledger: Ledger) -> None:
    assert (ledger.entry("x"), ledger.stop("x"), ledger.exit("x")) == (None, None, None)


def test_a_record_without_a_trade_takes_none_away(ledger: Ledger) -> None:
    trade_id = open_trade(ledger, "AAPL 7 @ 100.00")
    entered, resting, sold = entry("AAPL 7 @ 100.00"), stop("AAPL 7 @ 92.00"), sale("AAPL 7 @ 116.00")
    for known in (trade_id, None):
        ledger.write_entry(replace(entered, trade_id=known, filled_qty=Decimal(3)))
        ledger.write_stop(replace(resting, trade_id=known, stop_price=Decimal(93)))
        ledger.write_exit(replace(sold, trade_id=known, filled_qty=Decimal(2)))
    assert ledger.entries_of("AAPL") == (replace(entered, trade_id=trade_id, filled_qty=Decimal(3)),)
    assert ledger.stops_of("AAPL") == (replace(resting, trade_id=trade_id, stop_price=Decimal(93)),)
    assert ledger.exits_of("AAPL") == (replace(sold, trade_id=trade_id, filled_qty=Decimal(2)),)


def test_a_pair_is_noted_once_and_only_of_known_orders(ledger: Ledger) -> None:
    ledger.write_entry(entry("AAPL 7 @ 100.00"))
    ledger.write_stop(stop("AAPL 7 @ 92.00"))
    for _ in range(2):
        ledger.pair(entry("AAPL 7 @ 100.00").client_order_id, "stop-AAPL-92.00")
    with pytest.raises(RowRefused):
        ledger.pair("nobody", "stop-AAPL-92.00")


def test_the_life_of_a_trade(ledger: Ledger) -> None:
    trade_id = open_trade(ledger, "AAPL 7 @ 100.00", "92.00")
    (trade,) = ledger.open_trades()
    assert (trade.id, trade.highest_stop_price, trade.asset_id) == (trade_id, Decimal("92.00"), "asset-AAPL")
    raised = replace(trade, highest_stop_price=Decimal("102.00"), is_breached=True, qty=Decimal("6.5"))
    ledger.write_trade(raised)
    assert ledger.open_trades() == (raised,)
    ended = replace(raised, closed_at=LATER, exit_reason=ExitReason.STOP_FILLED, exit_price=Decimal("101.99"))
    ledger.write_trade(ended)
    assert ledger.open_trades() == ()
    assert ledger.closed_trades() == (ended,)
    again = open_trade(ledger, "AAPL 7 @ 105.00")
    assert [known.id for known in ledger.trades_of("AAPL")] == [trade_id, again]


def test_a_trade_nobody_opened_is_not_written(ledger: Ledger) -> None:
    open_trade(ledger, "AAPL 7 @ 100.00")
    (trade,) = ledger.open_trades()
    with pytest.raises(RowRefused):
        ledger.write_trade(replace(trade, id=99))


def test_what_is_owed_is_overwritten_and_struck(ledger: Ledger) -> None:
    owed = Owed(OwedKind.RAISE, "AAPL", Decimal("102.00"), Decimal(7), "accepted", TODAY, TODAY)
    for evenings in (1, 2):
        ledger.write_owed(replace(owed, evenings=evenings))
    ledger.write_owed(replace(owed, kind=OwedKind.EXIT))
    assert [(row.kind, row.evenings) for row in ledger.book(TODAY).owed] == [(OwedKind.EXIT, 1), (OwedKind.RAISE, 2)]
    ledger.forget_owed(OwedKind.RAISE, "AAPL")
    ledger.forget_owed(OwedKind.RAISE, "AAPL")
    assert [row.kind for row in ledger.book(TODAY).owed] == [OwedKind.EXIT]


def test_the_book_holds_open_questions_and_tonights(ledger: Ledger) -> None:
    yesterday = TODAY - timedelta(days=1)
    states = [ApprovalState.APPROVED, ApprovalState.REJECTED, ApprovalState.DONE]
    for state in states:
        for session in (yesterday, TODAY):
            ledger.decide_approval(ask(ledger, f"{state}.{session.day}", session), state, EVENING)
    waiting = ask(ledger, "WAIT", yesterday)
    held = {(approval.state, approval.session) for approval in ledger.book(TODAY).approvals}
    assert held == {(state, TODAY) for state in states} | {
        (ApprovalState.APPROVED, yesterday),
        (ApprovalState.WAITING, yesterday),
    }
    assert [approval.id for approval in ledger.approvals(ApprovalState.WAITING)] == [waiting]
    assert len(ledger.approvals()) == 7


def test_a_question_is_asked_once_at_a_time(ledger: Ledger) -> None:
    first = ask(ledger)
    with pytest.raises(RowRefused):
        ask(ledger)
    ledger.decide_approval(first, ApprovalState.EXPIRED, LATER)
    assert ask(ledger) != first


#  stands at                asked for                ends at, None for a refusal
DECISIONS = [
    (ApprovalState.WAITING, ApprovalState.APPROVED, ApprovalState.APPROVED),
    (ApprovalState.WAITING, ApprovalState.REJECTED, ApprovalState.REJECTED),
    (ApprovalState.WAITING, ApprovalState.DONE, ApprovalState.DONE),
    (ApprovalState.APPROVED, ApprovalState.APPROVED, ApprovalState.APPROVED),
    (ApprovalState.APPROVED, ApprovalState.REJECTED, ApprovalState.REJECTED),
    (ApprovalState.APPROVED, ApprovalState.DONE, ApprovalState.DONE),
    (ApprovalState.REJECTED, ApprovalState.APPROVED, None),
    (ApprovalState.EXPIRED, ApprovalState.APPROVED, None),
    (ApprovalState.DONE, ApprovalState.APPROVED, None),
    (ApprovalState.REJECTED, ApprovalState.DONE, ApprovalState.REJECTED),
    (ApprovalState.DONE, ApprovalState.EXPIRED, ApprovalState.DONE),
]


@pytest.mark.parametrize(("before", "wanted", "after"), DECISIONS)
def test_a_settled_question_stays_settled(
    ledger: Ledger, before: ApprovalState, wanted: ApprovalState, after: ApprovalState | None
) -> None:
    number = ask(ledger)
    ledger.decide_approval(number, before, EVENING)
    if after is None:
        with pytest.raises(UsageError) as refused:
            ledger.decide_approval(number, wanted, LATER)
        assert f"already {before}" in refused.value.message
    else:
        ledger.decide_approval(number, wanted, LATER)
    approval = ledger.approval(number)
    assert approval is not None
    assert approval.state is (after or before)


def test_an_unknown_question_is_refused(ledger: Ledger) -> None:
    assert ledger.approval(7) is None
    with pytest.raises(UsageError) as refused:
        ledger.decide_approval(7, ApprovalState.APPROVED, EVENING)
    assert refused.value.remedy == "see `sentinel approvals list`"


def test_a_halt_lasts_until_resumed(ledger: Ledger) -> None:
    ledger.resume("nothing to resume", EVENING)
    ledger.halt("holiday", EVENING)
    ledger.halt("still on holiday", LATER)
    assert ledger.halt_reason() == "still on holiday"
    ledger.resume("back", LATER)
    assert ledger.halt_reason() is None


def test_the_first_contact_binds(ledger: Ledger) -> None:
    assert ledger.bound_account() is None
    for _ in range(2):
        ledger.bind("c0ffee", "PA1", "paper")
    bound = ledger.bound_account()
    assert bound is not None
    assert (bound.account_number, bound.mode, bound.bound_at) == ("PA1", "paper", EVENING)
    assert [line.event for line in ledger.audit_trail()] == ["bind"]


@pytest.mark.parametrize(("account_id", "number", "mode"), [("decaf", "PA2", "paper"), ("c0ffee", "PA1", "live")])
def test_any_other_account_or_mode_is_refused(ledger: Ledger, account_id: str, number: str, mode: str) -> None:
    ledger.bind("c0ffee", "PA1", "paper")
    with pytest.raises(GuardRefusal) as refused:
        ledger.bind(account_id, number, mode)
    assert "paper account PA1" in refused.value.message
    assert f"{mode} account {number}" in refused.value.message


def test_another_account_of_the_same_number_is_told_by_its_id(ledger: Ledger) -> None:
    ledger.bind("c0ffee", "PA1", "sim")
    with pytest.raises(GuardRefusal, match=r"account PA1 \(id c0ffee\), but .* account PA1 \(id decaf\)"):
        ledger.bind("decaf", "PA1", "sim")


def test_a_message_no_encoding_can_carry_is_kept_readable(ledger: Ledger) -> None:
    ledger.write_stop(stop("AAPL 7 @ 92.00", reason="half a pair: \ud83d"))
    ledger.audit("stop", "AAPL", "half a pair: \ud83d")
    ledger.halt("half a pair: \ud83d", EVENING)
    assert ledger.halt_reason() == ledger.stops_of("AAPL")[0].reason == "half a pair: \\ud83d"
    assert ledger.verify_audit() is None
