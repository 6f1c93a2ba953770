"""The logbook: lines a machine can read, no key among them, and no log that stops a run."""

import json
import stat
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from sentinel.domain.errors import UsageError
from sentinel.logbook import Logbook, open_logbook

EVENING = datetime(2026, 3, 2, 21, 5, 0, 250_000, tzinfo=UTC)
SECRET = 'abc"def\\ghi/jkl'


def evening() -> datetime:
    return EVENING


def lines(logbook: Logbook) -> list[dict[str, Any]]:
    return [json.loads(line) for line in logbook.path.read_text(encoding="utf-8").splitlines()]


def test_a_line_says_when_how_and_what(tmp_path: Path) -> None:
    with open_logbook(tmp_path / "logs", "evening-workflow", evening) as logbook:
        logbook.info("stop raised", symbol="BRK.B", price=Decimal("93.10"), day=EVENING.date())
        logbook.warning("stop owed", why="naïve — ✓", at="never", level="none")
    assert lines(logbook) == [
        {
            "at": "2026-03-02T21:05:00.250000Z",
            "symbol": "BRK.B",
            "price": "93.10",
            "day": "2026-03-02",
            "event": "stop raised",
            "level": "info",
        },
        {"at": "2026-03-02T21:05:00.250000Z", "why": "naïve — ✓", "event": "stop owed", "level": "warning"},
    ]


def test_one_file_a_run_that_only_its_owner_reads(tmp_path: Path) -> None:
    logbook = open_logbook(tmp_path, "status", evening)
    assert logbook.path.name.startswith("20260302T210500250000Z-status-")
    assert stat.S_IMODE(logbook.path.stat().st_mode) == 0o600
    logbook.close()
    logbook.close()


def raise_with_a_key() -> None:
    raise ValueError(f"header {SECRET} refused")


# The ways a key could get in.
WAYS: list[Callable[[Logbook], None]] = [
    lambda logbook: logbook.info(f"asked with {SECRET}"),
    lambda logbook: logbook.info("asked", header=SECRET),
    lambda logbook: logbook.info("asked", headers={"APCA-API-SECRET-KEY": "anything at all", "x": [SECRET]}),
    lambda logbook: logbook.info("asked", **{SECRET: 1}),
    lambda logbook: logbook.info("asked", deep={"list": ({"api_key": "anything at all"},)}),
    lambda logbook: logbook.info("asked", thing=Path(SECRET)),
    lambda logbook: logbook.error("failed", error=ValueError(SECRET)),
]


@pytest.mark.parametrize("way", WAYS)
def test_a_key_does_not_get_out(tmp_path: Path, way: Callable[[Logbook], None]) -> None:
    with open_logbook(tmp_path, "run", evening, [SECRET, "short-lived"]) as logbook:
        way(logbook)
    text = logbook.path.read_text(encoding="utf-8")
    assert SECRET not in text
    assert json.dumps(SECRET)[1:-1] not in text
    assert "anything at all" not in text
    assert "***" in text
    assert len(lines(logbook)) == 1


def test_a_traceback_is_kept_and_masked(tmp_path: Path) -> None:
    with open_logbook(tmp_path, "run", evening, [SECRET]) as logbook:
        try:
            raise_with_a_key()
        except ValueError as error:
            logbook.error("failed", error=error, symbol="AAPL")
    (line,) = lines(logbook)
    assert "raise_with_a_key" in line["exception"]
    assert "header *** refused" in line["exception"]
    assert (line["level"], line["symbol"]) == ("error", "AAPL")


def test_an_empty_secret_masks_nothing(tmp_path: Path) -> None:
    with open_logbook(tmp_path, "run", evening, ["", "a"]) as logbook:
        logbook.info("a day")
    assert lines(logbook)[0]["event"] == "a day"


def test_what_cannot_be_written_does_not_stop_the_run(tmp_path: Path) -> None:
    logbook = open_logbook(tmp_path, "run", evening)
    logbook.close()
    logbook.info("too late")
    logbook.error("much too late")
    assert logbook.lost_lines == 2


def test_text_no_file_can_hold_is_escaped(tmp_path: Path) -> None:
    with open_logbook(tmp_path, "run", evening) as logbook:
        logbook.info("half a character \ud800 and a line\nend")
    assert len(logbook.path.read_text(encoding="utf-8").splitlines()) == 1


def test_no_line_is_forged_and_no_terminal_obeys_one(tmp_path: Path) -> None:
    nasty = '\n{"event": "all is well"}\r\n\x1b[2J \x9b31m \u202e \u2028 \x7f é ✓'
    with open_logbook(tmp_path, "run", evening) as logbook:
        logbook.info(nasty, why=nasty)
    text = logbook.path.read_text(encoding="utf-8")
    assert [sign for sign in text if not sign.isprintable()] == ["\n"]
    assert lines(logbook)[0]["why"] == nasty, "and nothing of it is lost"
    assert "é ✓" in text


def test_old_files_go_and_the_newest_stay(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    for day in range(5):
        open_logbook(tmp_path, "run", lambda day=day: EVENING + timedelta(days=day), keep=3).close()  # type: ignore[misc]
    assert [path.name[:8] for path in sorted(tmp_path.glob("*.jsonl"))] == ["20260304", "20260305", "20260306"]
    assert (tmp_path / "notes.txt").exists()


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("a file where the folder should be")
    with pytest.raises(UsageError, match="cannot write a log"):
        open_logbook(tmp_path / "logs", "run", evening)
