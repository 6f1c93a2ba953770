"""Each mutating verb carried out as one journaled request, or as a short chain that never leaves shares bare."""

from dataclasses import replace
from decimal import Decimal
from typing import assert_never

from sentinel.domain.actions import (
    CancelEntry,
    CancelStop,
    ClosePosition,
    FreeShares,
    GrowStop,
    Mutation,
    Owe,
    PlaceStop,
    RaiseStop,
    RenewStop,
    SellPart,
    ShrinkStop,
    SubmitEntry,
    verb_of,
)
from sentinel.domain.book import OwedKind
from sentinel.domain.facts import Facts
from sentinel.domain.findings import Finding, Severity
from sentinel.domain.money import dollars
from sentinel.domain.orders import Order, OrderClass, OrderStatus
from sentinel.domain.outcomes import Confirmed, Rejected
from sentinel.domain.runs import DeedOutcome
from sentinel.execution.hand import Hand
from sentinel.execution.handover import Handover
from sentinel.execution.part_sale import PartSale
from sentinel.execution.renewing import Renewing
from sentinel.execution.results import Result, alarm, failed, naked, why
from sentinel.plan.guards import refusal
from sentinel.plan.orphans import TOO_MANY_SHARES


class Deeds:
    """Does what a plan says, one verb a method."""

    def __init__(self, hand: Hand) -> None:
        self.hand = hand
        self.handover = Handover(hand)
        self.renewing = Renewing(self.handover)
        self.part_sale = PartSale(self.handover)
        self.broker = hand.broker

    def do(self, action: Mutation, facts: Facts) -> Result:
        """Guard the action, then carry it out."""
        refused = refusal(action, facts)
        if refused is not None:
            words = f"{verb_of(action)} of {action.symbol} was refused by a guard: {refused.message}"
            finding = Finding("guard", Severity.WARNING, action.symbol, words, refused.remedy)
            return Result(DeedOutcome.REFUSED, f"guard: {refused.message}", findings=(finding,), refusal=refused)
        return self._carry_out(action, facts)

    def _carry_out(self, action: Mutation, facts: Facts) -> Result:
        match action:
            case SubmitEntry():
                return self._submit_entry(action, facts)
            case CancelEntry() | CancelStop():
                return self._cancel(action, facts)
            case FreeShares():
                return self._free_shares(action, facts)
            case PlaceStop():
                return self._place_stop(action, facts)
            case GrowStop() | ShrinkStop():
                return self._resize_stop(action, facts)
            case RaiseStop():
                return self._raise_stop(action, facts)
            case RenewStop():
                return self.renewing.renew(action, facts)
            case ClosePosition() | SellPart():
                return self._sell(action, facts)
            case _:
                assert_never(action)

    def _sell(self, action: ClosePosition | SellPart, facts: Facts) -> Result:
        if isinstance(action, SellPart):
            return self.part_sale.sell(action, facts)
        return self.handover.close(action, facts)

    def _submit_entry(self, action: SubmitEntry, facts: Facts) -> Result:
        outcome = self.hand.enter(action, facts)
        if not isinstance(outcome, Confirmed) or outcome.order is None:
            remedy = "nothing was bought" if isinstance(outcome, Rejected) else "run `sentinel reconcile-fills`"
            return failed(outcome, alarm("entry_refused", action.symbol, why(outcome), remedy))
        entry = outcome.order
        fault = leg_fault(entry, action)
        if fault is None:
            return Result(DeedOutcome.DONE, orders=(entry,))
        _, ended = self.hand.cancel(entry, f"its stop leg is wrong: {fault}", facts)
        self.hand.following.entry(ended, None, facts)
        message = f"the entry in {action.symbol} came back without its stop ({fault}) and is now {ended.status}"
        remedy = "run `sentinel rescue-stops` if any of it filled" if ended.filled_qty else "try again"
        return Result(DeedOutcome.REFUSED, fault, (ended,), (alarm("leg_missing", action.symbol, message, remedy),))

    def _cancel(self, action: CancelEntry | CancelStop, facts: Facts) -> Result:
        if isinstance(action, CancelStop) and self._is_needed(action.order):
            return Result(DeedOutcome.SKIPPED, "a second look found the position it protects")
        if isinstance(action, CancelEntry):
            outcome, ended = self.hand.cancel(action.order, action.because, facts)
            self.hand.following.entry(ended, self.hand.ledger.entry(ended.client_order_id), facts)
        else:
            outcome, ended = self.hand.cancel_stop(action.order, action.because, facts)
        if not ended.is_live:
            return Result(DeedOutcome.DONE, f"now {ended.status}", (ended,))
        message = f"order {ended.id} on {action.symbol} is {ended.status} after the cancel: {why(outcome)}"
        finding = alarm("cancel_pending", action.symbol, message, "the broker may end it at the open; run again then")
        return Result(DeedOutcome.UNRESOLVED, f"still {ended.status}", (ended,), (finding,))

    def _is_needed(self, stop: Order) -> bool:
        """Whether there is a position behind the stop after all: a list may have missed it."""
        position = self.broker.position(stop.symbol)
        return position is not None and position.side is stop.side.opposite

    def _place_stop(self, action: PlaceStop, facts: Facts) -> Result:
        position = self.handover.await_free(action.symbol, action.qty)
        if position is None or position.side is action.side:
            return Result(DeedOutcome.SKIPPED, "the position is gone")
        outcome, is_lower = self.handover.place(
            action.symbol, action.side, action.qty, action.stop_price, action.because, facts
        )
        if not isinstance(outcome, Confirmed) or outcome.order is None:
            return failed(outcome, naked(action.symbol, action.qty, outcome))
        is_breached = is_lower or action.is_emergency
        news = self.hand.following.mark_breached(outcome.order, facts) if is_breached else ()
        moved = "" if outcome.order.stop_price == action.stop_price else f"at {dollars(outcome.order.stop_price)}"
        return Result(DeedOutcome.DONE, moved, (outcome.order,), news)

    def _resize_stop(self, action: GrowStop | ShrinkStop, facts: Facts) -> Result:
        return self._grow_stop(action, facts) if isinstance(action, GrowStop) else self._shrink_stop(action, facts)

    def _grow_stop(self, action: GrowStop, facts: Facts) -> Result:
        """More shares by PATCH; where the broker does not take it, a stop of their own at the same level."""
        stop = action.order
        outcome = self.hand.resize(stop, action.to_qty, action.because, facts)
        if isinstance(outcome, Confirmed) and outcome.order is not None:
            gone = replace(stop, status=OrderStatus.REPLACED, replaced_by=outcome.order.id)
            return Result(DeedOutcome.DONE, f"from {stop.qty}", (gone, outcome.order))
        if not isinstance(outcome, Rejected) or stop.stop_price is None:
            return failed(outcome, naked(action.symbol, int(action.to_qty - stop.qty), outcome))
        more = int(action.to_qty - stop.qty)
        return self._place_stop(
            PlaceStop(action.symbol, stop.side, more, stop.stop_price, False, action.because), facts
        )

    def _free_shares(self, action: FreeShares, facts: Facts) -> Result:
        outcome, ended = self.hand.cancel(action.order, action.because, facts)
        if not ended.is_live:
            return Result(DeedOutcome.DONE, f"{action.order.type} order {ended.id} is {ended.status}", (ended,))
        message = f"order {ended.id} still holds shares of {action.symbol}: {why(outcome)}, now {ended.status}"
        finding = alarm("cancel_pending", action.symbol, message, "cancel it at the broker, then run again")
        return Result(DeedOutcome.UNRESOLVED, f"still {ended.status}", (ended,), (finding,))

    def _shrink_stop(self, action: ShrinkStop, facts: Facts) -> Result:
        """Fewer shares by PATCH where the broker takes it, else by cancelling what can be cancelled at once."""
        stop = action.order
        if action.to_qty < 1:
            return self._end_surplus_stop(action, facts)
        if stop.order_class is OrderClass.SIMPLE:
            outcome = self.hand.resize(stop, action.to_qty, action.because, facts)
            if isinstance(outcome, Confirmed) and outcome.order is not None:
                gone = replace(stop, status=OrderStatus.REPLACED, replaced_by=outcome.order.id)
                return Result(DeedOutcome.DONE, f"from {stop.qty}", (gone, outcome.order))
        if not facts.frees_now(stop):
            message = f"stop {stop.id} sells {stop.remaining_qty} shares of {action.symbol}, but {action.because}"
            finding = alarm(TOO_MANY_SHARES, action.symbol, message, "run again while the market is open")
            return Result(DeedOutcome.REFUSED, "it can be changed only while the market is open", findings=(finding,))
        return self.handover.swap(stop, action.to_qty, stop.stop_price or Decimal(0), action.because, facts)

    def _end_surplus_stop(self, action: ShrinkStop, facts: Facts) -> Result:
        _, ended = self.hand.cancel_stop(action.order, action.because, facts)
        outcome = DeedOutcome.UNRESOLVED if ended.is_live else DeedOutcome.DONE
        return Result(outcome, f"now {ended.status}", (ended,))

    def _raise_stop(self, action: RaiseStop, facts: Facts) -> Result:
        outcome = self.hand.move(action.order, action.to_price, action.because, facts)
        if isinstance(outcome, Confirmed) and outcome.order is not None:
            gone = replace(action.order, status=OrderStatus.REPLACED, replaced_by=outcome.order.id)
            return Result(DeedOutcome.DONE, f"from {dollars(action.order.stop_price)}", (gone, outcome.order))
        seen = self.broker.order(action.order.id) or action.order
        if not seen.is_live:
            return Result(DeedOutcome.SKIPPED, f"the stop is already {seen.status}", (seen,))
        if seen.stop_price == action.to_price:
            return Result(DeedOutcome.SKIPPED, "the stop is already there", (seen,))
        if isinstance(outcome, Rejected) and seen.status is OrderStatus.ACCEPTED and facts.frees_now(seen):
            swapped = self.handover.swap(seen, int(seen.remaining_qty), action.to_price, action.because, facts)
            return self._owe_raise(action, swapped, facts) if swapped.outcome is DeedOutcome.REFUSED else swapped
        refused = Result(DeedOutcome.REFUSED, why(outcome), (seen,))
        return self._owe_raise(action, refused, facts, is_refused=isinstance(outcome, Rejected))

    def _owe_raise(self, action: RaiseStop, refused: Result, facts: Facts, *, is_refused: bool = True) -> Result:
        if action.is_for_exit:
            return refused
        qty, because = int(action.order.remaining_qty), f"the broker said: {refused.detail}"
        owed = Owe(action.symbol, OwedKind.RAISE, action.to_price, qty, because, is_refused)
        self.hand.following.note(owed, facts)
        return replace(refused, detail=f"owed: {refused.detail}")


def leg_fault(entry: Order, wanted: SubmitEntry) -> str | None:
    """What is wrong with the stop leg of an entry, None when it protects as asked (ALPACA 1.13)."""
    leg = entry.stop_leg
    if leg is None:
        return "no stop leg"
    checks = {
        "price": (leg.stop_price, wanted.stop_price),
        "side": (leg.side, wanted.side.opposite),
        "quantity": (leg.qty, Decimal(wanted.qty)),
        "time in force": (leg.time_in_force, "gtc"),
    }
    wrong = [f"{what} {got} instead of {want}" for what, (got, want) in checks.items() if got != want]
    return "; ".join(wrong) or None
