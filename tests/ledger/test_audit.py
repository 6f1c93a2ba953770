"""The audit is only ever added to, and a line that was tampered with is found."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from sentinel.ledger import Ledger

LINES = 5
#  what somebody does to it by SQL
FORBIDDEN = [
    "UPDATE audit SET detail = 'nothing happened' WHERE id = 3",
    "DELETE FROM audit WHERE id = 5",
    "DELETE FROM audit",
    "INSERT OR REPLACE INTO audit SELECT 3, at, event, symbol, 'nothing', previous_hash, hash FROM audit WHERE id = 3",
    "INSERT INTO audit (at, event, detail, previous_hash, hash)"
    " SELECT at, event, detail, 'made up', substr(hash, 2) || 'x' FROM audit WHERE id = 5",
    "INSERT INTO audit SELECT 9, at, event, symbol, detail, hash, substr(hash, 2) || 'x' FROM audit WHERE id = 5",
]
#  done with the guards taken away                        first line found broken
TAMPERING = [
    ("UPDATE audit SET detail = 'nothing happened' WHERE id = 3", 3),
    ("UPDATE audit SET symbol = NULL WHERE id = 1", 1),
    ("UPDATE audit SET at = '2025-04-07T21:00:01.000000Z' WHERE id = 2", 2),
    ("UPDATE audit SET hash = substr(hash, 2) || 'x' WHERE id = 4", 4),
    ("DELETE FROM audit WHERE id = 2", 2),
    ("DELETE FROM audit WHERE id = 1", 1),
    ("DELETE FROM audit WHERE id > 3", 4),
    ("DELETE FROM audit", 1),
]


@pytest.fixture
def filled(ledger: Ledger) -> Ledger:
    for number in range(LINES):
        ledger.audit("raise_stop", "AAPL" if number % 2 == 0 else None, f"deed {number}")
    return ledger


def test_a_whole_chain_is_whole(filled: Ledger) -> None:
    assert filled.verify_audit() is None
    assert [line.detail for line in filled.audit_trail()] == [f"deed {number}" for number in range(LINES)]
    assert [line.id for line in filled.audit_trail("AAPL")] == [1, 3, 5]
    assert [line.id for line in filled.audit_trail(limit=2)] == [4, 5]


def test_an_empty_chain_is_whole(ledger: Ledger) -> None:
    assert ledger.verify_audit() is None


@pytest.mark.parametrize("statement", FORBIDDEN)
def test_the_file_itself_refuses_a_change(filled: Ledger, path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path)) as other, pytest.raises(sqlite3.IntegrityError, match="audit"):
        other.execute(statement)
    assert filled.verify_audit() is None


@pytest.mark.parametrize(("statement", "first_broken"), TAMPERING)
def test_tampering_is_found(filled: Ledger, path: Path, statement: str, first_broken: int) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        for guard in ("audit_is_never_changed", "audit_is_never_cut"):
            other.execute(f"DROP TRIGGER {guard}")
        other.execute(statement)
    assert filled.verify_audit() == first_broken
