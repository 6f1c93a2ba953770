"""One run: settle what is unfinished, look, take each step, look again, prove the coverage, write it all down."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from decimal import Decimal

from sentinel.broker import Broker
from sentinel.domain.actions import (
    Action,
    CancelEntry,
    CancelStop,
    FreeShares,
    OfferExit,
    Plan,
    RaiseStop,
    is_following,
    is_mutation,
    is_note,
    verb_of,
)
from sentinel.domain.book import ApprovalState
from sentinel.domain.coverage import Coverage
from sentinel.domain.errors import BrokerUnreachable, GuardRefusal, LedgerError, SentinelError
from sentinel.domain.facts import EntryRequest, Facts, Holding
from sentinel.domain.findings import Finding, Severity
from sentinel.domain.money import dollars
from sentinel.domain.outcomes import Unresolved
from sentinel.domain.runs import Deed, DeedOutcome, RunReport
from sentinel.execution.deeds import Deeds, Result
from sentinel.execution.following import Following
from sentinel.execution.hand import Hand
from sentinel.execution.journal import Journal
from sentinel.execution.look import look
from sentinel.execution.naming import Naming
from sentinel.execution.patience import Patience
from sentinel.ledger import Ledger, RowRefused
from sentinel.plan.coverage import coverage_findings, prove_coverage
from sentinel.plan.fills import plan_fills
from sentinel.plan.guards import suddenly_empty
from sentinel.plan.positions import plan_positions
from sentinel.risk_config import RiskPolicy

Planner = Callable[[Facts], Plan]
Ask = Callable[[OfferExit, Holding], bool]
Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Step:
    """One pass of an evening: its name and the planner that decides it."""

    name: str
    planner: Planner


@dataclass(frozen=True, slots=True)
class Workplace:
    """What every run needs: the broker, the ledger, the policy, and how to talk to the trader."""

    broker: Broker
    ledger: Ledger
    policy: RiskPolicy
    # Whether a cancel after the close is known to take effect at once on this account (ALPACA 4.4).
    cancels_at_once: bool = False
    patience: Patience = field(default_factory=Patience)
    ask: Ask | None = None
    progress: Progress = lambda _text: None


class Run:
    """A command at work; one instance, one run."""

    def __init__(self, workplace: Workplace, command: str, source: str, *, is_dry_run: bool, force: bool) -> None:
        self.workplace = workplace
        self.ledger = workplace.ledger
        self.command = command
        self.source = source
        self.is_dry_run = is_dry_run
        self.force = force
        self.journal = Journal(workplace.broker, workplace.ledger, workplace.patience)
        self.following = Following(workplace.ledger)
        self.deeds_of = Deeds(Hand(self.journal, self.following, Naming()))
        self.deeds: list[Deed] = []
        self.findings: list[Finding] = []
        self.unsure: set[str] = set()
        self.bugs: list[Exception] = []
        self.request: EntryRequest | None = None
        self.facts: Facts

    def take(self, steps: Iterable[Step], request: EntryRequest | None = None) -> RunReport:
        """The whole run; SentinelError when the broker cannot be read or a guard refuses the whole of it."""
        self.workplace.progress("settling what an earlier run left open")
        self._settle_unfinished()
        self.workplace.progress("looking at the broker")
        self.request = request
        self.facts = self._look()
        self._refuse_sudden_emptiness()
        self.unsure |= self.facts.unseen_symbols
        self.findings += (
            Finding("blind_spot", Severity.WARNING, None, seen, "look at it in your broker's app")
            for seen in self.facts.blind_spots
        )
        for step in steps:
            self.workplace.progress(step.name)
            self._take_step(step)
        self.workplace.progress("looking again")
        report = self._conclude()
        if self.bugs:
            raise self.bugs[0]
        return report

    def _settle_unfinished(self) -> None:
        """Settle what an earlier run left open; one symbol that cannot be settled costs no other its turn (I9)."""
        for intent in self.ledger.unsettled_intents():
            try:
                outcome = self.journal.settle_unfinished(intent)
            except BrokerUnreachable as error:
                self._lose_sight_of(intent.symbol, error)
                continue
            fate = "never saw it" if isinstance(outcome, Unresolved) else "has answered since"
            message = f"{intent.verb} of {intent.symbol} was interrupted; the broker {fate}"
            remedy = "nothing to do: this run took it from there"
            self.findings.append(Finding("recovered", Severity.INFO, intent.symbol, message, remedy))

    def _lose_sight_of(self, symbol: str, error: SentinelError) -> None:
        """Nothing more is sent for a symbol whose state is not known; the next run asks again."""
        self.unsure.add(symbol)
        message = f"what became of {symbol} is not known: {error.message}"
        self.findings.append(Finding("unresolved", Severity.ALARM, symbol, message, "run again"))

    def _look(self) -> Facts:
        work = self.workplace
        session = work.broker.session()
        facts = look(
            work.broker, self.ledger.book(session.day), work.policy, session, self.ledger.last_look(), self.request
        )
        return replace(
            facts,
            cancels_at_once=work.cancels_at_once,
            trader_is_present=work.ask is not None,
        )

    def _refuse_sudden_emptiness(self) -> None:
        missing = suddenly_empty(self.facts)
        if missing and not self.force:
            raise GuardRefusal(
                f"the broker shows no position at all, the ledger holds {missing}, and no fill explains it",
                "look at your account; if it really is empty, run again with --force",
            )

    def _take_step(self, step: Step) -> None:
        plan = step.planner(self.facts)
        if self._carry_out(plan, step):
            # A person has answered: the market moved on meanwhile, so look before acting on the answer.
            self.facts = self._look()
            self._carry_out(step.planner(self.facts), step)

    def _carry_out(self, plan: Plan, step: Step) -> bool:
        """Do a plan's actions in their order; True when the trader approved something on the way."""
        self._begin()
        self.findings += plan.findings
        failed: set[str] = set()
        done: list[Deed] = []
        approved = False
        for action in plan.actions:
            if is_mutation(action) and action.symbol in failed | self.unsure:
                result = Result(DeedOutcome.SKIPPED, "an earlier action on this symbol did not succeed")
            else:
                result, said_yes = self._do(action)
                approved = approved or said_yes
            if result.outcome in (DeedOutcome.REFUSED, DeedOutcome.UNRESOLVED):
                failed.add(action.symbol)
            done.append(self._deed(step, action, result))
        self.deeds += done
        self.ledger.record_step(self._run_id, step.name, done)
        self.facts = replace(self.facts, book=self.ledger.book(self.facts.today))
        return approved

    def _begin(self) -> None:
        """Open the run in the ledger; late, so that a refused request leaves nothing behind."""
        if self.journal.run_id is None:
            self.journal.run_id = self.ledger.begin_run(
                self.command, self.source, self.facts.today, self.facts.session.now
            )

    def _do(self, action: Action) -> tuple[Result, bool]:
        """One action; an unreadable broker or a refused row costs this symbol its turn and no other (I9)."""
        try:
            if is_mutation(action):
                result = self.deeds_of.do(action, self.facts)
                self.facts = self.facts.fold(result.orders)
                self.findings += result.findings
                return result, False
            if is_note(action):
                self.following.note(action, self.facts)
            if is_following(action):
                return Result(DeedOutcome.DONE, action.order.status), False
            return self._ask(action)
        except (BrokerUnreachable, RowRefused) as error:
            self._lose_sight_of(action.symbol, error)
            return Result(DeedOutcome.UNRESOLVED, error.message), False
        except LedgerError:
            raise
        except Exception as bug:  # noqa: BLE001 - a bug met on one symbol must not leave the others bare
            self.bugs.append(bug)
            self.unsure.add(action.symbol)
            message = f"Sentinel has a bug and left {action.symbol} as it was: {bug!r}"
            self.findings.append(Finding("bug", Severity.ALARM, action.symbol, message, "send the crash report"))
            return Result(DeedOutcome.UNRESOLVED, repr(bug)), False

    def _ask(self, action: Action) -> tuple[Result, bool]:
        """Put a filed question to the trader, if one is there to answer; True for a yes."""
        if not isinstance(action, OfferExit) or self.workplace.ask is None:
            return Result(DeedOutcome.DONE), False
        yes = self.workplace.ask(action, self.facts.holding(action.symbol))
        state = ApprovalState.APPROVED if yes else ApprovalState.REJECTED
        for approval in self.ledger.approvals(ApprovalState.WAITING):
            if approval.symbol == action.symbol:
                self.ledger.decide_approval(approval.id, state, self.facts.session.now)
        return Result(DeedOutcome.DONE, f"you said {'yes' if yes else 'no'}"), yes

    def _conclude(self) -> RunReport:
        self.facts = self._look()
        for planner in (plan_fills, plan_positions):
            notes = [action for action in planner(self.facts).actions if is_note(action)]
            self._carry_out(Plan(tuple(notes)), Step("second look", planner))
        coverage = prove_coverage(self.facts)
        self.findings += (*coverage_findings(coverage), *self._overdue())
        is_clean = coverage.is_complete and not any(f.severity is Severity.ALARM for f in self.findings)
        return self._write_down(coverage, 0 if is_clean else 1)

    def _overdue(self) -> Iterable[Finding]:
        limit = self.facts.policy.owed_alarm_evenings
        for owed in self.facts.book.owed:
            if owed.evenings >= limit:
                message = (
                    f"the {owed.kind} of {owed.symbol} to {dollars(owed.price)} is owed for {owed.evenings} evenings"
                )
                remedy = "run `sentinel update-trailing-stops` while the market is open"
                yield Finding("owed_overdue", Severity.ALARM, owed.symbol, f"{message}: {owed.reason}", remedy)

    def _write_down(self, coverage: Coverage, exit_code: int) -> RunReport:
        facts, requests = self.facts, self.workplace.broker.requests
        with self.ledger.transaction():
            self.ledger.record_findings(self._run_id, self.findings)
            self.ledger.record_coverage(self._run_id, coverage, facts.session.now)
            self.ledger.record_equity(facts.today, facts.account.equity, facts.account.cash)
            self.ledger.record_bars(facts.bars.values())
            self.ledger.end_run(self._run_id, exit_code, requests)
        return RunReport(
            command=self.command,
            run_id=None if self.is_dry_run else self._run_id,
            is_dry_run=self.is_dry_run,
            session=facts.today,
            looked_at=facts.session.now,
            equity=facts.account.equity,
            deeds=tuple(self.deeds),
            findings=tuple(self.findings),
            coverage=coverage,
            approvals=self.ledger.approvals(ApprovalState.WAITING),
            requests=requests,
            exit_code=exit_code,
        )

    def _deed(self, step: Step, action: Action, result: Result) -> Deed:
        is_pretended = self.is_dry_run and result.outcome is DeedOutcome.DONE
        order = result.orders[-1] if result.orders else getattr(action, "order", None)
        return Deed(
            step=step.name,
            verb=verb_of(action),
            symbol=action.symbol,
            outcome=DeedOutcome.PLANNED if is_pretended else result.outcome,
            because=action.because,
            detail=result.detail,
            qty=_qty_of(action),
            price=_price_of(action),
            order_id=order.id if order else None,
        )

    @property
    def _run_id(self) -> int:
        if self.journal.run_id is None:
            raise AssertionError("a step was taken before the run began")
        return self.journal.run_id


PRICES = ("to_price", "limit_price", "stop_price", "price", "price_shown", "first_stop_price")


def _price_of(action: Action) -> Decimal | None:
    """The one price a reader of the evening wants to see beside the verb."""
    if is_following(action):
        return action.order.filled_avg_price or action.order.limit_price or action.order.stop_price
    prices = (getattr(action, name, None) for name in PRICES)
    return next((price for price in prices if price is not None), None)


def _qty_of(action: Action) -> Decimal | None:
    """The shares an action is about."""
    if is_following(action):
        return action.order.filled_qty or action.order.qty
    if isinstance(action, RaiseStop | CancelStop | CancelEntry | FreeShares):
        return action.order.remaining_qty
    qty = getattr(action, "qty", getattr(action, "to_qty", None))
    return None if qty is None else Decimal(qty)
