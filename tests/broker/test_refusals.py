"""A definite no: what the exchange refuses arrives as a refusal with its code, its words and its fields."""

from collections.abc import Callable
from decimal import Decimal

import pytest

from sentinel.broker import Broker, connect
from sentinel.domain.errors import BrokerUnreachable
from sentinel.domain.orders import Side
from sentinel.domain.outcomes import Confirmed, Outcome, Rejected, Unresolved
from sentinel.simulator import RunningExchange
from tests.broker.shapes import ORDER_ID, order_row

PRICE = Decimal("92.00")
UNAUTHORIZED = {"message": "unauthorized."}

Told = Callable[..., Broker]


def refused(outcome: Outcome) -> Rejected:
    assert isinstance(outcome, Rejected), outcome
    return outcome


def placed(outcome: Outcome) -> str:
    assert isinstance(outcome, Confirmed), outcome
    assert outcome.order
    return outcome.order.id


def test_shares_held_by_another_stop(exchange: RunningExchange, broker: Broker) -> None:
    exchange.trade("AAPL", 10, "buy", 100)
    stop_id = placed(broker.submit_stop("snt-1", "AAPL", Side.SELL, 8, PRICE))
    refusal = refused(broker.submit_stop("snt-2", "AAPL", Side.SELL, 5, PRICE))
    assert (refusal.http_status, refusal.code) == (403, 40310000)
    assert refusal.message == "insufficient qty available for order (requested: 5, available: 2)"
    assert refusal.fields == {
        "available": "2",
        "existing_qty": "10",
        "held_for_orders": "8",
        "related_orders": stop_id,
        "symbol": "AAPL",
    }


def test_a_stop_above_the_market(exchange: RunningExchange, broker: Broker) -> None:
    exchange.trade("AAPL", 10, "buy", 100)
    refusal = refused(broker.submit_stop("snt-1", "AAPL", Side.SELL, 10, Decimal("100.50")))
    assert (refusal.http_status, refusal.code) == (422, 42210000)
    assert Decimal(refusal.fields["market_price"]) == 100
    assert Decimal(refusal.fields["stop_price"]) == Decimal("100.50")


def test_a_wash_trade(exchange: RunningExchange, broker: Broker) -> None:
    exchange.trade("AAPL", 10, "buy", 100)
    exchange.modes(oto_wash_trade="refused")
    entry_id = placed(broker.submit_entry("snt-1", "AAPL", Side.BUY, 1, Decimal("99.00"), PRICE))
    refusal = refused(broker.submit_stop("snt-2", "AAPL", Side.SELL, 10, PRICE))
    assert (refusal.http_status, refusal.code) == (403, 40310000)
    assert refusal.fields["existing_order_id"] == entry_id
    assert refusal.fields["reject_reason"]


def test_a_name_used_twice(exchange: RunningExchange, broker: Broker) -> None:
    exchange.trade("AAPL", 10, "buy", 100)
    placed(broker.submit_stop("snt-1", "AAPL", Side.SELL, 2, PRICE))
    refusal = refused(broker.submit_stop("snt-1", "AAPL", Side.SELL, 2, PRICE))
    assert (refusal.http_status, refusal.code, refusal.message) == (422, 40010001, "client_order_id must be unique")


def test_a_stop_that_would_open_a_short(broker: Broker) -> None:
    refusal = refused(broker.submit_stop("snt-1", "AAPL", Side.SELL, 2, PRICE))
    assert "position intent mismatch" in refusal.message


def test_a_stop_not_yet_at_its_venue_takes_no_new_price(exchange: RunningExchange, broker: Broker) -> None:
    exchange.trade("AAPL", 10, "buy", 100)
    stop_id = placed(broker.submit_stop("snt-1", "AAPL", Side.SELL, 10, PRICE))
    refusal = refused(broker.replace_stop(stop_id, "snt-2", Decimal("93.00")))
    assert (refusal.http_status, refusal.code) == (422, 42210000)
    assert refusal.message == "cannot replace order in accepted status"


def test_an_order_that_does_not_exist(broker: Broker) -> None:
    for outcome in (broker.cancel(ORDER_ID), broker.replace_stop(ORDER_ID, "snt-1", PRICE)):
        refusal = refused(outcome)
        assert (refusal.http_status, refusal.code) == (404, 40410000)


def test_buying_power(exchange: RunningExchange, broker: Broker) -> None:
    refusal = refused(broker.submit_entry("snt-1", "AAPL", Side.BUY, 100_000, Decimal("99.00"), PRICE))
    assert (refusal.http_status, refusal.code) == (403, 40310000)
    assert set(refusal.fields) == {"buying_power", "cost_basis"}


