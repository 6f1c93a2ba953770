"""What the file itself refuses, and that the questions of an evening are answered by indices."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from enum import StrEnum
from pathlib import Path

import pytest

from scripts.write_schema_doc import PAGE, page
from sentinel.domain.book import ApprovalState, EndedBy, ExitReason, IntentState, OwedKind
from sentinel.domain.coverage import CoverageState
from sentinel.domain.findings import Severity
from sentinel.domain.names import Purpose
from sentinel.domain.orders import TERMINAL, OrderStatus, Side
from sentinel.domain.runs import DeedOutcome
from sentinel.ledger import Ledger, approvals, audit, intents, orders, telemetry, trades
from sentinel.ledger.ledger import VIEWS
from sentinel.ledger.steps import load_part

AT = "2025-04-07T21:00:00.000000Z"
#  a good row of each table
GOOD: dict[str, dict[str, object]] = {
    "account": {"id": 1, "account_id": "c0ffee", "account_number": "PA1", "mode": "paper", "bound_at": AT},
    "runs": {"id": 1, "command": "evening-workflow", "source": "cron", "session": "2025-04-07", "started_at": AT},
    "run_steps": {"id": 1, "run_id": 1, "step": "rescue", "recorded_at": AT},
    "deeds": {
        "run_step_id": 1, "step": "rescue", "verb": "place_stop", "symbol": "AAPL", "outcome": "done",
        "because": "", "detail": "", "qty": "7", "price": "92.00",
    },
    "findings": {"run_id": 1, "code": "naked", "severity": "alarm", "message": "", "remedy": ""},
    "coverage": {
        "run_id": 1, "symbol": "AAPL", "qty": "7", "protected_qty": "7", "state": "protected",
        "stop_order_ids": "[]", "reason": "",
        "side": "buy",
    },
    "trades": {
        "id": 1, "symbol": "AAPL", "side": "buy", "qty": "7", "entry_price": "100.00", "first_stop_price": "92.00",
        "highest_stop_price": "92.00", "opened_at": AT, "asset_id": "", "is_adopted": 0, "is_breached": 0,
    },
    "entry_orders": {
        "client_order_id": "e", "order_id": "e", "symbol": "AAPL", "side": "buy", "qty": "7", "limit_price": "100",
        "stop_price": "92.00", "status": "new", "submitted_at": AT, "filled_qty": "0", "trade_id": 1,
    },
    "stop_loss_orders": {
        "order_id": "s", "client_order_id": "s", "symbol": "AAPL", "side": "sell", "qty": "7", "stop_price": "92.00",
        "status": "new", "submitted_at": AT, "reason": "", "is_leg": 0, "filled_qty": "0", "trade_id": 1,
    },
    "exit_orders": {
        "client_order_id": "x", "order_id": "x", "symbol": "AAPL", "side": "sell", "qty": "7", "status": "new",
        "submitted_at": AT, "reason": "profit", "filled_qty": "0", "trade_id": 1,
    },
    "entry_stop_pairs": {"entry_client_order_id": "e", "stop_order_id": "s", "paired_at": AT},
    "owed": {
        "kind": "raise", "symbol": "AAPL", "price": "102", "qty": "7", "reason": "", "since": "2025-04-07",
        "tried_on": "2025-04-07", "evenings": 1,
    },
    "approvals": {
        "symbol": "AAPL", "kind": "profit", "qty": "7", "price_shown": "116", "because": "", "session": "2025-04-07",
        "asked_at": AT, "expires_at": AT, "state": "waiting",
    },
    "halts": {"reason": "holiday", "halted_at": AT},
    "intents": {
        "run_id": 1, "name": "i", "symbol": "AAPL", "purpose": "entry", "verb": "submit", "params": "{}",
        "precondition": "", "because": "", "state": "planned", "detail": "", "planned_at": AT,
    },
    "equity": {"day": "2025-04-07", "equity": "100000.00", "cash": "-12.5"},
    "bars": {
        "symbol": "AAPL", "day": "2025-04-07", "open": "1", "high": "1", "low": "1", "close": "1", "volume": 0,
    },
    "audit": {"id": 1, "at": AT, "event": "bind", "detail": "", "previous_hash": "", "hash": "0" * 64},
    "seal": {"name": "a table", "digest": "0" * 64},
}  # fmt: skip

#  table, column, values it must refuse
BAD: list[tuple[str, str, list[object]]] = [
    ("account", "id", [2]),
    ("account", "mode", ["demo", ""]),
    ("runs", "source", ["robot"]),
    ("runs", "session", ["2025-13-01", "today", "2025-04-07T00:00"]),
    ("runs", "started_at", ["2025-04-07 21:00:00", "2025-04-07T21:00:00+02:00", "2025-02-30T99:00:00.000000Z", None]),
    ("runs", "exit_code", [0]),  # without an end
    ("runs", "requests", [-1]),
    ("run_steps", "run_id", [9, None]),
    ("deeds", "outcome", ["perhaps"]),
    ("deeds", "price", ["ninety"]),
    ("findings", "severity", ["mild"]),
    ("coverage", "state", ["fine"]),
    ("coverage", "side", ["long"]),
    ("coverage", "stop_order_ids", ["", "{}", "a,b"]),
    ("coverage", "run_id", [9]),
    ("trades", "qty", ["0", "-7", "7 shares", "", "7.", ".7", "1e3", "1.2.3", "NaN", b"7", None]),
    ("trades", "side", ["long"]),
    ("trades", "is_adopted", [2, "yes"]),
    ("trades", "exit_reason", ["bored", "profit"]),  # profit: not while it is open
    ("trades", "closed_at", [AT]),  # without a reason
    ("entry_orders", "status", ["done", ""]),
    ("entry_orders", "qty", ["0", "-1"]),
    ("entry_orders", "limit_price", ["-100.00", "100,00"]),
    ("entry_orders", "trade_id", [9]),
    ("entry_orders", "order_id", ["", None]),
    ("stop_loss_orders", "status", ["resting"]),
    ("stop_loss_orders", "stop_price", ["$92", None]),
    ("stop_loss_orders", "expires_at", ["2025-07-06"]),
    ("stop_loss_orders", "trade_id", [9]),
    ("exit_orders", "reason", ["fear"]),
    ("entry_stop_pairs", "stop_order_id", ["nobody"]),
    ("entry_stop_pairs", "entry_client_order_id", ["nobody"]),
    ("owed", "kind", ["drink"]),
    ("owed", "evenings", [0]),
    ("owed", "tried_on", ["yesterday", None]),
    ("approvals", "state", ["maybe"]),
    ("halts", "resumed_at", [AT]),  # without a reason
    ("intents", "state", ["lost", "sent", "confirmed", "rejected"]),  # sent and settled: not without their times
    ("intents", "purpose", ["fun"]),
    ("intents", "params", ["", "[]", "qty=7"]),
    ("intents", "run_id", [9]),
    ("equity", "cash", ["--1", "1-", "-"]),
    ("bars", "volume", [-1, "many"]),
    ("audit", "id", [7]),
    ("audit", "hash", ["short"]),
    ("seal", "digest", ["short", None]),
]

#  a column whose values the domain names, and its enum
NAMED: list[tuple[str, str, type[StrEnum]]] = [
    ("trades", "side", Side),
    ("trades", "exit_reason", ExitReason),
    ("entry_orders", "side", Side),
    ("entry_orders", "status", OrderStatus),
    ("stop_loss_orders", "side", Side),
    ("stop_loss_orders", "status", OrderStatus),
    ("stop_loss_orders", "ended_by", EndedBy),
    ("exit_orders", "side", Side),
    ("exit_orders", "status", OrderStatus),
    ("exit_orders", "reason", ExitReason),
    ("owed", "kind", OwedKind),
    ("approvals", "state", ApprovalState),
    ("intents", "purpose", Purpose),
    ("intents", "state", IntentState),
    ("deeds", "outcome", DeedOutcome),
    ("findings", "severity", Severity),
    ("coverage", "state", CoverageState),
    ("coverage", "side", Side),
]

# Every question that is a constant of the room.
QUESTIONS = {
    f"{room.__name__.rsplit('.', 1)[1]}.{name}": value
    for room in (approvals, audit, intents, orders, telemetry, trades)
    for name, value in vars(room).items()
    if isinstance(value, str) and value.lstrip().startswith("SELECT")
} | {view: f"SELECT * FROM {view}" for view in VIEWS}
QUESTIONS |= {
    f"{table} of a day": f"SELECT * FROM {table} WHERE DATE(submitted_at) = '2025-04-07'"
    for table in ("entry_orders", "stop_loss_orders", "exit_orders")
}
# These tell a whole story by design, in its order, or only its last line; the others must not walk through a table.
WHOLE = {
    "approvals.APPROVALS", "audit.WHOLE_CHAIN", "audit.TRAIL", "audit.EVER_WRITTEN", "audit.LAST", "audit.LATEST_OF",
    "telemetry.EQUITY_CURVE", "telemetry.RUNS", "trades.OWED", "v_runs",
}  # fmt: skip


# Not tables: parts of a question already cut down, and the list a question is asked with.
DERIVED = {"held", "guarded", "waiting", "ended", "json_each", "tried", "failure", "v_rescues"}


@pytest.fixture
def database(ledger: Ledger, path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA foreign_keys = ON")
        load_part("seals").register(connection)
        yield connection


def insert(database: sqlite3.Connection, table: str, row: dict[str, object]) -> None:
    marks = ", ".join("?" for _ in row)
    database.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", tuple(row.values()))


def tables(database: sqlite3.Connection) -> set[str]:
    return {row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


def test_every_table_is_strict_and_has_a_good_row(database: sqlite3.Connection) -> None:
    for table, row in GOOD.items():
        insert(database, table, row)
    strict = {row[0] for row in database.execute("SELECT name FROM pragma_table_list WHERE strict AND schema = 'main'")}
    assert strict == set(GOOD)
    assert tables(database) - strict == {"_sqlite_migrations", "sqlite_sequence"}


@pytest.mark.parametrize(("table", "column", "values"), BAD, ids=[f"{table}.{column}" for table, column, _ in BAD])
def test_a_bad_row_is_refused(database: sqlite3.Connection, table: str, column: str, values: list[object]) -> None:
    for name, row in GOOD.items():
        if name == table:
            break
        insert(database, name, row)
    for value in values:
        with pytest.raises(sqlite3.IntegrityError):
            insert(database, table, {**GOOD[table], column: value})
    insert(database, table, GOOD[table])


@pytest.mark.parametrize(("table", "column", "enum"), NAMED, ids=[f"{table}.{column}" for table, column, _ in NAMED])
def test_the_file_allows_what_the_domain_names(
    database: sqlite3.Connection, table: str, column: str, enum: type[StrEnum]
) -> None:
    (sql,) = database.execute("SELECT sql FROM sqlite_master WHERE name = ?", (table,)).fetchone()
    (allowed,) = re.findall(rf"CHECK \({column} IN \(([^)]+)\)\)", sql)
    assert set(re.findall(r"'(\w+)'", allowed)) == set(enum)


def test_every_column_with_such_values_is_checked(database: sqlite3.Connection) -> None:
    checked = {
        (table, column)
        for table in GOOD
        for (sql,) in database.execute("SELECT sql FROM sqlite_master WHERE name = ?", (table,))
        for column in re.findall(r"CHECK \((\w+) IN \('", sql)
    }
    assert checked == {(table, column) for table, column, _ in NAMED} | {
        ("account", "mode"),
        ("runs", "source"),
        ("halts", "set_by"),
    }


@pytest.mark.parametrize("table", ["entry_orders", "stop_loss_orders", "exit_orders"])
def test_the_file_and_the_domain_agree_on_what_is_over(database: sqlite3.Connection, table: str) -> None:
    (sql,) = database.execute("SELECT sql FROM sqlite_master WHERE name = ?", (table,)).fetchone()
    (ended,) = re.findall(r"status NOT IN \(([^)]+)\)", sql)
    assert set(re.findall(r"'(\w+)'", ended)) == TERMINAL


@pytest.mark.parametrize("name", sorted(QUESTIONS))
def test_no_question_walks_through_a_table(database: sqlite3.Connection, name: str) -> None:
    sql = QUESTIONS[name]
    plan = [row[3] for row in database.execute(f"EXPLAIN QUERY PLAN {sql}", [None] * sql.count("?"))]
    # A partial index holds only the open rows, few at any time; a derived table has been cut down already.
    few = {
        row[0]
        for table in GOOD
        for row in database.execute(f"SELECT name FROM pragma_index_list('{table}') WHERE partial")
    }
    walked = [line for line in plan if line.startswith("SCAN") and not few & set(line.split())]
    assert name in WHOLE or not [line for line in walked if line.split()[1] not in DERIVED], plan


def test_a_day_is_asked_for_by_date(database: sqlite3.Connection) -> None:
    for table in ("runs", "trades", "stop_loss_orders"):
        insert(database, table, GOOD[table])
    found = "SELECT order_id FROM stop_loss_orders WHERE DATE(submitted_at) = ?"
    assert database.execute(found, ("2025-04-07",)).fetchall() == [("s",)]
    assert database.execute(found, ("2025-04-08",)).fetchall() == []


def test_the_page_about_the_schema_is_of_this_schema() -> None:
    assert PAGE.read_text("utf-8") == page(), "run scripts/write_schema_doc.py"


def test_every_column_that_needs_it_is_explained() -> None:
    plain = {"id", "symbol"}
    silent = re.findall(r"^\| `(\w+)` \| \w+ \| \w* \| +\|$", page(), re.MULTILINE)
    assert set(silent) <= plain
