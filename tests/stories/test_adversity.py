"""What an adversary tried: lists that lie, answers that never come, yeses to something else, orders by other hands."""

import json
import urllib.request
from dataclasses import replace
from decimal import Decimal

import pytest
import tenacity

from sentinel.broker.answers import Answer
from sentinel.broker.transport import AlpacaWire
from sentinel.domain.book import ExitReason
from sentinel.execution import patience


class Kill(BaseException):
    """What a SIGKILL leaves behind, without the wait for a process."""


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(patience, "wait_fixed", lambda _s: tenacity.wait_fixed(0))


def by_hand(stage, body):
    """An order the trader sends from the broker's app."""
    head = {"APCA-API-KEY-ID": stage.exchange.key, "APCA-API-SECRET-KEY": stage.exchange.secret}
    data = json.dumps(body).encode()
    url = stage.exchange.url + "/v2/orders"
    request = urllib.request.Request(url, data, {**head, "Content-Type": "application/json"}, method="POST")
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def question(stage):
    """Seven shares at +20 %, the question filed; its number."""
    stage.holds()
    stage.day("AAPL", "119 121 118 120")
    return stage.evening().document["approvals"][0]["id"]


def resting(stage, symbol="AAPL"):
    return [(o["type"], o["side"], o["qty"]) for o in stage.orders(symbol)]


def shown_positions(monkeypatch, change):
    """The broker's list of positions as a broken broker tells it."""
    read = AlpacaWire.read

    def broken(self, path, params=None):
        answer = read(self, path, params)
        return Answer(200, change(answer.body)) if path == "/positions" else answer

    monkeypatch.setattr(AlpacaWire, "read", broken)


def without(symbol):
    return lambda rows: [row for row in rows if row["symbol"] != symbol]


# --- Left less protected than before: a chain loses sight between its cancel and its placing ---------------------

READS = [
    pytest.param("/v2/positions/AAPL$", 1, id="position"),
    pytest.param("/v2/orders/[0-9a-f-]{36}$", 1, id="order"),
]


@pytest.mark.parametrize(("path", "first"), READS)
def test_a_sale_that_can_read_no_more_puts_the_stop_back(stage, path, first):
    stage.exchange.modes(after_hours_cancel="immediate")
    number = question(stage)
    stage.exchange.faults([{"method": "GET", "path": path, "nth": None, "kind": "500"}])
    stage.tells(f"approvals approve {number}")
    assert [(o["type"], o["qty"]) for o in stage.orders()] == [("stop", "7")], "it was protected at 108"


@pytest.mark.parametrize(("path", "first"), [READS[0], pytest.param("/v2/orders/[0-9a-f-]{36}$", 2, id="order")])
def test_a_raise_by_cancel_that_can_read_no_more_puts_a_stop_back(stage, path, first):
    stage.exchange.modes(after_hours_stops="accepted", after_hours_cancel="immediate")
    stage.holds()
    stage.day("AAPL", "108 110 107 109")
    faults = [{"method": "GET", "path": path, "nth": n, "kind": "500"} for n in range(first, first + 12)]
    stage.exchange.faults(faults)
    stage.evening()
    assert [(o["type"], o["qty"]) for o in stage.orders()] == [("stop", "7")], "it was protected at 92"


def test_a_cancel_that_looks_undone_and_is_done_is_answered_with_a_new_stop(stage):
    """The broker's order page lags behind the cancel; the second look sees bare shares and nobody acts on it."""
    stage.exchange.modes(after_hours_cancel="immediate")
    number = question(stage)
    stage.exchange.faults([{"method": "GET", "path": "/v2/orders/[0-9a-f-]{36}$", "nth": None, "kind": "stale"}])
    told = stage.tells(f"approvals approve {number}")
    assert told.states != {"AAPL": "naked"}


def test_ctrl_c_between_cancel_and_placing_leaves_a_stop(stage, monkeypatch):
    stage.exchange.modes(after_hours_stops="accepted", after_hours_cancel="immediate")
    stage.holds()
    stage.day("AAPL", "108 110 107 109")
    submit, sent = AlpacaWire.submit, []

    def interrupted_once(self, ticket):
        sent.append(ticket)
        if len(sent) == 1:
            raise KeyboardInterrupt
        return submit(self, ticket)

    monkeypatch.setattr(AlpacaWire, "submit", interrupted_once)
    assert stage.types("evening-workflow --non-interactive").exit_code == 130
    assert [(o["type"], o["qty"]) for o in stage.orders()] == [("stop", "7")]


