"""Limits before every order: each refusal names its rule and sends nothing, and is set aside for one order alone."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from sentinel.broker import transport
from sentinel.execution_engine import OrderExecutionEngine
from sentinel.ledger import Ledger
from sentinel.plan.limits import RULES
from tests.stories.conftest import Stage
from tests.stories.test_by_phone import order_by_phone

REASON = "--reason 'the earnings are out'"
VETOES = [rule.name for rule in RULES if not rule.may_override]


def sets(stage, **numbers):
    """Other numbers in the home's settings."""
    file = stage.home / "sentinel.toml"
    lines = file.read_text().splitlines()
    for key, value in numbers.items():
        (at,) = [number for number, line in enumerate(lines) if line.startswith(f"{key} = ")]
        lines[at] = f"{key} = {value}"
    file.write_text("\n".join(lines))


def nothing(_stage):
    """No more than what every home has."""


def entered_today(stage):
    """An entry that filled and was stopped out within the session that has just ended."""
    stage.enters("AAPL 100.00 7")
    stage.day("AAPL", "100 101 90 99")
    assert stage.evening().states == {}


def ten_entries(stage):
    """Ten entries sent this evening and taken back at once."""
    sets(stage, max_entries_per_day=10)
    for _ in range(10):
        stage.enters("TSLA 90.00 1")
        (waiting,) = [order for order in stage.orders("TSLA") if order["type"] == "limit"]
        stage.exchange.action(cancel={"order_id": waiting["id"]})


def invested_elsewhere(stage, side="buy"):
    """Most of the equity is in another stock, and an order by phone waits for some of the rest."""
    stage.exchange.trade("MSFT", 860, side, 100)
    order_by_phone(stage, symbol="TSLA", qty="14", side="buy", limit_price="99")


def sold_short_elsewhere(stage):
    """A short brings cash in, and is invested all the same."""
    invested_elsewhere(stage, "sell")


def a_fall(stage):
    """The account has lost 30 % since the last evening."""
    stage.evening()
    stage.exchange.action(cash={"amount": -30_000})


def twenty_losing_evenings(stage):
    """A little is lost on every one of them, far from any drawdown that counts."""
    sets(stage, sharpe_min_evenings=20)
    for evening in range(20):
        stage.day("MSFT", "100 100 100 100")
        stage.exchange.action(cash={"amount": -20 - evening})
        assert stage.evening().exit_code == 0
    stage.trades_quietly("AAPL")


def a_day_without_a_trade(stage):
    """The symbol was halted for the whole of the session (ALPACA 10.10)."""
    stage.exchange.action(halt={"symbol": "AAPL"})
    stage.exchange.advance(to="close")


#  rule, what has happened, the entry, what is said
FAMILIES = [
    ("price_collar", nothing, "AAPL 103.01 7", "3.01 % over its last close of 100.00, beyond 3 %"),
    ("price_collar", nothing, "AAPL 96.99 7 --side sell", "3.01 % under its last close of 100.00"),
    ("stop_distance", nothing, "AAPL 100.00 7 --stop-loss-pct 0.6", "0.60 % from the entry at 100.00, nearer than 1 %"),
    ("stop_distance", nothing, "AAPL 100.00 7 --stop-loss-pct 30", "farther than 25 %"),
    (
        "order_value",
        lambda stage: sets(stage, max_order_usd=5000),
        "AAPL 100.00 51",
        "51 shares of AAPL at 100.00 ($5,100.00) exceed $5,000.00 an order",
    ),
    (
        "position_exposure",
        lambda stage: sets(stage, max_position_pct=2),
        "AAPL 100.00 21",
        "exceed 2 % of equity in one stock ($2,000.00)",
    ),
    ("portfolio_exposure", sold_short_elsewhere, "AAPL 100.00 2", "exceed 87.5 % of equity invested ($114.00)"),
    (
        "cash",
        invested_elsewhere,
        f"AAPL 100.00 2 --override portfolio_exposure {REASON}",
        "exceed cash beyond the reserve of 12.5 % ($114.00)",
    ),
    ("drawdown", a_fall, "AAPL 100.00 7", "the equity is 30.0 % under its peak, beyond 18 %"),
    ("sharpe", twenty_losing_evenings, "AAPL 100.00 7", "the yearly Sharpe ratio is -"),
    ("entries_per_day", ten_entries, "AAPL 100.00 1", "10 entries have been sent in this session, and 10 are the most"),
    ("duplicate_entry", entered_today, "AAPL 99.00 7", "an entry of 7 shares of AAPL has filled today"),
    (
        "blocked_symbols",
        lambda stage: sets(stage, blocked_symbols='["TSLA", "AAPL"]'),
        "AAPL 100 7",
        "AAPL is one of your blocked symbols (TSLA, AAPL)",
    ),
    (
        "allowed_symbols",
        lambda stage: sets(stage, allowed_symbols='["MSFT"]'),
        "AAPL 100 7",
        "AAPL is none of your allowed symbols (MSFT)",
    ),
    ("data_age", a_day_without_a_trade, "AAPL 100 7", "the last price known of AAPL is of 2026-03-02"),
]


