"""Counts shares bare while the market is open, by the fact that left them so; without one it is a violation."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.torture.broker_state import State, bare_shares, cause_of_bareness, is_open, positions
from tests.torture.verdicts import Cause, Violation


@dataclass
class Bareness:
    """What happened to each symbol since the last run that came to its end, and what was seen bare."""

    since: dict[str, str] = field(default_factory=dict)
    # The worst of each session: its day, the symbol, the cause.
    seen: dict[tuple[str, str, str], int] = field(default_factory=dict)

    def because(self, symbol: str, cause: Cause) -> None:
        """Something happened that no run has had a chance to repair yet."""
        self.since.setdefault(symbol, cause)

    def begin_anew(self, state: State, alarmed: Mapping[str | None, str]) -> None:
        """A run came to its end: what it left bare it has named, and nothing else is excused."""
        self.since = {
            symbol: cause_of_bareness(state, symbol) or f"{Cause.ALARMED} ({alarmed[symbol]})"
            for symbol in positions(state)
            if bare_shares(state, symbol) and symbol in alarmed
        }

    def look(self, state: State) -> list[Violation]:
        """The bare shares of an open market that nothing excuses; the others are counted."""
        found = []
        for symbol in positions(state) if is_open(state) else ():
            shares, cause = bare_shares(state, symbol), self._cause(state, symbol)
            if shares and cause is None:
                found.append(Violation(1, symbol, f"{shares} shares are bare while the market is open"))
            elif shares and cause is not None:
                key = (state["clock"]["day"], symbol, cause)
                self.seen[key] = max(shares, self.seen.get(key, 0))
        return found

    def share_sessions(self) -> Counter[str]:
        """Bare shares times sessions, by cause."""
        told: Counter[str] = Counter()
        for (_, _, cause), shares in self.seen.items():
            told[f"naked share-sessions, market open: {cause}"] += shares
        return told

    def _cause(self, state: State, symbol: str) -> str | None:
        fact = cause_of_bareness(state, symbol)
        # That a symbol was split once does not excuse the evenings after.
        return self.since.get(symbol) or (None if fact is Cause.REVERSE_SPLIT else fact)
