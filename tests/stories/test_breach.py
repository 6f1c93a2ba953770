"""The emergency ladder, rung by rung: marked, stopped, asked, answered, and the way back up."""

from decimal import Decimal

import pytest

from sentinel.ledger import Ledger
from tests.stories.test_hands import MODES, findings


def rungs(stage):
    """The rungs the ledger has recorded, in their order, each with a moment."""
    names = ("breached", "place_stop", "OfferExit", "EndBreach", "approval_approved", "close_position", "Owe")
    with Ledger.open_read_only(stage.home / "sentinel.db") as ledger:
        lines = [line for line in ledger.audit_trail("AAPL") if line.event in names]
    assert [line.at for line in lines] == sorted(line.at for line in lines)
    return [line.event for line in lines]


def is_breached(stage):
    (position,) = stage.tells("status").document["positions"]
    return position["is_breached"]


@pytest.fixture(params=MODES, ids="-".join)
def fallen(stage, request):
    """Seven shares at 100.00 whose stop was cancelled by hand before the price fell to 90.00; rescued, nobody asked."""
    stops, cancel = request.param
    stage.exchange.modes(after_hours_stops=stops, after_hours_cancel=cancel)
    stage.holds()
    stage.exchange.action(cancel={"order_id": stage.stop()["id"]})
    stage.day("AAPL", "91 92 89 90")
    rescued = stage.tells("rescue-stops")
    assert (rescued.exit_code, rescued.stops) == (0, {"AAPL": Decimal("88.20")})
    (told,) = findings(rescued, "breached")
    assert "at 90.00 has fallen through its level of 92.00; an emergency stop rests at 88.20" in told["message"]
    return stage


def test_an_emergency_stop_marks_the_breach_and_the_next_run_asks_at_its_top(fallen):
    assert is_breached(fallen)
    fallen.day("AAPL", "90 91 89 90")
    evening = fallen.evening()
    steps = [(deed["step"], deed["verb"]) for deed in evening.document["actions"]]
    assert ("breaches", "offer_exit") in steps
    assert [(a["kind"], a["state"]) for a in evening.document["approvals"]] == [("exit", "waiting")]
    assert findings(evening, "breached") == [], "told once"
    assert rungs(fallen) == ["place_stop", "breached", "OfferExit"]
    assert fallen.shares() == 7, "never a silent sale"
    assert len(fallen.evening().document["approvals"]) == 1


def test_a_yes_is_recorded_and_sold_or_owed(fallen):
    fallen.day("AAPL", "90 91 89 90")
    (question,) = fallen.evening().document["approvals"]
    told = fallen.tells(f"approvals approve {question['id']}")
    assert rungs(fallen)[:4] == ["place_stop", "breached", "OfferExit", "approval_approved"]
    if told.states != {"AAPL": "pending"}:
        assert "Owe" in rungs(fallen)
        fallen.bar("AAPL", "90 91 89.9 90")
        fallen.exchange.advance(to="open")
        told = fallen.tells("check-profit-taking --non-interactive")
    assert rungs(fallen)[-1] == "close_position"
    assert [sale["outcome"] for sale in told.document["actions"] if sale["verb"] == "close_position"] == ["done"]


def test_the_breach_is_over_when_price_and_stop_are_back(fallen):
    fallen.day("AAPL", "90 91 89 90")
    fallen.evening()
    fallen.day("AAPL", "94 96 93 95")
    evening = fallen.evening()
    if evening.states == {"AAPL": "protected_old_level"}:
        assert is_breached(fallen)
        fallen.bar("AAPL", "95 96 94 95")
        fallen.exchange.advance(to="open")
        evening = fallen.tells("update-trailing-stops")
    assert evening.stops == {"AAPL": Decimal("92.00")}
    assert len(findings(evening, "breach_over")) == 1
    assert not is_breached(fallen)
    assert rungs(fallen)[-1] == "EndBreach"
    assert fallen.evening().document["approvals"] == [], "the question has lapsed with its cause"


def test_a_trader_at_the_keyboard_is_asked_once_and_by_the_profit_step(fallen, monkeypatch):
    from sentinel.commands.profit_question import ProfitQuestion

    asked = []

    def no(_self, offer, _holding):
        asked.append((offer.kind, offer.is_filed))
        return False

    monkeypatch.setattr(ProfitQuestion, "__call__", no)
    monkeypatch.setattr("sentinel.commands.options.Call.has_trader", property(lambda _self: True))
    fallen.day("AAPL", "90 91 89 90")
    fallen.types("evening-workflow")
    assert asked == [("exit", False)], "protection comes first, so the top of the run waits for nobody"
