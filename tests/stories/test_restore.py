"""An older ledger put back: the broker is the witness, one evening repairs the rest."""

from decimal import Decimal
from pathlib import Path

import pytest

MODES = [
    {"after_hours_stops": stops, "after_hours_cancel": cancel}
    for stops in ("new", "accepted")
    for cancel in ("immediate", "pending")
]


def copy_of(stage) -> str:
    return Path(stage.tells("backup").document["copy"]).name


def put_back(stage, copy: str):
    told = stage.tells(f"restore {copy}")
    assert told.exit_code == 0
    return told.document


def buys(stage, symbol: str = "AAPL") -> list[str]:
    return [order["status"] for order in stage.orders(symbol, live=False) if order["side"] == "buy"]


def test_after_each_event_an_older_ledger_is_put_back(stage):
    """A trade from its entry to its stop; each evening begins with the ledger of before."""
    copies = [copy_of(stage)]
    assert stage.enters("AAPL 100.00 7").exit_code == 0
    copies.append(copy_of(stage))
    for prices, stop in (("100 101 99 100", "92"), ("108 110 107 109", "102"), ("115 117 114 115", "108")):
        stage.day("AAPL", prices)
        for copy in copies:
            put_back(stage, copy)
            evening = stage.evening()
            assert (evening.exit_code, evening.states, buys(stage)) == (0, {"AAPL": "protected"}, ["filled"])
            assert (stage.stop()["stop_price"], stage.stop()["qty"]) == (stop, "7")
        copies.append(copy_of(stage))
    stage.day("AAPL", "109 110 107 107")
    for copy in copies:
        put_back(stage, copy)
        evening = stage.evening()
        assert (evening.exit_code, evening.states, stage.orders(), stage.shares()) == (0, {}, [], 0)
        sent = stage.mutations()
        assert stage.evening().exit_code == 0
        assert stage.mutations() == sent


@pytest.mark.parametrize("modes", MODES)
def test_a_raise_the_ledger_forgot_is_not_done_again_nor_undone(stage, modes):
    stage.exchange.modes(**modes)
    stage.holds()
    copy = copy_of(stage)
    stage.day("AAPL", "108 110 107 109")
    before, orders = stage.evening(), stage.orders()
    put_back(stage, copy)
    after = stage.evening()
    assert (after.exit_code, after.states, after.stops) == (before.exit_code, before.states, before.stops)
    assert [order["id"] for order in stage.orders()] == [order["id"] for order in orders]
    sent = stage.mutations()
    assert stage.evening().exit_code == 0
    assert stage.mutations() == sent


def test_a_stranger_the_ledger_forgot_keeps_the_one_stop_it_has(stage):
    copy = copy_of(stage)
    stage.exchange.trade("MSFT", 5, "buy", 100)
    assert stage.evening().exit_code == 0
    put_back(stage, copy)
    evening = stage.evening()
    assert (evening.exit_code, evening.states, stage.stop("MSFT")["qty"]) == (0, {"MSFT": "protected"}, "5")


@pytest.mark.parametrize("modes", MODES)
def test_an_old_yes_does_not_sell(stage, modes):
    """The copy holds an approved sale; since then the trader may have thought better of it."""
    stage.exchange.modes(**modes)
    stage.holds()
    stage.day("AAPL", "119 121 118 120")
    stage.evening()
    assert stage.types("halt --reason wait").exit_code == 0
    stage.tells("approvals approve 1")
    copy = copy_of(stage)
    assert stage.types("resume --reason go").exit_code == 0
    told = put_back(stage, copy)
    assert told["questions_lapsed"] == 1
    assert stage.types("resume --reason go").exit_code == 0
    evening = stage.evening()
    assert (evening.exit_code, evening.verbs("close_position"), stage.shares()) == (0, [], 7)
    assert [question["state"] for question in evening.document["approvals"]] == ["waiting"]


def test_a_sale_owed_when_the_copy_was_made_is_asked_about_again(stage):
    stage.exchange.modes(after_hours_stops="new", after_hours_cancel="pending")
    stage.holds()
    stage.day("AAPL", "119 121 118 120")
    stage.evening()
    assert stage.tells("approvals approve 1").stops == {"AAPL": Decimal("119.40")}
    copy = copy_of(stage)
    assert put_back(stage, copy)["owed_sales_forgotten"] == ["AAPL"]
    evening = stage.evening()
    assert (evening.exit_code, evening.verbs("close_position"), evening.stops) == (0, [], {"AAPL": Decimal("119.40")})
    assert len(evening.document["approvals"]) == 1


