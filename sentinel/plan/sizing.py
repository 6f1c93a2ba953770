"""How many shares the policy allows, and which limit said so."""

from dataclasses import dataclass
from decimal import Decimal

from sentinel.domain.facts import Facts
from sentinel.domain.money import percent_of, to_cent


@dataclass(frozen=True, slots=True)
class Room:
    """One limit in dollars and its name in words."""

    dollars: Decimal
    limit: str

    def shares(self, price: Decimal) -> int:
        """Whole shares that fit at a price in dollars."""
        return max(0, int(self.dollars // price))


def rooms(facts: Facts) -> tuple[Room, ...]:
    """The hard limits for one more position: per stock, invested in all, and cash kept back."""
    account, policy = facts.account, facts.policy
    waiting = sum((record.qty * record.limit_price for record in facts.book.entries), Decimal(0))
    invested = account.long_market_value + abs(account.short_market_value) + waiting
    most_invested = percent_of(account.equity, policy.max_invested_pct)
    reserve = percent_of(account.equity, policy.cash_reserve_pct)
    return (
        Room(
            percent_of(account.equity, policy.max_position_pct), f"{policy.max_position_pct} % of equity in one stock"
        ),
        Room(most_invested - invested, f"{policy.max_invested_pct} % of equity invested"),
        Room(account.cash - reserve - waiting, f"cash beyond the reserve of {policy.cash_reserve_pct} %"),
    )


def tightest_room(facts: Facts) -> Room:
    """The hard limit that leaves the least."""
    return min(rooms(facts), key=lambda room: room.dollars)


def size_position(facts: Facts, price: Decimal) -> tuple[int, str]:
    """Whole shares for a new position at a price in dollars, and the limit that set the number."""
    size = Room(facts.policy.position_size_usd, f"${to_cent(facts.policy.position_size_usd)} a position")
    room = min((size, tightest_room(facts)), key=lambda room: room.dollars)
    return room.shares(price), room.limit
