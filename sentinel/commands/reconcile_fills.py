"""`sentinel reconcile-fills` follows the fate of every order of ours into the ledger."""

import typer

from sentinel.commands.options import AsJson, Call, DryRun, Force
from sentinel.commands.run_command import run_steps


def reconcile_fills(
    context: typer.Context, dry_run: DryRun = False, force: Force = False, as_json: AsJson = False
) -> int:
    """Follow what became of every order of ours.

    Entries filled, cancelled, expired, rejected; stops filled. What part-filled gets its remainder cancelled and a stop
    for what filled. Splits and hand trades are followed first: a stop is priced by what is held.
    """
    from sentinel.execution_engine import RECONCILE_FILLS

    return run_steps(Call.of(context, as_json, dry_run=dry_run), RECONCILE_FILLS, force=force)
