"""The calendar, held against an independent one."""

from __future__ import annotations

import warnings
from datetime import date

import exchange_calendars
import pytest

from sentinel.simulator import sessions
from tests.simulator.desk import Desk


def test_sessions_and_early_closes_agree_with_another_calendar() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the oracle's own quarrels with pandas
        oracle = exchange_calendars.get_calendar("XNYS", start="2020-01-01", end="2026-12-31")
    expected = {
        day.date(): (
            oracle.session_open(day).tz_convert("America/New_York").strftime("%H:%M"),
            oracle.session_close(day).tz_convert("America/New_York").strftime("%H:%M"),
        )
        for day in oracle.sessions
    }
    ours = {
        session.day: (f"{sessions.OPEN:%H:%M}", f"{session.closes:%H:%M}")
        for session in sessions.sessions_between(date(2020, 1, 1), date(2026, 12, 31))
    }
    assert ours == expected


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-03-02", "2026-03-02T00:00:00Z"),
        ("2026-03-02T16:00:00-05:00", "2026-03-02T21:00:00Z"),
        ("2026-03-02T16:00:00.000000001Z", "2026-03-02T16:00:00.000000001Z"),
        ("2026-03-02T16:00:00.1500+00:00", "2026-03-02T16:00:00.15Z"),
        ("2026-03-02T16:00:00.15 00:00", "2026-03-02T16:00:00.15Z"),  # a plus sign lost in a query
        ("2026-03-02T16:00:00", "2026-03-02T16:00:00Z"),
    ],
)
def test_instants_are_read_and_told_to_the_nanosecond(text: str, instant: str) -> None:
    assert sessions.utc_text(sessions.parse_instant(text)) == instant


@pytest.mark.parametrize("text", ["", "today", "2026-02-30", "2026-03-02T25:00:00Z", "0001-01-01", "\uff12026-03-02"])
def test_what_is_no_instant(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        sessions.parse_instant(text)


def test_the_calendar_endpoint(desk: Desk) -> None:
    days = desk.get("/calendar", start="2026-11-26", end="2026-11-30")  # ALPACA 10.3
    assert [(day["date"], day["close"]) for day in days] == [("2026-11-27", "13:00"), ("2026-11-30", "16:00")]
    assert days[0]["settlement_date"] == "2026-11-30"
    assert (days[1]["session_open"], days[1]["session_close"]) == ("0400", "2000")
    assert desk.get("/calendar", start="2029-12-31")[0]["settlement_date"] == "2030-01-02"
    desk.get("/calendar", start="whenever")
    assert desk.status == 400
