"""What chaos and soak found, each in the fewest steps that show it."""

import pytest


@pytest.mark.parametrize("line", ["rescue-stops", "update-trailing-stops", "submit-entry-with-stop MSFT 100 3"])
def test_a_command_that_shrinks_no_stop_still_tells_of_one_that_sells_too_much(stage, line):
    stage.exchange.modes(after_hours_cancel="pending")
    stage.holds()
    stage.exchange.trade("AAPL", 2, "sell", 100)
    told = stage.tells(line)
    assert (told.exit_code, told.findings[-1]) == (1, ("too_many_shares", "AAPL"))


def test_an_entry_whose_cancel_hangs_until_the_open_is_not_cancelled_again(stage):
    stage.exchange.modes(after_hours_cancel="pending")
    stage.tells("submit-entry-with-stop AAPL 50 3")
    for _ in range(6):
        stage.bar("AAPL", "100 101 99 100")
        stage.exchange.advance(to="close")
    assert stage.evening().verbs("cancel_entry") == [("cancel_entry", "AAPL", "unresolved")]
    before = stage.exchange.state()["requests"]["mutations"]
    assert stage.evening().verbs("cancel_entry") == []
    assert stage.exchange.state()["requests"]["mutations"] == before
