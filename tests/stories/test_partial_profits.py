"""Half at 2 R: asked once a trade, sold where the stop lets go of it, the other half covered all the time."""

from dataclasses import dataclass, field
from decimal import Decimal

import pytest
import tenacity

from sentinel.broker.transport import AlpacaWire
from sentinel.execution import patience
from sentinel.ledger import Ledger

CHANGES = ("submit", "replace", "resize", "cancel")


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(patience, "wait_fixed", lambda _s: tenacity.wait_fixed(0))
    monkeypatch.setenv("SENTINEL_RISK__PARTIAL_PROFITS", "true")
    monkeypatch.setenv("SENTINEL_RISK__USUAL_RANGE_SESSIONS", "2")


@dataclass
class Watch:
    """What rests at the exchange after each request that changed something."""

    moments: list[tuple[int, int]] = field(default_factory=list)

    @property
    def least_covered_qty(self):
        return min(covered for covered, _ in self.moments)

    @property
    def most_closing_qty(self):
        return max(closing for _, closing in self.moments)


@pytest.fixture
def watch(stage, monkeypatch):
    seen = Watch()

    def watched(change):
        def carried_out(self, *args):
            try:
                return change(self, *args)
            finally:
                orders = [order for order in stage.orders() if order["side"] == stage.exit_side]
                stops = sum(int(o["qty"]) - int(o["filled_qty"]) for o in orders if o["type"] == "stop")
                sales = sum(int(o["qty"]) - int(o["filled_qty"]) for o in orders if o["type"] == "market")
                seen.moments.append((stops, stops + sales))

        return carried_out

    stage.exit_side = "sell"
    for name in CHANGES:
        monkeypatch.setattr(AlpacaWire, name, watched(getattr(AlpacaWire, name)))
    return seen


def winner(stage, stop="leg", qty=7):
    """Shares 20 % up, at 2.5 R, on a calm day, under the leg of their entry or a simple stop."""
    if stop == "leg":
        stage.holds(qty=qty)
    else:
        stage.exchange.trade("AAPL", qty, "buy", 100)
        stage.day("AAPL", "100 101 99 100")
        assert stage.evening().exit_code == 0
    stage.day("AAPL", "119 121 118 120")


def ask(stage):
    evening = stage.evening()
    (question,) = evening.document["approvals"]
    return evening, question


def stops(stage, symbol="AAPL"):
    return sorted((int(o["qty"]), Decimal(o["stop_price"])) for o in stage.orders(symbol) if o["type"] == "stop")


def sales(stage):
    return [(o["side"], int(o["qty"])) for o in stage.orders() if o["type"] == "market"]


def opens(stage, prices="121 122 120 121"):
    stage.bar("AAPL", prices)
    stage.exchange.advance(to="open")


def the_trade(stage):
    with Ledger.open_read_only(stage.home / "sentinel.db") as ledger:
        (trade,) = ledger.open_trades()
        return trade


def audited(stage):
    with Ledger.open_read_only(stage.home / "sentinel.db") as ledger:
        assert ledger.verify_audit() is None
        return [row.event for row in ledger.audit_trail("AAPL")]


def test_off_by_default_the_whole_is_offered_at_its_target(stage, monkeypatch):
    monkeypatch.delenv("SENTINEL_RISK__PARTIAL_PROFITS")
    winner(stage)
    assert [(q["kind"], q["qty"]) for q in stage.evening().document["approvals"]] == [("profit", 7)]
    assert not any("/stocks/bars" in path for path in stage.exchange.state()["requests"]["counts"])


