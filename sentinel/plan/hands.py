"""Whose hand ended or moved a stop: ours, the trader's or the broker's."""

from decimal import Decimal

from sentinel.domain.book import EndedBy, OwedKind, StopRecord
from sentinel.domain.facts import Facts
from sentinel.domain.findings import Finding, Severity
from sentinel.domain.money import dollars, shares
from sentinel.domain.orders import TERMINAL, Order, OrderClass, OrderStatus
from sentinel.plan.rescue import rescue_price
from sentinel.plan.splits import split_ratio

SAME_VALUE = Decimal("0.005")
SOMEBODY = "you, or another program,"


def who_ended(order: Order, facts: Facts) -> EndedBy | None:
    """Whose hand ended a stop that did not fill; None while it lives, and of one that filled.

    The broker ends stops by itself: it rejects them, lets them lapse after 90 days (ALPACA 2.3), cancels or replaces
    them at a split (ALPACA 10.7) and cancels what is left of a group (ALPACA 1.7, 1.9). What neither it nor an intent
    of ours explains was done by hand.
    """
    if order.status not in TERMINAL or order.status is OrderStatus.FILLED:
        return None
    if order.status is OrderStatus.REPLACED:
        return _who_replaced(order, facts)
    if order.status is OrderStatus.CANCELED and _is_cancelled_by_us(order, facts):
        return EndedBy.SENTINEL
    by_broker = order.status in (OrderStatus.EXPIRED, OrderStatus.REJECTED) or _has_lapsed(order, facts)
    is_explained = by_broker or _has_lost_its_group(order, facts) or _is_merged(order.symbol, facts)
    return EndedBy.BROKER if is_explained else EndedBy.TRADER


def by_whom(ended_by: EndedBy | None) -> str:
    """The hand in words, to be put behind the end of a stop; nothing where it was ours or there was no end."""
    words = {EndedBy.TRADER: ", by hand", EndedBy.BROKER: ", by the broker"}
    return words.get(ended_by, "") if ended_by else ""


def is_sale_cancelled_by_hand(sale: Order, facts: Facts) -> bool:
    """Whether nobody but the trader can have ended a sale of ours; at its close the broker does (ALPACA 2.2)."""
    if sale.status is not OrderStatus.CANCELED or sale.filled_qty or _is_cancelled_by_us(sale, facts):
        return False
    is_over = sale.expires_at is not None and (sale.ended_at or facts.session.now) >= sale.expires_at
    return not is_over and not _is_merged(sale.symbol, facts)


def told_of_sale(sale: Order, facts: Facts) -> Finding | None:
    """What to tell the trader of a sale of ours that he has cancelled; None where he has not."""
    if not is_sale_cancelled_by_hand(sale, facts):
        return None
    told = f"{SOMEBODY} cancelled the sale of {shares(sale.qty)} of {sale.symbol}: the yes it was sent for has lapsed"
    remedy = "nothing to do: the shares are under a stop again, and you are asked anew while there is a reason to"
    return Finding("sale_cancelled_by_hand", Severity.WARNING, sale.symbol, told, remedy)


def told_of(record: StopRecord, order: Order, facts: Facts) -> Finding | None:
    """What to tell the trader of a stop of the ledger that somebody else cancelled or moved; None where nobody did."""
    if order.status is OrderStatus.REPLACED:
        heir = facts.heir(order)
        by_hand = who_ended(order, facts) is EndedBy.TRADER
        return _told_of_level(record, heir, facts, by_hand=True) if heir and by_hand else None
    if order.is_live:
        # A PATCH gives an order a new id (ALPACA 3.2): what moves under its old one was moved by the broker.
        return _told_of_level(record, order, facts, by_hand=False)
    if order.status is OrderStatus.CANCELED and who_ended(order, facts) is EndedBy.TRADER:
        return _told_of_cancel(record, facts)
    return None


def _who_replaced(order: Order, facts: Facts) -> EndedBy:
    heir = facts.orders.get(order.replaced_by or "")
    if order.id in facts.book.replaced_by_us or (heir is not None and heir.purpose is not None):
        return EndedBy.SENTINEL
    is_split = heir is not None and _is_rescaled(order.qty, order.stop_price, heir)
    return EndedBy.BROKER if is_split else EndedBy.TRADER


