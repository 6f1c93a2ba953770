"""What an evening opens with, and what the records tell of it afterwards: news, figures, lives of stops."""

from decimal import Decimal
from typing import Any

import pytest

from tests.stories.conftest import Answer, Stage
from tests.stories.test_by_phone import order_by_phone


def away(answer: Answer) -> dict[str, Any]:
    told: dict[str, Any] = answer.document["while_away"]
    return told


def news(answer: Answer, *names: str) -> list[tuple[Any, ...]]:
    """Of each piece of news its kind, its symbol, and what else is asked for."""
    return [tuple(piece[name] for name in ("kind", "symbol", *names)) for piece in away(answer)["news"]]


def opening(stage: Stage) -> str:
    """What the screen of an evening says, its line breaks taken out."""
    return " ".join(stage.types("evening-workflow --non-interactive").out.split())


def days_away(stage: Stage, *prices: str) -> None:
    """Sessions of AAPL; in the first of them MSFT trades at 100."""
    stage.bar("MSFT", "100 101 99 100")
    for day in prices:
        stage.day("AAPL", day)


def test_the_first_look_has_no_news(stage: Stage) -> None:
    stage.exchange.trade("AAPL", 7, "buy", 100)
    first = stage.types("evening-workflow --non-interactive")
    assert "away" not in first.out
    assert "session since" not in first.out
    stage.exchange.trade("MSFT", 3, "buy", 100)
    assert away(stage.evening())["last_look"].startswith("2026-03-02T21:00:00")


def test_a_first_run_of_a_home_says_null(stage: Stage) -> None:
    assert away(stage.evening()) is None


def test_an_evening_without_a_session_says_so_and_still_verifies(stage: Stage) -> None:
    stage.holds()
    quiet = stage.evening()
    assert away(quiet) == {"last_look": "2026-03-03T21:00:00Z", "sessions": [], "missed": 0, "news": []}
    assert (quiet.exit_code, quiet.states) == (0, {"AAPL": "protected"})
    screen = opening(stage)
    assert "No session since the last look (3 Mar 2026 21:00 UTC); nothing is new" in screen
    assert "the one position covered: 7 of 7 shares" in screen


@pytest.mark.parametrize("command", ["update-trailing-stops", "reconcile-fills", "check-profit-taking"])
def test_an_evening_tells_what_a_command_since_the_last_one_has_met(stage: Stage, command: str) -> None:
    stage.holds()
    stage.day("AAPL", "100 101 99 100")
    stage.day("AAPL", "91 91 90 91")
    assert stage.tells(command).exit_code == 0
    evening = stage.evening()
    assert news(evening, "gain_usd", "r_multiple") == [("stopped_out", "AAPL", "-63.00", "-1.12")]
    assert away(evening)["missed"] == 1


def test_a_quiet_session_is_one_line(stage: Stage) -> None:
    stage.holds()
    stage.day("AAPL", "100 101 99 100")
    lines = stage.types("evening-workflow --non-interactive").out.splitlines()
    assert lines[2] == "Nothing new in 1 session since Tue 3 Mar 2026"
    assert not any("While you were away" in line for line in lines)


def test_a_week_away_is_told_with_fills_prices_slippage_and_r(stage: Stage) -> None:
    stage.holds("AAPL")
    stage.enters("MSFT 100.00 5")
    stage.enters("TSLA 90.00 5")
    days_away(stage, "100 101 99 100", "89 90 88 89.50", "90 91 89 90", "90 91 89 90")
    evening = stage.evening()
    assert away(evening)["sessions"] == ["2026-03-04", "2026-03-05", "2026-03-06", "2026-03-09"]
    assert away(evening)["missed"] == 3
    wanted = ("qty", "price", "own_price", "slippage", "gain_usd", "r_multiple")
    assert news(evening, *wanted) == [
        ("entry_filled", "MSFT", 5, "100.00", None, None, None, None),
        ("stopped_out", "AAPL", 7, "89.00", "92.00", "-3.00", "-77.00", "-1.38"),
    ]
    assert away(evening)["news"][1]["at"].startswith("2026-03-05")


