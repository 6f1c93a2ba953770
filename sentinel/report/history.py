"""`history` on the screen and as a document: each trade with the life of its orders."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from sentinel.domain.book import EndedBy
from sentinel.domain.money import dollars
from sentinel.domain.orders import Side
from sentinel.domain.runs import Rescues
from sentinel.report.document import amount, document, instant, quantity, rescues_entry
from sentinel.report.layout import section
from sentinel.report.trade_life import Event, Life
from sentinel.report.words import MISSING, clean, count, day, moment, money, price, shares

NOUNS = {"entry": "entry", "stop": "stop", "exit": "sale"}
# What a limit is called where a fill is measured against it.
OWN_PRICES = {"entry": "its limit", "stop": "its price"}
HANDS = {EndedBy.TRADER: " by you", EndedBy.SENTINEL: " by Sentinel", EndedBy.BROKER: " by the broker"}
ID_LENGTH = 8


def history_screen(symbol: str, lives: Sequence[Life], rescues: Rescues) -> Group | Text:
    """Every trade under its headline, its events below, then how its rescues went; times in UTC."""
    if not lives:
        return Text(f"the ledger knows nothing of {symbol}")
    parts: list[RenderableType] = [Text(f"{symbol}, times in UTC", "bold"), Text()]
    for life in lives:
        parts += (
            Padding(Text(line.lstrip(), "bold"), (0, 0, 0, len(line) - len(line.lstrip()))) for line in _headline(life)
        )
        parts += section(_events(life.events), "no order of this trade is known")
    if rescues.attempted:
        return Group(*parts, Text(rescue_words(rescues)))
    return Group(*parts[:-1])


def rescue_words(rescues: Rescues) -> str:
    """How often bare shares wanted a stop, and what came of it."""
    tried = f"{count(rescues.attempted, 'rescue')} attempted, {rescues.ok} ok, {rescues.failed} failed"
    last = f"; the last failure: {clean(rescues.last_error)}" if rescues.last_error else ""
    return f"{tried}, the latest in run {rescues.last_run_id}{last}"


def _headline(life: Life) -> Iterator[str]:
    trade = life.trade
    if trade is None:
        yield "orders that have opened no trade so far"
        return
    kind = "long" if trade.side is Side.BUY else "short"
    how = "adopted" if trade.is_adopted else "opened"
    held = f"{count(trade.qty, 'share')} at {price(trade.entry_price)}"
    yield f"trade {trade.id}, {kind}: {held}, {how} {_when(trade.opened_at)}"
    result = f"{money(life.gain_usd)}, {_r(life.r_multiple)}"
    if not trade.is_open:
        at = price(trade.exit_price) if trade.exit_price is not None else "a price nobody saw"
        yield f"  closed at {at} {_when(trade.closed_at)}, {trade.exit_reason}: {result}"
    elif life.stop_price is not None:
        lapses = f"; it expires {day(life.stop_expires_at.date())}" if life.stop_expires_at else ""
        yield f"  open; its stop at {price(life.stop_price)} would make {result}{lapses}"
    else:
        yield "  open, and the ledger knows no stop that rests"


def _events(events: Sequence[Event]) -> Table:
    table = Table.grid(padding=(0, 2))
    for ratio in (None, None, 1):
        table.add_column(no_wrap=ratio is None, ratio=ratio)
    for event in events:
        table.add_row(_when(event.at), clean(event.order_id)[:ID_LENGTH], _words(event))
    return table


def _words(event: Event) -> Text:
    noun, what = NOUNS[event.order], event.what
    if what in ("filled", "partly filled"):
        return Text(f"{noun} {what}: {shares(event.qty)} at {price(event.price)}{_against(event)}")
    if what in ("raised", "moved"):
        old = price(event.old_price) if event.old_price is not None else "an unknown price"
        # That Sentinel moves its own stops need not be said.
        by = HANDS[event.by] if event.by not in (None, EndedBy.SENTINEL) else ""
        text = Text(f"{noun} {what}{by} from {old} to {price(event.price)}")
        text.append(f", in place of {clean(event.replaces or '')[:ID_LENGTH]}")
    else:
        at = "at the market" if event.order == "exit" else f"at {price(event.price)}"
        text = Text(f"{noun} {what}{HANDS[event.by] if event.by else ''}: {shares(event.qty)} {at}")
    if event.because:
        text.append(f", {clean(event.because)}", "dim")
    return text


def _against(event: Event) -> str:
    """How a fill compares with the price the order named."""
    better, pct = event.better_by, event.better_by_pct
    if better is None or pct is None:
        return ""
    own = OWN_PRICES[event.order]
    if not better:
        return f", at {own}"
    return f", {dollars(abs(better))} {'better' if better > 0 else 'worse'} than {own} ({pct:+.2f} %)"


def _r(multiple: Decimal | None) -> str:
    return "R unknown" if multiple is None else f"{multiple:+.2f} R"


def _when(at: Any) -> str:
    return moment(at).removesuffix(" UTC") if at else MISSING


def history_document(symbol: str, lives: Sequence[Life], rescues: Rescues, command: str) -> dict[str, Any]:
    """The document of `history`; `trade` is null for the orders that opened none."""
    return document(command, 0, symbol=symbol, trades=[_life(life) for life in lives], rescues=rescues_entry(rescues))


def _life(life: Life) -> dict[str, Any]:
    trade = life.trade
    told = trade and {
        "id": trade.id,
        "side": str(trade.side),
        "qty": quantity(trade.qty),
        "entry_price": amount(trade.entry_price),
        "first_stop_price": amount(trade.first_stop_price),
        "highest_stop_price": amount(trade.highest_stop_price),
        "opened_at": instant(trade.opened_at),
        "is_adopted": trade.is_adopted,
        "named_at": instant(trade.named_at),
        "is_ignored": trade.is_ignored,
        "is_open": trade.is_open,
        "exit_price": amount(trade.exit_price),
        "closed_at": instant(trade.closed_at),
        "exit_reason": str(trade.exit_reason) if trade.exit_reason else None,
    }
    return {
        "trade": told,
        "stop_price": amount(life.stop_price),
        "stop_expires_at": instant(life.stop_expires_at),
        "gain_usd": amount(life.gain_usd),
        "r_multiple": None if life.r_multiple is None else f"{life.r_multiple:.2f}",
        "events": [_event(event) for event in life.events],
    }


def _event(event: Event) -> dict[str, Any]:
    return {
        "at": instant(event.at),
        "order_id": event.order_id,
        "order": event.order,
        "what": event.what,
        "qty": quantity(event.qty),
        "price": amount(event.price),
        "old_price": amount(event.old_price),
        "replaces": event.replaces,
        "better_by": amount(event.better_by),
        "better_by_pct": None if event.better_by_pct is None else f"{event.better_by_pct:.2f}",
        "by": None if event.by is None else str(event.by),
        "because": event.because,
    }
