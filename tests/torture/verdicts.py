"""What the oracle says: a broken invariant, or shares the facts themselves leave bare."""

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Violation:
    """An invariant that does not hold: its number, the symbol where there is one, and what was seen."""

    invariant: int
    symbol: str | None
    words: str

    def __str__(self) -> str:
        return f"I{self.invariant} {self.symbol or '-'}: {self.words}"


class Cause(StrEnum):
    """Why shares may be bare without Sentinel being at fault."""

    PARTIAL_ENTRY = "a part of an entry filled, and the stop of an OTO order sleeps until all of it has"
    REVERSE_SPLIT = "a reverse split cancelled every order on the symbol"
    ORDER_NOT_SPLIT = "a split multiplied the shares, and not a sale that waited for the open, or a short's buy stop"
    HALT = "the symbol is halted, or the sale that waited for its open met a halt"
    HANGING_CANCEL = "an order that ends only at the open is in the way"
    CUT_HANDOVER = "a kill fell between what freed shares of a stop and what was to follow"
    BY_HAND = "shares bought or a stop cancelled by telephone since the last run ended"
    NEW_POSITION = "the position came since the last run ended"
    ALARMED = "the run said so by an alarm that names the symbol"


@dataclass(frozen=True, slots=True)
class Unavoidable:
    """Bare shares with a reason: counted and told, never passed over."""

    cause: Cause
    symbol: str
    shares: int
    is_market_open: bool


Finding = Violation | Unavoidable


def violations(findings: list[Finding]) -> list[Violation]:
    """The broken invariants among what was found."""
    return [finding for finding in findings if isinstance(finding, Violation)]
