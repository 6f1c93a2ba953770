"""What goes wrong between Sentinel and the broker, and what is left when it has."""

import pytest

from tests.stories.conftest import START, flat

SUBMIT = {"method": "POST", "path": "/v2/orders$", "nth": 1}


@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "429", "500", "503", "empty", "truncated", "reset"])
def test_an_entry_whose_answer_is_lost_is_one_order_not_two(stage, kind):
    stage.exchange.faults([{**SUBMIT, "kind": kind}])
    entered = stage.enters("AAPL 99.00 7")
    assert (entered.exit_code, entered.verbs()) == (0, [("submit_entry", "AAPL", "done")])
    assert sorted(order["type"] for order in stage.orders()) == ["limit", "stop"]


@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "429", "500", "503", "empty", "truncated", "reset"])
def test_a_rescue_whose_answer_is_lost_is_one_stop_not_two(stage, kind):
    stage.exchange.trade("AAPL", 5, "buy", 100)
    stage.exchange.faults([{**SUBMIT, "kind": kind}])
    evening = stage.evening()
    assert (evening.exit_code, evening.states) == (0, {"AAPL": "protected"})
    assert stage.stop()["qty"] == "5"


@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "429", "500", "503", "empty", "truncated", "reset"])
def test_a_raise_whose_answer_is_lost_is_done_once(stage, kind):
    stage.holds()
    stage.day("AAPL", "108 110 107 109")
    stage.exchange.faults([{"method": "PATCH", "path": "/v2/orders/", "nth": 1, "kind": kind}])
    evening = stage.evening()
    assert (evening.exit_code, evening.states, stage.stop()["stop_price"]) == (0, {"AAPL": "protected"}, "102")


def test_a_broken_symbol_costs_no_other_its_stop(stage):
    stage.exchange.trade("AAPL", 5, "buy", 100)
    stage.exchange.trade("MSFT", 5, "buy", 100)
    stage.exchange.faults([{"method": "GET", "path": "/v2/positions/AAPL$", "nth": None, "kind": "500"}])
    evening = stage.evening()
    assert evening.exit_code == 1
    assert evening.states == {"AAPL": "naked", "MSFT": "protected"}
    stage.exchange.faults([])
    assert stage.evening().exit_code == 0


@pytest.mark.parametrize("path", ["/v2/positions$", "/v2/orders$", "/v2/account$", "/v2/clock$"])
def test_a_list_that_fails_is_never_read_as_empty(stage, path):
    stage.holds()
    sent, ledger = stage.mutations(), (stage.home / "sentinel.db").read_bytes()
    stage.exchange.faults([{"method": "GET", "path": path, "nth": None, "kind": "500"}])
    evening = stage.types("evening-workflow --non-interactive")
    assert evening.exit_code == 4
    assert "do:" in evening.err
    assert stage.mutations() == sent
    assert (stage.home / "sentinel.db").read_bytes() == ledger


def test_with_the_exchange_down_the_last_coverage_is_still_shown(stage, monkeypatch):
    stage.holds()
    monkeypatch.setenv("APCA_API_BASE_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("ALPACA_API_KEY", "any")
    monkeypatch.setenv("ALPACA_SECRET_KEY", "any")
    down = stage.types("evening-workflow --non-interactive")
    assert down.exit_code == 4
    shown = stage.tells("status")
    assert (shown.exit_code, shown.states) == (1, {"AAPL": "protected"})
    assert shown.findings[0] == ("run_failed", None), "yesterday's proof is shown, and that tonight brought none"


def test_an_account_that_is_suddenly_empty_is_refused_unless_forced(stage):
    stage.holds()
    stage.exchange.reset(bars=flat("AAPL"), start=START)  # the same account, and nothing in it
    refused = stage.types("evening-workflow --non-interactive")
    assert refused.exit_code == 3
    assert "AAPL" in refused.err
    assert "--force" in refused.err
    assert (stage.mutations(), stage.trades()) == (0, ())
    forced = stage.tells("evening-workflow --non-interactive --force")
    assert forced.exit_code == 1, "the stop it knew has vanished: that stays an alarm"
    assert ("order_vanished", "AAPL") in forced.findings
    assert [trade.exit_reason for trade in stage.trades()] == ["unknown"]


def test_a_stop_is_not_taken_for_an_orphan_because_a_list_missed_its_position(stage, monkeypatch):
    from sentinel.broker import Broker

    stage.holds()
    stage.holds("MSFT", 2)
    stage.day("AAPL", "100 101 99 100")
    positions = Broker.positions
    monkeypatch.setattr(Broker, "positions", lambda self: {k: v for k, v in positions(self).items() if k != "AAPL"})
    evening = stage.evening()
    assert evening.verbs() == [("close_trade", "AAPL", "skipped")] * 2
    assert (evening.exit_code, evening.findings[0]) == (1, ("list_missed", "AAPL"))
    monkeypatch.undo()
    assert stage.stop()["status"] == "new"
    assert stage.evening().states == {"AAPL": "protected", "MSFT": "protected"}


def test_a_bug_met_on_one_symbol_leaves_no_other_bare(stage, monkeypatch):
    from sentinel.broker import Broker

    stage.exchange.trade("AAPL", 5, "buy", 100)
    stage.exchange.trade("MSFT", 5, "buy", 100)
    position = Broker.position

    def buggy(self, symbol):
        if symbol == "AAPL":
            raise ZeroDivisionError("a bug")
        return position(self, symbol)

    monkeypatch.setattr(Broker, "position", buggy)
    crashed = stage.types("evening-workflow --non-interactive")
    assert crashed.exit_code == 70
    assert "Traceback" not in crashed.err
    assert stage.stop("MSFT")["qty"] == "5"
    monkeypatch.undo()
    assert stage.evening().states == {"AAPL": "protected", "MSFT": "protected"}


def test_one_unreadable_order_costs_no_other_symbol_its_turn(stage):
    stage.holds()
    stage.holds("MSFT", 2)
    stage.exchange.action(cancel={"order_id": stage.stop("MSFT")["id"]})
    stop_id = stage.stop()["id"]
    stage.exchange.faults([{"method": "GET", "path": f"/v2/orders/{stop_id}", "kind": "500"}])
    assert stage.evening().states == {"AAPL": "protected", "MSFT": "protected"}


def test_the_leg_of_an_entry_is_verified(stage, monkeypatch):
    """alpaca-py sends a stop without order_class and the broker ignores it: a naked entry (ALPACA 1.13)."""
    from sentinel.broker.transport import AlpacaWire

    submit = AlpacaWire.submit

    def forgetful(self, ticket):
        from dataclasses import replace

        return submit(self, replace(ticket, leg_stop_price=None))

    monkeypatch.setattr(AlpacaWire, "submit", forgetful)
    entered = stage.enters("AAPL 99.00 7")
    assert entered.exit_code == 1
    assert entered.findings == [("leg_missing", "AAPL")]
    assert stage.orders() == []
