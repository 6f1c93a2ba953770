"""Where a stop rests: on the tick nearest to the policy's percentage, on the losing side."""

from decimal import Decimal

import pytest

from sentinel.domain.orders import Side
from sentinel.risk_config import calculate_stop_price

#  entry     side       the first stop, 8 % away
LEVELS = [
    ("100.00", Side.BUY, "92.00"),
    ("100.03", Side.BUY, "92.03"),  # 92.0276
    ("100.06", Side.BUY, "92.06"),  # 92.0552
    ("100.00", Side.SELL, "108.00"),
    ("100.08", Side.SELL, "108.09"),  # 108.0864
    ("0.5003", Side.BUY, "0.4603"),  # under a dollar the exchange counts in hundredths of a cent (ALPACA 7.1)
    ("0.5003", Side.SELL, "0.5403"),
]


@pytest.mark.parametrize(("entry_price", "side", "first_stop"), LEVELS)
def test_a_first_stop_lies_on_the_nearest_tick(entry_price, side, first_stop):
    assert calculate_stop_price(Decimal(entry_price), side=side) == Decimal(first_stop)


def test_the_tightest_stop_is_the_one_closest_to_the_market():
    levels = (Decimal(92), Decimal(102), Decimal(98))
    assert (Side.BUY.tightest(*levels), Side.SELL.tightest(*levels)) == (Decimal(102), Decimal(92))
