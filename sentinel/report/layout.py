"""How the parts of every screen are laid out: sections an empty line apart, words that wrap under themselves."""

from collections.abc import Iterable

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from sentinel.report.coverage_table import CoverageTable


def section(body: Table | CoverageTable | None, otherwise: str = "") -> Iterable[RenderableType]:
    """A part of a screen followed by an empty line; nothing, or a word, where it is empty."""
    if body is not None and body.row_count:
        yield body
        yield Text()
    elif otherwise:
        yield Text(otherwise)
        yield Text()


def hanging_table() -> Table:
    """Two columns, the second wrapping under itself."""
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(ratio=1)
    return table
