"""What the trader's own hands do to stops: found, told, attributed, and put right by the rules."""

from decimal import Decimal

import pytest

from sentinel.ledger import Ledger
from tests.stories.test_by_phone import order_by_phone

MODES = [(stops, cancel) for stops in ("new", "accepted") for cancel in ("immediate", "pending")]


def enders(stage, symbol="AAPL"):
    """Whose hand ended each stop of the ledger, oldest first, with the price it rested at."""
    with Ledger.open_read_only(stage.home / "sentinel.db") as ledger:
        return [(stop.stop_price, stop.ended_by) for stop in ledger.stops_of(symbol)]


def findings(answer, code):
    return [finding for finding in answer.document["findings"] if finding["code"] == code]


@pytest.fixture(params=MODES, ids="-".join)
def either(stage, request):
    """Seven shares of AAPL at 100.00 under a simple stop at 92.00, one session old, in each conflicting mode."""
    stops, cancel = request.param
    stage.exchange.modes(after_hours_stops=stops, after_hours_cancel=cancel)
    stage.exchange.trade("AAPL", 7, "buy", 100)
    assert stage.evening().exit_code == 0
    stage.day("AAPL", "100 101 99 100")
    assert stage.evening().exit_code == 0
    return stage


def test_a_stop_cancelled_by_hand_is_put_back_and_its_canceller_recorded(either):
    either.exchange.action(cancel={"order_id": either.stop()["id"]})
    evening = either.evening()
    assert (evening.exit_code, evening.states, evening.stops) == (0, {"AAPL": "protected"}, {"AAPL": Decimal("92.00")})
    (told,) = findings(evening, "stop_cancelled_by_hand")
    assert told["severity"] == "warning"
    assert "cancelled the stop of AAPL at 92.00" in told["message"]
    assert "puts it back at 92.00" in told["remedy"]
    assert enders(either) == [(Decimal(92), "trader"), (Decimal(92), None)]
    assert findings(either.evening(), "stop_cancelled_by_hand") == [], "told once"


def test_a_lone_raise_finds_out_about_the_cancel_too(either):
    either.exchange.action(cancel={"order_id": either.stop()["id"]})
    raised = either.tells("update-trailing-stops")
    assert len(findings(raised, "stop_cancelled_by_hand")) == 1
    assert enders(either)[0] == (Decimal(92), "trader")


def test_a_stop_lowered_by_hand_is_raised_back_or_the_raise_is_owed(either):
    either.exchange.action(replace={"order_id": either.stop()["id"], "stop_price": "85"})
    evening = either.evening()
    (told,) = findings(evening, "stop_lowered_by_hand")
    assert "from 92.00 to 85.00" in told["message"]
    assert enders(either)[0] == (Decimal(92), "trader")
    if evening.states == {"AAPL": "protected_old_level"}:
        either.bar("AAPL", "100 101 99 100")
        either.exchange.advance(to="open")
        evening = either.tells("update-trailing-stops")
    assert (evening.exit_code, evening.states, evening.stops) == (0, {"AAPL": "protected"}, {"AAPL": Decimal("92.00")})
    assert findings(either.evening(), "stop_lowered_by_hand") == []


def test_a_stop_raised_by_hand_is_the_new_floor_and_said_so(either):
    either.exchange.action(replace={"order_id": either.stop()["id"], "stop_price": "97"})
    evening = either.evening()
    (told,) = findings(evening, "stop_raised_by_hand")
    assert (told["severity"], evening.stops) == ("info", {"AAPL": Decimal("97.00")})
    either.exchange.action(cancel={"order_id": either.stop()["id"]})
    assert either.evening().stops == {"AAPL": Decimal("97.00")}


def test_a_stop_raised_and_then_cancelled_by_hand_comes_back_at_the_raised_level(either):
    either.exchange.action(replace={"order_id": either.stop()["id"], "stop_price": "97"})
    either.exchange.action(cancel={"order_id": either.stop()["id"]})
    evening = either.evening()
    assert (evening.exit_code, evening.stops) == (0, {"AAPL": Decimal("97.00")})
    assert len(findings(evening, "stop_raised_by_hand")) == len(findings(evening, "stop_cancelled_by_hand")) == 1
    assert enders(either) == [(Decimal(92), "trader"), (Decimal(97), "trader"), (Decimal(97), None)]


def test_a_stop_moved_by_hand_that_filled_before_anybody_looked_ends_the_trade_as_a_stop(either):
    either.exchange.action(replace={"order_id": either.stop()["id"], "stop_price": "97"})
    either.day("AAPL", "98 99 95 96")
    evening = either.evening()
    assert (evening.exit_code, evening.states) == (0, {})
    assert [(trade.exit_reason, trade.exit_price) for trade in either.trades()] == [("stop_filled", Decimal(97))]


