"""What killing, tearing and replaying found: each story is the smallest one that showed the fault."""


def test_a_cancel_that_hangs_is_not_asked_for_again(stage):
    """Changed sides by telephone; the old stop cannot be ended before the open, and one request for it is enough."""
    stage.exchange.modes(after_hours_cancel="pending")
    stage.holds()
    stage.exchange.trade("AAPL", 12, "sell", 100)
    assert stage.evening().exit_code == 1
    sent = stage.mutations()
    again = stage.evening()
    assert (again.exit_code, stage.mutations()) == (1, sent)
    assert ("stop_blocked", "AAPL") in again.findings
    stage.day("AAPL", "100 101 99 100")
    assert stage.evening().states == {"AAPL": "protected"}


def test_a_stop_that_a_split_made_tonight_is_not_taken_for_one_that_can_be_cancelled_at_once(stage):
    """It is `accepted` and new, but stands in the place of one at a venue: its cancel would hang until the open."""
    stage.exchange.modes(after_hours_stops="accepted", after_hours_cancel="pending", split_orders="replaced")
    stage.holds()
    stage.day("AAPL", "108 110 107 109")
    stage.exchange.action(split={"symbol": "AAPL", "ratio": 4})
    evening = stage.evening()
    assert (evening.exit_code, evening.states) == (0, {"AAPL": "protected_old_level"})
    assert stage.stop()["status"] == "accepted"
