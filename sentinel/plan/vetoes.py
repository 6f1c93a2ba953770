"""What forbids an entry whatever the trader says: each judge of a rule that nobody can set aside."""

from sentinel.domain.actions import SubmitEntry
from sentinel.domain.facts import EntryRequest, Facts
from sentinel.domain.money import dollars, shares
from sentinel.domain.orders import Side
from sentinel.domain.positions import Asset
from sentinel.plan.breach import Breach


def halt(_entry: SubmitEntry, facts: Facts) -> Breach | None:
    """The trader has halted entries."""
    reason = facts.book.halt_reason
    if reason is None:
        return None
    return Breach(f"entries are halted: {reason}", reason, "no halt", "sentinel resume --reason TEXT")


def not_armed(_entry: SubmitEntry, facts: Facts) -> Breach | None:
    """The arming of the live account has run out."""
    if facts.lapse is None:
        return None
    words = f"entries are refused: {facts.lapse}"
    return Breach(words, facts.lapse, "an armed account", "arm it again: sentinel arm ACCOUNT_NUMBER")


def ledger_quarantined(_entry: SubmitEntry, facts: Facts) -> Breach | None:
    """The ledger was begun anew in the place of a damaged one."""
    reason = facts.book.latch_reason
    if reason is None or not facts.book.is_quarantined:
        return None
    remedy = (
        "put a sound copy back (`sentinel restore` names them); without one look, then sentinel resume --reason TEXT"
    )
    return Breach(f"entries are blocked: {reason}", reason, "a sound ledger", remedy)


def latch(_entry: SubmitEntry, facts: Facts) -> Breach | None:
    """Too much has gone wrong, and nobody has looked yet."""
    reason = facts.book.latch_reason
    if reason is None:
        return None
    remedy = "find out why (`sentinel runs`), then sentinel resume --reason TEXT"
    return Breach(f"entries are paused: {reason}", reason, "no pause", remedy)


def blocked_account(_entry: SubmitEntry, facts: Facts) -> Breach | None:
    """The broker takes no orders on the account (ALPACA 9.5)."""
    if not facts.account.blocks_orders:
        return None
    words = "the broker blocks new orders on this account"
    return Breach(words, "blocked", "an account that may trade", "look at the account's page at the broker")


def not_tradable(entry: SubmitEntry, facts: Facts) -> Breach | None:
    """The broker takes no orders in the symbol; of a halt it shows no other sign there (ALPACA 10.6, 10.10)."""
    asset = _asset(entry, facts)
    if asset is not None and asset.tradable and asset.status == "active":
        return None
    shown = "unknown" if asset is None else asset.status if asset.status != "active" else "not tradable"
    words = f"{entry.symbol} is not tradable at the broker, which shows it as {shown}"
    return Breach(words, shown, "active and tradable", "choose another symbol")


def not_shortable(entry: SubmitEntry, facts: Facts) -> Breach | None:
    """A short needs a symbol and an account that allow it."""
    asset = _asset(entry, facts)
    if entry.side is Side.BUY or (asset is not None and asset.shortable and facts.account.shorting_enabled):
        return None
    words = f"{entry.symbol} cannot be sold short on this account"
    return Breach(words, "not shortable", "shortable", "enter long, or enable shorting there")


def already_held(entry: SubmitEntry, facts: Facts) -> Breach | None:
    """A resting stop forbids a second entry (ALPACA 6.3)."""
    position = facts.positions.get(entry.symbol)
    if position is None:
        return None
    words = f"{entry.symbol} is already held, and its resting stop forbids a second entry"
    remedy = "one position a symbol; wait until this one is closed"
    return Breach(words, f"{position.qty} shares", "no position", remedy)


def live_order(entry: SubmitEntry, facts: Facts) -> Breach | None:
    """Another entry, or whatever else is live in the symbol (I3)."""
    waiting = next(iter(facts.live_orders(entry.symbol)), None)
    if waiting is None:
        return None
    level = waiting.limit_price or waiting.stop_price
    at = f" at {dollars(level)}" if level else ""
    told = f"the {waiting.side} order of {shares(waiting.qty)}{at}"
    words = f"{told} in {entry.symbol} is still {waiting.status} at the broker: order {waiting.id}"
    remedy = "let it fill, or cancel it at the broker and run `sentinel reconcile-fills`"
    return Breach(words, str(waiting.status), "no live order", remedy)


def wrong_side_stop(entry: SubmitEntry, facts: Facts) -> Breach | None:
    """The stop must lie beyond the entry and, as the broker asks, beyond the market too (ALPACA 1.10)."""
    at, last = dollars(entry.stop_price), facts.last_price(entry.symbol)
    if not entry.side.is_tighter(entry.limit_price, than=entry.stop_price):
        price = dollars(entry.limit_price)
        return Breach(f"the stop at {at} does not protect an entry at {price}", at, price, "give another stop")
    if last is not None and not entry.side.is_tighter(last, than=entry.stop_price):
        words = f"{entry.symbol} trades at {dollars(last)}, already through the stop at {at}"
        return Breach(words, at, dollars(last), "check the price you typed")
    return None


def _asset(entry: SubmitEntry, facts: Facts) -> Asset | None:
    request = facts.request
    return request.asset if isinstance(request, EntryRequest) and request.symbol == entry.symbol else None
