"""The account, what it holds, what was filled, and when the market is open."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from sentinel.domain.orders import Side


@dataclass(frozen=True, slots=True)
class Account:
    """The broker account, in dollars."""

    id: str
    number: str
    status: str
    equity: Decimal
    cash: Decimal
    buying_power: Decimal
    long_market_value: Decimal = Decimal(0)
    short_market_value: Decimal = Decimal(0)
    trading_blocked: bool = False
    account_blocked: bool = False
    trade_suspended_by_user: bool = False
    shorting_enabled: bool = False
    # What may be bought without borrowing, as the broker counts it; None where it does not say (ALPACA 10.1).
    non_marginable_buying_power: Decimal | None = None

    @property
    def blocks_orders(self) -> bool:
        """Whether the broker refuses new orders on this account (ALPACA 9.5)."""
        return self.trading_blocked or self.account_blocked or self.trade_suspended_by_user


@dataclass(frozen=True, slots=True)
class Asset:
    """A symbol the broker knows."""

    id: str
    symbol: str
    name: str
    tradable: bool
    shortable: bool
    fractionable: bool
    status: str = "active"


@dataclass(frozen=True, slots=True)
class Position:
    """Shares held: `qty` is negative for a short; `qty_available` is what no open order holds."""

    symbol: str
    asset_id: str
    qty: Decimal
    qty_available: Decimal
    avg_entry_price: Decimal
    current_price: Decimal | None

    @property
    def side(self) -> Side:
        """The side that opened the position."""
        return Side.BUY if self.qty > 0 else Side.SELL

    @property
    def shares(self) -> Decimal:
        """The size without its sign."""
        return abs(self.qty)

    @property
    def whole_shares(self) -> int:
        """The shares a stop can protect: fractions cannot rest overnight (ALPACA 2.7)."""
        return int(self.shares)


@dataclass(frozen=True, slots=True)
class Fill:
    """One execution from the account's activities."""

    id: str
    order_id: str
    symbol: str
    side: str
    qty: Decimal
    price: Decimal
    at: datetime


@dataclass(frozen=True, slots=True)
class Session:
    """Where the broker's clock stands: `day` is the last session that has opened, `closed_at` its close, UTC.

    `closes` are the closes of the sessions that have opened, as far back as was asked for, the oldest first.
    """

    now: datetime
    day: date
    is_open: bool
    closed_at: datetime
    next_open: datetime
    next_close: datetime
    closes: tuple[datetime, ...] = ()
    # When that session opened; None where nobody told.
    opened_at: datetime | None = None
