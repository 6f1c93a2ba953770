"""Whether the audit goes on where its noted heads end: told alike by runs, `audit verify` and the doctor."""

from pathlib import Path
from typing import TYPE_CHECKING

from sentinel.domain.findings import Finding, Severity
from sentinel.plan.witness import older

if TYPE_CHECKING:
    from sentinel.ledger import Ledger, Noted


def disagreement_with_heads(ledger: "Ledger", home: Path, *, only_last: bool = False) -> "tuple[Noted, Finding] | None":
    """The first noted head the audit does not agree with, and what that says of the ledger; None when it agrees.

    A run asks for the last one alone: what an earlier run has told already is not told again.
    """
    from sentinel.ledger import disagreement, is_older, noted_heads

    noted = noted_heads(home)
    other = disagreement(noted[-1:] if only_last else noted, ledger.audit_hash)
    if other is None:
        return None
    if is_older(noted, ledger.audit_hash, other, ledger.audit_head()):
        last = noted[-1]
        words = f"{last.command} noted line {last.head.number} of the audit at {last.at}, and the audit ends before it"
        return other, older(words)
    line = f"line {other.head.number} of the audit"
    message = f"{line} is not the one {other.command} noted at {other.at}: it was written anew"
    remedy = "if nobody you trust wrote it, `sentinel restore` a copy; `sentinel audit verify` goes on naming it"
    return other, Finding("audit_rewritten", Severity.ALARM, None, message, remedy)
