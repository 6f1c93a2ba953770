"""What the doctor found: judgements of what was measured, and one line each on the screen."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from sentinel.domain.errors import BrokerUnreachable, SentinelError
from sentinel.domain.findings import Finding, Severity
from sentinel.domain.positions import Account
from sentinel.report.document import document
from sentinel.report.words import age, clean, count

if TYPE_CHECKING:
    from sentinel.ledger import BoundAccount, RunRow

GIGABYTE = 1_000_000_000
# The ledger, its copies and the logs need a few megabytes a year; a full disk stops every run.
LEAST_FREE_BYTES, FEW_FREE_BYTES = GIGABYTE // 10, GIGABYTE
# A long weekend lies between two evenings at most.
LONGEST_PAUSE = timedelta(days=4)
OLDEST_COPY = timedelta(days=7)
# Log and audit are stamped by the computer, decisions by the broker's clock.
LARGEST_SKEW = timedelta(minutes=1)
EVENING = "evening-workflow"


class Health(StrEnum):
    """How a check ended."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at; `exit_code` is what it makes the command end with."""

    name: str
    health: Health
    message: str
    remedy: str = ""
    exit_code: int = 0


def ok(name: str, message: str) -> Check:
    """All is well."""
    return Check(name, Health.OK, message)


def warn(name: str, message: str, remedy: str) -> Check:
    """Worth a look; does not change the exit code."""
    return Check(name, Health.WARN, message, remedy)


def fail(name: str, message: str, remedy: str) -> Check:
    """Broken."""
    return Check(name, Health.FAIL, message, remedy, 1)


def failed(name: str, error: SentinelError | OSError) -> Check:
    """What an error says, with the exit code of an unreachable broker where it is one."""
    if isinstance(error, SentinelError):
        exit_code = error.exit_code if isinstance(error, BrokerUnreachable) else 1
        return Check(name, Health.FAIL, error.message, error.remedy, exit_code)
    where = f": {error.filename}" if error.filename else ""
    return fail(name, f"{error.strerror or error}{where}", "let your user read and write there, then look again")


def judge_account(account: Account) -> Check:
    """Whether it may trade (ALPACA 9.5)."""
    flags = [
        name for name in ("trading_blocked", "account_blocked", "trade_suspended_by_user") if getattr(account, name)
    ]
    if flags or account.status.upper() != "ACTIVE":
        told = f"account {account.number} is {account.status}" + "".join(f", {flag}" for flag in flags)
        return fail("account", told, "open the account's page at the broker: it says why, and what to do")
    return ok("account", f"{account.number} is active and may trade")


def judge_binding(account: Account, bound: "BoundAccount | None", mode: str | None) -> Check:
    """Whether the account is the one the ledger belongs to."""
    if bound is None:
        return ok("binding", "the ledger belongs to no account yet; the first run binds it")
    if (bound.account_id, bound.mode) != (account.id, mode):
        told = f"the ledger belongs to {bound.mode} account {bound.account_number}, the keys open {account.number}"
        return fail("binding", f"{told} ({mode})", f"use the keys and the mode of {bound.account_number}")
    return ok("binding", f"ledger and keys belong to {mode} account {account.number}")


def judge_clock(skew: timedelta) -> Check:
    """Whether the computer and the broker agree on the time; `skew` is the broker's less the computer's."""
    seconds = abs(skew.total_seconds())
    if abs(skew) <= LARGEST_SKEW:
        return ok("clock", f"computer and broker agree within {seconds:.0f} s")
    side = "behind" if skew > timedelta(0) else "ahead of"
    told = f"this computer is {age(abs(skew))} {side} the broker"
    return warn("clock", told, "let the system keep the time, for example: timedatectl set-ntp true")


def judge_last_run(run: "RunRow | None", now: datetime) -> Check:
    """When the last run was, and how it ended."""
    if run is None:
        return warn("last run", "there has been none", "run `sentinel evening-workflow`")
    ago = now - (run.ended_at or run.started_at)
    told = f"run {run.id}, {run.command}, {age(ago)} ago"
    if run.exit_code is None:
        return warn("last run", f"{told}, has not ended", "if none is at work, run `sentinel evening-workflow`")
    if run.exit_code:
        return warn("last run", f"{told}, ended with {run.exit_code}", "see `sentinel status`: it names what is open")
    if ago > LONGEST_PAUSE:
        return warn("last run", told, "run `sentinel evening-workflow`, and see that it is scheduled")
    return ok("last run", f"{told}, ended well")


