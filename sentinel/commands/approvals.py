"""`sentinel approvals` lists the questions that wait for the trader, and takes the answers."""

from typing import Annotated

import typer
from rich.text import Text

from sentinel.commands.options import AsJson, Call, DryRun
from sentinel.commands.run_command import run_in_session
from sentinel.commands.session import LEDGER_FILE, Session
from sentinel.commands.streams import answer
from sentinel.domain.book import Approval, ApprovalState
from sentinel.domain.runs import RunReport
from sentinel.report.document import document
from sentinel.report.inbox import answered, approvals_table, as_of

approvals = typer.Typer(
    name="approvals", help="List and answer the questions that wait for you.", rich_markup_mode=None
)
Ids = Annotated[list[int], typer.Argument(help="Numbers from `sentinel approvals list`.", metavar="ID...")]


@approvals.command("list")
def list_approvals(
    context: typer.Context,
    show_all: Annotated[bool, typer.Option("--all", help="Answered and expired ones too.")] = False,
    as_json: AsJson = False,
) -> int:
    """List what waits for an answer; offline."""
    from sentinel.ledger import Ledger
    from sentinel.settings import find_home

    call = Call.of(context, as_json)
    with Ledger.open_read_only(find_home(call.home) / LEDGER_FILE) as ledger:
        asked = ledger.approvals(None if show_all else ApprovalState.WAITING)
        seen = ledger.last_coverage()
    found = as_of(asked, seen[1] if seen else None)
    screen = approvals_table(found) if found else Text("nothing waits for your answer")
    answer(screen, document(call.command, 0, coverage=seen[0] if seen else None, approvals=found), as_json=as_json)
    return 0


@approvals.command("approve")
def approve(context: typer.Context, ids: Ids, dry_run: DryRun = False, as_json: AsJson = False) -> int:
    """Say yes: sold now, or by the next run that can."""
    return _decide(Call.of(context, as_json, dry_run=dry_run, non_interactive=True), ids, ApprovalState.APPROVED)


@approvals.command("reject")
def reject(context: typer.Context, ids: Ids, dry_run: DryRun = False, as_json: AsJson = False) -> int:
    """Say no, or take a yes back; the stops stay.

    A sale that is at the broker already is named, with what to do to keep the shares.
    """
    return _decide(Call.of(context, as_json, dry_run=dry_run, non_interactive=True), ids, ApprovalState.REJECTED)


def _decide(call: Call, ids: list[int], state: ApprovalState) -> int:
    from sentinel.evening import decide_approvals

    decided: list[Approval] = []

    def run(session: Session) -> RunReport:
        decided.extend(asked for asked in session.ledger.approvals() if asked.id in ids)
        return decide_approvals(session.engine, ids, state, source=call.source, is_dry_run=call.is_dry_run)

    return run_in_session(call, run, lambda report, halt_reason: answered(decided, state, report, halt_reason))