def test_the_screen_of_a_week_away(stage: Stage) -> None:
    stage.holds("AAPL")
    stage.enters("MSFT 100.00 5")
    days_away(stage, "100 101 99 100", "89 90 88 89.50", "90 91 89 90")
    screen = opening(stage)
    assert "While you were away, 3 sessions since Tue 3 Mar 2026, 2 evenings missed:" in screen
    assert "MSFT entry filled: 5 shares at 100.00" in screen
    assert "AAPL stopped out: 7 shares at 89.00, 3.00 worse than its 92.00 (-3.26 %); lost $77.00, -1.38 R" in screen
    assert screen.count("stopped out") == screen.count("89.00") == 1, "told once, not again among what was done"


def test_what_was_traded_by_hand_is_news(stage: Stage) -> None:
    stage.holds("AAPL")
    stage.holds("MSFT")
    stage.exchange.trade("AAPL", 3, "buy", 100)
    stage.exchange.trade("MSFT", 7, "sell", 103)
    stage.exchange.trade("TSLA", 2, "buy", 100)
    stage.day("AAPL", "100 101 99 100")
    evening = stage.evening()
    assert sorted(news(evening, "qty", "price", "gain_usd", "r_multiple")) == [
        ("adopted", "TSLA", 2, "100.00", None, None),
        ("gone", "MSFT", 7, "103.00", "21.00", "0.38"),
        ("resized", "AAPL", 10, None, None, None),
    ]


def test_a_split_is_news_and_its_stop_is_none(stage: Stage) -> None:
    stage.holds()
    stage.exchange.action(split={"symbol": "AAPL", "ratio": 4})
    assert news(stage.evening(), "qty") == [("split", "AAPL", 28)]


def test_a_change_of_symbol_is_news(stage: Stage) -> None:
    stage.holds()
    stage.exchange.action(rename={"symbol": "AAPL", "to": "APPL"})
    evening = stage.evening()
    assert news(evening, "qty") == [("renamed", "APPL", 7)]
    assert stage.tells("runs").document["runs"][0]["synced"] == 1


