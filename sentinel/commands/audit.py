"""`sentinel audit` verifies the chain of the audit and its heads."""

import typer
from rich.text import Text

from sentinel.commands.audit_heads import disagreement_with_heads
from sentinel.commands.options import AsJson, Call
from sentinel.commands.session import LEDGER_FILE
from sentinel.commands.streams import answer
from sentinel.domain.findings import Finding, Severity
from sentinel.report.document import document

audit = typer.Typer(name="audit", help="Verify what was written down.", rich_markup_mode=None)
MOST_CHANGES = 3
REMEDY = "`sentinel restore` names the copies; a sound one put back has a sound audit"


@audit.callback()
def group() -> None:
    """Keep `verify` a command of its own: a group of one command would swallow its name."""


@audit.command("verify")
def verify(context: typer.Context, as_json: AsJson = False) -> int:
    """Find the first line that was changed; offline.

    It names the first line that was changed, taken out or cut off. Every line is sealed with the one before it. The
    last one of each run is noted in audit-heads.txt, outside the ledger, so that an audit written anew from the start
    is found out too. Tables that hold anything Sentinel did not write are named as well. Exits 0 when all is whole,
    else 1.
    """
    from sentinel.ledger import Ledger, noted_heads
    from sentinel.settings import find_home

    call = Call.of(context, as_json)
    home = find_home(call.home)
    with Ledger.open_read_only(home / LEDGER_FILE, is_checked=False) as ledger:
        broken, head = ledger.verify_audit(), ledger.audit_head()
        other = disagreement_with_heads(ledger, home)
        changed = ledger.damage()
    if broken is not None:
        message = f"line {broken} of the audit was changed, taken out or cut off"
        finding: Finding | None = Finding("audit_broken", Severity.ALARM, None, message, REMEDY)
    elif changed:
        message = f"the audit is whole, but {'; '.join(changed[:MOST_CHANGES])}"
        finding = Finding("ledger_changed", Severity.ALARM, None, message, REMEDY)
    else:
        finding = other[1] if other else None
    if finding is None:
        words = f"the audit is whole: {head or 'no line yet'}, and agrees with {len(noted_heads(home))} noted heads"
    else:
        words = f"{finding.message}\ndo: {finding.remedy}"
    told = document(
        call.command,
        int(finding is not None),
        findings=() if finding is None else (finding,),
        audit_head=None if head is None else {"number": head.number, "hash": head.hash},
        first_broken=broken if broken is not None else other and other[0].head.number,
    )
    answer(Text(words), told, as_json=as_json)
    return int(finding is not None)