def _is_cancelled_by_us(order: Order, facts: Facts) -> bool:
    """Whether an intent of ours cancelled the order, or another member of its group (ALPACA 1.9)."""
    return any(member.id in facts.book.cancelled_by_us for member in (order, *_group(order, facts)))


def _group(order: Order, facts: Facts) -> tuple[Order, ...]:
    if order.parent_id is None:
        return tuple(other for other in facts.orders.values() if other.parent_id == order.id)
    return tuple(o for o in facts.orders.values() if order.parent_id in (o.id, o.parent_id) and o.id != order.id)


def _has_lapsed(order: Order, facts: Facts) -> bool:
    """Whether the broker's job of the ninetieth day has taken it: on its last day (ALPACA 2.3)."""
    ended_at = order.ended_at or facts.session.now
    return order.expires_at is not None and ended_at.date() >= order.expires_at.date()


def _has_lost_its_group(order: Order, facts: Facts) -> bool:
    """Whether another member ended too: of an OCO any, of a bracket or OTO all but the entry that filled."""
    return any(
        member.status in TERMINAL and member.status is not OrderStatus.REPLACED
        for member in _group(order, facts)
        if member.id != order.parent_id
        or member.status is not OrderStatus.FILLED
        or order.order_class is OrderClass.OCO
    )


def _is_merged(symbol: str, facts: Facts) -> bool:
    """Whether a reverse split has just happened: the broker cancels every GTC order then (ALPACA 10.7)."""
    position, trade = facts.positions.get(symbol), facts.book.trade(symbol)
    ratio = split_ratio(trade, position, facts) if position and trade else None
    return ratio is not None and ratio < 1


def _is_rescaled(qty: Decimal, stop_price: Decimal | None, now: Order) -> bool:
    """Whether a stop is the same one in new units: as many times the shares at so many parts of the price."""
    before, after = qty * (stop_price or 0), now.qty * (now.stop_price or 0)
    return qty != now.qty and abs(after - before) <= before * SAME_VALUE


def _told_of_level(record: StopRecord, now: Order, facts: Facts, *, by_hand: bool) -> Finding | None:
    price, symbol = now.stop_price, record.symbol
    position = facts.positions.get(symbol)
    is_same = price is None or price == record.stop_price or _is_rescaled(record.qty, record.stop_price, now)
    if position is None or price is None or is_same:
        return None
    who = SOMEBODY if by_hand else "the broker"
    code = "by_hand" if by_hand else "by_broker"
    old, new = dollars(record.stop_price), dollars(price)
    if position.side.is_tighter(price, than=record.stop_price):
        told = f"{who} raised the stop of {symbol} from {old} to {new}"
        return Finding(f"stop_raised_{code}", Severity.INFO, symbol, told, "nothing to do: it is the new floor")
    told = f"{who} lowered the stop of {symbol} from {old} to {new}"
    remedy = f"Sentinel raises it back to {old} as soon as broker and price allow; wider stops are set in [risk]"
    return Finding(f"stop_lowered_{code}", Severity.WARNING, symbol, told, remedy)


def _told_of_cancel(record: StopRecord, facts: Facts) -> Finding | None:
    position = facts.positions.get(record.symbol)
    if position is None or position.side is record.side:
        return None
    holding = facts.holding(record.symbol)
    told = f"{SOMEBODY} cancelled the stop of {record.symbol} at {dollars(record.stop_price)}"
    owed = facts.book.owed_for(OwedKind.RAISE, record.symbol)
    level = rescue_price(holding, facts.policy, owed)
    remedy = f"the rescue puts it back at {dollars(level)}, or under the price if that is lower"
    if holding.is_protected:
        remedy = f"nothing to do: another stop protects {record.symbol}"
    elif facts.leaving(position):
        remedy = "nothing to do: a market exit waits for the open"
    return Finding("stop_cancelled_by_hand", Severity.WARNING, record.symbol, told, remedy)
