"""Sells part of a position: its stop lets go of these shares, the others are covered whenever the market is open."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from decimal import Decimal

from sentinel.domain.actions import Cut, Owe, SellPart
from sentinel.domain.book import ExitReason, OwedKind
from sentinel.domain.errors import SentinelError
from sentinel.domain.facts import Facts
from sentinel.domain.orders import Order, OrderStatus
from sentinel.domain.outcomes import Confirmed
from sentinel.domain.positions import Position
from sentinel.domain.runs import DeedOutcome
from sentinel.execution.handover import Handover
from sentinel.execution.results import Result, why


@dataclass(slots=True)
class Freed:
    """Shares a stop has let go of, for which somebody answers until they are sold; `shrunk` is what is left of it."""

    stop: Order
    cut_qty: int
    bare_qty: int
    shrunk: Order | None = None


class PartSale:
    """One sale: the shares are taken from their stops, sold, and given back when the sale fails."""

    def __init__(self, handover: Handover) -> None:
        self.handover = handover
        self.hand = handover.hand

    def sell(self, action: SellPart, facts: Facts) -> Result:
        """Take the shares, look at them, sell them; whatever fails on the way, they get their stop back."""
        freed: list[Freed] = []
        seen: list[Order] = []
        with self._never_bare(freed, facts):
            for cut in action.cuts:
                trouble = self._take(cut, action.because, freed, seen, facts)
                if trouble is not None:
                    return self._give_back(action, freed, seen, trouble, facts)
            position = self.handover.await_free(action.symbol, action.qty)
            changed = _change(position, action, facts)
            if changed is not None:
                return self._give_back(action, freed, seen, Result(DeedOutcome.REFUSED, changed), facts)
            outcome = self.hand.sell(action.symbol, action.side, action.qty, ExitReason.PROFIT, action.because, facts)
        if isinstance(outcome, Confirmed) and outcome.order is not None:
            self.hand.ledger.forget_owed(OwedKind.EXIT, action.symbol)
            return Result(DeedOutcome.DONE, "", (*seen, outcome.order))
        return self._give_back(action, freed, seen, Result(DeedOutcome.REFUSED, why(outcome)), facts)

    def _take(self, cut: Cut, because: str, freed: list[Freed], seen: list[Order], facts: Facts) -> Result | None:
        """Free a stop's shares; why not, if not. In an open market what stays is never without its stop."""
        freed.append(Freed(cut.stop, cut.qty, cut.qty))
        if facts.session.is_open and cut.qty < cut.stop.remaining_qty:
            return self._shrink(cut, because, freed, seen, facts)
        return self._exchange(cut, because, freed, seen, facts)

    def _shrink(self, cut: Cut, because: str, freed: list[Freed], seen: list[Order], facts: Facts) -> Result | None:
        """One request, and exactly one stop at every instant; the quantity counts what has filled (ALPACA 3.5, 3.7)."""
        stop = cut.stop
        outcome = self.hand.resize(stop, int(stop.qty) - cut.qty, because, facts)
        if isinstance(outcome, Confirmed) and outcome.order is not None:
            freed[-1].shrunk = outcome.order
            seen += (replace(stop, status=OrderStatus.REPLACED, replaced_by=outcome.order.id), outcome.order)
            return None
        freed.pop()
        return Result(DeedOutcome.REFUSED, f"the stop was not shrunk: {why(outcome)}")

    def _exchange(self, cut: Cut, because: str, freed: list[Freed], seen: list[Order], facts: Facts) -> Result | None:
        """Cancel, wait for the shares, place a stop for those that stay, and only then let go of the others (6.9)."""
        stop, kept_qty = cut.stop, int(cut.stop.remaining_qty) - cut.qty
        freed[-1].bare_qty = int(stop.remaining_qty)
        cancelled, ended = self.hand.cancel_stop(stop, because, facts)
        seen.append(ended)
        if ended.status is not OrderStatus.CANCELED:
            freed.pop()
            refused = Result(DeedOutcome.REFUSED, f"stop {stop.id} is {ended.status}")
            return self.handover.hanging(ended, cancelled) if ended.is_live else refused
        if ended.filled_qty > stop.filled_qty:
            freed[-1].bare_qty = int(ended.remaining_qty)
            return Result(DeedOutcome.REFUSED, "the stop traded meanwhile")
        if not kept_qty:
            return None
        self.handover.await_free(stop.symbol, int(stop.remaining_qty))
        kept = f"for the shares that stay; {because}"
        outcome = self.hand.place(stop.symbol, stop.side, kept_qty, stop.stop_price or Decimal(0), kept, facts)
        if not isinstance(outcome, Confirmed) or outcome.order is None:
            return Result(DeedOutcome.REFUSED, f"no stop for the shares that stay: {why(outcome)}")
        freed[-1].bare_qty = cut.qty
        seen.append(outcome.order)
        return None

    def _give_back(
        self, action: SellPart, freed: list[Freed], seen: list[Order], trouble: Result, facts: Facts
    ) -> Result:
        """Every share under its stop again, the sale owed."""
        backs = [self._regrow(item, facts) or self._put_back(item, item.bare_qty, facts) for item in freed]
        orders = (*seen, *trouble.orders, *(order for back in backs for order in back.orders))
        findings = (*trouble.findings, *(finding for back in backs for finding in back.findings))
        price = facts.last_price(action.symbol) or Decimal(0)
        self.hand.following.note(Owe(action.symbol, OwedKind.EXIT, price, action.qty, trouble.detail), facts)
        return Result(trouble.outcome, f"owed: {trouble.detail}", orders, findings)

    def _regrow(self, item: Freed, facts: Facts) -> Result | None:
        """The old quantity for a stop that was shrunk; None when the shares need a stop of their own."""
        if item.shrunk is None:
            return None
        because = "given back: the sale of a part failed"
        outcome = self.hand.resize(item.shrunk, int(item.shrunk.qty) + item.cut_qty, because, facts)
        if not isinstance(outcome, Confirmed) or outcome.order is None:
            return None
        gone = replace(item.shrunk, status=OrderStatus.REPLACED, replaced_by=outcome.order.id)
        return Result(DeedOutcome.DONE, orders=(gone, outcome.order))

    def _put_back(self, item: Freed, qty: int, facts: Facts) -> Result:
        return self.handover.put_back(replace(item.stop, qty=Decimal(qty), filled_qty=Decimal(0)), facts)

    @contextmanager
    def _never_bare(self, freed: list[Freed], facts: Facts) -> Iterator[None]:
        """Put stops behind whatever may be bare, without looking, before an error or Ctrl-C goes on.

        Nobody knows how far the last request got. Blind is safe: the broker refuses a stop for shares that another
        order holds (ALPACA 6.1), so of all that is bare and the part alone, just what is missing is placed.
        """
        try:
            yield
        except BaseException:
            for item in freed:
                for qty in dict.fromkeys((item.bare_qty, item.cut_qty)):
                    with suppress(SentinelError):
                        self._put_back(item, qty, facts)
            raise


def _change(position: Position | None, action: SellPart, facts: Facts) -> str | None:
    """What is no longer as it was when the sale was planned; the shares must be held, as many, and free."""
    planned = facts.positions.get(action.symbol)
    if position is None or planned is None or position.qty != planned.qty:
        return "the position changed meanwhile"
    if abs(position.qty_available) < action.qty:
        return "its shares are still held by another order"
    return None