# --- One odd position leaves the whole account bare (I9) ---------------------------------------------------------


def test_a_position_that_cost_nothing_costs_no_other_its_stop(stage, monkeypatch):
    """A spin-off or a transferred position has an average entry of 0: Holding.gain_pct divides by it in a planner."""
    stage.exchange.trade("AAPL", 5, "buy", 100)
    stage.exchange.trade("MSFT", 5, "buy", 100)
    free = lambda rows: [r | {"avg_entry_price": "0"} if r["symbol"] == "AAPL" else r for r in rows]  # noqa: E731
    shown_positions(monkeypatch, free)
    evening = stage.evening()
    assert resting(stage, "MSFT") == [("stop", "sell", "5")]
    assert evening.exit_code != 70


# --- Exit 0 over bare shares (I1, I10): a list that misses one position is believed ------------------------------


def test_a_list_that_misses_one_bare_position_is_not_believed(stage, monkeypatch):
    stage.holds()
    stage.holds("MSFT", 2)
    stage.exchange.action(cancel={"order_id": stage.stop()["id"]})
    shown_positions(monkeypatch, without("AAPL"))
    evening = stage.evening()
    assert evening.exit_code != 0, "7 shares of AAPL are held, none under a stop, and no fill says they were sold"
    assert stage.trades() == ()


def test_a_part_sale_does_not_explain_an_empty_account(stage, monkeypatch):
    stage.holds()
    stage.exchange.trade("AAPL", 3, "sell", 100)
    shown_positions(monkeypatch, lambda _rows: [])
    assert stage.evening().exit_code == 3
    assert stage.trades() == ()


# --- Sales nobody approved ---------------------------------------------------------------------------------------


def test_a_yes_to_seven_shares_does_not_sell_twenty(stage):
    stage.exchange.modes(after_hours_cancel="immediate")
    number = question(stage)
    stage.exchange.trade("AAPL", 13, "buy", 120)
    stage.tells(f"approvals approve {number}")
    assert ("market", "sell", "20") not in resting(stage)


def test_a_question_that_has_expired_takes_no_yes(stage):
    stage.exchange.modes(after_hours_cancel="immediate")
    number = question(stage)
    for _ in range(6):
        stage.day("AAPL", "119 121 118 120")
    assert stage.types(f"approvals approve {number}").exit_code == 2
    assert [o for o in stage.orders() if o["type"] == "market"] == [], "`expires_at`: no answer counts after this"


def test_an_owed_exit_is_asked_again_when_the_price_has_drifted(stage):
    stage.exchange.modes(after_hours_stops="new", after_hours_cancel="pending")
    stage.tells(f"approvals approve {question(stage)}")
    stage.bar("AAPL", "160 162 158 160")
    stage.exchange.advance(to="open")
    told = stage.tells("check-profit-taking --non-interactive")
    assert stage.shares() == 7, "the yes was given at 120, the drift allowed is 5 %"
    assert [Decimal(q["price_shown"]) for q in told.document["approvals"]] == [Decimal(160)]


def test_a_yes_can_be_taken_back_while_the_exit_is_owed(stage):
    stage.exchange.modes(after_hours_stops="new", after_hours_cancel="pending")
    number = question(stage)
    stage.tells(f"approvals approve {number}")
    assert stage.types(f"approvals reject {number}").exit_code == 0
    stage.bar("AAPL", "121 122 120 121")
    stage.exchange.advance(to="open")
    stage.tells("check-profit-taking --non-interactive")
    assert stage.shares() == 7


# --- Stops at the wrong level ------------------------------------------------------------------------------------


def test_a_new_ledger_does_not_price_a_stranger_by_an_old_entry_of_ours(stage):
    stage.holds()
    stage.exchange.action(cancel={"order_id": stage.stop()["id"]})
    stage.exchange.trade("AAPL", 7, "sell", 150)
    stage.evening()
    stage.exchange.trade("AAPL", 10, "buy", 200)
    (stage.home / "sentinel.db").unlink()
    assert stage.types("init").exit_code == 0
    stage.day("AAPL", "200 201 199 200")
    assert stage.evening().stops == {"AAPL": Decimal("184.00")}, "-8 % of 200, not +15 % of last month's 100"


def test_an_emergency_stop_goes_back_to_the_old_level_when_the_price_does(stage):
    stage.holds()
    stage.exchange.action(cancel={"order_id": stage.stop()["id"]})
    stage.day("AAPL", "91 92 89 90")
    assert stage.evening().stops == {"AAPL": Decimal("88.20")}
    stage.day("AAPL", "95 106 95 105")
    assert stage.evening().stops["AAPL"] >= 92


