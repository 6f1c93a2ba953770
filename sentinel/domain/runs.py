"""What one run did and found, ready to be shown, stored and answered as JSON."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from sentinel.domain.book import Approval, EntryRecord
from sentinel.domain.coverage import Coverage
from sentinel.domain.findings import Finding
from sentinel.domain.orders import OrderStatus
from sentinel.domain.while_away import WhileAway

# Verbs of what is sold because the trader said yes.
SALES = ("close_position", "sell_part")


class DeedOutcome(StrEnum):
    """How an action ended; `planned` is what a dry run would have done."""

    DONE = "done"
    REFUSED = "refused"
    UNRESOLVED = "unresolved"
    SKIPPED = "skipped"
    PLANNED = "planned"


@dataclass(frozen=True, slots=True)
class Deed:
    """One action and how it ended; `step` is the name of the step that decided it."""

    step: str
    verb: str
    symbol: str
    outcome: DeedOutcome
    because: str
    detail: str = ""
    qty: Decimal | None = None
    price: Decimal | None = None
    order_id: str | None = None

    @property
    def has_traded(self) -> bool:
        """Whether the order it followed had filled by then, be it in part before it ended."""
        is_fill = self.detail in (OrderStatus.FILLED, OrderStatus.PARTIALLY_FILLED) or " filled" in self.because
        return self.verb.startswith("follow_") and is_fill


@dataclass(frozen=True, slots=True)
class Refusal:
    """A request a rule kept from being sent: what it was to do to whom, the rule, the value it met and its limit."""

    verb: str
    symbol: str
    rule: str
    value: str
    limit: str


@dataclass(frozen=True, slots=True)
class Rescues:
    """How the rescues of a symbol went over all runs, and what was said of the last that failed."""

    symbol: str
    attempted: int = 0
    ok: int = 0
    failed: int = 0
    last_run_id: int | None = None
    last_error: str | None = None


@dataclass(frozen=True, slots=True)
class RunReport:
    """The whole of a run; `exit_code` is 0 when all is covered or leaves at the open, 1 when the trader is needed."""

    command: str
    run_id: int | None
    is_dry_run: bool
    session: date
    looked_at: datetime
    equity: Decimal
    deeds: tuple[Deed, ...]
    findings: tuple[Finding, ...]
    coverage: Coverage
    approvals: tuple[Approval, ...]
    waiting_entries: tuple[EntryRecord, ...]
    requests: int
    exit_code: int
    # None before the second look of a home's life.
    while_away: WhileAway | None = None
    refusals: tuple[Refusal, ...] = ()

    @property
    def refused_sale(self) -> Refusal | None:
        """The first sale a rule kept from being sent."""
        return next((refusal for refusal in self.refusals if refusal.verb in SALES), None)
