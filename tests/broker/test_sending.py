"""What goes out: the exact body of every order, and what is never sent."""

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from sentinel.broker import Broker
from sentinel.domain.orders import OrderClass, OrderStatus, OrderType, Side
from sentinel.domain.outcomes import Confirmed
from sentinel.simulator import RunningExchange
from tests.broker.conftest import Script, next_day
from tests.broker.shapes import ORDER_ID, order_row

PRICE = Decimal("92.10")


def sent(script: Script) -> tuple[str, str, Any]:
    method, path, body = script.asked[-1]
    return method, path, json.loads(body) if body else None


def test_an_entry_is_one_gtc_order_with_its_stop(told: Callable[..., Broker], script: Script) -> None:
    told(order_row()).submit_entry("snt-1", "AAPL", Side.BUY, 7, Decimal("100.30"), PRICE)
    assert sent(script) == (
        "POST",
        "/v2/orders",
        {
            "symbol": "AAPL",
            "qty": "7",
            "side": "buy",
            "type": "limit",
            "time_in_force": "gtc",
            "order_class": "oto",
            "client_order_id": "snt-1",
            "limit_price": "100.30",
            "stop_loss": {"stop_price": "92.10"},
        },
    )


@pytest.mark.parametrize("side", Side)
def test_a_stop_can_only_close(told: Callable[..., Broker], script: Script, side: Side) -> None:
    told(order_row()).submit_stop("snt-1", "BRK.B", side, 7, PRICE)
    assert sent(script)[2] == {
        "symbol": "BRK.B",
        "qty": "7",
        "side": side,
        "type": "stop",
        "time_in_force": "gtc",
        "client_order_id": "snt-1",
        "position_intent": f"{side}_to_close",
        "stop_price": "92.10",
    }


def test_an_exit_is_a_market_order_for_the_day_that_can_only_close(told: Callable[..., Broker], script: Script) -> None:
    told(order_row()).submit_exit("snt-1", "AAPL", Side.SELL, 7)
    assert sent(script)[2] == {
        "symbol": "AAPL",
        "qty": "7",
        "side": "sell",
        "type": "market",
        "time_in_force": "day",
        "client_order_id": "snt-1",
        "position_intent": "sell_to_close",
    }


def test_a_raise_sends_the_price_alone(told: Callable[..., Broker], script: Script) -> None:
    """Any quantity in the body is refused on a leg (ALPACA 3.6)."""
    told(order_row()).replace_stop(ORDER_ID, "snt-1", PRICE)
    assert sent(script) == ("PATCH", f"/v2/orders/{ORDER_ID}", {"client_order_id": "snt-1", "stop_price": "92.10"})


def test_a_cancel_names_one_order(told: Callable[..., Broker], script: Script) -> None:
    told("", 204).cancel(ORDER_ID)
    assert sent(script) == ("DELETE", f"/v2/orders/{ORDER_ID}", None)


@pytest.mark.parametrize(
    ("price", "text"),
    [
        ("100", "100"),
        ("1E+2", "100"),
        ("0.1234", "0.1234"),
        ("33.33", "33.33"),
        ("123456.78", "123456.78"),
        ("92.1000", "92.1000"),
    ],
)
def test_a_price_goes_out_as_its_own_digits(told: Callable[..., Broker], script: Script, price: str, text: str) -> None:
    told(order_row()).submit_stop("snt-1", "AAPL", Side.SELL, 7, Decimal(price))
    assert sent(script)[2]["stop_price"] == text


BAD_PRICES: list[Any] = [
    Decimal(0.1 + 0.2),
    Decimal("100.001"),
    Decimal("0.12345"),
    Decimal("0"),
    Decimal("-1"),
    Decimal("NaN"),
    Decimal("Infinity"),
    92.1,
    92,
    "92.10",
]
BAD_QUANTITIES: list[Any] = [0, -1, 1.0, 2.5, Decimal(3), "3", True]
BAD_IDS = ["", "snt-1", "..", "904837e3-3b76-47ec-b432"]


@pytest.mark.parametrize("price", BAD_PRICES)
def test_a_price_off_the_tick_is_never_sent(broker: Broker, price: Any) -> None:
    for send in (
        lambda: broker.submit_stop("snt-1", "AAPL", Side.SELL, 1, price),
        lambda: broker.submit_entry("snt-1", "AAPL", Side.BUY, 1, price, PRICE),
        lambda: broker.submit_entry("snt-1", "AAPL", Side.BUY, 1, PRICE, price),
        lambda: broker.replace_stop(ORDER_ID, "snt-1", price),
    ):
        with pytest.raises(ValueError, match="a price is a Decimal on the tick"):
            send()
    assert broker.requests == 0


@pytest.mark.parametrize("qty", BAD_QUANTITIES)
def test_anything_but_whole_shares_is_never_sent(broker: Broker, qty: Any) -> None:
    with pytest.raises(ValueError, match="whole shares"):
        broker.submit_exit("snt-1", "AAPL", Side.SELL, qty)
    assert broker.requests == 0


@pytest.mark.parametrize("order_id", BAD_IDS)
def test_a_cancel_without_an_order_id_is_never_sent(broker: Broker, order_id: str) -> None:
    """DELETE on the empty id would cancel every order there is (ALPACA 4.5)."""
    with pytest.raises(ValueError, match="badly formed"):
        broker.cancel(order_id)
    with pytest.raises(ValueError, match="badly formed"):
        broker.replace_stop(order_id, "snt-1", PRICE)
    assert broker.requests == 0


@pytest.mark.parametrize("name", ["", "x" * 129])
def test_a_name_the_broker_would_not_take_is_never_sent(broker: Broker, name: str) -> None:
    with pytest.raises(ValueError, match="client order id"):
        broker.submit_stop(name, "AAPL", Side.SELL, 1, PRICE)
    assert broker.requests == 0


def test_the_life_of_an_entry_and_its_stop(exchange: RunningExchange, broker: Broker) -> None:
    outcome = broker.submit_entry("snt-1", "AAPL", Side.BUY, 10, Decimal("101.00"), Decimal("92.00"))
    assert isinstance(outcome, Confirmed)
    entry = outcome.order
    assert entry
    leg = entry.stop_leg
    assert leg
    assert (entry.order_class, entry.type, entry.time_in_force) == (OrderClass.OTO, OrderType.LIMIT, "gtc")
    assert (leg.status, leg.stop_price, leg.qty) == (OrderStatus.HELD, Decimal(92), Decimal(10))
    assert leg.parent_id == entry.id
    next_day(exchange, "100 101 99 100")
    exchange.modes(after_hours_stops="new")
    moved = broker.replace_stop(leg.id, "snt-2", Decimal("93.00"))
    assert isinstance(moved, Confirmed)
    assert moved.order
    assert (moved.order.replaces, moved.order.client_order_id, moved.order.stop_price) == (leg.id, "snt-2", Decimal(93))
    old = broker.order(leg.id)
    assert old
    assert (old.status, old.replaced_by, old.is_live) == (OrderStatus.REPLACED, moved.order.id, False)
    assert broker.cancel(moved.order.id) == Confirmed()
    sold = broker.submit_exit("snt-3", "AAPL", Side.SELL, 10)
    assert isinstance(sold, Confirmed)
    next_day(exchange, "100 101 99 100")
    assert broker.positions() == {}
    assert [(fill.side, fill.qty) for fill in broker.fills()] == [("buy", Decimal(10)), ("sell", Decimal(10))]
