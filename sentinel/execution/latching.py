"""Pauses entries when a run finds too many signs of danger, and says so once as an alarm and then as a warning."""

from dataclasses import replace

from sentinel.domain.book import RunEnding
from sentinel.domain.facts import Facts
from sentinel.domain.findings import Finding, Severity
from sentinel.ledger import Ledger
from sentinel.plan.latch import latch_reason, pause_finding


def watch_for_danger(ledger: Ledger, facts: Facts, run_id: int | None, ending: RunEnding | None) -> Finding | None:
    """Judge the runs before at the beginning of one (`ending` None), at its end with how it ends; None: no news.

    The pause is written down at once. While the trader's own halt is in force there is nothing left to pause.
    """
    book = facts.book
    if book.latch_reason is not None:
        return pause_finding(book.latch_reason, Severity.WARNING) if ending is None else None
    if book.halt_reason is not None:
        return None
    trouble = ledger.trouble(facts.today, run_id)
    if ending is not None:
        trouble = replace(trouble, endings=(ending, *trouble.endings))
    reason = latch_reason(trouble, facts.policy, facts.today)
    if reason is None:
        return None
    with ledger.transaction():
        ledger.latch(reason)
        ledger.audit("latch", None, reason)
    return pause_finding(reason, Severity.ALARM)
