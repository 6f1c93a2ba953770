"""What is read: whole lists over every page, exact numbers, and no empty list that is not one."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import unquote

import pytest

from sentinel.broker import Broker
from sentinel.domain.errors import BrokerUnreachable
from sentinel.domain.orders import OrderStatus, OrderType, Side
from sentinel.domain.outcomes import Confirmed
from sentinel.simulator import RunningExchange
from tests.broker.conftest import ATTEMPTS, Script, next_day
from tests.broker.shapes import MOMENT, ORDER_ID, fill_row, order_row, position_row

Told = Callable[..., Broker]
DAY = ["date", "open", "close"]


def test_an_account_with_nothing_in_it(broker: Broker) -> None:
    account = broker.account()
    assert (account.equity, account.cash, account.status) == (Decimal(100_000), Decimal(100_000), "ACTIVE")
    assert not account.blocks_orders
    assert (broker.positions(), broker.open_orders(), broker.recent_orders(), broker.fills()) == ({}, (), (), ())


def test_positions_long_and_short_and_with_a_dot(exchange: RunningExchange, broker: Broker) -> None:
    exchange.trade("BRK.B", 3, "buy", "99.5")
    exchange.trade("MSFT", 2, "sell", 101)
    positions = broker.positions()
    assert list(positions) == ["BRK.B", "MSFT"]
    assert (positions["BRK.B"].qty, positions["BRK.B"].avg_entry_price) == (Decimal(3), Decimal("99.5"))
    assert (positions["MSFT"].qty, positions["MSFT"].qty_available) == (Decimal(-2), Decimal(-2))
    assert broker.position("BRK.B") == positions["BRK.B"]
    assert broker.position("AAPL") is None


def test_shares_under_a_stop_are_not_available(exchange: RunningExchange, broker: Broker) -> None:
    exchange.trade("BRK.B", 3, "buy", 100)
    assert isinstance(broker.submit_stop("snt-1", "BRK.B", Side.SELL, 2, Decimal("92.00")), Confirmed)
    position = broker.position("BRK.B")
    assert position
    assert (position.qty, position.qty_available) == (Decimal(3), Decimal(1))


def test_an_entry_is_listed_with_its_leg_by_name_id_and_among_the_recent(broker: Broker) -> None:
    sent = broker.submit_entry("snt-1", "AAPL", Side.BUY, 10, Decimal("99.00"), Decimal("92.00"))
    assert isinstance(sent, Confirmed)
    assert sent.order
    assert broker.order_named("snt-1") == broker.order(sent.order.id) == sent.order
    assert broker.recent_orders() == (sent.order,)
    assert [order.id for order in broker.open_orders()] == [sent.order.id], "held legs are not open (ALPACA 5.2)"
    assert broker.order_named("snt-2") is None
    assert broker.order(ORDER_ID) is None


@pytest.mark.parametrize("order_id", ["", "..", "snt-1", "account"])
def test_what_is_no_id_of_the_brokers_is_no_order(broker: Broker, order_id: str) -> None:
    assert broker.order(order_id) is None
    assert broker.requests == 0


NO_SYMBOLS = [
    "", "..", ".", "../account", "AAPL/../../orders", "AAPL/..", "AAPL//orders", "/AAPL", "AAPL/", "AAPL.", "-AAPL",
    "A" * 32, "A\nB", "A\r\nHost: evil", "A\x00", "?x=1", "A?x=1", "A#b", "A&b=1", "A%2e%2e", "%2e%2e", "A\\B", "A,B",
    "\N{FULLWIDTH LATIN CAPITAL LETTER A}APL", "\N{CYRILLIC CAPITAL LETTER A}APL", "AAPL\N{RIGHT-TO-LEFT OVERRIDE}",
    "[red]A[/red]", "A;B", "A:B", "A@B", "A_B", "A\N{ZERO WIDTH SPACE}B",
]  # fmt: skip


@pytest.mark.parametrize("symbol", NO_SYMBOLS)
def test_what_is_no_symbol_is_not_asked_for(broker: Broker, symbol: str) -> None:
    """Nor is its position said to be gone: nobody has looked."""
    assert broker.asset(symbol) is None
    assert broker.latest_bars([symbol]) == {}
    assert broker.orders_of([symbol], datetime(2026, 1, 1, tzinfo=UTC)) == ()
    with pytest.raises(BrokerUnreachable, match="no symbol the broker can be asked for"):
        broker.position(symbol)
    assert broker.requests == 0


@pytest.mark.parametrize("symbol", ["A", "BRK.B", "BTC/USD", "ABR-D", "BF B", "XYZ.WS.A", "7203", "A" * 31])
def test_a_symbol_names_one_thing_and_nothing_else(told: Callable[..., Broker], script: Script, symbol: str) -> None:
    assert told({"code": 40410000, "message": "position does not exist"}, 404).position(symbol) is None
    assert unquote(script.asked[0][1]) == f"/v2/positions/{symbol}"
    assert script.asked[0][1].count("/") == 3


def test_assets(broker: Broker) -> None:
    asset = broker.asset("BRK.B")
    assert asset
    assert (asset.symbol, asset.tradable, asset.status) == ("BRK.B", True, "active")
    assert broker.asset("NOSUCH") is None


def test_more_open_orders_than_one_page_holds(exchange: RunningExchange, broker: Broker) -> None:
    """One page holds 500 (ALPACA 5.3)."""
    exchange.trade("AAPL", 520, "buy", 100)
    for number in range(520):
        sent = broker.submit_stop(f"snt-{number}", "AAPL", Side.SELL, 1, Decimal("92.00"))
        assert isinstance(sent, Confirmed)
    before = broker.requests
    orders = broker.open_orders()
    assert len(orders) == len({order.id for order in orders}) == 520
    assert broker.requests - before == 2
    assert len(broker.recent_orders()) == 500


def rows_at(moment: str, first: int, last: int) -> list[dict[str, Any]]:
    return [
        order_row(id=f"904837e3-3b76-47ec-b432-{number:012d}", submitted_at=moment, client_order_id=f"snt-{number}")
        for number in range(first, last)
    ]


def test_a_page_full_of_one_moment_is_parted_by_the_id(told: Told, script: Script) -> None:
    broker = told(rows_at(MOMENT, 0, 500))
    script.says(rows_at(MOMENT, 0, 500))
    script.says(rows_at(MOMENT, 500, 1000))
    script.says(rows_at(MOMENT, 1000, 1500))
    script.says(rows_at(MOMENT, 1500, 1700))
    assert len(broker.open_orders()) == 1700
    paths = [path for _, path, _ in script.asked]
    assert ["after=" in path for path in paths] == [False, True, False, False, False]
    for path, last in zip(paths[2:], (499, 999, 1499), strict=True):
        assert f"after_order_id=904837e3-3b76-47ec-b432-{last:012d}" in path


def test_a_list_that_does_not_end_is_an_error(told: Told, script: Script) -> None:
    with pytest.raises(BrokerUnreachable, match="open orders does not end"):
        told(rows_at(MOMENT, 0, 500)).open_orders()
    script.answers.clear()
    endless = told([fill_row(number) for number in range(100)])
    with pytest.raises(BrokerUnreachable, match="fills does not end"):
        endless.fills()


def test_a_page_may_end_with_an_order_in_options(told: Told, script: Script) -> None:
    odd = order_row(order_class="mleg", symbol=None, side="", qty="1")
    broker = told([*rows_at(MOMENT, 0, 499), odd])
    script.says([odd])
    assert len(broker.open_orders()) == 499


def test_the_next_page_starts_before_the_last_moment(told: Told, script: Script) -> None:
    """The bound is exclusive, and cut to microseconds: one less, so that equals are asked for again."""
    broker = told(rows_at(MOMENT, 0, 500))
    script.says(rows_at(MOMENT, 499, 501))
    assert len(broker.open_orders()) == 501
    assert "after=2026-08-14T14%3A30%3A00.123455Z" in script.asked[1][1]


def test_fills_over_every_page(exchange: RunningExchange, broker: Broker) -> None:
    for _ in range(130):
        exchange.trade("AAPL", 1, "buy", 100)
    noon = broker.session().now
    fills = broker.fills()
    assert len(fills) == len({fill.id for fill in fills}) == 130
    assert [fill.at for fill in fills] == sorted(fill.at for fill in fills)
    next_day(exchange, "100 101 99 100")
    exchange.trade("AAPL", 1, "sell", 100)
    assert [fill.side for fill in broker.fills(noon + timedelta(hours=1))] == ["sell"]


def test_exactly_one_page_of_fills(told: Told, script: Script) -> None:
    broker = told([fill_row(number) for number in range(100)])
    script.says([])
    assert len(broker.fills()) == 100
    assert f"page_token=20260624054105939%3A%3A{99:08d}" in script.asked[1][1]


def test_the_latest_daily_bars_are_the_exact_digits(told: Told, script: Script) -> None:
    text = (
        '{"AAPL":{"dailyBar":{"t":"2026-08-14T04:00:00Z","o":0.1,"h":304.30000000000001,"l":1e-2,"c":0.30000000000000004,'
        '"v":49952,"n":2430,"vw":304.9},"prevDailyBar":null},'
        '"BRK.B":{"dailyBar":null,"prevDailyBar":{"t":"2026-01-13T05:00:00Z","o":1,"h":2,"l":1,"c":2,"v":3.0}},'
        '"MSFT":null,"NVDA":{"latestTrade":{}}}'
    )
    bars = told(text).latest_bars(["MSFT", "AAPL", "BRK.B", "NVDA", "AAPL"])
    assert list(bars) == ["AAPL", "BRK.B"]
    apple = bars["AAPL"]
    assert [str(price) for price in (apple.open, apple.high, apple.low, apple.close)] == [
        "0.1",
        "304.30000000000001",
        "0.01",
        "0.30000000000000004",
    ]
    assert (apple.day, apple.volume) == (date(2026, 8, 14), 49952)
    assert bars["BRK.B"].day == date(2026, 1, 13)
    assert len(script.asked) == 1
    assert script.asked[0][1] == "/v2/stocks/snapshots?symbols=AAPL%2CBRK.B%2CMSFT%2CNVDA&feed=iex"


def test_the_latest_bars_of_the_exchange(broker: Broker) -> None:
    bars = broker.latest_bars(["AAPL", "BRK.B", "NOSUCH"])
    assert {symbol: (bar.day, bar.close) for symbol, bar in bars.items()} == {
        "AAPL": (date(2026, 3, 2), Decimal(100)),
        "BRK.B": (date(2026, 3, 2), Decimal(100)),
    }


def test_one_malformed_symbol_does_not_cost_the_others_their_bars(told: Told, script: Script) -> None:
    bad = {"message": "invalid symbol: B C"}
    bar = {"dailyBar": {"t": "2026-08-14T04:00:00Z", "o": 1, "h": 1, "l": 1, "c": 1, "v": 1}}
    broker = told(bad, 400)
    for body, status in (({"A": bar}, 200), (bad, 400), (bad, 400), ({"D": bar}, 200)):
        script.says(body, status)
    assert list(broker.latest_bars(["A", "B C", "D"])) == ["A", "D"]


def test_daily_bars_between_two_days_oldest_first(exchange: RunningExchange, broker: Broker) -> None:
    for prices in ("100 102 99 101", "101 103 100 102", "102 104 101 103"):
        next_day(exchange, prices)
    bars = broker.daily_bars(["AAPL", "NOSUCH", "no symbol!"], date(2026, 3, 3), date(2026, 3, 4))
    assert {symbol: [(bar.day, bar.close) for bar in rows] for symbol, rows in bars.items()} == {
        "AAPL": [(date(2026, 3, 3), Decimal(101)), (date(2026, 3, 4), Decimal(102))]
    }
    assert broker.daily_bars([], date(2026, 3, 3), date(2026, 3, 4)) == {}


def test_daily_bars_come_in_pages(told: Told, script: Script) -> None:
    def page(symbol: str, day: int, token: str | None) -> dict[str, Any]:
        bar = {"t": f"2026-08-{day}T04:00:00Z", "o": 1, "h": 2, "l": 1, "c": 1, "v": 1}
        return {"bars": {symbol: [bar]}, "next_page_token": token}

    broker = told(page("A", 13, "more"))
    script.says(page("A", 14, "last"))
    script.says(page("B", 14, None))
    bars = broker.daily_bars(["A", "B"], date(2026, 8, 1), date(2026, 8, 20))
    assert {symbol: [bar.day.day for bar in rows] for symbol, rows in bars.items()} == {"A": [13, 14], "B": [14]}


def test_one_malformed_symbol_does_not_cost_the_others_their_daily_bars(told: Told, script: Script) -> None:
    bad = {"message": "invalid symbol: B C"}
    bars = [{"t": "2026-08-14T04:00:00Z", "o": 1, "h": 1, "l": 1, "c": 1, "v": 1}]
    broker = told(bad, 400)
    script.says({"bars": {"A": bars}, "next_page_token": None})
    script.says(bad, 400)
    assert list(broker.daily_bars(["A", "B C"], date(2026, 8, 1), date(2026, 8, 20))) == ["A"]


# now (UTC), the calendar around it, and the session that opened last with its close (UTC).
NORMAL = ("2026-08-14", "09:30", "16:00")
HALF_DAY = ("2026-11-27", "09:30", "13:00")
SESSIONS = [
    ("2026-08-14T21:00:00Z", [("2026-08-13", "09:30", "16:00"), NORMAL], "2026-08-14", "2026-08-14T20:00:00Z"),
    ("2026-08-14T13:29:59Z", [("2026-08-13", "09:30", "16:00"), NORMAL], "2026-08-13", "2026-08-13T20:00:00Z"),
    ("2026-08-14T13:30:00Z", [("2026-08-13", "09:30", "16:00"), NORMAL], "2026-08-14", "2026-08-14T20:00:00Z"),
    ("2026-08-16T12:00:00Z", [NORMAL], "2026-08-14", "2026-08-14T20:00:00Z"),
    (
        "2026-11-28T01:00:00.123456789Z",
        [("2026-11-25", "09:30", "16:00"), HALF_DAY],
        "2026-11-27",
        "2026-11-27T18:00:00Z",
    ),
    ("2026-01-05T22:00:00Z", [("2026-01-05", "09:30", "16:00")], "2026-01-05", "2026-01-05T21:00:00Z"),
]


@pytest.mark.parametrize(("now", "calendar", "day", "closed_at"), SESSIONS)
def test_the_session_that_opened_last(
    told: Told, script: Script, now: str, calendar: list[tuple[str, str, str]], day: str, closed_at: str
) -> None:
    clock = {"timestamp": now, "is_open": False, "next_open": "2026-12-01T09:30:00-05:00"}
    broker = told(clock | {"next_close": "2026-12-01T16:00:00-05:00"})
    script.says([dict(zip(DAY, row, strict=True)) for row in calendar])
    session = broker.session()
    assert (session.day, session.closed_at) == (date.fromisoformat(day), datetime.fromisoformat(closed_at))
    assert session.next_open == datetime(2026, 12, 1, 14, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("since", "start"),
    [
        (None, "2026-07-31"),
        (datetime(2026, 8, 13, 21, tzinfo=UTC), "2026-07-31"),
        (datetime(2026, 6, 2, 2, tzinfo=UTC), "2026-06-01"),  # still the first of June in New York
    ],
)
def test_the_calendar_goes_back_to_what_is_asked_for(
    told: Told, script: Script, since: datetime | None, start: str
) -> None:
    clock = {"timestamp": "2026-08-14T21:00:00Z", "is_open": False}
    broker = told(clock | dict.fromkeys(("next_open", "next_close"), "2026-08-17T13:30:00Z"))
    script.says([dict(zip(DAY, row, strict=True)) for row in (NORMAL, ("2026-08-13", "09:30", "16:00"))])
    session = broker.session(since)
    assert session.closes == (datetime(2026, 8, 13, 20, tzinfo=UTC), datetime(2026, 8, 14, 20, tzinfo=UTC))
    assert script.asked[-1][1].endswith(f"/calendar?start={start}&end=2026-08-14")


def test_the_session_of_the_exchange(exchange: RunningExchange, broker: Broker) -> None:
    evening = broker.session()
    assert (evening.day, evening.is_open) == (date(2026, 3, 2), False)
    assert evening.closed_at == datetime(2026, 3, 2, 21, tzinfo=UTC)
    exchange.advance(to="open")
    morning = broker.session()
    assert (morning.day, morning.is_open) == (date(2026, 3, 3), True)
    assert morning.closed_at == morning.next_close == datetime(2026, 3, 3, 21, tzinfo=UTC)


def test_options_and_crypto_are_named_and_left_alone(told: Told) -> None:
    rows = [
        position_row(),
        position_row(symbol="BTCUSD", asset_class="crypto"),
        position_row(symbol="AAPL260116C00150000", asset_class="us_option"),
        position_row(symbol="NEWS", asset_class="a class nobody knows"),
        position_row(symbol="OLDS", asset_class=None),
    ]
    broker = told(rows)
    assert list(broker.positions()) == ["AAPL", "NEWS", "OLDS"]
    assert broker.other_assets == ("AAPL260116C00150000", "BTCUSD")


def test_two_lots_of_one_symbol_are_one_position(told: Told) -> None:
    rows = [
        position_row(qty="7", qty_available="0", avg_entry_price="100"),
        position_row(qty="3", qty_available="3", avg_entry_price="110", asset_id="the-new-cusip"),
        position_row(symbol="MSFT", qty="-2", side=None),
    ]
    held = told(rows).positions()
    apple = held["AAPL"]
    assert (apple.qty, apple.qty_available, apple.avg_entry_price) == (Decimal(10), Decimal(3), Decimal(103))
    assert held["MSFT"].side is Side.SELL, "without a side its sign tells"


def test_orders_in_options_are_left_out_and_odd_ones_are_not(told: Told) -> None:
    rows = [
        order_row(asset_class="us_option"),
        order_row(order_class="mleg", symbol=None, side="", qty="1"),
        order_row(status="levitating", type="peg", order_type="peg", order_class="septet", qty=None, filled_qty="0.5"),
    ]
    (order,) = told(rows).open_orders()
    assert (order.status, order.type) == (OrderStatus.UNKNOWN, OrderType.UNKNOWN)
    assert (order.qty, order.remaining_qty) == (Decimal("0.5"), Decimal(0))
    assert not order.is_protecting


# A question, and answers that have not its shape.
SHAPES: list[tuple[str, Callable[[Broker], object], object]] = [
    ("a list that is an object", lambda broker: broker.positions(), {}),
    ("a list that is an object", lambda broker: broker.open_orders(), {"orders": []}),
    ("a list that is null", lambda broker: broker.fills(), "null"),
    ("an object that is a list", lambda broker: broker.account(), []),
    ("an object that is null", lambda broker: broker.order(ORDER_ID), "null"),
    ("an object that is null", lambda broker: broker.position("AAPL"), "null"),
    ("a row that is text", lambda broker: broker.recent_orders(), ["order"]),
    ("a row without an id", lambda broker: broker.open_orders(), [{"symbol": "AAPL"}]),
    ("a number that is none", lambda broker: broker.positions(), [position_row(qty="NaN")]),
    ("a number nothing is", lambda broker: broker.positions(), [position_row(qty="1e999999")]),
    ("a short that is long", lambda broker: broker.positions(), [position_row(qty="-7", side="long")]),
    ("a symbol both long and short", lambda broker: broker.positions(), [position_row(), position_row(side="short")]),
    ("a number that is missing", lambda broker: broker.positions(), [position_row(avg_entry_price=None)]),
    ("a number that is true", lambda broker: broker.positions(), [position_row(qty=True)]),
    ("a time without a zone", lambda broker: broker.fills(), [fill_row(1, transaction_time="2026-06-24T09:41:05")]),
    ("a side nobody knows", lambda broker: broker.recent_orders(), [order_row(side="both")]),
    ("an empty calendar", lambda broker: broker.session(), []),
]


@pytest.mark.parametrize(("what", "read", "body"), SHAPES)
def test_an_unknown_shape_is_an_error_and_never_nothing(
    told: Told, what: str, read: Callable[[Broker], object], body: object
) -> None:
    with pytest.raises(BrokerUnreachable, match="the broker answered") as caught:
        read(told(body))
    assert caught.value.exit_code == 4, what


# The answer to a question about one thing, and whether it means that there is none.
ABSENT = [
    (404, {"code": 40410000, "message": "order not found for 904837e3"}, True),
    (404, {"code": 40410000, "message": "endpoint not found"}, False),
    (404, {"message": "Not Found"}, False),
    (404, "<html>not found</html>", False),
    (404, "", False),
    (403, {"code": 40310000, "message": "forbidden"}, False),
    (422, {"code": 40010001, "message": "order_id is missing"}, False),
    (410, {"code": 40410000, "message": "gone"}, False),
    (302, "", False),
]


@pytest.mark.parametrize(("status", "body", "is_absent"), ABSENT)
def test_absence_is_only_what_the_broker_calls_so(told: Told, status: int, body: object, is_absent: bool) -> None:
    for read in (
        lambda broker: broker.order(ORDER_ID),
        lambda broker: broker.order_named("snt-1"),
        lambda broker: broker.position("AAPL"),
        lambda broker: broker.asset("AAPL"),
    ):
        broker = told(body, status)
        if is_absent:
            assert read(broker) is None
        else:
            with pytest.raises(BrokerUnreachable):
                read(broker)


def test_a_name_is_answered_without_legs_and_the_id_has_them(told: Told, script: Script) -> None:
    broker = told(order_row(order_class="oto"))
    script.says(order_row(order_class="oto", legs=[order_row(status="held")]))
    found = broker.order_named("snt-1")
    assert found
    assert found.stop_leg
    assert found.stop_leg.parent_id == ORDER_ID


def test_a_busy_broker_says_when_to_ask_again(told: Told, script: Script) -> None:
    broker = told({"message": "too many requests"}, 429, Retry_After="0")
    script.says([])
    assert broker.positions() == {}
    assert broker.requests == ATTEMPTS


def test_refused_market_data_is_not_a_matter_of_keys(told: Told) -> None:
    error = {"message": "subscription does not permit querying recent SIP data"}
    with pytest.raises(BrokerUnreachable, match="subscription") as caught:
        told(error, 403).latest_bars(["AAPL"])
    assert "keys" not in caught.value.message
