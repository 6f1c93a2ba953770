"""The engine as a library, the way its first users know it."""

from decimal import Decimal

import pytest

from sentinel.commands.session import engine_at
from sentinel.domain.errors import GuardRefusal, UsageError
from sentinel.execution_engine import OrderExecutionEngine
from tests.stories.test_limits import sets


def test_the_life_of_a_trade(stage):
    with engine_at(stage.home) as engine:
        assert isinstance(engine, OrderExecutionEngine)
        entry, stop = engine.submit_entry_with_stop("AAPL", 100.0, 7, stop_loss_pct=8, side="buy")
        assert f"{entry.qty} at {entry.limit_price}, stop {stop.stop_price} {stop.status}" == "7 at 100, stop 92 held"
        assert engine.submit_entry_with_stop("AAPL", 100.0, 7)[0].id == entry.id, "asking twice sends once"
        stage.day("AAPL", "100 101 99 100")
        assert engine.reconcile_fills()["filled"] == 1
        stage.day("AAPL", "119 121 118 120")
        assert engine.update_trailing_stops() == {"raised": 1, "owed": 0}
        assert engine.check_profit_taking() == {"offered": 1, "sold": 0, "owed": 0}
        stage.day("AAPL", "107 107 106 106")
        assert engine.reconcile_fills()["stops_filled"] == 1
        assert engine.cleanup_orphaned_stops() == {"cancelled": 0}
    assert [trade.exit_price for trade in stage.trades()] == [Decimal(107)]


def test_counts_of_entries_that_came_to_nothing(stage):
    with engine_at(stage.home) as engine:
        entry, _ = engine.submit_entry_with_stop("AAPL", 90, 7)
        stage.exchange.action(cancel={"order_id": entry.id})
        counts = engine.reconcile_fills()
    assert (counts["filled"], counts["cancelled"], counts["expired"]) == (0, 1, 0)


def test_a_refused_entry_raises(stage):
    with engine_at(stage.home) as engine, pytest.raises(GuardRefusal):
        engine.submit_entry_with_stop("AAPL", 100, 1000)


@pytest.mark.parametrize("symbol", ["msft", "MSFT ", "Msft"])
def test_another_spelling_is_no_way_around_a_limit(stage, symbol):
    sets(stage, blocked_symbols='["MSFT"]')
    with engine_at(stage.home) as engine, pytest.raises(UsageError, match="no stock symbol"):
        engine.submit_entry_with_stop(symbol, 100, 5, overrides=["price_collar"], reason="there is no price of it")
    assert stage.orders("MSFT", live=False) == []
