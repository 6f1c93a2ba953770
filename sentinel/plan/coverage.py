"""The proof: what protects each position, read from the broker's orders alone."""

from datetime import timedelta
from decimal import Decimal

from sentinel.domain.coverage import Coverage, CoverageRow, CoverageState
from sentinel.domain.facts import Facts, Holding
from sentinel.domain.findings import Finding, Severity
from sentinel.domain.money import dollars, shares
from sentinel.domain.orders import Order, OrderStatus, OrderType

# What an open market fills at once; ten minutes are for sales queued overnight (ALPACA 2.4).
FILLS_WITHIN = timedelta(minutes=10)


def prove_coverage(facts: Facts) -> Coverage:
    """One row a position: shares held, shares under an active stop, and the state that follows."""
    return Coverage.of([_row(holding, facts) for holding in facts.holdings])


def unverified_coverage(facts: Facts, reason: str) -> Coverage:
    """One row a trade the ledger holds open, where the broker's word on it is not believed."""
    prices = facts.previous_prices
    return Coverage.of([CoverageRow.unverified(t, reason, prices.get(t.symbol)) for t in facts.book.trades])


def coverage_findings(coverage: Coverage) -> tuple[Finding, ...]:
    """An alarm for each position that is not covered to the share (I1), news of one that leaves at the open."""
    return tuple(
        Finding(
            f"coverage_{row.state}",
            Severity.INFO if row.state is CoverageState.PENDING else Severity.ALARM,
            row.symbol,
            f"{row.qty - row.protected_qty} of {shares(row.qty)} of {row.symbol} without an active stop: {row.reason}",
            _FRACTION_REMEDY if row.reason == A_FRACTION else _REMEDIES[row.state],
        )
        for row in coverage.rows
        if row.state in _REMEDIES
    )


def blocked_findings(facts: Facts) -> tuple[Finding, ...]:
    """An alarm where the broker takes no orders: no stop can be placed or raised, whatever happens (ALPACA 9.5)."""
    if not facts.account.blocks_orders:
        return ()
    message = "the broker blocks new orders on this account: the stops that rest go on, none can be placed or raised"
    remedy = "the account's page at the broker says why, and what to do; `sentinel doctor` tells when it is over"
    return (Finding("blocked_account", Severity.ALARM, None, message, remedy),)


A_FRACTION = "a fraction of a share can carry no stop"
_FRACTION_REMEDY = "sell the fraction by hand, or buy the rest of its share: no stop can rest behind it overnight"
_REMEDIES = {
    CoverageState.NAKED: "run `sentinel rescue-stops` now, or place a stop at the broker by hand",
    CoverageState.PARTLY_PROTECTED: "run `sentinel rescue-stops`, or place a stop for the rest by hand",
    CoverageState.UNVERIFIED: "look at the order at the broker; run `sentinel rescue-stops` once it has settled",
    CoverageState.PENDING: "the sale fills at the open; the next run confirms it",
}


def _row(holding: Holding, facts: Facts) -> CoverageRow:
    state, reason = _state(holding, facts)
    prices = [stop.stop_price for stop in holding.stops if stop.stop_price is not None]
    expiries = [stop.expires_at for stop in holding.stops if stop.expires_at is not None]
    loosest = (min(prices) if holding.side.sign > 0 else max(prices)) if prices else None
    return CoverageRow(
        symbol=holding.symbol,
        qty=holding.position.shares,
        protected_qty=_protected_qty(holding),
        state=state,
        stop_price=loosest,
        stop_order_ids=tuple(stop.id for stop in holding.stops),
        expires_at=min(expiries) if expiries else None,
        reason=reason,
        side=holding.side,
        entry_price=holding.entry_price,
        last_price=holding.last_price,
    )


def _protected_qty(holding: Holding) -> Decimal:
    """Shares under a stop on the right side of the market; one the price has gone through protects no longer."""
    resting = sum((stop.remaining_qty for stop in holding.stops if not _is_through(stop, holding)), Decimal(0))
    return min(resting, holding.position.shares)


def _is_through(stop: Order, holding: Holding) -> bool:
    """Whether the price has reached the stop without its having filled yet."""
    last, at = holding.last_price, stop.stop_price
    return last is not None and at is not None and not holding.side.is_tighter(last, than=at)


def _state(holding: Holding, facts: Facts) -> tuple[CoverageState, str]:
    if holding.is_protected:
        return _state_of_protected(holding, facts)
    closing = [o for o in facts.live_orders(holding.symbol) if o.side is holding.side.opposite]
    leaving = facts.leaving(holding.position)
    exiting = sum(order.remaining_qty for order in leaving)
    if exiting + holding.protected_qty >= holding.position.whole_shares > 0 and exiting:
        return _state_of_leaving(leaving, facts)
    if holding.protected_qty > 0:
        missing = holding.position.shares - holding.protected_qty
        return CoverageState.PARTLY_PROTECTED, A_FRACTION if missing < 1 else "the stops are for fewer shares"
    if holding.position.whole_shares < 1:
        return CoverageState.NAKED, A_FRACTION
    doubtful = next((o for o in closing if o.is_stop and o.status in _DOUBTFUL), None)
    if doubtful is not None:
        return CoverageState.UNVERIFIED, f"stop {doubtful.id} is {doubtful.status}"
    return CoverageState.NAKED, _why_naked(closing, facts)


def _state_of_leaving(exits: tuple[Order, ...], facts: Facts) -> tuple[CoverageState, str]:
    """Shares that leave at the open; while it is open a sale that does not fill has met a halt (ALPACA 10.10)."""
    late = next((o for o in exits if facts.session.is_open and _could_have_filled(o, facts)), None)
    if late is not None:
        return CoverageState.UNVERIFIED, f"market exit {late.id} has not filled, though the market is open"
    return CoverageState.PENDING, "a market exit waits for the open"


def _state_of_protected(holding: Holding, facts: Facts) -> tuple[CoverageState, str]:
    through = [dollars(stop.stop_price) for stop in holding.stops if _is_through(stop, holding)]
    if through:
        where = f"the price is at {dollars(holding.last_price)}, through the stop at {', '.join(through)}"
        if facts.session.is_open:
            return CoverageState.UNVERIFIED, f"{where}, which has not filled"
        return CoverageState.PENDING, f"{where}: it sells at the open"
    owed = next((owed for owed in facts.book.owed if owed.symbol == holding.symbol), None)
    if owed is None:
        return CoverageState.PROTECTED, "every share is under an active stop"
    reason = f"the {owed.kind} to {dollars(owed.price)} is owed since {owed.since}: {owed.reason}"
    return CoverageState.PROTECTED_OLD_LEVEL, reason


_DOUBTFUL = frozenset(OrderStatus) - {OrderStatus.HELD}


def _could_have_filled(sale: Order, facts: Facts) -> bool:
    now = facts.session.now
    since = max(sale.submitted_at or now, facts.session.opened_at or sale.submitted_at or now)
    return now - since >= FILLS_WITHIN


def _why_naked(closing: list[Order], facts: Facts) -> str:
    unsure = next((o for o in closing if o.type is OrderType.MARKET), None)
    if unsure is not None:
        return f"market exit {unsure.id} is {unsure.status} and does not fill at the open"
    asleep = next((order for order in closing if order.status is OrderStatus.HELD), None)
    if asleep is None:
        return "no stop order is live"
    if facts.is_ending_with_its_group(asleep):
        return f"stop {asleep.id} ends with the order beside it, whose cancel is under way"
    return "its entry is not complete, so its stop sleeps"
