"""What is scheduled for a home is found in crontabs and timers, however they name it, and nothing else is."""

from pathlib import Path

import pytest

from sentinel.commands.timetable import Timetable, crontab_line, timetable_of

RUN = "sentinel evening-workflow --non-interactive"


@pytest.fixture
def user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The home folder of a user without crontab and timers; Sentinel's home is `paper` in it."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    (tmp_path / "paper").mkdir()
    return tmp_path


def crontab(user: Path, text: str, exit_code: int = 0) -> None:
    (user / "crontab.txt").write_text(text)
    program = user / "bin" / "crontab"
    program.write_text(f"#!/bin/sh\n/bin/cat {user}/crontab.txt\nexit {exit_code}\n")
    program.chmod(0o755)


@pytest.mark.parametrize(
    ("text", "is_found"),
    [
        ("10 22 * * 1-5 sentinel --home $HOME/paper evening-workflow --non-interactive", True),
        ("10 22 * * 1-5 sentinel --home=~/paper evening-workflow", True),
        (f'10 22 * * 1-5 SENTINEL_HOME="${{HOME}}/paper" {RUN} > log 2>&1 || cat log', True),
        (f"10 22 * * 1-5 cd ~/paper && {RUN}", True),
        (f"SENTINEL_HOME=$HOME/paper\n10 22 * * 1-5 {RUN}", True),
        ("SENTINEL_HOME=~/paper\n10 22 * * 1-5 sentinel --home ~/live evening-workflow", False),
        (f"# 10 22 * * 1-5 SENTINEL_HOME=$HOME/paper {RUN}", False),
        (f"10 22 * * 1-5 SENTINEL_HOME=$HOME/live {RUN}", False),
        (f"10 22 * * 1-5 cd ~nobody-at-all && {RUN}", False),
        (f"10 22 * * 1-5 {RUN}", False),  # cron starts in the user's own folder
        ("10 22 * * 1-5 sentinel --home $HOME/paper status", False),
        ("", False),
    ],
)
def test_a_crontab(user: Path, text: str, is_found: bool) -> None:
    crontab(user, text)
    assert len(timetable_of(user / "paper").cron_lines) == is_found


def test_a_home_that_is_the_users_own_folder_need_not_be_named(user: Path) -> None:
    crontab(user, f"10 22 * * 1-5 {RUN}")
    assert timetable_of(user).cron_lines == (f"10 22 * * 1-5 {RUN}",)


def test_no_crontab_and_no_cron_are_nothing(user: Path) -> None:
    assert timetable_of(user / "paper") == Timetable()
    crontab(user, f"10 22 * * 1-5 SENTINEL_HOME=$HOME/paper {RUN}", exit_code=1)
    assert timetable_of(user / "paper") == Timetable()


@pytest.mark.parametrize("is_named", [True, False])
def test_a_timer_counts_once_it_is_enabled(user: Path, is_named: bool) -> None:
    units = user / ".config" / "systemd" / "user"
    (units / "timers.target.wants").mkdir(parents=True)
    service = "evening.service" if is_named else "sentinel.service"
    (units / "sentinel.timer").write_text(f"[Timer]\nOnCalendar=daily\n{f'Unit={service}' if is_named else ''}\n")
    (units / service).write_text(f"[Service]\nWorkingDirectory=%h/paper\nExecStart={RUN}\n")
    (units / "other.timer").write_text("[Timer]\nOnCalendar=daily\n")
    assert timetable_of(user / "paper") == Timetable(idle_timers=("sentinel.timer",))
    (units / "timers.target.wants" / "sentinel.timer").symlink_to(units / "sentinel.timer")
    assert timetable_of(user / "paper") == Timetable(timers=("sentinel.timer",))
    assert timetable_of(user / "live") == Timetable()


def test_the_line_to_type_is_found_again(user: Path) -> None:
    odd = user / "my 100% home"
    odd.mkdir()
    line = crontab_line(user / "paper")
    assert line.startswith("10 16 * * 1-5 ")
    assert line.endswith(f" --home {user}/paper evening-workflow --non-interactive")
    assert "100\\% home'" in crontab_line(odd)
    crontab(user, line)
    assert timetable_of(user / "paper").cron_lines == (line,)
