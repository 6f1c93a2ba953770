"""The doctor looks at everything on its own, names what is broken with its remedy, and changes nothing."""

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from sentinel.ledger import Ledger
from tests.commands.desk import Desk
from tests.commands.test_audit import write_anew
from tests.ledger.hands import forge, tamper
from tests.ledger.records import intent

WELL = {
    "settings": "ok",
    "broker": "ok",
    "account": "ok",
    "binding": "ok",
    "keys": "ok",
    "ledger": "ok",
    "audit": "ok",
    "last run": "ok",
    "backups": "ok",
    "disk": "ok",
    "folders": "ok",
    "schedule": "ok",
}


@pytest.fixture(autouse=True)
def scheduled(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A crontab that runs the evening of the desk's home."""
    program = tmp_path / "bin" / "crontab"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\necho '10 22 * * 1-5 sentinel --home {desk.home} evening-workflow'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    return program


def examined(desk: Desk, exit_code: int) -> dict[str, str]:
    """Every check and how it ended; whatever is not well has a remedy and is a finding."""
    before, sent = desk.files(), desk.mutations()
    document = desk.tells("doctor")
    assert (desk.files(), desk.mutations()) == (before, sent)
    unwell = [check for check in document["checks"] if check["health"] != "ok"]
    assert document["exit_code"] == exit_code
    assert all(check["remedy"] for check in unwell)
    assert [finding["message"] for finding in document["findings"]] == [check["message"] for check in unwell]
    return {check["name"]: check["health"] for check in document["checks"]}


def test_all_is_well(desk: Desk) -> None:
    desk.holds()
    assert examined(desk, 0) == WELL
    screen = desk.types("doctor")
    assert screen.exit_code == 0
    assert [line.split()[0] for line in screen.out.splitlines() if not line.startswith(" ")] == ["ok"] * len(WELL)


def test_an_evening_nothing_runs_is_told_with_the_line_to_type(desk: Desk, scheduled: Path) -> None:
    desk.holds()
    scheduled.unlink()
    assert examined(desk, 0) == WELL | {"schedule": "warn"}
    (check,) = [check for check in desk.tells("doctor")["checks"] if check["name"] == "schedule"]
    assert f"--home {desk.home} evening-workflow --non-interactive" in check["remedy"]
    assert "CRON_TZ=America/New_York" in check["remedy"]


def test_a_full_disk_is_told(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.holds()
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: SimpleNamespace(free=10**6))
    assert examined(desk, 1) == WELL | {"disk": "fail"}


def test_an_account_that_may_not_trade_is_told(desk: Desk) -> None:
    desk.holds()
    desk.exchange.action(account={"trading_blocked": True})
    try:
        assert examined(desk, 1) == WELL | {"account": "fail"}
    finally:
        desk.exchange.action(account={"trading_blocked": False})


def test_a_ledger_that_cannot_be_read_is_not_called_unbound(desk: Desk) -> None:
    desk.holds()
    (desk.home / "sentinel.db").write_bytes(b"garbage" * 1000)
    found = examined(desk, 1)
    assert (found["ledger"], found["binding"]) == ("fail", "warn")


def test_a_new_home_wants_its_first_evening(desk: Desk) -> None:
    assert examined(desk, 0) == WELL | {"last run": "warn", "backups": "warn"}


def test_no_home_is_a_usage_error(desk: Desk) -> None:
    (desk.home / "sentinel.toml").unlink()
    answer = desk.types("doctor")
    assert answer.exit_code == 2
    assert "init" in answer.err


def test_an_unreachable_broker_hides_nothing_else(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.holds()
    monkeypatch.setenv("SENTINEL_BROKER__READ_ATTEMPTS", "1")
    desk.exchange.faults([{"method": "GET", "path": "/v2/account$", "nth": None, "kind": "500"}])
    wanted = WELL | {"broker": "fail"}
    del wanted["account"], wanted["binding"]
    assert examined(desk, 4) == wanted
    (desk.home / "sentinel.db").unlink()
    assert examined(desk, 4)["ledger"] == "fail"


def test_refused_keys_are_an_unreachable_broker(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("APCA_API_KEY_ID", "wrong")
    assert examined(desk, 4)["broker"] == "fail"


def test_settings_nobody_can_read_hide_nothing_else(desk: Desk) -> None:
    desk.holds()
    (desk.home / "sentinel.toml").write_text("[broker")
    found = examined(desk, 1)
    assert (found["settings"], found["broker"], found["ledger"], found["folders"]) == ("fail", "warn", "ok", "ok")


def test_keys(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    key, secret = os.environ["APCA_API_KEY_ID"], os.environ["APCA_API_SECRET_KEY"]
    monkeypatch.delenv("APCA_API_KEY_ID")
    found = examined(desk, 1)
    assert (found["keys"], found["broker"]) == ("fail", "warn")
    monkeypatch.delenv("APCA_API_SECRET_KEY")
    file = desk.home / "keys.toml"
    file.write_text(f'key = "{key}"\nsecret = "{secret}"\n')
    file.chmod(0o644)
    assert examined(desk, 1)["keys"] == "fail"
    file.chmod(0o600)
    assert examined(desk, 0)["keys"] == "ok"
    desk.home.chmod(0o755)
    assert examined(desk, 1)["keys"] == "fail"
    evening = desk.types("evening-workflow")
    assert (evening.exit_code, f"do: run: chmod 700 {desk.home}" in evening.err) == (2, True)
    desk.home.chmod(0o700)
    answer = desk.types("doctor")
    assert secret not in answer.out + answer.err


def test_in_an_account_of_its_own_time_the_clock_counts(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The exchange keeps another day than this computer: harmless in mode sim, told in the others."""
    desk.holds()
    monkeypatch.setenv("SENTINEL_BROKER__MODE", "paper")
    found = examined(desk, 1)
    assert (found["clock"], found["binding"]) == ("warn", "fail")


def broken_rows(desk: Desk) -> None:
    forge(desk.home / "sentinel.db", "UPDATE stop_loss_orders SET stop_price = 'high'")


def a_line_of_the_audit_taken_out(desk: Desk) -> None:
    tamper(desk.home / "sentinel.db", "DELETE FROM audit WHERE id = 2")


def an_older_ledger(desk: Desk) -> None:
    copy = desk.tells("backup")["copy"]
    desk.types("halt", "--reason", "holiday")
    desk.types("resume", "--reason", "back")
    shutil.copyfile(copy, desk.home / "sentinel.db")


def an_audit_written_anew(desk: Desk) -> None:
    write_anew(desk.home / "sentinel.db")


def no_noted_heads(desk: Desk) -> None:
    (desk.home / "audit-heads.txt").unlink()


def last_ran_long_ago(desk: Desk) -> None:
    forge(desk.home / "sentinel.db", "UPDATE runs SET ended_at = '2026-03-01T00:00:00.000000Z'")


def unfinished(desk: Desk) -> None:
    with Ledger.open(desk.home / "sentinel.db") as ledger:
        ledger.plan_intent(intent(), None)


def halted(desk: Desk) -> None:
    assert desk.types("halt", "--reason", "holiday").exit_code == 0


def cut_off(desk: Desk) -> None:
    with Ledger.open(desk.home / "sentinel.db") as ledger:
        ledger.begin_run("evening-workflow", "cron")


def no_copies(desk: Desk) -> None:
    for copy in (desk.home / "backups").iterdir():
        copy.unlink()


def old_copies(desk: Desk) -> None:
    for copy in (desk.home / "backups").iterdir():
        os.utime(copy, (time.time() - 9 * 86_400,) * 2)


def spoilt_copies(desk: Desk) -> None:
    for copy in (desk.home / "backups").iterdir():
        copy.write_bytes(b"garbage" * 1000)


def no_logs(desk: Desk) -> None:
    for log in (desk.home / "logs").iterdir():
        log.unlink()
    (desk.home / "logs").rmdir()


def a_file_for_a_folder(desk: Desk) -> None:
    no_logs(desk)
    (desk.home / "logs").write_text("in the way")


def an_open_home(desk: Desk) -> None:
    desk.home.chmod(0o755)


def an_open_ledger(desk: Desk) -> None:
    (desk.home / "sentinel.db").chmod(0o644)


@pytest.mark.parametrize(
    ("breaks", "name", "health"),
    [
        (broken_rows, "ledger", "fail"),
        (a_line_of_the_audit_taken_out, "ledger", "fail"),
        (an_older_ledger, "audit", "warn"),
        (an_audit_written_anew, "audit", "fail"),
        (no_noted_heads, "audit", "warn"),
        (last_ran_long_ago, "last run", "warn"),
        (unfinished, "unfinished", "warn"),
        (halted, "halt", "warn"),
        (cut_off, "last run", "warn"),
        (no_copies, "backups", "warn"),
        (old_copies, "backups", "warn"),
        (spoilt_copies, "backups", "fail"),
        (no_logs, "folders", "warn"),
        (a_file_for_a_folder, "folders", "fail"),
        (an_open_ledger, "folders", "warn"),
        (an_open_home, "folders", "warn"),
    ],
)
def test_what_is_not_well_is_named_alone(desk: Desk, breaks: Callable[[Desk], None], name: str, health: str) -> None:
    desk.holds()
    breaks(desk)
    found = examined(desk, 1 if health == "fail" else 0)
    # A damaged ledger is not compared with the heads as well: whatever it says may be wrong.
    assert found | {"audit": found.get("audit", "ok")} == WELL | {name: health}
