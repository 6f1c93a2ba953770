"""`sentinel cleanup-orphans` cancels stops that protect nothing."""

import typer

from sentinel.commands.options import AsJson, Call, DryRun, Force
from sentinel.commands.run_command import run_steps


def cleanup_orphans(
    context: typer.Context, dry_run: DryRun = False, force: Force = False, as_json: AsJson = False
) -> int:
    """Cancel stops of ours that protect nothing.

    A stop counts as an orphan only after a few minutes of grace (risk.orphan_grace_minutes).
    """
    from sentinel.execution_engine import CLEANUP_ORPHANS

    return run_steps(Call.of(context, as_json, dry_run=dry_run), CLEANUP_ORPHANS, force=force)
