"""The logbook: one file of JSON lines a run, in which no key can appear."""

import json
import os
from collections.abc import Callable, Iterable, Mapping, MutableMapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO

import structlog

from sentinel.domain.errors import UsageError
from sentinel.domain.secrecy import MASK, needles

# A field with one of these in its name never shows its value.
SECRET_WORDS = ("secret", "password", "token", "authorization", "api_key", "apikey", "apca-api", "credential")
SUFFIX = ".jsonl"


class Logbook:
    """The open log of one run; what cannot be written is counted in `lost_lines` and never stops the run."""

    def __init__(self, path: Path, file: TextIO, now: Callable[[], datetime], secrets: Iterable[str]) -> None:
        self.path = path
        self.lost_lines = 0
        self._file = file
        self._now = now
        self._masking = _Masking(secrets)
        self._log: Any = structlog.wrap_logger(
            _Lines(self),
            processors=[
                structlog.processors.add_log_level,
                self._stamp,
                _hide_named,
                structlog.processors.ExceptionRenderer(),
                structlog.processors.JSONRenderer(default=str, ensure_ascii=False),
                # Last but for spelling: whatever way a key came in, it does not get out.
                self._masking,
                _one_plain_line,
            ],
        )

    def info(self, event: str, **fields: object) -> None:
        """Write down what happened."""
        self._log.info(event, **fields)

    def warning(self, event: str, **fields: object) -> None:
        """Write down what should be looked at."""
        self._log.warning(event, **fields)

    def error(self, event: str, *, error: BaseException | None = None, **fields: object) -> None:
        """Write down what failed, with its traceback if it has one."""
        self._log.error(event, exc_info=error, **fields)

    def hide(self, *secrets: str) -> None:
        """Mask these as well from now on."""
        self._masking.add(secrets)

    def close(self) -> None:
        """End the file; closing twice does no harm."""
        with suppress(OSError):
            self._file.close()

    def __enter__(self) -> "Logbook":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _write(self, line: str) -> None:
        """One line, on the disk before the next request goes out."""
        try:
            self._file.write(line + "\n")
            self._file.flush()
        except (OSError, ValueError):
            # A full disk must not cost a position its stop; a closed file raises ValueError.
            self.lost_lines += 1

    def _stamp(self, _logger: object, _method: str, fields: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        at = {"at": _utc(self._now())}
        # First in the line, and not to be covered by a field of that name.
        return {**at, **fields, **at}


class _Lines:
    """What structlog writes to: every level is a line."""

    def __init__(self, logbook: Logbook) -> None:
        self.info = self.warning = self.error = logbook._write


class _Masking:
    """Replaces every secret in the finished line, however it is spelt there."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._secrets: set[str] = set()
        self._needles: list[str] = []
        self.add(secrets)

    def add(self, secrets: Iterable[str]) -> None:
        """Know these too."""
        self._secrets |= set(secrets)
        self._needles = needles(self._secrets)

    def __call__(self, _logger: object, _method: str, line: Any) -> str:
        hidden = str(line)
        for needle in self._needles:
            hidden = hidden.replace(needle, MASK)
        return hidden


def _one_plain_line(_logger: object, _method: str, line: Any) -> str:
    """What a terminal would obey or a reader would take for the end of a line is escaped: `cat` shows what is there."""
    return "".join(sign if sign.isprintable() else json.dumps(sign)[1:-1] for sign in str(line))


def open_logbook(
    folder: Path, command: str, now: Callable[[], datetime], secrets: Iterable[str] = (), keep: int = 100
) -> Logbook:
    """A new log file, readable by its owner alone, in a folder made if missing; all but the newest `keep` go.

    UsageError when the folder cannot be written.
    """
    path = folder / f"{now().astimezone(UTC):%Y%m%dT%H%M%S%fZ}-{command}-{os.getpid()}{SUFFIX}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        file = os.fdopen(descriptor, "a", encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise UsageError(f"cannot write a log in {folder}: {error.strerror}", "check who may write there") from None
    _drop_old(folder, keep)
    return Logbook(path, file, now, secrets)


def _drop_old(folder: Path, keep: int) -> None:
    """Their names begin with their time, so the last ones are the newest."""
    for path in sorted(folder.glob(f"*{SUFFIX}"))[:-keep]:
        with suppress(OSError):
            path.unlink()


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _hide_named(_logger: object, _method: str, fields: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Mask the values of fields with a secret's name, however deep."""
    return {name: _hidden(name, value) for name, value in fields.items()}


def _hidden(name: str, value: object) -> object:
    if any(word in name.lower() for word in SECRET_WORDS):
        return MASK
    if isinstance(value, Mapping):
        return {str(key): _hidden(str(key), part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_hidden(name, part) for part in value]
    return value
