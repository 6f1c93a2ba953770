"""The audit is verified by name, and its head is noted where the ledger cannot take it back."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from sentinel.ledger import heads
from sentinel.ledger.audit import seal
from tests.commands.desk import Desk
from tests.ledger.hands import forge, tamper


def noted(desk: Desk) -> list[list[str]]:
    return [line.split("\t") for line in (desk.home / heads.FILE).read_text("utf-8").splitlines()]


def test_every_run_tells_and_notes_its_head(desk: Desk) -> None:
    desk.holds()
    told = desk.tells("evening-workflow")
    head = told["audit_head"]
    assert noted(desk)[-1][1:] == ["evening-workflow", str(head["number"]), head["hash"]]
    assert (desk.home / heads.FILE).stat().st_mode & 0o777 == 0o600
    assert desk.types("evening-workflow").out.splitlines()[-1] == f"audit {head['number']} {head['hash'][:12]}"
    assert desk.tells("audit", "verify")["audit_head"] == head
    before = len(noted(desk))
    assert desk.tells("evening-workflow", "--dry-run")["audit_head"] is None
    assert len(noted(desk)) == before
    desk.types("halt", "--reason", "holiday")
    assert [line[1] for line in noted(desk)[before:]] == ["halt"]


@pytest.mark.parametrize(
    ("statement", "first"),
    [
        ("UPDATE audit SET detail = 'nothing' WHERE id = 2", 2),
        ("DELETE FROM audit WHERE id = 2", 2),
        ("DELETE FROM audit WHERE id >= 3", 3),
    ],
)
def test_the_first_line_that_is_not_as_it_was_is_named(desk: Desk, statement: str, first: int) -> None:
    desk.holds()
    assert desk.types("audit", "verify").exit_code == 0
    tamper(desk.home / "sentinel.db", statement)
    answer = desk.types("audit", "verify")
    assert (answer.exit_code, f"line {first} of the audit was changed" in answer.out) == (1, True)
    told = desk.tells("audit", "verify")
    assert (told["exit_code"], told["first_broken"]) == (1, first)


def strange_row(connection: sqlite3.Connection, table: str) -> str:
    """A row Sentinel did not write, whatever the rules of the table say of it."""
    columns = [row[:3] for row in connection.execute(f"PRAGMA table_info('{table}')")]
    values = ", ".join("77777" if kind in ("INTEGER", "INT", "REAL") else "'77777'" for _, _, kind in columns)
    names = ", ".join(f'"{name}"' for _, name, _ in columns)
    return f'INSERT INTO "{table}" ({names}) VALUES ({values})'


def test_a_row_of_any_table_that_sentinel_did_not_write_is_named_by_its_table(desk: Desk) -> None:
    """Every table but the audit, whose lines are named by their numbers; a row taken out, a row put in."""
    desk.holds()
    sound = (desk.home / "sentinel.db").read_bytes()
    with closing(sqlite3.connect(desk.home / "sentinel.db")) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM seal WHERE name NOT LIKE '(%'")]
        rows = {name: connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in tables}
        strange = {name: strange_row(connection, name) for name in tables}
    assert {"trades", "stop_loss_orders", "entry_orders", "intents", "runs", "findings", "halts"} <= set(tables)
    for table in tables:
        taken_out = [f'DELETE FROM "{table}" WHERE rowid = (SELECT max(rowid) FROM "{table}")'] if rows[table] else []
        for statement in (strange[table], *taken_out):
            (desk.home / "sentinel.db").write_bytes(sound)
            tamper(desk.home / "sentinel.db", statement)
            told = desk.tells("audit", "verify")
            assert (told["exit_code"], [f["code"] for f in told["findings"]]) == (1, ["ledger_changed"]), statement
            assert f"{table} was changed from outside" in told["findings"][0]["message"], statement
    (desk.home / "sentinel.db").write_bytes(sound)
    assert desk.types("audit", "verify").exit_code == 0


def write_anew(path: Path) -> None:
    """Another story from the second line on, whose hashes agree with each other, and a seal that agrees with all."""
    with closing(sqlite3.connect(path)) as connection:
        connection.row_factory = sqlite3.Row
        lines = [dict(row) for row in connection.execute("SELECT * FROM audit ORDER BY id")]
    lines[1]["detail"] = "nothing"
    changes = []
    for before, line in zip([{"hash": ""}, *lines], lines, strict=False):
        line["previous_hash"] = before["hash"]
        line["hash"] = seal(line)
        changes.append(
            f"UPDATE audit SET detail = {quoted(line['detail'])}, previous_hash = '{line['previous_hash']}',"
            f" hash = '{line['hash']}' WHERE id = {line['id']}"
        )
    forge(path, *changes)


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def test_an_audit_written_anew_is_found_by_its_heads(desk: Desk) -> None:
    desk.holds()
    write_anew(desk.home / "sentinel.db")
    answer = desk.types("audit", "verify")
    assert (answer.exit_code, "is not the one" in answer.out) == (1, True)
    told = desk.tells("evening-workflow")
    assert (told["exit_code"], [f["code"] for f in told["findings"]]) == (1, ["audit_rewritten"])
    assert desk.types("audit", "verify").exit_code == 1


def test_a_copy_laid_there_by_hand_is_told_once(desk: Desk) -> None:
    desk.holds()
    copy = desk.tells("backup")["copy"]
    desk.types("halt", "--reason", "holiday")
    desk.types("resume", "--reason", "back")
    shutil.copyfile(copy, desk.home / "sentinel.db")
    noted_before = noted(desk)
    rehearsed = desk.tells("evening-workflow", "--dry-run")
    assert noted(desk) == noted_before
    verified = desk.tells("audit", "verify")
    assert (verified["exit_code"], [f["code"] for f in verified["findings"]]) == (1, ["ledger_older"])
    told = desk.tells("evening-workflow")
    assert (told["exit_code"], [f["code"] for f in told["findings"]]) == (0, ["ledger_older"])
    assert rehearsed["findings"] == verified["findings"] == told["findings"]
    assert told["findings"][0]["severity"] == "warning"
    assert "resume noted line" in told["findings"][0]["message"]
    assert desk.tells("evening-workflow")["findings"] == []
    assert desk.types("audit", "verify").exit_code == 0


def test_two_witnesses_of_an_older_ledger_are_one_finding(desk: Desk) -> None:
    """The noted heads and the broker's own orders both say it; without the heads the broker says it alone."""
    desk.holds()
    copy = desk.tells("backup")["copy"]
    desk.trades_quietly("MSFT", "400")
    assert desk.types("submit-entry-with-stop", "MSFT", "400", "1").exit_code == 0
    found = []
    for witness in ("both", "the broker"):
        shutil.copyfile(copy, desk.home / "sentinel.db")
        if witness == "the broker":
            (desk.home / heads.FILE).unlink()
        told = desk.tells("evening-workflow", "--dry-run")
        (older,) = [finding for finding in told["findings"] if finding["code"] == "ledger_older"]
        found.append(older)
    by_both, by_the_broker = found
    assert "of the audit" in by_both["message"]
    assert "the broker knows an order" in by_the_broker["message"]
    assert {(told["severity"], told["remedy"], told["message"].partition(":")[0]) for told in found} == {
        ("warning", by_both["remedy"], "this ledger is older than it should be")
    }


