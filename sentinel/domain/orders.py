"""Orders as the broker knows them, and which of their states protect a position."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from sentinel.domain.names import Purpose, read_order_name


class Side(StrEnum):
    """The side of an order; a trade has the side of its entry, so `buy` is a long trade and `sell` a short one."""

    BUY = "buy"
    SELL = "sell"

    @property
    def opposite(self) -> "Side":
        """The side that closes what this side opened."""
        return Side.SELL if self is Side.BUY else Side.BUY

    @property
    def sign(self) -> int:
        """+1 for a long trade, -1 for a short one."""
        return 1 if self is Side.BUY else -1

    def is_tighter(self, price: Decimal, than: Decimal) -> bool:
        """Whether a stop at `price` would lose less (or lock more) than one at `than` on a trade of this side."""
        return (price - than) * self.sign > 0

    def tightest(self, *prices: Decimal) -> Decimal:
        """The price closest to the market among stops of a trade of this side."""
        return max(prices) if self is Side.BUY else min(prices)


class OrderType(StrEnum):
    """What triggers and prices an order."""

    MARKET = "market"
    LIMIT = "limit"
    STOP = "stop"
    STOP_LIMIT = "stop_limit"
    TRAILING_STOP = "trailing_stop"
    UNKNOWN = "unknown"


class OrderClass(StrEnum):
    """How an order is tied to others (ALPACA 1.1)."""

    SIMPLE = "simple"
    OTO = "oto"
    OCO = "oco"
    BRACKET = "bracket"
    UNKNOWN = "unknown"


class OrderStatus(StrEnum):
    """Every status the broker documents (ALPACA 5.1); a new one reads as `unknown` and never protects."""

    NEW = "new"
    PARTIALLY_FILLED = "partially_filled"
    FILLED = "filled"
    DONE_FOR_DAY = "done_for_day"
    CANCELED = "canceled"
    EXPIRED = "expired"
    REPLACED = "replaced"
    PENDING_CANCEL = "pending_cancel"
    PENDING_REPLACE = "pending_replace"
    PENDING_REVIEW = "pending_review"
    ACCEPTED = "accepted"
    PENDING_NEW = "pending_new"
    ACCEPTED_FOR_BIDDING = "accepted_for_bidding"
    STOPPED = "stopped"
    REJECTED = "rejected"
    SUSPENDED = "suspended"
    CALCULATED = "calculated"
    HELD = "held"
    UNKNOWN = "unknown"


TERMINAL = frozenset(
    {
        OrderStatus.FILLED,
        OrderStatus.CANCELED,
        OrderStatus.EXPIRED,
        OrderStatus.REPLACED,
        OrderStatus.REJECTED,
    }
)

# Waiting for a price, as most orders do most of the time: no news to anybody.
RESTING = frozenset({OrderStatus.NEW, OrderStatus.ACCEPTED, OrderStatus.PENDING_NEW, OrderStatus.HELD})

# pending_cancel is left out on purpose: it may vanish at any moment (ALPACA 5.1).
PROTECTING = frozenset(
    {
        OrderStatus.NEW,
        OrderStatus.ACCEPTED,
        OrderStatus.PENDING_NEW,
        OrderStatus.HELD,
        OrderStatus.PARTIALLY_FILLED,
        OrderStatus.PENDING_REPLACE,
        OrderStatus.ACCEPTED_FOR_BIDDING,
    }
)


@dataclass(frozen=True, slots=True)
class Order:
    """One order as the broker told it; prices in dollars, quantities in shares, times in UTC."""

    id: str
    client_order_id: str
    symbol: str
    side: Side
    type: OrderType
    order_class: OrderClass
    time_in_force: str
    status: OrderStatus
    qty: Decimal
    filled_qty: Decimal = Decimal(0)
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    filled_avg_price: Decimal | None = None
    asset_id: str = ""
    parent_id: str | None = None
    replaces: str | None = None
    replaced_by: str | None = None
    created_at: datetime | None = None
    submitted_at: datetime | None = None
    filled_at: datetime | None = None
    ended_at: datetime | None = None
    expires_at: datetime | None = None
    legs: tuple["Order", ...] = ()

    @property
    def is_live(self) -> bool:
        """Whether the order can still trade."""
        return self.status not in TERMINAL

    @property
    def is_protecting(self) -> bool:
        """Whether the status is one a trader can rely on for protection (ALPACA 5.1)."""
        return self.status in PROTECTING

    @property
    def is_stop(self) -> bool:
        """Whether a price against the position turns this into a market order."""
        return self.type in (OrderType.STOP, OrderType.TRAILING_STOP)

    @property
    def is_leg(self) -> bool:
        """Whether the order hangs on a parent order."""
        return self.parent_id is not None

    @property
    def purpose(self) -> Purpose | None:
        """Why Sentinel sent it; None for an order somebody else named, and for the legs the broker names."""
        name = read_order_name(self.client_order_id)
        return name.purpose if name else None

    @property
    def remaining_qty(self) -> Decimal:
        """Shares still to trade."""
        return self.qty - self.filled_qty

    @property
    def stop_leg(self) -> "Order | None":
        """The stop among the legs, whatever its status."""
        return next((leg for leg in self.legs if leg.is_stop), None)

    def family(self) -> Iterator["Order"]:
        """The order and its legs, flat."""
        yield self
        yield from self.legs
