"""`sentinel halt` stops entries and profit sales until `sentinel resume`; protection goes on."""

import typer

from sentinel.commands.offline import ledger_to_write, utc_now
from sentinel.commands.options import AsJson, Call, DryRun, Reason
from sentinel.commands.streams import answer
from sentinel.commands.typed_words import reason_of
from sentinel.report.halting import halt_document, halt_screen


def halt(context: typer.Context, reason: Reason, dry_run: DryRun = False, as_json: AsJson = False) -> int:
    """Stop entries and profit sales; offline.

    Until `resume`. Protection goes on: stops are placed, raised and followed as ever. Orders already at the broker stay
    there and are named. Halting again changes the reason.
    """
    call = Call.of(context, as_json, dry_run=dry_run)
    why, now = reason_of(reason, call.home), utc_now()
    with ledger_to_write(call) as ledger:
        book = ledger.book(now.date())
        if not dry_run:
            with ledger.transaction():
                ledger.halt(why, now)
                ledger.audit("halt", None, why)
    answer(
        halt_screen(why, book, is_dry_run=dry_run),
        halt_document(call.command, why, book, is_dry_run=dry_run),
        as_json=as_json,
    )
    return 0
