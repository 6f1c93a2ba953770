"""Where the trader stands between runs, read from the ledger alone: what `status` shows."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from sentinel.domain.book import Book, Trade
from sentinel.domain.coverage import COVERED, Coverage, CoverageRow, CoverageState
from sentinel.domain.findings import Finding, Severity
from sentinel.domain.money import HUNDRED
from sentinel.domain.orders import Side
from sentinel.report.document import amount, document, instant, quantity
from sentinel.risk_config import RiskPolicy, next_stair, price_at_gain


@dataclass(frozen=True, slots=True)
class LastRun:
    """The newest run; `ended_at` and `exit_code` are None when it was cut off or is still at work."""

    id: int
    command: str
    started_at: datetime
    ended_at: datetime | None
    exit_code: int | None


@dataclass(frozen=True, slots=True)
class Standing:
    """Everything `status` knows; `coverage` is of the last look, `now` the clock of this machine."""

    home: Path
    mode: str
    policy: RiskPolicy
    book: Book
    coverage: Coverage
    looked_at: datetime | None
    last_run: LastRun | None
    findings: tuple[Finding, ...]
    now: datetime

    @property
    def exit_code(self) -> int:
        """0 when the last look found every share covered and no run was cut off since."""
        was_cut_off = self.last_run is not None and self.last_run.exit_code is None
        return 0 if self.coverage.is_complete and not was_cut_off else 1

    @property
    def rungs(self) -> tuple["Rung", ...]:
        """Every position and where it stands on the staircase."""
        return tuple(_rung(row, self.book.trade(row.symbol), self.policy) for row in self.coverage.rows)


@dataclass(frozen=True, slots=True)
class Rung:
    """A position on the staircase; money in dollars, gains in percent of the entry."""

    row: CoverageRow
    side: Side
    trade: Trade | None
    gain_usd: Decimal | None
    gain_pct: Decimal | None
    locked_usd: Decimal | None
    locked_pct: Decimal | None
    next_gain_pct: Decimal | None
    next_price: Decimal | None
    next_stop_price: Decimal | None


def with_unseen_trades(coverage: Coverage, trades: Iterable[Trade]) -> Coverage:
    """The last look's coverage, and an unverified row for each trade opened since: nobody has looked at it."""
    seen = {row.symbol for row in coverage.rows}
    unseen = [_unverified(trade) for trade in trades if trade.symbol not in seen]
    return Coverage.of([*coverage.rows, *unseen])


def cut_off(last_run: LastRun | None) -> tuple[Finding, ...]:
    """What to do about a run that never ended."""
    if last_run is None or last_run.exit_code is not None:
        return ()
    message = f"run {last_run.id} ({last_run.command}) has not ended: it was cut off, or is still at work"
    return (Finding("run_cut_off", Severity.WARNING, None, message, "run `sentinel evening-workflow`: it repairs"),)


def _unverified(trade: Trade) -> CoverageRow:
    return CoverageRow(
        symbol=trade.symbol,
        qty=trade.qty,
        protected_qty=Decimal(0),
        state=CoverageState.UNVERIFIED,
        stop_price=None,
        stop_order_ids=(),
        expires_at=None,
        reason="no run has looked at it yet",
        entry_price=trade.entry_price,
        side=trade.side,
    )


def _rung(row: CoverageRow, trade: Trade | None, policy: RiskPolicy) -> Rung:
    side = row.side
    gain_usd, gain_pct = _gain(row, row.last_price)
    locked_usd, locked_pct = _gain(row, row.stop_price)
    entry, stop = row.entry_price, row.stop_price
    stair = next_stair(entry, stop, policy, side) if entry is not None and stop is not None else None
    return Rung(
        row,
        side,
        trade,
        gain_usd,
        gain_pct,
        locked_usd,
        locked_pct,
        stair.gain_pct if stair else None,
        price_at_gain(entry, stair.gain_pct, side) if stair and entry else None,
        price_at_gain(entry, stair.lock_pct, side) if stair and entry else None,
    )


def _gain(row: CoverageRow, at: Decimal | None) -> tuple[Decimal | None, Decimal | None]:
    """Gain at a price, in dollars for all shares and in percent."""
    if at is None or not row.entry_price:
        return None, None
    a_share = (at - row.entry_price) * row.side.sign
    return a_share * row.qty, a_share / row.entry_price * HUNDRED


def standing_document(standing: Standing, command: str, exit_code: int | None = None) -> dict[str, Any]:
    """The document of `status`: the coverage of the last look, and what only `status` tells after it."""
    book, last = standing.book, standing.last_run
    return document(
        command,
        standing.exit_code if exit_code is None else exit_code,
        run_id=last.id if last else None,
        coverage=standing.coverage,
        findings=standing.findings,
        approvals=book.approvals,
        looked_at=instant(standing.looked_at),
        mode=standing.mode,
        halt=book.halt_reason,
        last_run=_last_run(standing),
        positions=[_position(rung) for rung in standing.rungs],
        entries=[
            {
                "symbol": entry.symbol,
                "side": str(entry.side),
                "qty": quantity(entry.qty),
                "filled_qty": quantity(entry.filled_qty),
                "limit_price": amount(entry.limit_price),
                "stop_price": amount(entry.stop_price),
                "status": str(entry.status),
                "submitted_at": instant(entry.submitted_at),
            }
            for entry in book.entries
        ],
        owed=[
            {
                "kind": str(owed.kind),
                "symbol": owed.symbol,
                "price": amount(owed.price),
                "qty": quantity(owed.qty),
                "since": owed.since.isoformat(),
                "evenings": owed.evenings,
                "reason": owed.reason,
            }
            for owed in book.owed
        ],
    )


def _last_run(standing: Standing) -> dict[str, Any] | None:
    last = standing.last_run
    if last is None:
        return None
    return {
        "id": last.id,
        "command": last.command,
        "started_at": instant(last.started_at),
        "ended_at": instant(last.ended_at),
        "exit_code": last.exit_code,
        "age_seconds": int((standing.now - (last.ended_at or last.started_at)).total_seconds()),
    }


def _position(rung: Rung) -> dict[str, Any]:
    row, trade = rung.row, rung.trade
    return {
        "symbol": row.symbol,
        "side": str(rung.side),
        "qty": quantity(row.qty),
        "entry_price": amount(row.entry_price),
        "last_price": amount(row.last_price),
        "gain_usd": _rounded(rung.gain_usd),
        "gain_pct": _rounded(rung.gain_pct),
        "stop_price": amount(row.stop_price),
        "locked_usd": _rounded(rung.locked_usd),
        "locked_pct": _rounded(rung.locked_pct),
        "next_stair": None
        if rung.next_gain_pct is None
        else {
            "gain_pct": _rounded(rung.next_gain_pct),
            "price": amount(rung.next_price),
            "stop_price": amount(rung.next_stop_price),
        },
        "state": str(row.state),
        "is_covered": row.state in COVERED,
        "stop_expires_at": instant(row.expires_at),
        "opened_at": instant(trade.opened_at) if trade else None,
        "is_adopted": trade.is_adopted if trade else None,
        "is_breached": trade.is_breached if trade else None,
    }


def _rounded(number: Decimal | None) -> str | None:
    return None if number is None else f"{number:.2f}"
