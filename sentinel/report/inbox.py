"""The questions that wait for the trader: where each stands at a moment, and how to answer."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from sentinel.domain.book import Approval, ApprovalState, SaleKind
from sentinel.domain.findings import SALE_PAST_A_NO
from sentinel.domain.runs import DeedOutcome, RunReport
from sentinel.report.coverage_table import bare_table
from sentinel.report.words import MISSING, clean, flowing, price, shares

WOULD_BE_ASKED = "would be asked"


def as_of(approvals: Iterable[Approval], moment: datetime | None) -> tuple[Approval, ...]:
    """The questions as they stood at a moment of the broker's clock: one past its time is expired, not waiting."""
    return tuple(
        replace(asked, state=ApprovalState.EXPIRED) if _has_lapsed(asked, moment) else asked for asked in approvals
    )


def _has_lapsed(asked: Approval, moment: datetime | None) -> bool:
    return asked.state is ApprovalState.WAITING and moment is not None and asked.expires_at <= moment


def only_rehearsed(report: RunReport) -> frozenset[str]:
    """The symbols a dry run would ask about: their questions are in no inbox and have no number."""
    offers = (deed for deed in report.deeds if deed.verb == "offer_exit" and deed.outcome is DeedOutcome.PLANNED)
    return frozenset(deed.symbol for deed in offers)


def answered(
    decided: Iterable[Approval], state: ApprovalState, report: RunReport, halt_reason: str | None
) -> Iterable[tuple[str, str]]:
    """What becomes of each answer the trader gave: the symbol, and words; the deeds tell of what was done at once."""
    acted_on = {deed.symbol for deed in report.deeds}
    too_late = {finding.symbol for finding in report.findings if finding.code == SALE_PAST_A_NO}
    for asked in decided:
        says = f"the sale would be {state}" if report.is_dry_run else f"sale {state}"
        if asked.symbol in too_late:
            yield asked.symbol, f"{says} too late, see below"
        elif state is ApprovalState.REJECTED:
            is_part = asked.kind == SaleKind.PARTIAL
            later = "no part of this trade is offered again" if is_part else "you are asked again on a later evening"
            # A sale that was owed may have moved it to just under the price, and no stop is ever lowered.
            where = " where it is now" if asked.state is ApprovalState.APPROVED else ""
            yield asked.symbol, f"{says}, its stop stays{where}; {later}"
        elif asked.symbol in acted_on:
            yield asked.symbol, says
        elif halt_reason is not None:
            yield asked.symbol, f"{says}; nothing is sold while profit sales are halted ({halt_reason})"
        else:
            yield asked.symbol, f"{says}; nothing could be done yet: the next run that can sells"


def approvals_section(
    approvals: Sequence[Approval], rehearsed: Collection[str] = frozenset()
) -> Iterable[RenderableType]:
    """The inbox, and how to answer it."""
    if not approvals:
        return
    yield approvals_table(approvals, rehearsed)
    if any(asked.state is ApprovalState.WAITING and asked.symbol not in rehearsed for asked in approvals):
        yield Text("answer with `sentinel approvals approve ID` or `sentinel approvals reject ID`", "dim")
    yield Text()


def approvals_table(approvals: Sequence[Approval], rehearsed: Collection[str] = frozenset()) -> Table:
    """One line a question to the trader."""
    table = bare_table()
    for name, justify in (("id", "right"), ("", "left"), ("sell", "right"), ("shown at", "right")):
        table.add_column(name, justify="right" if justify == "right" else "left", no_wrap=True)
    table.add_column("because")
    table.add_column("until", no_wrap=True)
    table.add_column("state", no_wrap=True)
    for asked in approvals:
        number, state = str(asked.id), str(asked.state)
        if asked.symbol in rehearsed:
            number, state = MISSING, WOULD_BE_ASKED
        cells = number, clean(asked.symbol), shares(asked.qty), price(asked.price_shown), flowing(asked.because)
        table.add_row(*cells, f"{asked.expires_at:%d %b}", state)
    return table
