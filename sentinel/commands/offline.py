"""The home's ledger for commands that never ask the broker: to read it, or to write it under the home's lock."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sentinel.commands.home_lock import home_lock
from sentinel.commands.options import Call
from sentinel.commands.session import LEDGER_FILE
from sentinel.commands.streams import note
from sentinel.domain.errors import LedgerError

if TYPE_CHECKING:
    from sentinel.ledger import Ledger


def utc_now() -> datetime:
    """The computer's clock."""
    return datetime.now(UTC)


@contextmanager
def ledger_to_read(call: Call) -> Iterator["Ledger"]:
    """The ledger as it is; needs no lock, for a run at work does not spoil what is read."""
    from sentinel.ledger import Ledger
    from sentinel.settings import find_home

    with Ledger.open_read_only(find_home(call.home) / LEDGER_FILE, utc_now) as ledger:
        yield ledger


@contextmanager
def ledger_to_write(call: Call) -> Iterator["Ledger"]:
    """The ledger under the home's lock; a dry run can only read it. LockHeld while another run is at work."""
    from sentinel.ledger import Ledger
    from sentinel.settings import find_home

    home = find_home(call.home)
    opened = Ledger.open_read_only if call.is_dry_run else Ledger.open
    with (
        home_lock(home, call.command, leaves_no_trace=call.is_dry_run),
        opened(home / LEDGER_FILE, utc_now) as ledger,
    ):
        ledger.before_writing(lambda: _back_up(ledger))
        yield ledger
        if not call.is_dry_run:
            _note_head(ledger, call.command)


def _note_head(ledger: "Ledger", command: str) -> None:
    """Note the last line of the audit outside the ledger, too."""
    from sentinel.ledger import note_head

    head = ledger.audit_head()
    try:
        if head is not None:
            note_head(ledger.path.parent, utc_now(), command, head)
    except LedgerError as error:
        note(f"warning: {error.message}", f"do: {error.remedy}")


def _back_up(ledger: "Ledger") -> None:
    """Copy the ledger before the trader's word is written; without a copy it is written all the same."""
    try:
        ledger.backup(ledger.path.parent / "backups")
    except LedgerError as error:
        note(f"warning: the backup failed: {error.message}", f"do: {error.remedy}")
