"""New entries, judged against the policy, and old ones that never filled."""

from datetime import timedelta
from decimal import Decimal

from sentinel.domain.actions import CancelEntry, Plan, SubmitEntry
from sentinel.domain.errors import GuardRefusal, UsageError
from sentinel.domain.facts import EntryRequest, Facts
from sentinel.domain.findings import Finding, Severity
from sentinel.domain.money import dollars, is_on_tick, to_tick
from sentinel.domain.names import SYMBOL, Purpose
from sentinel.domain.orders import Order, OrderStatus
from sentinel.plan.limits import overridden, refusal_of
from sentinel.plan.sizing import size_position
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
        remedy = "let it work; another is sent only after this one has filled, or was cancelled at the broker"
        return Plan(findings=(Finding("already_submitted", Severity.INFO, request.symbol, message, remedy),))
    if request.asset is None:
        raise UsageError(f"the broker knows no symbol {request.symbol}", "check the spelling")
    if stop_price <= 0 or not request.side.is_tighter(request.limit_price, than=stop_price):
        raise UsageError(f"a stop at {stop_price} does not protect an entry at {request.limit_price}", "widen it")
    qty, why = _quantity(request, facts)
    entry = _entry(request, max(qty, 1), stop_price, why)
    refusal = refusal_of(entry, facts) or (None if qty else _too_dear(entry, why))
    if refusal is not None:
        raise refusal
    return Plan((entry,), tuple(overridden(entry, facts)))


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
    if not SYMBOL.fullmatch(request.symbol):
        # The broker reads `aapl` as AAPL; the limits, the position and the orders of AAPL would not be found.
        raise UsageError(f"{request.symbol!r} is no stock symbol", "write it as the exchange does: AAPL or BRK.B")
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


def _quantity(request: EntryRequest, facts: Facts) -> tuple[int, str]:
    if request.qty is None:
        return size_position(facts, request.limit_price, request.overrides)
    return int(request.qty), "the quantity is yours"


def _entry(request: EntryRequest, qty: int, stop_price: Decimal, why: str) -> SubmitEntry:
    because = f"{why}; its stop is at {dollars(stop_price)}, {request.stop_loss_pct} % away"
    if request.overrides:
        because = f"{because}; {', '.join(request.overrides)} set aside: {request.override_reason}"
    return SubmitEntry(
        symbol=request.symbol,
        side=request.side,
        qty=qty,
        limit_price=request.limit_price,
        stop_price=stop_price,
        because=because,
        overrides=request.overrides,
        override_reason=request.override_reason,
    )


def _too_dear(entry: SubmitEntry, size: str) -> GuardRefusal:
    """One share would be within every limit, and costs more than a position is to cost."""
    price = dollars(entry.limit_price)
    return GuardRefusal(
        f"{size} buys no whole share of {entry.symbol} at {price} (rule position_size)",
        "name a quantity, or raise risk.position_size_usd",
        rule="position_size",
        value=f"${price}",
        limit=size,
    )
