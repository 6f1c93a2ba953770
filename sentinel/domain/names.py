"""Names Sentinel gives its orders, so that the broker itself remembers what was sent and why."""

import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

PREFIX = "snt"
# A stock symbol as the exchange writes it.
SYMBOL = re.compile(r"[A-Z]{1,6}([.][A-Z]{1,2})?")


class Purpose(StrEnum):
    """Why an order exists."""

    ENTRY = "entry"
    STOP = "stop"
    RAISE = "raise"
    EXIT = "exit"
    CANCEL = "cancel"


@dataclass(frozen=True, slots=True)
class OrderName:
    """What a client order id says: the same deed on the same evening always gets the same name."""

    account_tag: str
    day: date
    symbol: str
    purpose: Purpose
    attempt: int

    @property
    def stem(self) -> str:
        """The name without its attempt."""
        return f"{PREFIX}-{self.account_tag}-{self.day:%Y%m%d}-{self.symbol}-{self.purpose}"

    def __str__(self) -> str:
        return f"{self.stem}-{self.attempt}"


def account_tag(account_id: str) -> str:
    """Six characters that tell accounts apart in order names."""
    return account_id.replace("-", "")[:6].lower()


def read_order_name(client_order_id: str) -> OrderName | None:
    """The parts of a name of ours, or None for an order somebody else named."""
    parts = client_order_id.split("-")
    if len(parts) != 6 or parts[0] != PREFIX:
        return None
    _, tag, day, symbol, purpose, attempt = parts
    try:
        return OrderName(tag, date.fromisoformat(day), symbol, Purpose(purpose), int(attempt))
    except ValueError:
        return None
