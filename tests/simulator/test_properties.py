"""Whatever a client sends, the exchange answers without a fault of its own, and a refusal changes nothing.

`SIMULATOR_EXAMPLES` in the environment multiplies the number of examples: 50 makes thousands of each kind.
"""

from __future__ import annotations

import os
from collections import defaultdict
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.simulator.desk import FLAT, START, Desk

pytestmark = pytest.mark.usefixtures("exchange")
TIMES = int(os.environ.get("SIMULATOR_EXAMPLES", "1"))


def examples(number: int) -> Any:
    """Settings for so many examples, times what the environment asks for."""
    unhealthy = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
    return settings(max_examples=number * TIMES, deadline=None, suppress_health_check=unhealthy)


PRICES = st.one_of(
    st.none(), st.sampled_from(["92", "100", "108", 91.5, 0, -1, "1e400", "0.00001", True, "", [], "NaN", 1e308])
)
NESTED = st.one_of(
    st.none(), st.text(max_size=3), st.fixed_dictionaries({}, optional={"limit_price": PRICES, "stop_price": PRICES})
)
BODIES = st.fixed_dictionaries(
    {},
    optional={
        "symbol": st.sampled_from(["AAPL", "aapl", "NOPE", "", 7, "\ud800", "A\x00"]),
        "qty": st.sampled_from([None, "1", 5, 0.5, "0", -3, "1e9", "x", 10**30, "0.0000000001"]),
        "notional": st.sampled_from([None, None, None, "50", "x"]),
        "side": st.sampled_from(["buy", "sell", "hold", None, 1]),
        "type": st.sampled_from(["market", "limit", "stop", "stop_limit", "trailing_stop", "x", None]),
        "time_in_force": st.sampled_from(["day", "gtc", "ioc", "cls", "x", None]),
        "order_class": st.sampled_from([None, "", "simple", "oto", "oco", "bracket", "mleg"]),
        "limit_price": PRICES,
        "stop_price": PRICES,
        "trail_price": PRICES,
        "trail_percent": PRICES,
        "take_profit": NESTED,
        "stop_loss": NESTED,
        "extended_hours": st.sampled_from([None, True, "True", "x"]),
        "position_intent": st.sampled_from([None, "buy_to_open", "sell_to_close", "x"]),
        "client_order_id": st.one_of(st.none(), st.text(max_size=4), st.just("x" * 200)),
    },
)


@pytest.fixture
def holding(desk: Desk) -> Desk:
    desk.hold(20)
    desk.stop(qty=5)
    return desk


def business(desk: Desk) -> Any:
    state = desk.exchange.state()
    return {name: value for name, value in state.items() if name != "requests"}


@examples(60)
@given(body=BODIES)
def test_orders(holding: Desk, body: dict[str, Any]) -> None:
    before = business(holding)
    holding.ask("POST", "/orders", body)
    assert holding.status in (200, 400, 403, 422)
    if holding.status != 200:
        assert business(holding) == before


@examples(40)
@given(body=BODIES)
def test_replacements(holding: Desk, body: dict[str, Any]) -> None:
    holding.exchange.modes(after_hours_stops="new")
    holding.exchange.advance(to="open")
    (stop,) = holding.get("/orders", side="sell", type="stop")[-1:]
    before = business(holding)
    holding.ask("PATCH", f"/orders/{stop['id']}", body)
    assert holding.status in (200, 400, 403, 422)
    if holding.status != 200:
        assert business(holding) == before
    holding.exchange.reset(bars=FLAT, start=START)
    holding.hold(20)
    holding.stop(qty=5)


@examples(25)
@given(
    data=st.one_of(
        st.binary(max_size=20), st.sampled_from([b"[1]", b"{", b"null", b'"x"', b'{"qty": NaN}', b"[" * 9999])
    )
)
def test_bodies_that_are_no_json(holding: Desk, data: bytes) -> None:
    for method, path in (("POST", "orders"), ("PATCH", "account/configurations")):
        answer = holding.session.request(method, f"{holding.exchange.url}/v2/{path}", data=data, timeout=10)
        assert answer.status_code in (200, 400, 422)


WORDS = st.one_of(
    st.text(max_size=6),
    st.sampled_from(["AAPL", "all", "open", "-1", "0", "500", "501", "2026-03-02", "2026-13-99", "9" * 30, "true"]),
)
PARAMETERS = """
    status limit after until direction nested symbols side before_order_id after_order_id asset_class client_order_id
    start end date page_size page_token activity_types category period timeframe adjustment feed sort exchange name
    attributes ca_types since qty percentage cancel_orders
"""
PATHS = """
    orders orders/x orders:by_client_order_id positions positions/AAPL positions/x account account/configurations
    account/portfolio/history account/activities account/activities/FILL account/activities/x assets assets/x clock
    calendar corporate_actions/announcements watchlists watchlists/x watchlists:by_name stocks/bars stocks/AAPL/bars
    stocks/trades stocks/x/quotes stocks/snapshots stocks/trades/latest stocks/AAPL/bars/latest nowhere
"""
FIELDS = """
    to sessions bars symbol date open qty side price rules kind path nth split ratio rename dividend amount status
    order_id account asset start seed cash halt partial_fill
"""


