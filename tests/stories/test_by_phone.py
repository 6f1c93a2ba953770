"""What the trader, the company or another program did to a position while the machine was off."""

from decimal import Decimal

import pytest
import requests


def order_by_phone(stage, **order):
    """An order nobody told Sentinel about."""
    keys = {"APCA-API-KEY-ID": stage.exchange.key, "APCA-API-SECRET-KEY": stage.exchange.secret}
    plain = {"symbol": "AAPL", "qty": "7", "side": "sell", "type": "limit", "time_in_force": "gtc"}
    answer = requests.post(f"{stage.exchange.url}/v2/orders", json=plain | order, headers=keys, timeout=10)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_bought_more_is_protected_too(stage, hours):
    stage.holds()
    stage.exchange.trade("AAPL", 3, "buy", 100)
    evening = stage.evening()
    assert evening.verbs() == [("resize_trade", "AAPL", "done"), ("place_stop", "AAPL", "done")]
    assert (evening.exit_code, evening.states) == (0, {"AAPL": "protected"})
    assert sum(int(order["qty"]) for order in stage.orders()) == 10


def test_a_stop_that_sells_more_than_is_held_is_shrunk_or_an_alarm(stage, hours):
    stage.holds()
    stage.exchange.trade("AAPL", 2, "sell", 100)
    evening = stage.evening()
    if "pending" in hours:
        assert (evening.exit_code, evening.findings[-1]) == (1, ("too_many_shares", "AAPL"))
        assert stage.stop()["qty"] == "7", "its leg cannot be changed tonight, and goes on protecting"
        stage.opens()
        evening = stage.evening()
    assert evening.verbs("shrink_stop") == [("shrink_stop", "AAPL", "done")]
    assert (evening.exit_code, stage.stop()["qty"], stage.stop()["stop_price"]) == (0, "5", "92")


def test_a_simple_stop_is_shrunk_by_the_way_the_broker_takes(stage, hours):
    stage.exchange.trade("AAPL", 7, "buy", 100)
    assert stage.evening().exit_code == 0
    stage.day("AAPL", "100 101 99 100")
    stage.exchange.trade("AAPL", 2, "sell", 100)
    evening = stage.evening()
    if hours == ("accepted", "pending"):
        assert (evening.exit_code, evening.findings[-1]) == (1, ("too_many_shares", "AAPL"))
        assert evening.states == {"AAPL": "protected"}
        sent = stage.mutations()
        again = stage.evening()
        assert (again.exit_code, again.findings[-1]) == (1, ("too_many_shares", "AAPL"))
        assert stage.mutations() == sent, "what was refused tonight is not asked again tonight"
        stage.opens()
        evening = stage.evening()
    assert evening.verbs("shrink_stop") == [("shrink_stop", "AAPL", "done")]
    assert (evening.exit_code, stage.stop()["qty"], stage.stop()["stop_price"]) == (0, "5", "92")
    (old, _) = [order for order in stage.orders(live=False) if order["type"] == "stop"]
    assert old["status"] == ("canceled" if hours == ("accepted", "immediate") else "replaced"), (
        "without a gap if it can"
    )


def test_a_smaller_stop_that_counts_only_from_the_open_is_asked_for_once(stage):
    stage.exchange.modes(replacements="pending")
    stage.exchange.trade("AAPL", 7, "buy", 100)
    assert stage.evening().exit_code == 0
    stage.day("AAPL", "100 101 99 100")
    stage.exchange.trade("AAPL", 2, "sell", 100)
    assert stage.evening().verbs("shrink_stop") == [("shrink_stop", "AAPL", "done")]
    sent = stage.mutations()
    evening = stage.evening()
    assert (evening.exit_code, evening.verbs(), stage.mutations()) == (0, [], sent)
    stage.day("AAPL", "100 101 99 100")
    assert (stage.evening().exit_code, stage.stop()["qty"]) == (0, "5")


def test_a_stop_lowered_by_hand_is_raised_back(stage):
    stage.holds()
    stage.exchange.action(replace={"order_id": stage.stop()["id"], "stop_price": "85"})
    evening = stage.evening()
    assert evening.verbs("raise_stop") == [("raise_stop", "AAPL", "done")]
    assert evening.stops == {"AAPL": Decimal("92.00")}


