"""One step of a run: its plan made and carried out, one symbol's trouble kept from the others."""

from contextlib import nullcontext
from dataclasses import replace

from sentinel.domain.actions import (
    Action,
    CloseTrade,
    OfferExit,
    PlaceStop,
    Plan,
    SubmitEntry,
    is_following,
    is_mutation,
    is_note,
)
from sentinel.domain.book import ApprovalState, Book
from sentinel.domain.errors import BrokerUnreachable, LedgerError, SentinelError
from sentinel.domain.facts import Facts
from sentinel.domain.findings import Finding, Severity
from sentinel.domain.orders import OrderStatus
from sentinel.domain.runs import Deed, DeedOutcome, Refusal
from sentinel.execution.deeds import Deeds
from sentinel.execution.following import Following
from sentinel.execution.freshness import Freshness, LookTooOld
from sentinel.execution.hand import Hand
from sentinel.execution.interruptions import finishing_what_is_in_hand
from sentinel.execution.journal import Journal
from sentinel.execution.naming import Naming
from sentinel.execution.results import Result
from sentinel.execution.second_look import SecondLook
from sentinel.execution.telling import deed_of, refusals_of
from sentinel.execution.workplace import Step, Workplace
from sentinel.ledger import RowRefused


class StepWork:
    """What a run knows and has done so far, and how it carries out one step; `facts` come with the first look."""

    def __init__(self, workplace: Workplace, command: str, source: str, *, is_dry_run: bool) -> None:
        self.workplace = workplace
        self.ledger = workplace.ledger
        self.command = command
        self.source = source
        self.is_dry_run = is_dry_run
        self.started_at = self.ledger.now()
        self.journal = Journal(workplace.broker, workplace.ledger, workplace.patience)
        self.following = Following(workplace.ledger)
        self.second_look = SecondLook(workplace.broker, self.following, workplace.ghosts_deadline_s)
        self.deeds_of = Deeds(Hand(self.journal, self.following, Naming()))
        self.freshness = Freshness(self.ledger.now, workplace.look_again_after_s)
        self.deeds: list[Deed] = []
        self.findings: list[Finding] = []
        self.refusals: list[Refusal] = []
        self.unsure: set[str] = set()
        self.bugs: list[Exception] = []
        self.touched: set[str] = set()
        self.cancels_hang = False
        self.facts: Facts

    @property
    def _run_id(self) -> int:
        if self.journal.run_id is None:
            raise AssertionError("a step was taken before the run began")
        return self.journal.run_id

    def _book(self, facts: Facts) -> Book:
        """What the ledger holds now, and which of the orders with a name of ours it has."""
        ours = [order.id for order in facts.orders.values() if order.purpose is not None]
        return replace(self.ledger.book(facts.today), known_orders=self.ledger.known_among(ours))

    def _lose_sight_of(self, symbol: str, error: SentinelError) -> None:
        """Nothing more is sent for a symbol whose state is not known; the next run asks again."""
        self.unsure.add(symbol)
        message = f"what became of {symbol} is not known: {error.message}"
        remedy = f"run again once the broker answers, or see there that {symbol} has its stop"
        self.findings.append(Finding("unresolved", Severity.ALARM, symbol, message, remedy))

    def _lose_record_of(self, symbol: str, error: LedgerError) -> None:
        """Without a ledger nothing more is sent, for anybody; the next run asks the broker what became of this one."""
        message = f"what was being done for {symbol} could not be written down: {error.message}"
        remedy = f"see at the broker that {symbol} has its stop; once the ledger can be written, run again"
        self.findings.append(Finding("unrecorded", Severity.ALARM, symbol, message, remedy))

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
        listed = self.facts.positions.keys()
        try:
            for action in plan.actions:
                # A question to the trader is nothing in hand: there a signal ends the run at once, and is a no.
                with finishing_what_is_in_hand() if is_mutation(action) else nullcontext():
                    result, said_yes = self._do(action, failed)
                    done.append(deed_of(step.name, action, result, is_dry_run=self.is_dry_run))
                if isinstance(action, SubmitEntry) and result.refusal is not None:
                    raise result.refusal  # an entry is all its run was asked for
                approved = approved or said_yes
                if result.outcome in (DeedOutcome.REFUSED, DeedOutcome.UNRESOLVED):
                    failed.add(action.symbol)
        finally:
            self.deeds += done
            self.ledger.record_step(self._run_id, step.name, done)
        self.facts = replace(self.facts, book=self._book(self.facts))
        missed = self.facts.positions.keys() - listed
        if missed:
            # Held after all: a split or a hand trade of theirs is followed before a stop is priced by the ledger.
            self._carry_out(self._plan(step).only(missed), step)
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
                self.refusals += refusals_of(action, result)
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
        except LookTooOld:
            raise
        except LedgerError as error:
            if is_mutation(action):
                self._lose_record_of(action.symbol, error)
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
