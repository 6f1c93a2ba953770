"""Where the trader stands between runs, read from the ledger alone: what `status` shows."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from sentinel.domain.book import Book, Trade
from sentinel.domain.coverage import COVERED, Coverage, CoverageRow
from sentinel.domain.findings import Finding, Severity
from sentinel.domain.money import HUNDRED, to_cent
from sentinel.domain.orders import Side
from sentinel.domain.runs import Rescues
from sentinel.report.coverage_table import UNSEEN
from sentinel.report.document import amount, document, entry_row, instant, quantity, rescues_entry
from sentinel.report.health import LONGEST_PAUSE
from sentinel.report.words import age, moment
from sentinel.risk_config import RiskPolicy, next_stair, price_at_gain

AGAIN = "run `sentinel evening-workflow`"
NEVER_LOOKED = "unknown: no run has looked at the broker yet"


@dataclass(frozen=True, slots=True)
class LastRun:
    """The newest run; `ended_at` and `exit_code` are None when it was cut off or is still at work."""

    id: int
    command: str
    started_at: datetime
    ended_at: datetime | None
    exit_code: int | None


@dataclass(frozen=True, slots=True)
class Failure:
    """A run that ended before its look was written down, as its log tells it; `at` is this machine's clock."""

    command: str
    at: datetime
    why: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Standing:
    """Everything `status` knows; `coverage` is of the last look, `now` and `seen_until` the clock of this machine.

    `seen_until` is the end of the run that looked last; `is_live` says that the broker has been asked just now.
    """

    home: Path
    mode: str
    policy: RiskPolicy
    book: Book
    coverage: Coverage
    looked_at: datetime | None
    last_run: LastRun | None
    findings: tuple[Finding, ...]
    now: datetime
    seen_until: datetime | None = None
    failure: Failure | None = None
    is_live: bool = False
    rescues: tuple[Rescues, ...] = ()
    # The mode of the account the ledger belongs to; None before the first run.
    bound_mode: str | None = None

    @property
    def is_known(self) -> bool:
        """Whether anything at all can be said of what is held."""
        return self.looked_at is not None or bool(self.coverage.rows)

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """What stands between the last look and the truth: none, a run failed since, another account, long ago."""
        return tuple(_warnings(self))

    @property
    def exit_code(self) -> int:
        """0 when the last look found every share covered, is not too old, and no run failed or was cut off since."""
        return 0 if self.coverage.is_settled and not self.warnings else 1

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
    unseen = [CoverageRow.unverified(trade, UNSEEN) for trade in trades if trade.symbol not in seen]
    return Coverage.of([*coverage.rows, *unseen])


def failure_words(failure: Failure, now: datetime) -> str:
    """What failed, why, and how long ago."""
    name = "evening" if failure.command == "evening-workflow" else f"run ({failure.command})"
    return f"the last {name} FAILED: {failure.why} ({age(now - failure.at)} ago)"


def _warnings(standing: Standing) -> Iterator[Finding]:
    last, failure = standing.last_run, standing.failure
    if failure is not None:
        words = failure_words(failure, standing.now)
        yield Finding("run_failed", Severity.ALARM, None, words, failure.remedy)
    elif last is not None and last.exit_code is None:
        message = f"run {last.id} ({last.command}) has not ended: it was cut off, or is still at work"
        yield Finding("run_cut_off", Severity.WARNING, None, message, f"{AGAIN}: it repairs")
    if standing.bound_mode not in (None, standing.mode):
        message = f"the ledger belongs to a {standing.bound_mode} account, and the settings say {standing.mode}"
        remedy = (
            f'set mode = "{standing.bound_mode}" again; each account has a home of its own: see `sentinel init --help`'
        )
        yield Finding("other_mode", Severity.ALARM, None, message, remedy)
    if not standing.is_known:
        yield Finding("never_looked", Severity.WARNING, None, NEVER_LOOKED, AGAIN)
    elif _is_old(standing) and standing.seen_until is not None:
        ago = age(standing.now - standing.seen_until)
        message = f"no run has looked at the broker for {ago}; what is shown is from {moment(standing.looked_at)}"
        yield Finding("look_is_old", Severity.WARNING, None, message, f"{AGAIN}, and see that it is scheduled")


def _is_old(standing: Standing) -> bool:
    """The simulated exchange has a clock of its own, which stands still between two commands."""
    if standing.seen_until is None or standing.mode == "sim" or standing.is_live:
        return False
    return standing.now - standing.seen_until > LONGEST_PAUSE


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
        coverage=standing.coverage if standing.is_known else None,
        findings=(*standing.warnings, *standing.findings),
        approvals=book.approvals,
        looked_at=instant(standing.looked_at),
        mode=standing.mode,
        halt=book.halt_reason,
        pause=book.latch_reason,
        last_run=_last_run(standing),
        positions=[_position(rung) for rung in standing.rungs],
        entries=[entry_row(entry) for entry in book.entries],
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
        rescues=[rescues_entry(rescues) for rescues in standing.rescues],
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
        "named_at": instant(trade.named_at) if trade else None,
        "is_ignored": trade.is_ignored if trade else None,
        "is_breached": trade.is_breached if trade else None,
    }


def _rounded(number: Decimal | None) -> str | None:
    """As the screen rounds it: halves go up."""
    return None if number is None else str(to_cent(number))
