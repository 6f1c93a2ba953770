"""The emergency ladder after its stop: the question at the top of the next run, and the way back up."""

from collections.abc import Iterator

from sentinel.domain.actions import Action, EndBreach, OfferExit, Plan
from sentinel.domain.book import ApprovalState, SaleKind, Trade
from sentinel.domain.facts import Facts, Holding
from sentinel.domain.findings import Finding, Severity
from sentinel.domain.money import dollars
from sentinel.plan.rescue import rescue_price
from sentinel.plan.splits import is_left_alone
from sentinel.plan.trailing_stops import is_lower


def plan_breaches(facts: Facts) -> Plan:
    """For each breached position the end of the breach, or the question whether to sell, into the inbox.

    Nothing here waits for a person: protection comes first, and the profit step asks whoever is there.
    """
    breached = ((holding, holding.trade) for holding in facts.holdings if holding.trade and holding.trade.is_breached)
    return Plan.of(part for holding, trade in breached for part in _judge(holding, trade, facts))


def _judge(holding: Holding, trade: Trade, facts: Facts) -> Iterator[Action | Finding]:
    level, last, symbol = rescue_price(holding, facts.policy), holding.last_price, holding.symbol
    if last is None:
        return
    is_at_level = holding.is_protected and not any(is_lower(stop, level, holding) for stop in holding.stops)
    if is_at_level and holding.side.is_tighter(last, than=level):
        because = f"{symbol} at {dollars(last)} and its stop are back at the level of {dollars(level)}"
        yield EndBreach(symbol, trade, because)
        yield Finding("breach_over", Severity.INFO, symbol, because, "nothing to do")
        return
    if is_left_alone(holding, facts):
        return
    qty = holding.position.whole_shares
    if qty < 1 or facts.book.halt_reason is not None or facts.exits(holding.position) or _is_asked(symbol, facts):
        return
    because = f"the price fell through the stop to {dollars(last)}; only the emergency stop is left"
    yield OfferExit(symbol, SaleKind.BREACH, qty, last, because, is_filed=True)


def _is_asked(symbol: str, facts: Facts) -> bool:
    """Whether the question waits, has a yes that is not done yet, or was answered this session.

    One about a part was asked of a winner; the breach takes its place.
    """
    for question in facts.book.approvals_for(symbol):
        if question.kind == SaleKind.PARTIAL:
            continue
        is_open = question.state in (ApprovalState.WAITING, ApprovalState.APPROVED)
        if is_open and facts.session.now < question.expires_at:
            return True
        if question.session == facts.today and question.state in (ApprovalState.REJECTED, ApprovalState.DONE):
            return True
    return False
