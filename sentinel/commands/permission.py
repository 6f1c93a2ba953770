"""Whether a run may send anything: in a live home, what its trader has armed it for, and until when."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from sentinel.domain.errors import GuardRefusal
from sentinel.domain.findings import Finding, Severity
from sentinel.report.words import day

if TYPE_CHECKING:
    from sentinel.settings import Settings
    from sentinel.settings.arming import Arming

ARM = "sentinel arm ACCOUNT_NUMBER"


@dataclass(frozen=True, slots=True)
class Permission:
    """What a home is armed for: everything in sim and paper, without a date; in live, one account until a moment."""

    needs_arming: bool
    arming: "Arming | None"
    now: datetime

    def refuse_unless_armed(self, home: Path) -> None:
        """GuardRefusal for a live home nobody has armed: it sends nothing at all."""
        if self.needs_arming and self.arming is None:
            raise GuardRefusal(
                f"nobody has armed {home} for its live account, and nothing was sent",
                f"{ARM}, if its orders may move real money; --dry-run shows what a run would do",
                rule="not_armed",
                value="never armed, or disarmed",
                limit="an armed account",
            )

    def refuse_another(self, account_number: str) -> None:
        """GuardRefusal where the keys open another account than the one that was armed."""
        if self.arming is not None and self.arming.account_number != account_number:
            raise GuardRefusal(
                f"this home is armed for live account {self.arming.account_number},"
                f" but the keys open {account_number or 'one without a number'}",
                f"use the keys of {self.arming.account_number}, or arm the other one: {ARM}",
                rule="armed_account",
                value=account_number or "one without a number",
                limit=self.arming.account_number,
            )

    @property
    def lapse(self) -> str | None:
        """Why no entry and no profit sale may be sent, None while they may; protection goes on either way."""
        if self.arming is None or not self.arming.is_over(self.now):
            return None
        return f"live account {self.arming.account_number} was armed until {day(self.arming.until)}"

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What the trader should know before the end, after it, and in a rehearsal before the beginning."""
        if not self.needs_arming:
            return ()
        if self.arming is None:
            message = "this home is not armed: a real run would send nothing"
            return (Finding("not_armed", Severity.WARNING, None, message, f"{ARM}, once you want it to"),)
        if self.lapse is not None:
            message = f"{self.lapse}: entries and profit sales are refused, stops go on"
            return (Finding("arming_expired", Severity.WARNING, None, message, f"arm it again: {ARM}"),)
        if self.arming.ends_soon(self.now):
            message = f"live account {self.arming.account_number} is armed until {day(self.arming.until)} only"
            remedy = f"arm it again: {ARM}; else entries and profit sales are refused from then on"
            return (Finding("arming_ends", Severity.INFO, None, message, remedy),)
        return ()


def permission_of(home: Path, settings: "Settings", now: datetime) -> Permission:
    """The permission of a home, by the computer's clock; GuardRefusal where the arming cannot be read."""
    from sentinel.settings.arming import arming_of

    is_live = settings.broker.mode == "live"
    return Permission(is_live, arming_of(home, now) if is_live else None, now)
