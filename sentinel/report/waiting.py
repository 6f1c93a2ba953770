"""What waits at the broker or for a better moment, one line each: entries, and raises and sales still to do."""

from collections.abc import Collection, Iterable
from decimal import Decimal

from rich.table import Table

from sentinel.domain.book import EntryRecord, Owed, OwedKind
from sentinel.domain.coverage import Coverage, CoverageRow, CoverageState
from sentinel.domain.orders import Side
from sentinel.report.coverage_table import bare_table
from sentinel.report.words import clean, count, day, flowing, moment, price, shares


def waiting_table(
    entries: Iterable[EntryRecord],
    owed: Iterable[Owed] = (),
    coverage: Coverage | None = None,
    rehearsed: Collection[str] = frozenset(),
) -> Table:
    """One line for each entry that may fill, and for each raise or sale the broker would not take yet.

    The entry of a symbol in `rehearsed` is in a dry run alone, and no broker knows of it.
    """
    table = bare_table()
    table.add_column("waiting", no_wrap=True)
    table.add_column("")
    for entry in entries:
        table.add_row(clean(entry.symbol), entry_words(entry, is_rehearsed=entry.symbol in rehearsed))
    rows = {row.symbol: row for row in coverage.rows} if coverage is not None else {}
    for debt in owed:
        table.add_row(clean(debt.symbol), _debt(debt, rows.get(debt.symbol)))
    return table


def _debt(debt: Owed, row: CoverageRow | None) -> str:
    """What is owed, for how long and why; of a raise, that the stop still protects at its old level."""
    owed_for = f"owed for {count(debt.evenings, 'evening')}"
    because = f"since {day(debt.since)}: {flowing(debt.reason)}"
    if debt.kind is not OwedKind.RAISE:
        return f"{owed_words(debt, row)} ({owed_for}, {because})"
    is_held = row is not None and row.state is CoverageState.PROTECTED_OLD_LEVEL
    return f"{'protected at the old level, ' if is_held else ''}raise to {price(debt.price)} {owed_for} ({because})"


def entry_words(entry: EntryRecord, *, is_rehearsed: bool = False) -> str:
    """An entry and how far it got."""
    kind = "short entry" if entry.side is Side.SELL else "entry"
    words = f"{kind} of {count(entry.qty, 'share')} at {price(entry.limit_price)}, stop {price(entry.stop_price)}"
    if is_rehearsed:
        return f"{words}, would be sent"
    filled = f", {shares(entry.filled_qty)} filled" if entry.filled_qty else ""
    return f"{words}, {entry.status}{filled}, sent {moment(entry.submitted_at)}"


def owed_words(owed: Owed, row: CoverageRow | None) -> str:
    """A raise or a sale that is still to do, and what becomes of it."""
    if owed.kind is OwedKind.RAISE:
        return raise_to_do(owed.price)
    is_short = row is not None and row.side is Side.SELL
    return sale_to_do(owed.qty, row.stop_price if row else None, is_short=is_short)


def raise_to_do(level: Decimal | None) -> str:
    """A raise the broker would not take; every later run tries again by itself."""
    return f"raise to {price(level)} still to do"


def sale_to_do(qty: Decimal | None, stop_price: Decimal | None, *, is_short: bool = False) -> str:
    """A sale that could not be sent; `stop_price` is where its stop rests in dollars, None when that is not known."""
    kind, does = ("buying back", "buys it back") if is_short else ("sale", "sells it")
    stop = f"its stop at {price(stop_price)}" if stop_price is not None else "its stop"
    number = "shares" if qty is None else count(qty, "share")
    return f"{kind} of {number} still to do: run again while the market is open, or {stop} {does}"
