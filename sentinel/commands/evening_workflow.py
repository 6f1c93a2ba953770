"""`sentinel evening-workflow` does everything in order and ends with the coverage proof."""

import typer

from sentinel.commands.options import AsJson, Call, DryRun, Force, NonInteractive
from sentinel.commands.run_command import run_in_session
from sentinel.commands.session import Session
from sentinel.domain.runs import RunReport


def evening_workflow(
    context: typer.Context,
    dry_run: DryRun = False,
    non_interactive: NonInteractive = False,
    force: Force = False,
    as_json: AsJson = False,
) -> int:
    """Do the whole evening, then prove the coverage.

    Follows fills and positions, rescues, raises, cleans up, offers profits, takes stale entries back. Safe to
    repeat, safe to interrupt: one more run repairs what a killed one left.
    """
    call = Call.of(context, as_json, dry_run=dry_run, non_interactive=non_interactive)

    def evening(session: Session) -> RunReport:
        from sentinel.evening import run_evening

        return run_evening(session.engine, source=call.source, is_dry_run=dry_run, force=force)

    return run_in_session(call, evening)
