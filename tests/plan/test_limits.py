"""Every rule about entries: what it lets pass, what it refuses with which value and limit, and who may set it aside."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from sentinel.domain.actions import SubmitEntry
from sentinel.domain.book import Book
from sentinel.domain.errors import GuardRefusal, UsageError
from sentinel.domain.facts import EntryRequest
from sentinel.domain.findings import Severity
from sentinel.domain.names import OrderName, Purpose
from sentinel.domain.orders import OrderClass, OrderStatus, OrderType, Side
from sentinel.domain.positions import Asset
from sentinel.plan.breach import RULES_OF_REQUESTS
from sentinel.plan.entries import plan_entry
from sentinel.plan.guards import refusal
from sentinel.plan.limits import OVERRIDABLE, RULES, checked_overrides, refusal_of
from sentinel.risk_config import RiskPolicy
from tests.builders import CLOSE, EVENING, TODAY, account, bar, entry, entry_row, facts, position, sale, session, stop

APPLE = Asset("asset-AAPL", "AAPL", "Apple", tradable=True, shortable=True, fractionable=True)
PLAIN = EntryRequest("AAPL", Side.BUY, Decimal("150.00"), Decimal(5), Decimal(8), APPLE)
SHORT = {"side": Side.SELL}
YESTERDAY = TODAY - timedelta(days=3)  # a Friday
REASON = "I know what I am doing"


def ask(*held, request=None, **changes):
    changes.setdefault("bars", {"AAPL": bar("AAPL", "150.00")})
    return facts(*held, request=replace(PLAIN, **(request or {})), **changes)


def limit(price: str) -> dict[str, Decimal]:
    return {"limit_price": Decimal(price)}


def policy(**changes) -> RiskPolicy:
    return RiskPolicy(**changes)


def earlier(symbol: str, status: OrderStatus = OrderStatus.CANCELED, filled: int = 0, day: date = TODAY, **changes):
    """An entry of ours in its end state."""
    name = str(OrderName("c0ffee", day, symbol, Purpose.ENTRY, 1))
    order = entry(f"{symbol} 5 @ 90.00", status, filled_qty=Decimal(filled), client_order_id=name, **changes)
    return replace(order, id=f"{order.id}-{day}", legs=())


def many(number: int, day: date = TODAY):
    return tuple(earlier("ABCDEFGHIJKL"[n], OrderStatus.CANCELED, day=day) for n in range(number))


def older_bar(days: int):
    return {"AAPL": replace(bar("AAPL", "150.00"), day=TODAY - timedelta(days=days))}


BUY_ELSEWHERE = replace(entry("MSFT 5 @ 100.00"), client_order_id="by-hand", legs=())
# The ledger alone still has it: five of ten shares wait at $100.
HALF_FILLED = entry_row(entry("MSFT 10 @ 100.00"), filled_qty=Decimal(5))
HELD, SALE = position("MSFT 5 @ 100.00"), sale("MSFT 5 @ 100.00")
OPEN = replace(session(is_open=True), closes=(CLOSE - timedelta(days=3), CLOSE))
RICH = account("1000000", "1000000")
CURVE_DOWN = Book(equity_curve=((EVENING.date(), Decimal(130_000)),))

#  rule                  what is asked                 on what facts
PASSES = [
    ("price_collar", limit("154.50"), {}),  # exactly 3 %
    ("price_collar", limit("120.00"), {}),  # waits for a better price
    ("price_collar", limit("145.50") | SHORT, {}),
    ("price_collar", limit("157.50"), {"policy": policy(price_collar_pct=Decimal(5))}),
    ("stop_distance", {"stop_loss_pct": Decimal(1)}, {}),
    ("stop_distance", {"stop_loss_pct": Decimal(25)}, {}),
    ("stop_distance", {"stop_loss_pct": Decimal("1.01")} | limit("1.03"), {"bars": {"AAPL": bar("AAPL", "1.03")}}),
    ("order_value", {"qty": Decimal(66)}, {"account": RICH}),  # $9,900
    ("order_value", {"qty": Decimal(90)}, {"account": RICH, "policy": policy(max_order_usd=Decimal(15_000))}),
    ("position_exposure", {"qty": Decimal(3)}, {"account": account("5000")}),
    ("portfolio_exposure", {}, {"account": account(long_market_value=Decimal(86_750))}),
    ("cash", {}, {"account": account(cash="13250")}),
    ("cash", {}, {"account": account(cash="13250"), "orders": (SALE,)}),  # of what is held: it costs nothing
    ("entries_per_day", {}, {"orders": many(9)}),
    ("entries_per_day", {}, {"orders": many(12, YESTERDAY)}),
    ("duplicate_entry", {}, {"orders": (earlier("AAPL"),)}),  # cancelled without a fill
    ("duplicate_entry", {}, {"orders": (earlier("AAPL", OrderStatus.REJECTED),)}),
    ("duplicate_entry", {}, {"orders": (earlier("AAPL", OrderStatus.FILLED, 5, YESTERDAY),)}),
    ("duplicate_entry", {}, {"orders": (earlier("MSFT", OrderStatus.FILLED, 5),)}),
    ("allowed_symbols", {}, {"policy": policy(allowed_symbols=("AAPL",))}),
    ("blocked_symbols", {}, {"policy": policy(blocked_symbols=("TSLA",))}),
    ("clock_skew", {}, {"clock_skew": timedelta(seconds=-120)}),
    ("data_age", {}, {"bars": older_bar(3), "session": OPEN}),  # has not traded yet this morning
]


@pytest.mark.parametrize(("rule", "asked", "known"), PASSES)
def test_what_a_rule_lets_pass(rule, asked, known):
    assert rule in OVERRIDABLE
    held = (HELD,) if SALE in known.get("orders", ()) else ()
    (action,) = plan_entry(ask(*held, request=asked, **known)).actions
    assert isinstance(action, SubmitEntry)


#  rule                  what is asked                 on what facts       value         limit
REFUSED = [
    ("price_collar", limit("154.51"), {}, "3.01 %", "3 %"),
    ("price_collar", limit("145.49") | SHORT, {}, "3.01 %", "3 %"),
    ("price_collar", limit("151.51"), {"policy": policy(price_collar_pct=Decimal(1))}, "1.01 %", "1 %"),
    ("price_collar", {}, {"bars": {}}, "no last close", "3 %"),
    ("stop_distance", {"stop_loss_pct": Decimal("0.9")}, {}, "0.90 %", "1 %"),
    ("stop_distance", {"stop_loss_pct": Decimal("25.1")}, {}, "25.10 %", "25 %"),
    ("stop_distance", {}, {"policy": policy(max_stop_pct=Decimal(5))}, "8.00 %", "5 %"),
    ("order_value", {"qty": Decimal(67)}, {"account": RICH}, "$10,050.00", "$10,000.00"),
    ("position_exposure", {"qty": Decimal(4)}, {"account": account("5000")}, "$600.00", "$500.00"),
    ("portfolio_exposure", {}, {"account": account(long_market_value=Decimal(86_751))}, "$750.00", "$749.00"),
    ("portfolio_exposure", {}, {"account": account(short_market_value=Decimal(-86_751))}, "$750.00", "$749.00"),
    (
        "portfolio_exposure",  # an order by hand that the ledger does not know
        {},
        {"account": account(long_market_value=Decimal(86_700)), "orders": (BUY_ELSEWHERE,)},
        "$750.00",
        "$300.00",
    ),
    ("cash", {}, {"account": account(cash="13249")}, "$750.00", "$749.00"),
    ("cash", {}, {"account": account(non_marginable_buying_power=Decimal(12_600))}, "$750.00", "$100.00"),
    ("cash", {}, {"account": account(cash="13700"), "orders": (BUY_ELSEWHERE,)}, "$750.00", "$700.00"),
    ("cash", {}, {"account": account(cash="13700"), "book": Book(entries=(HALF_FILLED,))}, "$750.00", "$700.00"),
    ("cash", {}, {"account": account(cash="-20")}, "$750.00", "$0.00"),  # lives on margin
    ("entries_per_day", {}, {"orders": many(10)}, "10", "10"),
    ("entries_per_day", {}, {"book": Book(entered_today=frozenset("abcdefghij"))}, "10", "10"),
    ("entries_per_day", {}, {"orders": many(1), "policy": policy(max_entries_per_day=1)}, "1", "1"),
    ("duplicate_entry", {}, {"orders": (earlier("AAPL", OrderStatus.FILLED, 5),)}, "1 entry today", "1 entry a day"),
    ("duplicate_entry", {}, {"orders": (earlier("AAPL", filled=2),)}, "1 entry today", "1 entry a day"),
    (
        "duplicate_entry",  # sent on Friday evening, filled and stopped out today
        {},
        {"orders": (earlier("AAPL", OrderStatus.FILLED, 5, YESTERDAY, filled_at=EVENING - timedelta(hours=6)),)},
        "1 entry today",
        "1 entry a day",
    ),
    ("allowed_symbols", {}, {"policy": policy(allowed_symbols=("MSFT", "TSLA"))}, "AAPL", "MSFT, TSLA"),
    ("blocked_symbols", {}, {"policy": policy(blocked_symbols=("AAPL",))}, "AAPL", "AAPL"),
    ("clock_skew", {}, {"clock_skew": timedelta(seconds=121)}, "121 s", "120 s"),
    ("clock_skew", {}, {"clock_skew": timedelta(days=-1)}, "86400 s", "120 s"),
    ("data_age", {}, {"bars": older_bar(3)}, "2025-04-04", "2025-04-07"),
    ("data_age", {}, {"bars": older_bar(4), "session": OPEN}, "2025-04-03", "2025-04-04"),
    ("drawdown", {}, {"book": CURVE_DOWN}, "23.1 %", "18 %"),
]


@pytest.mark.parametrize(("rule", "asked", "known", "value", "allowed"), REFUSED)
def test_a_rule_names_itself_its_value_and_its_limit_and_can_be_set_aside(rule, asked, known, value, allowed):
    now = ask(request=asked, **known)
    with pytest.raises(GuardRefusal) as caught:
        plan_entry(now)
    refused = caught.value
    assert (refused.rule, refused.value, refused.limit, refused.exit_code) == (rule, value, allowed, 3)
    assert f"(rule {rule})" in refused.message
    assert f"--override {rule} --reason" in refused.remedy
    aside = ask(request=asked | {"overrides": (rule,), "override_reason": REASON}, **known)
    plan = plan_entry(aside)
    (action,) = plan.actions
    assert isinstance(action, SubmitEntry)
    assert refusal(action, aside) is None
    assert REASON in action.because
    assert rule in action.because
    assert [(finding.code, finding.severity) for finding in plan.findings] == [("override", Severity.WARNING)]
    assert REASON in plan.findings[0].message
    # The guard judges the same action again: what was not set aside holds there too.
    assert rule in str(refusal(replace(action, overrides=()), aside))


def test_one_rule_set_aside_is_not_all_of_them():
    asked = {"qty": Decimal(67), "overrides": ("order_value",), "override_reason": REASON} | limit("160.00")
    with pytest.raises(GuardRefusal) as caught:
        plan_entry(ask(request=asked, account=RICH))
    assert caught.value.rule == "price_collar"


def test_a_rule_that_refuses_nothing_is_told():
    plan = plan_entry(ask(request={"overrides": ("price_collar",), "override_reason": REASON}))
    assert [(finding.code, finding.severity) for finding in plan.findings] == [("override_unused", Severity.INFO)]
    assert plan.actions


VETOES = [
    ("halt", {}, {"book": Book(halt_reason="holiday")}),
    ("not_armed", {}, {"lapse": "the account was armed for 30 days"}),
    ("ledger_quarantined", {}, {"book": Book(latch_reason="the ledger was damaged", is_quarantined=True)}),
    ("latch", {}, {"book": Book(latch_reason="too much went wrong")}),
    ("blocked_account", {}, {"account": account(trading_blocked=True)}),
    ("not_tradable", {"asset": replace(APPLE, tradable=False)}, {}),
    ("not_tradable", {"asset": replace(APPLE, status="inactive")}, {}),
    ("not_shortable", SHORT, {"account": account(shorting_enabled=False)}),
    ("already_held", {}, {"held": position("AAPL 7 @ 150.00")}),
    ("live_order", {}, {"orders": (entry("AAPL 5 @ 140.00"),)}),
    ("wrong_side_stop", limit("170.00"), {}),
]


@pytest.mark.parametrize(("rule", "asked", "known"), VETOES)
def test_nobody_can_set_a_veto_aside(rule, asked, known):
    """Not even an action that got past the check of what may be set aside."""
    held = (known["held"],) if "held" in known else ()
    known = {name: value for name, value in known.items() if name != "held"}
    now = ask(*held, request=asked | {"overrides": (rule,), "override_reason": REASON}, **known)
    with pytest.raises(GuardRefusal) as caught:
        plan_entry(now)
    assert caught.value.rule == rule
    assert caught.value.value
    assert caught.value.limit
    assert "--override" not in caught.value.remedy


def test_every_rule_is_tried_here():
    told = {case[0] for case in (*REFUSED, *VETOES)} | {"sharpe"}  # tests/plan/test_entries.py
    assert told == {rule.name for rule in RULES}
    assert len(told) == len(RULES)


@pytest.mark.parametrize(
    ("names", "reason", "words"),
    [
        (("halt",), REASON, "the rule halt cannot be set aside"),
        (("price_collar", "already_held"), REASON, "already_held cannot be set aside"),
        (("reduce_only",), REASON, "cannot be set aside"),
        (("ledger_quarantined",), REASON, "cannot be set aside"),
        *(((name,), REASON, "cannot be set aside") for name in RULES_OF_REQUESTS),
        (("not_armed",), REASON, "cannot be set aside"),
        (("collar",), REASON, "there is no rule 'collar'"),
        (("price_collar",), "", "has 0 characters"),
        (("price_collar",), "too short", "has 9 characters"),
        (("price_collar",), "x        y", "has 3 characters"),
        (("price_collar",), "x" * 201, "has 201 characters"),
        ((), REASON, "a reason without a rule"),
    ],
)
def test_what_cannot_be_set_aside_is_a_usage_error(names, reason, words):
    with pytest.raises(UsageError, match=words):
        checked_overrides(names, reason)


def test_what_can_be_set_aside_is_named_once():
    chosen = checked_overrides(["price_collar", "cash", "price_collar"], "  ten  letters ")
    assert chosen == (("price_collar", "cash"), "ten letters")
    assert checked_overrides((), " ") == ((), "")


def test_a_quantity_left_out_keeps_to_the_value_of_an_order_too():
    large = {"account": RICH, "policy": policy(position_size_usd=Decimal(15_000))}
    (action,) = plan_entry(ask(request={"qty": None}, **large)).actions
    assert isinstance(action, SubmitEntry)
    assert (action.qty, "$10,000.00 an order" in action.because) == (66, True)
    aside = {"qty": None, "overrides": ("order_value",), "override_reason": REASON}
    (action,) = plan_entry(ask(request=aside, **large)).actions
    assert isinstance(action, SubmitEntry)
    assert action.qty == 100


def test_a_share_dearer_than_a_position_is_refused_with_its_numbers():
    with pytest.raises(GuardRefusal) as caught:
        plan_entry(ask(request={"qty": None} | limit("800.00"), bars={"AAPL": bar("AAPL", "800.00")}))
    assert (caught.value.rule, caught.value.value, caught.value.limit) == (
        "position_size",
        "$800.00",
        "$750.00 a position",
    )


WAITING = [
    ((entry("MSFT 5 @ 100.00"),), (), "500"),
    ((BUY_ELSEWHERE,), (), "500"),
    ((replace(BUY_ELSEWHERE, filled_qty=Decimal(2)),), (), "300"),
    ((entry("MSFT 5 @ 100.00"),), ("known",), "500"),  # counted once
    ((), ("known",), "500"),  # the list has missed it
    ((replace(BUY_ELSEWHERE, status=OrderStatus.CANCELED),), (), "0"),
    ((stop("MSFT 5 @ 100.00"),), (), "0"),  # a stop of ours without a position is an orphan
    ((replace(sale("MSFT 5 @ 1"), client_order_id="by-hand"),), (), "0"),  # no price is known of it
    (
        (
            BUY_ELSEWHERE,
            replace(BUY_ELSEWHERE, id="new", replaces=BUY_ELSEWHERE.id, order_class=OrderClass.SIMPLE),
        ),
        (),
        "500",
    ),
    ((replace(BUY_ELSEWHERE, type=OrderType.STOP, limit_price=None, stop_price=Decimal(110)),), (), "550"),
]


@pytest.mark.parametrize(("orders", "booked", "usd"), WAITING)
def test_what_waits_takes_its_part_of_the_room_ours_or_not(orders, booked, usd):
    book = Book(entries=(entry_row(entry("MSFT 5 @ 100.00")),)) if booked else Book()
    left = Decimal(87_500) - Decimal(usd)
    held = account(long_market_value=left - 700)
    now = ask(account=held, orders=orders, book=book)
    refused = refusal_of(SubmitEntry("AAPL", Side.BUY, 5, Decimal(150), Decimal(138), "test"), now)
    assert refused is not None
    assert (refused.rule, refused.limit) == ("portfolio_exposure", "$700.00")
