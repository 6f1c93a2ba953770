"""`sentinel status` shows where the trader stands, from the ledger alone; --live asks the broker, read-only."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated

import typer

from sentinel.commands.log_endings import failure_since
from sentinel.commands.options import AsJson, Call
from sentinel.commands.session import LEDGER_FILE, open_session
from sentinel.commands.streams import answer
from sentinel.domain.book import ApprovalState
from sentinel.domain.coverage import Coverage
from sentinel.domain.runs import RunReport
from sentinel.report.inbox import as_of
from sentinel.report.standing import LastRun, Standing, standing_document, with_unseen_trades
from sentinel.report.standing_screen import standing_screen

# Questions that wait for an answer, and a yes whose sale is not done yet.
STILL_OPEN = (ApprovalState.WAITING, ApprovalState.APPROVED)


def status(
    context: typer.Context,
    live: Annotated[bool, typer.Option("--live", help="Ask the broker now; nothing is sent, nothing written.")] = False,
    as_json: AsJson = False,
) -> int:
    """Show where you stand, from the ledger; offline.

    Positions, stops, gains, the next stair, what waits, and the coverage as the last run proved it.
    """
    call = Call.of(context, as_json, dry_run=True)
    standing = _standing(call)
    if live:
        with open_session(call) as session:
            standing = _seen(standing, session.engine.run((), call.command, source=call.source, is_dry_run=True))
    approvals = as_of(standing.book.approvals, standing.looked_at)
    standing = replace(standing, book=replace(standing.book, approvals=approvals))
    answer(standing_screen(standing), standing_document(standing, call.command), as_json=as_json)
    return standing.exit_code


def _standing(call: Call) -> Standing:
    from sentinel.ledger import Ledger
    from sentinel.settings import find_home, load_settings

    home = find_home(call.home)
    settings = load_settings(home)
    now = datetime.now(UTC)
    with Ledger.open_read_only(home / LEDGER_FILE) as ledger:
        last, seen = ledger.last_run(), ledger.last_coverage()
        coverage, looked_at, run_id = seen or (Coverage(), None, None)
        looking = ledger.run(run_id) if run_id is not None else None
        seen_until = looking.ended_at or looking.started_at if looking else None
        book, bound = ledger.book(now.date()), ledger.bound_account()
        row = LastRun(last.id, last.command, last.started_at, last.ended_at, last.exit_code) if last else None
        return Standing(
            home=home,
            mode=settings.broker.mode,
            policy=settings.risk,
            book=replace(book, approvals=tuple(asked for asked in ledger.approvals() if asked.state in STILL_OPEN)),
            coverage=with_unseen_trades(coverage, book.trades),
            looked_at=looked_at,
            last_run=row,
            findings=ledger.findings(last.id) if last else (),
            now=now,
            seen_until=seen_until,
            failure=failure_since(home / "logs", seen_until),
            rescues=ledger.rescues(),
            bound_mode=bound.mode if bound else None,
        )


def _seen(standing: Standing, report: RunReport) -> Standing:
    """The standing with what the broker says now."""
    seen = replace(standing, coverage=report.coverage, looked_at=report.looked_at, findings=report.findings)
    return replace(seen, is_live=True)
