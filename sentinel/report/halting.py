"""The halt in words: what it stops, what goes on, and what already lies at the broker."""

from collections.abc import Iterator
from typing import Any

from rich.text import Text

from sentinel.domain.book import Book, EntryRecord, ExitRecord
from sentinel.domain.orders import Side
from sentinel.report.document import amount, document, quantity
from sentinel.report.words import clean, count, price


def halted(reason: str) -> Text:
    """The line every screen of a halted home shows."""
    return Text(f"HALTED: {clean(reason)}: no entries, no profit sales; stops go on", "bold red")


def paused(reason: str) -> Text:
    """The line of a home whose entries Sentinel has paused."""
    return Text(f"ENTRIES PAUSED: {clean(reason)}; `sentinel resume --reason TEXT` lifts it", "bold red")


def halt_screen(reason: str, book: Book, *, is_dry_run: bool) -> Text:
    """What `halt` has done, or would do, to a home with this book."""
    lines = [f"{'would halt' if is_dry_run else 'halted'}: {clean(reason)}"]
    if book.halt_reason is not None:
        lines.append(f"it was halted already: {clean(book.halt_reason)}")
    lines.append("no entries and no profit sales until `sentinel resume --reason TEXT`")
    lines.append("protection goes on: stops are placed, raised and followed as on any evening")
    waiting = [f"  {_words(order)}" for order in _at_the_broker(book)]
    if waiting:
        lines += ["already at the broker, and may still fill unless you cancel there:", *waiting]
    return Text("\n".join(lines))


def halt_document(command: str, reason: str, book: Book, *, is_dry_run: bool) -> dict[str, Any]:
    """The document of `halt`; `at_the_broker` names entries and sales that may still fill."""
    return document(
        command,
        0,
        halt=book.halt_reason if is_dry_run else reason,
        reason=reason,
        was_halted=book.halt_reason,
        at_the_broker=[_row(order) for order in _at_the_broker(book)],
        dry_run=is_dry_run,
    )


def resume_screen(reason: str, was_halted: str | None, *, is_dry_run: bool) -> Text:
    """What `resume` has done, or would do."""
    if was_halted is None:
        return Text("nothing is halted")
    lines = [f"{'would resume' if is_dry_run else 'resumed'}: {clean(reason)}", f"it was halted: {clean(was_halted)}"]
    return Text("\n".join([*lines, "next: sentinel evening-workflow"]))


def resume_document(command: str, reason: str, was_halted: str | None, *, is_dry_run: bool) -> dict[str, Any]:
    """The document of `resume`."""
    halt = was_halted if is_dry_run else None
    return document(command, 0, halt=halt, reason=reason, was_halted=was_halted, dry_run=is_dry_run)


def _at_the_broker(book: Book) -> Iterator[EntryRecord | ExitRecord]:
    yield from book.entries
    yield from book.exits


def _words(order: EntryRecord | ExitRecord) -> str:
    left = count(order.qty - order.filled_qty, "share")
    if isinstance(order, EntryRecord):
        return f"entry of {left} of {clean(order.symbol)} at {price(order.limit_price)}"
    return f"{'sale' if order.side is Side.SELL else 'buying back'} of {left} of {clean(order.symbol)} at the market"


def _row(order: EntryRecord | ExitRecord) -> dict[str, Any]:
    is_entry = isinstance(order, EntryRecord)
    return {
        "kind": "entry" if is_entry else "exit",
        "symbol": order.symbol,
        "side": str(order.side),
        "qty": quantity(order.qty - order.filled_qty),
        "limit_price": amount(order.limit_price) if isinstance(order, EntryRecord) else None,
        "order_id": order.order_id,
    }
