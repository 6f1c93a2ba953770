"""A position Sentinel did not open, taken by the trader for his own."""

from decimal import Decimal

from sentinel.domain.actions import NameTrade, Plan
from sentinel.domain.errors import UsageError
from sentinel.domain.facts import AdoptRequest, Facts, Holding
from sentinel.domain.money import dollars
from sentinel.plan.splits import is_unexplained
from sentinel.risk_config import calculate_stop_price


def plan_adoption(facts: Facts) -> Plan:
    """Name the trade the trader asked for; UsageError when it is not held, or was never in question."""
    request = facts.request
    if not isinstance(request, AdoptRequest):
        return Plan()
    if request.symbol not in facts.positions:
        raise UsageError(f"{request.symbol} is not held", "see `sentinel status --live` for what is")
    holding = facts.holding(request.symbol)
    trade = holding.trade
    if trade is None or trade.side is not holding.side:
        return Plan()  # the positions' step adopts it first
    is_puzzle = is_unexplained(holding, facts)
    if not (trade.is_adopted or is_puzzle):
        raise UsageError(f"{request.symbol} was opened by Sentinel", "only a position opened elsewhere is adopted")
    price = request.entry_price or (holding.position.avg_entry_price if is_puzzle else trade.entry_price)
    is_named = trade.named_at is not None and trade.qty == holding.position.shares
    if is_named and (trade.entry_price, trade.is_ignored) == (price, request.is_ignored):
        return Plan()
    first_stop = calculate_stop_price(price, facts.policy, holding.side)
    because = f"you named it, at {dollars(price)} a share" + (", and to be left alone" if request.is_ignored else "")
    return Plan.of(
        [
            NameTrade(
                request.symbol,
                trade,
                holding.position.shares,
                price,
                first_stop,
                _highest(holding, first_stop, is_puzzle=is_puzzle),
                request.is_ignored,
                because,
            )
        ]
    )


def _highest(holding: Holding, first_stop: Decimal, *, is_puzzle: bool) -> Decimal:
    """The level no stop may rest under; that of shares counted anew is where their stops rest now."""
    levels = [stop.stop_price for stop in holding.stops if stop.stop_price is not None]
    if not is_puzzle and holding.trade:
        levels.append(holding.trade.highest_stop_price)
    return holding.side.tightest(first_stop, *levels)
