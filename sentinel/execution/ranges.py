"""How far each symbol usually moves in a session: what the breaker of partial profits compares today with."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal

from sentinel.broker import Broker
from sentinel.domain.bars import Bar
from sentinel.domain.errors import BrokerUnreachable
from sentinel.domain.facts import Facts
from sentinel.risk_config import RiskPolicy

# Two days a session leave room for weekends and holidays, and these for the longest closure of the exchanges.
SPARE_DAYS = 14


class UsualRanges:
    """Asked for once a run, in one request for all symbols, and only where partial profits are on."""

    def __init__(self, broker: Broker, policy: RiskPolicy) -> None:
        self._broker = broker
        self._policy = policy
        self._asked: set[str] = set()
        self._known: dict[str, Decimal] = {}

    def of(self, facts: Facts) -> Mapping[str, Decimal]:
        """The mean range in percent of every symbol held; one without enough sessions, or unreadable, is absent."""
        wanted = facts.positions.keys() - self._asked
        if self._policy.partial_profits and wanted:
            self._asked |= wanted
            self._known |= self._read(wanted, facts.today)
        return self._known

    def _read(self, symbols: set[str], today: date) -> dict[str, Decimal]:
        number = self._policy.usual_range_sessions
        first, last = today - timedelta(days=2 * number + SPARE_DAYS), today - timedelta(days=1)
        try:
            bars = self._broker.daily_bars(symbols, first, last)
        except BrokerUnreachable:
            # Market data is no reason to stop a run: without it nothing is sold in part, and the planner says so.
            return {}
        means = {symbol: _mean_range_pct(rows[-number:]) for symbol, rows in bars.items() if len(rows) >= number}
        return {symbol: mean for symbol, mean in means.items() if mean > 0}


def _mean_range_pct(bars: Sequence[Bar]) -> Decimal:
    return sum((bar.range_pct for bar in bars), Decimal(0)) / len(bars)
