"""Every unprotected share gets a stop now, before anything else is thought about."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

from sentinel.domain.actions import Action, CancelEntry, CancelStop, FreeShares, GrowStop, PlaceStop, Plan
from sentinel.domain.book import Owed, OwedKind
from sentinel.domain.facts import Facts, Holding
from sentinel.domain.findings import Finding, Severity
from sentinel.domain.money import dollars, shares, to_tick
from sentinel.domain.names import Purpose
from sentinel.domain.orders import Order, OrderClass, OrderStatus, OrderType, Side
from sentinel.plan.splits import is_in_other_units
from sentinel.risk_config import RiskPolicy, calculate_stop_price, calculate_trailing_stop_price, price_at_gain

FREED = "it was cancelled so that a stop could rest; send it again only as part of a bracket"


def plan_rescue(facts: Facts) -> Plan:
    """A GTC stop for the whole shares of each holding that no active stop covers."""
    return Plan.of(part for holding in facts.holdings for part in _rescue(holding, facts))


def rescue_price(holding: Holding, policy: RiskPolicy, owed: Owed | None = None) -> Decimal:
    """The tightest of the policy's first stop, the staircase's, and the highest level the trade ever had.

    So is a raise still owed, while the price is beyond it: no stop has rested there yet.
    """
    # Shares that cost nothing (a spin-off) are protected from where they are.
    basis = holding.entry_price if holding.entry_price > 0 else holding.last_price or Decimal(0)
    levels = [calculate_stop_price(basis, policy, holding.side)]
    if holding.gain_pct is not None and not (holding.trade and holding.trade.is_ignored):
        stair = calculate_trailing_stop_price(holding.entry_price, holding.gain_pct, policy, holding.side)
        levels += [stair] if stair is not None else []
    if holding.trade:
        levels.append(to_tick(holding.trade.highest_stop_price))
    if owed and holding.last_price is not None and holding.side.is_tighter(holding.last_price, than=owed.price):
        levels.append(owed.price)
    return holding.side.tightest(*levels)


def emergency_price(last_price: Decimal, policy: RiskPolicy, side: Side) -> Decimal:
    """The stop of a breached position: so many percent under (over, for a short) the last price."""
    return price_at_gain(last_price, -policy.emergency_stop_pct, side)


def _rescue(holding: Holding, facts: Facts) -> Iterator[Action | Finding]:
    leaving = sum((order.remaining_qty for order in facts.leaving(holding.position)), Decimal(0))
    missing = holding.position.whole_shares - int(holding.protected_qty) - int(leaving) - _growing(holding, facts)
    if missing <= 0:
        return
    for order in facts.live_orders(holding.symbol):
        if order.is_stop and order.side is holding.side and facts.is_ours(order):
            if order.status is OrderStatus.PENDING_CANCEL:
                # Until it is gone the broker takes no stop beside it (ALPACA 6.3); asking again ends it no sooner.
                yield _blocked(holding, missing, f"stop {order.id} is still {order.status}", "run again after the open")
                return
            because = f"{holding.symbol} has changed sides, and this stop would add to it"
            yield CancelStop(holding.symbol, order, because)
    entry = facts.live_entry(holding.symbol)
    if entry is not None and entry.purpose is Purpose.ENTRY and entry.status is not OrderStatus.PENDING_CANCEL:
        # The second look places the stop, once it has ended (ALPACA 6.4).
        because = f"{shares(missing)} held already are bare, and the broker takes no stop beside it"
        yield CancelEntry(holding.symbol, entry, because)
        return
    if entry is not None:
        yield _blocked(holding, missing, f"entry {entry.id} is still {entry.status}", "run again once it has ended")
        return
    available = int(abs(holding.position.qty_available))
    if available < missing:
        stuck, freeing = _holders(holding, facts)
        for order in freeing:
            because = f"this {order.type} order holds shares that no stop protects"
            yield FreeShares(holding.symbol, order, because)
            yield Finding("shares_freed", Severity.WARNING, holding.symbol, f"{holding.symbol}: {because}", FREED)
        available += int(sum(order.remaining_qty for order in freeing))
        if available < missing:
            names = ", ".join(f"{order.type} order {order.id}, still {order.status}" for order in stuck)
            why = f"shares are held by {names or 'an order the broker does not list'}"
            yield _blocked(holding, missing - available, why, "look at it in your broker's app, then run again")
    if available > 0:
        yield _place(holding, min(missing, available), facts)


def _growing(holding: Holding, facts: Facts) -> int:
    """Shares that come under a stop as soon as the change of it reaches the exchange (ALPACA 3.2)."""
    heirs = ((facts.successor(stop), stop) for stop in holding.stops)
    return int(sum(max(Decimal(0), heir.qty - stop.qty) for heir, stop in heirs if heir is not None))


def _place(holding: Holding, qty: int, facts: Facts) -> PlaceStop | GrowStop:
    """A stop for the shares that have none.

    While the market is open the one simple stop that already rests at the level grows, with no moment without it
    (ALPACA 3.7). After hours nobody knows when such a change counts (ALPACA 3.8): a stop of its own protects at once.
    """
    wanted, last = _level(holding, facts), holding.last_price
    exit_side = holding.side.opposite
    resting = holding.stops[0] if len(holding.stops) == 1 else None
    if resting is not None and _may_grow(resting, wanted, holding, facts):
        because = f"{shares(qty)} more than its stop is for"
        return GrowStop(holding.symbol, resting, int(resting.qty) + qty, because)
    if last is None or holding.side.is_tighter(last, than=wanted):
        because = f"{shares(qty)} without an active stop"
        return PlaceStop(holding.symbol, exit_side, qty, wanted, is_emergency=False, because=because)
    because = f"{shares(qty)} without an active stop, and {dollars(last)} is already through {dollars(wanted)}"
    price = emergency_price(last, facts.policy, holding.side)
    return PlaceStop(holding.symbol, exit_side, qty, price, is_emergency=True, because=because)


def _level(holding: Holding, facts: Facts) -> Decimal:
    """The level of a rescue; without the ledger's own prices where those are in older units."""
    if is_in_other_units(holding, facts):
        return rescue_price(replace(holding, trade=None), facts.policy)
    return rescue_price(holding, facts.policy, facts.book.owed_for(OwedKind.RAISE, holding.symbol))


