"""Finds in the logs the newest run that died before its look: by design it leaves no line in the ledger."""

import json
import os
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sentinel.report.standing import AGAIN, Failure

# Moment, command and process, as the logbook names its files.
NAME = re.compile(r"(?P<began>\d{8}T\d{12}Z)-(?P<command>[a-z-]+)-(?P<process>\d+)\.jsonl")
# An entry or an answer that is refused says nothing about the protection of what is held.
PROTECTING = frozenset(
    {
        "evening-workflow",
        "reconcile-fills",
        "reconcile-positions",
        "rescue-stops",
        "update-trailing-stops",
        "cleanup-orphans",
        "check-profit-taking",
    }
)
ENDED, ENDED_EARLY = "run ended", "the run ended early"
# A line is far shorter, a traceback included.
TAIL_BYTES = 65_536


def failure_since(logs: Path, seen_until: datetime | None) -> Failure | None:
    """Why the newest protecting run failed; None when it ended well, is at work, or a good look came after it."""
    try:
        names = sorted((path.name for path in logs.iterdir()), reverse=True)
    except OSError:
        return None
    matches = (NAME.fullmatch(name) for name in names)
    newest = next((match for match in matches if match and match["command"] in PROTECTING), None)
    if newest is None:
        return None
    began = datetime.strptime(newest["began"], "%Y%m%dT%H%M%S%fZ").replace(tzinfo=UTC)
    if seen_until is not None and began <= seen_until:
        return None
    last = _last_line(logs / newest.string)
    if last.get("event") == ENDED or (last.get("event") != ENDED_EARLY and _is_alive(int(newest["process"]))):
        return None
    why, remedy = str(last.get("why") or "it was cut off"), str(last.get("remedy") or f"{AGAIN}: it repairs")
    return Failure(newest["command"], began, why, remedy)


def _last_line(path: Path) -> dict[str, Any]:
    """The last whole line; empty where there is none, as in the log of a run that was cut off while writing."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - TAIL_BYTES))
            line = json.loads(file.read().splitlines()[-1])
    except (OSError, ValueError, IndexError):
        return {}
    return line if isinstance(line, dict) else {}


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except PermissionError:
        return True
    except OSError:
        return False
    return True
