"""Backup and restore: checked copies, put back only where they belong, the present ledger copied first."""

from pathlib import Path

import pytest

from sentinel.broker.answers import Answer, OrderTicket
from sentinel.broker.transport import AlpacaWire
from sentinel.ledger import Ledger, damage_in
from tests.commands.desk import Desk, bars
from tests.ledger.hands import forge

DAMAGES = {
    "a row that lost its trade": "UPDATE stop_loss_orders SET trade_id = 99",
    "an audit line taken out": "DELETE FROM audit WHERE id = 2",
    "a word that is no price": "UPDATE stop_loss_orders SET stop_price = 'high'",
}


def events(path: Path) -> list[str]:
    with Ledger.open_read_only(path) as ledger:
        return [line.event for line in ledger.audit_trail() if line.event in ("halt", "resume", "restore")]


def test_a_copy_by_hand_takes_no_older_one_away(desk: Desk) -> None:
    made = {desk.tells("backup")["copy"] for _ in range(3)}
    assert {str(path) for path in (desk.home / "backups").iterdir()} == made


def test_a_copy_goes_where_it_is_told(desk: Desk, tmp_path: Path) -> None:
    answer = desk.types("backup", "--to", str(tmp_path / "stick" / "copies"))
    (copy,) = (tmp_path / "stick" / "copies").iterdir()
    assert answer.out == f"copied {desk.home / 'sentinel.db'} to {copy}\n"
    assert copy.stat().st_mode & 0o777 == 0o600
    assert not list((desk.home / "backups").iterdir())


def test_a_folder_in_the_way_is_an_error_with_a_remedy(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    answer = desk.types("backup", "--to", str(tmp_path / "file"))
    assert answer.exit_code == 3
    assert "make the folder writable" in answer.err


@pytest.mark.parametrize(
    "typed",
    [
        "evening-workflow --non-interactive",
        "rescue-stops",
        "reconcile-positions",
        "adopt TSLA",
        "submit-entry-with-stop MSFT 400.00 1",
        "halt --reason holiday",
    ],
)
def test_before_anything_is_written_or_sent_there_is_a_sound_copy(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, typed: str
) -> None:
    desk.holds()
    desk.exchange.bars(bars("TSLA", "100"))
    desk.exchange.trade("TSLA", 3, "buy")  # unknown to the ledger, and bare
    desk.trades_quietly("MSFT", "400")
    there = set((desk.home / "backups").iterdir())
    with Ledger.open_read_only(desk.home / "sentinel.db") as ledger:
        head = ledger.audit_head()
    when_sent: list[int] = []
    submit = AlpacaWire.submit

    def watched(wire: AlpacaWire, order: OrderTicket) -> Answer:
        when_sent.append(len(set((desk.home / "backups").iterdir()) - there))
        return submit(wire, order)

    monkeypatch.setattr(AlpacaWire, "submit", watched)
    assert desk.types(*typed.split()).exit_code in (0, 1)
    (copy,) = set((desk.home / "backups").iterdir()) - there
    assert set(when_sent) <= {1}
    assert damage_in(copy) == ()
    with Ledger.open_copy(copy) as kept, Ledger.open_read_only(desk.home / "sentinel.db") as ledger:
        assert kept.audit_head() == head != ledger.audit_head()


def test_a_copy_is_put_back_and_the_present_ledger_kept(desk: Desk) -> None:
    desk.holds()
    copy = desk.tells("backup")["copy"]
    desk.types("halt", "--reason", "holiday")
    desk.types("resume", "--reason", "back")
    told = desk.tells("restore", copy)
    assert (told["exit_code"], told["copy"], told["halt"]) == (0, copy, None)
    assert told["last_run"]["id"] == 2
    assert events(desk.home / "sentinel.db") == ["restore"]
    assert events(Path(told["kept"])) == ["halt", "resume"]
    assert Path(told["kept"]).name.startswith("sentinel-before-restore-")
    screen = desk.types("restore", Path(copy).name).out
    # Where its lines break depends on how long the copy's path is.
    assert "it ends with run 2, evening-workflow" in " ".join(screen.split())
    assert screen.splitlines()[-1].startswith("next: sentinel evening-workflow")


def test_without_a_name_the_copies_are_told(desk: Desk) -> None:
    assert "none yet" in desk.types("restore").err
    copy = Path(desk.tells("backup")["copy"]).name
    answer = desk.types("restore")
    assert answer.exit_code == 2
    assert copy in answer.err


@pytest.mark.parametrize("typed", ["sentinel.db", "nothing.db", "backups"])
def test_what_is_no_copy_is_a_usage_error(desk: Desk, typed: str) -> None:
    before = desk.files()
    assert desk.types("restore", str(desk.home / typed)).exit_code == 2
    assert desk.types("restore", "nothing.db").exit_code == 2
    assert desk.files() == before


@pytest.mark.parametrize("damage", ["garbage", *DAMAGES])
def test_a_damaged_copy_is_refused(desk: Desk, damage: str) -> None:
    desk.holds()
    copy = Path(desk.tells("backup")["copy"])
    if damage == "garbage":
        copy.write_bytes(b"garbage" * 1000)
    else:
        forge(copy, DAMAGES[damage])
    before = desk.files()
    assert desk.types("restore", str(copy)).exit_code == 3
    assert desk.files() | {"sentinel.lock": ""} == before | {"sentinel.lock": ""}


def test_the_copy_of_another_account_is_refused(desk: Desk) -> None:
    desk.holds()
    copy = Path(desk.tells("backup")["copy"])
    forge(copy, "UPDATE account SET account_id = 'another', account_number = 'PA2'")
    answer = desk.types("restore", str(copy))
    assert answer.exit_code == 3
    assert "the copy belongs to sim account PA2" in answer.err
    assert events(desk.home / "sentinel.db") == []


@pytest.mark.parametrize("typed", ["backup", "restore {copy}"])
def test_a_dry_run_changes_nothing(desk: Desk, typed: str) -> None:
    desk.holds()
    copy = desk.tells("backup")["copy"]
    before = desk.files()
    told = desk.tells(*typed.format(copy=copy).split(), "--dry-run")
    assert (told["exit_code"], told["dry_run"]) == (0, True)
    assert desk.types(*typed.format(copy=copy).split(), "--dry-run").out.startswith("would ")
    assert desk.files() == before
