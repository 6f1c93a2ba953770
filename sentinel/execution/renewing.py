"""A stop that is about to lapse gets its full life again: by a change of its price, else by a new order."""

from dataclasses import replace

from sentinel.domain.actions import RenewStop
from sentinel.domain.facts import Facts
from sentinel.domain.money import dollars
from sentinel.domain.orders import Order, OrderStatus
from sentinel.domain.outcomes import Confirmed, Rejected
from sentinel.domain.runs import DeedOutcome
from sentinel.execution.handover import Handover
from sentinel.execution.results import Result, why
from sentinel.plan.renewals import expiring, is_short_lived


class Renewing:
    """Reads back what a PATCH has done to the last day, and swaps what it did not renew."""

    def __init__(self, handover: Handover) -> None:
        self.hand = handover.hand
        self.handover = handover

    def renew(self, action: RenewStop, facts: Facts) -> Result:
        """The stop with a later last day, or a finding that it has none yet."""
        stop = action.order
        moved: tuple[Order, ...] = ()
        reason = "a change of its price does not renew it"
        if action.to_price is not None:
            outcome = self.hand.move(stop, action.to_price, action.because, facts)
            if isinstance(outcome, Confirmed) and outcome.order is not None:
                moved = (replace(stop, status=OrderStatus.REPLACED, replaced_by=outcome.order.id), outcome.order)
                stop = outcome.order
                if not is_short_lived(stop, facts):
                    return Result(DeedOutcome.DONE, f"until {stop.expires_at:%Y-%m-%d}", moved)
                if self._is_still_live(action.order):
                    return self._not_yet(stop, "its change has not reached the exchange yet", moved, facts)
            elif not isinstance(outcome, Rejected):
                return self._not_yet(stop, why(outcome), (), facts)
            else:
                reason = why(outcome)
        if not (action.may_swap and facts.frees_now(stop)):
            return self._not_yet(stop, f"{reason}, and it cannot be cancelled at once now", moved, facts)
        because = f"{action.because}; {reason}"
        level = stop.stop_price or action.order.stop_price
        assert level is not None
        swapped = self.handover.swap(stop, int(stop.remaining_qty), level, because, facts)
        if swapped.outcome is DeedOutcome.DONE:
            return replace(swapped, detail=f"at {dollars(level)}, by a new order", orders=(*moved, *swapped.orders))
        return replace(swapped, orders=(*moved, *swapped.orders))

    def _is_still_live(self, order: Order) -> bool:
        seen = self.hand.broker.order(order.id)
        return seen is not None and seen.is_live

    def _not_yet(self, stop: Order, reason: str, moved: tuple[Order, ...], facts: Facts) -> Result:
        return Result(DeedOutcome.REFUSED, reason, moved, (expiring(stop, reason, facts),))
