"""The screen of `status`: one look at what is held, what protects it and what waits."""

from collections.abc import Iterable

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from sentinel.domain.coverage import CoverageState
from sentinel.domain.orders import Side
from sentinel.report.coverage_table import UNSEEN, CoverageTable, verdict
from sentinel.report.halting import halted, paused
from sentinel.report.inbox import approvals_section
from sentinel.report.layout import hanging_table, section
from sentinel.report.screen import findings_section
from sentinel.report.standing import NEVER_LOOKED, LastRun, Rung, Standing, failure_words
from sentinel.report.waiting import waiting_table
from sentinel.report.words import age, clean, day, flowing, moment, money, percent, price


def standing_screen(standing: Standing) -> Group:
    """Everything `status` knows, its verdict last."""
    book = standing.book
    # A failed run has its place at the top.
    warnings = [warning for warning in standing.warnings if warning.code not in ("run_failed", "never_looked")]
    return Group(
        *_header(standing),
        *section(CoverageTable(standing.coverage)),
        *section(_staircase(standing)),
        *section(waiting_table(book.entries, book.owed, standing.coverage)),
        *approvals_section(book.approvals),
        *findings_section((*warnings, *standing.findings)),
        _verdict(standing),
    )


def _header(standing: Standing) -> Iterable[RenderableType]:
    yield Text(f"{standing.home} ({standing.mode})", "bold")
    if standing.failure is not None:
        yield Text(_failed(standing), "bold red")
        yield Text(f"do: {flowing(standing.failure.remedy)}")
    if standing.last_run is not None:
        yield Text(_last_run(standing, standing.last_run), "dim")
    elif not standing.is_live:
        yield Text("no run yet: `sentinel evening-workflow` makes the first look", "dim")
    if standing.is_live:
        yield Text(f"the broker's word of {moment(standing.looked_at)}, asked just now", "dim")
    elif standing.looked_at is not None:
        yield Text(f"as the broker told at {moment(standing.looked_at)} (--live asks it now)", "dim")
    if standing.book.halt_reason is not None:
        yield halted(standing.book.halt_reason)
    if standing.book.latch_reason is not None:
        yield paused(standing.book.latch_reason)
    yield Text()


def _failed(standing: Standing) -> str:
    assert standing.failure is not None
    words = flowing(failure_words(standing.failure, standing.now))
    if standing.is_live or standing.looked_at is None:
        return words
    return f"{words}; what follows is from {moment(standing.looked_at)}"


def _last_run(standing: Standing, last: LastRun) -> str:
    ended = "not ended" if last.exit_code is None else f"exit {last.exit_code}"
    return f"run {last.id}, {last.command}, {age(standing.now - (last.ended_at or last.started_at))} ago, {ended}"


def _verdict(standing: Standing) -> Text:
    if not standing.is_known:
        return Text(NEVER_LOOKED, "bold yellow")
    return verdict(standing.coverage, standing.looked_at)


def _staircase(standing: Standing) -> Table:
    table = hanging_table()
    for rung in standing.rungs:
        parts = list(_parts(rung, standing))
        if parts:
            table.add_row(clean(rung.row.symbol), "; ".join(parts))
    return table


def _parts(rung: Rung, standing: Standing) -> Iterable[str]:
    """What a position has gained, what its stop keeps of it, and where the next stair is."""
    if rung.gain_usd is not None:
        yield f"gain {money(rung.gain_usd)}"
    if rung.locked_usd is not None:
        yield f"the stop {'locks' if rung.locked_usd >= 0 else 'risks'} {money(abs(rung.locked_usd))}"
    if rung.row.stop_price is None:
        yield from _why_no_stop(rung)
    elif rung.trade is not None and rung.trade.is_ignored:
        pass  # its stop climbs no stair
    elif rung.next_gain_pct is not None:
        step = f"next stair {percent(rung.next_gain_pct)} at {price(rung.next_price)}"
        yield f"{step} {'lifts' if rung.side is Side.BUY else 'lowers'} the stop to {price(rung.next_stop_price)}"
    elif rung.gain_pct is not None:
        is_on_top = rung.gain_pct >= standing.policy.stairs[-1].gain_pct
        yield "on top of the staircase" if is_on_top else "the stop is above every stair"
    if rung.row.expires_at is not None:
        yield f"the stop expires {day(rung.row.expires_at.date())}"
    yield from _whose(rung)


def _whose(rung: Rung) -> Iterable[str]:
    """That the trader has yet to name a position, or has told Sentinel to leave it alone."""
    trade = rung.trade
    if trade is not None and trade.is_ignored:
        yield "ignored: protected, never raised or offered"
    elif trade is not None and trade.is_adopted and trade.named_at is None:
        yield f"adopted: name it with `sentinel adopt {clean(trade.symbol)}`"


def _why_no_stop(rung: Rung) -> Iterable[str]:
    if rung.row.state is CoverageState.PENDING:
        yield "no stop: its sale waits for the open"
    elif rung.row.reason != UNSEEN:
        yield f"no stop: {flowing(rung.row.reason)}"
