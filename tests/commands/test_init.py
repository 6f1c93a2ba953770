"""A home is made once, completely, and never overwritten."""

import stat
from pathlib import Path

import pytest

from tests.commands.desk import Desk

HOME = {"sentinel.toml", "sentinel.db", "sentinel.lock", "backups", "logs", "reports"}


def test_a_new_home_holds_everything_and_names_the_next_step(desk: Desk, tmp_path: Path) -> None:
    desk.home = tmp_path / "a new home"
    answer = desk.types("init")
    assert (answer.exit_code, answer.err) == (0, "")
    assert {path.name for path in desk.home.iterdir()} == HOME
    assert stat.S_IMODE((desk.home / "sentinel.db").stat().st_mode) == 0o600
    assert f"next: sentinel --home '{desk.home}' submit-entry-with-stop" in answer.out
    assert desk.types("approvals", "list").exit_code == 0


def test_doing_it_twice_changes_nothing(desk: Desk) -> None:
    before = desk.files()
    answer = desk.types("init")
    assert (answer.exit_code, desk.files()) == (0, before)
    assert "is a home already (sim)" in answer.out


def test_what_is_missing_is_made_again(desk: Desk) -> None:
    (desk.home / "reports").rmdir()
    assert desk.tells("init")["made"] == ["reports"]
    assert (desk.home / "reports").is_dir()


@pytest.mark.parametrize("mode", ["paper", "live"])
def test_another_mode_is_refused(desk: Desk, mode: str) -> None:
    before = desk.files()
    answer = desk.types("init", "--mode", mode, "--i-understand-live")
    assert (answer.exit_code, desk.files()) == (3, before)
    assert "already a home for the sim account" in answer.err


def test_a_home_for_the_live_account_is_not_made_by_chance(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("APCA_API_KEY_ID")
    monkeypatch.delenv("APCA_API_SECRET_KEY")
    desk.home = tmp_path / "live"
    answer = desk.types("init", "--mode", "live")
    assert answer.exit_code == 3
    assert "--i-understand-live" in answer.err
    assert not desk.home.exists()
    assert desk.types("init", "--mode", "live", "--i-understand-live").exit_code == 0
    assert desk.tells("init")["mode"] == "live"


def test_keys_are_tried(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.home = tmp_path / "paper"
    assert desk.tells("init", "--mode", "paper")["account"] == "PA0SIMULATOR"
    monkeypatch.setenv("APCA_API_SECRET_KEY", "wrong")
    answer = desk.types("init")
    assert answer.exit_code == 4
    assert "refused the keys" in answer.err


def test_a_rehearsal_makes_nothing(desk: Desk, tmp_path: Path) -> None:
    desk.home = tmp_path / "later"
    assert "would make sentinel.toml" in desk.types("init", "--dry-run").out
    assert not desk.home.exists()


@pytest.mark.parametrize("named", ["variable", "folder"])
def test_the_home_may_be_named_otherwise(desk: Desk, monkeypatch: pytest.MonkeyPatch, named: str) -> None:
    from sentinel.cli import main

    if named == "variable":
        monkeypatch.setenv("SENTINEL_HOME", str(desk.home))
    else:
        monkeypatch.chdir(desk.home)
    assert main(["approvals", "list"]) == 0
