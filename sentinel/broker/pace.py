"""Keeps the requests of a run under the broker's limit a minute, by its own count and by what answers say is left."""

import time
from collections import deque
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime

MINUTE_S = 60.0
# The trader's other programs use the same limit: with so few requests left the next minute is awaited (ALPACA 9.2).
FEW_LEFT = 5


class Pace:
    """At most so many requests in any minute; each wait is told before it begins. None is as fast as it goes."""

    def __init__(
        self,
        requests_per_minute: int | None = None,
        tell: Callable[[str], None] = lambda _text: None,
        clock_s: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._most = requests_per_minute
        self._tell = tell
        self._clock_s = clock_s
        self._sleep = sleep
        self._sent_at: deque[float] = deque()
        self._not_before = 0.0

    def wait(self) -> None:
        """Wait until another request may go out, and count it."""
        if self._most is None:
            return
        while (pause_s := self._pause_s()) > 0:
            self._tell(f"waiting {pause_s:.0f} s: the broker takes so many requests a minute")
            self._sleep(pause_s)
        self._sent_at.append(self._clock_s())

    def heed(self, headers: Mapping[str, str]) -> None:
        """Note what an answer says is left of the minute, and when the next one begins by the broker's own clock."""
        if self._most is None:
            return
        try:
            left = int(headers["X-RateLimit-Remaining"])
            now_s = parsedate_to_datetime(headers["Date"]).timestamp()
            pause_s = float(headers["X-RateLimit-Reset"]) - now_s
        except (KeyError, ValueError):
            return
        if left <= FEW_LEFT:
            self._not_before = self._clock_s() + min(max(pause_s, 0.0), MINUTE_S)

    def _pause_s(self) -> float:
        now = self._clock_s()
        while self._sent_at and self._sent_at[0] <= now - MINUTE_S:
            self._sent_at.popleft()
        is_full = self._most is not None and len(self._sent_at) >= self._most
        window_s = self._sent_at[0] + MINUTE_S - now if is_full else 0.0
        return max(window_s, self._not_before - now)
