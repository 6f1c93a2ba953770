"""How many shares the policy allows, and which limit said so."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from decimal import Decimal

from sentinel.domain.facts import Facts
from sentinel.domain.money import percent_of, to_cent
from sentinel.domain.orders import Order


@dataclass(frozen=True, slots=True)
class Room:
    """What one more entry may cost in dollars by one rule, the limit in words, and the setting that moves it."""

    rule: str
    dollars: Decimal
    limit: str
    setting: str

    def shares(self, price: Decimal) -> int:
        """Whole shares that fit at a price in dollars."""
        return max(0, int(self.dollars // price))


def rooms(facts: Facts) -> tuple[Room, ...]:
    """The limits of one more entry: per stock, invested in all, cash kept back and never borrowed, and per order."""
    account, policy = facts.account, facts.policy
    waiting = sum(waiting_usd(facts), Decimal(0))
    invested = account.long_market_value + abs(account.short_market_value) + waiting
    most_invested = percent_of(account.equity, policy.max_invested_pct)
    reserve = percent_of(account.equity, policy.cash_reserve_pct)
    own = account.cash - waiting
    if account.non_marginable_buying_power is not None:
        own = min(own, account.non_marginable_buying_power)
    return (
        Room(
            "position_exposure",
            percent_of(account.equity, policy.max_position_pct),
            f"{policy.max_position_pct} % of equity in one stock",
            "max_position_pct",
        ),
        Room(
            "portfolio_exposure",
            most_invested - invested,
            f"{policy.max_invested_pct} % of equity invested",
            "max_invested_pct",
        ),
        Room("cash", own - reserve, f"cash beyond the reserve of {policy.cash_reserve_pct} %", "max_invested_pct"),
        Room("order_value", policy.max_order_usd, f"${to_cent(policy.max_order_usd):,} an order", "max_order_usd"),
    )


def tightest_room(facts: Facts, without: Collection[str] = ()) -> Room | None:
    """The limit that leaves the least, of those that were not set aside; None when all were."""
    return min((room for room in rooms(facts) if room.rule not in without), key=lambda room: room.dollars, default=None)


def size_position(facts: Facts, price: Decimal, without: Collection[str] = ()) -> tuple[int, str]:
    """Whole shares for a new position at a price in dollars, and the limit that set the number."""
    told = f"${to_cent(facts.policy.position_size_usd):,} a position"
    size = Room("position_size", facts.policy.position_size_usd, told, "position_size_usd")
    tightest = tightest_room(facts, without) or size
    room = min((size, tightest), key=lambda room: room.dollars)
    return room.shares(price), room.limit


def waiting_usd(facts: Facts) -> Iterator[Decimal]:
    """What each order that may still open or add to a position would cost, ours or not, in the ledger or not."""
    for order in facts.orders.values():
        if order.is_live and not order.is_leg and _opens(order, facts):
            price = order.limit_price or order.stop_price or facts.last_price(order.symbol) or Decimal(0)
            yield order.remaining_qty * price
    for record in facts.book.entries:
        if record.order_id not in facts.orders:
            yield (record.qty - record.filled_qty) * record.limit_price


def _opens(order: Order, facts: Facts) -> bool:
    """Whether an order would buy into (or sell short) a symbol; one that waits to replace another is counted there."""
    replaced, position = facts.orders.get(order.replaces or ""), facts.positions.get(order.symbol)
    if (replaced is not None and replaced.is_live) or (order.is_stop and facts.is_ours(order)):
        return False
    return position is None or order.side is position.side
