"""The screen of `status`: one look at what is held, what protects it and what waits."""

from collections.abc import Iterable

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from sentinel.report.coverage_table import bare_table, coverage_table, verdict
from sentinel.report.halting import halted
from sentinel.report.screen import approvals_section, findings_section, hanging_table, section
from sentinel.report.standing import LastRun, Standing
from sentinel.report.words import age, clean, count, day, moment, money, percent, price, shares


def standing_screen(standing: Standing) -> Group:
    """Everything `status` knows, its verdict last."""
    return Group(
        *_header(standing),
        *section(coverage_table(standing.coverage)),
        *section(_staircase(standing)),
        *section(_waiting(standing)),
        *approvals_section(standing.book.approvals),
        *findings_section(standing.findings),
        verdict(standing.coverage),
    )


def _header(standing: Standing) -> Iterable[RenderableType]:
    yield Text(f"{standing.home} ({standing.mode})", "bold")
    yield Text(_last_run(standing), "dim")
    if standing.looked_at is not None:
        yield Text(f"as the broker told at {moment(standing.looked_at)} (--live asks it now)", "dim")
    if standing.book.halt_reason is not None:
        yield halted(standing.book.halt_reason)
    yield Text()


def _last_run(standing: Standing) -> str:
    last = standing.last_run
    if last is None:
        return "no run yet: `sentinel evening-workflow` makes the first look"
    return f"run {last.id}, {last.command}, {age(standing.now - (last.ended_at or last.started_at))} ago, {_end(last)}"


def _end(last: LastRun) -> str:
    return "not ended" if last.exit_code is None else f"exit {last.exit_code}"


def _staircase(standing: Standing) -> Table:
    table = hanging_table()
    for rung in standing.rungs:
        parts = [f"gain {money(rung.gain_usd)}"] if rung.gain_usd is not None else []
        if rung.locked_usd is not None:
            sure = "locks" if rung.locked_usd >= 0 else "risks"
            parts.append(f"the stop {sure} {money(abs(rung.locked_usd))}")
        if rung.next_gain_pct is not None:
            step = f"next stair {percent(rung.next_gain_pct)} at {price(rung.next_price)}"
            parts.append(f"{step} lifts the stop to {price(rung.next_stop_price)}")
        elif rung.gain_pct is not None:
            parts.append("on top of the staircase")
        if rung.row.expires_at is not None:
            parts.append(f"the stop expires {day(rung.row.expires_at.date())}")
        table.add_row(clean(rung.row.symbol), "; ".join(parts))
    return table


def _waiting(standing: Standing) -> Table:
    table = bare_table()
    table.add_column("waiting", no_wrap=True)
    table.add_column("")
    for entry in standing.book.entries:
        words = f"entry of {count(entry.qty, 'share')} at {price(entry.limit_price)}, stop {price(entry.stop_price)}"
        filled = f", {shares(entry.filled_qty)} filled" if entry.filled_qty else ""
        table.add_row(clean(entry.symbol), f"{words}, {entry.status}{filled}, sent {moment(entry.submitted_at)}")
    for owed in standing.book.owed:
        since = f"owed since {day(owed.since)}, {count(owed.evenings, 'evening')}"
        table.add_row(clean(owed.symbol), f"{owed.kind} at {price(owed.price)}, {since}: {clean(owed.reason)}")
    return table
