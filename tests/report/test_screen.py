"""The screen a run ends with: readable in 80 columns, harmless whatever the broker says, its verdict last."""

import io
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import get_args

import pytest
from rich.console import Console

from sentinel.domain.actions import Action, verb_of
from sentinel.domain.book import Approval, EntryRecord
from sentinel.domain.coverage import Coverage, CoverageRow, CoverageState
from sentinel.domain.findings import Finding, Severity
from sentinel.domain.orders import OrderStatus, Side
from sentinel.domain.runs import Deed, DeedOutcome, RunReport
from sentinel.report.coverage_table import STATES, gain_pct, verdict
from sentinel.report.screen import run_screen
from sentinel.report.sentences import NEWS, VERBS, sentence
from sentinel.report.words import loosened
from tests.builders import TODAY

LOOKED_AT = datetime(2025, 4, 7, 21, 0, tzinfo=UTC)


def row(line: str, **changes: object) -> CoverageRow:
    """`AAPL 7 of 7 at 92.00`: seven of seven shares under a stop at 92."""
    symbol, protected, _, qty, _, stop = line.split()
    plain = CoverageRow(
        symbol=symbol,
        qty=Decimal(qty),
        protected_qty=Decimal(protected),
        state=CoverageState.PROTECTED if qty == protected else CoverageState.NAKED,
        stop_price=Decimal(stop),
        stop_order_ids=("stop-1",),
        expires_at=None,
        reason="every share is under an active stop" if qty == protected else "no stop order is live",
        entry_price=Decimal(100),
        last_price=Decimal(108),
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def deed(verb: str, outcome: DeedOutcome = DeedOutcome.DONE, **changes: object) -> Deed:
    plain = Deed("step", verb, "AAPL", outcome, "of a reason", qty=Decimal(7), price=Decimal("102.00"))
    return replace(plain, **changes)  # type: ignore[arg-type]


def report(*rows: CoverageRow, **changes: object) -> RunReport:
    plain = RunReport(
        command="evening-workflow",
        run_id=12,
        is_dry_run=False,
        session=TODAY,
        looked_at=LOOKED_AT,
        equity=Decimal("100432.10"),
        deeds=(),
        findings=(),
        coverage=Coverage.of(rows),
        approvals=(),
        waiting_entries=(),
        requests=23,
        exit_code=0,
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def shown(told: RunReport, *, is_terminal: bool = False, width: int = 80) -> list[str]:
    console = Console(
        file=io.StringIO(), width=width, force_terminal=is_terminal, markup=False, emoji=False, highlight=False
    )
    console.print(run_screen(told))
    text: str = loosened(console.file.getvalue())  # type: ignore[attr-defined]
    return [line.rstrip() for line in text.splitlines()]


def test_a_quiet_evening() -> None:
    assert shown(report(row("AAPL 7 of 7 at 102.00"), row("MSFT 30 of 30 at 92.00"))) == [
        "Mon 7 Apr 2025  equity $100,432.10  run 12",
        "evening-workflow, looked at 7 Apr 2025 21:00 UTC, 23 requests",
        "",
        "Nothing to do.",
        "",
        "      covered  entry   last   gain   stop  locks state",
        "AAPL   7 of 7 100.00 108.00 +8.0 % 102.00 +2.0 % protected",
        "MSFT 30 of 30 100.00 108.00 +8.0 %  92.00 -8.0 % protected",
        "",
        "both positions covered: 37 of 37 shares",
    ]


def test_a_busy_evening_tells_the_worst_first() -> None:
    lines = shown(
        report(
            row("AAPL 7 of 7 at 102.00"),
            row("TSLA 2 of 5 at 92.00", state=CoverageState.PARTLY_PROTECTED, reason="the stops are for fewer shares"),
            deeds=(deed("raise_stop"), deed("place_stop", DeedOutcome.REFUSED, detail="held"), deed("forget")),
            findings=(
                Finding("a", Severity.INFO, "AAPL", "news of AAPL", "nothing to do"),
                Finding("b", Severity.ALARM, "TSLA", "TSLA is in danger", "run rescue-stops"),
            ),
        )
    )
    assert "AAPL  stop raised to 102.00, because of a reason" in lines
    assert "AAPL  place a stop at 102.00 behind 7 shares: REFUSED by the broker (held)," in lines
    assert not any("owed any more" in line for line in lines)
    assert lines.index("alarm  TSLA is in danger") < lines.index("info   news of AAPL")
    assert "       do: run rescue-stops" in lines
    assert lines[-1] == "NOT COVERED: TSLA 3 of 5 shares, the stops are for fewer shares"


def test_a_rehearsal_says_so() -> None:
    lines = shown(report(is_dry_run=True, run_id=None, deeds=(deed("raise_stop", DeedOutcome.PLANNED),)))
    assert "DRY RUN: nothing was sent, nothing was written" in lines
    assert "AAPL  would raise the stop to 102.00, because of a reason" in lines


def test_what_the_broker_says_does_no_harm() -> None:
    evil = "[red]x[/red] [/nope] :smile:\x1b[2J\x1b]0;owned\x07\n\rgone\u202e"
    asked = Approval(1, evil, "profit", Decimal(7), Decimal(117), evil, TODAY, LOOKED_AT, LOOKED_AT)
    evil_row = row("AAPL 2 of 7 at 92.00", symbol=evil, reason=evil)
    finding = Finding("x", Severity.ALARM, None, evil, evil)
    lines = shown(
        report(
            evil_row,
            deeds=(deed("raise_stop", symbol=evil, because=evil, detail=evil), deed("follow_stop", because=evil)),
            findings=(finding,),
            approvals=(asked,),
        )
    )
    text = "\n".join(lines)
    assert "[red]x[/red] [/nope] :smile:" in text
    assert not {"\x1b", "\r", "\x07", "\u202e"} & set(text)
    assert "owned" not in text


def test_nothing_is_wider_than_the_screen_nor_coloured_without_a_terminal() -> None:
    long = "a very long reason that goes on and on " * 5
    wide = row("BRK.B 12345 of 12345 at 1234.56", entry_price=Decimal("1234.5678"), last_price=Decimal("12345.67"))
    lines = shown(
        report(
            wide,
            row("AAPL 2 of 7 at 92.00", state=CoverageState.UNVERIFIED, reason=long),
            deeds=(deed("raise_stop", because=long),),
            findings=(Finding("x", Severity.WARNING, None, long, long),),
        )
    )
    assert max(len(line) for line in lines) <= 80
    assert not any("\x1b" in line for line in lines)


def test_colours_can_be_turned_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    told = report(row("AAPL 2 of 7 at 92.00"))
    assert any("\x1b[1;31m" in line for line in shown(told, is_terminal=True))
    monkeypatch.setenv("NO_COLOR", "1")
    assert not any("31m" in line for line in shown(told, is_terminal=True))


def test_every_verb_has_its_words() -> None:
    verbs = {verb_of(kind.__new__(kind)) for kind in get_args(Action)}
    assert verbs == VERBS.keys() | NEWS


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (deed("submit_entry"), "entry of 7 shares at 102.00 sent, because of a reason"),
        (deed("place_stop", qty=Decimal(1)), "stop placed at 102.00 behind 1 share, because of a reason"),
        (deed("follow_entry", because="entry filled: 7 at 100"), "entry filled: 7 at 100"),
        (
            deed("raise_stop", DeedOutcome.REFUSED, detail="no"),
            "raise the stop to 102.00: REFUSED by the broker (no), ",
        ),
        (deed("raise_stop", DeedOutcome.UNRESOLVED), "raise the stop to 102.00: NOT KNOWN whether done, because"),
        (deed("cancel_stop", DeedOutcome.SKIPPED), "cancel the stop: SKIPPED, because of a reason"),
        (deed("some_new_verb"), "some new verb, because of a reason"),
    ],
)
def test_a_deed_is_one_sentence(told: Deed, words: str) -> None:
    assert sentence(told).plain.startswith(words)


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([], "nothing is held, nothing needs a stop"),
        ([row("AAPL 7 of 7 at 92")], "the one position covered: 7 of 7 shares"),
        ([row("AAPL 0 of 7 at 92")], "NOT COVERED: AAPL 7 of 7 shares, no stop order is live"),
        (
            [row("AAPL 0 of 7 at 92"), row("B 1 of 1.5 at 92")],
            "NOT COVERED: AAPL 7 of 7 shares, no stop order is live; B 0.5 of 1.5 shares, no stop order is live",
        ),
    ],
)
def test_the_verdict(rows: list[CoverageRow], words: str) -> None:
    assert verdict(Coverage.of(rows)).plain == words


