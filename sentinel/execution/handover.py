"""Chains of requests in which protection changes hands: whatever breaks on the way, what was freed goes back."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from decimal import Decimal

from sentinel.domain.actions import ClosePosition, Owe
from sentinel.domain.book import OwedKind
from sentinel.domain.errors import SentinelError
from sentinel.domain.facts import Facts
from sentinel.domain.money import dollars
from sentinel.domain.orders import Order, OrderStatus, Side
from sentinel.domain.outcomes import Confirmed, Outcome, Rejected, Unresolved
from sentinel.domain.positions import Position
from sentinel.domain.runs import DeedOutcome
from sentinel.execution.hand import Hand
from sentinel.execution.results import Result, alarm, failed, naked, why
from sentinel.plan.rescue import emergency_price

PUT_BACKS = 3


class Handover:
    """Cancels a stop and puts something in its place."""

    def __init__(self, hand: Hand) -> None:
        self.hand = hand
        self.broker = hand.broker
        self.patience = hand.journal.patience

    def swap(self, stop: Order, qty: int, price: Decimal, because: str, facts: Facts) -> Result:
        """Cancel a stop that can be cancelled at once and place another; on refusal the old one goes back."""
        with self._never_bare([stop], facts):
            cancelled, ended = self.hand.cancel_stop(stop, because, facts)
            if ended.is_live:
                return self.hanging(ended, cancelled)
            qty = min(qty, int(ended.remaining_qty))
            if qty < 1:
                return Result(DeedOutcome.SKIPPED, "the stop filled first", (ended,))
            self.await_free(stop.symbol, qty)
            outcome = self.hand.place(stop.symbol, stop.side, qty, price, because, facts)
        if isinstance(outcome, Confirmed) and outcome.order is not None:
            return Result(DeedOutcome.DONE, f"from {dollars(stop.stop_price)}, by a new order", (ended, outcome.order))
        back = self.put_back(ended, facts)
        return Result(DeedOutcome.REFUSED, why(outcome), (ended, *back.orders), back.findings)

    def close(self, action: ClosePosition, facts: Facts) -> Result:
        """Free the shares, look at them, sell them; whatever fails on the way, the stops go back."""
        seen: list[Order] = []
        with self._never_bare(action.stops, facts):
            for stop in action.stops:
                cancelled, ended = self.hand.cancel_stop(stop, action.because, facts)
                seen.append(ended)
                if ended.status is not OrderStatus.CANCELED:
                    hanging = self.hanging(ended, cancelled) if ended.is_live else Result(DeedOutcome.REFUSED)
                    return self._reopen(action, seen, f"stop {stop.id} is {ended.status}", facts, hanging)
            position = self.await_free(action.symbol, action.qty)
            if position is None or position.side is action.side:
                return Result(DeedOutcome.SKIPPED, "the position is gone", tuple(seen))
            qty = min(action.qty, position.whole_shares, int(abs(position.qty_available)))
            if qty < 1:
                return self._reopen(action, seen, "its shares are still held by another order", facts)
            outcome = self.hand.sell(action.symbol, action.side, qty, action.reason, action.because, facts)
        if isinstance(outcome, Confirmed) and outcome.order is not None:
            self.hand.ledger.forget_owed(OwedKind.EXIT, action.symbol)
            return Result(DeedOutcome.DONE, "", (*seen, outcome.order))
        return self._reopen(action, seen, why(outcome), facts)

    def place(
        self, symbol: str, side: Side, qty: int, price: Decimal, because: str, facts: Facts
    ) -> tuple[Outcome, bool]:
        """A stop; one the price has already fallen through goes under the market instead, and True tells so."""
        outcome = self.hand.place(symbol, side, qty, price, because, facts)
        market_price = _market_price(outcome)
        if market_price is None:
            return outcome, False
        lower = emergency_price(market_price, facts.policy, side.opposite)
        because = f"{because}; the market is at {dollars(market_price)}"
        return self.hand.place(symbol, side, qty, lower, because, facts), True

    def await_free(self, symbol: str, qty: int) -> Position | None:
        """The position once that many shares are under no order; a cancel frees them a little late (ALPACA 4.3)."""
        return self.patience.until(
            lambda position: position is None or abs(position.qty_available) >= qty,
            lambda: self.broker.position(symbol),
        )

    @contextmanager
    def _never_bare(self, stops: list[Order] | tuple[Order, ...], facts: Facts) -> Iterator[None]:
        """Put the stops back, without looking, before an error or Ctrl-C goes on.

        Blind is safe: the broker refuses a stop for shares that another order holds (ALPACA 6.1), and takes no stop
        that would open a position, for its intent is to close (ALPACA 6.6).
        """
        try:
            yield
        except BaseException:
            for stop in stops:
                with suppress(SentinelError):
                    self.put_back(stop, facts)
            raise

    def put_back(self, stop: Order, facts: Facts) -> Result:
        """The stop as it was, tried a few times, after what it made room for failed."""
        price, qty = stop.stop_price or Decimal(0), int(stop.remaining_qty)
        because = "put back: what it made room for failed"
        outcome: Outcome = Unresolved("not tried")
        for _ in range(PUT_BACKS):
            outcome, is_lower = self.place(stop.symbol, stop.side, qty, price, because, facts)
            if isinstance(outcome, Confirmed) and outcome.order is not None:
                news = self.hand.following.mark_breached(outcome.order, facts) if is_lower else ()
                return Result(DeedOutcome.DONE, orders=(outcome.order,), findings=news)
            if isinstance(outcome, Rejected):
                break
        return failed(outcome, naked(stop.symbol, qty, outcome))

    def _reopen(
        self, action: ClosePosition, seen: list[Order], reason: str, facts: Facts, so_far: Result | None = None
    ) -> Result:
        """Put back what was freed, unless a stop has done the work itself, and keep the exit owed."""
        if any(stop.status is OrderStatus.FILLED for stop in seen) and self.broker.position(action.symbol) is None:
            return Result(DeedOutcome.SKIPPED, "the stop filled first", tuple(seen))
        freed = [stop for stop in seen if stop.status is OrderStatus.CANCELED]
        backs = [self.put_back(stop, facts) for stop in freed]
        orders = (*seen, *(order for back in backs for order in back.orders))
        findings = (*(so_far.findings if so_far else ()), *(finding for back in backs for finding in back.findings))
        owed = Owe(action.symbol, OwedKind.EXIT, facts.last_price(action.symbol) or Decimal(0), action.qty, reason)
        self.hand.following.note(owed, facts)
        return Result(DeedOutcome.REFUSED, f"owed: {reason}", orders, findings)

    def hanging(self, ended: Order, outcome: Outcome) -> Result:
        """A cancel nobody has seen the end of: the protection may vanish at any moment."""
        message = f"the cancel of stop {ended.id} on {ended.symbol} hangs: {why(outcome)}, the order is {ended.status}"
        finding = alarm("cancel_pending", ended.symbol, message, "run `sentinel rescue-stops` after the open")
        return Result(DeedOutcome.UNRESOLVED, message, (ended,), (finding,))


def _market_price(outcome: Outcome) -> Decimal | None:
    """The price the broker compared a refused stop with (ALPACA 7.2)."""
    told = outcome.fields.get("market_price", "") if isinstance(outcome, Rejected) else ""
    return Decimal(told) if told.replace(".", "", 1).isdigit() and Decimal(told) > 0 else None