def test_a_sale_that_filled_at_the_open_is_news(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SENTINEL_BROKER__AFTER_HOURS_CANCEL", "immediate")
    stage.holds()
    stage.day("AAPL", "116 118 115 117")
    stage.evening()
    assert stage.tells("approvals approve 1").exit_code == 0
    stage.day("AAPL", "118 119 117 118")
    evening = stage.evening()
    assert news(evening, "qty", "price", "gain_usd", "r_multiple") == [("sold", "AAPL", 7, "118.00", "126.00", "2.25")]


def test_an_entry_that_will_never_fill_is_news(stage: Stage) -> None:
    stage.enters("AAPL 90.00 7")
    (entry,) = [order for order in stage.orders() if order["side"] == "buy"]
    stage.exchange.action(cancel={"order_id": entry["id"]})
    stage.day("AAPL", "100 101 99 100")
    evening = stage.evening()
    assert news(evening, "qty", "price", "because") == [("entry_ended", "AAPL", 7, "90.00", "canceled")]


def test_what_a_run_that_was_cut_off_found_out_is_told_by_the_next(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SENTINEL_BROKER__READ_ATTEMPTS", "1")
    stage.holds()
    stage.day("AAPL", "91 92 90 91")
    stage.exchange.faults([{"method": "GET", "path": "/v2/positions$", "nth": 2, "kind": "500"}])
    assert stage.evening().exit_code == 4
    stage.exchange.faults([])
    again = stage.evening()
    assert (again.exit_code, news(again, "price")) == (0, [("stopped_out", "AAPL", "91.00")])
    assert news(stage.evening()) == []


def test_a_rehearsal_has_the_same_news_and_leaves_them_to_the_evening(stage: Stage) -> None:
    stage.holds()
    stage.day("AAPL", "91 92 90 91")
    assert news(stage.tells("evening-workflow --dry-run")) == news(stage.evening()) == [("stopped_out", "AAPL")]


def test_a_month_away_asks_the_calendar_once_and_counts_every_session(stage: Stage) -> None:
    stage.holds()
    requests = stage.evening().document["requests"]
    stage.exchange.advance(sessions=25)
    evening = stage.evening()
    assert (len(away(evening)["sessions"]), away(evening)["missed"]) == (25, 24)
    assert evening.document["requests"] == requests


def test_in_the_middle_of_a_session_it_is_not_over(stage: Stage) -> None:
    stage.holds()
    stage.bar("AAPL", "100 101 99 100")
    stage.exchange.advance(to="open")
    assert (away(stage.evening())["sessions"], away(stage.evening())["missed"]) == (["2026-03-04"], 0)
    stage.exchange.advance(to="close")
    assert away(stage.evening())["sessions"] == ["2026-03-04"], "its rest is news again"


def test_every_figure_of_the_runs(stage: Stage) -> None:
    stage.holds("AAPL")
    stage.holds("MSFT")
    stage.holds("TSLA")
    stage.exchange.action(cancel={"order_id": stage.stop("MSFT")["id"]})
    stage.exchange.trade("TSLA", 7, "sell", 100)
    stage.exchange.trade("AAPL", 3, "buy", 100)
    stage.exchange.faults([{"method": "POST", "path": "/v2/orders$", "nth": 1, "kind": "drop_before"}])
    evening = stage.evening()
    stage.exchange.faults([])
    assert evening.exit_code in (0, 1)
    stage.day("AAPL", "108 110 107 109")
    stage.evening()
    told = stage.tells("runs").document
    last, before = told["runs"][:2]
    assert (before["synced"], before["ghosts_closed"], before["orphans"]) == (1, 1, 1)
    assert before["rescues_attempted"] == before["rescues_ok"] + before["rescues_failed"] >= 2
    assert last["raises"] + last["owed"] >= 1
    assert {run["source"] for run in told["runs"]} == {"cron"}
    entered = [run for run in told["runs"] if run["fills"]]
    assert [run["entries_filled"] for run in entered] == [1, 1, 1]
    totals = told["totals"]
    for name in ("fills", "synced", "ghosts_closed", "orphans", "raises", "owed", "requests", "rescues_attempted"):
        assert totals[name] == sum(run[name] for run in told["runs"]), name
    assert Decimal(totals["rescue_success_pct"]) > 0
    assert all(run["duration_seconds"] >= 0 and run["exit_code"] is not None for run in told["runs"])


def test_what_was_done_to_stops_by_hand_is_news(stage: Stage) -> None:
    for symbol in ("AAPL", "MSFT", "TSLA"):
        stage.holds(symbol)
    stage.exchange.action(replace={"order_id": stage.stop("AAPL")["id"], "stop_price": "85"})
    stage.exchange.action(replace={"order_id": stage.stop("MSFT")["id"], "stop_price": "97"})
    stage.exchange.action(cancel={"order_id": stage.stop("TSLA")["id"]})
    evening = stage.evening()
    assert evening.states == dict.fromkeys(("AAPL", "MSFT", "TSLA"), "protected")
    assert sorted(news(evening, "own_price", "price")) == [
        ("stop_cancelled", "TSLA", None, "92.00"),
        ("stop_lowered", "AAPL", "92.00", "85.00"),
        ("stop_raised", "MSFT", "92.00", "97.00"),
    ]
    assert away(evening)["sessions"] == [], "and all that without a session"
    stage.day("AAPL", "100 101 99 100")
    assert news(stage.evening()) == [], "what Sentinel put right is no news of the next evening"


def test_a_stop_of_the_traders_own_is_news_once(stage: Stage) -> None:
    stage.exchange.trade("AAPL", 7, "buy", 100)
    assert stage.evening().exit_code == 0
    stage.exchange.action(cancel={"order_id": stage.stop()["id"]})
    order_by_phone(stage, type="stop", stop_price="95")
    assert sorted(news(stage.evening(), "price")) == [
        ("stop_cancelled", "AAPL", "92.00"),
        ("stop_placed", "AAPL", "95.00"),
    ]
    stage.day("AAPL", "100 101 99 100")
    assert news(stage.evening()) == []
