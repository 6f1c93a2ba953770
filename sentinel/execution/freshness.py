"""Whether what a run has read is still fresh enough to act on: a laptop may sleep between a look and a deed."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeVar

Looked = TypeVar("Looked")

# After so many new beginnings a run goes on with what it has: a slow broker must not keep shares bare for ever.
MOST_BEGINNINGS = 3


class LookTooOld(Exception):
    """What was read is too old to send anything on it: everything is to be read again."""


class Freshness:
    """The age of the last look by the computer's clock, which goes on while the computer sleeps."""

    def __init__(self, now: Callable[[], datetime], limit_s: float) -> None:
        self._now = now
        self._limit = timedelta(seconds=limit_s)
        self._looked_at = now()
        self._beginnings = 0

    def in_one_go(self, look: Callable[[], Looked]) -> Looked:
        """What a look reads; of one that was itself slept through the halves do not belong together: another one."""
        while True:
            # What is read first is the oldest of it.
            self._looked_at = self._now()
            seen = look()
            if not self.is_old:
                return seen
            self.begin_again()

    @property
    def is_old(self) -> bool:
        """Whether the look is older than the limit; a clock that was set back tells nothing, so that counts too."""
        return abs(self._now() - self._looked_at) > self._limit and self._beginnings < MOST_BEGINNINGS

    def require(self) -> None:
        """Nothing is sent on an old look: LookTooOld."""
        if self.is_old:
            raise LookTooOld

    def begin_again(self) -> str:
        """Count a new beginning; how long the run stood still, in words."""
        self._beginnings += 1
        return f"{abs(self._now() - self._looked_at).total_seconds():.0f} seconds passed since the broker was read"
