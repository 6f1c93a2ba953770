"""Numbers, times and foreign text as words a trader reads."""

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import groupby

from sentinel.domain.money import to_cent

_ESCAPE_SEQUENCES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|.)?", re.DOTALL)
_SPACE_BEFORE_PERCENT = re.compile(r"(?<=\d) (?=%)")
MISSING = "-"
LONGEST_SYMBOL = 31
# Stands for the space before a percent sign, where a line must not end; Rich breaks even at a no-break space.
GLUE = "\ue000"


def clean(text: str) -> str:
    """Text from the broker made harmless: one line, no control characters; show it without Rich markup."""
    visible = groupby(_ESCAPE_SEQUENCES.sub("", text), key=lambda sign: sign.isprintable() or sign == GLUE)
    # Controls, direction marks, zero widths, half characters: all of them can rewrite or hide a line on a screen.
    return "".join("".join(signs) if is_visible else " " for is_visible, signs in visible).strip()


def ticker(symbol: str) -> str:
    """A symbol from the broker made harmless, and cut where no symbol goes on: a line broken in it could tell lies."""
    harmless = clean(symbol)
    return harmless if len(harmless) <= LONGEST_SYMBOL else f"{harmless[:LONGEST_SYMBOL]}..."


def flowing(text: str) -> str:
    """Text from the broker made harmless, whose numbers keep their percent sign when a line ends."""
    return _SPACE_BEFORE_PERCENT.sub(GLUE, clean(text))


def loosened(text: str) -> str:
    """A finished screen with ordinary spaces, which every terminal knows and every search finds."""
    return text.replace(GLUE, " ")


def money(amount: Decimal | None) -> str:
    """Dollars with cents and thousands: $1,234.50."""
    if amount is None:
        return MISSING
    return f"{'-' if amount < 0 else ''}${abs(to_cent(amount)):,}"


def price(amount: Decimal | None) -> str:
    """A price in dollars, at least to the cent: 102.00, 0.4512."""
    if amount is None:
        return MISSING
    return f"{amount:,.2f}" if amount == to_cent(amount) else f"{amount.normalize():,f}"


def shares(qty: Decimal | None) -> str:
    """A number of shares without trailing zeros: 7, 0.25."""
    if qty is None:
        return MISSING
    return f"{int(qty):,}" if qty == int(qty) else f"{qty.normalize():,f}"


def percent(amount: Decimal | None) -> str:
    """A signed percentage: +8.4 %."""
    # A zero times minus one is a minus zero.
    return MISSING if amount is None else f"{amount or Decimal(0):+.1f}{GLUE}%"


def unsigned_percent(amount: Decimal) -> str:
    """A percentage whose direction is said in words: 8.4 %."""
    return percent(abs(amount)).lstrip("+")


def count(number: Decimal | int, noun: str) -> str:
    """A number with its noun: 1 share, 2 shares."""
    return f"{shares(Decimal(number))} {noun}{'' if number == 1 else 's'}"


def day(value: date) -> str:
    """A session's date: Mon 7 Apr 2025."""
    return f"{value:%a} {value.day} {value:%b %Y}"


def moment(value: datetime | None) -> str:
    """A time in UTC: 7 Apr 2025 21:00 UTC."""
    if value is None:
        return MISSING
    utc = value.astimezone(UTC)
    return f"{utc.day} {utc:%b %Y %H:%M} UTC"


def age(span: timedelta) -> str:
    """A span in its largest unit: 3 days, 2 hours, 5 minutes."""
    seconds = max(int(span.total_seconds()), 0)
    for unit, length in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds >= length:
            return count(seconds // length, unit)
    return "less than a minute"
