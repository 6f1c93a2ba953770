"""What happened at the broker between the last look and this one: the news an evening opens with."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum


class NewsKind(StrEnum):
    """What a piece of news is about."""

    ENTRY_FILLED = "entry_filled"
    ENTRY_ENDED = "entry_ended"
    STOPPED_OUT = "stopped_out"
    SOLD = "sold"
    RESIZED = "resized"
    ADOPTED = "adopted"
    GONE = "gone"
    STOP_CANCELLED = "stop_cancelled"
    STOP_ENDED = "stop_ended"
    STOP_RAISED = "stop_raised"
    STOP_LOWERED = "stop_lowered"
    STOP_PLACED = "stop_placed"
    SPLIT = "split"
    RENAMED = "renamed"


@dataclass(frozen=True, slots=True)
class News:
    """One piece of it; prices in dollars a share, `slippage` a stop's fill against its price, positive in your favour.

    `own_price` is where a stop that filled or was moved had rested. `because` says the rest.
    """

    kind: NewsKind
    symbol: str
    because: str
    is_short: bool = False
    qty: Decimal | None = None
    price: Decimal | None = None
    own_price: Decimal | None = None
    slippage: Decimal | None = None
    gain_usd: Decimal | None = None
    r_multiple: Decimal | None = None
    at: datetime | None = None
    order_id: str | None = None


@dataclass(frozen=True, slots=True)
class WhileAway:
    """Since when nobody looked, the sessions that traded since then, and what they brought, as it was found."""

    last_look: datetime
    sessions: tuple[date, ...]
    news: tuple[News, ...]

    @property
    def missed(self) -> int:
        """Evenings on which no run looked: after every session but the latest."""
        return max(len(self.sessions) - 1, 0)