def test_a_halt_outlives_the_copy(stage):
    copy = copy_of(stage)
    assert stage.types("halt --reason holiday").exit_code == 0
    assert put_back(stage, copy)["halt"] == "holiday"
    assert stage.types("submit-entry-with-stop AAPL 99.00 7").exit_code == 3


@pytest.mark.parametrize("damage", ["gone", "garbage"])
def test_a_lost_ledger_is_replaced(stage, damage):
    stage.holds()
    copy = copy_of(stage)
    ledger = stage.home / "sentinel.db"
    ledger.unlink() if damage == "gone" else ledger.write_bytes(b"garbage" * 1000)
    assert stage.types("evening-workflow").exit_code == (0 if damage == "gone" else 1)
    put_back(stage, copy)
    evening = stage.evening()
    assert (evening.exit_code, evening.states, stage.stop()["stop_price"]) == (0, {"AAPL": "protected"}, "92")


def test_a_ledger_older_than_the_brokers_own_orders_is_told_once(stage):
    assert stage.evening().exit_code == 0
    copy = copy_of(stage)
    assert stage.enters("AAPL 100.00 7").exit_code == 0
    assert "ledger_older" not in dict(stage.evening().findings), "what the ledger planned itself is no news"
    (told,) = [finding for finding in put_back(stage, copy)["findings"] if finding["code"] == "ledger_older"]
    assert "older than it should be: the broker knows an order Sentinel sent after its last run" in told["message"]
    assert "another home" in told["remedy"]
    assert "ledger_older" not in dict(stage.evening().findings)


def test_a_restore_follows_what_the_broker_did_since_and_sends_nothing(stage):
    """A stop that filled, a position bought by hand, an entry: the copy knows none of them, the broker all."""
    stage.holds()
    copy = copy_of(stage)
    assert stage.enters("TSLA 100.00 2").exit_code == 0
    stage.exchange.trade("MSFT", 3, "buy", 100)
    stage.bar("TSLA", "100 101 99 100")
    stage.day("AAPL", "93 94 90 91")
    sent = stage.mutations()
    restored = stage.tells(f"restore {copy}")
    document = restored.document
    assert document["reconciled"] is True
    assert ("ledger_older", None) in restored.findings
    assert stage.mutations() == sent
    assert [(trade.symbol, trade.exit_reason, trade.exit_price) for trade in stage.trades()] == [
        ("AAPL", "stop_filled", Decimal(92))
    ]
    assert {row["symbol"]: row["state"] for row in document["coverage"]["rows"]} == {
        "MSFT": "naked",
        "TSLA": "protected",
    }
    assert restored.exit_code == document["exit_code"] == 1, "shares bought by hand are bare until an evening"
    evening = stage.evening()
    assert (evening.exit_code, evening.states) == (0, {"MSFT": "protected", "TSLA": "protected"})


def test_without_the_broker_the_copy_is_back_and_the_next_evening_follows(stage, monkeypatch):
    stage.holds()
    copy = copy_of(stage)
    stage.day("AAPL", "93 94 90 91")
    with monkeypatch.context() as offline:
        offline.setenv("APCA_API_BASE_URL", "http://127.0.0.1:9")
        offline.setenv("ALPACA_API_KEY", "any")
        offline.setenv("ALPACA_SECRET_KEY", "any")
        offline.setenv("SENTINEL_BROKER__READ_WAIT_S", "0")
        restored = stage.tells(f"restore {copy}")
        said = stage.types(f"restore {copy}").out
    assert (restored.exit_code, restored.document["reconciled"]) == (0, False)
    assert restored.findings == [("not_reconciled", None)]
    assert "what happened since the copy was made is not known yet" in said
    assert stage.trades() == ()
    assert stage.evening().exit_code == 0
    assert [trade.exit_reason for trade in stage.trades()] == ["stop_filled"]


def test_a_rehearsed_restore_asks_nobody(stage):
    stage.holds()
    copy = copy_of(stage)
    asked = sum(stage.exchange.state()["requests"]["counts"].values())
    rehearsed = stage.tells(f"restore {copy} --dry-run").document
    assert (rehearsed["exit_code"], rehearsed["reconciled"], rehearsed["findings"]) == (0, False, [])
    assert sum(stage.exchange.state()["requests"]["counts"].values()) == asked
