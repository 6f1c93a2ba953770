"""The coverage proof as a table, and its verdict as the last line of a screen."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

from sentinel.domain.coverage import COVERED, Coverage, CoverageRow, CoverageState
from sentinel.domain.money import HUNDRED
from sentinel.domain.orders import Side
from sentinel.report.words import clean, count, flowing, moment, percent, price, shares, ticker

STATES: dict[CoverageState, tuple[str, str]] = {
    CoverageState.PROTECTED: ("protected", "green"),
    CoverageState.PROTECTED_OLD_LEVEL: ("old level", "green"),
    CoverageState.PARTLY_PROTECTED: ("PARTLY", "bold red"),
    CoverageState.PENDING: ("pending", "yellow"),
    CoverageState.UNVERIFIED: ("UNVERIFIED", "bold red"),
    CoverageState.NAKED: ("NAKED", "bold red"),
}
COLUMNS = ("", "covered", "entry", "last", "gain", "stop", "locks", "state")
# What a narrow window keeps.
NEEDED = ("", "covered", "stop", "state")
# Why a position that is in the ledger alone is not verified.
UNSEEN = "no run has looked at it yet"
WIDEST = 1000


def bare_table() -> Table:
    """A table without a frame: 80 columns are for figures."""
    return Table(box=None, pad_edge=False, padding=(0, 1), collapse_padding=True, header_style="bold")


@dataclass(frozen=True, slots=True)
class CoverageTable:
    """One line a position, in all its columns where they fit, else in those that matter most."""

    coverage: Coverage

    @property
    def row_count(self) -> int:
        """Positions in it."""
        return len(self.coverage.rows)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Called by Rich, which knows how wide the window is."""
        whole = coverage_table(self.coverage)
        width = console.measure(whole, options=options.update_width(WIDEST)).maximum
        yield whole if width <= options.max_width else coverage_table(self.coverage, NEEDED)


def coverage_table(coverage: Coverage, columns: tuple[str, ...] = COLUMNS) -> Table:
    """One line a position: what is held, where it stands, where its stop rests."""
    table = bare_table()
    for name in columns:
        table.add_column(name, justify="left" if name in ("", "state") else "right", no_wrap=True)
    for row in coverage.rows:
        words, style = STATES[row.state]
        held = clean(row.symbol) if row.side is Side.BUY else f"{clean(row.symbol)} short"
        covered = f"{_protected(row)} of {shares(row.qty)}"
        prices = price(row.entry_price), price(row.last_price), percent(gain_pct(row, row.last_price))
        stop = price(row.stop_price), percent(gain_pct(row, row.stop_price))
        cells: dict[str, str | Text] = dict(
            zip(COLUMNS, (held, covered, *prices, *stop, Text(words, style)), strict=True)
        )
        table.add_row(*(cells[name] for name in columns))
    return table


def gain_pct(row: CoverageRow, at: Decimal | None) -> Decimal | None:
    """Gain at a price in percent of the entry price; None when a price is not known."""
    if at is None or not row.entry_price:
        return None
    return (at - row.entry_price) * row.side.sign / row.entry_price * HUNDRED


def verdict(coverage: Coverage, as_of: datetime | None = None) -> Text:
    """The last line: everything covered, or each position that is not, with its reason."""
    since = f" as of {moment(as_of)}" if as_of is not None else ""
    if not coverage.rows:
        return Text(f"nothing is held, nothing needs a stop{since}", "bold green")
    covered = f"{shares(coverage.protected_shares)} of {count(coverage.shares, 'share')}"
    if coverage.is_complete:
        return Text(f"{_all(len(coverage.rows))} covered{since}: {covered}", "bold green")
    gaps = [row for row in coverage.rows if row.state not in COVERED]
    leaving = "; ".join(
        f"{ticker(row.symbol)} leaves at the open" for row in gaps if row.state is CoverageState.PENDING
    )
    if all(row.state is CoverageState.PENDING for row in gaps):
        return Text(f"{covered} covered{since}; {leaving}", "bold yellow")
    unseen = "; ".join(_gap(row) for row in gaps if row.reason == UNSEEN)
    open_ones = "; ".join(_gap(row) for row in gaps if row.reason != UNSEEN and row.state is not CoverageState.PENDING)
    parts = (f"NOT COVERED{since}: {open_ones}" if open_ones else "", f"NOT VERIFIED: {unseen}" if unseen else "")
    return Text("; ".join(part for part in (*parts, leaving) if part), "bold red")


def _all(positions: int) -> str:
    few = {1: "the one position", 2: "both positions"}
    return few.get(positions, f"all {positions} positions")


def _protected(row: CoverageRow) -> str:
    return "?" if row.reason == UNSEEN else shares(row.protected_qty)


def _gap(row: CoverageRow) -> str:
    missing = "?" if row.reason == UNSEEN else shares(row.qty - row.protected_qty)
    return f"{ticker(row.symbol)} {missing} of {count(row.qty, 'share')}, {flowing(row.reason)}"