@pytest.mark.parametrize("cancels", ["at_once", "asynchronous"])
@pytest.mark.parametrize("resting", ["new", "accepted"])
@pytest.mark.parametrize("stop", ["leg", "simple"])
def test_half_is_sold_at_the_open_and_the_rest_goes_on_to_its_target(stage, watch, stop, resting, cancels):
    stage.exchange.modes(after_hours_stops=resting, after_hours_cancel="immediate", cancels=cancels)
    winner(stage, stop)
    evening, question = ask(stage)
    assert (evening.exit_code, question["kind"], question["qty"]) == (0, "partial", 3)
    assert sales(stage) == []
    assert ask(stage)[1]["id"] == question["id"], "nobody is asked twice"

    watch.moments.clear()
    told = stage.tells(f"approvals approve {question['id']}")
    assert told.verbs() == [("sell_part", "AAPL", "done")]
    assert (told.exit_code, told.states) == (0, {"AAPL": "pending"})
    assert (stops(stage), sales(stage)) == ([(4, Decimal(108))], [("sell", 3)])
    assert watch.most_closing_qty == 7, "never more than is held (I4)"
    sent = stage.mutations()
    assert (stage.evening().exit_code, stage.mutations()) == (0, sent)

    stage.day("AAPL", "121 122 120 121")
    evening = stage.evening()
    assert ("resized", "AAPL") not in evening.findings
    (because,) = [deed["because"] for deed in evening.document["actions"] if deed["verb"] == "follow_exit"]
    assert because == "sold in part: 3 shares at 121.00 (+2.6 R), 4 shares stay"
    assert (stage.shares(), the_trade(stage).qty, evening.states) == (4, 4, {"AAPL": "protected"})
    assert [(q["kind"], q["qty"]) for q in evening.document["approvals"]] == [("profit", 4)], "half only once a trade"
    assert {"OfferExit", "cancel_order", "place_stop", "close_position", "FollowExit"} <= set(audited(stage))

    stage.tells(f"approvals approve {evening.document['approvals'][0]['id']}")
    stage.day("AAPL", "125 126 124 125")
    assert (stage.evening().exit_code, stage.shares()) == (0, 0)
    (life,) = stage.tells("history AAPL").document["trades"]
    assert Decimal(life["gain_usd"]) == 3 * 21 + 4 * 25
    assert life["r_multiple"] == "2.91", "seven shares made 163 dollars, each risked 8"


def test_in_an_open_market_a_simple_stop_is_shrunk_and_never_away(stage, watch):
    stage.exchange.modes(after_hours_cancel="pending")
    winner(stage, "simple")
    _, question = ask(stage)
    told = stage.tells(f"approvals approve {question['id']}")
    assert (told.verbs(), told.exit_code) == ([("owe", "AAPL", "done")], 0)
    assert (told.states, stops(stage)) == ({"AAPL": "protected_old_level"}, [(7, Decimal(108))]), "it is not moved"
    assert "sale of 3 shares still to do" in " ".join(stage.types("status").out.split())
    opens(stage)
    watch.moments.clear()
    sold = stage.tells("check-profit-taking --non-interactive")
    assert (sold.verbs(), sold.exit_code) == ([("sell_part", "AAPL", "done")], 0)
    assert watch.least_covered_qty == 4
    assert "shrink_stop" in audited(stage)
    assert (stage.shares(), stops(stage), the_trade(stage).qty) == (4, [(4, Decimal(108))], 4)
    assert sold.states == {"AAPL": "protected"}
    sent = stage.mutations()
    again = stage.tells("check-profit-taking --non-interactive")
    assert (again.exit_code, stage.mutations()) == (0, sent)


def test_in_an_open_market_a_leg_waits_for_the_close(stage, watch):
    stage.exchange.modes(after_hours_cancel="immediate")
    winner(stage)
    _, question = ask(stage)
    opens(stage)
    watch.moments.clear()
    told = stage.tells(f"approvals approve {question['id']}")
    assert (told.verbs(), told.exit_code, watch.moments) == ([("owe", "AAPL", "done")], 0, [])
    assert told.states == {"AAPL": "protected_old_level"}
    stage.exchange.advance(to="close")
    assert stage.evening().verbs("sell_part") == [("sell_part", "AAPL", "done")]
    assert (stops(stage), sales(stage)) == ([(4, Decimal(108))], [("sell", 3)])


def test_a_leg_that_can_never_be_freed_is_not_offered_in_part(stage):
    stage.exchange.modes(after_hours_cancel="pending")
    winner(stage)
    evening, question = ask(stage)
    assert (question["kind"], question["qty"]) == ("profit", 7)
    assert ("part_locked", "AAPL") in evening.findings
    assert evening.exit_code == 0


@pytest.mark.parametrize("is_open", [True, False])
def test_a_short_is_bought_back_in_part(stage, watch, is_open):
    stage.exit_side = "buy"
    stage.exchange.modes(after_hours_cancel="immediate")
    stage.exchange.trade("AAPL", 7, "sell", 100)
    stage.day("AAPL", "100 101 99 100")
    assert stage.evening().exit_code == 0
    stage.day("AAPL", "81 82 80 80")
    _, question = ask(stage)
    assert (question["kind"], question["qty"]) == ("partial", 3)
    if is_open:
        opens(stage, "80 81 79 80")
    watch.moments.clear()
    told = stage.tells(f"approvals approve {question['id']}")
    assert (told.verbs(), told.exit_code) == ([("sell_part", "AAPL", "done")], 0)
    assert watch.most_closing_qty <= 7
    assert [qty for qty, _ in stops(stage)] == [4]
    if is_open:
        assert (watch.least_covered_qty, stage.shares()) == (4, -4)
    else:
        assert sales(stage) == [("buy", 3)]


