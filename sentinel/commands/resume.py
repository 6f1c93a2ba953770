"""`sentinel resume` lifts the halt, or the pause Sentinel set: entries and profit sales go on."""

import typer

from sentinel.commands.offline import ledger_to_write, utc_now
from sentinel.commands.options import AsJson, Call, DryRun, Reason
from sentinel.commands.streams import answer
from sentinel.commands.typed_words import reason_of
from sentinel.report.halting import resume_document, resume_screen


def resume(context: typer.Context, reason: Reason, dry_run: DryRun = False, as_json: AsJson = False) -> int:
    """Lift a halt, or a pause of entries; offline.

    The halt was yours, the pause is set by Sentinel. Entries and profit sales go on, and the signs of danger are
    counted anew. Approved sales that were held back are done by the next run, if the price has not left the one you
    approved. Without a halt it changes nothing.
    """
    call = Call.of(context, as_json, dry_run=dry_run)
    why, now = reason_of(reason, call.home), utc_now()
    with ledger_to_write(call) as ledger:
        halted = ledger.halt_reason() or ledger.latch_reason()
        if halted is not None and not dry_run:
            with ledger.transaction():
                ledger.resume(why, now)
                ledger.audit("resume", None, why)
    answer(
        resume_screen(why, halted, is_dry_run=dry_run),
        resume_document(call.command, why, halted, is_dry_run=dry_run),
        as_json=as_json,
    )
    return 0
