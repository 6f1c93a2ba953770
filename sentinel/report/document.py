"""The one JSON document every command answers with under --json; money is text, times are ISO in UTC."""

from collections.abc import Collection, Iterable
from dataclasses import asdict
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sentinel.domain.book import Approval, EntryRecord
from sentinel.domain.coverage import Coverage, CoverageRow
from sentinel.domain.errors import GuardRefusal, SentinelError
from sentinel.domain.findings import Finding, Severity
from sentinel.domain.money import to_cent
from sentinel.domain.runs import Deed, Rescues, RunReport
from sentinel.domain.while_away import News, WhileAway
from sentinel.report.inbox import only_rehearsed

SCHEMA = 1
Document = dict[str, Any]


def document(
    command: str,
    exit_code: int,
    *,
    run_id: int | None = None,
    coverage: Coverage | None = None,
    actions: Iterable[Deed] = (),
    findings: Iterable[Finding] = (),
    approvals: Iterable[Approval] = (),
    rehearsed: Collection[str] = frozenset(),
    **more: Any,
) -> Document:
    """The document of any command: the keys every reader relies on first, in their order, then `more`.

    Without a coverage nothing is known of what is held: its numbers are null, not zero.
    """
    return {
        "schema": SCHEMA,
        "command": command,
        "run_id": run_id,
        "exit_code": exit_code,
        "coverage": _coverage(coverage),
        "actions": [_action(deed) for deed in actions],
        "findings": [finding_entry(finding) for finding in findings],
        "approvals": [
            # A question that is only rehearsed is in no inbox: it has no number to answer by.
            _approval(approval) | ({"id": None} if approval.symbol in rehearsed else {})
            for approval in approvals
        ],
        **more,
    }


def run_document(report: RunReport, halt_reason: str | None = None) -> Document:
    """The document of a run; `halt` says why entries and profit sales are stopped, null when they are not."""
    return document(
        report.command,
        report.exit_code,
        run_id=report.run_id,
        coverage=report.coverage,
        actions=report.deeds,
        findings=report.findings,
        approvals=report.approvals,
        rehearsed=only_rehearsed(report),
        dry_run=report.is_dry_run,
        session=report.session.isoformat(),
        looked_at=instant(report.looked_at),
        equity=amount(report.equity),
        requests=report.requests,
        halt=halt_reason,
        entries=[entry_row(entry) for entry in report.waiting_entries],
        while_away=_while_away(report.while_away),
        refusals=[asdict(refusal) for refusal in report.refusals],
        **_rule_that_refused(report),
    )


def _rule_that_refused(report: RunReport) -> dict[str, str]:
    """As in the document of an error, where what the trader asked for was refused."""
    refused = report.refused_sale if report.exit_code == GuardRefusal.exit_code else None
    return {} if refused is None else {"rule": refused.rule, "value": refused.value, "limit": refused.limit}


def error_document(
    command: str, exit_code: int, code: str, message: str, remedy: str, alarms: Iterable[Finding] = (), **more: Any
) -> Document:
    """The document of a command that came to no proof: what ended it, then the alarms of the run up to there."""
    ended_by = Finding(code, Severity.ALARM, None, message, remedy)
    return document(command, exit_code, findings=[ended_by, *alarms], **more)


def rule_of(error: SentinelError) -> dict[str, str]:
    """Which rule refused, the value it met and its limit; nothing for an error that is no refusal."""
    if not isinstance(error, GuardRefusal):
        return {}
    return {"rule": error.rule, "value": error.value, "limit": error.limit}


def error_code(error: SentinelError) -> str:
    """The class of an error as findings name it: GuardRefusal is `guard_refusal`."""
    name = type(error).__name__
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")


def quantity(shares: Decimal | None) -> int | float | None:
    """Shares are counted, so a number: whole ones an integer."""
    if shares is None:
        return None
    return int(shares) if shares == int(shares) else float(shares)


