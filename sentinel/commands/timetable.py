"""Whether this user's crontab or a systemd timer runs the evening of a home: looked up, never changed."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from shlex import quote

EVENING = "evening-workflow"
PATIENCE_S = 5
# How words say which home they mean: by option, by variable, or by going there; the first that is used wins.
HOME_NAMED = tuple(
    re.compile(how + r"(\"[^\"]*\"|'[^']*'|[^\s;&|]+)")
    for how in (r"--home(?:=|\s+)", r"SENTINEL_HOME=", r"(?:WorkingDirectory=|\bcd\s+)")
)
VARIABLE = re.compile(r"^\s*SENTINEL_HOME\s*=\s*(.+?)\s*$")


@dataclass(frozen=True, slots=True)
class Timetable:
    """What runs the evening of a home: crontab lines, enabled timers, and timers that are there but not enabled."""

    cron_lines: tuple[str, ...] = ()
    timers: tuple[str, ...] = ()
    idle_timers: tuple[str, ...] = ()


def timetable_of(home: Path) -> Timetable:
    """What is scheduled for a home; a system without cron or systemd has nothing scheduled, which is no error."""
    timers = {timer.name: _is_enabled(timer) for timer in _timers() if _runs_evening(_unit_text(timer), home)}
    return Timetable(
        cron_lines=tuple(_cron_lines(_crontab(), home)),
        timers=tuple(sorted(name for name, is_enabled in timers.items() if is_enabled)),
        idle_timers=tuple(sorted(name for name, is_enabled in timers.items() if not is_enabled)),
    )


def crontab_line(home: Path) -> str:
    """The line for a crontab in New York time, ten minutes after the close."""
    typed = Path(sys.argv[0])
    is_program = typed.name == "sentinel" and typed.is_file()
    program = quote(str(typed.resolve())) if is_program else f"{quote(sys.executable)} -m sentinel"
    # A percent sign ends the command of a crontab line unless it is escaped.
    return f"10 16 * * 1-5 {program} --home {quote(str(home))} {EVENING} --non-interactive".replace("%", "\\%")


def _crontab() -> str:
    """The user's crontab; nothing where there is none, or no cron."""
    program = shutil.which("crontab")
    if program is None:
        return ""
    try:
        words = [program, "-l"]
        shown = subprocess.run(words, capture_output=True, text=True, timeout=PATIENCE_S, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired, UnicodeDecodeError):
        return ""
    return shown.stdout if shown.returncode == 0 else ""


def _cron_lines(crontab: str, home: Path) -> Iterator[str]:
    named_before = ""
    for line in (line.strip() for line in crontab.splitlines()):
        variable = VARIABLE.match(line)
        if variable:
            named_before = f"SENTINEL_HOME={variable[1]} "
        elif not line.startswith("#") and _runs_evening(line, home, named_before):
            yield line


def _runs_evening(text: str, home: Path, named_before: str = "") -> bool:
    """Whether words run the evening of this home; words that name no home mean the folder cron starts in."""
    if EVENING not in text:
        return False
    found = (how.search(words) for words in (text, named_before) for how in HOME_NAMED)
    named = next((match[1] for match in found if match), "~")
    return _folder(named) == home.resolve()


def _folder(words: str) -> Path:
    """The folder a shell would make of these words."""
    plain = words.strip("\"'").replace("${HOME}", "~").replace("$HOME", "~").replace("%h", "~")
    try:
        return Path(plain).expanduser().resolve()
    except RuntimeError:  # the home of a user nobody knows
        return Path(plain)


def _timers() -> Iterator[Path]:
    folder = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "systemd" / "user"
    yield from sorted(folder.glob("*.timer"))


def _unit_text(timer: Path) -> str:
    """What the service of a timer does: the unit it names, else the one of its own name."""
    named = re.search(r"^Unit=(.+)$", _text_of(timer), re.MULTILINE)
    return _text_of(timer.parent / (named[1].strip() if named else f"{timer.stem}.service"))


def _text_of(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _is_enabled(timer: Path) -> bool:
    return any(timer.parent.glob(f"*.wants/{timer.name}"))
