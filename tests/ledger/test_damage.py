"""What somebody changed by hand is found, and never taken for the truth."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from sentinel.domain.errors import LedgerError
from sentinel.ledger import Ledger, damage_in
from tests.builders import TODAY
from tests.ledger.records import now, open_trade, stop

#  done by hand, with every rule switched off                    what the doctor is told
CHANGES = [
    ("UPDATE stop_loss_orders SET status = 'resting'", "CHECK constraint failed in stop_loss_orders"),
    ("UPDATE stop_loss_orders SET stop_price = '92,00'", "CHECK constraint failed in stop_loss_orders"),
    ("UPDATE trades SET opened_at = 'yesterday'", "CHECK constraint failed in trades"),
    ("UPDATE stop_loss_orders SET trade_id = 99", "refers to a row of trades that is gone"),
    ("DELETE FROM audit WHERE id = 1", "line 1 of the audit was changed or taken out"),
]


def change(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA ignore_check_constraints = ON")
        connection.execute("DROP TRIGGER audit_is_never_cut")
        connection.execute(statement)


@pytest.fixture
def filled(ledger: Ledger) -> Ledger:
    trade_id = open_trade(ledger, "AAPL 7 @ 100.00")
    ledger.write_stop(stop("AAPL 7 @ 92.00", trade_id=trade_id))
    ledger.audit("test", None, "")
    return ledger


def test_a_sound_ledger_has_no_damage(filled: Ledger) -> None:
    assert filled.damage() == damage_in(filled.path) == ()


@pytest.mark.parametrize(("statement", "told"), CHANGES)
def test_the_doctor_is_told(filled: Ledger, path: Path, statement: str, told: str) -> None:
    change(path, statement)
    (damage,) = filled.damage()
    assert told in damage
    filled.close()
    before = path.read_bytes()
    assert damage_in(path) == (damage,)
    assert path.read_bytes() == before


@pytest.mark.parametrize("statement", [statement for statement, told in CHANGES if told.startswith("CHECK")])
def test_a_row_nobody_can_read_is_no_business(filled: Ledger, path: Path, statement: str) -> None:
    filled.close()
    change(path, statement)
    for opener in (Ledger.open, Ledger.open_read_only):
        with opener(path, now) as ledger, pytest.raises(LedgerError) as refused:
            ledger.book(TODAY)
        assert "nobody can read" in refused.value.message
        assert "sentinel restore" in refused.value.remedy
