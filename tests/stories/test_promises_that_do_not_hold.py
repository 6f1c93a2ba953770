"""Orders that look like protection, or like a way out, and are neither: told as such, and never made worse."""

from decimal import Decimal

import pytest
import requests

from tests.stories.test_by_phone import order_by_phone


def cancel_by_phone(stage, order):
    keys = {"APCA-API-KEY-ID": stage.exchange.key, "APCA-API-SECRET-KEY": stage.exchange.secret}
    answer = requests.delete(f"{stage.exchange.url}/v2/orders/{order['id']}", headers=keys, timeout=10)
    assert answer.status_code == 204, answer.text


def target(stage):
    (order,) = [order for order in stage.orders() if order["type"] == "limit"]
    return order


def alarms(answer):
    return [finding["code"] for finding in answer.document["findings"] if finding["severity"] == "alarm"]


@pytest.fixture
def oco(stage):
    """Seven shares whose stop sleeps beside the target of an OCO, on an account whose cancels hang after hours."""
    stage.exchange.modes(after_hours_cancel="pending")
    stage.exchange.trade("AAPL", 7, "buy", 100)
    order_by_phone(stage, order_class="oco", take_profit={"limit_price": "120"}, stop_loss={"stop_price": "95"})
    stage.day("AAPL", "100 101 99 100")
    assert stage.evening().states == {"AAPL": "protected"}
    return stage


@pytest.fixture
def bracket(stage):
    """The same as a bracket."""
    stage.exchange.modes(after_hours_cancel="pending")
    legs = {"take_profit": {"limit_price": "120"}, "stop_loss": {"stop_price": "95"}}
    order_by_phone(stage, side="buy", limit_price="100", order_class="bracket", **legs)
    stage.day("AAPL", "100 101 99 100")
    assert stage.evening().states == {"AAPL": "protected"}
    return stage


@pytest.mark.parametrize("group", ["oco", "bracket"])
def test_a_stop_that_ends_at_the_open_with_its_cancelled_target_is_no_protection(group, request):
    stage = request.getfixturevalue(group)
    cancel_by_phone(stage, target(stage))
    assert [order["status"] for order in stage.orders()] == ["pending_cancel", "held"]
    evening = stage.evening()
    assert (evening.exit_code, evening.states) == (1, {"AAPL": "naked"})
    assert alarms(evening) == ["stop_blocked", "coverage_naked"]
    assert "ends with the order beside it" in evening.document["coverage"]["rows"][0]["reason"]
    stage.opens()
    morning = stage.evening()
    assert (morning.exit_code, morning.states, morning.verbs("place_stop")) == (
        0,
        {"AAPL": "protected"},
        [("place_stop", "AAPL", "done")],
    )


def test_a_market_exit_whose_cancel_hangs_is_no_way_out(stage):
    stage.exchange.trade("AAPL", 7, "buy", 100)
    sale = order_by_phone(stage, type="market", time_in_force="day")
    stage.exchange.action(status={"order_id": sale["id"], "status": "pending_cancel"})
    evening = stage.evening()
    assert (evening.exit_code, evening.states) == (1, {"AAPL": "naked"})
    assert "is pending_cancel" in evening.document["coverage"]["rows"][0]["reason"]


def test_a_sale_at_the_close_makes_room_for_a_stop_in_the_evening(stage):
    """It would leave the shares bare for a whole session."""
    stage.exchange.trade("AAPL", 7, "buy", 100)
    order_by_phone(stage, type="market", time_in_force="cls")
    evening = stage.evening()
    assert (evening.exit_code, evening.states) == (0, {"AAPL": "protected"})
    assert ("shares_freed", "AAPL") in evening.findings
    assert [order["type"] for order in stage.orders()] == ["stop"]


