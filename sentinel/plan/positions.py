"""The positions the broker holds against the trades the ledger believes in."""

from collections.abc import Iterator

from sentinel.domain.actions import Action, AdoptPosition, Plan, RenameTrade, ResizeTrade, SplitTrade
from sentinel.domain.book import Trade
from sentinel.domain.facts import Facts, Holding
from sentinel.domain.findings import Finding, Severity
from sentinel.domain.money import dollars, shares
from sentinel.domain.names import Purpose
from sentinel.domain.positions import Position
from sentinel.plan.ghosts import close_ghosts, closing_executions, has_been_flat, is_still_held
from sentinel.plan.splits import SAME_COST, is_unexplained, split_ratio
from sentinel.risk_config import calculate_stop_price


def plan_positions(facts: Facts) -> Plan:
    """Changes of symbol and ghosts first, then strangers are adopted, hand trades and splits followed."""
    renamed = tuple(_renamed(facts))
    old, new = {rename.trade.symbol for rename in renamed}, {rename.symbol for rename in renamed}
    gone = (trade for trade in facts.book.trades if not is_still_held(trade, facts))
    ghosts = [trade for trade in gone if trade.symbol not in old]
    return Plan.of(
        (
            *(part for rename in renamed for part in _told(rename)),
            *close_ghosts(ghosts, facts),
            *(part for position in facts.positions.values() if position.symbol not in new
              for part in _stranger(position, facts)),
            *(part for holding in facts.holdings for part in _changed(holding, facts)),
        )
    )  # fmt: skip


def _renamed(facts: Facts) -> Iterator[RenameTrade]:
    """Trades whose shares are held under another symbol: the same asset, or the same shares at the same cost.

    A new CUSIP brings a new asset id (ALPACA 10.8); then the shares themselves must be the proof, and be the only ones.
    """
    lost = [trade for trade in facts.book.trades if trade.symbol not in facts.positions]
    strange = [position for position in facts.positions.values() if facts.book.trade(position.symbol) is None]
    for trade in lost:
        same = [position for position in strange if trade.asset_id and position.asset_id == trade.asset_id]
        same = same or [p for p in strange if _is_same_lot(trade, p) and closing_executions(trade, facts) is None]
        if len(same) == 1:
            because = f"{trade.symbol} is {same[0].symbol} now"
            yield RenameTrade(same[0].symbol, trade, same[0].asset_id, because)


def _is_same_lot(trade: Trade, position: Position) -> bool:
    is_same_price = abs(position.avg_entry_price - trade.entry_price) <= trade.entry_price * SAME_COST
    return position.side is trade.side and position.shares == trade.qty and is_same_price


def _told(rename: RenameTrade) -> Iterator[Action | Finding]:
    yield rename
    yield Finding("renamed", Severity.INFO, rename.symbol, rename.because, "trade and stops go on under the new symbol")


def _stranger(position: Position, facts: Facts) -> Iterator[Action | Finding]:
    trade = facts.book.trade(position.symbol)
    name_it = f"name it: `sentinel adopt {position.symbol}`"
    if trade is not None and trade.side is position.side and not has_been_flat(trade, facts):
        if trade.is_adopted and trade.named_at is None:
            message = f"{position.symbol} is adopted and protected like your own entries, but not named yet"
            yield Finding("adopted", Severity.INFO, position.symbol, message, name_it)
        return
    price = position.avg_entry_price
    first_stop = calculate_stop_price(price, facts.policy, position.side)
    because = f"Sentinel did not open {position.symbol}; its average entry is {dollars(price)}"
    yield AdoptPosition(position.symbol, position, first_stop, because)
    yield Finding(
        "adopted", Severity.INFO, position.symbol, because, f"every evening keeps a stop behind it; {name_it}"
    )


def _changed(holding: Holding, facts: Facts) -> Iterator[Action | Finding]:
    """A quantity that is not the ledger's: followed where trades or a split explain it, else held and asked about."""
    trade, position = holding.trade, holding.position
    if trade is None or trade.side is not position.side or trade.qty == position.shares or has_been_flat(trade, facts):
        return
    if any(order.purpose is Purpose.EXIT for order in facts.exits(position)):
        return  # a sale of ours is at work: once it has ended, it is followed by its own order
    because = f"the broker holds {shares(position.shares)} of {position.symbol}, the ledger had {trade.qty}"
    if is_unexplained(holding, facts):
        message = f"{because}, and neither trades nor a split explain it: its stops stay, nothing else is done"
        remedy = f"look at the account's activity, then take it as it is: `sentinel adopt {position.symbol}`"
        yield Finding("unexplained_quantity", Severity.ALARM, position.symbol, message, remedy)
        return
    ratio = split_ratio(trade, position, facts)
    if ratio is not None:
        because = f"{position.symbol} was split {ratio.normalize():f} for 1"
        yield SplitTrade(position.symbol, trade, ratio, because)
        yield Finding("split", Severity.INFO, position.symbol, because, "entry, stops and R are in new shares now")
        return
    # Shares bought change what one share cost on average; shares sold do not.
    price = position.avg_entry_price if position.shares > trade.qty else trade.entry_price
    yield ResizeTrade(position.symbol, trade, position.shares, price, because)
    yield Finding("resized", Severity.INFO, position.symbol, because, "nothing to do if you traded by hand")