@pytest.mark.parametrize(("rule", "before", "line", "words"), FAMILIES)
def test_a_limit_refuses_with_its_numbers_and_is_set_aside_once(stage, rule, before, line, words):
    before(stage)
    sent = stage.mutations()
    told = stage.types(f"submit-entry-with-stop {line}")
    assert (told.exit_code, told.out) == (3, "")
    assert words in told.err
    assert f"(rule {rule})" in told.err
    assert f"--override {rule} --reason" in told.err
    refused = stage.tells(f"submit-entry-with-stop {line}").document
    assert (refused["exit_code"], refused["rule"]) == (3, rule)
    assert all(refused[key] for key in ("value", "limit"))
    assert stage.mutations() == sent
    allowed = stage.tells(f"submit-entry-with-stop {line} --override {rule} {REASON}")
    assert allowed.verbs()[:1] == [("submit_entry", "AAPL", "done")], allowed.err
    assert ("override", "AAPL") in allowed.findings
    assert stage.mutations() == sent + 1


def test_a_reason_is_kept_with_the_order_the_run_and_the_audit(stage):
    stage.enters(f"AAPL 104 7 --override price_collar --override cash {REASON}")
    with Ledger.open_read_only(stage.home / "sentinel.db") as ledger:
        (line,) = [line for line in ledger.audit_trail("AAPL") if line.event == "override"]
        (intent,) = ledger.intents_of("AAPL")
    assert line.detail == f"{intent.name}: price_collar, cash; the earnings are out"
    assert "price_collar, cash set aside: the earnings are out" in intent.because
    with closing(sqlite3.connect(stage.home / "sentinel.db")) as raw:
        kept = raw.execute("SELECT code, message FROM findings WHERE code LIKE 'override%' ORDER BY code").fetchall()
    assert [code for code, _ in kept] == ["override", "override_unused"]
    assert "your reason: the earnings are out" in kept[0][1]


def test_the_next_order_is_judged_as_before(stage):
    assert stage.enters(f"AAPL 104 7 --override price_collar {REASON}").exit_code == 0
    assert stage.enters("MSFT 104 7").document["rule"] == "price_collar"


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        *[(f"--override {rule} {REASON}", f"the rule {rule} cannot be set aside") for rule in VETOES],
        (f"--override reduce_only {REASON}", "the rule reduce_only cannot be set aside"),
        (f"--override colar {REASON}", "there is no rule 'colar'"),
        ("--override price_collar", "has 0 characters"),
        ("--override price_collar --reason because", "has 7 characters"),
        (REASON, "a reason without a rule"),
    ],
)
def test_what_cannot_be_set_aside_is_a_usage_error_before_anything_is_asked(stage, typed, words):
    asked = sum(stage.exchange.state()["requests"]["counts"].values())
    told = stage.types(f"submit-entry-with-stop AAPL 104 7 {typed}")
    assert told.exit_code == 2
    assert words in told.err
    assert sum(stage.exchange.state()["requests"]["counts"].values()) == asked


def test_a_lost_ledger_begins_no_new_day(stage):
    ten_entries(stage)
    (stage.home / "sentinel.db").unlink()
    refused = stage.enters("AAPL 100.00 1")
    assert (refused.exit_code, refused.document["rule"]) == (3, "entries_per_day")
    stage.exchange.advance(to="open")
    stage.exchange.advance(to="close")
    assert stage.enters("AAPL 100.00 1").exit_code == 0


def test_an_entry_taken_back_without_a_fill_may_be_sent_again(stage):
    stage.enters("AAPL 90.00 7")
    (waiting,) = [order for order in stage.orders() if order["type"] == "limit"]
    stage.exchange.action(cancel={"order_id": waiting["id"]})
    assert stage.enters("AAPL 99.00 7").exit_code == 0


def test_without_market_data_no_entry_and_every_stop(stage):
    stage.exchange.trade("MSFT", 5, "buy", 100)
    stage.exchange.faults([{"method": "GET", "path": "/v2/stocks", "nth": None, "kind": "500"}])
    refused = stage.enters("AAPL 100 7")
    assert (refused.exit_code, refused.document["rule"], refused.document["value"]) == (
        3,
        "price_collar",
        "no last close",
    )
    assert stage.evening().states == {"MSFT": "protected"}


@pytest.mark.parametrize("off", [timedelta(minutes=10), timedelta(minutes=-10)])
def test_a_computer_whose_clock_is_wrong_enters_nothing_and_protects_everything(stage, monkeypatch, off):
    """It is held against the date of the broker's answers: a simulated market has a day of its own."""
    monkeypatch.setattr(transport, "now", lambda: datetime.now(UTC) + off)
    stage.exchange.trade("MSFT", 5, "buy", 100)
    refused = stage.enters("AAPL 100 7")
    assert (refused.exit_code, refused.document["rule"], refused.document["limit"]) == (3, "clock_skew", "120 s")
    evening = stage.evening()
    assert (evening.exit_code, evening.states) == (0, {"MSFT": "protected"})


