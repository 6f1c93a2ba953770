"""What striking every request with every fault found: each story is the smallest one that showed it."""

from sentinel.broker.answers import Answer
from sentinel.broker.transport import AlpacaWire


def test_positions_that_vanish_between_two_looks_are_named_one_by_one(stage, monkeypatch):
    """The alarm named no symbol, so nobody could tell which protection had not been proved."""
    stage.holds("AAPL")
    stage.holds("MSFT")
    sent = stage.mutations()
    read, lists = AlpacaWire.read, []

    def vanishing(self, path, params=None):
        lists.append(path) if path == "/positions" else None
        hides = path == "/positions" and len(lists) > 1
        return Answer(200, []) if hides else read(self, path, params)

    with monkeypatch.context() as patch:
        patch.setattr(AlpacaWire, "read", vanishing)
        evening = stage.evening()
    assert evening.exit_code == 1
    assert {("suddenly_empty", "AAPL"), ("suddenly_empty", "MSFT")} <= set(evening.findings)
    again = stage.evening()
    assert (again.exit_code, again.states, stage.mutations()) == (0, {"AAPL": "protected", "MSFT": "protected"}, sent)