@examples(150)
@given(
    path=st.sampled_from(PATHS.split()), query=st.dictionaries(st.sampled_from(PARAMETERS.split()), WORDS, max_size=4)
)
def test_queries(holding: Desk, path: str, query: dict[str, str]) -> None:
    before = business(holding)
    holding.get(f"/{path}", **{name: value.encode("utf-8", "replace").decode() for name, value in query.items()})
    assert holding.status in (200, 400, 403, 404, 422)
    assert business(holding) == before


@examples(60)
@given(
    method=st.sampled_from(["POST", "PUT", "PATCH", "DELETE"]),
    path=st.one_of(st.sampled_from(PATHS.split()), st.text(max_size=5)),
    body=st.dictionaries(st.sampled_from(["name", "symbols", "symbol", "qty"]), st.one_of(WORDS, PRICES), max_size=3),
)
def test_methods(holding: Desk, method: str, path: str, body: dict[str, Any]) -> None:
    before = business(holding)
    holding.ask(method, f"/{quote(path.encode('utf-8', 'replace'))}", body)
    assert holding.status in (200, 204, 207, 400, 403, 404, 405, 422)
    if holding.status >= 400:
        assert business(holding) == before
    holding.exchange.reset(bars=FLAT, start=START)
    holding.hold(20)
    holding.stop(qty=5)


@examples(60)
@given(
    path=st.sampled_from(["advance", "bars", "trade", "faults", "modes", "action", "reset"]),
    body=st.recursive(
        st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=4)),
        lambda inner: st.one_of(
            st.lists(inner, max_size=2),
            st.dictionaries(st.sampled_from(FIELDS.split()), inner, max_size=3),
        ),
        max_leaves=6,
    ),
)
def test_the_control_plane(holding: Desk, path: str, body: Any) -> None:
    before = business(holding)
    answer = holding.session.post(f"{holding.exchange.url}/_sim/{path}", json=body, timeout=10)
    assert answer.status_code in (200, 400)
    if answer.status_code == 400:
        assert answer.json()["message"]
        assert business(holding) == before
    holding.exchange.reset(bars=FLAT, start=START)
    holding.hold(20)
    holding.stop(qty=5)


# -- held shares, counted as they come and go, equal those counted anew ----------------------------------------------

STEPS = st.sampled_from(
    [
        "stop",
        "limit",
        "oco",
        "oto",
        "bracket",
        "cancel",
        "cancel all",
        "replace",
        "fill",
        "split",
        "day",
        "sell",
        "short",
    ]
)


@examples(25)
@given(steps=st.lists(st.tuples(STEPS, st.integers(0, 9), st.integers(1, 6)), max_size=14))
def test_held_shares_are_counted_right(desk: Desk, steps: list[tuple[str, int, int]]) -> None:
    desk.exchange.reset(bars=FLAT, start=START)
    desk.hold(20)
    for step, which, qty in steps:
        take(desk, step, which, qty)
        assert desk.shares() == counted(desk)


def take(desk: Desk, step: str, which: int, qty: int) -> None:
    legs = {"take_profit": {"limit_price": "110"}, "stop_loss": {"stop_price": "80"}}
    listed = desk.get("/orders")
    order: dict[str, Any] = (
        listed[which % len(listed)] if listed else {"id": "0", "stop_price": None, "qty": "0", "filled_qty": "0"}
    )
    if step == "stop":
        desk.stop("85", qty=qty)
    elif step in ("limit", "oco"):
        kind = {"order_class": "oco", **legs} if step == "oco" else {"limit_price": "112"}
        desk.place(side="sell", type="limit", qty=qty, **kind)
    elif step in ("oto", "bracket"):
        (desk.oto if step == "oto" else desk.bracket)(qty=qty)
    elif step == "cancel":
        desk.ask("DELETE", f"/orders/{order['id']}")
    elif step == "cancel all":
        desk.ask("DELETE", "/orders")
    elif step == "replace":
        desk.ask("PATCH", f"/orders/{order['id']}", {"stop_price": "86"} if order["stop_price"] else {"qty": qty})
    elif step == "fill" and Decimal(order["qty"]) - Decimal(order["filled_qty"]) > 1:
        desk.exchange.action(partial_fill={"order_id": order["id"], "qty": 1, "price": 100})
    elif step == "split" and which == 0:
        desk.exchange.action(split={"symbol": "AAPL", "ratio": 2})
    elif step == "day":
        desk.day("100 101 99 100")
    elif step in ("sell", "short"):
        desk.exchange.trade("AAPL", qty if step == "sell" else 30, "sell", 100)


def counted(desk: Desk) -> str:
    """Shares held and free, worked out from the whole state."""
    state = desk.exchange.state()
    held = sum((Decimal(one["qty"]) for one in state["positions"]), Decimal(0))
    side = "sell" if held > 0 else "buy"
    groups: dict[str, Decimal] = defaultdict(Decimal)
    for order in state["orders"]:
        over = order["status"] in ("filled", "canceled", "expired", "replaced", "rejected")
        if over or order["side"] != side or (order["status"] == "held" and not order["armed"]):
            continue
        group = order["parent_id"] or order["id"]
        groups[group] = max(groups[group], Decimal(order["qty"]) - Decimal(order["filled_qty"]))
    free = max(abs(held) - sum(groups.values()), Decimal(0))
    return "0/0" if held == 0 else f"{held:f}/{'-' if held < 0 and free else ''}{free:f}"
