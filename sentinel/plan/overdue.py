"""Raises and sales the broker has kept refusing for so many evenings that the trader must know."""

from collections.abc import Iterable

from sentinel.domain.book import Owed, OwedKind
from sentinel.domain.facts import Facts
from sentinel.domain.findings import Finding, Severity
from sentinel.domain.money import dollars


def overdue_findings(facts: Facts) -> Iterable[Finding]:
    """An alarm for each that could be done and is owed for `owed_alarm_evenings`."""
    for owed in facts.book.owed:
        if owed.evenings >= facts.policy.owed_alarm_evenings and _could_be_done(owed, facts):
            message = f"the {owed.kind} of {owed.symbol} to {dollars(owed.price)} is owed for {owed.evenings} evenings"
            command = "update-trailing-stops" if owed.kind is OwedKind.RAISE else "check-profit-taking"
            remedy = f"run `sentinel {command}` while the market is open"
            yield Finding("owed_overdue", Severity.ALARM, owed.symbol, f"{message}: {owed.reason}", remedy)


def _could_be_done(owed: Owed, facts: Facts) -> bool:
    """A raise to a level the price has fallen behind waits for the price, not for the broker."""
    if owed.kind is not OwedKind.RAISE or owed.symbol not in facts.positions:
        return True
    holding = facts.holding(owed.symbol)
    return holding.last_price is not None and holding.side.is_tighter(holding.last_price, than=owed.price)
