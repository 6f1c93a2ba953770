"""A live home sends nothing until it is armed by account number; after the days are over, protection goes on alone."""

import stat
import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sentinel.settings.arming import ARMING_FILE
from tests.commands.desk import Desk
from tests.commands.test_every_command import RUNS

NUMBER = "PA0SIMULATOR"
SENDS = [*RUNS, "submit-entry-with-stop AAPL 100.00 7", "adopt AAPL", "approvals approve 1", "approvals reject 1"]


@pytest.fixture
def live(desk: Desk, tmp_path: Path) -> Desk:
    """A home in mode live, on the exchange the environment names on this machine; nobody has armed it."""
    desk.home = tmp_path / "live"
    assert desk.types("init", "--mode", "live", "--i-understand-live").exit_code == 0
    return desk


def armed(desk: Desk, days: float = 30, number: str = NUMBER) -> None:
    """As `sentinel arm` has left it so many days before the end; a past one is negative."""
    until = datetime.now(UTC) + timedelta(days=days)
    file = desk.home / ARMING_FILE
    file.write_text(f'account = "{number}"\nuntil = {until:%Y-%m-%dT%H:%M:%SZ}\n', encoding="utf-8")
    file.chmod(0o600)


def test_a_home_nobody_armed_sends_nothing_and_names_the_line_to_type(live: Desk) -> None:
    live.exchange.trade("AAPL", 7, "buy", "100")
    before, seen = live.files(), live.exchange.state()["requests"]
    for typed in SENDS:
        answer = live.types(*typed.split())
        assert (answer.exit_code, answer.out) == (3, ""), typed
        assert "nobody has armed" in answer.err
        assert "do: sentinel arm ACCOUNT_NUMBER" in answer.err
    assert live.exchange.state()["requests"] == seen, "not even a question was asked"
    assert live.files() == before


@pytest.mark.parametrize("typed", ["evening-workflow --dry-run", "status", "status --live", "halt --reason x", "runs"])
def test_looking_and_halting_need_no_arming(live: Desk, typed: str) -> None:
    live.exchange.trade("AAPL", 7, "buy", "100")
    assert live.types(*typed.split()).exit_code in (0, 1)
    assert live.mutations() == []


def test_a_rehearsal_says_that_the_real_run_would_send_nothing(live: Desk) -> None:
    document = live.tells("evening-workflow", "--dry-run")
    assert [finding["code"] for finding in document["findings"]] == ["not_armed"]


def test_arming_names_the_account_and_lasts_a_while(live: Desk) -> None:
    document = live.tells("arm", NUMBER)
    file = live.home / ARMING_FILE
    told = tomllib.loads(file.read_text("utf-8"))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert told["account"] == document["account"] == NUMBER
    assert timedelta(days=29) < told["until"] - datetime.now(UTC) < timedelta(days=30)
    live.holds()
    assert live.tells("doctor")["exit_code"] in (0, 1)
    again = live.tells("arm", NUMBER, "--days", "90")
    assert datetime.fromisoformat(again["until"]) > told["until"] + timedelta(days=59)


@pytest.mark.parametrize("number", ["123456789", "PA0SIMULATOr", "PA0SIMULATOR ", ""])
def test_another_account_is_not_armed(live: Desk, number: str) -> None:
    answer = live.types("arm", number)
    assert answer.exit_code == 3
    assert "nothing was armed" in answer.err
    assert not (live.home / ARMING_FILE).exists()


@pytest.mark.parametrize("typed", [["arm"], ["arm", NUMBER, "--days", "91"], ["arm", NUMBER, "--days", "0"]])
def test_arming_wants_a_number_and_an_end(live: Desk, typed: list[str]) -> None:
    assert live.types(*typed).exit_code == 2
    assert not (live.home / ARMING_FILE).exists()


def test_a_rehearsed_arming_writes_nothing(live: Desk) -> None:
    before = live.files()
    assert "would arm live account PA0SIMULATOR" in live.types("arm", NUMBER, "--dry-run").out
    assert live.files() == before
    armed(live)
    before = live.files()
    assert "would disarm" in live.types("disarm", "--dry-run").out
    assert live.files() == before


