"""Status answers from the ledger alone: what is held, what protects it, what waits, how old the news is."""

import os
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from sentinel.domain.book import Owed, OwedKind
from sentinel.domain.coverage import Coverage
from sentinel.domain.orders import Side
from sentinel.ledger import Ledger
from tests.commands.desk import Desk

COUNTS = ("positions", "protected", "shares", "shares_protected")


def test_a_position_with_its_stop_and_its_next_stair(desk: Desk) -> None:
    desk.holds()
    desk.day("AAPL", "101")
    assert desk.types("reconcile-positions").exit_code == 0
    counts = desk.exchange.state()["requests"]["counts"]
    document = desk.tells("status")
    assert desk.exchange.state()["requests"]["counts"] == counts
    (held,) = document["positions"]
    assert held | {"stop_expires_at": "", "opened_at": ""} == {
        "symbol": "AAPL",
        "side": "buy",
        "qty": 7,
        "entry_price": "100.00",
        "last_price": "101.00",
        "gain_usd": "7.00",
        "gain_pct": "1.00",
        "stop_price": "92.00",
        "locked_usd": "-56.00",
        "locked_pct": "-8.00",
        "next_stair": {"gain_pct": "8.00", "price": "108.00", "stop_price": "102.00"},
        "state": "protected",
        "is_covered": True,
        "stop_expires_at": "",
        "opened_at": "",
        "is_adopted": False,
        "named_at": None,
        "is_ignored": False,
        "is_breached": False,
    }
    assert document["last_run"]["exit_code"] == 0
    screen = desk.types("status").out
    assert "7 of 7" in screen
    assert "next stair +8.0 % at 108.00 lifts the stop to 102.00" in " ".join(screen.split())
    assert screen.splitlines()[-1] == "the one position covered as of 4 Mar 2026 21:00 UTC: 7 of 7 shares"


def test_what_waits(desk: Desk) -> None:
    assert desk.types("submit-entry-with-stop", "AAPL", "100", "7").exit_code == 0
    with Ledger.open(desk.home / "sentinel.db") as ledger:
        ledger.halt("[bold]vacation", datetime.now(UTC))
    document = desk.tells("status")
    (entry,) = document["entries"]
    assert (entry["symbol"], entry["qty"], entry["limit_price"], entry["stop_price"]) == ("AAPL", 7, "100.00", "92.00")
    assert document["halt"] == "[bold]vacation"
    screen = desk.types("status").out
    assert "entry of 7 shares at 100.00, stop 92.00" in screen
    assert "HALTED: [bold]vacation" in screen


def test_an_uncovered_position_is_the_exit_code(desk: Desk) -> None:
    desk.exchange.trade("MSFT", 3, "buy")
    assert desk.types("reconcile-positions").exit_code == 1
    answer = desk.types("status")
    assert answer.exit_code == 1
    assert "NOT COVERED as of 2 Mar 2026 21:00 UTC: MSFT 3 of 3 shares" in answer.out
    assert desk.types("rescue-stops").exit_code == 0
    assert desk.types("status").exit_code == 0


def test_a_run_that_was_cut_off_is_told(desk: Desk) -> None:
    desk.holds()
    with Ledger.open(desk.home / "sentinel.db") as ledger:
        ledger.begin_run("rescue-stops", "cron")
    document = desk.tells("status")
    assert document["exit_code"] == 1
    assert [finding["code"] for finding in document["findings"]] == ["run_cut_off"]


@pytest.mark.parametrize(("hand", "exit_code"), [("sell", 0), ("buy", 1)])
def test_live_asks_the_broker_and_changes_nothing(desk: Desk, hand: str, exit_code: int) -> None:
    desk.holds()
    desk.exchange.trade("AAPL" if hand == "sell" else "MSFT", 7, hand)
    before, sent = desk.files(), desk.mutations()
    assert desk.types("status").exit_code == 0
    assert desk.types("status", "--live").exit_code == exit_code
    assert (desk.files(), desk.mutations()) == (before, sent)


