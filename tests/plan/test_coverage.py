"""The proof counts shares under active broker orders, and nothing else."""

from decimal import Decimal

import pytest

from sentinel.domain.book import Book, OwedKind
from sentinel.domain.coverage import CoverageState
from sentinel.domain.findings import Severity
from sentinel.domain.orders import OrderStatus
from sentinel.plan.coverage import coverage_findings, prove_coverage
from tests.builders import entry, facts, owed, position, sale, session, stop

FILLED = entry("AAPL 7 @ 100.00", OrderStatus.FILLED, filled_qty=Decimal(7))
ASLEEP = entry("AAPL 9 @ 100.00", OrderStatus.PARTIALLY_FILLED, filled_qty=Decimal(7))


@pytest.mark.parametrize(
    ("shares", "orders", "state", "protected"),
    [
        ("7", (stop("AAPL 7 @ 92.00"),), "protected", "7"),
        ("7", (stop("AAPL 3 @ 92.00"), stop("AAPL 4 @ 93.00")), "protected", "7"),
        ("7", (stop("AAPL 9 @ 92.00"),), "protected", "7"),  # never more than is held
        ("7", (FILLED,), "protected", "7"),
        ("7", (ASLEEP,), "naked", "0"),  # its leg sleeps until the entry is complete (ALPACA 1.5)
        ("7", (stop("AAPL 4 @ 92.00"),), "partly_protected", "4"),
        ("7.5", (stop("AAPL 7 @ 92.00"),), "partly_protected", "7"),
        ("7", (sale("AAPL 7 @ 1"),), "pending", "0"),
        ("7", (sale("AAPL 2 @ 1"),), "naked", "0"),  # two of seven leave at the open
        ("7", (stop("AAPL 7 @ 92.00", OrderStatus.PENDING_CANCEL),), "unverified", "0"),
        ("7", (stop("AAPL 7 @ 92.00", OrderStatus.UNKNOWN),), "unverified", "0"),
        ("7", (stop("AAPL 7 @ 92.00", OrderStatus.CANCELED),), "naked", "0"),
        ("7", (stop("AAPL 7 @ 92.00", time_in_force="day"),), "unverified", "0"),
        ("7", (stop("AAPL -7 @ 108.00"),), "naked", "0"),  # the wrong side
        ("7", (), "naked", "0"),
        ("-7", (stop("AAPL -7 @ 108.00"),), "protected", "7"),
    ],
)
def test_states(shares, orders, state, protected):
    coverage = prove_coverage(facts(position(f"AAPL {shares} @ 100.00"), orders=orders))
    (row,) = coverage.rows
    assert (row.state, row.protected_qty) == (CoverageState(state), Decimal(protected))
    assert coverage.is_complete == (state == "protected")
    severities = [finding.severity for finding in coverage_findings(coverage)]
    told = Severity.INFO if state == "pending" else Severity.ALARM
    assert severities == ([] if state == "protected" else [told])


#  last      stops                                                     market    state          protected
THROUGH = [
    ("92.01", ("AAPL 7 @ 92.00",), False, "protected", "7"),
    ("92.00", ("AAPL 7 @ 92.00",), False, "pending", "0"),  # after hours: it sells at the open
    ("92.00", ("AAPL 7 @ 92.00",), True, "unverified", "0"),  # it should have filled
    ("92.00", ("AAPL 3 @ 92.00", "AAPL 4 @ 90.00"), False, "pending", "4"),
]


@pytest.mark.parametrize(("last", "stops", "is_open", "state", "protected"), THROUGH)
def test_a_stop_the_price_has_gone_through_is_no_protection_any_more(last, stops, is_open, state, protected):
    known = facts(position("AAPL 7 @ 100.00", last), orders=tuple(map(stop, stops)), session=session(is_open=is_open))
    (row,) = prove_coverage(known).rows
    assert (row.state, row.protected_qty) == (CoverageState(state), Decimal(protected))


def test_an_owed_raise_shows_as_the_old_level_and_is_covered():
    book = Book(owed=(owed(OwedKind.RAISE, "AAPL 7 @ 102.00"),))
    coverage = prove_coverage(facts(position("AAPL 7 @ 100.00"), orders=(stop("AAPL 7 @ 92.00"),), book=book))
    assert coverage.rows[0].state is CoverageState.PROTECTED_OLD_LEVEL
    assert coverage.is_complete


def test_the_totals_add_up_over_positions():
    held = (position("AAPL 7 @ 100.00"), position("MSFT 2 @ 300.00"))
    coverage = prove_coverage(facts(*held, orders=(stop("AAPL 7 @ 92.00"),)))
    totals = (coverage.protected_positions, coverage.shares, coverage.protected_shares)
    assert totals == (1, Decimal(9), Decimal(7))
