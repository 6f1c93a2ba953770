"""What became of one request that changes something at the broker."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sentinel.domain.orders import Order


@dataclass(frozen=True, slots=True)
class Confirmed:
    """The broker did it; `order` is its answer, None where the answer has no body (a cancel)."""

    order: Order | None = None


@dataclass(frozen=True, slots=True)
class Rejected:
    """A definite no (a 4xx with the broker's error shape); `fields` holds the extras of ALPACA 9.1 as text."""

    http_status: int
    code: int | None
    message: str
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Unresolved:
    """Nobody knows yet: timeout, 5xx, 429, reset, empty, HTML or an unknown shape."""

    why: str


Outcome = Confirmed | Rejected | Unresolved
