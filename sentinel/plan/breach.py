"""What a rule is: a name, a judge, whether the trader may set it aside for one order; and what is said of a breach."""

from collections.abc import Callable
from dataclasses import dataclass

from sentinel.domain.actions import SubmitEntry
from sentinel.domain.errors import GuardRefusal
from sentinel.domain.facts import Facts

# What every request but an entry must keep, whoever asked for it; nobody sets one of these aside.
REDUCE_ONLY = "reduce_only"
NEVER_LOWER = "never_lower"
NEVER_BARE = "never_bare"
LEFT_ALONE = "left_alone"
ALREADY_ENDED = "already_ended"
HALT = "halt"
NOT_ARMED = "not_armed"
RULES_OF_REQUESTS = (REDUCE_ONLY, NEVER_LOWER, NEVER_BARE, LEFT_ALONE, ALREADY_ENDED, HALT, NOT_ARMED)


@dataclass(frozen=True, slots=True)
class Breach:
    """What an entry breaks in words, the value it met and the limit of the rule as people read them, and what helps."""

    words: str
    value: str
    limit: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule about entries; `judge` says how an entry breaks it on these facts, None when it does not."""

    name: str
    judge: Callable[[SubmitEntry, Facts], Breach | None]
    may_override: bool = True


def refused(rule: str, words: str, value: str, limit: str) -> GuardRefusal:
    """The refusal of a request by one of the rules of requests."""
    remedy = "the next run plans anew from what it finds then"
    return GuardRefusal(f"{words} (rule {rule})", remedy, rule=rule, value=value, limit=limit)
