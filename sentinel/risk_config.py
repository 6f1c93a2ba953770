"""The risk policy: every number the trader may set, with its default, and the prices that follow from them."""

from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

from sentinel.domain.errors import UsageError
from sentinel.domain.money import Number, exact, percent_of, to_tick
from sentinel.domain.names import SYMBOL
from sentinel.domain.orders import Side


@dataclass(frozen=True, slots=True)
class Stair:
    """A rung of the staircase: at a gain of `gain_pct` the stop locks `lock_pct`, both in percent of the entry."""

    gain_pct: Decimal
    lock_pct: Decimal


DEFAULT_STAIRS = (
    Stair(Decimal(8), Decimal(2)),
    Stair(Decimal(15), Decimal(8)),
    Stair(Decimal(25), Decimal(15)),
)


@dataclass(frozen=True, slots=True)
class RiskPolicy:
    """The trader's numbers; percentages are percent (8 means 8 %), money is dollars."""

    # How far under the entry (over it, for a short) the first stop rests.
    initial_stop_pct: Decimal = Decimal(8)
    # The rungs, from the lowest gain to the highest.
    stairs: tuple[Stair, ...] = DEFAULT_STAIRS
    # Above the last stair the stop follows the price at this distance; 0 turns it off.
    trail_above_last_stair_pct: Decimal = Decimal(0)
    # The gain at which a sale is offered.
    profit_target_pct: Decimal = Decimal(16)
    # Whether part of a position is offered for sale before its target.
    partial_profits: bool = False
    # How much of the position that is, in whole shares.
    partial_profit_pct: Decimal = Decimal(50)
    # The gain, in first risks (R), at which it is offered, once a trade.
    partial_profit_at_r: Decimal = Decimal(2)
    # The breaker: on a day that ranges more than so many times as far as usual, no part is sold.
    breaker_range_multiple: Decimal = Decimal(3)
    # The sessions before today whose mean range is the usual one.
    usual_range_sessions: int = 20
    # How far under the last price the stop of a breached position rests.
    emergency_stop_pct: Decimal = Decimal(2)
    # How far under the last price the stop rests while an approved exit waits for the market to open.
    exit_stop_pct: Decimal = Decimal("0.5")
    # What one position costs when the quantity is left out.
    position_size_usd: Decimal = Decimal(750)
    # The most of the equity one stock may take.
    max_position_pct: Decimal = Decimal(10)
    # The most of the equity that may be invested; the rest stays cash.
    max_invested_pct: Decimal = Decimal("87.5")
    # How far beyond the last close, on the side that pays more, the limit of an entry may lie.
    price_collar_pct: Decimal = Decimal(3)
    # The least and the most that may lie between an entry and its stop.
    min_stop_pct: Decimal = Decimal(1)
    max_stop_pct: Decimal = Decimal(25)
    # What one entry may cost at most.
    max_order_usd: Decimal = Decimal(10_000)
    # Entries that may be sent in one session.
    max_entries_per_day: int = 10
    # The only symbols that may be entered; none named is all of them.
    allowed_symbols: tuple[str, ...] = ()
    # Symbols that may not be entered.
    blocked_symbols: tuple[str, ...] = ()
    # Seconds by which the computer's clock may differ from the broker's before entries are refused.
    max_clock_skew_s: int = 120
    # A fall of the equity from its peak beyond this pauses entries.
    max_drawdown_pct: Decimal = Decimal(18)
    # A yearly Sharpe ratio under this pauses entries, once there are enough evenings to compute one.
    min_sharpe: Decimal = Decimal("0.9")
    # Evenings of equity needed before the Sharpe ratio says anything.
    sharpe_min_evenings: int = 60
    # Days after which an unfilled entry is taken back.
    stale_entry_days: int = 5
    # Minutes a stop must have been without a position before it counts as an orphan.
    orphan_grace_minutes: int = 5
    # Days an answer to a profit question may take.
    approval_days: int = 3
    # How far the price may have moved from the one shown when an approved sale is done.
    approval_drift_pct: Decimal = Decimal(5)
    # A stop with fewer days left before the broker ends it is renewed.
    renew_stop_days: int = 10
    # Evenings after which an owed raise or exit becomes an alarm; days before a stop lapses that does.
    owed_alarm_evenings: int = 3

    # Runs that had to put a stop behind the same symbol, after which entries pause; 0 turns it off.
    latch_rescues: int = 3
    # Requests the broker refused or left unanswered, after which entries pause; 0 turns it off.
    latch_rejects: int = 5
    # Sessions in which those two are counted.
    latch_sessions: int = 10
    # Runs in a row that ended badly, after which entries pause; 0 turns it off.
    latch_unclean_runs: int = 3

    def __post_init__(self) -> None:
        """Refuse numbers no sane policy holds, each with its name and its limits."""
        for name, (low, high) in SANE_RANGES.items():
            value = Decimal(getattr(self, name))
            if not low <= value <= high:
                raise UsageError(
                    f"risk.{name} is {value}, but must lie between {low} and {high}",
                    f"set {name} in sentinel.toml; percentages are percent, so 8 means 8 %",
                )
        _check_stairs(self.stairs)
        for name in ("allowed_symbols", "blocked_symbols"):
            _check_symbols(name, getattr(self, name))

    @property
    def cash_reserve_pct(self) -> Decimal:
        """The part of the equity that stays cash."""
        return 100 - self.max_invested_pct