def amount(money: Decimal | None) -> str | None:
    """Money as text, so that no reader rounds it on the way in; at least to the cent."""
    if money is None:
        return None
    return f"{money:.2f}" if money == to_cent(money) else f"{money.normalize():f}"


def instant(moment: datetime | None) -> str | None:
    """A time as ISO 8601 in UTC."""
    return None if moment is None else moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def rescues_entry(rescues: Rescues) -> Document:
    """How the rescues of a symbol went, as the document holds it."""
    return {
        "symbol": rescues.symbol,
        "attempted": rescues.attempted,
        "ok": rescues.ok,
        "failed": rescues.failed,
        "last_run_id": rescues.last_run_id,
        "last_error": rescues.last_error,
    }


def finding_entry(finding: Finding) -> Document:
    """A finding as the document holds it."""
    return {
        "code": finding.code,
        "severity": str(finding.severity),
        "symbol": finding.symbol,
        "message": finding.message,
        "remedy": finding.remedy,
    }


def _coverage(coverage: Coverage | None) -> Document:
    if coverage is None:
        return {"positions": None, "protected": None, "shares": None, "shares_protected": None, "rows": []}
    return {
        "positions": len(coverage.rows),
        "protected": coverage.protected_positions,
        "shares": quantity(coverage.shares),
        "shares_protected": quantity(coverage.protected_shares),
        "rows": [_coverage_row(row) for row in coverage.rows],
    }


def _coverage_row(row: CoverageRow) -> Document:
    return {
        "symbol": row.symbol,
        "qty": quantity(row.qty),
        "protected_qty": quantity(row.protected_qty),
        "state": str(row.state),
        "stop_price": amount(row.stop_price),
        "stop_order_ids": list(row.stop_order_ids),
        "expires_at": instant(row.expires_at),
        "reason": row.reason,
        "entry_price": amount(row.entry_price),
        "last_price": amount(row.last_price),
    }


def _action(deed: Deed) -> Document:
    return {
        "verb": deed.verb,
        "symbol": deed.symbol,
        "outcome": str(deed.outcome),
        "because": deed.because,
        "step": deed.step,
        "detail": deed.detail,
        "qty": quantity(deed.qty),
        "price": amount(deed.price),
        "order_id": deed.order_id,
    }


def entry_row(entry: EntryRecord) -> Document:
    """An entry that may still fill."""
    return {
        "symbol": entry.symbol,
        "side": str(entry.side),
        "qty": quantity(entry.qty),
        "filled_qty": quantity(entry.filled_qty),
        "limit_price": amount(entry.limit_price),
        "stop_price": amount(entry.stop_price),
        "status": str(entry.status),
        "submitted_at": instant(entry.submitted_at),
    }


def _approval(approval: Approval) -> Document:
    return {
        "id": approval.id,
        "symbol": approval.symbol,
        "kind": approval.kind,
        "qty": quantity(approval.qty),
        "price_shown": amount(approval.price_shown),
        "because": approval.because,
        "expires_at": instant(approval.expires_at),
        "state": str(approval.state),
        "asked_at": instant(approval.asked_at),
        "session": approval.session.isoformat(),
    }


def _while_away(away: WhileAway | None) -> Document | None:
    """What happened since the last look; null on a first look."""
    if away is None:
        return None
    return {
        "last_look": instant(away.last_look),
        "sessions": [session.isoformat() for session in away.sessions],
        "missed": away.missed,
        "news": [_news_entry(news) for news in away.news],
    }


def _news_entry(news: News) -> Document:
    return {
        "kind": str(news.kind),
        "symbol": news.symbol,
        "qty": quantity(news.qty),
        "price": amount(news.price),
        "own_price": amount(news.own_price),
        "slippage": amount(news.slippage),
        "gain_usd": None if news.gain_usd is None else f"{news.gain_usd:.2f}",
        "r_multiple": None if news.r_multiple is None else f"{news.r_multiple:.2f}",
        "at": instant(news.at),
        "order_id": news.order_id,
        "because": news.because,
    }
