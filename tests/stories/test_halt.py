"""Halted: no entry, no profit sale, and every share protected as before (I11)."""

from decimal import Decimal

import pytest


@pytest.fixture
def winner(stage):
    """Seven shares 20 % up, the question filed, the sale not yet approved."""
    stage.exchange.modes(after_hours_cancel="immediate")
    stage.holds()
    stage.day("AAPL", "119 121 118 120")
    (question,) = stage.evening().document["approvals"]
    assert question["state"] == "waiting"
    return stage


def halt(stage):
    assert stage.types("halt --reason holiday").exit_code == 0


def resume(stage):
    assert stage.types("resume --reason back").exit_code == 0


def test_an_entry_is_refused_until_resumed(stage):
    halt(stage)
    sent = stage.mutations()
    refused = stage.types("submit-entry-with-stop AAPL 99.00 7")
    assert refused.exit_code == 3
    assert "halted: holiday" in refused.err
    assert "sentinel resume --reason" in refused.err
    assert stage.mutations() == sent
    resume(stage)
    assert stage.enters("AAPL 99.00 7").exit_code == 0


def test_an_approved_sale_waits_until_resumed(winner):
    halt(winner)
    sent = winner.mutations()
    told = winner.tells("approvals approve 1")
    assert (told.exit_code, told.verbs(), told.states) == (0, [], {"AAPL": "protected"})
    assert winner.tells("check-profit-taking --non-interactive").verbs() == []
    assert winner.evening().verbs("close_position") == []
    assert (winner.mutations(), winner.shares()) == (sent, 7)
    resume(winner)
    assert winner.tells("check-profit-taking --non-interactive").verbs() == [("close_position", "AAPL", "done")]


def test_nothing_new_is_offered(stage):
    stage.holds()
    stage.day("AAPL", "119 121 118 120")
    halt(stage)
    assert stage.evening().document["approvals"] == []


@pytest.mark.parametrize("command", ["evening-workflow --non-interactive", "rescue-stops"])
def test_a_rescue_is_done(stage, command):
    halt(stage)
    stage.exchange.trade("AAPL", 5, "buy", 100)
    rescued = stage.tells(command)
    assert rescued.exit_code == 0
    assert ("place_stop", "AAPL", "done") in rescued.verbs()
    assert stage.stop()["stop_price"] == "92"


@pytest.mark.parametrize("command", ["evening-workflow --non-interactive", "update-trailing-stops"])
def test_a_raise_is_done(stage, command):
    stage.holds()
    stage.day("AAPL", "108 110 107 109")
    halt(stage)
    raised = stage.tells(command)
    assert (raised.exit_code, raised.stops) == (0, {"AAPL": Decimal("102.00")})
    assert raised.verbs("raise_stop") == [("raise_stop", "AAPL", "done")]


def test_fills_and_orphans_are_followed(stage):
    stage.holds()
    halt(stage)
    stage.day("AAPL", "92 93 90 91")
    evening = stage.evening()
    assert (evening.exit_code, evening.states) == (0, {})
    assert [trade.exit_reason for trade in stage.trades()] == ["stop_filled"]


@pytest.mark.parametrize("place", ["deleted", "an older copy"])
def test_a_halt_outlives_the_ledger(stage, place):
    """What stands beside it knows of the halt, and only a resume lifts it."""
    stage.exchange.trade("MSFT", 7, "buy", 100)
    stage.evening()
    ledger = stage.home / "sentinel.db"
    older = ledger.read_bytes()
    assert stage.tells("halt --reason 'away for a while'").exit_code == 0
    ledger.unlink()
    if place == "an older copy":
        ledger.write_bytes(older)
    evening = stage.evening()
    assert (evening.exit_code, ("halt_kept", None) in evening.findings) == (0, True)
    assert stage.enters("AAPL 100.00 7").exit_code == 3
    assert "halt_kept" not in dict(stage.evening().findings)
    assert stage.types("resume --reason 'back at my desk'").exit_code == 0
    assert stage.enters("AAPL 100.00 7").exit_code == 0
