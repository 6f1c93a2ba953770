"""What a rule about entries is: a name, a judge, and whether the trader may set it aside for one order."""

from collections.abc import Callable
from dataclasses import dataclass

from sentinel.domain.actions import SubmitEntry
from sentinel.domain.facts import Facts


@dataclass(frozen=True, slots=True)
class Breach:
    """What an entry breaks in words, the value it met and the limit of the rule as people read them, and what helps."""

    words: str
    value: str
    limit: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule; `judge` says how an entry breaks it on these facts, None when it does not."""

    name: str
    judge: Callable[[SubmitEntry, Facts], Breach | None]
    may_override: bool = True
