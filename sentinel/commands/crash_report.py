"""Writes down a bug for whoever repairs it: where it happened, in which version, and no key."""

import os
import platform
import sys
import tempfile
import tomllib
import traceback
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from sentinel import __version__
from sentinel.domain.secrecy import masked

# Both families of names (ALPACA 13); settings.keys reads the same ones, but a crash may lie in there.
KEY_VARIABLES = ("ALPACA_API_KEY", "ALPACA_SECRET_KEY", "APCA_API_KEY_ID", "APCA_API_SECRET_KEY")
KEYS_FILE = "keys.toml"
# Keys of the system's keyring, which is asked once and not again by a crash.
_learned: set[str] = set()


def write_crash_report(error: BaseException, arguments: Sequence[str], home: Path | None) -> Path:
    """The report's path: in the home's logs, else where temporary files go."""
    logs = home / "logs" if home else None
    folder = logs if logs and logs.is_dir() and os.access(logs, os.W_OK) else Path(tempfile.gettempdir())
    now = datetime.now(UTC)
    path = folder / f"crash-{now:%Y%m%dT%H%M%S%fZ}-{os.getpid()}.txt"
    text = _visible(masked("\n".join(_lines(error, arguments, now)), known_secrets(home)))
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace") as file:
        file.write(text)
    return path


def learn(*secrets: str) -> None:
    """Know these keys too, wherever they came from."""
    _learned.update(secrets)


def known_secrets(home: Path | None) -> list[str]:
    """Every key this process could know: of the environment, of the home's file, and those it has learned."""
    found = [*_learned]
    found += [os.environ.get(name, "").strip() for name in KEY_VARIABLES]
    if home is not None:
        with suppress(OSError, ValueError):
            table = tomllib.loads((home / KEYS_FILE).read_text(encoding="utf-8-sig"))
            found += [value.strip() for value in table.values() if isinstance(value, str)]
    return [secret for secret in found if secret]


def _visible(text: str) -> str:
    """The text with what a terminal would obey escaped: a report is looked at with `cat`."""
    return "".join(s if s.isprintable() or s == "\n" else s.encode("unicode_escape").decode() for s in text)


def _lines(error: BaseException, arguments: Sequence[str], now: datetime) -> Iterator[str]:
    yield f"Sentinel {__version__} crashed at {now:%Y-%m-%d %H:%M:%S} UTC"
    yield f"Python {platform.python_version()} on {platform.system()} {platform.release()}"
    yield f"arguments: {' '.join(arguments)}"
    loaded = {name.partition(".")[0] for name in sys.modules}
    yield f"loaded: {' '.join(sorted(loaded & {'alpaca', 'flask', 'pydantic', 'rich', 'sqlite_utils', 'typer'}))}"
    yield ""
    # Without local variables: they hold what must not be told.
    yield "".join(traceback.format_exception(error))
