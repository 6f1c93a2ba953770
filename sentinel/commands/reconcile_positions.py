"""`sentinel reconcile-positions` makes the ledger follow what the broker really holds."""

from typing import Annotated

import typer

from sentinel.commands.options import AsJson, Call, DryRun, Force
from sentinel.commands.run_command import run_steps
from sentinel.commands.typed_words import reason_of
from sentinel.domain.facts import ReconcileRequest

MostGhosts = Annotated[
    int | None, typer.Option("--max", min=0, metavar="N", help="Close at most so many ghosts, the oldest first.")
]
CloseReason = Annotated[
    str | None,
    typer.Option(
        metavar="TEXT",
        help="What ended the ghosts nobody saw end: stop_filled, profit, manual, unknown, or your own words.",
    ),
]


def reconcile_positions(
    context: typer.Context,
    most_ghosts: MostGhosts = None,
    close_reason: CloseReason = None,
    dry_run: DryRun = False,
    force: Force = False,
    as_json: AsJson = False,
) -> int:
    """Make the ledger follow what is really held.

    Closes ghosts by the orders that ended them, adopts strangers, follows hand trades, splits and symbol changes. Sends
    no orders. An adopted position gets its stop from rescue-stops or the evening.
    """
    from sentinel.execution_engine import RECONCILE_POSITIONS

    call = Call.of(context, as_json, dry_run=dry_run)
    request = ReconcileRequest(most_ghosts, None if close_reason is None else reason_of(close_reason, call.home))
    return run_steps(call, RECONCILE_POSITIONS, force=force, request=request)
