"""What somebody changed by hand is found, and never taken for the truth."""

import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from sentinel.domain.book import Owed, OwedKind
from sentinel.domain.errors import LedgerError
from sentinel.domain.orders import OrderStatus
from sentinel.ledger import Ledger, damage_in
from sentinel.ledger.ledger_file import LedgerDamaged
from tests.builders import TODAY
from tests.ledger.hands import forge, tamper
from tests.ledger.records import now, open_trade, stop

#  done by hand, with every rule switched off                    what the doctor is told
CHANGES = [
    ("UPDATE stop_loss_orders SET status = 'resting'", "CHECK constraint failed in stop_loss_orders"),
    ("UPDATE stop_loss_orders SET stop_price = '92,00'", "CHECK constraint failed in stop_loss_orders"),
    ("UPDATE trades SET opened_at = 'yesterday'", "CHECK constraint failed in trades"),
    ("UPDATE stop_loss_orders SET trade_id = 99", "refers to a row of trades that is gone"),
    ("DELETE FROM audit WHERE id = 1", "line 1 of the audit was changed or taken out"),
]
#  values that are possible, and not those Sentinel wrote         what is said of it
POSSIBLE = [
    ("UPDATE stop_loss_orders SET stop_price = '91.00'", "stop_loss_orders was changed from outside"),
    ("UPDATE stop_loss_orders SET status = 'held'", "stop_loss_orders was changed from outside"),
    ("DELETE FROM stop_loss_orders", "stop_loss_orders was changed from outside"),
    ("INSERT INTO equity VALUES ('2025-04-07', '1', '1')", "equity was changed from outside"),
    ("UPDATE trades SET qty = '8'", "trades was changed from outside"),
    ("UPDATE seal SET digest = replace(digest, '0', '1') WHERE name = 'trades'", "trades was changed from outside"),
    ("DELETE FROM seal WHERE name = 'trades'", "trades was changed from outside"),
    ("CREATE TABLE notes (note TEXT)", "its definitions were changed from outside; notes was changed from outside"),
    ("CREATE VIEW mine AS SELECT 1", "its definitions were changed from outside"),
    ("DROP INDEX trades_by_symbol", "its definitions were changed from outside"),
    ("CREATE TRIGGER mine AFTER INSERT ON trades BEGIN DELETE FROM halts; END", "its definitions were changed"),
    ("UPDATE audit SET detail = 'nothing' WHERE id = 1", "line 1 of the audit was changed or taken out"),
    ("DELETE FROM audit", "line 1 of the audit was changed or taken out"),
]


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
    forge(path, statement)
    (damage,) = filled.damage()
    assert told in damage
    filled.close()
    before = path.read_bytes()
    assert damage_in(path) == (damage,)
    assert path.read_bytes() == before


@pytest.mark.parametrize("opener", [Ledger.open, Ledger.open_read_only, Ledger.open_copy])
@pytest.mark.parametrize(("statement", "told"), POSSIBLE)
def test_a_value_sentinel_did_not_write_is_no_ledger(
    filled: Ledger, path: Path, statement: str, told: str, opener: Callable[..., Ledger]
) -> None:
    filled.close()
    tamper(path, statement)
    before = path.read_bytes()
    with pytest.raises(LedgerDamaged) as refused:
        opener(path, now)
    assert told in "; ".join(refused.value.faults)
    assert "sentinel restore" in refused.value.remedy
    assert "sentinel evening-workflow" in refused.value.remedy
    assert path.read_bytes() == before
    assert any(told.partition(";")[0] in line for line in damage_in(path))


@pytest.mark.parametrize("table", ["trades", "stop_loss_orders", "halts", "equity"])
def test_another_program_cannot_write_a_row(filled: Ledger, path: Path, table: str) -> None:
    filled.halt("holiday", now())
    with closing(sqlite3.connect(path)) as other:
        for statement in (f"DELETE FROM {table}", f"INSERT INTO {table} DEFAULT VALUES"):
            with pytest.raises(sqlite3.OperationalError, match="no such function: seal"):
                other.execute(statement)


def test_the_seal_follows_every_row_through_its_life(filled: Ledger, path: Path) -> None:
    """Added, changed, overwritten by its key, struck, undone; the order of the rows does not matter."""
    filled.write_stop(stop("AAPL 7 @ 92.00", OrderStatus.CANCELED))
    with suppress(ZeroDivisionError), filled.transaction():
        filled.write_stop(stop("MSFT 7 @ 92.00"))
        raise ZeroDivisionError
    for day in (TODAY, TODAY - timedelta(1), TODAY):
        filled.record_equity(day, Decimal(100), Decimal(7))
    filled.write_owed(Owed(OwedKind.RAISE, "AAPL", Decimal(102), Decimal(7), "refused", TODAY, TODAY, 1))
    filled.forget_owed(OwedKind.RAISE, "AAPL")
    assert filled.damage() == ()
    filled.close()
    Ledger.open(path, now).close()


@pytest.mark.parametrize("statement", [statement for statement, told in CHANGES if told.startswith("CHECK")])
def test_a_row_nobody_can_read_is_no_business(filled: Ledger, path: Path, statement: str) -> None:
    filled.close()
    forge(path, statement)
    for opener in (Ledger.open, Ledger.open_read_only):
        with opener(path, now) as ledger, pytest.raises(LedgerError) as refused:
            ledger.book(TODAY)
        assert "nobody can read" in refused.value.message
        assert "sentinel restore" in refused.value.remedy
