"""The trader's word that this home may trade a live account: which one and until when, in a file of its own."""

import os
import stat
import tomllib
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sentinel.domain.errors import GuardRefusal

ARMING_FILE = "armed.toml"
DEFAULT_DAYS, MOST_DAYS = 30, 90
# From when on every run tells that the end is near.
SOON = timedelta(days=7)
AGAIN = "sentinel arm ACCOUNT_NUMBER"
HEAD = "# Written by `sentinel arm`, removed by `sentinel disarm`. Not part of the ledger: a restored one neither arms."


@dataclass(frozen=True, slots=True)
class Arming:
    """A live account by its number, and the moment (UTC) until which its money may be risked."""

    account_number: str
    until: datetime

    def is_over(self, now: datetime) -> bool:
        """Whether it has run out: from then on only protection goes on."""
        return now >= self.until

    def ends_soon(self, now: datetime) -> bool:
        """Whether less than a week is left."""
        return self.until - now <= SOON


def arm(home: Path, account_number: str, days: int, now: datetime) -> Arming:
    """Arm a home for an account for so many days, in place of what was there; the file is the owner's alone."""
    arming = Arming(account_number, (now + timedelta(days=days)).astimezone(UTC).replace(microsecond=0))
    path = home / ARMING_FILE
    draft = home / f"{ARMING_FILE}.new"
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(f'{HEAD}\naccount = "{arming.account_number}"\nuntil = {arming.until:%Y-%m-%dT%H:%M:%SZ}\n')
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    return arming


def disarm(home: Path) -> bool:
    """Take the word back; whether there was one."""
    with suppress(FileNotFoundError):
        (home / ARMING_FILE).unlink()
        return True
    return False


def arming_of(home: Path, now: datetime) -> Arming | None:
    """What the home is armed for, over or not; None when nobody armed it, GuardRefusal when that cannot be told."""
    path = home / ARMING_FILE
    try:
        if os.name == "posix" and stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise _refused(f"others can read or change {path}", f"look at it, then run: chmod 600 {path}")
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError):
        raise _unreadable(path) from None
    number, until = table.get("account"), table.get("until")
    if not (isinstance(number, str) and number and isinstance(until, datetime) and until.tzinfo is not None):
        raise _unreadable(path)
    if until - now > timedelta(days=MOST_DAYS):
        raise _refused(f"{path} arms the account for more than {MOST_DAYS} days", f"arm it again: {AGAIN}")
    return Arming(number, until.astimezone(UTC))


def _unreadable(path: Path) -> GuardRefusal:
    return _refused(f"{path} does not say which account is armed until when", f"arm it again: {AGAIN}")


def _refused(words: str, remedy: str) -> GuardRefusal:
    limit = f"one account, for {MOST_DAYS} days at most, in a file of your own"
    return GuardRefusal(words, remedy, rule="not_armed", value=words, limit=limit)
