"""What others know of a ledger that it does not say itself: that it is new where an old one was, or older."""

from datetime import datetime

from sentinel.domain.facts import Facts
from sentinel.domain.findings import Finding, Severity


def lost_ledger(facts: Facts, *, is_new: bool) -> tuple[Finding, ...]:
    """A new ledger on an account that holds orders with our names: the old one is gone."""
    if not is_new or all(order.purpose is None for order in facts.orders.values()):
        return ()
    message = "this ledger is new, but the broker knows orders Sentinel sent before"
    remedy = "if a ledger was lost, put a copy back with `sentinel restore`; stops are read from the broker"
    return (Finding("ledger_lost", Severity.WARNING, None, message, remedy),)


def older_ledger(facts: Facts, unheard: frozenset[str], last_look: datetime | None) -> tuple[Finding, ...]:
    """Orders with names of ours, sent after the ledger's last look and never planned in it: an older ledger."""
    if last_look is None:
        return ()
    newer = [
        order.submitted_at
        for order in facts.orders.values()
        if order.client_order_id in unheard and order.submitted_at is not None and order.submitted_at > last_look
    ]
    if not newer:
        return ()
    told = f"{len(newer)} orders" if len(newer) > 1 else "an order"
    return (older(f"the broker knows {told} Sentinel sent after its last run, the latest on {max(newer):%d %b %Y}"),)


def older(because: str) -> Finding:
    """The one finding for an older ledger, whoever is the witness: a run settles it, the trader should know why."""
    remedy = (
        "nothing to do after `sentinel restore`: what happened since, a run learns from the broker; else see whether"
        " somebody copied a ledger by hand, or another home works on this account"
    )
    return Finding("ledger_older", Severity.WARNING, None, f"this ledger is older than it should be: {because}", remedy)
