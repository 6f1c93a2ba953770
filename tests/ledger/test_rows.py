"""What goes into a row comes out of it, to the last digit and microsecond."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.domain.orders import Side
from sentinel.ledger.rows import decimal_text, from_row, read_time, time_text, to_cell, to_row

MOMENTS = st.datetimes(timezones=st.timezones()).filter(lambda moment: 1000 < moment.year < 9999)


@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_a_decimal_keeps_every_digit(number: Decimal) -> None:
    text = decimal_text(number)
    assert Decimal(text) == number
    assert not set(text) - set("-.0123456789")


@given(MOMENTS)
def test_a_moment_comes_back_in_utc(moment: datetime) -> None:
    back = read_time(time_text(moment))
    assert back == moment.astimezone(UTC)
    assert back.utcoffset() == timedelta(0)


@given(MOMENTS, MOMENTS)
def test_text_order_is_time_order(one: datetime, other: datetime) -> None:
    assert (time_text(one) < time_text(other)) == (one.astimezone(UTC) < other.astimezone(UTC))


#  value                                   stored as
CELLS = [
    (None, None),
    (True, 1),
    (7, 7),
    ("AAPL", "AAPL"),
    (Side.SELL, "sell"),
    (Decimal("102.50"), "102.50"),
    (Decimal("1E+3"), "1000"),
    (Decimal("-0.00"), "0.00"),
    (date(2025, 4, 7), "2025-04-07"),
    (datetime(2025, 4, 7, 17, 5, tzinfo=timezone(timedelta(hours=-4))), "2025-04-07T21:05:00.000000Z"),
    ({"qty": "7", "because": "é"}, '{"because": "é", "qty": "7"}'),
    (("a", "b"), '["a", "b"]'),
    ("half a pair: \ud83d", "half a pair: \\ud83d"),
]


@pytest.mark.parametrize(("value", "cell"), CELLS)
def test_each_kind_of_value_has_its_cell(value: object, cell: object) -> None:
    assert to_cell(value) == cell
    assert type(to_cell(value)) is type(cell)


#  value                    refused with
UNSTORABLE = [
    (1.5, TypeError),
    (float("nan"), TypeError),
    (b"bytes", TypeError),
    (object(), TypeError),
    (Decimal("NaN"), ValueError),
    (Decimal("Infinity"), ValueError),
    (datetime(2025, 4, 7, tzinfo=UTC).replace(tzinfo=None), ValueError),
]


@pytest.mark.parametrize(("value", "error"), UNSTORABLE)
def test_what_would_lose_something_is_refused(value: object, error: type[Exception]) -> None:
    with pytest.raises(error):
        to_cell(value)


@dataclass(frozen=True, slots=True)
class Everything:
    side: Side
    price: Decimal | None
    at: datetime | None
    day: date
    is_leg: bool
    names: tuple[str, ...]
    count: int = 0


@pytest.mark.parametrize("price", [None, Decimal("0.0001")])
def test_a_record_comes_back_as_it_was(price: Decimal | None) -> None:
    at = None if price is None else datetime(2025, 4, 7, 21, tzinfo=UTC)
    record = Everything(Side.BUY, price, at, date(2025, 4, 7), True, ("a",), 3)
    assert from_row(Everything, {**to_row(record), "a_column_it_does_not_know": 1}) == record
