"""The screen a run ends with: when, what happened, what needs the trader, and the proof."""

from collections.abc import Iterable, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from sentinel.domain.book import Approval
from sentinel.domain.findings import Finding, Severity
from sentinel.domain.orders import RESTING
from sentinel.domain.runs import Deed, RunReport
from sentinel.report.coverage_table import bare_table, coverage_table, verdict
from sentinel.report.halting import halted
from sentinel.report.sentences import NEWS, sentence
from sentinel.report.words import clean, count, day, moment, money, price, shares

# Bookkeeping the trader need not read every evening: it is in `--json` and in the ledger.
QUIET_VERBS = frozenset({"forget"})
_SEVERITIES = {Severity.INFO: "", Severity.WARNING: "yellow", Severity.ALARM: "bold red"}


def run_screen(report: RunReport, halt_reason: str | None = None) -> Group:
    """The whole evening on one readable screen, its verdict last; a halt stands at the top with its reason."""
    return Group(
        *_header(report, halt_reason),
        *section(_deeds(report), "Nothing to do." if not report.is_dry_run else "Nothing would be done."),
        *findings_section(report.findings),
        *approvals_section(report.approvals),
        *_coverage(report),
        verdict(report.coverage),
    )


def _header(report: RunReport, halt_reason: str | None) -> Iterable[RenderableType]:
    head = Text(f"{day(report.session)}", "bold")
    head.append(f"  equity {money(report.equity)}")
    if report.run_id is not None:
        head.append(f"  run {report.run_id}")
    yield head
    yield Text(f"{report.command}, looked at {moment(report.looked_at)}, {count(report.requests, 'request')}", "dim")
    if report.is_dry_run:
        yield Text("DRY RUN: nothing was sent, nothing was written", "bold cyan")
    if halt_reason is not None:
        yield halted(halt_reason)
    yield Text()


def section(body: Table | None, otherwise: str = "") -> Iterable[RenderableType]:
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


def _deeds(report: RunReport) -> Table:
    table = hanging_table()
    for deed in report.deeds:
        if not _is_quiet(deed):
            table.add_row(clean(deed.symbol), sentence(deed))
    return table


def _is_quiet(deed: Deed) -> bool:
    """Bookkeeping, and orders that just wait."""
    return deed.verb in QUIET_VERBS or (deed.verb in NEWS and deed.detail in RESTING)


def findings_section(findings: Sequence[Finding]) -> Iterable[RenderableType]:
    """What was noticed, the worst first, each with its remedy under it."""
    table = hanging_table()
    for finding in sorted(findings, key=lambda finding: -list(Severity).index(finding.severity)):
        style = _SEVERITIES[finding.severity]
        text = Text(clean(finding.message), style)
        text.append(f"\ndo: {clean(finding.remedy)}", "")
        table.add_row(Text(str(finding.severity), style), text)
    return section(table)


def approvals_section(approvals: Sequence[Approval]) -> Iterable[RenderableType]:
    """The inbox, and how to answer it."""
    table = approvals_table(approvals)
    if table.row_count:
        yield table
        yield Text("answer with `sentinel approvals approve ID` or `sentinel approvals reject ID`", "dim")
        yield Text()


def approvals_table(approvals: Sequence[Approval]) -> Table:
    """One line a question to the trader."""
    table = bare_table()
    for name, justify in (("id", "right"), ("", "left"), ("sell", "right"), ("shown at", "right")):
        table.add_column(name, justify="right" if justify == "right" else "left", no_wrap=True)
    table.add_column("because")
    table.add_column("until", no_wrap=True)
    table.add_column("state", no_wrap=True)
    for asked in approvals:
        numbers = str(asked.id), clean(asked.symbol), shares(asked.qty), price(asked.price_shown)
        table.add_row(*numbers, clean(asked.because), f"{asked.expires_at:%d %b}", str(asked.state))
    return table


def _coverage(report: RunReport) -> Iterable[RenderableType]:
    return section(coverage_table(report.coverage))
