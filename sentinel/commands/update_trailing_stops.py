"""`sentinel update-trailing-stops` raises stops along the staircase."""

import typer

from sentinel.commands.options import AsJson, Call, DryRun, Force
from sentinel.commands.run_command import run_steps


def update_trailing_stops(
    context: typer.Context, dry_run: DryRun = False, force: Force = False, as_json: AsJson = False
) -> int:
    """Raise stops along the staircase, never lower.

    What the broker refuses tonight is owed and retried by every later run.
    """
    from sentinel.execution_engine import UPDATE_TRAILING_STOPS

    return run_steps(Call.of(context, as_json, dry_run=dry_run), UPDATE_TRAILING_STOPS, force=force)