@pytest.mark.parametrize(
    ("action", "rule"),
    [
        ({"asset": {"symbol": "AAPL", "tradable": False}}, "not_tradable"),
        ({"account": {"trading_blocked": True}}, "blocked_account"),
    ],
)
def test_what_the_broker_forbids_nobody_sets_aside(stage, action, rule):
    stage.exchange.action(**action)
    refused = stage.enters("AAPL 100 7")
    assert (refused.exit_code, refused.document["rule"]) == (3, rule)
    assert "--override" not in refused.err


def halted(stage):
    assert stage.types("halt --reason holiday").exit_code == 0


def paused(stage):
    with Ledger.open(stage.home / "sentinel.db") as ledger:
        ledger.latch("3 runs in 10 sessions had to put a stop behind TSLA")


def waiting(stage):
    assert stage.enters("AAPL 95.00 7").exit_code == 0


def not_to_be_sold_short(stage):
    stage.exchange.action(asset={"symbol": "AAPL", "shortable": False})


#  rule, what has happened, the entry, the value it met and its limit
VETOED = [
    ("halt", halted, "AAPL 100 7", "holiday", "no halt"),
    ("latch", paused, "AAPL 100 7", "3 runs in 10 sessions had to put a stop behind TSLA", "no pause"),
    ("not_shortable", not_to_be_sold_short, "AAPL 100 7 --side sell", "not shortable", "shortable"),
    ("already_held", lambda stage: stage.holds(), "AAPL 100 7", "7 shares", "no position"),
    ("live_order", waiting, "AAPL 96 7", "accepted", "no live order"),
    ("wrong_side_stop", nothing, "AAPL 120 7", "110.40", "100.00"),
    ("position_size", lambda stage: sets(stage, position_size_usd=50), "AAPL 100", "$100.00", "$50.00 a position"),
]


@pytest.mark.parametrize(("rule", "before", "line", "value", "limit"), VETOED)
def test_what_nobody_sets_aside_is_refused_with_its_numbers(stage, rule, before, line, value, limit):
    before(stage)
    stage.trades_quietly("AAPL")
    sent = stage.mutations()
    refused = stage.tells(f"submit-entry-with-stop {line}")
    assert (refused.exit_code, refused.document["exit_code"]) == (3, 3)
    assert [refused.document[key] for key in ("rule", "value", "limit")] == [rule, value, limit]
    assert "--override" not in refused.err
    aside = stage.types(f"submit-entry-with-stop {line} --override {rule} {REASON}")
    assert (aside.exit_code, f"the rule {rule} cannot be set aside" in aside.err) == (2, True)
    assert stage.mutations() == sent


def test_a_dry_run_is_refused_and_allowed_like_the_real_one(stage):
    assert stage.enters("AAPL 104 7 --dry-run").exit_code == 3
    sent = stage.mutations()
    dry = stage.enters(f"AAPL 104 7 --dry-run --override price_collar {REASON}")
    assert (dry.exit_code, dry.verbs()) == (0, [("submit_entry", "AAPL", "planned")])
    assert stage.mutations() == sent


def test_the_library_has_the_same_door(stage):
    from sentinel.commands.session import engine_at
    from sentinel.domain.errors import GuardRefusal, UsageError

    with engine_at(stage.home) as engine:
        assert isinstance(engine, OrderExecutionEngine)
        with pytest.raises(GuardRefusal) as caught:
            engine.submit_entry_with_stop("AAPL", 104, 7)
        assert (caught.value.rule, caught.value.value, caught.value.limit) == ("price_collar", "4.00 %", "3 %")
        with pytest.raises(UsageError):
            engine.submit_entry_with_stop("AAPL", 104, 7, overrides=["price_collar"])
        entry, stop = engine.submit_entry_with_stop(
            "AAPL", 104, 7, overrides=["price_collar"], reason="the earnings are out"
        )
    assert (entry.limit_price, stop.stop_price) == (Decimal(104), Decimal("95.68"))


@pytest.mark.parametrize(
    "line",
    [
        "evening-workflow --non-interactive",
        "rescue-stops",
        "update-trailing-stops",
        "reconcile-fills",
        "cleanup-orphans",
    ],
)
def test_no_limit_holds_up_protection(stage: Stage, line: str) -> None:
    stage.exchange.trade("AAPL", 60, "buy", 100)
    sets(stage, blocked_symbols='["AAPL"]', max_order_usd=1, max_entries_per_day=1, max_position_pct="0.1")
    stage.tells("rescue-stops")
    told = stage.tells(line)
    assert (told.exit_code, told.states) == (0, {"AAPL": "protected"})
