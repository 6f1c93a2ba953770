"""`sentinel migrate` brings the home's ledger to the newest schema, or turns a version 7 database into a ledger."""

from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from sentinel.commands.home_lock import home_lock
from sentinel.commands.options import AsJson, Call, DryRun
from sentinel.commands.session import LEDGER_FILE
from sentinel.commands.streams import answer
from sentinel.domain.errors import UsageError
from sentinel.report.document import document


def migrate(
    context: typer.Context,
    from_v7: Annotated[
        Path | None, typer.Option("--from-v7", metavar="DB", help="A version 7 database to turn into a ledger.")
    ] = None,
    backup_dir: Annotated[
        Path | None, typer.Option(help="Where the copy made first goes.  [default: backups/ beside the database]")
    ] = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> int:
    """Bring the ledger to the newest schema.

    A copy of it is made first. With --from-v7 a version 7 database becomes a ledger where it stands, its old tables
    kept as archives.
    """
    call = Call.of(context, as_json, dry_run=dry_run)
    done = _home_ledger(call) if from_v7 is None else _version_seven(from_v7, backup_dir, dry_run=dry_run)
    answer(Text("\n".join(done)), document(call.command, 0, done=list(done), dry_run=dry_run), as_json=as_json)
    return 0


def _home_ledger(call: Call) -> tuple[str, ...]:
    from sentinel.ledger import Ledger
    from sentinel.settings import find_home

    home = find_home(call.home)
    path = home / LEDGER_FILE
    opened = Ledger.open_read_only if call.is_dry_run else Ledger.open
    with home_lock(home, call.command, leaves_no_trace=call.is_dry_run), opened(path) as ledger:
        return (f"{path} has schema {ledger.schema_version}, the newest",)


def _version_seven(path: Path, backup_dir: Path | None, *, dry_run: bool) -> tuple[str, ...]:
    from sentinel.ledger import migrate_from_v7

    if not path.is_file():
        raise UsageError(f"there is no database {path}", "name the version 7 file: sentinel migrate --from-v7 DB")
    return migrate_from_v7(path, backup_dir, dry_run=dry_run)