def test_a_cancel_while_a_raise_is_owed_is_rescued_at_the_owed_level(stage):
    stage.exchange.modes(after_hours_stops="accepted", after_hours_cancel="pending")
    stage.holds()
    stage.day("AAPL", "108 110 107 109")
    assert stage.evening().states == {"AAPL": "protected_old_level"}
    stage.day("AAPL", "106 107 105 106")
    stage.exchange.action(cancel={"order_id": stage.stop()["id"]})
    evening = stage.evening()
    assert (evening.stops, evening.states) == ({"AAPL": Decimal("102.00")}, {"AAPL": "protected"})


@pytest.mark.parametrize("how", ["in_place", "replaced"])
def test_a_forward_split_is_nobodys_hand_and_a_level_kept_through_it(stage, how):
    stage.exchange.modes(split_orders=how)
    stage.holds()
    stage.day("AAPL", "108 110 107 109")
    assert stage.evening().stops == {"AAPL": Decimal("102.00")}
    stage.exchange.action(split={"symbol": "AAPL", "ratio": 4})
    evening = stage.evening()
    assert [code for code, _ in evening.findings if code.startswith("stop_")] == []
    if how == "replaced":
        assert (Decimal(102), "broker") in enders(stage)
    stage.exchange.action(cancel={"order_id": stage.stop()["id"]})
    evening = stage.evening()
    assert evening.stops == {"AAPL": Decimal("25.50")}, "102.00 in new units, though the price is 27.25"
    assert findings(evening, "stop_cancelled_by_hand")


def test_a_reverse_split_was_the_broker_who_cancelled(stage):
    stage.enters("AAPL 100.00 10")
    stage.day("AAPL", "100 101 99 100")
    stage.evening()
    stage.exchange.action(split={"symbol": "AAPL", "ratio": "0.1"})
    evening = stage.evening()
    assert evening.stops == {"AAPL": Decimal("920.00")}
    assert findings(evening, "stop_cancelled_by_hand") == []
    assert enders(stage)[0][1] == "broker"


@pytest.mark.parametrize("action", ["expire", "reject"])
def test_what_the_broker_ends_is_not_blamed_on_the_trader(either, action):
    either.exchange.action(**{action: {"order_id": either.stop()["id"]}})
    evening = either.evening()
    assert (evening.states, findings(evening, "stop_cancelled_by_hand")) == ({"AAPL": "protected"}, [])
    assert enders(either)[0] == (Decimal(92), "broker")


def test_a_raise_of_ours_is_ours(stage):
    stage.holds()
    stage.day("AAPL", "108 110 107 109")
    stage.evening()
    assert enders(stage) == [(Decimal(92), "sentinel"), (Decimal(102), None)]


def test_the_stop_of_an_entry_taken_back_is_ours_too(stage):
    stage.enters("AAPL 90.00 7")
    for _ in range(5):
        stage.day("AAPL", "100 101 99 100")
    assert ("cancel_entry", "AAPL", "done") in stage.evening().verbs()
    assert [ended_by for _, ended_by in enders(stage)] == ["sentinel"]


def test_the_stop_of_an_entry_cancelled_by_phone_went_with_it(stage):
    stage.enters("AAPL 90.00 7")
    (entry,) = [order for order in stage.orders() if order["type"] == "limit"]
    stage.exchange.action(cancel={"order_id": entry["id"]})
    evening = stage.evening()
    assert (evening.exit_code, findings(evening, "stop_cancelled_by_hand")) == (0, [])
    assert [ended_by for _, ended_by in enders(stage)] == ["broker"]


def test_a_stop_moved_to_another_broker_order_by_hand_is_not_doubled(either):
    either.exchange.action(cancel={"order_id": either.stop()["id"]})
    order_by_phone(either, type="stop", stop_price="90", limit_price=None)
    evening = either.evening()
    assert sum(int(order["qty"]) for order in either.orders()) == 7
    (told,) = findings(evening, "stop_cancelled_by_hand")
    assert "another stop protects" in told["remedy"]


def test_an_ex_dividend_day_that_lowers_a_stop_is_the_brokers_doing(stage):
    stage.exchange.modes(dividend_orders="reduced")
    stage.exchange.trade("AAPL", 7, "buy", 100)
    stage.evening()
    stage.exchange.action(dividend={"symbol": "AAPL", "amount": "1"})
    stage.day("AAPL", "100 101 99 100")
    evening = stage.evening()
    assert len(findings(evening, "stop_lowered_by_broker")) == 1
    assert evening.stops == {"AAPL": Decimal("92.00")}


