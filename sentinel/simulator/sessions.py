"""Keeps the New York Stock Exchange calendar, 1970 to 2029, and turns instants into Alpaca's texts and back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, lru_cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from holidays import HolidayBase

NEW_YORK = ZoneInfo("America/New_York")
FIRST_DAY = date(1970, 1, 1)  # ALPACA 10.3
LAST_DAY = date(2029, 12, 31)
NANOSECONDS = 1_000_000_000
ONE_DAY = timedelta(days=1)
RELEASE = time(4, 0)  # ALPACA 2.4: orders queued overnight are released at 04:00 New York time
MIDNIGHT = time(0, 0)
OPEN = time(9, 30)
CLOSE = time(16, 0)


@dataclass(frozen=True, slots=True)
class Session:
    """One trading day; instants are nanoseconds since 1970 UTC, `closes` is the local closing time."""

    day: date
    closes: time
    release_ns: int
    open_ns: int
    close_ns: int


@cache
def _holidays(category: str) -> HolidayBase:
    # Imported late: it costs a tenth of a second and only a question about a date needs it.
    from holidays.financial.ny_stock_exchange import NewYorkStockExchange

    return NewYorkStockExchange(categories=(category,))


@cache
def session_on(day: date) -> Session | None:
    """Return the session of a date, None on weekends and holidays."""
    if day.weekday() >= 5 or day in _holidays("public"):
        return None
    closes = _closing_time(day)
    return Session(day, closes, new_york_ns(day, RELEASE), new_york_ns(day, OPEN), new_york_ns(day, closes))


def _closing_time(day: date) -> time:
    told = re.search(r"close at (\d+):(\d\d)pm", _holidays("half_day").get(day) or "")
    return time(12 + int(told[1]) % 12, int(told[2])) if told else CLOSE


def session_after(day: date) -> Session | None:
    """Return the first session strictly later than a date; None where the calendar ends."""
    return next(sessions_between(day + ONE_DAY, LAST_DAY), None)


def settlement_day(day: date) -> date:
    """Return the day a trade settles: the next session, also beyond the calendar's end."""
    day += ONE_DAY
    while session_on(day) is None:
        day += ONE_DAY
    return day


def session_at_or_before(day: date) -> Session | None:
    """Return the last session not later than a date; None where the calendar begins."""
    while day >= FIRST_DAY:
        if session := session_on(day):
            return session
        day -= ONE_DAY
    return None


def sessions_between(first: date, last: date) -> Iterator[Session]:
    """Yield the sessions of a span, both ends included."""
    day, last = max(first, FIRST_DAY), min(last, LAST_DAY)
    while day <= last:
        if session := session_on(day):
            yield session
        day += ONE_DAY


def new_york_ns(day: date, at: time) -> int:
    """Return the instant of a New York wall-clock time, in nanoseconds since 1970 UTC."""
    return int(datetime.combine(day, at, tzinfo=NEW_YORK).timestamp()) * NANOSECONDS


def next_new_york_ns(instant_ns: int, at: time) -> int:
    """Return the first instant strictly later than another at which New York clocks show `at`."""
    day = new_york_day(instant_ns)
    today_ns = new_york_ns(day, at)
    return today_ns if today_ns > instant_ns else new_york_ns(day + ONE_DAY, at)


def new_york_time(instant_ns: int) -> time:
    """Return what New York clocks show at an instant, to the second."""
    return _moment(instant_ns, NEW_YORK).time()


def _moment(instant_ns: int, zone: ZoneInfo | None = None) -> datetime:
    return datetime.fromtimestamp(instant_ns // NANOSECONDS, zone or UTC)


def new_york_day(instant_ns: int) -> date:
    """Return the New York date of an instant."""
    return _moment(instant_ns, NEW_YORK).date()


def utc_text(instant_ns: int) -> str:
    """Render an instant as Alpaca does: RFC 3339, up to nanoseconds, "Z" (ALPACA 5.5)."""
    return f"{_utc_second(instant_ns // NANOSECONDS)}{_fraction(instant_ns)}Z"


@lru_cache(8192)
def _utc_second(seconds: int) -> str:
    # A page of orders shows thousands of instants, most of them the same few seconds.
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}"


def new_york_text(instant_ns: int) -> str:
    """Render an instant with the New York offset, as the clock endpoint does (ALPACA 10.3)."""
    moment = _moment(instant_ns, NEW_YORK)
    offset = f"{moment:%z}"
    return f"{moment:%Y-%m-%dT%H:%M:%S}{_fraction(instant_ns)}{offset[:3]}:{offset[3:]}"


def activity_stamp(instant_ns: int) -> str:
    """Return the prefix of an activity id: New York local time to the millisecond (ALPACA 10.4)."""
    return f"{_moment(instant_ns, NEW_YORK):%Y%m%d%H%M%S}{instant_ns % NANOSECONDS // 1_000_000:03d}"


def _fraction(instant_ns: int) -> str:
    digits = f"{instant_ns % NANOSECONDS:09d}".rstrip("0")
    return f".{digits}" if digits else ""


_INSTANT = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d)?)(?:\.(\d{1,9}))?\d*(Z|[+-]\d\d:?\d\d)?)?", re.ASCII
)


def parse_instant(text: str) -> int:
    """Read a date (midnight UTC) or a timestamp (UTC unless it says otherwise) as nanoseconds since 1970.

    Raises ValueError for anything else.
    """
    found = _INSTANT.fullmatch(text.strip().replace(" ", "+") if "T" in text else text.strip())
    if found is None:
        raise ValueError(f"not a date or timestamp: {text}")
    day, clock, fraction, zone = found.groups()
    if not FIRST_DAY.year <= int(day[:4]) <= LAST_DAY.year + 100:
        raise ValueError(f"out of the calendar: {text}")
    moment = datetime.fromisoformat(f"{day}T{clock or '00:00'}{(zone or 'Z').replace('Z', '+00:00')}")
    return int(moment.timestamp()) * NANOSECONDS + int((fraction or "0").ljust(9, "0"))


def is_date(text: str) -> bool:
    """Tell whether a text is a date without a time."""
    return re.fullmatch(r"\d{4}-\d\d-\d\d", text.strip(), re.ASCII) is not None