def _may_grow(stop: Order, wanted: Decimal, holding: Holding, facts: Facts) -> bool:
    is_plain = stop.type is OrderType.STOP and stop.order_class is OrderClass.SIMPLE and stop.status is OrderStatus.NEW
    is_there = stop.stop_price is not None and not holding.side.is_tighter(wanted, than=stop.stop_price)
    return facts.session.is_open and is_plain and is_there


def _holders(holding: Holding, facts: Facts) -> tuple[list[Order], list[Order]]:
    """The orders that hold shares and protect none (ALPACA 6.1): those that must stay for now, those to cancel."""
    protecting = {stop.parent_id or stop.id for stop in holding.stops} | {stop.id for stop in holding.stops}
    closing = [o for o in facts.live_orders(holding.symbol) if o.side is holding.side.opposite]
    holders = _one_a_group([o for o in closing if not {o.id, o.parent_id} & protecting])
    stuck = [order for order in holders if _must_stay(order, facts)]
    return stuck, [order for order in holders if order not in stuck]


def _must_stay(order: Order, facts: Facts) -> bool:
    """One on its way out already; a sale an open market is about to fill; what protects a little.

    A stop-limit, a stop for the day, one whose status promises nothing: no reliable protection, but better than none.
    Where the cancel would hang until the open (ALPACA 4.4) they stay, for nothing could be put in their place.
    """
    if order.status is OrderStatus.PENDING_CANCEL:
        return True
    if order.type is OrderType.MARKET:
        return facts.session.is_open or (not order.is_protecting and not facts.frees_now(order))
    beside = (o for o in facts.live_orders(order.symbol) if o.time_in_force == "gtc" and _are_one_group(o, order))
    return not facts.frees_now(order) and any(_protects_a_little(member, facts) for member in (order, *beside))


def _protects_a_little(order: Order, facts: Facts) -> bool:
    """Not one that sleeps for good, under an entry that ended before it was complete (ALPACA 1.8)."""
    if order.type is OrderType.LIMIT:
        return False
    parent = facts.orders.get(order.parent_id or "")
    if order.status is not OrderStatus.HELD or parent is None:
        return True
    return parent.side is order.side or parent.status is OrderStatus.FILLED


def _are_one_group(one: Order, other: Order) -> bool:
    return one.side is other.side and (one.parent_id or one.id) == (other.parent_id or other.id)


def _one_a_group(orders: list[Order]) -> list[Order]:
    """Of each OCO or bracket one order: its members hold the same shares, and a cancel of any ends all (ALPACA 1.9).

    The parent stands for the group, or the member that is already on its way out.
    """
    chosen: dict[str, Order] = {}
    for order in orders:
        known = chosen.setdefault(order.parent_id or order.id, order)
        is_ending = order.status is OrderStatus.PENDING_CANCEL
        if is_ending or (known.is_leg and known.status is not OrderStatus.PENDING_CANCEL):
            chosen[order.parent_id or order.id] = order
    return list(chosen.values())


def _blocked(holding: Holding, qty: int, why: str, remedy: str) -> Finding:
    message = f"{shares(qty)} of {holding.symbol} without a stop: {why}"
    return Finding("stop_blocked", Severity.ALARM, holding.symbol, message, remedy)
