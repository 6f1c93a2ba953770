"""The broker as the rest of Sentinel sees it: what it says (reading) and what it is told (sending)."""

import warnings
from collections.abc import Callable
from datetime import timedelta

from sentinel.broker.answers import Wire
from sentinel.broker.pace import Pace
from sentinel.broker.reading import Patience, Reading
from sentinel.broker.sending import Sending


class Broker(Reading, Sending):
    """One account at the broker; every method is one request, or one a page."""

    def __init__(self, wire: Wire, patience: Patience | None = None) -> None:
        Reading.__init__(self, wire, patience or Patience())
        Sending.__init__(self, wire)

    @property
    def requests(self) -> int:
        """How many requests were sent so far, repeated reads included."""
        return self._wire.requests

    @property
    def clock_skew(self) -> timedelta | None:
        """The broker's wall clock less the computer's, by its latest answer; None before one tells.

        It is the `Date` of the HTTP answer, not the market's clock, which on a simulated exchange is another.
        """
        return self._wire.clock_skew

    def holds_key(self, text: str) -> bool:
        """Whether a text holds one of the keys the account is opened with, however spelt."""
        return self._wire.holds_key(text)

    def keep_pace(self, requests_per_minute: int | None, tell: Callable[[str], None]) -> None:
        """Send at most so many requests in any minute, and tell of every wait; None is as fast as it goes."""
        self._wire.keep_pace(Pace(requests_per_minute, tell))

    def __repr__(self) -> str:
        return f"<Broker, {self.requests} requests sent>"


def connect(
    key: str,
    secret: str,
    trading_url: str,
    data_url: str,
    connect_timeout_s: float,
    read_timeout_s: float,
    read_attempts: int = 3,
    read_wait_s: float = 0.5,
) -> Broker:
    """The broker at these hosts, with nothing sent yet; a read is tried `read_attempts` times, a mutation once."""
    with warnings.catch_warnings():
        # alpaca-py loads the retired half of websockets, which Sentinel never uses.
        warnings.simplefilter("ignore", DeprecationWarning)
        # Here and not above: alpaca-py needs most of a second to import (ALPACA 13).
        from sentinel.broker.transport import open_wire

    wire = open_wire(key, secret, trading_url, data_url, (connect_timeout_s, read_timeout_s))
    return Broker(wire, Patience(read_attempts, read_wait_s))
