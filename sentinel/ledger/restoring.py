"""Putting a copy of the ledger back, without letting what the trader said in the meantime be unsaid."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from sentinel.domain.book import ApprovalState, OwedKind
from sentinel.domain.errors import GuardRefusal, LedgerError
from sentinel.ledger.copying import copy_pages, copy_to
from sentinel.ledger.examining import damage_in
from sentinel.ledger.ledger import Ledger
from sentinel.ledger.ledger_file import Clock, LedgerDamaged, ledger_error
from sentinel.ledger.opening import open_for_reading, open_for_writing
from sentinel.ledger.quarantine import place_for_new, place_in_quarantine, put_away, quarantine_in_force
from sentinel.ledger.rows import BoundAccount, RunRow


@dataclass(frozen=True, slots=True)
class Restored:
    """What became of the ledger that was there, of a halt, of open questions and of owed sales."""

    kept: Path | None
    halt_reason: str | None
    questions: int
    owed_sales: tuple[str, ...]


def examine_copy(copy: Path, path: Path) -> RunRow | None:
    """The last run a copy knows of.

    LedgerError when the copy is damaged or no ledger, GuardRefusal when the ledger at the path has another account.
    """
    with Ledger.open_copy(copy) as source:
        damage, account, last = damage_in(copy), source.bound_account(), source.last_run()
    if damage:
        raise LedgerError(f"the copy {copy} is damaged: {damage[0]}", "choose another copy; nothing was changed")
    there = _account_of(path)
    if account and there and (account.account_id, account.mode) != (there.account_id, there.mode):
        raise GuardRefusal(
            f"the copy belongs to {account.mode} account {account.account_number},"
            f" this home to {there.mode} account {there.account_number}; nothing was changed",
            f"choose a copy of {there.account_number}, or restore into a home of its own",
            rule="bound_account",
            value=f"{account.mode} account {account.account_number}",
            limit=f"{there.mode} account {there.account_number}",
        )
    return last


def put_back(copy: Path, path: Path, now: Clock, before_replacing: Callable[[], None] = lambda: None) -> Restored:
    """Restore a copy and make it safe to work from; all or nothing, errors as `examine_copy` and `restore_backup`.

    `before_replacing` is done when all is ready and the ledger is held alone, just before it is written.
    A halt or a pause of the ledger that was there stays. Open questions lapse and owed sales are forgotten, since the
    answer may long have been acted upon: what still is at its target is asked about again.
    """
    examine_copy(copy, path)
    with TemporaryDirectory(prefix="sentinel-restore-") as folder:
        with Ledger.open_copy(copy, now) as source:
            prepared = source.backup(Path(folder))
        halt_reason, latch_reason = _pause_of(path, now)
        with Ledger.open(prepared, now) as ledger, ledger.transaction():
            if halt_reason is not None:
                ledger.halt(halt_reason, now())
            elif latch_reason is not None and not (ledger.halt_reason() or ledger.latch_reason()):
                ledger.latch(latch_reason)
            questions, owed_sales = _close_questions(ledger, now), _forget_owed_sales(ledger, now)
            ledger.audit("restore", None, f"from {copy.name}")
            halt_reason = ledger.halt_reason()
        return Restored(restore_backup(prepared, path, now, before_replacing), halt_reason, questions, owed_sales)


def restore_backup(
    copy: Path, path: Path, now: Clock, before_replacing: Callable[[], None] = lambda: None
) -> Path | None:
    """Make the ledger at the path what a copy holds; where the ledger that was there went, None if there was none.

    All or nothing. LedgerError when the copy is no sound ledger or another program holds the ledger, and nothing is
    changed.
    """
    with closing(open_for_reading(copy, any_version=True)) as source:
        try:
            kept = _set_aside(path, now)
        except LedgerError as error:
            if isinstance(error.__cause__, sqlite3.Error) and not isinstance(error, LedgerDamaged):
                raise  # what is locked, or on a full disk, is no worse for it
            return _put_in_the_place_of(path, source, now, before_replacing)
        _fill(path, source, now, before_replacing)
    return kept


def _fill(path: Path, source: sqlite3.Connection, now: Clock, before_filling: Callable[[], None]) -> None:
    """Make the ledger at the path what the source holds, in one transaction; an older schema becomes the newest."""
    with closing(open_for_writing(path, now)) as target:
        try:
            _refuse_company(target)
            before_filling()
            copy_pages(source, target)
        except sqlite3.Error as error:
            raise ledger_error(path, error) from error
    open_for_writing(path, now).close()


def _put_in_the_place_of(
    path: Path, source: sqlite3.Connection, now: Clock, before_replacing: Callable[[], None]
) -> Path:
    """The source's content in the place of a file that cannot be read, which goes to the quarantine."""
    kept, new = place_in_quarantine(path, now), place_for_new(path)
    _fill(new, source, now, lambda: None)
    before_replacing()
    put_away(path, kept, new)
    return kept


def _account_of(path: Path) -> BoundAccount | None:
    """The account of a ledger that may be missing or damaged; LedgerError for one another program holds."""
    try:
        with Ledger.open_read_only(path) as ledger:
            return ledger.bound_account()
    except LedgerError as error:
        _refuse_held(error)
        return None


def _pause_of(path: Path, now: Clock) -> tuple[str | None, str | None]:
    """The trader's halt and Sentinel's pause of a ledger that may be missing, cut off while writing, or damaged.

    LedgerError for one another program holds: its halt must not be lost.
    """
    if not path.exists():
        return None, None
    try:
        with Ledger.open(path, now) as ledger:
            # What a damaged ledger was replaced by blocks entries until a sound one is back: now it is.
            return ledger.halt_reason(), None if quarantine_in_force(ledger) else ledger.latch_reason()
    except LedgerError as error:
        _refuse_held(error)
        return None, None


def _refuse_held(error: LedgerError) -> None:
    """What another program holds is no damage: it can be read once that program lets go."""
    if getattr(error.__cause__, "sqlite_errorname", "").startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        raise error


def _close_questions(ledger: Ledger, now: Clock) -> int:
    asked = (*ledger.approvals(ApprovalState.WAITING), *ledger.approvals(ApprovalState.APPROVED))
    for approval in asked:
        ledger.decide_approval(approval.id, ApprovalState.EXPIRED, now())
    return len(asked)


def _forget_owed_sales(ledger: Ledger, now: Clock) -> tuple[str, ...]:
    owed = tuple(owed.symbol for owed in ledger.book(now().date()).owed if owed.kind is OwedKind.EXIT)
    for symbol in owed:
        ledger.forget_owed(OwedKind.EXIT, symbol)
    return owed


def _set_aside(path: Path, now: Clock) -> Path | None:
    """A copy of the ledger that is there; None where there is none."""
    if not path.exists() or not path.stat().st_size:
        return None
    with closing(open_for_writing(path, now)) as old:
        try:
            _refuse_company(old)
        except sqlite3.Error as error:
            raise ledger_error(path, error) from error
        return copy_to(old, path.parent / "backups", f"{path.stem}-before-restore", now)


def _refuse_company(connection: sqlite3.Connection) -> None:
    """sqlite3.OperationalError while another program is at the file, even to read: it could not be written then."""
    connection.execute("BEGIN EXCLUSIVE")
    connection.execute("ROLLBACK")
