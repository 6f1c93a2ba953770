"""Whatever a client sends, the exchange answers without a fault of its own, and a refusal changes nothing."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.simulator.desk import FLAT, START, Desk

pytestmark = pytest.mark.usefixtures("exchange")
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


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=BODIES)
def test_orders(holding: Desk, body: dict[str, Any]) -> None:
    before = business(holding)
    holding.ask("POST", "/orders", body)
    assert holding.status in (200, 400, 403, 422)
    if holding.status != 200:
        assert business(holding) == before


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
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


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    data=st.one_of(
        st.binary(max_size=20), st.sampled_from([b"[1]", b"{", b"null", b'"x"', b'{"qty": NaN}', b"[" * 9999])
    )
)
def test_bodies_that_are_no_json(holding: Desk, data: bytes) -> None:
    for method, path in (("POST", "orders"), ("PATCH", "account/configurations")):
        answer = holding.session.request(method, f"{holding.exchange.url}/v2/{path}", data=data, timeout=10)
        assert answer.status_code in (200, 400, 422)
