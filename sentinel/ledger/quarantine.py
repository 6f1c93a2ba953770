"""Beginning anew where the ledger is damaged: its file is kept, entries are blocked, the broker is the witness."""

import os
import shutil
import sqlite3
from collections.abc import Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path

from sentinel.domain.errors import LedgerError
from sentinel.ledger.audit import QUARANTINE
from sentinel.ledger.copying import copies, flush, free_name
from sentinel.ledger.examining import damage_in
from sentinel.ledger.ledger import Ledger
from sentinel.ledger.ledger_file import Clock, LedgerDamaged

FOLDER = "quarantine"
# What SQLite keeps beside a database; it belongs to that file and would spoil another.
COMPANIONS = ("-journal", "-wal", "-shm")
HALT = "SELECT reason FROM halts WHERE resumed_at IS NULL AND set_by = 'trader'"


@dataclass(frozen=True, slots=True)
class Quarantine:
    """A damaged ledger that was put away: its file, what was wrong, and the newest sound copy there was (its name)."""

    file: Path
    why: str
    copy: str | None

    @property
    def reason(self) -> str:
        """Why entries are blocked."""
        instead = f"`sentinel restore {self.copy}` puts a sound one back" if self.copy else "there is no sound copy"
        return f"the ledger was damaged ({self.why}) and lies in {FOLDER}/{self.file.name}; {instead}"


def open_or_begin_anew(path: Path, now: Clock) -> Ledger:
    """The ledger at the path; in the place of a damaged one a new one, in which entries are blocked.

    LedgerError, and nothing is moved, for whatever may pass: a lock, a full disk, missing rights, a newer schema.
    """
    try:
        return Ledger.open(path, now)
    except LedgerDamaged as damage:
        _begin_anew(path, "; ".join(damage.faults), now)
    return Ledger.open(path, now)


def quarantine_in_force(ledger: Ledger) -> Quarantine | None:
    """What a ledger was begun in place of, until a copy is put back or the trader resumes."""
    line = ledger.quarantine_line()
    if line is None:
        return None
    name, why, copy = line.detail.split("\n")
    return Quarantine(ledger.path.parent / FOLDER / name, why, copy or None)


def place_in_quarantine(path: Path, now: Clock) -> Path:
    """Where a damaged ledger would go at this moment."""
    return free_name(path.parent / FOLDER, f"{path.stem}-{now().astimezone(UTC):%Y%m%dT%H%M%SZ}")


def place_for_new(path: Path) -> Path:
    """Where the ledger to come is prepared; what a run that was cut off left there is taken away."""
    new = path.with_suffix(".new")
    for file in (new, *(new.with_name(new.name + suffix) for suffix in COMPANIONS)):
        file.unlink(missing_ok=True)
    return new


def put_away(path: Path, kept: Path, new: Path) -> None:
    """Keep a damaged ledger in the quarantine and put the new one in its place, which at no moment is empty.

    LedgerError when there is no room or no right to do so; the old one is then in place.
    """
    folder = kept.parent
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        companions = [path.with_name(path.name + suffix) for suffix in COMPANIONS]
        for file in [path, *filter(Path.exists, companions)]:
            _keep(file, kept.with_name(kept.name + file.name.removeprefix(path.name)))
        flush(folder)
        for file in companions:
            file.unlink(missing_ok=True)
        new.replace(path)
        flush(path.parent)
    except OSError as error:
        raise LedgerError(
            f"the damaged ledger {path} could not be put into {folder}: {error.strerror}",
            "see that the disk has room and that you may write there, then run again",
        ) from error


def _begin_anew(path: Path, why: str, now: Clock) -> None:
    kept, new = place_in_quarantine(path, now), place_for_new(path)
    quarantine = Quarantine(kept, " ".join(why.split()), _newest_sound_copy(path))
    halt_reason = _halt_in(path)
    with Ledger.open(new, now) as ledger, ledger.transaction():
        ledger.audit(QUARANTINE, None, "\n".join((kept.name, quarantine.why, quarantine.copy or "")))
        if halt_reason is None:
            ledger.latch(quarantine.reason)
        else:
            ledger.halt(halt_reason, now())
    put_away(path, kept, new)


def _newest_sound_copy(path: Path) -> str | None:
    """The name of the newest copy without a fault, under a name of its own, so that later copies do not push it out."""
    for copy in reversed(copies(path.parent / "backups", path.stem)):
        with suppress(LedgerError):
            if damage_in(copy):
                continue
            kept = copy.with_name(copy.name.replace(f"{path.stem}-", f"{path.stem}-sound-", 1))
            try:
                if not kept.exists():
                    _keep(copy, kept)
            except OSError:
                return copy.name
            return kept.name
    return None


def _halt_in(path: Path) -> str | None:
    """The trader's halt in a damaged ledger: whatever may be wrong there, a halt is not lifted by it."""
    uri = f"{path.absolute().as_uri()}?mode=ro"
    with suppress(sqlite3.Error, UnicodeDecodeError), closing(sqlite3.connect(uri, uri=True)) as connection:
        row: Sequence[object] | None = connection.execute(HALT).fetchone()
        return str(row[0]) if row else None
    return None


def _keep(file: Path, kept: Path) -> None:
    """A second name for the file, or a copy where the file system knows no second names."""
    try:
        os.link(file, kept)
    except FileExistsError:
        raise
    except OSError:
        shutil.copyfile(file, kept)
        with kept.open("rb") as copied:
            os.fsync(copied.fileno())
    kept.chmod(0o600)
