"""The positions the broker holds against the trades the ledger believes in."""

from collections.abc import Iterator
from decimal import Decimal

from sentinel.domain.actions import Action, AdoptPosition, CloseTrade, Plan, ResizeTrade, SplitTrade
from sentinel.domain.book import ExitReason, Trade
from sentinel.domain.facts import Facts
from sentinel.domain.findings import Finding, Severity
from sentinel.domain.money import dollars
from sentinel.domain.positions import Position
from sentinel.risk_config import calculate_stop_price

SAME_COST = Decimal("0.005")


def plan_positions(facts: Facts) -> Plan:
    """Ghosts are closed, strangers adopted, hand trades followed."""
    return Plan.of((*_ghosts(facts), *_strangers(facts), *_hand_trades(facts)))


def _ghosts(facts: Facts) -> Iterator[Action | Finding]:
    for trade in facts.book.trades:
        if not _is_held(trade, facts):
            price = _hand_exit_price(trade, facts)
            reason = ExitReason.UNKNOWN if price is None else ExitReason.MANUAL
            because = f"{trade.symbol} is no longer held and no stop or sale of ours filled"
            yield CloseTrade(trade.symbol, trade, reason, price, because)


def _strangers(facts: Facts) -> Iterator[Action | Finding]:
    for position in facts.positions.values():
        trade = facts.book.trade(position.symbol)
        if trade is not None and trade.side is position.side:
            continue
        price = position.avg_entry_price
        first_stop = calculate_stop_price(price, facts.policy, position.side)
        because = f"Sentinel did not open {position.symbol}; its average entry is {dollars(price)}"
        yield AdoptPosition(position.symbol, position, first_stop, because)
        remedy = "it is protected from tonight like your own entries"
        yield Finding("adopted", Severity.INFO, position.symbol, because, remedy)


def _hand_trades(facts: Facts) -> Iterator[Action | Finding]:
    for position in facts.positions.values():
        trade = facts.book.trade(position.symbol)
        if trade is None or trade.side is not position.side or trade.qty == position.shares:
            continue
        ratio = split_ratio(trade, position)
        if ratio is not None:
            because = f"{position.symbol} was split {ratio.normalize():f} for 1"
            yield SplitTrade(position.symbol, trade, ratio, because)
            yield Finding("split", Severity.INFO, position.symbol, because, "entry, stops and R are in new shares now")
            continue
        because = f"the broker holds {position.shares} shares of {position.symbol}, the ledger had {trade.qty}"
        # Shares bought change what one share cost on average; shares sold do not.
        price = position.avg_entry_price if position.shares > trade.qty else trade.entry_price
        yield ResizeTrade(position.symbol, trade, position.shares, price, because)
        yield Finding("resized", Severity.INFO, position.symbol, because, "nothing to do if you traded by hand")


def split_ratio(trade: Trade, position: Position) -> Decimal | None:
    """New shares for an old one where the cost of the whole has stayed what it was, else None: a trade by hand.

    Shares bought or sold change what was paid for all of them; a split does not. Off by half a percent at most, for
    the broker's average is rounded and a fraction of a share may have been paid out.
    """
    cost_before, cost_now = trade.qty * trade.entry_price, position.shares * position.avg_entry_price
    is_same_cost = abs(cost_now - cost_before) <= cost_before * SAME_COST
    return position.shares / trade.qty if is_same_cost else None


def _is_held(trade: Trade, facts: Facts) -> bool:
    position = facts.positions.get(trade.symbol)
    return position is not None and position.side is trade.side


def _hand_exit_price(trade: Trade, facts: Facts) -> Decimal | None:
    """The price of the latest fill that closed the trade and belongs to no order of ours, by its order id."""
    ours = {stop.order_id for stop in facts.book.stops} | {sale.order_id for sale in facts.book.exits}
    closing = [
        fill
        for fill in facts.fills
        if fill.symbol == trade.symbol
        and fill.order_id not in ours
        and fill.at > trade.opened_at
        and fill.side.startswith(trade.side.opposite)
    ]
    return max(closing, key=lambda fill: fill.at).price if closing else None
