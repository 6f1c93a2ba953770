"""Positions at their target (and breached ones) are offered for sale; approved ones are sold when that is safe."""

from collections.abc import Collection, Iterator

from sentinel.domain.actions import Action, ClosePosition, Forget, OfferExit, Owe, Plan, RaiseStop
from sentinel.domain.book import Approval, ApprovalState, ExitReason, OwedKind, SaleKind
from sentinel.domain.facts import Facts, Holding
from sentinel.domain.findings import SALE_PAST_A_NO, Finding, Severity
from sentinel.domain.money import HUNDRED, dollars
from sentinel.domain.orders import Order
from sentinel.plan.ghosts import is_still_held
from sentinel.plan.partial_profits import is_part_due, is_settled, offer_part, part_qty, sell_part
from sentinel.plan.splits import is_left_alone
from sentinel.plan.trailing_stops import AMENDABLE, is_lower
from sentinel.risk_config import price_at_gain, should_take_profit


def plan_profit_taking(facts: Facts) -> Plan:
    """Offers for positions at target, sales of approved ones, nothing while profit-taking is halted.

    While the arming of a live account has lapsed, profits are offered and none is sold.
    """
    if facts.book.halt_reason is not None:
        return Plan()
    return Plan.of(part for holding in facts.holdings for part in _judge(holding, facts))


def sales_past_a_no(facts: Facts, symbols: Collection[str]) -> tuple[Finding, ...]:
    """An alarm for each order that sells one of these symbols although the trader has just said no."""
    selling = [(held.symbol, sale) for held in facts.holdings for sale in facts.exits(held.position)]
    return tuple(_too_late(symbol, sale) for symbol, sale in selling if symbol in symbols)


def _too_late(symbol: str, sale: Order) -> Finding:
    message = f"the no comes late: the sale of {symbol} is at the broker already, order {sale.id}, {sale.status}"
    remedy = "to keep the shares, cancel it there, then run `sentinel evening-workflow`, which puts their stop back"
    return Finding(SALE_PAST_A_NO, Severity.ALARM, symbol, message, remedy)


def _judge(holding: Holding, facts: Facts) -> Iterator[Action | Finding]:
    if holding.position.whole_shares < 1 or facts.exits(holding.position) or is_left_alone(holding, facts):
        return
    if holding.trade is not None and not is_still_held(holding.trade, facts):
        return  # what was asked and answered was about shares that are gone
    asked = facts.book.approvals_for(holding.symbol)
    approved = next((a for a in asked if a.state is ApprovalState.APPROVED), None)
    if approved and facts.lapse is not None and approved.kind != SaleKind.BREACH:
        return  # the yes stays in force as long as it would, for the account may be armed again
    if approved and _still_holds(approved, holding, facts):
        because = f"approved at {dollars(approved.price_shown)}"
        if approved.kind == SaleKind.PARTIAL:
            yield from sell_part(holding, facts, because)
        else:
            reason = ExitReason.PROFIT if approved.kind == SaleKind.PROFIT else ExitReason.MANUAL
            yield from exit_actions(holding, facts, reason, because)
        return
    if facts.book.owed_for(OwedKind.EXIT, holding.symbol):
        yield Forget(holding.symbol, OwedKind.EXIT, because="no answer in force asks for it")
    if approved or not any(_is_in_force(approval, facts) for approval in asked):
        yield from _offer(holding, facts)


def exit_actions(holding: Holding, facts: Facts, reason: ExitReason, because: str) -> Iterator[Action]:
    """Sell when the stop frees its shares at once; else move the stop up to the price and owe the exit."""
    qty = holding.position.whole_shares
    if all(facts.frees_now(stop) for stop in holding.stops):
        yield ClosePosition(holding.symbol, holding.stops, holding.side.opposite, qty, reason, because)
        return
    if holding.last_price is None:
        return
    near = price_at_gain(holding.last_price, -facts.policy.exit_stop_pct, holding.side)
    owed = facts.book.owed_for(OwedKind.EXIT, holding.symbol)
    if owed and owed.price == near and owed.tried_on == facts.today:
        return  # all that can be done before the open has been tried tonight
    for stop in holding.stops:
        if is_lower(stop, near, holding) and stop.status in AMENDABLE:
            why = f"{because}; the stop cannot be freed before the open, so it follows the price closely"
            yield RaiseStop(holding.symbol, stop, near, because=why, is_for_exit=True)
    why = f"{because}; a stop already at a venue is not cancelled after hours"
    yield Owe(holding.symbol, OwedKind.EXIT, near, qty, because=why)


def _offer(holding: Holding, facts: Facts) -> Iterator[Action | Finding]:
    """One question a position: a breach before a part that is due, a part before the whole."""
    if holding.gain_pct is None or holding.last_price is None:
        return
    qty, last = holding.position.whole_shares, holding.last_price
    if holding.trade and holding.trade.is_breached:
        because = f"the price fell through the stop to {dollars(last)}; only the emergency stop is left"
        yield OfferExit(holding.symbol, SaleKind.BREACH, qty, last, because)
        return
    part = tuple(offer_part(holding, facts)) if is_part_due(holding, facts) else ()
    yield from part
    if any(isinstance(action, OfferExit) for action in part):
        return
    if should_take_profit(holding.gain_pct, facts.policy):
        because = f"{holding.gain_pct:+.1f} % is at the target of +{facts.policy.profit_target_pct} %"
        yield OfferExit(holding.symbol, SaleKind.PROFIT, qty, last, because)


def _still_holds(approved: Approval, holding: Holding, facts: Facts) -> bool:
    """Whether a yes is still about what it was given for: these shares, near this price, not too long ago."""
    if holding.last_price is None or facts.session.now >= approved.expires_at:
        return False
    drift_pct = abs(holding.last_price - approved.price_shown) / approved.price_shown * HUNDRED
    return drift_pct <= facts.policy.approval_drift_pct and approved.qty == _asked_qty(approved, holding, facts)


def _asked_qty(approved: Approval, holding: Holding, facts: Facts) -> int:
    """The shares such a question would be about now; none where a part has already been sold."""
    whole = holding.position.whole_shares
    if approved.kind != SaleKind.PARTIAL:
        return whole
    is_wanted = facts.policy.partial_profits and not is_settled(holding, facts)
    return part_qty(whole, facts.policy) if is_wanted else 0


def _is_in_force(approval: Approval, facts: Facts) -> bool:
    """A question waiting for the trader to come, or one answered this session: nobody is asked twice."""
    if approval.state is ApprovalState.WAITING:
        return facts.session.now < approval.expires_at and not facts.trader_is_present
    return approval.session == facts.today and approval.state in (ApprovalState.REJECTED, ApprovalState.DONE)
