"""`sentinel doctor` looks at everything a run needs and names what is broken, with its remedy."""

import typer

from sentinel.commands.examination import examine
from sentinel.commands.options import AsJson, Call
from sentinel.commands.streams import answer
from sentinel.report.health import health_document, health_exit_code, health_screen


def doctor(context: typer.Context, as_json: AsJson = False) -> int:
    """Check the home, the ledger and the broker.

    Settings, keys, broker, account, clocks, ledger, audit, last run, backups, disk, folders, schedule: one line each,
    with a remedy for what is not well. Changes nothing. Exits 0 when nothing is broken, 1 when something is, 4 when the
    broker cannot be reached.
    """
    from sentinel.settings import find_home

    call = Call.of(context, as_json, dry_run=True)
    checks = examine(find_home(call.home))
    answer(health_screen(checks), health_document(checks, call.command), as_json=as_json)
    return health_exit_code(checks)
