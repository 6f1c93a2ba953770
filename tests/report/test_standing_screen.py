"""The screen of `status`: what each position's stop does for it, and why one has none."""

import io
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from rich.console import Console

from sentinel.domain.book import Book
from sentinel.domain.coverage import Coverage, CoverageRow, CoverageState
from sentinel.domain.orders import Side
from sentinel.report.standing import LastRun, Standing
from sentinel.report.standing_screen import standing_screen
from sentinel.report.words import loosened
from sentinel.risk_config import RiskPolicy
from tests.report.test_screen import row

NOW = datetime(2025, 4, 7, 21, 0, tzinfo=UTC)


def shown(*rows: CoverageRow, width: int = 200) -> str:
    standing = Standing(
        home=Path("home"),
        mode="sim",
        policy=RiskPolicy(),
        book=Book(),
        coverage=Coverage.of(rows),
        looked_at=NOW,
        last_run=LastRun(3, "evening-workflow", NOW, NOW, 0),
        findings=(),
        now=NOW,
    )
    console = Console(file=io.StringIO(), width=width, markup=False, emoji=False, highlight=False)
    console.print(standing_screen(standing))
    return loosened(console.file.getvalue())  # type: ignore[attr-defined]


NAKED = row("AAPL 0 of 7 at 92.00", stop_price=None)
LEAVING = replace(NAKED, state=CoverageState.PENDING, reason="a market exit waits for the open")


@pytest.mark.parametrize(
    ("held", "words", "never"),
    [
        (row("AAPL 7 of 7 at 92.00"), "next stair +8.0 % at 108.00 lifts the stop to 102.00", "on top"),
        (row("AAPL 7 of 7 at 108.00", side=Side.SELL), "+8.0 % at 92.00 lowers the stop to 98.00", "lifts"),
        (row("AAPL 7 of 7 at 115.00", last_price=Decimal(126)), "on top of the staircase", "next stair"),
        (row("AAPL 7 of 7 at 118.00", last_price=Decimal(119)), "the stop is above every stair", "on top"),
        (NAKED, "no stop: no stop order is live", "staircase"),
        (LEAVING, "no stop: its sale waits for the open", "staircase"),
    ],
)
def test_where_a_position_stands(held: CoverageRow, words: str, never: str) -> None:
    screen = shown(held)
    assert words in screen
    assert never not in screen


def test_a_sale_that_waits_for_the_open_is_no_gap() -> None:
    line = shown(row("MSFT 2 of 2 at 92"), LEAVING).splitlines()[-1]
    assert line == "2 of 9 shares covered as of 7 Apr 2025 21:00 UTC; AAPL leaves at the open"
