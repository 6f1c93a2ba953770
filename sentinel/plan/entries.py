"""New entries, judged against the policy, and old ones that never filled."""

from datetime import timedelta
from decimal import Decimal

from sentinel.domain.actions import CancelEntry, Plan, SubmitEntry
from sentinel.domain.errors import GuardRefusal, UsageError
from sentinel.domain.facts import EntryRequest, Facts
from sentinel.domain.findings import Finding, Severity
from sentinel.domain.money import dollars, is_on_tick, shares, to_tick
from sentinel.domain.names import Purpose
from sentinel.domain.orders import Order, OrderStatus, Side
from sentinel.plan.guards import entry_pause
from sentinel.plan.sizing import size_position, tightest_room
from sentinel.risk_config import price_at_gain


def plan_entry(facts: Facts) -> Plan:
    """The requested entry with its stop; UsageError for bad input, GuardRefusal where a safety rule says no."""
    request = facts.request
    if not isinstance(request, EntryRequest):
        return Plan()
    _check_request(request)
    stop_price = price_at_gain(request.limit_price, -request.stop_loss_pct, request.side)
    twin = find_twin(request, stop_price, facts)
    if twin is not None:
        message = f"the same entry is already at the broker as order {twin.id}, {twin.status}"
        return Plan(findings=(Finding("already_submitted", Severity.INFO, request.symbol, message, "nothing to do"),))
    _check_symbol(request, facts)
    _check_stop(request, stop_price, facts)
    qty, why = _quantity(request, facts)
    because = f"{why}; its stop is at {dollars(stop_price)}, {request.stop_loss_pct} % away"
    return Plan((SubmitEntry(request.symbol, request.side, qty, request.limit_price, stop_price, because),))


def plan_stale_entries(facts: Facts) -> Plan:
    """A cancel for each entry that has waited too long without a single fill; one on its way out is not asked again."""
    limit = timedelta(days=facts.policy.stale_entry_days)
    return Plan.of(
        CancelEntry(order.symbol, order, because=f"unfilled for {facts.policy.stale_entry_days} days")
        for order in facts.orders.values()
        if order.purpose is Purpose.ENTRY and order.is_live and order.filled_qty == 0
        if order.status is not OrderStatus.PENDING_CANCEL
        if order.created_at is not None and facts.session.now - order.created_at >= limit
    )


def find_twin(request: EntryRequest, stop_price: Decimal, facts: Facts) -> Order | None:
    """An entry of ours that is live and is just what is being asked for: asking twice sends once."""
    for order in facts.live_orders(request.symbol):
        is_same = (order.side, order.limit_price) == (request.side, request.limit_price)
        leg = next((o for o in facts.orders.values() if o.parent_id == order.id and o.is_stop), None)
        is_same_stop = leg is not None and leg.stop_price == stop_price
        if order.purpose is Purpose.ENTRY and is_same and is_same_stop and request.qty in (None, order.qty):
            return order
    return None


def _check_request(request: EntryRequest) -> None:
    if request.limit_price <= 0:
        raise UsageError(f"the price {request.limit_price} is not above zero", "give the limit price in dollars")
    if not is_on_tick(request.limit_price):
        near = to_tick(request.limit_price)
        raise UsageError(f"the price {request.limit_price} has parts of a cent", f"type {near} instead")
    if request.qty is not None and (request.qty <= 0 or request.qty != int(request.qty)):
        raise UsageError(
            f"the quantity {request.qty} is not a whole number of shares above zero",
            "use whole shares: the broker lets no stop rest overnight behind a fraction",
        )
    if not Decimal("0.5") <= request.stop_loss_pct <= 50:
        raise UsageError(
            f"a stop {request.stop_loss_pct} % from the entry is not between 0.5 % and 50 %",
            "give --stop-loss-pct in percent, on the losing side: 8 means 8 %",
        )


def _check_symbol(request: EntryRequest, facts: Facts) -> None:
    asset, symbol = request.asset, request.symbol
    if asset is None:
        raise UsageError(f"the broker knows no symbol {symbol}", "check the spelling")
    if not asset.tradable or asset.status != "active":
        raise GuardRefusal(f"{symbol} is not tradable at the broker", "choose another symbol")
    if request.side is Side.SELL and not (asset.shortable and facts.account.shorting_enabled):
        raise GuardRefusal(f"{symbol} cannot be sold short on this account", "enter long, or enable shorting there")
    pause = entry_pause(facts)
    if pause is not None:
        raise pause
    if symbol in facts.positions:
        raise GuardRefusal(
            f"{symbol} is already held, and its resting stop forbids a second entry",
            "one position a symbol; wait until this one is closed",
        )
    waiting = next(iter(facts.live_orders(symbol)), None)
    if waiting is not None:
        raise GuardRefusal(
            f"order {waiting.id} on {symbol} is still {waiting.status}",
            "let it fill, or cancel it at the broker and run `sentinel reconcile-fills`",
        )


def _check_stop(request: EntryRequest, stop_price: Decimal, facts: Facts) -> None:
    """The stop must lie beyond the entry and, as the broker asks, beyond the market too (ALPACA 1.10)."""
    last = facts.last_price(request.symbol)
    if stop_price <= 0 or not request.side.is_tighter(request.limit_price, than=stop_price):
        raise UsageError(f"a stop at {stop_price} does not protect an entry at {request.limit_price}", "widen it")
    if last is not None and not request.side.is_tighter(last, than=stop_price):
        raise GuardRefusal(
            f"{request.symbol} trades at {last}, already through the stop at {stop_price}",
            "check the price you typed",
        )


def _quantity(request: EntryRequest, facts: Facts) -> tuple[int, str]:
    room = tightest_room(facts)
    most = room.shares(request.limit_price)
    if request.qty is None:
        qty, why = size_position(facts, request.limit_price)
    else:
        qty, why = int(request.qty), "the quantity is yours"
    if most == 0 or qty > most:
        raise GuardRefusal(
            f"{shares(max(qty, 1))} of {request.symbol} at {dollars(request.limit_price)} exceed {room.limit}",
            f"enter {shares(most)} at most" if most else "close or shrink a position first, or change [risk]",
        )
    if qty == 0:
        raise GuardRefusal(
            f"{why} buys no whole share of {request.symbol} at {dollars(request.limit_price)}",
            f"name a quantity, {most} at most, or raise risk.position_size_usd",
        )
    return qty, why
