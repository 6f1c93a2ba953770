"""What `restore` put back, what it kept, and what comes next, in words and as a document."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.text import Text

from sentinel.domain.errors import SentinelError
from sentinel.domain.findings import Finding, Severity
from sentinel.domain.runs import RunReport
from sentinel.report.document import document, instant
from sentinel.report.screen import run_screen
from sentinel.report.words import clean, count, moment

if TYPE_CHECKING:
    from sentinel.ledger import Restored, RunRow

NEXT = "next: sentinel evening-workflow"
NOT_YET = "run `sentinel evening-workflow`: the broker tells it what happened since"


@dataclass(frozen=True, slots=True)
class Restoring:
    """A copy put back into a home; `restored` None when it was only rehearsed.

    `report` is of the run that followed what the broker did since, `why_not` is what kept it from being done.
    """

    home: Path
    copy: Path
    last_run: "RunRow | None"
    restored: "Restored | None"
    report: RunReport | None = None
    why_not: SentinelError | None = None

    @property
    def exit_code(self) -> int:
        """That of the run; 0 where there was none, for the copy is back."""
        return self.report.exit_code if self.report else 0

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Those of the run, or that there was none."""
        if self.why_not is not None:
            message = f"what happened since the copy was made is not known yet: {self.why_not.message}"
            return (Finding("not_reconciled", Severity.WARNING, None, message, NOT_YET),)
        return self.report.findings if self.report else ()


def restoring_screen(told: Restoring) -> RenderableType:
    """A few lines for the trader, and between them what the broker did since."""
    *lines, last = _lines(told)
    since = [run_screen(told.report, told.restored.halt_reason if told.restored else None)] if told.report else []
    return Group(*(Text(line) for line in lines), *since, Text(last))


def _lines(told: Restoring) -> Iterator[str]:
    last, restored = told.last_run, told.restored
    knows = f"it ends with run {last.id}, {last.command}, of {moment(last.started_at)}" if last else "it holds no run"
    yield f"{'would put back' if restored is None else 'put back'} {told.copy}: {knows}"
    if restored is None:
        return
    yield f"the ledger that was there is now {restored.kept}" if restored.kept else "there was no ledger before"
    if restored.halt_reason is not None:
        yield f"halted: {clean(restored.halt_reason)}"
    if restored.questions:
        yield f"{count(restored.questions, 'question')} lapsed; what is at its target is asked about again"
    if restored.owed_sales:
        yield f"approved and not sold, to be approved again: {', '.join(map(clean, restored.owed_sales))}"
    if told.why_not is not None:
        (finding,) = told.findings
        yield clean(finding.message)
    yield NEXT


def restoring_document(told: Restoring, command: str) -> dict[str, Any]:
    """The document of `restore`."""
    last, restored, report = told.last_run, told.restored, told.report
    return document(
        command,
        told.exit_code,
        run_id=report.run_id if report else None,
        coverage=report.coverage if report else None,
        actions=report.deeds if report else (),
        findings=told.findings,
        approvals=report.approvals if report else (),
        copy=str(told.copy),
        last_run=None if last is None else {"id": last.id, "started_at": instant(last.started_at)},
        kept=str(restored.kept) if restored and restored.kept else None,
        halt=restored.halt_reason if restored else None,
        questions_lapsed=restored.questions if restored else None,
        owed_sales_forgotten=list(restored.owed_sales) if restored else None,
        dry_run=restored is None,
        reconciled=report is not None,
    )
