"""All of it or none of it, whatever happens in between."""

import sqlite3
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pytest

from sentinel.domain.errors import LedgerError
from sentinel.ledger import Ledger, RowRefused, opening
from tests.builders import TODAY
from tests.ledger.records import entry, now, open_trade, stop


def symbols(ledger: Ledger) -> list[str]:
    return [record.symbol for record in ledger.book(TODAY).stops]


def test_an_error_takes_everything_back(ledger: Ledger) -> None:
    def fails() -> None:
        with ledger.transaction():
            ledger.write_stop(stop("AAPL 7 @ 92.00"))
            ledger.audit("test", None, "")
            raise KeyError

    with pytest.raises(KeyError):
        fails()
    assert symbols(ledger) == []
    assert ledger.audit_trail() == ()


def test_nobody_else_sees_a_part(ledger: Ledger, path: Path) -> None:
    with Ledger.open_read_only(path) as other:
        with ledger.transaction():
            ledger.write_stop(stop("AAPL 7 @ 92.00"))
            assert symbols(other) == []
        assert symbols(other) == ["AAPL"]


def test_a_part_within_the_whole_is_kept_with_it(ledger: Ledger) -> None:
    def fails() -> None:
        with ledger.transaction():
            with ledger.transaction():
                ledger.write_stop(stop("AAPL 7 @ 92.00"))
            raise KeyError

    with pytest.raises(KeyError):
        fails()
    assert symbols(ledger) == []


def test_a_part_that_failed_leaves_the_rest_whole(ledger: Ledger) -> None:
    def part() -> None:
        with ledger.transaction():
            ledger.write_stop(stop("MSFT 7 @ 92.00"))
            ledger.pair("no such entry", "no such stop")

    with ledger.transaction():
        ledger.write_stop(stop("AAPL 7 @ 92.00"))
        with pytest.raises(RowRefused):
            part()
        ledger.write_stop(stop("NVDA 7 @ 92.00"))
    assert symbols(ledger) == ["AAPL", "NVDA"]


def test_a_refused_row_says_what_to_do_and_the_ledger_goes_on(ledger: Ledger) -> None:
    open_trade(ledger, "AAPL 7 @ 100.00")
    with pytest.raises(RowRefused) as refused:
        open_trade(ledger, "AAPL 3 @ 101.00")
    assert "UNIQUE constraint failed: trades.symbol" in refused.value.message
    assert "sentinel doctor" in refused.value.remedy
    assert open_trade(ledger, "MSFT 7 @ 100.00")


def test_a_ledger_in_use_says_so(path: Path, ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "BUSY_TIMEOUT_S", 0.0)
    with Ledger.open(path, now) as other, ledger.transaction(), pytest.raises(LedgerError) as busy:
        other.write_entry(entry("AAPL 7 @ 100.00"))
    assert "close it and run again" in busy.value.remedy


def test_a_lost_transaction_is_not_continued_by_half(ledger: Ledger, path: Path) -> None:
    def loses_it() -> None:
        with ledger.transaction():
            ledger.record_equity(TODAY, Decimal(1), Decimal(1))
            ledger._connection.execute("ROLLBACK")  # what SQLite itself does when a disk fails
            ledger.write_stop(stop("AAPL 7 @ 92.00"))

    with pytest.raises(LedgerError):
        loses_it()
    with closing(sqlite3.connect(path)) as other:
        assert other.execute("SELECT COUNT(*) FROM stop_loss_orders").fetchone() == (0,)


def test_a_full_disk_is_an_error_with_a_remedy(ledger: Ledger) -> None:
    def fill() -> None:
        with ledger.transaction():
            for number in range(500):
                ledger.audit("test", None, f"{number}" * 200)

    pages = ledger._connection.execute("PRAGMA page_count").fetchone()[0]
    ledger._connection.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(LedgerError) as full:
        fill()
    assert "disk space" in full.value.remedy
    ledger._connection.execute("PRAGMA max_page_count = 1000000")
    assert ledger.audit_trail() == ()
    ledger.audit("test", None, "goes on")
    assert ledger.verify_audit() is None


def test_what_comes_before_writing_comes_once_and_not_before_reading(ledger: Ledger) -> None:
    seen: list[int] = []
    ledger.before_writing(lambda: seen.append(len(ledger.audit_trail())))
    ledger.audit_trail()
    assert seen == []
    with ledger.transaction():
        ledger.audit("test", None, "first")
    ledger.audit("test", None, "second")
    assert seen == [0]
