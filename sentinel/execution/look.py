"""One look at the broker: a fixed number of requests plus pages, never one an order."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from sentinel.broker import Broker
from sentinel.domain.bars import Bar
from sentinel.domain.book import Book
from sentinel.domain.errors import BrokerUnreachable
from sentinel.domain.facts import EntryRequest, Facts, Request
from sentinel.domain.orders import Order, OrderStatus
from sentinel.domain.positions import Session
from sentinel.plan.ghosts import is_held
from sentinel.risk_config import RiskPolicy

# Fills are read from a little before the last look, so that none slips between two of them.
FILLS_OVERLAP = timedelta(days=1)
FIRST_LOOK_BACK = timedelta(days=14)
# The broker ends an order 90 days after it was sent (ALPACA 2.3), and its leg with it.
LONGEST_LIFE = timedelta(days=91)


def look(
    broker: Broker,
    book: Book,
    policy: RiskPolicy,
    session: Session,
    last_look: datetime | None,
    previous_prices: Mapping[str, Decimal],
    request: Request | None,
) -> Facts:
    """The broker's truth beside the ledger's memory; BrokerUnreachable when any list fails, for it is never empty.

    Orders are read before positions: a stop that fills in between then looks like an orphan, which waits, and not
    like a naked position, which would get a second stop.
    """
    account = broker.account()
    orders, unread = _orders(broker, book)
    positions = broker.positions()
    since = last_look - FILLS_OVERLAP if last_look else session.now - FIRST_LOOK_BACK
    wanted = {*positions, *(order.symbol for order in orders if order.is_live)}
    wanted |= {request.symbol} if isinstance(request, EntryRequest) else set()
    bars, unseen = _bars(broker, sorted(wanted))
    others = [f"{symbol} is no stock, so no stop protects it" for symbol in broker.other_assets]
    facts = Facts(
        session=session,
        account=account,
        policy=policy,
        positions=positions,
        fills=broker.fills(since),
        bars=bars,
        book=book,
        request=request,
        previous_prices=previous_prices,
        blind_spots=(*unseen, *unread.values(), *others),
        unseen_symbols=frozenset(unread),
        clock_skew=broker.clock_skew,
    ).fold(orders)
    puzzling = _puzzling(facts)
    return _look_closer(facts, puzzling, broker) if puzzling else facts


def _look_closer(facts: Facts, symbols: list[str], broker: Broker) -> Facts:
    """Every order of these symbols as well; where they cannot be read, nothing but a missing stop is sent for them."""
    try:
        return facts.fold(broker.orders_of(symbols, facts.session.now - LONGEST_LIFE))
    except BrokerUnreachable as error:
        seen = f"the older orders of {', '.join(symbols)} cannot be read: {error.message}"
        return replace(
            facts, blind_spots=(*facts.blind_spots, seen), unseen_symbols=facts.unseen_symbols | frozenset(symbols)
        )


def _puzzling(facts: Facts) -> list[str]:
    """Symbols the lists so far do not explain: held without a whole stop, or open in the ledger and not held.

    The sleeping stop of an old bracket is on no list of open orders, and on that of recent ones only while it is
    recent (ALPACA 5.2); the sale that ended a trade may be as old as the last evening.
    """
    bare = {holding.symbol for holding in facts.holdings if holding.protected_qty < holding.position.whole_shares}
    return sorted(bare | {trade.symbol for trade in facts.book.trades if not is_held(trade, facts)})


def _bars(broker: Broker, symbols: list[str]) -> tuple[dict[str, Bar], list[str]]:
    """The latest daily bars; without market data the positions' own prices must do, and nobody goes unprotected."""
    try:
        return (broker.latest_bars(symbols) if symbols else {}), []
    except BrokerUnreachable as error:
        return {}, [f"there is no market data tonight: {error.message}"]


def _orders(broker: Broker, book: Book) -> tuple[list[Order], dict[str, str]]:
    """The union of what is open, what is recent (with `held` legs), and each known order by its id (ALPACA 5.2).

    So is what took the place of a known order (ALPACA 3.2), and what one list shows alive and the other does not have.
    A list that fails is raised; a single order that cannot be read costs its own symbol its turn and no other.
    """
    opened, recent = broker.open_orders(), broker.recent_orders(None)
    found = [*opened, *recent]
    seen = {member.id: member for order in found for member in order.family()}
    unread: dict[str, str] = {}
    doubtful = _doubtful(opened, seen)
    known = [*_known_orders(book), *doubtful.items()]
    for order_id, symbol in known:
        order = seen.get(order_id)
        if order is None or order_id in doubtful:
            try:
                order = broker.order(order_id)
            except BrokerUnreachable as error:
                unread[symbol] = f"an order of {symbol} cannot be read: {error.message}"
                continue
            if order is None:
                continue
            found.append(order)
            seen |= {member.id: member for member in order.family()}
        if order.replaced_by is not None and order.replaced_by not in seen:
            known.append((order.replaced_by, symbol))
    return found, unread


def _doubtful(opened: Sequence[Order], seen: Mapping[str, Order]) -> dict[str, str]:
    """Orders alive on the list of recent ones and not on that of open ones: one of the two is from before a change.

    A `held` leg is on no list of open orders (ALPACA 5.2).
    """
    listed = {member.id for order in opened for member in order.family()}
    alive = (order for order in seen.values() if order.is_live and order.status is not OrderStatus.HELD)
    return {order.id: order.symbol for order in alive if order.id not in listed}


def _known_orders(book: Book) -> Iterator[tuple[str, str]]:
    yield from ((entry.order_id, entry.symbol) for entry in book.entries)
    yield from ((stop.order_id, stop.symbol) for stop in book.stops)
    yield from ((sale.order_id, sale.symbol) for sale in book.exits)
