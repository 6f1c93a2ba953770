"""What striking every request with every fault found: each story is the smallest one that showed it."""

from datetime import date

from sentinel.broker import Broker
from sentinel.broker.answers import Answer, NoAnswer
from sentinel.broker.transport import AlpacaWire
from sentinel.ledger import Ledger


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


def test_a_line_that_dies_between_a_cancel_and_the_next_stop_leaves_an_alarm_that_names_the_symbol(stage, monkeypatch):
    """The run ends without a proof, and its document said only that the broker could not be reached."""
    stage.exchange.modes(after_hours_stops="accepted", after_hours_cancel="immediate")
    stage.holds()
    stage.day("AAPL", "108 110 107 109")

    def dead(*_args, **_kwargs):
        raise NoAnswer("the line is dead")

    def dying(_self, _ticket):
        for verb in ("submit", "read"):
            patch.setattr(AlpacaWire, verb, dead)
        dead()

    with monkeypatch.context() as patch:
        patch.setattr(AlpacaWire, "submit", dying)
        evening = stage.evening()
    assert evening.exit_code == 4
    assert {("broker_unreachable", None), ("unresolved", "AAPL")} <= set(evening.findings)
    assert "see there that AAPL has its stop" in evening.err
    again = stage.evening()
    assert (again.exit_code, again.states) == (0, {"AAPL": "protected"})


def test_a_list_of_recent_orders_from_before_the_raise_does_not_revive_the_stop_that_was_replaced(stage, monkeypatch):
    """The run ended with exit 0, and the ledger held a stop the broker no longer had."""
    stage.exchange.modes(after_hours_stops="new")
    stage.holds()
    stage.day("AAPL", "108 110 107 109")
    read, lists = AlpacaWire.read, []

    def stale(self, path, params=None):
        answer = read(self, path, params)
        if path == "/orders" and (params or {}).get("status") == "all":
            lists.append(answer)
            return lists[0]
        return answer

    with monkeypatch.context() as patch:
        patch.setattr(AlpacaWire, "read", stale)
        evening = stage.evening()
    assert (len(lists), evening.exit_code, evening.verbs("raise_stop")) == (2, 0, [("raise_stop", "AAPL", "done")])
    with Ledger.open_read_only(stage.home / "sentinel.db") as ledger:
        (record,) = ledger.book(date(2026, 3, 3)).stops
    assert record.order_id == stage.stop()["id"]


def test_a_split_of_shares_that_the_list_missed_is_followed_before_their_stop_is_placed(stage, monkeypatch):
    """One share at 1,000 got a stop at 115, by the entry and the stairs of the ten it had been."""
    stage.holds("AAPL", 10)
    stage.holds("MSFT", 10)
    stage.exchange.action(split={"symbol": "AAPL", "ratio": "0.1"})
    positions, lists = Broker.positions, []

    def missing_once(self):
        lists.append(positions(self))
        return {name: held for name, held in lists[-1].items() if name != "AAPL" or len(lists) > 1}

    with monkeypatch.context() as patch:
        patch.setattr(Broker, "positions", missing_once)
        evening = stage.evening()
    assert (evening.exit_code, len(lists)) == (1, 2)
    assert {("list_missed", "AAPL"), ("split", "AAPL")} <= set(evening.findings)
    assert evening.verbs("split_trade", "place_stop", "offer_exit") == [
        ("split_trade", "AAPL", "done"),
        ("place_stop", "AAPL", "done"),
    ]
    assert (stage.stop()["stop_price"], evening.states) == ("920", {"AAPL": "protected", "MSFT": "protected"})
    again = stage.evening()
    assert (again.exit_code, again.verbs(), stage.stop()["stop_price"]) == (0, [], "920")
