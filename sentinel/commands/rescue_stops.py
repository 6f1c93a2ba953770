"""`sentinel rescue-stops` rests a stop behind every share that has none."""

import typer

from sentinel.commands.options import AsJson, Call, DryRun, Force
from sentinel.commands.run_command import run_steps


def rescue_stops(context: typer.Context, dry_run: DryRun = False, force: Force = False, as_json: AsJson = False) -> int:
    """Rest a stop behind every share without one.

    Where the price has already fallen past the policy's stop, an emergency stop rests just under the price.
    """
    from sentinel.execution_engine import RESCUE_STOPS

    return run_steps(Call.of(context, as_json, dry_run=dry_run), RESCUE_STOPS, force=force)