def test_the_doctor_tells_what_the_next_run_would(desk: Desk) -> None:
    desk.holds()
    copy = desk.tells("backup")["copy"]
    desk.types("halt", "--reason", "holiday")
    desk.types("resume", "--reason", "back")
    shutil.copyfile(copy, desk.home / "sentinel.db")
    before = desk.files()
    (told,) = [check for check in desk.tells("doctor")["checks"] if check["name"] == "audit"]
    assert desk.files() == before
    (older,) = desk.tells("evening-workflow")["findings"]
    assert (told["health"], told["message"], told["remedy"]) == ("warn", older["message"], older["remedy"])
    (told,) = [check for check in desk.tells("doctor")["checks"] if check["name"] == "audit"]
    assert told["health"] == "ok"


def test_restore_is_no_tampering(desk: Desk) -> None:
    desk.holds()
    copy = desk.tells("backup")["copy"]
    for _ in range(2):
        desk.types("halt", "--reason", "holiday")
        assert desk.types("restore", copy).exit_code == 0
        assert desk.types("audit", "verify").exit_code == 0
        desk.types("resume", "--reason", "back")
    assert desk.tells("evening-workflow")["findings"] == []


def test_half_a_line_is_none_and_the_next_begins_its_own(desk: Desk) -> None:
    desk.holds()
    with (desk.home / heads.FILE).open("a") as file:
        file.write("2026-11-21T21:05:00.0")
    assert desk.tells("evening-workflow")["findings"] == []
    assert noted(desk)[-1][1] == "evening-workflow"
    assert desk.types("audit", "verify").exit_code == 0


def test_a_head_that_cannot_be_noted_is_told(desk: Desk) -> None:
    (desk.home / heads.FILE).mkdir()
    told = desk.tells("evening-workflow")
    assert (told["exit_code"], [f["code"] for f in told["findings"]]) == (1, ["head_lost"])
