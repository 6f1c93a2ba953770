"""What a run is made of and what it works with."""

from collections.abc import Callable
from dataclasses import dataclass, field

from sentinel.broker import Broker
from sentinel.domain.actions import OfferExit, Plan
from sentinel.domain.facts import Facts, Holding
from sentinel.domain.findings import Finding
from sentinel.execution.patience import Patience
from sentinel.ledger import Ledger
from sentinel.risk_config import RiskPolicy

Planner = Callable[[Facts], Plan]
Ask = Callable[[OfferExit, Holding], bool]
Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Step:
    """One pass of an evening: its name and the planner that decides it."""

    name: str
    planner: Planner


@dataclass(frozen=True, slots=True)
class Workplace:
    """What every run needs: the broker, the ledger, the policy, and how to talk to the trader."""

    broker: Broker
    ledger: Ledger
    policy: RiskPolicy
    # Whether a cancel after the close is known to take effect at once on this account (ALPACA 4.4).
    cancels_at_once: bool = False
    # How long ghosts may be looked into in one step.
    ghosts_deadline_s: float = 120.0
    # How old a look may be before something is sent on it; older, and everything is read again.
    look_again_after_s: float = 300.0
    patience: Patience = field(default_factory=Patience)
    # Why neither an entry nor a profit sale may be sent: the arming of a live account has run out.
    lapse: str | None = None
    # What was noticed before the run began.
    notices: tuple[Finding, ...] = ()
    ask: Ask | None = None
    progress: Progress = lambda _text: None
