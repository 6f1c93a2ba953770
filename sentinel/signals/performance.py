"""How an equity curve has done: its fall from the peak and its return for the risk taken."""

from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise
from statistics import mean, stdev

from sentinel.domain.money import HUNDRED

SESSIONS_A_YEAR = 252


def drawdown_pct(equities: Sequence[Decimal]) -> Decimal:
    """How far the last equity is under the highest one, in percent of the highest; 0 for an empty curve."""
    peak = max(equities, default=Decimal(0))
    return (peak - equities[-1]) / peak * HUNDRED if peak > 0 else Decimal(0)


def yearly_sharpe(equities: Sequence[Decimal]) -> Decimal | None:
    """Mean over spread of the session returns, times the root of 252, no risk-free rate; None if undefined."""
    returns = [later / earlier - 1 for earlier, later in pairwise(equities) if earlier > 0]
    if len(returns) < 2:
        return None
    spread = stdev(returns)
    return mean(returns) / spread * Decimal(SESSIONS_A_YEAR).sqrt() if spread > 0 else None
