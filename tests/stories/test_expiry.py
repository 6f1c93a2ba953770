"""The broker ends every stop after 90 days; none is left to it."""

from datetime import datetime, timedelta
from decimal import Decimal
from itertools import product

import pytest

from tests.stories.test_hands import findings

MODES = list(product(("kept", "renewed"), ("new", "accepted"), ("immediate", "pending")))


def days_left(stage):
    now = datetime.fromisoformat(stage.clock["timestamp"])
    return (datetime.fromisoformat(stage.stop()["expires_at"].replace("Z", "+00:00")) - now).days


@pytest.fixture(params=MODES, ids="-".join)
def aged(stage, request):
    """Seven shares whose stop, sent with its entry, has fewer than ten days left; the modes it met."""
    expiry, stops, cancel = request.param
    stage.exchange.modes(replaced_expiry=expiry, after_hours_stops=stops, after_hours_cancel=cancel)
    stage.holds()
    stage.exchange.advance(sessions=57)
    assert days_left(stage) < 10
    return stage, request.param


def test_a_stop_with_few_days_left_is_renewed_by_the_evening_or_by_a_run_in_market_hours(aged):
    stage, (expiry, stops, cancel) = aged
    evening = stage.evening()
    works_tonight = cancel == "immediate" or (expiry, stops) == ("renewed", "new")
    if not works_tonight:
        assert (evening.exit_code, evening.states) == (0, {"AAPL": "protected"})
        (told,) = findings(evening, "stop_expires")
        assert told["severity"] == "warning"
        stage.exchange.advance(to="open")
        evening = stage.tells("update-trailing-stops")
    assert evening.verbs("renew_stop") == [("renew_stop", "AAPL", "done")]
    assert (evening.exit_code, evening.states, findings(evening, "stop_expires")) == (0, {"AAPL": "protected"}, [])
    assert days_left(stage) > 80
    assert Decimal(92) <= Decimal(stage.stop()["stop_price"]) <= Decimal("92.01")
    assert stage.stop()["qty"] == "7"
    sent = stage.mutations()
    assert (stage.evening().exit_code, stage.mutations()) == (0, sent)


def test_it_is_never_raised_a_cent_an_evening_for_nothing(stage):
    stage.exchange.modes(replaced_expiry="kept", after_hours_stops="new", after_hours_cancel="pending")
    stage.holds()
    stage.exchange.advance(sessions=57)
    for _ in range(3):
        stage.evening()
        stage.exchange.advance(sessions=1)
    assert stage.stop()["stop_price"] == "92.01"


def test_a_stop_nobody_could_renew_becomes_an_alarm_and_what_lapses_is_rescued(stage):
    stage.exchange.modes(replaced_expiry="kept", after_hours_stops="accepted", after_hours_cancel="pending")
    stage.holds()
    stage.exchange.advance(sessions=61)
    evening = stage.evening()
    (told,) = findings(evening, "stop_expires")
    assert (evening.exit_code, told["severity"]) == (1, "alarm")
    stage.exchange.advance(sessions=3)
    assert [order for order in stage.orders() if order["status"] == "new"] == []
    stage.bar("AAPL", "100 101 99 100")
    stage.exchange.advance(to="open")
    rescued = stage.tells("rescue-stops")
    assert (rescued.exit_code, rescued.states) == (0, {"AAPL": "protected"})
    assert findings(rescued, "stop_cancelled_by_hand") == [], "the broker's job did it"


def test_a_pending_replacement_renews_from_the_open_or_is_tried_again(stage):
    for expiry in ("renewed", "kept"):
        stage.exchange.modes(replaced_expiry=expiry, replacements="pending", after_hours_cancel="immediate")
        stage.exchange.trade("MSFT" if expiry == "kept" else "AAPL", 7, "buy", 100)
    stage.evening()
    stage.exchange.advance(sessions=57)
    for _ in range(3):
        assert set(stage.evening().states.values()) == {"protected"}
        stage.exchange.advance(sessions=1)
    assert set(stage.evening().states.values()) == {"protected"}
    limit = datetime.fromisoformat(stage.clock["timestamp"]) + timedelta(days=80)
    for symbol in ("AAPL", "MSFT"):
        assert datetime.fromisoformat(stage.stop(symbol)["expires_at"].replace("Z", "+00:00")) > limit


@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "500"])
def test_a_renewal_whose_answer_is_lost_leaves_a_stop(stage, kind):
    stage.exchange.modes(replaced_expiry="kept", after_hours_cancel="immediate", cancels="asynchronous")
    stage.holds()
    stage.exchange.advance(sessions=57)
    stage.exchange.faults(
        [{"method": method, "path": "/v2/orders", "nth": 1, "kind": kind} for method in ("PATCH", "DELETE", "POST")]
    )
    stage.evening()
    stage.exchange.faults([])
    evening = stage.evening()
    assert (evening.exit_code, evening.states) == (0, {"AAPL": "protected"})
    assert days_left(stage) > 80
