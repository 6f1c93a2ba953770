"""Why the broker holds another number of shares than the ledger: trades, a split, or something nobody explained."""

from decimal import Decimal
from fractions import Fraction

from sentinel.domain.book import Trade
from sentinel.domain.facts import Facts, Holding
from sentinel.domain.names import Purpose
from sentinel.domain.positions import Position

SAME_COST = Decimal("0.005")
# A dividend in shares of less than this is asked about; half a percent of the cost would hide a purchase.
SMALLEST_SPLIT = Decimal("0.02")
# How far the price, in the new units, may have moved since the last look for its jump to count as a split's.
SAME_WORTH = Decimal("0.2")
# A smaller ratio moves the price no further than the market does.
SMALLEST_CLIFF = Decimal("1.5")
LARGEST_TERM = 100


def is_unexplained(holding: Holding, facts: Facts) -> bool:
    """Whether neither trades nor a split explain the shares held; then nothing but protection is done for them."""
    trade, position = holding.trade, holding.position
    if trade is None or trade.side is not position.side or trade.qty == position.shares:
        return False
    return not was_traded(trade, position, facts) and split_ratio(trade, position, facts) is None


def is_in_other_units(holding: Holding, facts: Facts) -> bool:
    """Whether unexplained shares cost so much more or less each that the ledger's prices must be in older units."""
    return is_unexplained(holding, facts) and are_other_units(holding.entry_price, holding.position.avg_entry_price)


def are_other_units(before: Decimal, now: Decimal) -> bool:
    """Whether two prices lie so far apart that a split must be between them; of nothing nobody can tell."""
    return before > 0 and now > 0 and max(before / now, now / before) >= SMALLEST_CLIFF


def is_left_alone(holding: Holding, facts: Facts) -> bool:
    """Whether nothing but protection is done for a holding: the trader said so, or the ledger counts other shares.

    Those of a split it has yet to follow have other prices, and gains that are none; those of no cause are a puzzle.
    """
    trade, position = holding.trade, holding.position
    if trade is None:
        return False
    is_split = trade.qty != position.shares and split_ratio(trade, position, facts) is not None
    return trade.is_ignored or is_split or is_unexplained(holding, facts)


def was_traded(trade: Trade, position: Position, facts: Facts) -> bool:
    """Whether the latest fills since the trade opened add up to the difference, newest first.

    Those of the entry are not among them: the trade has its shares from them already.
    """
    difference = position.qty - trade.qty * trade.side.sign
    for fill in sorted(facts.fills, key=lambda fill: fill.at, reverse=True):
        order = facts.orders.get(fill.order_id)
        is_entry = order is not None and order.purpose is Purpose.ENTRY
        if fill.symbol == trade.symbol and fill.at > trade.opened_at and not is_entry:
            difference -= fill.qty if fill.side == "buy" else -fill.qty
            if not difference:
                return True
    return False


def split_ratio(trade: Trade, position: Position, facts: Facts) -> Decimal | None:
    """New shares for an old one, else None: by the broker's own adjustment of what they cost, else by the price's jump.

    Shares bought or sold change what was paid for all of them; a split does not. Off by half a percent at most, for
    the broker's average is rounded and a fraction of a share may have been paid out. A change too small to be told from
    that, and one the fills add up to, are no split's.
    """
    ratio = position.shares / trade.qty
    cost_before, cost_now = trade.qty * trade.entry_price, position.shares * position.avg_entry_price
    if abs(cost_now - cost_before) <= cost_before * SAME_COST and abs(ratio - 1) > SMALLEST_SPLIT:
        return ratio
    is_by_price = not was_traded(trade, position, facts) and _is_cliff(ratio, trade.symbol, facts)
    return ratio if is_by_price else None


def _is_cliff(ratio: Decimal, symbol: str, facts: Facts) -> bool:
    """Whether the price fell (or rose) since the last look as a split in small whole numbers makes it."""
    before, now = facts.previous_prices.get(symbol), facts.last_price(symbol)
    if before is None or now is None or max(ratio, 1 / ratio) < SMALLEST_CLIFF:
        return False
    plain = Fraction(ratio).limit_denominator(LARGEST_TERM)
    is_plain = plain > 0 and abs(Decimal(plain.numerator) / plain.denominator - ratio) < ratio / 10_000
    return is_plain and abs(now * ratio - before) <= before * SAME_WORTH