def test_where_nobody_has_looked_nothing_is_known(desk: Desk) -> None:
    answer = desk.types("status")
    assert answer.exit_code == 1
    assert answer.out.splitlines()[-1] == "unknown: no run has looked at the broker yet"
    assert "nothing is held" not in answer.out
    document = desk.tells("status")
    assert document["exit_code"] == 1
    assert document["coverage"] == dict.fromkeys(COUNTS) | {"rows": []}
    assert [finding["code"] for finding in document["findings"]] == ["never_looked"]


@pytest.mark.parametrize("seen", [True, False])
def test_an_evening_that_died_before_its_look_is_told(desk: Desk, monkeypatch: pytest.MonkeyPatch, seen: bool) -> None:
    if seen:
        desk.holds()
    with monkeypatch.context() as patch:
        patch.setenv("APCA_API_SECRET_KEY", "wrong")
        assert desk.types("evening-workflow").exit_code == 4
        assert desk.types("submit-entry-with-stop", "MSFT", "400").exit_code == 4
    answer = desk.types("status")
    screen = " ".join(answer.out.split())
    assert answer.exit_code == 1
    assert "the last evening FAILED: the broker refused the keys" in screen
    assert "(less than a minute ago)" in screen
    assert ("what follows is from 3 Mar 2026 21:00 UTC" in screen) == seen
    assert answer.out.splitlines()[-1].startswith("the one position covered as of" if seen else "unknown")
    (failed, *_) = desk.tells("status")["findings"]
    assert (failed["code"], failed["severity"]) == ("run_failed", "alarm")
    assert "key" in failed["remedy"]
    # A good look later, whatever the command, and the failure is history.
    assert desk.types("reconcile-fills").exit_code == 0
    assert desk.types("status").exit_code == 0


def test_a_run_that_left_no_word_was_cut_off(desk: Desk) -> None:
    desk.holds()
    log = max((desk.home / "logs").glob("*-evening-workflow-*.jsonl"))
    later = f"{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}"
    (desk.home / "logs" / f"{later}-rescue-stops-999999999.jsonl").write_text('{"event": "reaching')
    assert log.name < later
    answer = desk.types("status")
    assert answer.exit_code == 1
    assert "the last run (rescue-stops) FAILED: it was cut off" in answer.out


def test_a_run_at_work_has_not_failed(desk: Desk) -> None:
    desk.holds()
    later = f"{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}"
    (desk.home / "logs" / f"{later}-rescue-stops-{os.getpid()}.jsonl").write_text('{"event": "looking"}\n')
    assert desk.types("status").exit_code == 0


@pytest.mark.parametrize(("mode", "days", "exit_code"), [("paper", 5, 1), ("paper", 3, 0), ("sim", 5, 0)])
def test_a_look_long_ago_is_not_believed(desk: Desk, mode: str, days: int, exit_code: int) -> None:
    (desk.home / "sentinel.toml").write_text(f'[broker]\nmode = "{mode}"\n')
    then = datetime.now(UTC) - timedelta(days=days)
    with Ledger.open(desk.home / "sentinel.db") as ledger:
        run_id = ledger.begin_run("evening-workflow", "cron", started_at=then)
        ledger.record_coverage(run_id, Coverage(), then)
        ledger.end_run(run_id, 0, 9, ended_at=then)
    answer = desk.types("status")
    assert answer.exit_code == exit_code
    assert ("no run has looked at the broker for 5 days" in " ".join(answer.out.split())) == bool(exit_code)
    assert f"nothing is held, nothing needs a stop as of {then.day} {then:%b %Y}" in " ".join(answer.out.split())


