"""Prices as exact decimals on the exchange's tick grid."""

from decimal import ROUND_HALF_UP, Decimal

CENT = Decimal("0.01")
HUNDRED = Decimal(100)


Number = Decimal | int | float | str


def exact(number: Number) -> Decimal:
    """A number as the decimal a person reads: 0.1 is 0.1, not its binary neighbour."""
    return number if isinstance(number, Decimal) else Decimal(str(number))


def tick_size(price: Decimal) -> Decimal:
    """The smallest price step in dollars: a cent from $1 up, a hundredth of a cent below (ALPACA 7.1)."""
    return CENT if price >= 1 else Decimal("0.0001")


def to_tick(price: Decimal) -> Decimal:
    """The price in dollars on the nearest tick; off by half a tick at most, halves go up."""
    return price.quantize(tick_size(price), rounding=ROUND_HALF_UP)


def is_on_tick(price: Decimal) -> bool:
    """Whether the exchange takes this price as it stands."""
    return price == to_tick(price)


def to_cent(amount: Decimal) -> Decimal:
    """An amount of dollars rounded to the cent for people to read."""
    return amount.quantize(CENT, rounding=ROUND_HALF_UP)


def dollars(price: Decimal | None) -> str:
    """A price as people write it: with thousands, at least two decimals, more only where they say something."""
    if price is None:
        return "no price"
    return f"{max((price.normalize(), price.quantize(CENT)), key=_decimals):,f}"


def shares(qty: Decimal | int) -> str:
    """A number of shares in words."""
    return f"{qty} share" if qty == 1 else f"{qty} shares"


def _decimals(price: Decimal) -> int:
    exponent = price.as_tuple().exponent
    return -exponent if isinstance(exponent, int) else 0


def percent_of(amount: Decimal, percent: Decimal) -> Decimal:
    """So many percent of an amount, unrounded; 8 means 8 %."""
    return amount * percent / HUNDRED