def test_refused_keys_arm_nothing(live: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("APCA_API_SECRET_KEY", "wrong")
    assert live.types("arm", NUMBER).exit_code == 4
    assert not (live.home / ARMING_FILE).exists()


@pytest.mark.parametrize("mode", ["sim", "paper"])
def test_practice_needs_no_arming(desk: Desk, tmp_path: Path, mode: str) -> None:
    desk.home = tmp_path / mode
    assert desk.types("init", "--mode", mode).exit_code == 0
    answer = desk.types("arm", NUMBER)
    assert answer.exit_code == 2
    assert "needs no arming" in answer.err
    desk.holds()


def test_armed_for_another_account_sends_nothing(live: Desk) -> None:
    armed(live, number="123456789")
    live.exchange.trade("AAPL", 7, "buy", "100")
    for typed in (*RUNS, "submit-entry-with-stop AAPL 100.00 7"):
        answer = live.types(*typed.split())
        assert answer.exit_code == 3
        assert "armed for live account 123456789, but the keys open PA0SIMULATOR" in answer.err
    assert live.mutations() == []


def test_an_expired_arming_still_protects_and_neither_enters_nor_takes_profit(live: Desk) -> None:
    armed(live)
    live.holds()
    armed(live, -0.01)
    live.exchange.trade("MSFT", 2, "buy", "400")  # naked
    live.day("AAPL", "117")  # two stairs up, and past the target
    sent = len(live.mutations())
    document = live.tells("evening-workflow")
    assert (document["exit_code"], document["coverage"]["shares_protected"]) == (0, 9)
    assert {deed["verb"] for deed in document["actions"]} >= {"place_stop", "raise_stop", "offer_exit"}
    (finding,) = [finding for finding in document["findings"] if finding["code"] == "arming_expired"]
    assert finding["severity"] == "warning"
    assert "sentinel arm ACCOUNT_NUMBER" in finding["remedy"]
    assert {order["method"] for order in live.mutations()[sent:]} == {"POST", "PATCH"}
    (asked,) = document["approvals"]
    sent = len(live.mutations())
    for typed in ("submit-entry-with-stop AAPL 100.00 1", f"approvals approve {asked['id']}"):
        answer = live.types(*typed.split())
        assert answer.exit_code == 3
        assert "was armed until" in answer.err
    assert len(live.mutations()) == sent
    assert live.tells("approvals", "list")["approvals"][0]["state"] == "waiting"


def test_a_sale_approved_before_the_end_waits_for_a_new_arming(live: Desk) -> None:
    armed(live)
    live.holds()
    live.day("AAPL", "117")
    (asked,) = live.tells("evening-workflow")["approvals"]
    live.exchange.modes(after_hours_cancel="pending")
    assert live.types("approvals", "approve", str(asked["id"])).exit_code in (0, 1)
    armed(live, -0.01)
    live.opens("AAPL", "117")
    assert [deed["verb"] for deed in live.tells("check-profit-taking")["actions"] if deed["outcome"] == "done"] == []
    assert not [order for order in live.exchange.state()["orders"] if order["type"] == "market"]
    assert live.tells("arm", NUMBER)["exit_code"] == 0
    assert "close_position" in [deed["verb"] for deed in live.tells("check-profit-taking")["actions"]]
    live.exchange.modes(after_hours_cancel="immediate")


def test_the_last_week_is_told(live: Desk) -> None:
    armed(live, 6.9)
    document = live.tells("evening-workflow")
    assert [(finding["code"], finding["severity"]) for finding in document["findings"]] == [("arming_ends", "info")]
    armed(live, 7.1)
    assert live.tells("evening-workflow")["findings"] == []


def test_disarmed_it_sends_nothing_and_leaves_the_stops(live: Desk) -> None:
    armed(live)
    live.holds()
    sent = len(live.mutations())
    assert "stops at the broker stay" in live.types("disarm").out
    assert not (live.home / ARMING_FILE).exists()
    assert "nothing is armed" in live.types("disarm").out
    assert live.types("evening-workflow").exit_code == 3
    assert len(live.mutations()) == sent
    assert [order["status"] for order in live.exchange.state()["orders"] if order["type"] == "stop"] == ["new"]


def test_no_ledger_arms_or_disarms(live: Desk) -> None:
    armed(live)
    live.holds()
    copy = live.tells("backup")["copy"]
    live.types("disarm")
    assert live.types("restore", copy).exit_code in (0, 1, 3)
    assert live.types("evening-workflow").exit_code == 3, "a copy made while it was armed arms nothing"
    armed(live)
    (live.home / "sentinel.db").unlink()
    assert live.types("init").exit_code == 0
    assert live.types("evening-workflow").exit_code in (0, 1), "a lost ledger disarms nothing"


FAR = "2999-01-01T00:00:00Z"
DAMAGED = [
    ("", 0o600, "does not say which account"),
    ("account = ", 0o600, "does not say which account"),
    (f'account = "{NUMBER}"\n', 0o600, "does not say which account"),
    (f'account = "{NUMBER}"\nuntil = "2999-01-01"\n', 0o600, "does not say which account"),
    (f'account = "{NUMBER}"\nuntil = 2999-01-01T00:00:00\n', 0o600, "does not say which account"),
    (f"account = 7\nuntil = {FAR}\n", 0o600, "does not say which account"),
    (f'account = "{NUMBER}"\nuntil = {FAR}\n', 0o600, "for more than 90 days"),
    (f'account = "{NUMBER}"\nuntil = 2026-01-01T00:00:00Z\n', 0o660, "others can read or change"),
]


@pytest.mark.parametrize(("text", "mode", "words"), DAMAGED)
def test_an_arming_that_cannot_be_believed_arms_nothing(live: Desk, text: str, mode: int, words: str) -> None:
    (live.home / ARMING_FILE).write_text(text)
    (live.home / ARMING_FILE).chmod(mode)
    answer = live.types("evening-workflow")
    assert answer.exit_code == 3
    assert words in answer.err
    assert live.mutations() == []


#  days left, how the doctor calls it, what it ends with
@pytest.mark.parametrize(
    ("days", "health", "words"),
    [
        (None, "fail", "nobody has armed"),
        (-1, "warn", "was armed until"),
        (3, "warn", "only"),
        (30, "ok", NUMBER),
    ],
)
def test_the_doctor_knows(live: Desk, days: float | None, health: str, words: str) -> None:
    if days is not None:
        armed(live, days)
    (check,) = [check for check in live.tells("doctor")["checks"] if check["name"] == "arming"]
    assert check["health"] == health
    assert words in check["message"]


def test_paper_and_live_do_not_mix_even_under_one_number(live: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    armed(live)
    live.holds()
    sent = len(live.mutations())
    monkeypatch.setenv("SENTINEL_BROKER__MODE", "paper")
    answer = live.types("evening-workflow")
    assert answer.exit_code == 3
    assert f"this ledger belongs to live account {NUMBER}, but the keys open paper account {NUMBER}" in answer.err
    assert len(live.mutations()) == sent
