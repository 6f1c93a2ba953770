"""What chaos and soak found, each in the fewest steps that show it."""

from datetime import date
from decimal import Decimal

import pytest

from sentinel.ledger import Ledger


@pytest.mark.parametrize("line", ["rescue-stops", "update-trailing-stops", "submit-entry-with-stop MSFT 100 3"])
def test_a_command_that_shrinks_no_stop_still_tells_of_one_that_sells_too_much(stage, line):
    stage.exchange.modes(after_hours_cancel="pending")
    stage.holds()
    stage.exchange.trade("AAPL", 2, "sell", 100)
    stage.trades_quietly("MSFT")
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


def test_the_first_command_on_a_new_ledger_knows_the_stops_of_what_it_adopts(stage):
    stage.exchange.trade("AAPL", 5, "buy", 100)
    stage.evening()
    (stage.home / "sentinel.db").unlink()
    assert stage.tells("cleanup-orphans").exit_code == 0
    with Ledger.open_read_only(stage.home / "sentinel.db") as ledger:
        (record,) = ledger.book(date(2026, 3, 2)).stops
    assert record.order_id == stage.stop()["id"]


def test_a_waiting_entry_that_a_split_adjusts_is_followed(stage):
    stage.tells("submit-entry-with-stop AAPL 80 2")
    stage.exchange.action(split={"symbol": "AAPL", "ratio": 4})
    assert stage.evening().exit_code == 0
    with Ledger.open_read_only(stage.home / "sentinel.db") as ledger:
        (entry,) = ledger.book(date(2026, 3, 2)).entries
    assert (entry.qty, entry.limit_price, entry.stop_price) == (Decimal(8), Decimal(20), Decimal("18.40"))
