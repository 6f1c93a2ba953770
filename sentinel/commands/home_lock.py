"""One run a home: the lock every command that may write holds, with a note of who holds it."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from sentinel.domain.errors import LockHeld

LOCK_FILE = "sentinel.lock"
UNWRITABLE = (errno.EACCES, errno.EPERM, errno.EROFS)


@contextmanager
def home_lock(home: Path, command: str, *, leaves_no_trace: bool = False) -> Iterator[None]:
    """Hold the home for as long as the block lasts; LockHeld names the holder. The system frees it when a run dies.

    Who leaves no trace may also look where nothing can be written, and so nothing can be held.
    """
    # Here and not above: a command that only reads needs no lock.
    from filelock import FileLock, Timeout

    path = home / LOCK_FILE
    lock = FileLock(path, timeout=0, mode=0o600)
    try:
        lock.acquire()
    except Timeout:
        raise LockHeld(
            f"another run is at work in {home}: {_holder(path)}",
            "wait for it to end; if it hangs, end it: the next run repairs what it left",
        ) from None
    except OSError as error:
        if not leaves_no_trace or error.errno not in UNWRITABLE:
            raise
        yield
        return
    try:
        if not leaves_no_trace:
            _note(path, f"{os.getpid()} {datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} {command}\n")
        yield
    finally:
        if not leaves_no_trace:
            _note(path, "")
        lock.release()


def _note(path: Path, words: str) -> None:
    """Who holds the lock, for whoever finds it held; on a full disk it is held without a note."""
    with suppress(OSError):
        path.write_text(words, encoding="utf-8")


def _holder(path: Path) -> str:
    """Who wrote the note, if that process still lives; a dry run writes none, a killed run leaves a stale one."""
    try:
        pid, since, command = path.read_text(encoding="utf-8").strip().split(" ", 2)
        os.kill(int(pid), 0)
    except PermissionError:
        return "a process of another user"
    except (OSError, ValueError):
        return "a dry run, or one that has just begun"
    return f"{command}, process {pid}, since {since}"
