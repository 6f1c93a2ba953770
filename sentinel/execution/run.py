"""One run: settle what is unfinished, look, take each step, look again, prove the coverage, write it all down."""

from collections.abc import Iterable
from contextlib import nullcontext
from dataclasses import replace

from sentinel.domain.actions import (
    Action,
    CloseTrade,
    EndBreach,
    Forget,
    OfferExit,
    PlaceStop,
    Plan,
    is_following,
    is_mutation,
    is_note,
)
from sentinel.domain.book import ApprovalState, Book, RunEnding
from sentinel.domain.coverage import Coverage
from sentinel.domain.errors import BrokerUnreachable, GuardRefusal, LedgerError, SentinelError
from sentinel.domain.facts import Facts, ReconcileRequest, Request
from sentinel.domain.findings import Finding, Severity
from sentinel.domain.orders import OrderStatus
from sentinel.domain.outcomes import Unresolved
from sentinel.domain.runs import Deed, DeedOutcome, RunReport
from sentinel.execution.deeds import Deeds
from sentinel.execution.following import Following
from sentinel.execution.freshness import Freshness, LookTooOld
from sentinel.execution.hand import Hand
from sentinel.execution.interruptions import finishing_what_is_in_hand
from sentinel.execution.journal import Journal
from sentinel.execution.latching import watch_for_danger
from sentinel.execution.look import look
from sentinel.execution.naming import Naming
from sentinel.execution.ranges import UsualRanges
from sentinel.execution.results import Result
from sentinel.execution.second_look import SecondLook
from sentinel.execution.telling import deed_of
from sentinel.execution.while_away import while_away
from sentinel.execution.workplace import Step, Workplace
from sentinel.ledger import RowRefused
from sentinel.plan.breaches import plan_breaches
from sentinel.plan.coverage import coverage_findings, prove_coverage
from sentinel.plan.fills import plan_fills
from sentinel.plan.guards import lost_ledger, suddenly_empty
from sentinel.plan.orphans import surplus_findings
from sentinel.plan.overdue import overdue_findings
from sentinel.plan.positions import plan_positions
from sentinel.plan.rescue import plan_rescue
from sentinel.plan.trailing_stops import plan_trailing_stops

INTERRUPTED = 130
LAST_RAISES = Step("second look", plan_trailing_stops)
LAST_BREACHES = Step("second look", plan_breaches)
LAST_RESCUE = Step("last rescue", plan_rescue)