def grown(stage):
    """Bought more by phone while the market is open, over a simple stop."""
    stage.exchange.trade("AAPL", 7, "buy", 100)
    assert stage.evening().exit_code == 0
    stage.day("AAPL", "100 101 99 100")
    stage.bar("AAPL", "100 101 99 100")
    stage.exchange.advance(to="open")
    stage.exchange.trade("AAPL", 3, "buy", 100)


def test_bought_more_while_the_market_is_open_grows_the_one_stop(stage):
    grown(stage)
    rescued = stage.tells("rescue-stops")
    assert rescued.verbs("grow_stop", "place_stop") == [("grow_stop", "AAPL", "done")]
    assert (rescued.exit_code, rescued.states) == (0, {"AAPL": "protected"})
    assert (stage.stop()["qty"], stage.stop()["stop_price"]) == ("10", "92")
    sent = stage.mutations()
    assert (stage.tells("rescue-stops").exit_code, stage.mutations()) == (0, sent)


def test_a_growth_the_broker_refuses_becomes_a_stop_of_its_own(stage):
    grown(stage)
    stage.exchange.action(status={"order_id": stage.stop()["id"], "status": "new"})
    stage.exchange.faults(
        [{"method": "PATCH", "path": "/v2/orders/", "nth": None, "kind": "500", "takes_effect": False}]
    )
    stage.tells("rescue-stops")
    stage.exchange.faults([])
    rescued = stage.tells("rescue-stops")
    assert (rescued.exit_code, rescued.states) == (0, {"AAPL": "protected"})
    assert sum(int(order["qty"]) for order in stage.orders()) == 10


def test_a_growth_that_takes_its_time_is_told_until_it_counts(stage):
    stage.exchange.modes(replacements="pending")
    grown(stage)
    waiting = stage.tells("rescue-stops")
    assert (waiting.exit_code, waiting.states) == (1, {"AAPL": "partly_protected"})
    stage.exchange.advance(to="close")
    assert (stage.evening().states, stage.stop()["qty"]) == ({"AAPL": "protected"}, "10")


def test_bought_at_a_higher_price_gets_its_own_stop_at_the_better_level(stage):
    grown(stage)
    stage.exchange.trade("AAPL", 10, "buy", 110)
    rescued = stage.tells("rescue-stops")
    assert rescued.states == {"AAPL": "protected"}
    assert sum(int(order["qty"]) for order in stage.orders()) == 20
    assert {order["stop_price"] for order in stage.orders()} == {"92", "96.6"}


def sold_part(stage, *, is_leg):
    if is_leg:
        stage.holds()
    else:
        stage.exchange.trade("AAPL", 7, "buy", 100)
        stage.evening()
    stage.day("AAPL", "100 101 99 100")
    stage.exchange.trade("AAPL", 2, "sell", 100)


@pytest.mark.parametrize("is_leg", [True, False], ids=["leg", "simple"])
@pytest.mark.parametrize("cancels", ["at_once", "asynchronous"])
@pytest.mark.parametrize(("stops", "cancel"), MODES)
def test_sold_part_by_hand_shrinks_the_stop_or_raises_an_alarm(stage, stops, cancel, cancels, is_leg):
    stage.exchange.modes(after_hours_stops=stops, after_hours_cancel=cancel, cancels=cancels)
    sold_part(stage, is_leg=is_leg)
    evening = stage.evening()
    if cancel == "pending" and (is_leg or stops == "accepted"):
        assert (evening.exit_code, len(findings(evening, "too_many_shares"))) == (1, 1)
        stage.bar("AAPL", "100 101 99 100")
        stage.exchange.advance(to="open")
        evening = stage.evening()
    assert evening.verbs("shrink_stop") == [("shrink_stop", "AAPL", "done")]
    assert (evening.exit_code, stage.stop()["qty"], stage.stop()["stop_price"]) == (0, "5", "92")


def test_a_shrinking_that_waits_for_the_open_is_not_asked_for_twice(stage):
    stage.exchange.modes(replacements="pending", after_hours_cancel="pending")
    sold_part(stage, is_leg=False)
    stage.evening()
    sent = stage.mutations()
    again = stage.evening()
    assert (again.verbs("shrink_stop"), stage.mutations()) == ([], sent)
    stage.day("AAPL", "100 101 99 100")
    assert (stage.evening().states, stage.stop()["qty"]) == ({"AAPL": "protected"}, "5")