def test_on_a_wild_day_no_part_is_asked_and_an_approved_one_waits(stage):
    stage.exchange.modes(after_hours_cancel="pending")
    winner(stage, "simple")
    _, question = ask(stage)
    stage.tells(f"approvals approve {question['id']}")
    stage.day("AAPL", "119 150 110 120")
    evening = stage.evening()
    assert (("breaker", "AAPL") in evening.findings, sales(stage)) == (True, [])
    assert evening.exit_code == 0


def test_without_prices_of_enough_sessions_no_part_is_asked(stage, monkeypatch):
    monkeypatch.setenv("SENTINEL_RISK__USUAL_RANGE_SESSIONS", "20")
    winner(stage)
    evening, question = ask(stage)
    assert question["kind"] == "profit"
    assert evening.findings.count(("range_unknown", "AAPL")) == 1


def test_without_market_data_no_part_is_asked_and_the_evening_goes_on(stage):
    winner(stage)
    stage.exchange.faults([{"method": "GET", "path": "/v2/stocks/bars", "nth": None, "kind": "500"}])
    evening, question = ask(stage)
    assert (question["kind"], evening.exit_code, evening.states) == ("profit", 0, {"AAPL": "protected"})


def test_a_no_is_for_the_whole_trade(stage):
    winner(stage)
    _, question = ask(stage)
    rejected = stage.types(f"approvals reject {question['id']}")
    assert "no part of this trade is offered again" in " ".join((rejected.out + rejected.err).split())
    assert stage.evening().document["approvals"] == []
    stage.day("AAPL", "119 121 118 120")
    assert [(q["kind"], q["qty"]) for q in stage.evening().document["approvals"]] == [("profit", 7)]


def test_a_halt_stops_it_and_the_stops_stay(stage):
    winner(stage)
    _, question = ask(stage)
    stage.types("halt --reason holiday")
    stage.tells(f"approvals approve {question['id']}")
    assert (stops(stage), sales(stage)) == ([(7, Decimal(108))], [])


SALE = {"method": "POST", "path": "/v2/orders$"}


def refuse_sales(monkeypatch, answer):
    """The broker takes every order but a market order."""
    submit = AlpacaWire.submit
    monkeypatch.setattr(
        AlpacaWire, "submit", lambda self, ticket: answer() if ticket.type == "market" else submit(self, ticket)
    )


def refused():
    from sentinel.broker.answers import Answer

    return Answer(403, {"code": 40310000, "message": "account is restricted to liquidation only"})


def silent():
    from sentinel.broker.answers import NoAnswer

    raise NoAnswer("no answer within 20 s")


@pytest.mark.parametrize("answer", [refused, silent])
@pytest.mark.parametrize(("stop", "is_open"), [("leg", False), ("simple", False), ("simple", True)])
def test_a_part_that_is_not_sold_gets_its_stop_back_in_the_same_run(stage, monkeypatch, stop, is_open, answer):
    stage.exchange.modes(after_hours_cancel="immediate")
    winner(stage, stop)
    _, question = ask(stage)
    if is_open:
        opens(stage)
    with monkeypatch.context() as patched:
        refuse_sales(patched, answer)
        told = stage.tells(f"approvals approve {question['id']}")
    assert told.verbs("sell_part") == [("sell_part", "AAPL", "refused")]
    assert (told.exit_code, told.states) == (0, {"AAPL": "protected_old_level"})
    assert {price for _, price in stops(stage)} == {Decimal(108)}
    assert sum(qty for qty, _ in stops(stage)) == stage.shares() == 7
    again = stage.tells("check-profit-taking --non-interactive")
    assert again.verbs("sell_part") == [("sell_part", "AAPL", "done")], "the next run does what is owed"
    assert (again.exit_code, sum(qty for qty, _ in stops(stage))) == (0, 4)


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
def test_a_stop_that_does_not_let_go_stays_and_nothing_is_sold(stage, method):
    stage.exchange.modes(after_hours_cancel="immediate")
    winner(stage, "simple")
    _, question = ask(stage)
    if method == "PATCH":
        opens(stage)
    stage.exchange.faults([{"method": method, "path": "/v2/orders", "nth": None, "kind": "500"}])
    told = stage.tells(f"approvals approve {question['id']}")
    assert told.verbs("sell_part") == [("sell_part", "AAPL", "unresolved" if method == "DELETE" else "refused")]
    assert (stops(stage), sales(stage)) == ([(7, Decimal(108))], [])


