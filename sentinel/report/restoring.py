"""What `restore` put back, what it kept, and what comes next, in words and as a document."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.text import Text

from sentinel.report.document import document, instant
from sentinel.report.words import clean, count, moment

if TYPE_CHECKING:
    from sentinel.ledger import Restored, RunRow

NEXT = "next: sentinel evening-workflow; the broker tells it what happened since"


@dataclass(frozen=True, slots=True)
class Restoring:
    """A copy put back into a home; `restored` None when it was only rehearsed."""

    home: Path
    copy: Path
    last_run: "RunRow | None"
    restored: "Restored | None"


def restoring_screen(told: Restoring) -> Text:
    """A few lines for the trader."""
    return Text("\n".join(_lines(told)))


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
    yield NEXT


def restoring_document(told: Restoring, command: str) -> dict[str, Any]:
    """The document of `restore`."""
    last, restored = told.last_run, told.restored
    return document(
        command,
        0,
        copy=str(told.copy),
        last_run=None if last is None else {"id": last.id, "started_at": instant(last.started_at)},
        kept=str(restored.kept) if restored and restored.kept else None,
        halt=restored.halt_reason if restored else None,
        questions_lapsed=restored.questions if restored else None,
        owed_sales_forgotten=list(restored.owed_sales) if restored else None,
        dry_run=restored is None,
    )