def test_a_sale_at_the_close_of_the_day_is_left_to_the_trader_and_told(stage):
    stage.exchange.trade("AAPL", 7, "buy", 100)
    stage.opens()
    order_by_phone(stage, type="market", time_in_force="cls")
    run = stage.evening()
    assert (run.exit_code, run.states) == (1, {"AAPL": "naked"})
    assert [order["type"] for order in stage.orders()] == ["market"]


@pytest.mark.parametrize("is_queued_overnight", [True, False])
def test_a_sale_that_an_open_market_does_not_fill_is_not_waiting_for_the_open(stage, is_queued_overnight):
    stage.exchange.trade("AAPL", 7, "buy", 100)
    stage.exchange.action(halt={"symbol": "AAPL"})
    if is_queued_overnight:
        order_by_phone(stage, type="market", time_in_force="day")
    stage.opens()
    if not is_queued_overnight:
        order_by_phone(stage, type="market", time_in_force="day")
    assert stage.evening().states == {"AAPL": "pending"}, "it may take a moment"
    stage.exchange.advance(to="15:55")
    run = stage.evening()
    assert (run.exit_code, run.states) == (1, {"AAPL": "unverified"})
    assert "though the market is open" in run.document["coverage"]["rows"][0]["reason"]


@pytest.mark.parametrize("cancel", ["immediate", "pending"])
@pytest.mark.parametrize("status", ["done_for_day", "suspended", "stopped", "calculated", "pending_review"])
def test_a_stop_of_doubtful_status_is_not_cancelled_where_the_cancel_would_hang(stage, status, cancel):
    stage.exchange.modes(after_hours_cancel=cancel)
    stage.holds()
    stage.day("AAPL", "100 101 99 100")
    stage.exchange.action(status={"order_id": stage.stop()["id"], "status": status})
    evening = stage.evening()
    if cancel == "immediate":
        assert (evening.exit_code, evening.states) == (0, {"AAPL": "protected"}), "replaced by one that is sure"
        return
    assert (evening.exit_code, evening.states, evening.verbs()) == (1, {"AAPL": "unverified"}, [])
    assert alarms(evening) == ["stop_blocked", "coverage_unverified"]
    assert stage.stop()["status"] == status, "it may work tomorrow; cancelled it would be gone for sure"


def test_a_yes_about_shares_that_were_stopped_out_sells_none_bought_since(stage):
    stage.exchange.modes(after_hours_cancel="pending")
    stage.holds()
    stage.day("AAPL", "119 121 118 120")
    stage.evening()
    assert stage.tells("approvals approve 1").verbs("owe") == [("owe", "AAPL", "done")]
    stage.opens("AAPL", "120 121 118 120")
    stage.exchange.action(partial_fill={"order_id": stage.stop()["id"], "qty": 7})
    stage.exchange.trade("AAPL", 7, "buy", 119)
    assert stage.tells("check-profit-taking --non-interactive").verbs("close_position") == []
    assert stage.shares() == 7


def test_a_yes_about_a_long_position_does_not_buy_back_a_short_one(stage):
    stage.exchange.modes(after_hours_cancel="pending")
    stage.holds()
    stage.day("AAPL", "119 121 118 120")
    stage.evening()
    stage.tells("approvals approve 1")
    stage.opens("AAPL", "120 121 118 120")
    stage.exchange.action(cancel={"order_id": stage.stop()["id"]})
    stage.exchange.trade("AAPL", 14, "sell", 119)
    assert stage.tells("check-profit-taking --non-interactive").verbs("close_position") == []
    assert stage.shares() == -7


