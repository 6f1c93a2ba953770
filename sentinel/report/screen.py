"""The screen a run ends with: when, what happened, what needs the trader, and the proof."""

from collections.abc import Iterable, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from sentinel.domain.findings import Finding, Severity
from sentinel.domain.orders import RESTING, OrderStatus, Side
from sentinel.domain.runs import Deed, DeedOutcome, RunReport
from sentinel.report.coverage_table import CoverageTable, verdict
from sentinel.report.halting import halted
from sentinel.report.inbox import approvals_section, only_rehearsed
from sentinel.report.layout import hanging_table, section
from sentinel.report.sentences import NEWS, sentence
from sentinel.report.waiting import waiting_table
from sentinel.report.while_away import is_told, quiet_line, while_away_section
from sentinel.report.words import clean, count, day, flowing, moment, money

# Bookkeeping the trader need not read every evening: it is in `--json` and in the ledger.
QUIET_VERBS = frozenset({"forget"})
_SEVERITIES = {Severity.INFO: "", Severity.WARNING: "yellow", Severity.ALARM: "bold red"}


def run_screen(report: RunReport, halt_reason: str | None = None, answers: Iterable[tuple[str, str]] = ()) -> Group:
    """The whole evening on one readable screen, its verdict last; a halt stands at the top with its reason.

    `answers` says of each symbol the trader has just answered for what becomes of the answer.
    """
    deeds = _deeds(report, answers)
    return Group(
        *_header(report, halt_reason),
        *while_away_section(report),
        *section(deeds, "Nothing to do." if not report.is_dry_run else "Nothing would be done."),
        *findings_section(report.findings),
        *approvals_section(report.approvals, only_rehearsed(report)),
        *section(waiting_table(report.waiting_entries, rehearsed=_rehearsed_entries(report))),
        *section(CoverageTable(report.coverage)),
        verdict(report.coverage),
    )


def _rehearsed_entries(report: RunReport) -> frozenset[str]:
    """The symbols a dry run would enter."""
    return frozenset(d.symbol for d in report.deeds if d.verb == "submit_entry" and d.outcome is DeedOutcome.PLANNED)


def _header(report: RunReport, halt_reason: str | None) -> Iterable[RenderableType]:
    head = Text(f"{day(report.session)}", "bold")
    head.append(f"  equity {money(report.equity)}")
    if report.run_id is not None:
        head.append(f"  run {report.run_id}")
    yield head
    yield Text(f"{report.command}, looked at {moment(report.looked_at)}, {count(report.requests, 'request')}", "dim")
    if report.is_dry_run:
        yield Text("DRY RUN: nothing was sent, nothing was written", "bold cyan")
    yield from quiet_line(report)
    if halt_reason is not None:
        yield halted(halt_reason)
    yield Text()


def _deeds(report: RunReport, answers: Iterable[tuple[str, str]]) -> Table:
    table = hanging_table()
    for symbol, words in answers:
        table.add_row(clean(symbol), flowing(words))
    shorts = {row.symbol for row in report.coverage.rows if row.side is Side.SELL}
    shorts |= {entry.symbol for entry in report.waiting_entries if entry.side is Side.SELL}
    for deed in report.deeds:
        if not _is_quiet(deed) and not is_told(deed, report.while_away):
            table.add_row(clean(deed.symbol), sentence(deed, is_short=deed.symbol in shorts))
    return table


def _is_quiet(deed: Deed) -> bool:
    """Bookkeeping, orders that just wait, and those another has taken the place of: that one tells it."""
    return deed.verb in QUIET_VERBS or (deed.verb in NEWS and deed.detail in (*RESTING, OrderStatus.REPLACED))


def findings_section(findings: Sequence[Finding]) -> Iterable[RenderableType]:
    """What was noticed, the worst first, each with its remedy under it."""
    table = hanging_table()
    for finding in sorted(findings, key=lambda finding: -list(Severity).index(finding.severity)):
        style = _SEVERITIES[finding.severity]
        text = Text(flowing(finding.message), style)
        text.append(f"\ndo: {flowing(finding.remedy)}", "")
        table.add_row(Text(str(finding.severity), style), text)
    return section(table)
