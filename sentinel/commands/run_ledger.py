"""The ledger a run works on: a damaged one is put away first, a copy is made, and the trader hears of both."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from sentinel.commands.audit_heads import disagreement_with_heads
from sentinel.commands.options import Call
from sentinel.domain.errors import LedgerError
from sentinel.domain.findings import Finding, Severity

if TYPE_CHECKING:
    from sentinel.ledger import Head, Ledger
    from sentinel.settings.schema import EveningSettings

NO_COPY = "look at your positions and stops, then sentinel resume --reason TEXT; no sound copy is left to restore"


@contextmanager
def run_ledger(
    path: Path, call: Call, now: Callable[[], datetime], troubles: list[Finding], notices: list[Finding]
) -> Iterator["Ledger"]:
    """The ledger; for a dry run a copy of it, which takes all the writing and is thrown away.

    A damaged one is an error to a dry run; any other goes on with a new one, from the broker alone, entries blocked.
    """
    from sentinel.ledger import Ledger, open_or_begin_anew

    if not call.is_dry_run:
        with open_or_begin_anew(path, now) as ledger:
            troubles += _quarantined(ledger)
            notices += _other_audit(ledger, path.parent, is_kept=True)
            notices += _lost_halt(ledger, path.parent)
            yield ledger
        return
    with TemporaryDirectory(prefix="sentinel-dry-run-") as folder:
        with Ledger.open_read_only(path) as ledger:
            copy = ledger.backup(Path(folder))
        with Ledger.open(copy, now) as ledger:
            troubles += _quarantined(ledger)
            notices += _other_audit(ledger, path.parent, is_kept=False)
            notices += _lost_halt(ledger, path.parent)
            yield ledger


def back_up(ledger: "Ledger", home: Path, settings: "EveningSettings", troubles: list[Finding]) -> None:
    """Copy the ledger; a copy that cannot be made is told, and keeps no run from protecting."""
    from sentinel.ledger import Retention

    kept = Retention(settings.backups_kept_today, settings.backups_kept_days, settings.backups_kept_months)
    try:
        ledger.backup(home / "backups", kept)
    except LedgerError as error:
        message = f"the backup failed: {error.message}"
        troubles.append(Finding("backup_failed", Severity.WARNING, None, message, error.remedy))


def note_audit_head(ledger: "Ledger", command: str, troubles: list[Finding]) -> "Head | None":
    """Note the last line of the audit outside the ledger; where that fails it is told, and the run is done."""
    from sentinel.ledger import note_head

    head = ledger.audit_head()
    try:
        if head is not None:
            note_head(ledger.path.parent, ledger.now(), command, head)
    except LedgerError as error:
        troubles.append(Finding("head_lost", Severity.WARNING, None, error.message, error.remedy))
    return head


def _other_audit(ledger: "Ledger", home: Path, *, is_kept: bool) -> Iterator[Finding]:
    """An audit that does not continue the one of the last run: an older copy, or one written anew."""
    from sentinel.ledger import begin_anew, quarantine_in_force

    found = disagreement_with_heads(ledger, home, only_last=True)
    if found is None or quarantine_in_force(ledger) is not None:
        return
    if found[1].code == "ledger_older" and is_kept:
        # At once, so that a run killed later does not leave two audits in one file.
        begin_anew(home, ledger.now(), ledger.audit_head())
    yield found[1]


def _lost_halt(ledger: "Ledger", home: Path) -> Iterator[Finding]:
    """A halt the ledger knows nothing of, for it is a new or an older one, is set again (I11)."""
    from sentinel.ledger import halt_in_force, noted_heads

    halt = halt_in_force(noted_heads(home))
    if halt is None or ledger.halt_reason() is not None or ledger.audit_hash(halt.head.number) == halt.head.hash:
        return
    why = f"you halted on {halt.at[:10]}, and the ledger that knew why is gone"
    with ledger.transaction():
        ledger.halt(why, ledger.now())
        ledger.audit("halt", None, why)
    yield Finding(
        "halt_kept", Severity.WARNING, None, f"the halt stays: {why}", "sentinel resume --reason TEXT lifts it"
    )


def _quarantined(ledger: "Ledger") -> Iterator[Finding]:
    from sentinel.ledger import quarantine_in_force

    quarantine = quarantine_in_force(ledger)
    if quarantine is not None:
        message = f"{quarantine.reason}; until then entries are blocked, and protection goes on from the broker alone"
        remedy = f"sentinel restore {quarantine.copy}" if quarantine.copy else NO_COPY
        yield Finding("ledger_quarantined", Severity.ALARM, None, message, remedy)
