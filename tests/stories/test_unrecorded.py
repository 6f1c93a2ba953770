"""A ledger that fails in the middle of a run: nothing more is sent, and the next run finds out what was done."""

import sqlite3
from types import SimpleNamespace

import pytest

from sentinel.broker.transport import AlpacaWire
from sentinel.ledger import opening

CHANGES = ("submit", "replace", "cancel")


@pytest.fixture
def other_program(stage, monkeypatch):
    """Another program, which takes the ledger for itself as soon as the exchange has done what it waits for."""
    monkeypatch.setattr(opening, "BUSY_TIMEOUT_S", 0.05)
    other = sqlite3.connect(stage.home / "sentinel.db", isolation_level=None)
    sent: list[str] = []
    waits_for: list[str] = []

    def watched(change):
        def carried_out(self, *args):
            answer = change(self, *args)
            sent.append(change.__name__)
            if change.__name__ in waits_for:
                other.execute("BEGIN IMMEDIATE")
                waits_for.clear()
            return answer

        return carried_out

    with monkeypatch.context() as patch:
        for name in CHANGES:
            patch.setattr(AlpacaWire, name, watched(getattr(AlpacaWire, name)))

        def goes_away():
            patch.undo()
            other.close()

        yield SimpleNamespace(sent=sent, waits_for=waits_for, goes_away=goes_away)
    other.close()


def test_an_outcome_that_cannot_be_recorded_stops_what_is_left_and_the_next_run_finds_it_out(stage, other_program):
    other_program.waits_for.append("submit")
    for symbol in ("AAPL", "MSFT", "TSLA"):
        stage.exchange.trade(symbol, 7, "buy", 100)
    evening = stage.evening()
    assert (evening.exit_code, other_program.sent) == (3, ["submit"])
    assert {("ledger_error", None), ("unrecorded", "AAPL")} <= set(evening.findings)
    assert "another program has the ledger open" in evening.err
    other_program.goes_away()
    again = stage.evening()
    assert (again.exit_code, set(again.states.values())) == (0, {"protected"})
    assert ("recovered", "AAPL") in again.findings
    assert [len(stage.orders(symbol)) for symbol in ("AAPL", "MSFT", "TSLA")] == [1, 1, 1]


def test_a_ledger_that_fails_between_a_cancel_and_the_next_stop_leaves_an_alarm_that_names_the_symbol(
    stage, other_program
):
    stage.exchange.modes(after_hours_stops="accepted", after_hours_cancel="immediate")
    stage.holds()
    stage.day("AAPL", "108 110 107 109")
    other_program.waits_for.append("cancel")
    evening = stage.evening()
    assert (evening.exit_code, ("unrecorded", "AAPL") in evening.findings) == (3, True)
    assert (other_program.sent[-1], stage.orders()) == ("cancel", [])
    other_program.goes_away()
    again = stage.evening()
    assert (again.exit_code, again.states, again.stops) == (0, {"AAPL": "protected"}, {"AAPL": 102})
