"""`sentinel restore` puts a copy of the ledger back."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sentinel.commands.home_lock import home_lock
from sentinel.commands.offline import utc_now
from sentinel.commands.options import AsJson, Call, DryRun
from sentinel.commands.run_ledger import note_audit_head
from sentinel.commands.session import LEDGER_FILE, open_session
from sentinel.commands.streams import answer
from sentinel.domain.errors import SentinelError, UsageError
from sentinel.report.restoring import Restoring, restoring_document, restoring_screen

if TYPE_CHECKING:
    from sentinel.domain.runs import RunReport
    from sentinel.ledger import Restored

COPIES_NAMED = 5


def restore(
    context: typer.Context,
    copy: Annotated[
        Path | None, typer.Argument(metavar="COPY", help="A copy's path, or its name in backups/; left out, see them.")
    ] = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> int:
    """Put a copy of the ledger back, and follow what the broker did since.

    The ledger that is there is copied first. Then fills and positions are reconciled, as `reconcile-fills` and
    `reconcile-positions` do; where the broker cannot be asked the copy is back all the same, and the next evening
    does it. A halt stays; questions and approved sales are asked about again.
    """
    from sentinel.ledger import examine_copy
    from sentinel.settings import find_home

    call = Call.of(context, as_json, dry_run=dry_run)
    home = find_home(call.home)
    ledger, chosen = home / LEDGER_FILE, _chosen(home, copy)
    with home_lock(home, call.command, leaves_no_trace=dry_run):
        last = examine_copy(chosen, ledger)
        restored = None if dry_run else _put_back(chosen, ledger)
    report, why_not = (None, None) if dry_run else _reconciled(call)
    told = Restoring(home, chosen, last, restored, report, why_not)
    answer(restoring_screen(told), restoring_document(told, call.command), as_json=as_json)
    return told.exit_code


def _reconciled(call: Call) -> "tuple[RunReport | None, SentinelError | None]":
    """The run that follows what happened since the copy was made, or why there was none; the broker is the witness."""
    from sentinel.execution_engine import RECONCILE_POSITIONS

    try:
        with open_session(replace(call, is_non_interactive=True)) as session:
            # The copy it came from is its copy: another one would push an older one out.
            session.ledger.before_writing(lambda: None)
            report = session.engine.run(RECONCILE_POSITIONS, call.command, source=call.source)
            note_audit_head(session.ledger, call.command, session.troubles)
            return replace(report, findings=(*report.findings, *session.troubles)), None
    except SentinelError as error:
        return None, error


def _put_back(copy: Path, path: Path) -> "Restored":
    """Restore; the audit begins anew with the copy's, which is noted before and after, so that a kill tells no lie."""
    from sentinel.ledger import Ledger, begin_anew, put_back

    restored = put_back(copy, path, utc_now, lambda: begin_anew(path.parent, utc_now(), None))
    with Ledger.open_read_only(path) as ledger:
        begin_anew(path.parent, utc_now(), ledger.audit_head())
    return restored


def _chosen(home: Path, copy: Path | None) -> Path:
    """The path of the copy; UsageError where none is named or there, and for the ledger itself."""
    if copy is None:
        raise UsageError("no copy is named", f"type sentinel restore COPY; {_newest(home)}")
    given = copy.expanduser().absolute()
    path = home / "backups" / copy if not given.exists() and copy.name == str(copy) else given
    if not path.is_file():
        raise UsageError(f"there is no copy {path}", _newest(home))
    if path.resolve() == (home / LEDGER_FILE).resolve():
        raise UsageError(f"{path} is the ledger itself", _newest(home))
    return path


def _newest(home: Path) -> str:
    from sentinel.ledger.copying import copies

    found = [path.name for path in copies(home / "backups", Path(LEDGER_FILE).stem)]
    return f"the newest in backups/: {', '.join(reversed(found[-COPIES_NAMED:])) or 'none yet'}"
