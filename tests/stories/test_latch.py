"""The pause that remembers: what keeps going wrong pauses entries, and nothing but entries, until resumed."""

import pytest

from sentinel.ledger import Ledger
from tests.stories.test_hands import findings

REFUSE = {"method": "POST", "path": "/v2/orders$", "nth": None}


def pause_of(stage):
    with Ledger.open_read_only(stage.home / "sentinel.db") as ledger:
        return ledger.latch_reason()


def refused_entry(stage):
    sent = stage.mutations()
    refused = stage.types("submit-entry-with-stop MSFT 100.00 7")
    assert (refused.exit_code, stage.mutations()) == (3, sent)
    assert "entries are paused" in refused.err
    assert "sentinel resume --reason" in refused.err
    return refused


def resume(stage):
    assert stage.types("resume --reason looked").exit_code == 0


def cancelled_by_hand(stage, evenings):
    """The answer of the last of so many evenings, before each of which the trader cancels the stop."""
    answers = []
    for _ in range(evenings):
        stage.exchange.action(cancel={"order_id": stage.stop()["id"]})
        answers.append(stage.evening())
        stage.day("AAPL", "100 101 99 100")
    return answers[-1]


@pytest.mark.parametrize("stops", ["new", "accepted"])
@pytest.mark.parametrize("cancel", ["immediate", "pending"])
def test_a_symbol_rescued_again_and_again_pauses_entries(stage, stops, cancel):
    stage.exchange.modes(after_hours_stops=stops, after_hours_cancel=cancel)
    stage.holds()
    stage.day("AAPL", "100 101 99 100")
    assert cancelled_by_hand(stage, 2).exit_code == 0
    third = cancelled_by_hand(stage, 1)
    assert (third.exit_code, third.states) == (1, {"AAPL": "protected"}), "told as an alarm, once"
    (alarm,) = findings(third, "entries_paused")
    assert "3 runs in 10 sessions had to put a stop behind AAPL (limit 3)" in alarm["message"]
    assert "behind AAPL" in refused_entry(stage).err
    later = stage.evening()
    (told,) = findings(later, "entries_paused")
    assert (later.exit_code, told["severity"]) == (0, "warning")
    status = stage.tells("status")
    assert "behind AAPL" in status.document["pause"]
    assert "ENTRIES PAUSED" in stage.types("status").out


def test_after_a_resume_the_counting_starts_anew(stage):
    stage.holds()
    stage.day("AAPL", "100 101 99 100")
    cancelled_by_hand(stage, 3)
    assert pause_of(stage)
    resume(stage)
    assert cancelled_by_hand(stage, 2).exit_code == 0
    assert pause_of(stage) is None
    assert stage.enters("MSFT 100.00 7").exit_code == 0
    cancelled_by_hand(stage, 1)
    assert pause_of(stage)


def test_the_pause_is_of_entries_alone(stage):
    stage.exchange.modes(after_hours_cancel="immediate")
    stage.holds()
    stage.day("AAPL", "100 101 99 100")
    cancelled_by_hand(stage, 3)
    stage.day("AAPL", "119 121 118 120")
    evening = stage.evening()
    assert ("raise_stop", "AAPL", "done") in evening.verbs(), "protection goes on"
    (question,) = evening.document["approvals"]
    sold = stage.tells(f"approvals approve {question['id']}")
    assert sold.verbs("close_position") == [("close_position", "AAPL", "done")], "what was approved is sold"


def test_refused_stops_pause_entries_and_name_the_count(stage):
    for symbol in ("AAPL", "MSFT", "TSLA"):
        stage.exchange.trade(symbol, 5, "buy", 100)
    stage.exchange.faults([{**REFUSE, "kind": "500", "takes_effect": False}])
    first = stage.evening()
    assert first.exit_code == 1
    stage.exchange.faults([])
    assert "requests in 10 sessions were refused or not answered (limit 5)" in pause_of(stage)
    repaired = stage.evening()
    assert set(repaired.states.values()) == {"protected"}
    resume(stage)
    assert stage.evening().exit_code == 0
    assert pause_of(stage) is None


def test_runs_that_end_badly_in_a_row_pause_entries(stage):
    stage.exchange.trade("AAPL", 5, "buy", 100)
    stage.exchange.faults([{"method": "GET", "path": "/v2/positions/AAPL$", "nth": None, "kind": "500"}])
    for _ in range(2):
        stage.evening()
        assert pause_of(stage) is None or "ended badly" not in pause_of(stage)
    stage.evening()
    assert "the last 3 runs ended badly (limit 3)" in pause_of(stage)


def test_runs_that_were_cut_off_pause_the_entry_that_comes_next(stage):
    stage.holds()
    with Ledger.open(stage.home / "sentinel.db") as ledger:
        for _ in range(3):
            ledger.begin_run("evening-workflow", "cron")
    assert "the last 3 runs ended badly" in refused_entry(stage).err


def test_a_fraction_without_a_stop_and_a_waiting_question_are_no_danger(stage):
    stage.exchange.trade("AAPL", 7, "buy", 100)
    stage.exchange.trade("AAPL", "0.5", "buy", 100)
    for _ in range(4):
        stage.day("AAPL", "119 121 118 120")
        assert stage.evening().exit_code == 1
    assert pause_of(stage) is None


def test_raises_the_broker_will_not_take_tonight_are_no_danger(stage):
    stage.exchange.modes(after_hours_stops="accepted", after_hours_cancel="pending")
    stage.holds()
    for _ in range(6):
        stage.day("AAPL", "109 110 108 109")
        stage.evening()
    assert pause_of(stage) is None


def test_shares_bought_by_hand_are_no_rescue(stage):
    stage.holds()
    for _ in range(4):
        stage.exchange.trade("AAPL", 1, "buy", 100)
        assert ("place_stop", "AAPL", "done") in stage.evening().verbs()
    assert pause_of(stage) is None


def test_limits_are_settings(stage):
    settings = stage.home / "sentinel.toml"
    text = settings.read_text().replace("latch_rescues = 3", "latch_rescues = 0")
    settings.write_text(text)
    stage.holds()
    stage.day("AAPL", "100 101 99 100")
    assert cancelled_by_hand(stage, 4).exit_code == 0
    assert pause_of(stage) is None


def test_the_traders_own_halt_takes_the_place_of_the_pause(stage):
    stage.holds()
    stage.day("AAPL", "100 101 99 100")
    cancelled_by_hand(stage, 3)
    assert stage.types("halt --reason holiday").exit_code == 0
    assert pause_of(stage) is None
    assert stage.tells("status").document["halt"] == "holiday"
    resume(stage)
    assert stage.enters("MSFT 100.00 7").exit_code == 0


def test_a_pause_survives_a_restored_copy(stage):
    stage.holds()
    assert stage.types("backup").exit_code == 0
    stage.day("AAPL", "100 101 99 100")
    cancelled_by_hand(stage, 3)
    copy = min((stage.home / "backups").glob("*.db"))
    assert stage.types(f"restore {copy}").exit_code == 0
    assert pause_of(stage)
