"""What comes back over the wire: an answer that can be read, or none; a broker's no is not a broken line."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol

from sentinel.broker.pace import Pace

JsonObject = dict[str, Any]
# The error code of "there is no such thing" and the one message under it that means something else (ALPACA 9.1).
NOT_FOUND = 40410000
NO_SUCH_ADDRESS = "endpoint not found"


class NoAnswer(Exception):
    """Nobody knows what the broker did: the line broke, or what arrived is not an answer."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer that could be read; `body` is its JSON, None where there is none.

    `retry_after_s` says how many seconds the broker wants to be left alone, when it says so (ALPACA 9.2).
    """

    status: int
    body: object
    retry_after_s: float | None = None

    @property
    def is_success(self) -> bool:
        """Whether the broker did what it was asked."""
        return 200 <= self.status < 300

    @property
    def error(self) -> JsonObject | None:
        """The broker's error object, None when the body has not its shape: a text message, often a code."""
        if isinstance(self.body, dict) and isinstance(self.body.get("message"), str):
            return self.body
        return None

    @property
    def is_definite_refusal(self) -> bool:
        """Whether the broker itself said no and nothing happened; some 4xx only mean that nobody knows."""
        return 400 <= self.status < 500 and self.status not in UNDECIDED and self.error is not None

    @property
    def is_transient(self) -> bool:
        """Whether the same read may succeed a moment later."""
        return self.status >= 500 or self.status in UNDECIDED

    @property
    def says_not_found(self) -> bool:
        """Whether the broker knows the address and says that what was asked for does not exist."""
        error = self.error or {}
        is_known_address = NO_SUCH_ADDRESS not in str(error.get("message", "")).lower()
        return self.status == 404 and error.get("code") == NOT_FOUND and is_known_address


# Timeout, conflict, too early, rate limit, and a proxy's "the client left": none says whether the request was done.
UNDECIDED = frozenset({408, 409, 425, 429, 499})


class Wire(Protocol):
    """One request, one answer, never a second try; NoAnswer whenever there is nothing to read."""

    @property
    def requests(self) -> int:
        """How many requests were sent."""
        ...

    @property
    def clock_skew(self) -> timedelta | None:
        """The broker's wall clock less the computer's; None before an answer tells."""
        ...

    def holds_key(self, text: str) -> bool:
        """Whether a text holds one of the keys, however spelt."""
        ...

    def keep_pace(self, pace: Pace) -> None:
        """Let every request wait for its turn from now on."""
        ...

    def read(self, path: str, params: Mapping[str, str] | None = None) -> Answer:
        """Ask the trading host."""
        ...

    def read_market(self, path: str, params: Mapping[str, str]) -> Answer:
        """Ask the market data host."""
        ...

    def submit(self, order: "OrderTicket") -> Answer:
        """Send a new order."""
        ...

    def resize(self, order_id: str, name: str, qty: str) -> Answer:
        """PATCH the quantity of a simple order."""
        ...

    def replace(self, order_id: str, name: str, stop_price: str) -> Answer:
        """Ask for another stop price on a resting order."""
        ...

    def cancel(self, order_id: str) -> Answer:
        """Ask for the end of an order."""
        ...


@dataclass(frozen=True, slots=True)
class OrderTicket:
    """A new order in the broker's own words; prices and quantities are the exact text that goes out."""

    name: str
    symbol: str
    side: str
    type: str
    time_in_force: str
    qty: str
    limit_price: str | None = None
    stop_price: str | None = None
    leg_stop_price: str | None = None
    position_intent: str | None = None