@pytest.mark.parametrize("nth", [1, 2])
@pytest.mark.parametrize("kind", ["drop_after", "500", "empty"])
def test_an_answer_lost_between_stop_and_sale_ends_covered(stage, kind, nth):
    stage.exchange.modes(after_hours_cancel="immediate")
    winner(stage)
    _, question = ask(stage)
    stage.exchange.faults([{**SALE, "nth": nth, "kind": kind}])
    told = stage.tells(f"approvals approve {question['id']}")
    assert (told.verbs(), told.exit_code) == ([("sell_part", "AAPL", "done")], 0)
    assert (stops(stage), sales(stage)) == ([(4, Decimal(108))], [("sell", 3)])


class Kill(BaseException):
    """What a SIGKILL leaves behind, without the wait for a process."""


@pytest.mark.parametrize("is_open", [True, False])
@pytest.mark.parametrize("at", range(1, 6))
@pytest.mark.parametrize("is_sent", [True, False])
def test_killed_at_any_request_one_more_run_repairs(stage, monkeypatch, is_open, at, is_sent):
    from sentinel.execution.part_sale import PartSale

    stage.exchange.modes(after_hours_cancel="immediate")
    winner(stage, "simple")
    _, question = ask(stage)
    if is_open:
        opens(stage)
    count = 0

    def deadly(change):
        def carried_out(self, *args):
            nonlocal count
            count += 1
            if count > at:
                raise Kill
            answer = change(self, *args) if is_sent or count < at else None
            if count == at:
                raise Kill
            return answer

        return carried_out

    with monkeypatch.context() as patched:
        for name in CHANGES:
            patched.setattr(AlpacaWire, name, deadly(getattr(AlpacaWire, name)))
        # A kill runs no clean-up.
        patched.setattr(PartSale, "_put_back", lambda *_: None)
        try:
            stage.types(f"approvals approve {question['id']}")
        except Kill:
            pass
        else:
            assert count < at, "the sale was over before"
    evening = stage.evening()
    assert evening.exit_code == 0
    covered = sum(qty for qty, _ in stops(stage)) + sum(qty for _, qty in sales(stage))
    assert covered == stage.shares()
    assert stage.shares() + 0 in (4, 7)
    assert the_trade(stage).qty == stage.shares()
    sent = stage.mutations()
    assert (stage.evening().exit_code, stage.mutations()) == (0, sent)


def test_a_restored_ledger_does_not_sell_the_half_again(stage):
    stage.exchange.modes(after_hours_cancel="immediate")
    winner(stage)
    _, question = ask(stage)
    before = (stage.home / "sentinel.db").read_bytes()
    stage.tells(f"approvals approve {question['id']}")
    stage.day("AAPL", "119 121 118 120")
    (stage.home / "sentinel.db").write_bytes(before)
    told = stage.tells(f"approvals approve {question['id']}")
    assert (told.verbs("sell_part"), stage.shares(), sales(stage)) == ([], 4, [])
    assert [(q["kind"], q["qty"]) for q in stage.evening().document["approvals"]] == [("profit", 4)]


def test_a_gap_through_the_stop_ends_both_halves_at_their_own_prices(stage):
    stage.exchange.modes(after_hours_cancel="immediate")
    winner(stage)
    _, question = ask(stage)
    stage.tells(f"approvals approve {question['id']}")
    stage.day("AAPL", "105 106 104 105")
    evening = stage.evening()
    assert (evening.exit_code, stage.shares(), stage.orders()) == (0, 0, [])
    (trade,) = stage.trades()
    assert (trade.qty, trade.exit_reason, trade.exit_price) == (4, "stop_filled", Decimal(105))
    (life,) = stage.tells("history AAPL").document["trades"]
    assert Decimal(life["gain_usd"]) == 7 * 5