def test_every_state_has_its_word() -> None:
    assert STATES.keys() == set(CoverageState)


#  last     side   gain at the last price
@pytest.mark.parametrize(
    ("last", "side", "gain"), [("108", Side.BUY, "8"), ("92", Side.SELL, "8"), (None, Side.BUY, None)]
)
def test_a_gain_knows_its_side(last: str | None, side: Side, gain: str | None) -> None:
    told = row("AAPL 7 of 7 at 92", last_price=Decimal(last) if last else None, side=side)
    assert gain_pct(told, told.last_price) == (Decimal(gain) if gain else None)


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (deed("submit_entry"), "short entry of 7 shares at 102.00 sent"),
        (deed("submit_entry", DeedOutcome.PLANNED), "would send a short entry of 7 shares at 102.00"),
        (deed("close_position", DeedOutcome.PLANNED), "would buy back 7 shares at the market"),
        (deed("offer_exit"), "buying back of 7 shares offered at 102.00"),
        (deed("owe", step="profit"), "buying back of 7 shares still to do: run again while the market is open, or its"),
    ],
)
def test_a_short_is_called_short(told: Deed, words: str) -> None:
    assert sentence(told, is_short=True).plain.startswith(words)


def test_the_screen_knows_which_entry_is_short() -> None:
    short = EntryRecord(
        "s", "o", "AAPL", Side.SELL, Decimal(7), Decimal(102), Decimal(110), OrderStatus.ACCEPTED, LOOKED_AT
    )
    lines = shown(report(deeds=(deed("submit_entry"), deed("submit_entry", symbol="MSFT")), waiting_entries=(short,)))
    assert "AAPL  short entry of 7 shares at 102.00 sent, because of a reason" in lines
    assert "MSFT  entry of 7 shares at 102.00 sent, because of a reason" in lines
    assert any(line.startswith("AAPL    short entry of 7 shares at 102.00, stop 110.00, accepted") for line in lines)


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (deed("owe", step="raises"), "raise to 102.00 still to do, because of a reason"),
        (
            deed("owe", step="profit", qty=Decimal(1)),
            "sale of 1 share still to do: run again while the market is open, or its stop sells it, because",
        ),
        (
            deed("close_position", DeedOutcome.PLANNED, detail="at the market"),
            "would sell 7 shares at the market, because of a reason",
        ),
    ],
)
def test_what_is_owed_and_what_is_rehearsed_in_words(told: Deed, words: str) -> None:
    assert sentence(told).plain.startswith(words)


def test_one_share_is_one_share() -> None:
    assert verdict(Coverage.of([row("AAPL 1 of 1 at 92")])).plain == "the one position covered: 1 of 1 share"


@pytest.mark.parametrize("width", range(30, 60))
def test_a_percent_sign_stays_with_its_number(width: int) -> None:
    told = report(findings=(Finding("x", Severity.INFO, None, "it is at +16.5 % of 25 % " * 6, "nothing to do"),))
    assert not any(line.strip().startswith("%") for line in shown(told, width=width))
    assert any("16.5 %" in line for line in shown(told, width=width))


def test_a_narrow_window_keeps_what_matters_most() -> None:
    lines = shown(report(row("AAPL 7 of 7 at 102.00"), row("MSFT 30 of 30 at 92.00")), width=40)
    assert "      covered   stop state" in lines
    assert "MSFT 30 of 30  92.00 protected" in lines
