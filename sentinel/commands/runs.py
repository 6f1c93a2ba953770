"""`sentinel runs` lists what every run did."""

from typing import Annotated

import typer

from sentinel.commands.offline import ledger_to_read
from sentinel.commands.options import AsJson, Call
from sentinel.commands.streams import answer
from sentinel.report.run_list import RunLine, figures_of, runs_document, runs_screen


def runs(
    context: typer.Context,
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000, metavar="N", help="How many, newest first.")] = 20,
    as_json: AsJson = False,
) -> int:
    """List the runs and what each did; offline.

    One line a run, newest first, and the totals over the runs listed. --json adds success rates. Dry runs leave no
    trace, and a run that could not reach the broker is in the logs alone.
    """
    call = Call.of(context, as_json)
    with ledger_to_read(call) as ledger:
        lines = [RunLine(run, figures_of(ledger.deeds(run.id))) for run in ledger.runs(limit)]
    answer(runs_screen(lines), runs_document(lines, call.command), as_json=as_json)
    return 0