class Run:
    """A command at work; one instance, one run."""

    def __init__(self, workplace: Workplace, command: str, source: str, *, is_dry_run: bool, force: bool) -> None:
        self.workplace = workplace
        self.ledger = workplace.ledger
        self.command = command
        self.source = source
        self.started_at = self.ledger.now()
        self.is_dry_run = is_dry_run
        self.force = force
        self.journal = Journal(workplace.broker, workplace.ledger, workplace.patience)
        self.following = Following(workplace.ledger)
        self.second_look = SecondLook(workplace.broker, self.following, workplace.ghosts_deadline_s)
        self.deeds_of = Deeds(Hand(self.journal, self.following, Naming()))
        self.ranges = UsualRanges(workplace.broker, workplace.policy)
        self.deeds: list[Deed] = []
        self.findings: list[Finding] = []
        self.unsure: set[str] = set()
        self.bugs: list[Exception] = []
        self.cancels_hang = False
        self.freshness = Freshness(self.ledger.now, workplace.look_again_after_s)
        self.rescues = False
        self.touched: set[str] = set()
        self.request: Request | None = None
        self.facts: Facts

    def take(self, steps: Iterable[Step], request: Request | None = None) -> RunReport:
        """The whole run; SentinelError when the broker cannot be read or a guard refuses the whole of it."""
        self.workplace.progress("settling what an earlier run left open")
        self._settle_unfinished()
        self.workplace.progress("looking at the broker")
        steps = tuple(steps)
        self.rescues = any(step.planner is plan_rescue for step in steps)
        self.request = request
        self.facts = self._look()
        self._refuse_sudden_emptiness()
        self._watch_for_danger(None)
        self.unsure |= self.facts.unseen_symbols
        self.findings += lost_ledger(self.facts, is_new=self.ledger.last_run() is None)
        self.findings += (
            Finding("blind_spot", Severity.WARNING, None, seen, "look at it in your broker's app")
            for seen in self.facts.blind_spots
        )
        try:
            report = self._work(steps)
        except (KeyboardInterrupt, GuardRefusal) as cause:
            self._end_early(cause.exit_code if isinstance(cause, GuardRefusal) else INTERRUPTED)
            raise
        if self.bugs:
            raise self.bugs[0]
        return report

    def _work(self, steps: tuple[Step, ...]) -> RunReport:
        """Take the steps and conclude; from the first step again where the look grew old before all was sent."""
        while True:
            try:
                for step in steps:
                    self.workplace.progress(step.name)
                    self._take_step(step)
                self.workplace.progress("looking again")
                return self._conclude()
            except LookTooOld:
                self._begin_again()
            except BrokerUnreachable as error:
                raise self._broken_off(error) from error

    def _begin_again(self) -> None:
        """The computer slept, or the broker took its time: read everything before anything more is sent."""
        message = f"{self.freshness.begin_again()}: everything was read again before anything more was sent"
        self.findings.append(Finding("looked_again", Severity.INFO, None, message, "nothing to do"))
        self.workplace.progress("looking at the broker again")
        try:
            self.facts = self._look()
        except BrokerUnreachable as error:
            raise self._broken_off(error) from error
        self._refuse_sudden_emptiness()
        self.unsure |= self.facts.unseen_symbols

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
        return self.freshness.in_one_go(self._look_once)

    def _look_once(self) -> Facts:
        work, last_look, proof = self.workplace, self.ledger.last_look(), self.ledger.last_coverage()
        session = work.broker.session(last_look)
        prices = {row.symbol: row.last_price for row in proof[0].rows if row.last_price is not None} if proof else {}
        book = self.ledger.book(session.day)
        facts = look(work.broker, book, work.policy, session, last_look, prices, self.request)
        return replace(
            facts,
            book=self._book(facts),
            usual_range_pct=self.ranges.of(facts),
            cancels_at_once=work.cancels_at_once and not self.cancels_hang,
            trader_is_present=work.ask is not None,
        )

    def _book(self, facts: Facts) -> Book:
        """What the ledger holds now, and which of the orders with a name of ours it has."""
        ours = [order.id for order in facts.orders.values() if order.purpose is not None]
        return replace(self.ledger.book(facts.today), known_orders=self.ledger.known_among(ours))

    def _refuse_sudden_emptiness(self) -> None:
        missing = suddenly_empty(self.facts)
        if missing and not self.force:
            raise GuardRefusal(
                f"the broker shows no position at all, the ledger holds {missing}, and no fill explains it",
                "look at your account; if it really is empty, run again with --force",
            )

    def _take_step(self, step: Step) -> None:
        if self._carry_out(self._plan(step), step):
            # A person has answered: the market moved on meanwhile, so look before acting on the answer.
            self.facts = self._look()
            self._carry_out(self._plan(step), step)

    def _plan(self, step: Step) -> Plan:
        """The step's plan; where one symbol breaks the planner, that of all the others (I9)."""
        try:
            return step.planner(self.facts)
        except SentinelError:
            raise
        except Exception:  # noqa: BLE001 - found again below, on the symbol it belongs to
            return self._plan_each(step)

    def _plan_each(self, step: Step) -> Plan:
        parts: list[Action | Finding] = []
        for symbol in self.facts.symbols:
            try:
                plan = step.planner(self.facts.only(symbol))
            except Exception as bug:  # noqa: BLE001 - a bug met on one symbol must not leave the others bare
                self._note_bug(symbol, bug)
            else:
                parts += (*plan.actions, *plan.findings)
        return Plan.of(parts)

    def _note_bug(self, symbol: str, bug: Exception) -> None:
        self.bugs.append(bug)
        self.unsure.add(symbol)
        message = f"Sentinel has a bug and left {symbol} as it was: {bug!r}"
        self.findings.append(Finding("bug", Severity.ALARM, symbol, message, "send the crash report"))

    def _carry_out(self, plan: Plan, step: Step) -> bool:
        """Do a plan's actions in their order; True when the trader approved something on the way."""
        self._begin()
        self.second_look.begin()
        # A step planned again, because the trader has answered, notices the same things again.
        self.findings += (finding for finding in plan.findings if finding not in self.findings)
        failed: set[str] = set()
        done: list[Deed] = []
        approved = False
        try:
            for action in plan.actions:
                # A question to the trader is nothing in hand: there a signal ends the run at once, and is a no.
                with finishing_what_is_in_hand() if is_mutation(action) else nullcontext():
                    result, said_yes = self._do(action, failed)
                    done.append(deed_of(step.name, action, result, is_dry_run=self.is_dry_run))
                approved = approved or said_yes
                if result.outcome in (DeedOutcome.REFUSED, DeedOutcome.UNRESOLVED):
                    failed.add(action.symbol)
        finally:
            self.deeds += done
            self.ledger.record_step(self._run_id, step.name, done)
        self.facts = replace(self.facts, book=self._book(self.facts))
        return approved

    def _must_wait(self, action: Action, failed: set[str]) -> bool:
        """Whether trouble on the symbol forbids the action; a missing stop is placed all the same.

        The broker itself refuses a second stop for the same shares (ALPACA 6.1).
        """
        return action.symbol in failed or (action.symbol in self.unsure and not isinstance(action, PlaceStop))

    def _begin(self) -> None:
        """Open the run in the ledger; late, so that a refused request leaves nothing behind."""
        if self.journal.run_id is None:
            self.journal.run_id = self.ledger.begin_run(
                self.command, self.source, self.facts.today, self.facts.session.now, self.started_at
            )

    def _do(self, action: Action, failed: set[str]) -> tuple[Result, bool]:
        """One action; an unreadable broker or a refused row costs this symbol its turn and no other (I9)."""
        if is_mutation(action) and self._must_wait(action, failed):
            return Result(DeedOutcome.SKIPPED, "an earlier action on this symbol did not succeed"), False
        try:
            if is_mutation(action):
                self.freshness.require()
                self.touched.add(action.symbol)
                result = self.deeds_of.do(action, self.facts)
                self.facts = self.facts.fold(result.orders)
                if any(order.status is OrderStatus.PENDING_CANCEL for order in result.orders):
                    # Seen once is enough: for the rest of the run no cancel is taken to work at once.
                    self.cancels_hang = True
                    self.facts = replace(self.facts, cancels_at_once=False)
                self.findings += result.findings
                return result, False
            if isinstance(action, CloseTrade):
                return self._close_ghost(action), False
            if is_note(action):
                self.following.note(action, self.facts)
            if is_following(action):
                return Result(DeedOutcome.DONE, action.order.status), False
            return self._ask(action)
        except (BrokerUnreachable, RowRefused) as error:
            self._lose_sight_of(action.symbol, error)
            return Result(DeedOutcome.UNRESOLVED, error.message), False
        except (LedgerError, LookTooOld):
            raise
        except Exception as bug:  # noqa: BLE001 - a bug met on one symbol must not leave the others bare
            self._note_bug(action.symbol, bug)
            return Result(DeedOutcome.UNRESOLVED, repr(bug)), False

    def _close_ghost(self, ghost: CloseTrade) -> Result:
        result, self.facts = self.second_look.close(ghost, self.facts)
        self.findings += result.findings
        return result

    def _ask(self, action: Action) -> tuple[Result, bool]:
        """Put a filed question to the trader, if one is there to answer; True for a yes."""
        if not isinstance(action, OfferExit) or action.is_filed or self.workplace.ask is None:
            return Result(DeedOutcome.DONE), False
        yes = self.workplace.ask(action, self.facts.holding(action.symbol))
        state = ApprovalState.APPROVED if yes else ApprovalState.REJECTED
        for approval in self.ledger.approvals(ApprovalState.WAITING):
            if approval.symbol == action.symbol:
                with self.ledger.transaction():
                    self.ledger.decide_approval(approval.id, state, self.facts.session.now)
                    self.ledger.audit(f"approval_{state}", approval.symbol, f"question {approval.id}: {action.because}")
        return Result(DeedOutcome.DONE, f"you said {'yes' if yes else 'no'}"), yes

    def _conclude(self) -> RunReport:
        """Look again, follow what moved, give a stop to what is bare after all, and prove the coverage."""
        self.facts = self._look()
        if suddenly_empty(self.facts):
            message = "the second look shows no position at all, and no fill explains it: nothing was concluded from it"
            held = [trade.symbol for trade in self.facts.book.trades]
            self.findings += (
                Finding("suddenly_empty", Severity.ALARM, symbol, message, "run again") for symbol in held
            )
        else:
            self.facts = replace(self.facts, request=self._rest_of_request())
            for planner in (plan_fills, plan_positions, plan_fills):  # what was adopted brings stops to follow
                step = Step("second look", planner)
                seen = self._plan(step)
                told = {(finding.code, finding.symbol) for finding in self.findings}
                news = tuple(finding for finding in seen.findings if (finding.code, finding.symbol) not in told)
                self._carry_out(Plan(tuple(action for action in seen.actions if is_note(action)), news), step)
            for step in (LAST_RAISES, LAST_BREACHES):
                # A raise done tonight is owed no longer, and a stop that is back at its level ends a breach.
                plan = self._plan(step)
                done = tuple(action for action in plan.actions if isinstance(action, Forget | EndBreach))
                ended = tuple(finding for finding in plan.findings if finding.code == "breach_over")
                self._carry_out(Plan(done, ended), step)
            plan = self._plan(LAST_RESCUE)
            self._carry_out(plan if self.rescues else plan.only(self.touched), LAST_RESCUE)
        coverage = prove_coverage(self.facts)
        self.findings += (*coverage_findings(coverage), *overdue_findings(self.facts))
        told = {(finding.code, finding.symbol) for finding in self.findings}
        self.findings += (news for news in surplus_findings(self.facts) if (news.code, news.symbol) not in told)
        self.findings = list(dict.fromkeys(self.findings))  # what a second look found again is told once
        alarms = frozenset(finding.code for finding in self.findings if finding.severity is Severity.ALARM)
        self._watch_for_danger(RunEnding(self._run_id, 1 if alarms else 0, alarms, coverage.is_bare))
        is_clean = coverage.is_settled and not any(f.severity is Severity.ALARM for f in self.findings)
        return self._write_down(coverage, 0 if is_clean else 1)

    def _watch_for_danger(self, ending: RunEnding | None) -> None:
        """Pause entries where too much has gone wrong, in the runs before or in this one."""
        news = watch_for_danger(self.ledger, self.facts, self.journal.run_id, ending)
        if news is not None:
            self.findings.append(news)
            self.facts = replace(self.facts, book=self._book(self.facts))

    def _rest_of_request(self) -> Request | None:
        """What the trader asked for, less the ghosts closed already."""
        if not isinstance(self.request, ReconcileRequest) or self.request.most_ghosts is None:
            return self.request
        closed = sum(deed.verb == "close_trade" and deed.outcome is DeedOutcome.DONE for deed in self.deeds)
        return replace(self.request, most_ghosts=max(0, self.request.most_ghosts - closed))

    def _broken_off(self, error: BrokerUnreachable) -> BrokerUnreachable:
        """A run that cannot look again still tells its alarms; the coverage stays that of the run before."""
        self._end_early(error.exit_code)
        alarms = [finding.message for finding in self.findings if finding.severity is Severity.ALARM]
        return BrokerUnreachable("; ".join([f"the second look failed: {error.message}", *alarms]), error.remedy)

    def _end_early(self, exit_code: int) -> None:
        """Write down what a run that comes to no proof has found so far, and how it ends."""
        if self.journal.run_id is not None:
            self.ledger.record_findings(self._run_id, self.findings)
            self.ledger.end_run(self._run_id, exit_code, self.workplace.broker.requests)

    def _write_down(self, coverage: Coverage, exit_code: int) -> RunReport:
        facts, requests = self.facts, self.workplace.broker.requests
        news = while_away(self.ledger, self._run_id, facts.session)
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
            waiting_entries=facts.book.entries,
            requests=requests,
            exit_code=exit_code,
            while_away=news,
        )

    @property
    def _run_id(self) -> int:
        if self.journal.run_id is None:
            raise AssertionError("a step was taken before the run began")
        return self.journal.run_id
