"""What every command that works through steps does: open a session, take the steps, show the run, exit as it says."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from rich.console import Group
from rich.text import Text

from sentinel.commands.options import Call
from sentinel.commands.run_ledger import note_audit_head
from sentinel.commands.session import Session, open_session
from sentinel.commands.streams import answer
from sentinel.domain.errors import GuardRefusal
from sentinel.domain.findings import Finding, Severity
from sentinel.domain.runs import RunReport
from sentinel.report.document import run_document
from sentinel.report.screen import run_screen
from sentinel.report.words import count

if TYPE_CHECKING:
    from sentinel.domain.facts import Request
    from sentinel.execution.workplace import Step
    from sentinel.logbook import Logbook

# What becomes of the trader's answers: from the run and the reason of a halt, a symbol and words for each.
Answers = Callable[[RunReport, str | None], Iterable[tuple[str, str]]]
NEEDS_THE_TRADER = 1
# Commands that do nothing but sell what the trader has approved.
SELLING = ("approvals approve", "check-profit-taking")


def run_steps(call: Call, steps: "Sequence[Step]", *, force: bool = False, request: "Request | None" = None) -> int:
    """Take the steps and show the run; the exit code is the run's."""
    return run_in_session(
        call,
        lambda session: session.engine.run(
            steps, call.command, source=call.source, is_dry_run=call.is_dry_run, force=force, request=request
        ),
    )


def run_in_session(call: Call, run: Callable[[Session], RunReport], answers: Answers = lambda *_: ()) -> int:
    """Open a session for one run and show it, what became of the trader's answers last; the exit code is the run's."""
    with open_session(call) as session:
        report = run(session)
        halt_reason = session.ledger.halt_reason()
        if session.logbook is not None:
            _log(report, session.logbook)
        head = None if call.is_dry_run else note_audit_head(session.ledger, call.command, session.troubles)
        report = _with_troubles(report, session)
    screen = run_screen(report, halt_reason, answers(report, halt_reason))
    if head is not None:
        screen = Group(screen, Text(f"audit {head}", "dim"))
    told = run_document(report, halt_reason)
    told["audit_head"] = None if head is None else {"number": head.number, "hash": head.hash}
    answer(screen, told, as_json=call.as_json)
    return report.exit_code


def _with_troubles(report: RunReport, session: Session) -> RunReport:
    """The report of a run that protected, but could not keep its log or its copy: the trader is needed.

    Where a command is there to sell, and a rule refused the sale, it exits as every refusal does.
    """
    troubles = [*session.troubles, *_lost_lines(session.logbook)]
    is_serious = any(trouble.severity is not Severity.INFO for trouble in troubles)
    exit_code = report.exit_code or (NEEDS_THE_TRADER if is_serious else 0)
    if report.command in SELLING and report.refused_sale is not None:
        exit_code = GuardRefusal.exit_code
    if not troubles and exit_code == report.exit_code:
        return report
    if report.run_id is not None:
        with session.ledger.transaction():
            session.ledger.record_findings(report.run_id, troubles)
            session.ledger.end_run(report.run_id, exit_code, report.requests)
    return replace(report, findings=(*report.findings, *troubles), exit_code=exit_code)


def _lost_lines(logbook: "Logbook | None") -> Iterator[Finding]:
    if logbook is not None and logbook.lost_lines:
        message = f"{count(logbook.lost_lines, 'line')} of {logbook.path} could not be written"
        yield Finding("log_lost", Severity.WARNING, None, message, "make room on the disk")


def _log(report: RunReport, logbook: "Logbook") -> None:
    for deed in report.deeds:
        logbook.info("deed", **asdict(deed))
    for finding in report.findings:
        logbook.warning("finding", **asdict(finding))
    logbook.info("run ended", run_id=report.run_id, exit_code=report.exit_code, requests=report.requests)
