"""What the broker will not take tonight: owed, retried, an alarm after three evenings, done in market hours."""

from decimal import Decimal

import pytest

from tests.stories.test_hands import findings

MODES = [("accepted", "pending"), ("accepted", "immediate"), ("new", "pending"), ("new", "immediate")]


@pytest.mark.parametrize(("stops", "cancel"), MODES)
def test_a_raise_is_done_tonight_or_owed_until_the_market_is_open(stage, stops, cancel):
    stage.exchange.modes(after_hours_stops=stops, after_hours_cancel=cancel)
    stage.holds()
    for evening in (1, 2, 3):
        stage.day("AAPL", "109 110 108 109")
        answer = stage.evening()
        if (stops, cancel) != ("accepted", "pending"):
            assert (answer.exit_code, answer.stops, answer.states) == (0, {"AAPL": Decimal(102)}, {"AAPL": "protected"})
            continue
        (owed,) = stage.tells("status").document["owed"]
        assert (owed["evenings"], answer.states) == (evening, {"AAPL": "protected_old_level"})
        assert len(findings(answer, "owed_overdue")) == (evening == 3)
        assert answer.exit_code == (1 if evening == 3 else 0)
    stage.bar("AAPL", "109 110 108 109")
    stage.exchange.advance(to="open")
    raised = stage.tells("update-trailing-stops")
    assert (raised.exit_code, raised.states, raised.stops) == (0, {"AAPL": "protected"}, {"AAPL": Decimal(102)})
    assert stage.tells("status").document["owed"] == [], "the alarm is over with the run that did it"


def test_an_approved_sale_owed_for_three_evenings_is_an_alarm_and_sold_in_market_hours(stage):
    stage.exchange.modes(after_hours_stops="accepted", after_hours_cancel="pending")
    settings = stage.home / "sentinel.toml"
    settings.write_text(settings.read_text().replace("approval_days = 3", "approval_days = 10"))
    stage.holds()
    for evening in (1, 2, 3):
        stage.day("AAPL", "119 121 118 120")
        answer = stage.evening()
        for question in answer.document["approvals"]:
            answer = stage.tells(f"approvals approve {question['id']}")
        owed = {row["kind"]: row["evenings"] for row in stage.tells("status").document["owed"]}
        assert owed["exit"] == evening
        assert ("exit of AAPL" in str(findings(answer, "owed_overdue"))) == (evening == 3)
    stage.bar("AAPL", "120 121 119 120")
    stage.exchange.advance(to="open")
    sold = stage.tells("check-profit-taking --non-interactive")
    assert sold.verbs("close_position") == [("close_position", "AAPL", "done")]
    assert (sold.exit_code, stage.shares(), stage.tells("status").document["owed"]) == (0, 0, [])