SANE_RANGES: dict[str, tuple[Decimal, Decimal]] = {
    "initial_stop_pct": (Decimal("0.5"), Decimal(50)),
    "trail_above_last_stair_pct": (Decimal(0), Decimal(50)),
    "profit_target_pct": (Decimal(1), Decimal(1000)),
    "partial_profit_pct": (Decimal(1), Decimal(99)),
    "partial_profit_at_r": (Decimal("0.1"), Decimal(100)),
    "breaker_range_multiple": (Decimal(1), Decimal(100)),
    "usual_range_sessions": (Decimal(2), Decimal(250)),
    "emergency_stop_pct": (Decimal("0.1"), Decimal(20)),
    "exit_stop_pct": (Decimal("0.1"), Decimal(20)),
    "position_size_usd": (Decimal(1), Decimal(100_000_000)),
    "max_position_pct": (Decimal("0.1"), Decimal(100)),
    "max_invested_pct": (Decimal(1), Decimal(100)),
    "price_collar_pct": (Decimal("0.1"), Decimal(100)),
    "min_stop_pct": (Decimal("0.5"), Decimal(50)),
    "max_stop_pct": (Decimal("0.5"), Decimal(50)),
    "max_order_usd": (Decimal(1), Decimal(100_000_000)),
    "max_entries_per_day": (Decimal(1), Decimal(1000)),
    "max_clock_skew_s": (Decimal(5), Decimal(86_400)),
    "max_drawdown_pct": (Decimal(1), Decimal(100)),
    "min_sharpe": (Decimal(-10), Decimal(10)),
    "sharpe_min_evenings": (Decimal(20), Decimal(2520)),
    "stale_entry_days": (Decimal(1), Decimal(89)),
    "orphan_grace_minutes": (Decimal(0), Decimal(1440)),
    "approval_days": (Decimal(1), Decimal(30)),
    "approval_drift_pct": (Decimal("0.1"), Decimal(50)),
    "renew_stop_days": (Decimal(1), Decimal(60)),
    "owed_alarm_evenings": (Decimal(1), Decimal(60)),
    "latch_rescues": (Decimal(0), Decimal(60)),
    "latch_rejects": (Decimal(0), Decimal(1000)),
    "latch_sessions": (Decimal(1), Decimal(60)),
    "latch_unclean_runs": (Decimal(0), Decimal(60)),
}


def _check_stairs(stairs: tuple[Stair, ...]) -> None:
    remedy = "write risk.stairs as ascending rungs, for example [[8, 2], [15, 8], [25, 15]]"
    for stair in stairs:
        if stair.gain_pct <= 0 or stair.gain_pct > 1000:
            raise UsageError(f"a stair at +{stair.gain_pct} % is not a gain between 0 and 1000 %", remedy)
        if stair.lock_pct >= stair.gain_pct:
            raise UsageError(f"the stair at +{stair.gain_pct} % locks {stair.lock_pct} %, not less than it", remedy)
        if stair.lock_pct < -50:
            raise UsageError(f"the stair at +{stair.gain_pct} % locks {stair.lock_pct} %, under -50 %", remedy)
    for lower, higher in pairwise(stairs):
        if higher.gain_pct <= lower.gain_pct or higher.lock_pct <= lower.lock_pct:
            raise UsageError(f"the stair at +{higher.gain_pct} % does not rise above the one before it", remedy)


LONGEST_SHOWN = 12


def _check_symbols(name: str, symbols: tuple[str, ...]) -> None:
    for symbol in symbols:
        if not SYMBOL.fullmatch(symbol):
            # What is no symbol may be a key that was pasted in the wrong place.
            shown = repr(symbol) if len(symbol) <= LONGEST_SHOWN else "a long text"
            raise UsageError(
                f"risk.{name} names {shown}, no stock symbol",
                f'write {name} as the exchange does, in capitals: ["AAPL", "BRK.B"]',
            )


DEFAULT_POLICY = RiskPolicy()


def price_at_gain(entry_price: Number, gain_pct: Number, side: Side = Side.BUY) -> Decimal:
    """The price in dollars, on the tick, at which a trade has gained so many percent (negative: lost)."""
    entry = exact(entry_price)
    return to_tick(entry + side.sign * percent_of(entry, exact(gain_pct)))


def calculate_stop_price(entry_price: Number, policy: RiskPolicy = DEFAULT_POLICY, side: Side = Side.BUY) -> Decimal:
    """The first stop of an entry, in dollars on the nearest tick."""
    return price_at_gain(entry_price, -policy.initial_stop_pct, side)


def calculate_trailing_stop_price(
    entry_price: Number, gain_pct: Number, policy: RiskPolicy = DEFAULT_POLICY, side: Side = Side.BUY
) -> Decimal | None:
    """The stop the staircase wants at a gain in percent, in dollars on the nearest tick; None under the first stair."""
    gain = exact(gain_pct)
    reached = [stair for stair in policy.stairs if gain >= stair.gain_pct]
    if not reached:
        return None
    locked = reached[-1].lock_pct
    if policy.trail_above_last_stair_pct and len(reached) == len(policy.stairs):
        price_pct = 100 + gain * side.sign
        trail = gain - policy.trail_above_last_stair_pct * price_pct / 100
        locked = max(locked, trail)
    return price_at_gain(entry_price, locked, side)


def should_take_profit(gain_pct: Number, policy: RiskPolicy = DEFAULT_POLICY) -> bool:
    """Whether a gain in percent has reached the target at which a sale is offered."""
    return exact(gain_pct) >= policy.profit_target_pct


def next_stair(
    entry_price: Number, stop_price: Number, policy: RiskPolicy = DEFAULT_POLICY, side: Side = Side.BUY
) -> Stair | None:
    """The lowest rung that would lift a stop resting at `stop_price` dollars; None on top of the staircase."""
    resting = exact(stop_price)
    lifts = (s for s in policy.stairs if side.is_tighter(price_at_gain(entry_price, s.lock_pct, side), than=resting))
    return next(lifts, None)
