"""A day's prices of one symbol."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sentinel.domain.money import HUNDRED


@dataclass(frozen=True, slots=True)
class Bar:
    """One session's prices in dollars and volume in shares."""

    symbol: str
    day: date
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: int

    @property
    def range_pct(self) -> Decimal:
        """High less low in percent of the close, so that a split changes nothing; 0 for a bar without a price."""
        return (self.high - self.low) / self.close * HUNDRED if self.close > 0 else Decimal(0)