def test_wrong_keys(exchange: RunningExchange) -> None:
    broker = connect("WRONG-KEY", "WRONG-SECRET", exchange.url, exchange.url, 5, 5, 2, 0)
    refusal = refused(broker.submit_stop("snt-1", "AAPL", Side.SELL, 2, PRICE))
    assert (refusal.http_status, refusal.code, refusal.message) == (401, None, "unauthorized.")
    with pytest.raises(BrokerUnreachable, match="refused the keys") as caught:
        broker.positions()
    assert "keys" in caught.value.remedy
    assert broker.requests == 2, "a key does not get better by being shown twice"


# What the broker answered, and what that says about the order.
DEFINITE = [
    (400, {"code": 40010000, "message": "bad"}, 40010000),
    (401, UNAUTHORIZED, None),
    (403, {"code": 40310000, "message": "new orders are rejected by user request"}, 40310000),
    (404, {"code": 40410000, "message": "order not found"}, 40410000),
    (422, {"code": 42210000, "message": "order parameters are not changed"}, 42210000),
    (422, {"code": "42210000", "message": "a code that is text"}, None),
    (418, {"message": "a status nobody expects"}, None),
]
UNDECIDED = [
    *[(status, {"code": status * 100_000, "message": "later"}) for status in (408, 409, 425, 429, 499, 500, 502, 504)],
    (422, "<html>a page</html>"),
    (403, ""),
    (422, []),
    (422, {"error": "an object of another shape"}),
    (422, {"message": {"not": "text"}}),
    (503, "<html><body>upstream</body></html>"),
    (302, ""),
    (301, "<html>moved</html>"),
    (304, ""),
    (200, ""),
    (200, "  \n"),
    (200, "<html>a captive portal</html>"),
    (200, "null"),
    (200, '{"id": '),
    (200, [order_row()]),
    (200, {"status": "ok"}),
    (200, order_row(client_order_id="somebody else's")),
    (200, order_row(side="sideways")),
    (200, order_row(qty="many")),
    (200, order_row(submitted_at="yesterday")),
    (207, []),
]


@pytest.mark.parametrize(("status", "body", "code"), DEFINITE)
def test_a_definite_no(told: Told, status: int, body: object, code: int | None) -> None:
    broker = told(body, status)
    for outcome in (broker.submit_stop("snt-1", "AAPL", Side.SELL, 2, PRICE), broker.cancel(ORDER_ID)):
        refusal = refused(outcome)
        assert (refusal.http_status, refusal.code) == (status, code)


@pytest.mark.parametrize(("status", "body"), UNDECIDED)
def test_an_answer_that_says_nothing(told: Told, status: int, body: object) -> None:
    broker = told(body, status)
    for outcome in (
        broker.submit_entry("snt-1", "AAPL", Side.BUY, 2, Decimal("99.00"), PRICE),
        broker.submit_stop("snt-1", "AAPL", Side.SELL, 2, PRICE),
        broker.submit_exit("snt-1", "AAPL", Side.SELL, 2),
        broker.replace_stop(ORDER_ID, "snt-1", PRICE),
    ):
        assert isinstance(outcome, Unresolved), outcome
    assert broker.requests == 4


@pytest.mark.parametrize(
    ("status", "body", "is_confirmed"),
    [(204, "", True), (200, {}, True), (200, "", False), (200, "<html>a portal</html>", False), (302, "", False)],
)
def test_a_cancel_is_taken_with_any_success_that_is_one(
    told: Told, status: int, body: object, is_confirmed: bool
) -> None:
    assert isinstance(told(body, status).cancel(ORDER_ID), Confirmed if is_confirmed else Unresolved)


def test_the_fields_of_a_refusal_are_plain_text(told: Told) -> None:
    error = {
        "code": 40310000,
        "message": "no\x1b[31m way\n",
        "related_orders": ["a", "b"],
        "held_for_orders": 8,
        "market_price": 71.99,
        "nothing": None,
        "flag": True,
        "nested": {"a": 1},
    }
    refusal = refused(told(error, 403).cancel(ORDER_ID))
    assert refusal.message == "no [31m way "
    assert refusal.fields == {
        "related_orders": "a,b",
        "held_for_orders": "8",
        "market_price": "71.99",
        "nothing": "",
        "flag": "true",
        "nested": "a=1",
    }
