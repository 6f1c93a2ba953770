"""The coverage proof as a table, and its verdict as the last line of a screen."""

from decimal import Decimal

from rich.table import Table
from rich.text import Text

from sentinel.domain.coverage import COVERED, Coverage, CoverageRow, CoverageState
from sentinel.domain.money import HUNDRED
from sentinel.domain.orders import Side
from sentinel.report.words import clean, count, percent, price, shares

STATES: dict[CoverageState, tuple[str, str]] = {
    CoverageState.PROTECTED: ("protected", "green"),
    CoverageState.PROTECTED_OLD_LEVEL: ("old level", "green"),
    CoverageState.PARTLY_PROTECTED: ("PARTLY", "bold red"),
    CoverageState.PENDING: ("pending", "yellow"),
    CoverageState.UNVERIFIED: ("UNVERIFIED", "bold red"),
    CoverageState.NAKED: ("NAKED", "bold red"),
}


def bare_table() -> Table:
    """A table without a frame: 80 columns are for figures."""
    return Table(box=None, pad_edge=False, padding=(0, 1), collapse_padding=True, header_style="bold")


def coverage_table(coverage: Coverage) -> Table:
    """One line a position: what is held, where it stands, where its stop rests."""
    table = bare_table()
    for name in ("", "covered", "entry", "last", "gain", "stop", "locks"):
        table.add_column(name, justify="right" if name else "left", no_wrap=True)
    table.add_column("state", no_wrap=True)
    for row in coverage.rows:
        words, style = STATES[row.state]
        prices = price(row.entry_price), price(row.last_price), percent(gain_pct(row, row.last_price))
        stop = price(row.stop_price), percent(gain_pct(row, row.stop_price))
        held = clean(row.symbol) if row.side is Side.BUY else f"{clean(row.symbol)} short"
        cells = (held, f"{shares(row.protected_qty)} of {shares(row.qty)}", *prices, *stop)
        table.add_row(*cells, Text(words, style))
    return table


def gain_pct(row: CoverageRow, at: Decimal | None) -> Decimal | None:
    """Gain at a price in percent of the entry price; None when a price is not known."""
    if at is None or not row.entry_price:
        return None
    return (at - row.entry_price) * row.side.sign / row.entry_price * HUNDRED


def verdict(coverage: Coverage) -> Text:
    """The last line: everything covered, or each position that is not, with its reason."""
    if not coverage.rows:
        return Text("nothing is held, nothing needs a stop", "bold green")
    held, under = shares(coverage.shares), shares(coverage.protected_shares)
    if coverage.is_complete:
        positions = f"all {count(len(coverage.rows), 'position')}" if len(coverage.rows) > 1 else "the one position"
        return Text(f"{positions} covered: {under} of {held} shares", "bold green")
    gaps = "; ".join(_gap(row) for row in coverage.rows if row.state not in COVERED)
    return Text(f"NOT COVERED: {gaps}", "bold red")


def _gap(row: CoverageRow) -> str:
    missing = shares(row.qty - row.protected_qty)
    return f"{clean(row.symbol)} {missing} of {count(row.qty, 'share')}, {clean(row.reason)}"
