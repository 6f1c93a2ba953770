"""`sentinel backup` makes a checked copy of the ledger."""

from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from sentinel.commands.offline import ledger_to_read
from sentinel.commands.options import AsJson, Call, DryRun
from sentinel.commands.streams import answer
from sentinel.report.document import document


def backup(
    context: typer.Context,
    to: Annotated[
        Path | None, typer.Option("--to", metavar="DIR", help="Where the copy goes.  [default: backups/ of the home]")
    ] = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> int:
    """Copy the ledger, checked; offline.

    Works while a run is at work, and takes no older copy away: only runs do, each of which makes one of its own
    before it begins. `restore` puts a copy back.
    """
    call = Call.of(context, as_json, dry_run=dry_run)
    with ledger_to_read(call) as ledger:
        folder = (to.expanduser() if to else ledger.path.parent / "backups").absolute()
        copy = None if dry_run else ledger.backup(folder)
    words = f"would copy {ledger.path} into {folder}" if copy is None else f"copied {ledger.path} to {copy}"
    told = document(
        call.command, 0, ledger=str(ledger.path), copy=str(copy) if copy else None, folder=str(folder), dry_run=dry_run
    )
    answer(Text(words), told, as_json=as_json)
    return 0
