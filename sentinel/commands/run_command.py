"""What every command that works through steps does: open a session, take the steps, show the run, exit as it says."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from sentinel.commands.options import Call
from sentinel.commands.session import Session, open_session
from sentinel.commands.streams import answer
from sentinel.domain.runs import RunReport
from sentinel.report.document import run_document
from sentinel.report.screen import run_screen

if TYPE_CHECKING:
    from sentinel.execution.workplace import Step
    from sentinel.logbook import Logbook


def run_steps(call: Call, steps: "Sequence[Step]", *, force: bool = False) -> int:
    """Take the steps and show the run; the exit code is the run's."""
    return run_in_session(
        call,
        lambda session: session.engine.run(
            steps, call.command, source=call.source, is_dry_run=call.is_dry_run, force=force
        ),
    )


def run_in_session(call: Call, run: Callable[[Session], RunReport]) -> int:
    """Open a session for one run and show it; the exit code is the run's."""
    with open_session(call) as session:
        report = run(session)
        halt_reason = session.ledger.halt_reason()
        if session.logbook is not None:
            _log(report, session.logbook)
    answer(run_screen(report, halt_reason), run_document(report, halt_reason), as_json=call.as_json)
    return report.exit_code


def _log(report: RunReport, logbook: "Logbook") -> None:
    for deed in report.deeds:
        logbook.info("deed", **asdict(deed))
    for finding in report.findings:
        logbook.warning("finding", **asdict(finding))
    logbook.info("run ended", run_id=report.run_id, exit_code=report.exit_code, requests=report.requests)
