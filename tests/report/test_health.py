"""The doctor's judgements: what is well, what wants a look, what is broken."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from sentinel.domain.errors import BrokerUnreachable, UsageError
from sentinel.ledger import BoundAccount, RunRow
from sentinel.report.health import (
    failed,
    health_exit_code,
    judge_account,
    judge_binding,
    judge_clock,
    judge_copies,
    judge_last_run,
    judge_schedule,
    judge_space,
)
from tests.builders import EVENING, account

BOUND = BoundAccount("c0ffee00-0000", "PA1", "paper", EVENING)


def run(ended_at: datetime | None = EVENING, exit_code: int | None = 0) -> RunRow:
    return RunRow(7, "evening-workflow", "cron", None, None, EVENING, None, ended_at, exit_code, 20)


@pytest.mark.parametrize(
    ("changes", "bound", "mode", "healths"),
    [
        ({}, BOUND, "paper", ["ok", "ok"]),
        ({}, None, "paper", ["ok", "ok"]),
        ({}, BOUND, "live", ["ok", "fail"]),
        ({"id": "another"}, BOUND, "paper", ["ok", "fail"]),
        ({"trading_blocked": True}, BOUND, "paper", ["fail", "ok"]),
        ({"account_blocked": True}, BOUND, "paper", ["fail", "ok"]),
        ({"trade_suspended_by_user": True}, BOUND, "paper", ["fail", "ok"]),
        ({"status": "ONBOARDING"}, BOUND, "paper", ["fail", "ok"]),
    ],
)
def test_an_account(changes: dict[str, Any], bound: BoundAccount | None, mode: str, healths: list[str]) -> None:
    seen = account(**changes)
    checks = judge_account(seen), judge_binding(seen, bound, mode)
    assert [check.health for check in checks] == healths


@pytest.mark.parametrize(("seconds", "health"), [(0, "ok"), (60, "ok"), (-60, "ok"), (61, "warn"), (-3600, "warn")])
def test_a_clock(seconds: int, health: str) -> None:
    assert judge_clock(timedelta(seconds=seconds)).health == health


def test_a_wrong_clock_says_which_way() -> None:
    assert judge_clock(timedelta(hours=2)).message == "this computer is 2 hours behind the broker"
    assert judge_clock(timedelta(hours=-2)).message == "this computer is 2 hours ahead of the broker"


@pytest.mark.parametrize(
    ("last", "days", "health", "told"),
    [
        (None, 0, "warn", "none"),
        (run(), 1, "ok", "ended well"),
        (run(), 4, "ok", "ended well"),
        (run(), 5, "warn", "5 days ago"),
        (run(exit_code=1), 1, "warn", "ended with 1"),
        (run(None, None), 1, "warn", "has not ended"),
    ],
)
def test_the_last_run(last: RunRow | None, days: int, health: str, told: str) -> None:
    check = judge_last_run(last, EVENING + timedelta(days=days))
    assert (check.health, told in check.message, bool(check.remedy)) == (health, True, health != "ok")


@pytest.mark.parametrize(("free", "health"), [(10**8 - 1, "fail"), (10**8, "warn"), (10**9, "ok")])
def test_a_disk(free: int, health: str) -> None:
    assert judge_space(free).health == health


@pytest.mark.parametrize(
    ("cron_lines", "timers", "idle_timers", "health", "told"),
    [
        (["10 22 * * 1-5 sentinel evening-workflow > log"], [], [], "ok", "10 22 * * 1-5 sentinel evening-workflow"),
        ([], ["sentinel.timer"], ["old.timer"], "ok", "sentinel.timer"),
        ([], [], ["sentinel.timer"], "warn", "sentinel.timer would run the evening, but is not enabled"),
        ([], [], [], "warn", "neither your crontab nor a systemd timer"),
    ],
)
def test_a_schedule(cron_lines: list[str], timers: list[str], idle_timers: list[str], health: str, told: str) -> None:
    check = judge_schedule(cron_lines, timers, idle_timers, "LINE")
    assert (check.health, told in check.message) == (health, True)


def test_what_to_type_for_a_schedule() -> None:
    lines = judge_schedule([], [], [], "10 16 * * 1-5 sentinel evening-workflow").remedy.splitlines()
    assert lines[1] == "10 16 * * 1-5 sentinel evening-workflow", "a line of its own, to copy"
    assert "CRON_TZ=America/New_York" in lines[0]
    assert judge_schedule([], [], ["a.timer"], "LINE").remedy == "systemctl --user enable --now a.timer"


@pytest.mark.parametrize(("days", "health"), [(0, "ok"), (7, "ok"), (8, "warn")])
def test_copies(days: int, health: str) -> None:
    assert judge_copies(3, timedelta(days=days)).health == health


def test_the_worst_check_is_the_exit_code() -> None:
    unreachable, broken = failed("broker", BrokerUnreachable("no", "wait")), failed("keys", UsageError("no", "set"))
    fine, missing = judge_space(10**12), failed("disk", FileNotFoundError(2, "No such file", "home"))
    assert missing.message == "No such file: home"
    assert health_exit_code([]) == health_exit_code([fine]) == 0
    assert health_exit_code([fine, broken, missing]) == 1
    assert health_exit_code([broken, unreachable, fine]) == 4
