"""Stops the broker is about to end after 90 days get their full life again, early enough to try more than once."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

from sentinel.domain.actions import Action, Plan, RenewStop
from sentinel.domain.facts import Facts, Holding
from sentinel.domain.findings import Finding, Severity
from sentinel.domain.money import tick_size
from sentinel.domain.orders import Order, OrderStatus
from sentinel.plan.splits import is_left_alone
from sentinel.plan.trailing_stops import is_movable

# A new order lives 90 days (ALPACA 2.3); a replacement that has much less than that kept its ancestor's last day.
FULL_LIFE = timedelta(days=80)
PATCHABLE = frozenset({OrderStatus.NEW, OrderStatus.HELD, OrderStatus.PARTIALLY_FILLED})


def plan_renewals(facts: Facts) -> Plan:
    """One RenewStop for each protecting stop with too few days left, or a finding that names its last day.

    A PATCH leaves no gap, but is refused unless something changes (ALPACA 3.4), so it goes a tick tighter; whether it
    renews is not known beforehand (ALPACA 2.3). What it does not renew is cancelled and placed anew, where a cancel
    takes effect at once, and after the close if that will do: no stop triggers then.
    """
    return Plan.of(
        part for holding in facts.holdings for stop in holding.stops for part in _renew(stop, holding, facts)
    )


def is_short_lived(order: Order, facts: Facts) -> bool:
    """Whether an order has too few days left."""
    left = _time_left(order, facts)
    return left is not None and left < timedelta(days=facts.policy.renew_stop_days)


def expiring(order: Order, why: str, facts: Facts) -> Finding:
    """A stop that could not be renewed: a warning, an alarm as its last day comes near."""
    left = _time_left(order, facts) or timedelta(0)
    is_near = left <= timedelta(days=facts.policy.owed_alarm_evenings)
    message = f"the broker ends the stop of {order.symbol} on {order.expires_at:%Y-%m-%d} and it is not renewed: {why}"
    remedy = "every later run tries again; run `sentinel update-trailing-stops` while the market is open"
    return Finding("stop_expires", Severity.ALARM if is_near else Severity.WARNING, order.symbol, message, remedy)


def _renew(stop: Order, holding: Holding, facts: Facts) -> Iterator[Action | Finding]:
    heir = facts.successor(stop)
    if not is_short_lived(heir or stop, facts):
        return
    if heir is not None:
        yield expiring(heir, "an earlier change of it has not reached the exchange yet", facts)
        return
    if not is_movable(stop):
        yield expiring(stop, "it belongs to a bracket or follows the price, and is left alone", facts)
        return
    # What is never raised is not raised by a tick either.
    to_price = None if is_left_alone(holding, facts) else _tighter(stop, holding)
    may_swap = _may_swap(stop, facts)
    if to_price is None and not may_swap:
        yield expiring(stop, f"the broker takes no change of a stop that is {stop.status} tonight", facts)
        return
    because = f"the broker ends it on {stop.expires_at:%Y-%m-%d}"
    yield RenewStop(holding.symbol, stop, to_price, may_swap, because)


def _time_left(order: Order, facts: Facts) -> timedelta | None:
    return order.expires_at - facts.session.now if order.expires_at is not None else None


def _tighter(stop: Order, holding: Holding) -> Decimal | None:
    """A tick tighter, where a PATCH may be taken and may renew and the price leaves room for it."""
    last, now_at = holding.last_price, stop.stop_price
    if now_at is None or last is None or stop.status not in PATCHABLE or _kept_its_last_day(stop):
        return None
    tighter = now_at + tick_size(now_at) * holding.side.sign
    return tighter if holding.side.is_tighter(last, than=tighter) else None


def _kept_its_last_day(stop: Order) -> bool:
    """Whether the stop is itself the proof that this broker renews nothing it replaces."""
    if stop.replaces is None or stop.expires_at is None or stop.submitted_at is None:
        return False
    return stop.expires_at - stop.submitted_at < FULL_LIFE


def _may_swap(stop: Order, facts: Facts) -> bool:
    """While the market is open a stop is cancelled only on accounts where the evening cannot do it."""
    return facts.frees_now(stop) and not (facts.session.is_open and facts.cancels_at_once)