@pytest.mark.parametrize("stop", ["leg", "simple"])
def test_a_cancel_that_hangs_after_all_is_an_alarm_and_sells_nothing(stage, monkeypatch, stop):
    from sentinel.commands import broker_address

    stage.exchange.modes(after_hours_cancel="pending")
    monkeypatch.setattr(broker_address, "after_hours_cancel", lambda _exchange: "immediate")
    winner(stage, stop)
    _, question = ask(stage)
    told = stage.tells(f"approvals approve {question['id']}")
    assert told.verbs("sell_part") == [("sell_part", "AAPL", "unresolved")]
    assert ("cancel_pending", "AAPL") in told.findings
    assert (told.exit_code, told.states, sales(stage)) == (1, {"AAPL": "unverified"}, [])
    opens(stage)  # the stop is gone now: whatever run comes first puts it right
    assert stage.evening().exit_code == 0
    assert sum(qty for qty, _ in stops(stage)) == stage.shares()


def test_a_replacement_that_waits_is_an_alarm_and_one_more_run_repairs(stage):
    stage.exchange.modes(after_hours_cancel="pending")
    winner(stage, "simple")
    _, question = ask(stage)
    opens(stage)
    stage.exchange.modes(replacements="pending")
    told = stage.tells(f"approvals approve {question['id']}")
    assert (told.verbs("sell_part"), told.exit_code) == ([("sell_part", "AAPL", "refused")], 1)
    assert (stage.shares(), sales(stage)) == (7, [])
    assert told.states == {"AAPL": "partly_protected"}, "four shares will be under a stop, and that is what counts"
    assert stage.evening().exit_code == 1
    stage.exchange.advance(to="close")
    evening = stage.evening()
    assert (evening.exit_code, evening.verbs("place_stop")) == (0, [("place_stop", "AAPL", "done")])
    assert sum(qty for qty, _ in stops(stage)) + sum(qty for _, qty in sales(stage)) == stage.shares() == 7


def test_a_stop_whose_raise_waits_for_the_open_gives_its_part_then(stage):
    stage.exchange.modes(replacements="pending", after_hours_cancel="immediate")
    winner(stage, "simple")
    _, question = ask(stage)
    assert question["kind"] == "partial"
    told = stage.tells(f"approvals approve {question['id']}")
    assert (told.verbs(), sales(stage)) == ([("owe", "AAPL", "done")], [])
    stage.exchange.modes(replacements="immediate")
    opens(stage)
    assert stage.tells("check-profit-taking --non-interactive").verbs("sell_part") == [("sell_part", "AAPL", "done")]
    assert (stage.shares(), stops(stage)) == (4, [(4, Decimal(108))])


@pytest.mark.parametrize("at", [1, 2])
@pytest.mark.parametrize("is_sent", [True, False])
@pytest.mark.parametrize("is_open", [True, False])
def test_ctrl_c_in_the_middle_leaves_every_share_under_an_order(stage, monkeypatch, is_open, is_sent, at):
    stage.exchange.modes(after_hours_cancel="immediate")
    winner(stage, "simple")
    _, question = ask(stage)
    if is_open:
        opens(stage)
    names = ("resize", "submit") if is_open else ("submit",)
    count = 0

    def interrupted(change):
        def carried_out(self, *args):
            nonlocal count
            count += 1
            if count == at and not is_sent:
                raise KeyboardInterrupt
            answer = change(self, *args)
            if count == at:
                raise KeyboardInterrupt
            return answer

        return carried_out

    with monkeypatch.context() as patched:
        for name in names:
            patched.setattr(AlpacaWire, name, interrupted(getattr(AlpacaWire, name)))
        assert stage.types(f"approvals approve {question['id']}").exit_code == 130
    assert sum(qty for qty, _ in stops(stage)) + sum(qty for _, qty in sales(stage)) == stage.shares()
    evening = stage.evening()
    assert evening.exit_code == 0
    assert the_trade(stage).qty == stage.shares()


def test_a_dry_run_tells_of_the_part_and_sends_nothing(stage):
    stage.exchange.modes(after_hours_cancel="pending")
    winner(stage, "simple")
    _, question = ask(stage)
    stage.tells(f"approvals approve {question['id']}")
    opens(stage)
    sent = stage.mutations()
    told = stage.tells("check-profit-taking --non-interactive --dry-run")
    assert (told.verbs(), stage.mutations()) == ([("sell_part", "AAPL", "planned")], sent)
