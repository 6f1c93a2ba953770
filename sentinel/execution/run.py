"""One run: settle what is unfinished, look, take each step, look again, prove the coverage, write it all down."""

from collections.abc import Iterable
from dataclasses import replace

from sentinel.domain.actions import EndBreach, Forget, Plan, is_note
from sentinel.domain.book import ApprovalState, RunEnding
from sentinel.domain.coverage import Coverage
from sentinel.domain.errors import BrokerUnreachable, GuardRefusal, LedgerError, SentinelError
from sentinel.domain.facts import Facts, ReconcileRequest, Request
from sentinel.domain.findings import Finding, Severity
from sentinel.domain.outcomes import Unresolved
from sentinel.domain.runs import DeedOutcome, RunReport
from sentinel.execution.freshness import LookTooOld
from sentinel.execution.latching import watch_for_danger
from sentinel.execution.look import look
from sentinel.execution.ranges import UsualRanges
from sentinel.execution.step_work import StepWork
from sentinel.execution.while_away import while_away
from sentinel.execution.workplace import Step, Workplace
from sentinel.plan.breaches import plan_breaches
from sentinel.plan.coverage import blocked_findings, coverage_findings, prove_coverage, unverified_coverage
from sentinel.plan.fills import plan_fills
from sentinel.plan.guards import suddenly_empty
from sentinel.plan.orphans import surplus_findings
from sentinel.plan.overdue import overdue_findings
from sentinel.plan.positions import plan_positions
from sentinel.plan.rescue import plan_rescue
from sentinel.plan.trailing_stops import plan_trailing_stops
from sentinel.plan.witness import lost_ledger, older_ledger

INTERRUPTED = 130
LAST_RAISES = Step("second look", plan_trailing_stops)
LAST_BREACHES = Step("second look", plan_breaches)
LAST_RESCUE = Step("last rescue", plan_rescue)


class Run(StepWork):
    """A command at work; one instance, one run."""

    def __init__(self, workplace: Workplace, command: str, source: str, *, is_dry_run: bool, force: bool) -> None:
        super().__init__(workplace, command, source, is_dry_run=is_dry_run)
        self.force = force
        self.ranges = UsualRanges(workplace.broker, workplace.policy)
        self.rescues = False
        self.request: Request | None = None

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
        self.findings += self.workplace.notices
        self.findings += lost_ledger(self.facts, is_new=self.ledger.last_run() is None)
        ours = (order.client_order_id for order in self.facts.orders.values() if order.purpose is not None)
        older = older_ledger(self.facts, self.ledger.unheard_among(ours), self.ledger.last_look())
        self.findings += self._untold(older)
        self.findings += (
            Finding("blind_spot", Severity.WARNING, None, seen, "look at it in your broker's app")
            for seen in self.facts.blind_spots
        )
        try:
            report = self._work(steps)
        except KeyboardInterrupt:
            self._end_early(INTERRUPTED)
            raise
        except SentinelError as error:
            error.alarms = tuple(finding for finding in self.findings if finding.severity is Severity.ALARM)
            if not isinstance(error, LedgerError):
                self._end_early(error.exit_code)
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
            lapse=work.lapse,
        )

    def _refuse_sudden_emptiness(self) -> None:
        missing = suddenly_empty(self.facts)
        if missing and not self.force:
            raise GuardRefusal(
                f"the broker shows no position at all, the ledger holds {missing}, and no fill explains it",
                "look at your account; if it really is empty, run again with --force",
                rule="suddenly_empty",
                value="no position",
                limit=missing,
            )

    def _take_step(self, step: Step) -> None:
        if self._carry_out(self._plan(step), step):
            # A person has answered: the market moved on meanwhile, so look before acting on the answer.
            self.facts = self._look()
            self._carry_out(self._plan(step), step)

    def _conclude(self) -> RunReport:
        """Look again, follow what moved, give a stop to what is bare after all, and prove the coverage."""
        self.facts = self._look()
        if suddenly_empty(self.facts):
            coverage = unverified_coverage(self.facts, "the second look shows no position at all, no fill explains it")
            remedy = "run again: nothing was concluded from it"
            self.findings += (
                Finding("suddenly_empty", Severity.ALARM, row.symbol, row.reason, remedy) for row in coverage.rows
            )
        else:
            self._act_on_second_look()
            coverage = prove_coverage(self.facts)
            self.findings += coverage_findings(coverage)
        self.findings += (*blocked_findings(self.facts), *overdue_findings(self.facts))
        self.findings += self._untold(surplus_findings(self.facts))
        self.findings = list(dict.fromkeys(self.findings))  # what a second look found again is told once
        alarms = frozenset(finding.code for finding in self.findings if finding.severity is Severity.ALARM)
        self._watch_for_danger(RunEnding(self._run_id, 1 if alarms else 0, alarms, coverage.is_bare))
        is_clean = coverage.is_settled and not any(f.severity is Severity.ALARM for f in self.findings)
        return self._write_down(coverage, 0 if is_clean else 1)

    def _act_on_second_look(self) -> None:
        """Follow what moved since the first look; besides notes, only a bare share gets anything sent."""
        self.facts = replace(self.facts, request=self._rest_of_request())
        for planner in (plan_fills, plan_positions, plan_fills):  # what was adopted brings stops to follow
            step = Step("second look", planner)
            seen = self._plan(step)
            notes = tuple(action for action in seen.actions if is_note(action))
            self._carry_out(Plan(notes, self._untold(seen.findings)), step)
        for step in (LAST_RAISES, LAST_BREACHES):
            # A raise done tonight is owed no longer, and a stop that is back at its level ends a breach.
            plan = self._plan(step)
            done = tuple(action for action in plan.actions if isinstance(action, Forget | EndBreach))
            ended = tuple(finding for finding in plan.findings if finding.code == "breach_over")
            self._carry_out(Plan(done, ended), step)
        plan = self._plan(LAST_RESCUE)
        self._carry_out(plan if self.rescues else plan.only(self.touched), LAST_RESCUE)

    def _untold(self, findings: Iterable[Finding]) -> tuple[Finding, ...]:
        """Findings whose code and symbol this run has not told yet."""
        told = {(finding.code, finding.symbol) for finding in self.findings}
        return tuple(news for news in findings if (news.code, news.symbol) not in told)

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
        """A run that cannot look again; the coverage stays that of the run before."""
        return BrokerUnreachable(f"the second look failed: {error.message}", error.remedy)

    def _end_early(self, exit_code: int) -> None:
        """Write down what a run that comes to no proof has found so far, and how it ends."""
        if self.journal.run_id is not None:
            self.ledger.record_findings(self._run_id, self.findings)
            self.ledger.end_run(self._run_id, exit_code, self.workplace.broker.requests)

    def _write_down(self, coverage: Coverage, exit_code: int) -> RunReport:
        facts, requests = self.facts, self.workplace.broker.requests
        news = while_away(self.ledger, self._run_id, facts.session, self.command)
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
            refusals=tuple(self.refusals),
        )
