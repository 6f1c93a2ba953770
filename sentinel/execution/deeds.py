"""Each mutating verb carried out as one journaled request, or as a short chain that never leaves shares bare."""

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import assert_never

from sentinel.domain.actions import (
    CancelEntry,
    CancelStop,
    ClosePosition,
    FreeShares,
    Mutation,
    Owe,
    PlaceStop,
    RaiseStop,
    ShrinkStop,
    SubmitEntry,
)
from sentinel.domain.book import OwedKind
from sentinel.domain.facts import Facts
from sentinel.domain.findings import Finding, Severity
from sentinel.domain.money import dollars
from sentinel.domain.orders import Order, OrderClass, OrderStatus
from sentinel.domain.outcomes import Confirmed, Outcome, Rejected, Unresolved
from sentinel.domain.positions import Position
from sentinel.domain.runs import DeedOutcome
from sentinel.execution.hand import Hand
from sentinel.plan.guards import refusal
from sentinel.plan.rescue import emergency_price


@dataclass(frozen=True, slots=True)
class Result:
    """How a deed ended, with the broker's answers to fold into the facts."""

    outcome: DeedOutcome
    detail: str = ""
    orders: tuple[Order, ...] = ()
    findings: tuple[Finding, ...] = ()


class Deeds:
    """Does what a plan says, one verb a method."""

    def __init__(self, hand: Hand) -> None:
        self.hand = hand
        self.broker = hand.broker
        self.patience = hand.journal.patience

    def do(self, action: Mutation, facts: Facts) -> Result:
        """Guard the action, then carry it out."""
        why_not = refusal(action, facts)
        if why_not is not None:
            return Result(DeedOutcome.REFUSED, f"guard: {why_not}")
        match action:
            case SubmitEntry():
                return self._submit_entry(action, facts)
            case CancelEntry() | CancelStop():
                return self._cancel(action, facts)
            case FreeShares():
                return self._free_shares(action, facts)
            case PlaceStop():
                return self._place_stop(action, facts)
            case ShrinkStop():
                return self._shrink_stop(action, facts)
            case RaiseStop():
                return self._raise_stop(action, facts)
            case ClosePosition():
                return self._close_position(action, facts)
            case _:
                assert_never(action)

    def _submit_entry(self, action: SubmitEntry, facts: Facts) -> Result:
        outcome = self.hand.enter(action, facts)
        if not isinstance(outcome, Confirmed) or outcome.order is None:
            return _failed(outcome, _alarm("entry_refused", action.symbol, _why(outcome), "nothing was bought"))
        entry = outcome.order
        fault = leg_fault(entry, action)
        if fault is None:
            return Result(DeedOutcome.DONE, orders=(entry,))
        _, ended = self.hand.cancel(entry, f"its stop leg is wrong: {fault}", facts)
        self.hand.following.entry(ended, None, facts)
        message = f"the entry in {action.symbol} came back without its stop ({fault}) and is now {ended.status}"
        remedy = "run `sentinel rescue-stops` if any of it filled" if ended.filled_qty else "try again"
        return Result(DeedOutcome.REFUSED, fault, (ended,), (_alarm("leg_missing", action.symbol, message, remedy),))

    def _cancel(self, action: CancelEntry | CancelStop, facts: Facts) -> Result:
        if isinstance(action, CancelStop) and self._is_needed(action.order):
            return Result(DeedOutcome.SKIPPED, "a second look found the position it protects")
        outcome, ended = self.hand.cancel(action.order, action.because, facts)
        follow = self.hand.following
        if isinstance(action, CancelEntry):
            follow.entry(ended, self.hand.ledger.entry(ended.client_order_id), facts)
        else:
            follow.stop(ended, facts, reason=action.because)
        if not ended.is_live:
            return Result(DeedOutcome.DONE, f"now {ended.status}", (ended,))
        message = f"order {ended.id} on {action.symbol} is {ended.status} after the cancel: {_why(outcome)}"
        alarm = _alarm("cancel_pending", action.symbol, message, "the broker may end it at the open; run again then")
        return Result(DeedOutcome.UNRESOLVED, f"still {ended.status}", (ended,), (alarm,))

    def _is_needed(self, stop: Order) -> bool:
        """Whether there is a position behind the stop after all: a list may have missed it."""
        position = self.broker.position(stop.symbol)
        return position is not None and position.side is stop.side.opposite

    def _place_stop(self, action: PlaceStop, facts: Facts) -> Result:
        position = self._await_free(action.symbol, action.qty)
        if position is None or position.side is action.side:
            return Result(DeedOutcome.SKIPPED, "the position is gone")
        outcome = self.hand.place(action.symbol, action.side, action.qty, action.stop_price, action.because, facts)
        is_emergency = action.is_emergency
        if isinstance(outcome, Rejected) and "market_price" in outcome.fields:
            market_price = Decimal(outcome.fields["market_price"])
            lower = emergency_price(market_price, facts.policy, position.side)
            because = f"{action.because}; the market is at {dollars(market_price)}"
            outcome = self.hand.place(action.symbol, action.side, action.qty, lower, because, facts)
            is_emergency = True
        if not isinstance(outcome, Confirmed) or outcome.order is None:
            return _failed(outcome, _naked(action.symbol, action.qty, outcome))
        if is_emergency:
            self._mark_breached(action.symbol)
        moved = "" if outcome.order.stop_price == action.stop_price else f"at {dollars(outcome.order.stop_price)}"
        return Result(DeedOutcome.DONE, moved, (outcome.order,))

    def _free_shares(self, action: FreeShares, facts: Facts) -> Result:
        outcome, ended = self.hand.cancel(action.order, action.because, facts)
        if not ended.is_live:
            return Result(DeedOutcome.DONE, f"{action.order.type} order {ended.id} is {ended.status}", (ended,))
        message = f"order {ended.id} still holds shares of {action.symbol}: {_why(outcome)}, now {ended.status}"
        alarm = _alarm("cancel_pending", action.symbol, message, "cancel it at the broker, then run again")
        return Result(DeedOutcome.UNRESOLVED, f"still {ended.status}", (ended,), (alarm,))

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
            alarm = _alarm("too_many_shares", action.symbol, message, "run again while the market is open")
            return Result(DeedOutcome.REFUSED, "it can be changed only while the market is open", findings=(alarm,))
        return self._swap_stop(stop, action.to_qty, stop.stop_price or Decimal(0), action.because, facts)

    def _end_surplus_stop(self, action: ShrinkStop, facts: Facts) -> Result:
        _, ended = self.hand.cancel(action.order, action.because, facts)
        self.hand.following.stop(ended, facts, reason=action.because)
        outcome = DeedOutcome.UNRESOLVED if ended.is_live else DeedOutcome.DONE
        return Result(outcome, f"now {ended.status}", (ended,))

    def _mark_breached(self, symbol: str) -> None:
        trade = next((trade for trade in self.hand.ledger.open_trades() if trade.symbol == symbol), None)
        if trade is not None:
            self.hand.ledger.write_trade(replace(trade, is_breached=True))

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
            swapped = self._swap_stop(seen, int(seen.remaining_qty), action.to_price, action.because, facts)
            return self._owe_raise(action, swapped, facts) if swapped.outcome is DeedOutcome.REFUSED else swapped
        return self._owe_raise(action, Result(DeedOutcome.REFUSED, _why(outcome), (seen,)), facts)

    def _owe_raise(self, action: RaiseStop, refused: Result, facts: Facts) -> Result:
        qty = int(action.order.remaining_qty)
        owed = Owe(action.symbol, OwedKind.RAISE, action.to_price, qty, f"the broker said: {refused.detail}")
        self.hand.following.note(owed, facts)
        return replace(refused, detail=f"owed: {refused.detail}")

    def _swap_stop(self, stop: Order, qty: int, price: Decimal, because: str, facts: Facts) -> Result:
        """Cancel a stop that can be cancelled at once and place another; on refusal the old one goes back."""
        _, ended = self.hand.cancel(stop, f"to place it for {qty} shares at {dollars(price)}", facts)
        self.hand.following.stop(ended, facts, reason=because)
        if ended.is_live:
            message = f"the cancel of stop {stop.id} on {stop.symbol} hangs as {ended.status}"
            alarm = _alarm("cancel_pending", stop.symbol, message, "run `sentinel rescue-stops` after the open")
            return Result(DeedOutcome.UNRESOLVED, message, (ended,), (alarm,))
        if ended.filled_qty > stop.filled_qty:
            return Result(DeedOutcome.SKIPPED, "the stop traded meanwhile", (ended,))
        self._await_free(stop.symbol, qty)
        outcome = self.hand.place(stop.symbol, stop.side, qty, price, because, facts)
        if isinstance(outcome, Confirmed) and outcome.order is not None:
            return Result(DeedOutcome.DONE, f"from {dollars(stop.stop_price)}, by a new order", (ended, outcome.order))
        back = self._put_back(stop, facts)
        return Result(DeedOutcome.REFUSED, _why(outcome), (ended, *back.orders), back.findings)

    def _put_back(self, stop: Order, facts: Facts) -> Result:
        """The stop as it was, after what it made room for was refused."""
        price, qty = stop.stop_price or Decimal(0), int(stop.remaining_qty)
        outcome = self.hand.place(stop.symbol, stop.side, qty, price, "put back: what it made room for failed", facts)
        if isinstance(outcome, Confirmed) and outcome.order is not None:
            return Result(DeedOutcome.DONE, orders=(outcome.order,))
        return _failed(outcome, _naked(stop.symbol, qty, outcome))

    def _close_position(self, action: ClosePosition, facts: Facts) -> Result:
        """Free the shares, look at them, sell them; whatever fails on the way, the stops go back."""
        seen: list[Order] = []
        for stop in action.stops:
            _, ended = self.hand.cancel(stop, action.because, facts)
            self.hand.following.stop(ended, facts, reason=action.because)
            seen.append(ended)
            if ended.status is not OrderStatus.CANCELED:
                return self._reopen(action, seen, f"stop {stop.id} is {ended.status}", facts)
        position = self._await_free(action.symbol, action.qty)
        if position is None or position.side is action.side:
            return Result(DeedOutcome.SKIPPED, "the position is gone", tuple(seen))
        qty = min(action.qty, position.whole_shares, int(abs(position.qty_available)))
        if qty < 1:
            return self._reopen(action, seen, "its shares are still held by another order", facts)
        outcome = self.hand.sell(action.symbol, action.side, qty, action.reason, action.because, facts)
        if isinstance(outcome, Confirmed) and outcome.order is not None:
            self.hand.ledger.forget_owed(OwedKind.EXIT, action.symbol)
            return Result(DeedOutcome.DONE, "at the market", (*seen, outcome.order))
        return self._reopen(action, seen, _why(outcome), facts)

    def _reopen(self, action: ClosePosition, seen: list[Order], why: str, facts: Facts) -> Result:
        freed = [stop for stop in seen if stop.status is OrderStatus.CANCELED]
        backs = [self._put_back(stop, facts) for stop in freed]
        orders = (*seen, *(order for back in backs for order in back.orders))
        findings = tuple(finding for back in backs for finding in back.findings)
        owed = Owe(action.symbol, OwedKind.EXIT, facts.last_price(action.symbol) or Decimal(0), action.qty, why)
        self.hand.following.note(owed, facts)
        return Result(DeedOutcome.REFUSED, f"owed: {why}", orders, findings)

    def _await_free(self, symbol: str, qty: int) -> Position | None:
        """The position once that many shares are under no order; a cancel frees them a little late (ALPACA 4.3)."""
        return self.patience.until(
            lambda position: position is None or abs(position.qty_available) >= qty,
            lambda: self.broker.position(symbol),
        )


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


def _failed(outcome: Outcome, alarm: Finding) -> Result:
    state = DeedOutcome.UNRESOLVED if isinstance(outcome, Unresolved) else DeedOutcome.REFUSED
    return Result(state, _why(outcome), findings=(alarm,))


def _why(outcome: Outcome) -> str:
    match outcome:
        case Confirmed():
            return "accepted"
        case Rejected(status, _, message):
            return f"{message} (HTTP {status})"
        case Unresolved(why):
            return why
        case _:
            assert_never(outcome)


def _naked(symbol: str, qty: int, outcome: Outcome) -> Finding:
    message = f"no stop could be placed behind {qty} shares of {symbol}: {_why(outcome)}"
    return _alarm("stop_refused", symbol, message, "place a stop at the broker by hand, or run `sentinel rescue-stops`")


def _alarm(code: str, symbol: str, message: str, remedy: str) -> Finding:
    return Finding(code, Severity.ALARM, symbol, message, remedy)
