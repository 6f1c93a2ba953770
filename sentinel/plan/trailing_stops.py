"""Stops climb the staircase with the gain and never come down."""

from collections.abc import Iterator
from decimal import Decimal

from sentinel.domain.actions import Action, Forget, Owe, Plan, RaiseStop
from sentinel.domain.book import OwedKind
from sentinel.domain.facts import Facts, Holding
from sentinel.domain.money import dollars, to_tick
from sentinel.domain.orders import Order, OrderClass, OrderStatus, OrderType
from sentinel.plan.rescue import rescue_price
from sentinel.plan.splits import is_left_alone
from sentinel.risk_config import RiskPolicy, calculate_trailing_stop_price

AMENDABLE = frozenset(
    {OrderStatus.NEW, OrderStatus.HELD, OrderStatus.PARTIALLY_FILLED, OrderStatus.ACCEPTED},
)


def plan_trailing_stops(facts: Facts) -> Plan:
    """One raise, or one owed raise, for each stop of a holding whose next stair is above it."""
    return Plan.of(action for holding in facts.holdings for action in _climb(holding, facts))


def _climb(holding: Holding, facts: Facts) -> Iterator[Action]:
    if is_left_alone(holding, facts):
        return
    wanted = _wanted(holding, facts)
    owed = facts.book.owed_for(OwedKind.RAISE, holding.symbol)
    low = [s for s in holding.stops if wanted is not None and is_lower(facts.successor(s) or s, wanted, holding)]
    if wanted is None or not low:
        if owed and holding.stops:
            yield Forget(holding.symbol, OwedKind.RAISE, because="every stop rests at its level")
        return
    last = holding.last_price
    if last is None or not holding.side.is_tighter(last, than=wanted):
        if owed and owed.price == wanted:
            return  # it waits for the price to come back
        qty = int(holding.protected_qty)
        yield Owe(
            holding.symbol,
            OwedKind.RAISE,
            wanted,
            qty,
            because=f"{dollars(last)} is not beyond the level of {dollars(wanted)}",
        )
        return
    if owed and owed.price == wanted and owed.tried_on == facts.today and not facts.session.is_open:
        return  # refused tonight already; the broker's answer changes with the session, not with asking
    for stop in low:
        yield _raise(stop, wanted, holding)


def _wanted(holding: Holding, facts: Facts) -> Decimal | None:
    """The tightest of the stair reached, the level still owed, and the highest one the trade ever had.

    The last of them undoes a stop lowered by hand; it counts only while the price is beyond it.
    """
    if holding.gain_pct is None:
        return None
    stair = calculate_trailing_stop_price(holding.entry_price, holding.gain_pct, facts.policy, holding.side)
    owed = facts.book.owed_for(OwedKind.RAISE, holding.symbol)
    levels = [
        level for level in (stair, owed.price if owed else None, _highest(holding, facts.policy)) if level is not None
    ]
    return holding.side.tightest(*levels) if levels else None


def _highest(holding: Holding, policy: RiskPolicy) -> Decimal | None:
    """The highest level the trade ever had; of a breached one, the level it fell through."""
    trade, last = holding.trade, holding.last_price
    if trade is None or last is None:
        return None
    level = rescue_price(holding, policy) if trade.is_breached else to_tick(trade.highest_stop_price)
    return level if holding.side.is_tighter(last, than=level) else None


def is_lower(stop: Order, wanted: Decimal, holding: Holding) -> bool:
    """Whether a stop rests under a level (over it, for a short) and may be moved there."""
    return is_movable(stop) and stop.stop_price is not None and holding.side.is_tighter(wanted, than=stop.stop_price)


def is_movable(stop: Order) -> bool:
    """Whether Sentinel may change a stop.

    Legs of brackets and OCOs, and trailing stops, are somebody's own: read as protection and left alone.
    """
    return stop.type is OrderType.STOP and stop.order_class in (OrderClass.SIMPLE, OrderClass.OTO)


def _raise(stop: Order, wanted: Decimal, holding: Holding) -> Action:
    gain = f"{holding.symbol} is at {holding.gain_pct:+.1f} %"
    if stop.status in AMENDABLE:
        return RaiseStop(holding.symbol, stop, wanted, because=f"{gain}: the staircase locks {dollars(wanted)}")
    because = f"{gain}, but the stop is {stop.status}"
    return Owe(holding.symbol, OwedKind.RAISE, wanted, int(stop.remaining_qty), because=because)