# --- The trader's own orders are not left alone (DESIGN 7, adoption) ---------------------------------------------


def test_the_leg_of_a_bracket_by_hand_is_read_as_protection_and_left_alone(stage):
    by_hand(
        stage,
        {
            "symbol": "AAPL", "qty": "5", "side": "buy", "type": "limit", "limit_price": "100", "time_in_force": "gtc",
            "order_class": "bracket", "take_profit": {"limit_price": "130"}, "stop_loss": {"stop_price": "92"},
        },
    )  # fmt: skip
    stage.day("AAPL", "100 101 99 100")
    stage.evening()
    stage.day("AAPL", "108 110 107 109")
    assert stage.evening().verbs("raise_stop") == []


@pytest.mark.parametrize("stops", ["new", "accepted"])
def test_a_trailing_stop_by_hand_stays_one(stage, stops):
    stage.exchange.modes(after_hours_stops=stops, after_hours_cancel="immediate")
    stage.exchange.trade("AAPL", 5, "buy", 100)
    ticket = {"symbol": "AAPL", "qty": "5", "side": "sell", "type": "trailing_stop", "trail_percent": "9"}
    by_hand(stage, {**ticket, "time_in_force": "gtc"})
    stage.day("AAPL", "100 101 99 100")
    stage.evening()
    stage.day("AAPL", "108 110 107 109")
    evening = stage.evening()
    assert [o["type"] for o in stage.orders()] == ["trailing_stop"]
    assert evening.verbs("raise_stop") == [], "its price cannot be set; the broker refuses, the raise is owed for ever"


# --- One clean run does not settle everything (I7), or a second one still sends (I8) ------------------------------


def test_a_raise_lost_to_a_fault_is_done_by_the_next_run(stage):
    stage.holds()
    stage.day("AAPL", "108 110 107 109")
    stage.exchange.faults([{"method": "PATCH", "path": "/v2/orders", "nth": None, "kind": "500"}])
    stage.evening()
    stage.exchange.faults([])
    assert stage.evening().stops == {"AAPL": Decimal("102.00")}


def test_an_owed_exit_whose_stop_cannot_move_is_not_tried_again_the_same_evening(stage):
    stage.exchange.modes(after_hours_stops="accepted", after_hours_cancel="pending")
    stage.tells(f"approvals approve {question(stage)}")
    sent = stage.mutations()
    stage.evening()
    stage.evening()
    assert stage.mutations() == sent


def test_a_position_turned_round_by_hand_is_protected_by_one_run(stage, hours):
    """The sell stop of the old long is taken for a live entry of the new short; it goes only after the rescue."""
    stage.holds()
    stage.exchange.trade("AAPL", 12, "sell", 100)
    evening = stage.evening()
    if "pending" in hours:
        assert (evening.exit_code, evening.states) == (1, {"AAPL": "naked"}), "the broker takes none beside it"
        stage.opens()
        evening = stage.evening()
    assert (evening.exit_code, evening.states, evening.stops) == (0, {"AAPL": "protected"}, {"AAPL": Decimal("108.00")})


def test_shares_bought_while_an_exit_waits_get_their_stop(stage):
    stage.exchange.modes(after_hours_cancel="immediate")
    stage.tells(f"approvals approve {question(stage)}")
    stage.exchange.trade("AAPL", 5, "buy", 120)
    stage.evening()
    assert ("stop", "sell", "5") in resting(stage)


# --- The book is not what happened (I5) --------------------------------------------------------------------------


def killed_after_sending(stage, monkeypatch, line):
    submit = AlpacaWire.submit

    def killed(self, ticket):
        submit(self, ticket)
        raise Kill

    monkeypatch.setattr(AlpacaWire, "submit", killed)
    with pytest.raises(Kill):
        stage.types(line)
    monkeypatch.setattr(AlpacaWire, "submit", submit)


def test_a_sale_that_filled_before_the_next_run_is_the_profit_it_was(stage, monkeypatch):
    stage.exchange.modes(after_hours_cancel="immediate")
    killed_after_sending(stage, monkeypatch, f"approvals approve {question(stage)}")
    stage.day("AAPL", "121 122 120 121")
    stage.evening()
    (trade,) = stage.trades()
    assert (trade.exit_reason, trade.exit_order_id is not None) == (ExitReason.PROFIT, True)


