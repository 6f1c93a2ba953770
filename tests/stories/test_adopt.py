"""Positions Sentinel did not open: protected at once, listed until the trader names them."""

from decimal import Decimal

import pytest

from sentinel.ledger import Ledger


def trade_of(stage, symbol="AAPL"):
    with Ledger.open_read_only(stage.home / "sentinel.db") as ledger:
        return next(trade for trade in ledger.open_trades() if trade.symbol == symbol)


def bought_by_phone(stage, symbol="AAPL", price="100"):
    stage.exchange.trade(symbol, 7, "buy", price)
    stage.day(symbol, "100 101 99 100")


def test_a_stranger_is_protected_and_listed_until_named(stage):
    bought_by_phone(stage)
    for _ in range(2):
        evening = stage.evening()
        assert (evening.exit_code, evening.states, evening.stops) == (
            0,
            {"AAPL": "protected"},
            {"AAPL": Decimal("92.00")},
        )
        (listed,) = [f for f in evening.document["findings"] if f["code"] == "adopted"]
        assert "`sentinel adopt AAPL`" in listed["remedy"]
    named = stage.tells("adopt aapl")
    assert (named.exit_code, named.verbs()) == (0, [("name_trade", "AAPL", "done")])
    assert ("adopted", "AAPL") not in stage.evening().findings
    assert stage.tells("adopt AAPL").verbs() == [], "naming it twice changes nothing"


def test_a_stranger_is_named_before_any_evening_has_seen_it(stage):
    bought_by_phone(stage)
    named = stage.tells("adopt AAPL --entry-price 95.50")
    assert (named.exit_code, named.verbs()) == (
        0,
        [("adopt_position", "AAPL", "done"), ("name_trade", "AAPL", "done"), ("place_stop", "AAPL", "done")],
    )
    assert (trade_of(stage).entry_price, trade_of(stage).is_ignored) == (Decimal("95.50"), False)


def test_a_price_of_your_own_moves_the_staircase_and_lowers_no_stop(stage):
    bought_by_phone(stage)
    stage.evening()
    assert stage.tells("adopt AAPL --entry-price 80").exit_code == 0
    evening = stage.evening()
    assert evening.stops == {"AAPL": Decimal("92.00")}, "it was there already: 25 % of gain lock 15 %"
    assert ("offer_exit", "AAPL", "done") in evening.verbs()
    assert stage.tells("adopt AAPL --entry-price 105").exit_code == 0
    assert stage.evening().stops == {"AAPL": Decimal("96.60")}, "the policy's first stop under 105"


def test_an_ignored_position_is_protected_and_otherwise_left_alone(stage, hours):
    bought_by_phone(stage)
    stage.evening()
    assert stage.tells("adopt AAPL --ignore").exit_code == 0
    stage.day("AAPL", "118 121 118 120")
    evening = stage.evening()
    assert (evening.exit_code, evening.verbs(), evening.stops) == (0, [], {"AAPL": Decimal("92.00")})
    stage.exchange.action(cancel={"order_id": stage.stop()["id"]})
    assert stage.evening().stops == {"AAPL": Decimal("92.00")}, "an ignored position is never naked"
    assert stage.tells("adopt AAPL").exit_code == 0
    assert ("offer_exit", "AAPL", "done") in stage.evening().verbs()


def test_its_own_stop_becomes_its_stop_and_is_never_doubled(stage, hours):
    bought_by_phone(stage)
    from alpaca.trading.client import TradingClient

    client = TradingClient(stage.exchange.key, stage.exchange.secret, url_override=stage.exchange.url)
    client.post(
        "/orders",
        {"symbol": "AAPL", "qty": "7", "side": "sell", "type": "stop", "stop_price": "95", "time_in_force": "gtc"},
    )
    sent = stage.mutations()
    evening = stage.evening()
    assert (evening.exit_code, evening.stops) == (0, {"AAPL": Decimal("95")})
    assert stage.mutations() == sent
    stage.day("AAPL", "108 110 107 109")
    evening = stage.evening()
    if hours == ("accepted", "pending"):
        assert (evening.states, evening.stops) == ({"AAPL": "protected_old_level"}, {"AAPL": Decimal("95")})
        stage.opens("AAPL", "109 110 108 109")
        evening = stage.evening()
    assert evening.stops == {"AAPL": Decimal("102.00")}
    assert len(stage.orders()) == 1


#  what is typed                         what the answer says
REFUSED = [
    ("adopt TSLA", "TSLA is not held", "sentinel status --live"),
    ("adopt MSFT", "MSFT was opened by Sentinel", "opened elsewhere"),
    ("adopt AAPL --entry-price ten", "the price 'ten' is not a number", "150.25"),
    ("adopt AAPL --entry-price 0", "not above zero", "type one that is"),
    ("adopt A@PL", "not a stock symbol", "AAPL"),
]


@pytest.mark.parametrize(("line", "message", "remedy"), REFUSED)
def test_what_cannot_be_adopted_is_refused_and_nothing_is_left_behind(stage, line, message, remedy):
    stage.holds("MSFT")
    bought_by_phone(stage)
    stage.evening()
    with Ledger.open_read_only(stage.home / "sentinel.db") as ledger:
        runs = len(ledger.runs(100))
    refused = stage.types(line)
    assert refused.exit_code == 2
    assert message in refused.err
    assert remedy in refused.err
    with Ledger.open_read_only(stage.home / "sentinel.db") as ledger:
        assert len(ledger.runs(100)) == runs


def test_a_dry_adoption_shows_and_changes_nothing(stage):
    bought_by_phone(stage)
    stage.evening()
    told = stage.tells("adopt AAPL --dry-run")
    assert (told.exit_code, told.verbs()) == (0, [("name_trade", "AAPL", "planned")])
    assert trade_of(stage).named_at is None
