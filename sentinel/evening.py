"""The evening, from the first look to the coverage proof: read this file first."""

from collections.abc import Sequence

from sentinel.domain.actions import Plan
from sentinel.domain.book import ApprovalState, SaleKind
from sentinel.domain.errors import GuardRefusal, UsageError
from sentinel.domain.facts import Facts
from sentinel.domain.runs import RunReport
from sentinel.execution.workplace import Step
from sentinel.execution_engine import OrderExecutionEngine
from sentinel.plan.breach import NOT_ARMED
from sentinel.plan.breaches import plan_breaches
from sentinel.plan.entries import plan_stale_entries
from sentinel.plan.fills import plan_fills
from sentinel.plan.orphans import plan_orphans
from sentinel.plan.positions import plan_positions
from sentinel.plan.profit_taking import plan_profit_taking, sales_past_a_no
from sentinel.plan.renewals import plan_renewals
from sentinel.plan.rescue import plan_rescue
from sentinel.plan.trailing_stops import plan_trailing_stops

EVENING: tuple[Step, ...] = (
    Step("fills", plan_fills),
    Step("positions", plan_positions),
    Step("breaches", plan_breaches),  # files its questions, waits for nobody
    Step("rescue", plan_rescue),  # protection first
    Step("raises", plan_trailing_stops),
    Step("renewals", plan_renewals),
    Step("orphans", plan_orphans),
    Step("profit", plan_profit_taking),  # the only one that waits for a person
    Step("entries", plan_stale_entries),
)


def run_evening(
    engine: OrderExecutionEngine, *, source: str, is_dry_run: bool = False, force: bool = False
) -> RunReport:
    """Settle unfinished intents, look, take every step in order, look again, prove the coverage.

    Example, on the embedded exchange: see docs/architecture.md, whose story runs as a test.
    """
    return engine.run(EVENING, "evening-workflow", source=source, is_dry_run=is_dry_run, force=force)


def decide_approvals(
    engine: OrderExecutionEngine, ids: Sequence[int], state: ApprovalState, *, source: str, is_dry_run: bool = False
) -> RunReport:
    """Write the trader's answers down, then act on a yes where market and stop allow it, else leave it owed.

    A no also takes back a yes whose sale is still owed; of a sale that is at the broker already it says what is left
    to do by hand.

    UsageError names an id that waits for no answer, or no longer, GuardRefusal says that the arming of a live account
    has lapsed; nothing is written then.
    """
    ledger = engine.workplace.ledger
    open_states = [ApprovalState.WAITING] + ([ApprovalState.APPROVED] if state is ApprovalState.REJECTED else [])
    waiting = {approval.id: approval for kind in open_states for approval in ledger.approvals(kind)}
    unknown = [str(number) for number in ids if number not in waiting]
    if unknown:
        raise UsageError(f"no question {', '.join(unknown)} is waiting", "see `sentinel approvals list`")
    now = engine.workplace.broker.session().now
    lapsed = [str(number) for number in ids if waiting[number].expires_at <= now and state is ApprovalState.APPROVED]
    if lapsed:
        raise UsageError(f"question {', '.join(lapsed)} has lapsed", "the next evening asks again if it still applies")
    lapse = engine.workplace.lapse
    if lapse and state is ApprovalState.APPROVED and any(waiting[n].kind != SaleKind.BREACH for n in ids):
        raise GuardRefusal(
            f"profit sales are refused: {lapse}",
            "arm it again: sentinel arm ACCOUNT_NUMBER",
            rule=NOT_ARMED,
            value=lapse,
            limit="an armed account",
        )
    for number in ids:
        with ledger.transaction():
            ledger.decide_approval(number, state, now)
            asked = waiting[number]
            ledger.audit(f"approval_{state}", asked.symbol, f"question {number}: {asked.because}")
    symbols = {waiting[number].symbol for number in ids}

    def plan_answered(facts: Facts) -> Plan:
        plan = plan_profit_taking(facts).only(symbols)
        too_late = sales_past_a_no(facts, symbols) if state is ApprovalState.REJECTED else ()
        return Plan(plan.actions, (*plan.findings, *too_late))

    steps = (Step("profit", plan_answered),)
    command = "approvals approve" if state is ApprovalState.APPROVED else "approvals reject"
    return engine.run(steps, command, source=source, is_dry_run=is_dry_run)
