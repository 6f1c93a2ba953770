"""When what keeps going wrong pauses entries until the trader has looked: the pause that remembers."""

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import takewhile

from sentinel.domain.book import RunEnding, Trouble
from sentinel.domain.findings import Finding, Severity
from sentinel.risk_config import RiskPolicy

# Alarms that say Sentinel or the broker cannot be relied upon. What waits for the trader, the price or the open is none
# of them: a question, a fraction of a share, an owed raise, a stop about to lapse or still to be shrunk.
DANGERS = frozenset(
    {
        "bug",
        "unresolved",
        "list_missed",
        "suddenly_empty",
        "order_vanished",
        "leg_missing",
        "cancel_pending",
    }
)
UNFINISHED = frozenset({4, 70, 130})
SATURDAY = 5


def latch_reason(trouble: Trouble, policy: RiskPolicy, today: date) -> str | None:
    """Why entries must pause, with the counts and their limits; None while there is no reason."""
    return "; ".join(_reasons(trouble, policy, today)) or None


def pause_finding(reason: str, severity: Severity) -> Finding:
    """What tells the trader of a pause: an alarm when it begins, a warning while it lasts."""
    remedy = "find out why (`sentinel runs`), then sentinel resume --reason TEXT; protection and sales go on meanwhile"
    return Finding("entries_paused", severity, None, f"entries are paused: {reason}", remedy)


def is_unclean(ending: RunEnding) -> bool:
    """Whether a run ended in a way that is a sign of danger: cut off, broken off, shares left bare, or trust lost."""
    if ending.exit_code is None or ending.exit_code in UNFINISHED:
        return True
    return ending.exit_code == 1 and (ending.is_bare or bool(ending.alarms & DANGERS))


def _reasons(trouble: Trouble, policy: RiskPolicy, today: date) -> Iterator[str]:
    first, window = first_session(today, policy.latch_sessions), f"{policy.latch_sessions} sessions"
    rescued = Counter(symbol for symbol, _, session in trouble.rescues if session >= first)
    for symbol, runs in sorted(rescued.items()):
        if policy.latch_rescues and runs >= policy.latch_rescues:
            yield f"{runs} runs in {window} had to put a stop behind {symbol} (limit {policy.latch_rescues})"
    rejects = [verb for session, verb, _ in trouble.rejects if session >= first]
    if policy.latch_rejects and len(rejects) >= policy.latch_rejects:
        yield f"{len(rejects)} requests in {window} were refused or not answered (limit {policy.latch_rejects})"
    unclean = list(takewhile(is_unclean, trouble.endings))
    if policy.latch_unclean_runs and len(unclean) >= policy.latch_unclean_runs:
        yield f"the last {len(unclean)} runs ended badly (limit {policy.latch_unclean_runs})"


def first_session(today: date, sessions: int) -> date:
    """The first day of so many sessions that end today; weekdays, for a holiday more or less decides nothing."""
    day = today
    while sessions > 1:
        day -= timedelta(days=1)
        sessions -= day.weekday() < SATURDAY
    return day