def test_a_stop_raised_by_hand_is_the_new_floor(stage):
    stage.holds()
    stage.exchange.action(replace={"order_id": stage.stop()["id"], "stop_price": "97"})
    assert stage.evening().stops == {"AAPL": Decimal("97.00")}
    stage.day("AAPL", "100 101 99 100")
    stage.exchange.action(cancel={"order_id": stage.stop()["id"]})
    assert stage.evening().stops == {"AAPL": Decimal("97.00")}, "rescued at the highest level it ever had"


def freed_and_placed(evening):
    assert evening.verbs("free_shares", "place_stop") == [
        ("free_shares", "AAPL", "done"),
        ("place_stop", "AAPL", "done"),
    ]
    assert ("shares_freed", "AAPL") in evening.findings
    assert (evening.exit_code, evening.states) == (0, {"AAPL": "protected"})


#  what was sent by phone tonight: no venue has it yet, so even where cancels hang it goes at once (ALPACA 4.4)
STRAYS = [
    pytest.param({"limit_price": "120"}, id="take-profit"),
    pytest.param({"type": "stop_limit", "stop_price": "95", "limit_price": "94"}, id="stop-limit"),
    pytest.param({"type": "stop", "stop_price": "95", "time_in_force": "day"}, id="stop-for-a-day"),
    pytest.param(
        {
            "order_class": "oco",
            "time_in_force": "day",
            "take_profit": {"limit_price": "120"},
            "stop_loss": {"stop_price": "95"},
        },
        id="oco-for-a-day",
    ),
]


@pytest.mark.parametrize("order", STRAYS)
def test_a_stray_order_gives_way_to_the_stop(stage, hours, order):
    stage.exchange.trade("AAPL", 7, "buy", 100)
    stray = order_by_phone(stage, **order)
    freed_and_placed(stage.evening())
    assert stray["id"] not in {order["id"] for order in stage.orders()}
    assert (stage.stop()["qty"], stage.stop()["stop_price"]) == ("7", "92")
    sent = stage.mutations()
    assert (stage.evening().exit_code, stage.mutations()) == (0, sent)


def test_a_stray_take_profit_at_a_venue_gives_way_as_soon_as_the_broker_lets_it(stage, hours):
    stage.exchange.trade("AAPL", 7, "buy", 100)
    order_by_phone(stage, limit_price="120")
    stage.day("AAPL", "100 101 99 100")
    evening = stage.evening()
    if "pending" in hours:
        assert (evening.exit_code, evening.states) == (1, {"AAPL": "naked"})
        assert {("cancel_pending", "AAPL"), ("stop_blocked", "AAPL")} <= set(evening.findings)
        sent = stage.mutations()
        assert (stage.evening().exit_code, stage.mutations()) == (1, sent), "asking again ends it no sooner"
        stage.opens()
        assert stage.tells("rescue-stops").verbs("place_stop") == [("place_stop", "AAPL", "done")]
        assert stage.evening().exit_code == 0
    else:
        freed_and_placed(evening)
    assert (stage.stop()["qty"], stage.stop()["stop_price"]) == ("7", "92")


def test_an_oco_whose_stop_covers_the_shares_is_left_alone(stage, hours):
    stage.exchange.trade("AAPL", 7, "buy", 100)
    legs = {"take_profit": {"limit_price": "120"}, "stop_loss": {"stop_price": "95"}}
    order_by_phone(stage, order_class="oco", **legs)
    sent = stage.mutations()
    evening = stage.evening()
    assert (evening.exit_code, evening.states, evening.stops) == (0, {"AAPL": "protected"}, {"AAPL": Decimal("95.00")})
    assert stage.mutations() == sent


def test_beside_an_oco_for_some_of_the_shares_the_others_get_a_stop(stage, hours):
    stage.exchange.trade("AAPL", 7, "buy", 100)
    legs = {"take_profit": {"limit_price": "120"}, "stop_loss": {"stop_price": "95"}}
    oco = order_by_phone(stage, qty="3", order_class="oco", **legs)
    evening = stage.evening()
    assert evening.verbs("free_shares", "place_stop") == [("place_stop", "AAPL", "done")]
    assert (evening.exit_code, evening.states, evening.stops) == (0, {"AAPL": "protected"}, {"AAPL": Decimal("92.00")})
    assert oco["id"] in {order["id"] for order in stage.orders()}


