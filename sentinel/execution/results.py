"""How a deed ended, in the words the report uses."""

from dataclasses import dataclass
from typing import assert_never

from sentinel.domain.errors import GuardRefusal
from sentinel.domain.findings import Finding, Severity
from sentinel.domain.orders import Order
from sentinel.domain.outcomes import Confirmed, Outcome, Rejected, Unresolved
from sentinel.domain.runs import DeedOutcome


@dataclass(frozen=True, slots=True)
class Result:
    """How a deed ended, with the broker's answers to fold into the facts."""

    outcome: DeedOutcome
    detail: str = ""
    orders: tuple[Order, ...] = ()
    findings: tuple[Finding, ...] = ()
    # The rule that kept it from being sent, if one did.
    refusal: GuardRefusal | None = None


def failed(outcome: Outcome, finding: Finding) -> Result:
    """A deed that did not happen, or of which nobody knows."""
    state = DeedOutcome.UNRESOLVED if isinstance(outcome, Unresolved) else DeedOutcome.REFUSED
    return Result(state, why(outcome), findings=(finding,))


def why(outcome: Outcome) -> str:
    """An outcome in the broker's words."""
    match outcome:
        case Confirmed():
            return "accepted"
        case Rejected(status, _, message):
            return f"{message} (HTTP {status})"
        case Unresolved(silence):
            return silence
        case _:
            assert_never(outcome)


def naked(symbol: str, qty: int, outcome: Outcome) -> Finding:
    """The alarm of shares that no stop could be placed behind."""
    message = f"no stop could be placed behind {qty} shares of {symbol}: {why(outcome)}"
    return alarm("stop_refused", symbol, message, "place a stop at the broker by hand, or run `sentinel rescue-stops`")


def alarm(code: str, symbol: str, message: str, remedy: str) -> Finding:
    """Something only the trader can put right."""
    return Finding(code, Severity.ALARM, symbol, message, remedy)
