"""A damaged ledger: the evening protects from the broker alone, buys nothing, and says how to go on."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.ledger.hands import forge, tamper


def flipped(path: Path) -> None:
    """One bit: the trade's entry at 100 becomes one at 180, and every stair of it another price."""
    content = bytearray(path.read_bytes())
    at = content.index(b"AAPLbuy7100") + len(b"AAPLbuy71")
    content[at] ^= 0x08
    path.write_bytes(content)


def cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def scribbled_on(path: Path) -> None:
    path.write_bytes(b"garbage" * 1000)


def an_audit_line_changed(path: Path) -> None:
    tamper(path, "UPDATE audit SET detail = 'nothing' WHERE id = 2")


def a_rule_taken_out(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DROP TRIGGER audit_is_never_cut")


def a_reference_lost(path: Path) -> None:
    forge(path, "UPDATE stop_loss_orders SET trade_id = 99")


def an_index_page_wiped(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        (page,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'stops_open'").fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    content = bytearray(path.read_bytes())
    content[page * size - 4] ^= 0x01
    path.write_bytes(content)


DAMAGES = [
    flipped,
    cut_short,
    scribbled_on,
    an_audit_line_changed,
    a_rule_taken_out,
    a_reference_lost,
    an_index_page_wiped,
]


def ledger_of(stage) -> Path:
    return Path(stage.home) / "sentinel.db"


def put_away(stage) -> list[str]:
    folder = stage.home / "quarantine"
    return sorted(file.name for file in folder.iterdir()) if folder.exists() else []


@pytest.mark.parametrize("damage", DAMAGES)
def test_the_evening_goes_on_from_the_broker_alone(stage, damage):
    stage.holds()
    stage.exchange.trade("MSFT", 5, "buy", 100)  # bare, and unknown to the ledger as well
    sound = stage.tells("backup").document["copy"]
    damage(ledger_of(stage))
    damaged = ledger_of(stage).read_bytes()

    evening = stage.evening()
    assert (evening.exit_code, evening.states) == (1, {"AAPL": "protected", "MSFT": "protected"})
    assert evening.verbs("raise_stop") == []
    assert (stage.stop()["stop_price"], stage.stop("MSFT")["qty"]) == ("92", "5")
    (alarm,) = [finding for finding in evening.document["findings"] if finding["code"] == "ledger_quarantined"]
    (name,) = put_away(stage)
    assert (alarm["severity"], name in alarm["message"]) == ("alarm", True)
    kept = stage.home / "quarantine" / name
    assert kept.read_bytes() == damaged
    assert (kept.stat().st_mode & 0o777, kept.parent.stat().st_mode & 0o777) == (0o600, 0o700)

    refused = stage.types("submit-entry-with-stop TSLA 100.00 2")
    assert (refused.exit_code, name in refused.err, "sentinel restore" in refused.err) == (3, True, True)
    sent = stage.mutations()
    again = stage.evening()
    assert (again.exit_code, ("ledger_quarantined", None) in again.findings, stage.mutations()) == (1, True, sent)
    assert put_away(stage) == [name]

    words = alarm["remedy"].split()
    assert words[:2] == ["sentinel", "restore"]
    copy = stage.home / "backups" / words[2]
    assert copy.read_bytes() == Path(sound).read_bytes()
    assert stage.types(" ".join(words[1:])).exit_code == 0
    assert kept.exists()
    assert (stage.evening().exit_code, stage.stop()["stop_price"]) == (0, "92")
    assert stage.enters("TSLA 100.00 2").exit_code == 0


def test_nothing_is_moved_by_looking(stage):
    stage.holds()
    flipped(ledger_of(stage))
    before = sorted((str(path), path.read_bytes()) for path in stage.home.rglob("*.db*"))
    for line in (
        "status",
        "runs",
        "history AAPL",
        "approvals list",
        "evening-workflow --dry-run",
        "backup",
        "halt --reason wait",
        "resume --reason go",
        "migrate",
        "init",
    ):
        told = stage.types(line)
        assert (told.exit_code, "sentinel restore" in told.err) == (3, True), line
        assert "trades was changed from outside" in told.err
    assert stage.types("doctor").exit_code == 1
    assert sorted((str(path), path.read_bytes()) for path in stage.home.rglob("*.db*")) == before


def test_what_may_pass_moves_nothing(stage, monkeypatch):
    from sentinel.ledger import opening

    monkeypatch.setattr(opening, "BUSY_TIMEOUT_S", 0.0)
    stage.holds()
    sent = stage.mutations()
    with closing(sqlite3.connect(ledger_of(stage), isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        for line in ("evening-workflow", "submit-entry-with-stop TSLA 100.00 2", "halt --reason wait"):
            told = stage.types(line)
            assert (told.exit_code, "another program has the ledger open" in told.err) == (3, True)
    assert (stage.mutations(), put_away(stage)) == (sent, [])
    assert stage.evening().exit_code == 0


def test_without_a_sound_copy_the_trader_resumes(stage):
    stage.holds()
    flipped(ledger_of(stage))
    for copy in (stage.home / "backups").iterdir():
        copy.write_bytes(b"garbage" * 1000)
    evening = stage.evening()
    (alarm,) = [finding for finding in evening.document["findings"] if finding["code"] == "ledger_quarantined"]
    assert "no sound copy" in alarm["message"]
    assert "sentinel resume --reason" in alarm["remedy"]
    assert stage.types("resume --reason looked").exit_code == 0
    assert stage.evening().exit_code == 0
    assert stage.enters("TSLA 100.00 2").exit_code == 0


def test_a_halt_outlives_the_damage_and_the_copy_put_back(stage):
    stage.holds()
    assert stage.types("halt --reason holiday").exit_code == 0
    flipped(ledger_of(stage))
    evening = stage.evening()
    assert (evening.exit_code, evening.document["halt"]) == (1, "holiday")
    (alarm,) = [finding for finding in evening.document["findings"] if finding["code"] == "ledger_quarantined"]
    assert stage.types(alarm["remedy"].removeprefix("sentinel ")).exit_code == 0
    evening = stage.evening()
    assert (evening.exit_code, evening.document["halt"]) == (0, "holiday")


def test_a_damaged_ledger_can_be_restored_without_a_run_between(stage):
    stage.holds()
    copy = Path(stage.tells("backup").document["copy"]).name
    scribbled_on(ledger_of(stage))
    told = stage.tells(f"restore {copy}").document
    assert Path(told["kept"]).parent == stage.home / "quarantine"
    assert stage.evening().exit_code == 0