def judge_audit(lines: int, noted: int, against: Finding | None) -> Check:
    """Whether the audit, of so many lines, goes on where the heads noted outside the ledger end."""
    if against is not None:
        told = against.message, against.remedy
        return fail("audit", *told) if against.severity is Severity.ALARM else warn("audit", *told)
    if lines and not noted:
        remedy = "the next run notes one; if there were some before, compare the audit with a head you have printed"
        return warn("audit", "no head of it is noted outside the ledger (audit-heads.txt)", remedy)
    return ok("audit", f"agrees with {count(noted, 'head')} noted outside the ledger" if noted else "no line yet")


def judge_space(free_bytes: int) -> Check:
    """Whether there is room to write."""
    told = f"{free_bytes / GIGABYTE:.1f} GB free"
    if free_bytes < LEAST_FREE_BYTES:
        return fail("disk", told, "free some space: a run that cannot write sends nothing")
    if free_bytes < FEW_FREE_BYTES:
        return warn("disk", told, "free some space before it runs out")
    return ok("disk", told)


def judge_copies(number: int, newest_age: timedelta) -> Check:
    """Whether the newest copy of the ledger is fresh enough."""
    told = f"{number} {'copy' if number == 1 else 'copies'}, the newest {age(newest_age)} old and sound"
    if newest_age > OLDEST_COPY:
        return warn("backups", told, "run `sentinel backup`; every evening makes one too")
    return ok("backups", told)


def judge_schedule(
    cron_lines: Sequence[str], timers: Sequence[str], idle_timers: Sequence[str], line_to_type: str
) -> Check:
    """Whether something runs the evening by itself; `line_to_type` is what a crontab in New York time would say."""
    if cron_lines or timers:
        found = [*(f"crontab line {line.split(EVENING)[0]}{EVENING}" for line in cron_lines), *timers]
        return ok("schedule", f"the evening is run by {'; '.join(found)}")
    if idle_timers:
        told = f"{', '.join(idle_timers)} would run the evening, but is not enabled"
        return warn("schedule", told, f"systemctl --user enable --now {' '.join(idle_timers)}")
    remedy = (
        f"`crontab -e`, and add the two lines: CRON_TZ=America/New_York\n{line_to_type}\n"
        "(after the close in New York; a cron that does not know CRON_TZ, such as Debian's, wants 16:10 of New York in "
        "this computer's own time)"
    )
    return warn("schedule", "neither your crontab nor a systemd timer of yours runs this home's evening", remedy)


def health_exit_code(checks: Sequence[Check]) -> int:
    """0 all is well or worth a look, 1 something is broken, 4 the broker cannot be reached."""
    return max((check.exit_code for check in checks), default=0)


def health_screen(checks: Sequence[Check]) -> Table:
    """One line a check; what is not well has its remedy under it."""
    styles = {Health.OK: "green", Health.WARN: "yellow", Health.FAIL: "bold red"}
    table = Table.grid(padding=(0, 2))
    for ratio in (None, None, 1):
        table.add_column(no_wrap=ratio is None, ratio=ratio)
    for check in checks:
        remedy = "\n".join(clean(line) for line in check.remedy.splitlines())
        told = clean(check.message) + (f"\ndo: {remedy}" if remedy else "")
        table.add_row(Text(check.health, styles[check.health]), check.name, Text(told))
    return table


def health_document(checks: Sequence[Check], command: str) -> dict[str, Any]:
    """The document of `doctor`; what is not well is among the findings too."""
    severities = {Health.WARN: Severity.WARNING, Health.FAIL: Severity.ALARM}
    findings = [
        Finding(check.name.replace(" ", "_"), severities[check.health], None, check.message, check.remedy)
        for check in checks
        if check.health in severities
    ]
    rows = [
        {"name": check.name, "health": str(check.health), "message": check.message, "remedy": check.remedy}
        for check in checks
    ]
    return document(command, health_exit_code(checks), findings=findings, checks=rows)