def test_a_sale_by_phone_that_waits_for_the_open_is_not_fought(stage, hours):
    stage.exchange.trade("AAPL", 7, "buy", 100)
    order_by_phone(stage, type="market", time_in_force="day")
    assert stage.evening().states == {"AAPL": "pending"}


@pytest.mark.parametrize("how", ["in_place", "replaced"])
def test_a_forward_split_changes_units_and_nothing_else(stage, how):
    stage.exchange.modes(split_orders=how)
    stage.holds()
    stage.day("AAPL", "108 110 107 109")
    assert stage.evening().stops == {"AAPL": Decimal("102.00")}
    stage.exchange.action(split={"symbol": "AAPL", "ratio": 4})
    evening = stage.evening()
    assert ("split_trade", "AAPL", "done") in evening.verbs()
    assert (evening.exit_code, evening.states, evening.stops) == (0, {"AAPL": "protected"}, {"AAPL": Decimal("25.50")})
    stage.day("AAPL", "28 29.50 28 29")
    assert stage.evening().stops == {"AAPL": Decimal("27.00")}, "the second stair of an entry at 25.00"


def test_a_reverse_split_cancels_the_stop_and_it_is_rescued_in_new_units(stage, hours):
    stage.enters("AAPL 100.00 10")
    stage.day("AAPL", "100 101 99 100")
    stage.evening()
    stage.exchange.action(split={"symbol": "AAPL", "ratio": "0.1"})
    evening = stage.evening()
    assert evening.verbs() == [("split_trade", "AAPL", "done"), ("place_stop", "AAPL", "done")]
    assert (evening.exit_code, evening.stops) == (0, {"AAPL": Decimal("920.00")})


def sale_is_waiting(stage):
    """Seven shares at +20 %, sold by a yes: the order that waits for the open."""
    stage.exchange.modes(after_hours_cancel="immediate")
    stage.holds()
    stage.day("AAPL", "119 121 118 120")
    question = stage.evening().document["approvals"][0]
    assert stage.tells(f"approvals approve {question['id']}").states == {"AAPL": "pending"}
    (sale,) = stage.orders()
    return sale


def test_a_sale_the_trader_cancels_is_not_sent_again_before_he_has_said_yes_again(stage):
    sale = sale_is_waiting(stage)
    stage.exchange.action(cancel={"order_id": sale["id"]})
    evening = stage.evening()
    assert ("sale_cancelled_by_hand", "AAPL") in evening.findings
    assert (evening.exit_code, [order["type"] for order in stage.orders()]) == (0, ["stop"])
    assert [question["qty"] for question in evening.document["approvals"]] == [7]
    assert stage.evening().verbs() == []


def test_a_sale_the_broker_ends_at_its_close_is_sent_again(stage):
    """A halt lasted all day; the yes still stands."""
    sale_is_waiting(stage)
    stage.exchange.action(halt={"symbol": "AAPL"})
    stage.day("AAPL", "120 121 119 120")
    stage.exchange.action(resume={"symbol": "AAPL"})
    evening = stage.evening()
    assert "sale_cancelled_by_hand" not in dict(evening.findings)
    assert evening.verbs("close_position") == [("close_position", "AAPL", "done")]


# What stands before and after: ten shares bought at 100 whose stop was at 92, as one or as a hundred.
SPLITS = [("0.1", ("stop", "1", "920")), ("10", ("stop", "100", "9.2"))]


@pytest.mark.parametrize("line", ["reconcile-fills", "rescue-stops", "update-trailing-stops", "check-profit-taking"])
@pytest.mark.parametrize(("ratio", "stop"), SPLITS)
def test_whichever_command_meets_a_split_first_nothing_is_priced_in_old_shares(stage, line, ratio, stop):
    """`reconcile-fills` placed a stop at 115 for one share at 1,000; `check-profit-taking` offered a gain of 900 %."""
    stage.holds("AAPL", 10)
    stage.exchange.action(split={"symbol": "AAPL", "ratio": ratio})
    told = stage.tells(line)
    assert told.verbs("offer_exit", "raise_stop", "owe") == []
    assert ("split", "AAPL") in told.findings
    evening = stage.evening()
    assert (evening.exit_code, evening.states, evening.verbs("offer_exit")) == (0, {"AAPL": "protected"}, [])
    assert [(order["type"], order["qty"], order["stop_price"]) for order in stage.orders()] == [stop]