def test_a_stop_that_filled_before_the_next_run_is_a_stop_that_filled(stage, monkeypatch):
    stage.holds()
    stage.exchange.action(cancel={"order_id": stage.stop()["id"]})
    killed_after_sending(stage, monkeypatch, "evening-workflow --non-interactive")
    stage.day("AAPL", "91 91 90 91")
    stage.evening()
    assert [trade.exit_reason for trade in stage.trades()] == [ExitReason.STOP_FILLED]


# --- Silence where an alarm belongs ------------------------------------------------------------------------------


def test_an_entry_found_after_a_kill_is_checked_for_its_leg(stage, monkeypatch):
    submit = AlpacaWire.submit
    monkeypatch.setattr(AlpacaWire, "submit", lambda self, t: submit(self, replace(t, leg_stop_price=None)))
    killed_after_sending(stage, monkeypatch, "submit-entry-with-stop AAPL 99.00 7")
    evening = stage.evening()
    assert evening.exit_code == 1 or stage.orders() == [], "an entry without a stop rests at the broker"


def test_asking_for_another_stop_is_not_the_same_entry(stage):
    stage.enters("AAPL 99.00 7")
    again = stage.enters("AAPL 99.00 7 --stop-loss-pct 3")
    assert (again.exit_code, again.findings) != (0, [("already_submitted", "AAPL")]), "its stop is 5 % lower"


def test_an_owed_raise_the_price_has_left_behind_is_no_alarm_for_ever(stage):
    stage.exchange.modes(after_hours_stops="accepted", after_hours_cancel="pending")
    stage.holds()
    stage.day("AAPL", "108 110 107 109")
    stage.evening()
    found = []
    for _ in range(4):
        stage.day("AAPL", "101 101 100 100")
        found += stage.evening().findings
    assert ("owed_overdue", "AAPL") not in found, "a stop at 102 cannot rest over a price of 100"


# --- The last look, and the last resort --------------------------------------------------------------------------


def test_a_second_look_that_shows_nothing_is_not_believed_either(stage, monkeypatch):
    """The second look is guarded like the first: it would close every trade as a ghost."""
    stage.holds()
    looks = []

    def empty_from_the_second_look(rows):
        looks.append(rows)
        return rows if len(looks) == 1 else []

    shown_positions(monkeypatch, empty_from_the_second_look)
    evening = stage.evening()
    assert stage.trades() == (), "7 shares are held, and a stop rests behind them"
    assert evening.exit_code != 0


def test_a_stop_that_cannot_go_back_follows_the_emergency_ladder(stage, monkeypatch):
    """The price falls through the old stop while the sale is refused: the put-back would be refused too."""
    stage.exchange.modes(after_hours_cancel="immediate")
    number = question(stage)
    submit = AlpacaWire.submit

    def falling(self, ticket):
        if ticket.type == "market":
            day = {"symbol": "AAPL", "date": stage.clock["timestamp"][:10], "volume": 1}
            stage.exchange.bars([{**day, "open": 119, "high": 121, "low": 104, "close": 105}])
            return Answer(403, {"code": 40310000, "message": "account is restricted"})
        return submit(self, ticket)

    monkeypatch.setattr(AlpacaWire, "submit", falling)
    stage.tells(f"approvals approve {number}")
    assert [(o["type"], o["qty"]) for o in stage.orders()] == [("stop", "7")]


def test_a_cancel_still_on_its_way_is_no_exit_zero(stage, monkeypatch):
    """Nobody knows whether the DELETE arrived: the stop may end after the proof, and the run says all is covered."""
    from sentinel.broker.answers import NoAnswer

    stage.exchange.modes(after_hours_cancel="immediate")
    number = question(stage)

    def lost(self, order_id):
        raise NoAnswer("no answer within 20 s")

    monkeypatch.setattr(AlpacaWire, "cancel", lost)
    assert stage.tells(f"approvals approve {number}").exit_code == 1


def test_a_yes_given_during_a_halt_is_asked_again_when_it_is_old(stage):
    stage.exchange.modes(after_hours_cancel="immediate")
    number = question(stage)
    stage.types("halt --reason test")
    stage.tells(f"approvals approve {number}")
    for _ in range(12):
        stage.day("AAPL", "119 121 118 120")
    stage.types("resume --reason test")
    stage.evening()
    assert [o for o in stage.orders() if o["type"] == "market"] == [], "a question lives 3 days, its yes for ever"
