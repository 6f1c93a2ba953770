"""The heads of the audit, kept beside the ledger: an audit cut short or written anew as a whole does not agree."""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sentinel.domain.errors import LedgerError
from sentinel.ledger.rows import time_text

FILE = "audit-heads.txt"
BEGINS_ANEW = "restore"
# Stands for an audit without a line.
NOTHING = 0
HashOf = Callable[[int], str | None]


@dataclass(frozen=True, slots=True)
class Head:
    """The last line of the audit: its number and its hash."""

    number: int
    hash: str

    def __str__(self) -> str:
        return f"{self.number} {self.hash[:12]}"


@dataclass(frozen=True, slots=True)
class Noted:
    """A head as a command noted it."""

    at: str
    command: str
    head: Head


def note_head(home: Path, at: datetime, command: str, head: Head) -> None:
    """Add a line, on the disk before this returns; LedgerError when it cannot be written."""
    line = f"{time_text(at)}\t{command}\t{head.number}\t{head.hash}\n"
    path = home / FILE
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            # One that was cut off in the middle of a line left no end of line.
            is_torn = path.stat().st_size and not path.read_bytes().endswith(b"\n")
            os.write(descriptor, ("\n" * bool(is_torn) + line).encode())
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise LedgerError(
            f"the head of the audit could not be noted in {path}: {error.strerror}", "let your user write there"
        ) from error


def begin_anew(home: Path, at: datetime, head: Head | None) -> None:
    """Note that what comes now need not continue what came before: a copy is put back, or was found."""
    note_head(home, at, BEGINS_ANEW, head or Head(NOTHING, "-"))


def noted_heads(home: Path) -> tuple[Noted, ...]:
    """The lines there are, oldest first; half a line is none."""
    try:
        text = (home / FILE).read_text("utf-8", "replace")
    except OSError:
        return ()
    return tuple(_noted(text))


def disagreement(noted: Sequence[Noted], hash_of: HashOf) -> Noted | None:
    """The first line the audit does not agree with, of those since it last began anew; None when it agrees with all."""
    lines = (line for line in _since_it_began(noted) if line.head.number != NOTHING)
    return next((line for line in lines if hash_of(line.head.number) != line.head.hash), None)


def is_older(noted: Sequence[Noted], hash_of: HashOf, other: Noted, last: Head | None) -> bool:
    """Whether all the audit has is known, and only its end is missing: an older copy is in the place of the ledger.

    `other` is a line the audit does not agree with, `last` the audit's own last one.
    """
    if hash_of(other.head.number) is not None:
        return False
    if last is None:
        return True
    there = [line for line in _since_it_began(noted) if hash_of(line.head.number) is not None]
    return bool(there) and all(hash_of(line.head.number) == line.head.hash for line in there)


def halt_in_force(noted: Sequence[Noted]) -> Noted | None:
    """The line of the trader's halt, if no resume has come since: known here even where the ledger forgot it."""
    words = [line for line in noted if line.command in ("halt", "resume")]
    return words[-1] if words and words[-1].command == "halt" else None


def _since_it_began(noted: Sequence[Noted]) -> list[Noted]:
    """A restore begins anew, and so does whatever else made the audit shorter, which was said at the time."""
    found: list[Noted] = []
    for line in noted:
        if line.command == BEGINS_ANEW or (found and line.head.number < found[-1].head.number):
            found = []
        found.append(line)
    return found


def _noted(text: str) -> Iterator[Noted]:
    for line in text.splitlines():
        at, command, number, digest, *_ = [*line.split("\t"), "", "", "", ""]
        if number.isascii() and number.isdigit() and digest:
            yield Noted(at, command, Head(int(number), digest))
