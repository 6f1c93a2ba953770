"""Numbers, times and foreign text as a trader reads them."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from sentinel.report import words


@pytest.mark.parametrize(
    ("dirty", "clean"),
    [
        ("plain [bold]words[/bold]", "plain [bold]words[/bold]"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07here", "here"),
        ("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("two\nlines\rand\ttabs", "two lines and tabs"),
        ("bell\x07 and nul\x00", "bell  and nul"),
        ("\x9b31mC1", "31mC1"),
        ("evil\u202egnp.exe", "evil gnp.exe"),
        ("zero\u200bwidth", "zero width"),
        ("\x1b", ""),
        ("soft\u00adhyphen \u061carabic \u180emongol", "soft hyphen  arabic  mongol"),
        ("half \ud800 and tag \U000e0041", "half   and tag"),
        ("lines\u2028and\u2029more", "lines and more"),
        ("\u2066isolated\u2069 \u200emarked\u200f", "isolated   marked"),
        ("no\u00a0break, \u3000wide", "no break,  wide"),
        ("Müller, 東京, é, ✓", "Müller, 東京, é, ✓"),
    ],
)
def test_foreign_text_is_one_harmless_line(dirty: str, clean: str) -> None:
    assert words.clean(dirty) == clean


@pytest.mark.parametrize(("symbol", "shown"), [("BRK.B", "BRK.B"), ("A" * 31, "A" * 31), ("A" * 32, f"{'A' * 31}...")])
def test_a_symbol_is_no_longer_than_one_can_be(symbol: str, shown: str) -> None:
    assert words.ticker(symbol) == shown


@pytest.mark.parametrize(
    ("amount", "told"),
    [("1234.5", "$1,234.50"), ("-44.085", "-$44.09"), ("0", "$0.00"), ("1000000", "$1,000,000.00")],
)
def test_money(amount: str, told: str) -> None:
    assert words.money(Decimal(amount)) == told


@pytest.mark.parametrize(
    ("amount", "told"), [("0", "+0.0 %"), ("-0.00", "+0.0 %"), ("-0.04", "-0.0 %"), ("-8", "-8.0 %")]
)
def test_percent(amount: str, told: str) -> None:
    assert words.loosened(words.percent(Decimal(amount))) == told


@pytest.mark.parametrize(
    ("amount", "told"),
    [("102", "102.00"), ("201.455", "201.455"), ("0.4512", "0.4512"), ("1E+3", "1,000.00"), ("201.4500", "201.45")],
)
def test_price(amount: str, told: str) -> None:
    assert words.price(Decimal(amount)) == told


@pytest.mark.parametrize(("qty", "told"), [("7", "7"), ("7.000", "7"), ("0.250", "0.25"), ("12000", "12,000")])
def test_shares(qty: str, told: str) -> None:
    assert words.shares(Decimal(qty)) == told


def test_what_is_not_known_is_a_dash() -> None:
    assert {words.money(None), words.price(None), words.shares(None), words.percent(None), words.moment(None)} == {"-"}


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(-5, "less than a minute"), (59, "less than a minute"), (60, "1 minute"), (7200, "2 hours"), (200_000, "2 days")],
)
def test_age(seconds: int, told: str) -> None:
    assert words.age(timedelta(seconds=seconds)) == told


def test_times() -> None:
    assert words.day(date(2025, 4, 7)) == "Mon 7 Apr 2025"
    assert words.moment(datetime(2025, 4, 7, 21, 5, tzinfo=UTC)) == "7 Apr 2025 21:05 UTC"
    assert words.moment(datetime(2025, 4, 7, 17, 5, tzinfo=timezone(timedelta(hours=-4)))) == "7 Apr 2025 21:05 UTC"


def test_a_noun_follows_its_number() -> None:
    assert [words.count(number, "share") for number in (0, 1, 2)] == ["0 shares", "1 share", "2 shares"]