def test_what_was_cut_off_is_not_verified(desk: Desk) -> None:
    desk.holds()
    with Ledger.open(desk.home / "sentinel.db") as ledger:
        now = datetime.now(UTC)
        ledger.open_trade("MSFT", Side.BUY, Decimal(3), Decimal(400), Decimal(368), now, "asset", True)
        ledger.begin_run("evening-workflow", "hand")
    answer = desk.types("status")
    assert answer.exit_code == 1
    assert "? of 3" in answer.out
    assert "0 of 3" not in answer.out
    assert answer.out.splitlines()[-1] == "NOT VERIFIED: MSFT ? of 3 shares, no run has looked at it yet"
    assert not [line for line in answer.out.splitlines() if line.strip() == "MSFT"]


def test_live_speaks_of_now(desk: Desk) -> None:
    answer = desk.types("status", "--live")
    assert answer.exit_code == 0
    assert "no run yet" not in answer.out
    assert "--live" not in answer.out
    assert "asked just now" in answer.out
    desk.holds()
    assert "--live" not in desk.types("status", "--live").out


def test_whose_a_position_is(desk: Desk) -> None:
    desk.exchange.trade("AAPL", 7, "buy")
    desk.exchange.trade("MSFT", 3, "buy")
    assert desk.types("evening-workflow").exit_code == 0
    screen = " ".join(desk.types("status").out.split())
    assert "adopted: name it with `sentinel adopt AAPL`" in screen
    with Ledger.open(desk.home / "sentinel.db") as ledger:
        aapl, msft = ledger.open_trades()
        ledger.write_trade(replace(aapl, named_at=datetime.now(UTC)))
        ledger.write_trade(replace(msft, named_at=datetime.now(UTC), is_ignored=True))
    screen = " ".join(desk.types("status").out.split())
    assert "adopted: name it" not in screen
    assert screen.count("ignored: protected, never raised or offered") == 1
    assert screen.count("next stair") == screen.count("the stop risks") - 1
    told = {
        held["symbol"]: (held["named_at"] is None, held["is_ignored"]) for held in desk.tells("status")["positions"]
    }
    assert told == {"AAPL": (False, False), "MSFT": (False, True)}


def test_an_old_level_is_called_protected_with_the_age_of_what_is_owed(desk: Desk) -> None:
    desk.exchange.modes(after_hours_stops="accepted")
    desk.holds()
    for price in ("109", "110"):
        desk.day("AAPL", price)
        assert desk.types("evening-workflow").exit_code == 0
    document, screen = desk.tells("status"), " ".join(desk.types("status").out.split())
    assert document["coverage"]["rows"][0]["state"] == "protected_old_level"
    assert [(owed["price"], owed["evenings"]) for owed in document["owed"]] == [("102.00", 2)]
    assert "protected at the old level, raise to 102.00 owed for 2 evenings (since Wed 4 Mar 2026: the broker" in screen
    assert "the stop expires " in screen


def test_what_is_owed_is_in_words(desk: Desk) -> None:
    desk.holds()
    today = date(2026, 3, 3)
    with Ledger.open(desk.home / "sentinel.db") as ledger:
        ledger.write_owed(Owed(OwedKind.RAISE, "AAPL", Decimal("102"), Decimal(7), "the broker said no", today, today))
        ledger.write_owed(Owed(OwedKind.EXIT, "AAPL", Decimal("99"), Decimal(1), "closed", today, today))
    screen = " ".join(desk.types("status").out.split())
    assert "AAPL raise to 102.00 owed for 1 evening (since Tue 3 Mar 2026: the broker said no)" in screen
    words = "sale of 1 share still to do: run again while the market is open, or its stop at 92.00 sells it"
    assert words in screen


def test_a_ledger_of_another_mode_is_an_alarm(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.holds()
    assert desk.types("status").exit_code == 0
    monkeypatch.setenv("SENTINEL_BROKER__MODE", "paper")
    answer = desk.types("status")
    words = " ".join(answer.out.split())
    assert (answer.exit_code, "the ledger belongs to a sim account, and the settings say paper" in words) == (1, True)
    assert 'do: set mode = "sim" again' in words