@pytest.mark.parametrize(
    "order",
    [{"type": "stop_limit", "stop_price": "92", "limit_price": "90"}, {"type": "stop", "stop_price": "92"}],
    ids=["stop-limit", "day-stop"],
)
def test_what_protects_a_little_is_not_cancelled_where_the_cancel_would_hang(stage, order):
    stage.exchange.modes(after_hours_cancel="pending")
    stage.exchange.trade("AAPL", 7, "buy", 100)
    order_by_phone(stage, time_in_force="day" if order["type"] == "stop" else "gtc", **order)
    stage.bar("AAPL", "100 101 99 100")
    stage.exchange.advance(to="08:00")
    assert [order["status"] for order in stage.orders()] == ["new"], "at a venue since four"
    run = stage.evening()
    assert (run.exit_code, run.verbs(), [order["status"] for order in stage.orders()]) == (
        1,
        [("adopt_position", "AAPL", "done")],
        ["new"],
    )
    assert "stop_blocked" in alarms(run)
    stage.exchange.advance(to="open")
    run = stage.evening()
    assert (run.exit_code, run.states) == (0, {"AAPL": "protected"})


def test_a_reverse_split_after_a_purchase_by_hand_is_no_sale(stage):
    """Ten shares entered, ninety bought; one for ten leaves ten, fewer than were bought, and the level of the trade."""
    stage.holds(qty=10)
    stage.exchange.trade("AAPL", 90, "buy", 100)
    stage.evening()
    stage.day("AAPL", "114 116 113 115")
    assert stage.evening().stops == {"AAPL": Decimal("108.00")}
    stage.day("AAPL", "110 111 109 109")
    stage.evening()
    stage.exchange.action(split={"symbol": "AAPL", "ratio": "0.1"})
    evening = stage.evening()
    assert (evening.exit_code, evening.stops) == (0, {"AAPL": Decimal("1080.00")})
    assert ("split_trade", "AAPL", "done") in evening.verbs()
    assert (stage.evening().verbs(), stage.trades()) == ([], ())


@pytest.mark.parametrize("cancel", ["immediate", "pending"])
def test_an_entry_of_ours_does_not_keep_shares_bought_by_hand_bare(stage, cancel):
    stage.exchange.modes(after_hours_cancel=cancel)
    assert stage.enters("AAPL 90.00 7").exit_code == 0
    stage.day("AAPL", "100 101 95 99")
    stage.exchange.trade("AAPL", 5, "buy", 99)
    evening = stage.evening()
    if cancel == "pending":
        assert (evening.exit_code, evening.states) == (1, {"AAPL": "naked"})
        assert {"cancel_pending", "stop_blocked"} <= set(alarms(evening))
        stage.opens()
        evening = stage.evening()
    assert (evening.exit_code, evening.states) == (0, {"AAPL": "protected"})
    assert [(order["type"], order["qty"]) for order in stage.orders()] == [("stop", "5")]
    sent = stage.mutations()
    assert (stage.evening().exit_code, stage.mutations()) == (0, sent)


def test_an_account_the_broker_has_blocked_is_an_alarm_though_its_stops_rest(stage):
    stage.holds()
    stage.exchange.action(account={"trading_blocked": True})
    evening = stage.evening()
    assert (evening.exit_code, evening.states) == (1, {"AAPL": "protected"})
    assert alarms(evening) == ["blocked_account"]
    stage.exchange.action(account={"trading_blocked": False})
    assert stage.evening().exit_code == 0


@pytest.mark.parametrize(("price", "level"), [(80, "73.6"), (150, "138")])
def test_shares_sold_and_bought_again_by_hand_get_their_own_level_from_whoever_looks_first(stage, price, level):
    """`reconcile-fills` placed their stop by the entry of the shares that were sold."""
    stage.exchange.modes(after_hours_cancel="immediate")
    stage.holds("AAPL", 10)
    stage.holds("MSFT", 10)
    cancel_by_phone(stage, stage.stop())
    stage.opens("AAPL", f"100 {max(price, 100)} {min(price, 100)} {price}")
    stage.exchange.trade("AAPL", 10, "sell", 100)
    stage.exchange.advance(to="close")
    stage.exchange.trade("AAPL", 10, "buy", price)
    told = stage.tells("reconcile-fills")
    assert (told.verbs("place_stop"), stage.stop()["stop_price"]) == ([("place_stop", "AAPL", "done")], level)
