"""`sentinel reconcile-positions` makes the ledger follow what the broker really holds."""

import typer

from sentinel.commands.options import AsJson, Call, DryRun, Force
from sentinel.commands.run_command import run_steps


def reconcile_positions(
    context: typer.Context, dry_run: DryRun = False, force: Force = False, as_json: AsJson = False
) -> int:
    """Make the ledger follow what is really held.

    Closes ghosts, adopts strangers, follows hand trades, splits and symbol changes. Sends no orders. An adopted
    position gets its stop from rescue-stops or the evening.
    """
    from sentinel.execution.workplace import Step
    from sentinel.plan.fills import plan_fills
    from sentinel.plan.positions import plan_positions

    steps = (Step("fills", plan_fills), Step("positions", plan_positions))
    return run_steps(Call.of(context, as_json, dry_run=dry_run), steps, force=force)
