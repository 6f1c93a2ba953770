"""The ledger against what is really held: ghosts and their real ends, new symbols, and shares nobody can explain."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from sentinel.domain.book import ExitReason
from sentinel.domain.orders import Side
from sentinel.ledger import Ledger


def ledger_of(stage) -> Ledger:
    return Ledger.open(stage.home / "sentinel.db", lambda: datetime.now(UTC))


def a_trade_nobody_saw_end(stage, *symbols: str) -> None:
    """Trades the ledger believes in, and of which the broker knows nothing at all."""
    with ledger_of(stage) as ledger:
        for symbol in symbols:
            opened = datetime(2026, 2, 27, 21, tzinfo=UTC)
            ledger.open_trade(symbol, Side.BUY, Decimal(5), Decimal(50), Decimal(46), opened, "", is_adopted=False)


def last_trade(stage):
    return stage.trades()[-1]


def test_a_sale_by_phone_is_booked_by_its_order(stage):
    stage.holds()
    stage.exchange.trade("AAPL", 7, "sell", "97.25")
    (sold,) = [o for o in stage.orders(live=False) if o["side"] == "sell" and o["type"] == "market"]
    evening = stage.evening()
    assert ("close_trade", "AAPL", "done") in evening.verbs()
    trade = last_trade(stage)
    assert (trade.exit_reason, trade.exit_price) == (ExitReason.MANUAL, Decimal("97.25"))
    assert trade.exit_order_id == sold["id"]


def test_shares_sold_bought_back_and_sold_again_end_at_the_last_sale(stage):
    stage.holds()
    for side, price in (("sell", 97), ("buy", 98), ("sell", 103)):
        stage.exchange.trade("AAPL", 7, side, price)
    stage.evening()
    assert last_trade(stage).exit_price == Decimal("103")


def test_shares_stopped_out_and_bought_again_by_phone_are_another_trade(stage):
    stage.holds()
    stage.day("AAPL", "100 100 91 95")
    stage.exchange.trade("AAPL", 7, "buy", 95)
    evening = stage.evening()
    assert (evening.exit_code, evening.states, evening.stops) == (0, {"AAPL": "protected"}, {"AAPL": Decimal("87.40")})
    assert (last_trade(stage).exit_reason, last_trade(stage).exit_price) == (ExitReason.STOP_FILLED, Decimal("92"))
    assert stage.evening().verbs() == []


def test_an_entry_after_a_stop_nobody_followed_opens_a_trade_of_its_own(stage):
    stage.holds()
    stage.day("AAPL", "100 100 91 95")
    assert stage.enters("AAPL 95 7").exit_code == 0
    stage.day("AAPL", "95 96 94 95")
    evening = stage.evening()
    assert (evening.exit_code, evening.states, evening.stops) == (0, {"AAPL": "protected"}, {"AAPL": Decimal("87.40")})
    assert (last_trade(stage).exit_reason, last_trade(stage).exit_price) == (ExitReason.STOP_FILLED, Decimal("92"))
    with ledger_of(stage) as ledger:
        (trade,) = ledger.open_trades()
    assert (trade.entry_price, trade.is_adopted) == (Decimal("95"), False)


def test_an_entry_that_fills_at_once_after_a_stop_nobody_followed_opens_a_trade_of_its_own(stage):
    """In market hours the stop fills at the open, and the next entry before any run has heard of it."""
    stage.holds()
    stage.bar("AAPL", "91 92 90 91")
    stage.exchange.advance(to="open")
    assert stage.enters("AAPL 95 7 --override price_collar --reason 'the gap will close'").exit_code == 0
    assert stage.shares() == 7
    assert stage.evening().stops == {"AAPL": Decimal("87.40")}
    assert (last_trade(stage).exit_reason, last_trade(stage).exit_price) == (ExitReason.STOP_FILLED, Decimal("91"))
    with ledger_of(stage) as ledger:
        (trade,) = ledger.open_trades()
    assert (trade.entry_price, trade.is_adopted) == (Decimal("91"), False)


def test_a_sale_in_two_parts_is_booked_at_their_average(stage):
    stage.holds()
    stage.exchange.trade("AAPL", 3, "sell", 96)
    stage.exchange.trade("AAPL", 4, "sell", 103)
    stage.evening()
    assert last_trade(stage).exit_price == Decimal("100")


def test_a_take_profit_by_hand_is_a_profit(stage):
    stage.exchange.trade("AAPL", 7, "buy", 100)
    target = {"limit_price": "110"}
    order_by_phone(stage, type="limit", order_class="oco", take_profit=target, stop_loss={"stop_price": "95"})
    assert stage.evening().states == {"AAPL": "protected"}
    stage.day("AAPL", "108 111 107 110")
    stage.evening()
    assert (last_trade(stage).exit_reason, last_trade(stage).exit_price) == (ExitReason.PROFIT, Decimal("110"))


def test_a_stop_that_fills_between_two_lists_is_a_stop_that_filled(stage):
    """The list of orders still shows it resting, the list of positions no longer shows what it sold."""
    stage.holds()
    stage.evening()
    stage.exchange.faults([{"method": "GET", "path": "/v2/orders$", "nth": None, "kind": "stale"}])
    stage.evening()  # the lists that will be shown once more
    stage.day("AAPL", "100 100 91 91")
    evening = stage.evening()
    assert ("close_trade", "AAPL", "done") in evening.verbs()
    assert (last_trade(stage).exit_reason, last_trade(stage).exit_price) == (ExitReason.STOP_FILLED, Decimal("92"))


@pytest.mark.parametrize(
    ("words", "reason"),
    [("", "unknown"), (" --close-reason stop_filled", "stop_filled"), (" --close-reason gift", "manual")],
)
def test_a_ghost_nobody_saw_end(stage, words, reason):
    stage.holds()
    a_trade_nobody_saw_end(stage, "GONE")
    told = stage.tells(f"reconcile-positions{words}")
    assert (told.exit_code, told.verbs()) == (0, [("close_trade", "GONE", "done")])
    assert (last_trade(stage).exit_reason, last_trade(stage).exit_price) == (reason, None)


def test_ghosts_are_closed_a_few_at_a_time(stage):
    stage.holds()
    a_trade_nobody_saw_end(stage, "GONE", "LOST", "PAST")
    assert [d[1] for d in stage.tells("reconcile-positions --dry-run").verbs("close_trade")] == ["GONE", "LOST", "PAST"]
    assert stage.trades() == ()
    told = stage.tells("reconcile-positions --max 2")
    assert (told.exit_code, [d[1] for d in told.verbs("close_trade")]) == (1, ["GONE", "LOST"])
    assert [finding["message"] for finding in told.document["findings"]] == [
        "no longer held, but still open in the ledger: PAST"
    ]
    assert stage.tells("reconcile-positions").verbs() == [("close_trade", "PAST", "done")]


def test_what_the_deadline_leaves_is_an_alarm_and_the_next_runs_work(stage, monkeypatch):
    stage.holds()
    a_trade_nobody_saw_end(stage, "GONE", "LOST")
    stage.exchange.trade("MSFT", 5, "buy", 100)
    monkeypatch.setenv("SENTINEL_EVENING__GHOSTS_DEADLINE_S", "0.2")
    stage.exchange.faults(
        [{"method": "GET", "path": "/v2/positions/GONE", "nth": None, "kind": "delay", "seconds": 0.3}]
    )
    evening = stage.evening()
    assert evening.exit_code == 1
    assert evening.states == {"AAPL": "protected", "MSFT": "protected"}, "protection does not wait for ghosts"
    assert ("ghosts_left", "LOST") in evening.findings
    stage.exchange.faults([])
    monkeypatch.delenv("SENTINEL_EVENING__GHOSTS_DEADLINE_S")
    assert stage.evening().exit_code == 0


#  whether the CUSIP is another        what is done besides: a new CUSIP costs the orders of the old one
@pytest.mark.parametrize(("new_cusip", "besides"), [(False, []), (True, [("place_stop", "APPL", "done")])])
def test_a_change_of_symbol_keeps_trade_and_stop(stage, new_cusip, besides):
    stage.holds()
    stage.exchange.action(rename={"symbol": "AAPL", "to": "APPL", "new_cusip": new_cusip})
    evening = stage.evening()
    assert (evening.exit_code, evening.verbs()) == (0, [("rename_trade", "APPL", "done"), *besides])
    assert (evening.states, evening.stops) == ({"APPL": "protected"}, {"APPL": Decimal("92")})
    assert stage.trades() == ()
    assert stage.evening().verbs() == []


def test_shares_nobody_can_explain_are_protected_and_asked_about(stage):
    stage.holds()
    with ledger_of(stage) as ledger:
        (trade,) = ledger.open_trades()
        ledger.write_trade(replace(trade, qty=Decimal(4)))
    stage.exchange.action(cancel={"order_id": stage.stop()["id"]})
    stage.day("AAPL", "118 119 117 118")
    evening = stage.evening()
    assert (evening.exit_code, evening.states) == (1, {"AAPL": "protected"})
    assert ("unexplained_quantity", "AAPL") in evening.findings
    assert evening.verbs() == [("place_stop", "AAPL", "done")], "neither raised nor offered"
    assert stage.tells("update-trailing-stops").verbs() == []
    assert stage.tells("adopt AAPL").exit_code == 0
    evening = stage.evening()
    assert evening.exit_code == 0
    assert ("offer_exit", "AAPL", "done") in evening.verbs()


def test_a_purchase_the_broker_has_not_listed_yet_waits_an_evening(stage):
    stage.holds()
    stage.evening()
    rule = {"method": "GET", "path": "/v2/account/activities", "nth": None, "kind": "stale"}
    stage.exchange.faults([rule])
    stage.evening()  # the list that will be shown once more
    stage.exchange.trade("AAPL", 5, "buy", 101)
    evening = stage.evening()
    assert (evening.exit_code, evening.states) == (1, {"AAPL": "protected"})
    assert ("unexplained_quantity", "AAPL") in evening.findings
    stage.exchange.faults([])
    evening = stage.evening()
    assert (evening.exit_code, evening.states) == (0, {"AAPL": "protected"})
    with ledger_of(stage) as ledger:
        assert ledger.open_trades()[0].qty == 12


def test_the_sleeping_stop_of_an_old_bracket_is_seen_behind_five_hundred_newer_orders(stage):
    bracket = {"take_profit": {"limit_price": "130"}, "stop_loss": {"stop_price": "93"}}
    order_by_phone(stage, side="buy", type="limit", limit_price="100", order_class="bracket", **bracket)
    stage.day("AAPL", "100 101 99 100")
    for _ in range(255):
        stage.exchange.trade("MSFT", 1, "buy", 100)
        stage.exchange.trade("MSFT", 1, "sell", 100)
    sent = stage.mutations()
    evening = stage.evening()
    assert (evening.exit_code, evening.states, evening.stops) == (0, {"AAPL": "protected"}, {"AAPL": Decimal("93")})
    assert stage.mutations() == sent, "nothing of it is ours to touch, and it is protection enough"


def test_five_hundred_closed_orders_change_nothing_for_a_live_stop(stage):
    stage.holds()
    for _ in range(255):
        stage.exchange.trade("MSFT", 1, "buy", 100)
        stage.exchange.trade("MSFT", 1, "sell", 100)
    sent = stage.mutations()
    evening = stage.evening()
    assert (evening.exit_code, evening.states, evening.stops) == (0, {"AAPL": "protected"}, {"AAPL": Decimal("92")})
    assert stage.mutations() == sent


@pytest.mark.parametrize(("qty", "state"), [("7.5", "partly_protected"), ("0.5", "naked")])
def test_a_fraction_of_a_share_is_named(stage, qty, state):
    stage.exchange.trade("AAPL", qty, "buy", 100)
    evening = stage.evening()
    assert (evening.exit_code, evening.states) == (1, {"AAPL": state})
    (alarm,) = [f for f in evening.document["findings"] if f["severity"] == "alarm"]
    assert "0.5 of" in alarm["message"]
    assert "a fraction of a share can carry no stop" in alarm["message"]
    assert "sell the fraction by hand" in alarm["remedy"]


def order_by_phone(stage, **order):
    from alpaca.trading.client import TradingClient

    client = TradingClient(stage.exchange.key, stage.exchange.secret, url_override=stage.exchange.url)
    plain = {"symbol": "AAPL", "qty": "7", "side": "sell", "time_in_force": "gtc"}
    return client.post("/orders", {**plain, **order})
