"""The telemetry of an evening, as the exchange saw it."""

from sentinel.ledger import Ledger
from tests.commands.desk import Desk


def test_a_fortnight_in_figures(desk: Desk) -> None:
    assert desk.tells("runs")["runs"] == []
    assert "no run yet" in desk.types("runs").out
    desk.holds()
    desk.exchange.trade("MSFT", 3, "buy")
    assert desk.types("rescue-stops").exit_code == 0
    assert desk.types("evening-workflow").exit_code == 0
    desk.day("AAPL", "109")
    assert desk.types("update-trailing-stops", "--dry-run").exit_code == 0
    assert desk.types("update-trailing-stops").exit_code == 0
    desk.day("AAPL", "101")
    assert desk.types("evening-workflow").exit_code == 0
    told = desk.tells("runs")
    counts = ("entries_sent", "entries_filled", "stops_filled", "rescues_ok", "raises", "adopted")
    assert [(run["run_id"], run["command"], *(run[name] for name in counts)) for run in told["runs"]] == [
        (6, "evening-workflow", 0, 0, 1, 0, 0, 0),
        (5, "update-trailing-stops", 0, 0, 0, 0, 1, 0),
        (4, "evening-workflow", 0, 0, 0, 0, 0, 0),
        (3, "rescue-stops", 0, 0, 0, 1, 0, 1),
        (2, "evening-workflow", 0, 1, 0, 0, 0, 0),
        (1, "submit-entry-with-stop", 1, 0, 0, 0, 0, 0),
    ]
    totals = told["totals"]
    assert (totals["runs"], totals["clean"], totals["clean_pct"]) == (6, 6, "100.0")
    assert (totals["rescue_success_pct"], totals["raise_success_pct"]) == ("100.0", "100.0")
    assert totals["requests"] == sum(run["requests"] for run in told["runs"]) > 0
    assert {run["source"] for run in told["runs"]} == {"cron"}
    assert told["runs"][0]["session"] == "2026-03-05"


def test_the_newest_come_first_and_no_more_than_asked_for(desk: Desk) -> None:
    for _ in range(3):
        assert desk.types("rescue-stops").exit_code == 0
    assert [run["run_id"] for run in desk.tells("runs", "--limit", "2")["runs"]] == [3, 2]
    assert desk.types("runs", "--limit", "0").exit_code == 2


def test_a_run_that_was_cut_off_has_no_end(desk: Desk) -> None:
    with Ledger.open(desk.home / "sentinel.db") as ledger:
        ledger.begin_run("evening-workflow", "cron")
    (run,) = desk.tells("runs")["runs"]
    assert (run["ended_at"], run["duration_seconds"], run["exit_code"]) == (None, None, None)
    assert desk.tells("runs")["totals"]["clean_pct"] is None
