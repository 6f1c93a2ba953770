"""Questions wait in the inbox, at a terminal they are asked, and an answer is acted upon."""

import os
import pty
import signal
import subprocess
import sys
import time
from datetime import datetime

import pytest

from sentinel.domain.coverage import Coverage
from sentinel.ledger import Ledger
from tests.commands.desk import Desk

CONTROL_C = "\x03"


@pytest.fixture
def at_target(desk: Desk) -> Desk:
    """Seven shares at +17 %, after the close."""
    desk.holds()
    desk.day("AAPL", "117")
    return desk


def at_a_terminal(desk: Desk, typed: str, *answers: str) -> tuple[int, str]:
    """A command whose input and errors are a terminal: its exit code, and what the terminal showed."""
    here, there = pty.openpty()
    command = [sys.executable, "-m", "sentinel", "--home", str(desk.home), *typed.split()]
    with subprocess.Popen(command, stdin=there, stderr=there, stdout=subprocess.DEVNULL) as process:
        os.close(there)
        shown, waiting = b"", list(answers)
        while True:
            try:
                part = os.read(here, 4096)
            except OSError:  # Linux says so when the other end is closed
                part = b""
            if not part:
                break
            shown += part
            if shown.endswith(b"[y/N] "):
                typed_now = waiting.pop(0)
                if typed_now == CONTROL_C:
                    # A person is slower than this: a signal between the prompt and the reading would wait for a key.
                    time.sleep(0.5)
                    process.send_signal(signal.SIGINT)
                else:
                    os.write(here, typed_now.encode())
        os.close(here)
        return process.wait(timeout=30), shown.decode()


def test_a_program_is_not_asked(at_target: Desk) -> None:
    answer = at_target.types("evening-workflow")
    assert answer.exit_code == 0
    assert "sale of 7 shares offered at 117.00" in answer.out
    (asked,) = at_target.tells("approvals", "list")["approvals"]
    wanted = ["id", "symbol", "kind", "qty", "price_shown", "because", "expires_at", "state"]
    assert list(asked)[: len(wanted)] == wanted
    assert (asked["symbol"], asked["qty"], asked["price_shown"], asked["state"]) == ("AAPL", 7, "117.00", "waiting")
    assert "AAPL" in at_target.types("approvals", "list").out


def test_a_yes_sells(at_target: Desk) -> None:
    at_target.types("evening-workflow")
    at_target.opens("AAPL", "117")
    document = at_target.tells("approvals", "approve", "1")
    assert ("close_position", "done") in [(a["verb"], a["outcome"]) for a in document["actions"]]
    assert not document["approvals"]
    assert at_target.tells("evening-workflow")["coverage"]["positions"] == 0
    assert not at_target.exchange.state()["positions"]
    assert at_target.types("approvals", "approve", "1").exit_code == 2


def test_a_no_sells_nothing(at_target: Desk) -> None:
    at_target.types("evening-workflow")
    sent = len(at_target.mutations())
    assert at_target.types("approvals", "reject", "1").exit_code == 0
    assert at_target.types("check-profit-taking").exit_code == 0
    assert len(at_target.mutations()) == sent
    assert not at_target.tells("approvals", "list")["approvals"]
    assert [asked["state"] for asked in at_target.tells("approvals", "list", "--all")["approvals"]] == ["rejected"]


@pytest.mark.parametrize(("typed", "is_sold"), [("y\n", True), ("n\n", False), ("\n", False), ("\x04", False)])
def test_at_a_terminal_the_trader_is_asked(at_target: Desk, typed: str, is_sold: bool) -> None:
    at_target.opens("AAPL", "117")
    exit_code, shown = at_a_terminal(at_target, "check-profit-taking", typed)
    assert "Sell 7 shares of AAPL? [y/N]" in shown
    words = " ".join(shown.split())
    for told in ("$119.00, +17.0 %, 2.1 R", "117.00 now, 100.00 at the entry", "92.00 for 7 shares, risks 8.0 %"):
        assert told in words
    assert "sold at the market now" in words
    sold = [order for order in at_target.exchange.state()["orders"] if order["type"] == "market"]
    assert bool(sold) == is_sold
    assert exit_code in (0, 1)


def test_control_c_at_the_question_is_told_by_status(at_target: Desk) -> None:
    at_target.exchange.trade("MSFT", 3, "buy")
    exit_code, shown = at_a_terminal(at_target, "evening-workflow", CONTROL_C)
    assert exit_code == 130
    assert "error: interrupted" in shown
    assert "Traceback" not in shown
    answer = at_target.types("status")
    assert answer.exit_code == 1
    assert "the last evening FAILED: it was interrupted" in answer.out
    assert "? of 3" in answer.out
    assert answer.out.splitlines()[-1] == "NOT VERIFIED: MSFT ? of 3 shares, no run has looked at it yet"
    assert at_target.types("evening-workflow").exit_code == 0
    assert at_target.types("status").exit_code == 0


@pytest.mark.parametrize("option", ["--non-interactive", "--dry-run", "--json"])
def test_who_does_not_want_to_be_asked_is_not(at_target: Desk, option: str) -> None:
    exit_code, shown = at_a_terminal(at_target, f"check-profit-taking {option}")
    assert (exit_code, "[y/N]" in shown) == (0, False)


def test_a_rehearsed_question_has_no_number_to_answer_by(at_target: Desk) -> None:
    screen = at_target.types("evening-workflow", "--dry-run").out
    assert "would be asked" in screen
    assert "answer with" not in screen
    assert "waiting" not in screen
    (asked,) = at_target.tells("evening-workflow", "--dry-run")["approvals"]
    assert asked["id"] is None
    at_target.types("evening-workflow")
    assert "answer with" in at_target.types("evening-workflow", "--dry-run").out


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("reject 1", "AAPL sale rejected, its stop stays; you are asked again on a later evening"),
        ("approve 1", "AAPL sale approved"),
        ("reject 1 --dry-run", "AAPL the sale would be rejected, its stop stays; you are asked again"),
    ],
)
def test_an_answer_says_what_becomes_of_it(at_target: Desk, typed: str, words: str) -> None:
    at_target.types("evening-workflow")
    screen = " ".join(at_target.types("approvals", *typed.split()).out.split())
    assert words in screen
    assert "Nothing to do" not in screen


def test_a_yes_that_must_wait_says_so(at_target: Desk) -> None:
    at_target.types("evening-workflow")
    assert at_target.types("halt", "--reason", "holiday").exit_code == 0
    screen = " ".join(at_target.types("approvals", "approve", "1").out.split())
    assert "sale approved; nothing is sold while profit sales are halted (holiday)" in screen


def test_a_yes_that_waits_is_in_status_and_can_be_taken_back(at_target: Desk) -> None:
    at_target.types("evening-workflow")
    at_target.types("halt", "--reason", "holiday")
    at_target.types("approvals", "approve", "1")
    (asked,) = at_target.tells("status")["approvals"]
    assert (asked["id"], asked["state"]) == (1, "approved")
    screen = at_target.types("approvals", "reject", "1").out
    assert "AAPL  sale rejected, its stop stays where it is now" in screen
    assert "Nothing to do" not in screen
    assert at_target.types("resume", "--reason", "back again").exit_code == 0
    assert at_target.types("evening-workflow").exit_code == 0
    assert not [order for order in at_target.exchange.state()["orders"] if order["type"] == "market"]


def test_a_no_that_comes_too_late_says_so_and_a_cancelled_sale_gets_its_stop_back(
    at_target: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SENTINEL_BROKER__AFTER_HOURS_CANCEL", "immediate")
    at_target.types("evening-workflow")
    at_target.types("approvals", "approve", "1")
    (sale,) = [order["id"] for order in at_target.exchange.state()["orders"] if order["type"] == "market"]
    answer = at_target.types("approvals", "reject", "1")
    assert answer.exit_code == 1
    words = " ".join(answer.out.split())
    assert "AAPL sale rejected too late, see below" in words
    assert f"the no comes late: the sale of AAPL is at the broker already, order {sale}, accepted" in words
    assert "cancel it there, then run `sentinel evening-workflow`" in words
    at_target.exchange.action(cancel={"order_id": sale})
    assert at_target.types("evening-workflow").exit_code == 0
    assert at_target.tells("status")["coverage"]["rows"][0]["state"] == "protected"
    assert at_target.types("approvals", "reject", "1").exit_code == 2


@pytest.mark.parametrize("typed", ["approvals list", "status"])
def test_a_question_past_its_time_is_expired_and_never_waits(at_target: Desk, typed: str) -> None:
    at_target.types("evening-workflow")
    assert "waiting" in at_target.types(*typed.split()).out
    (asked,) = at_target.tells(*typed.split())["approvals"]
    lapsed = datetime.fromisoformat(asked["expires_at"])
    with Ledger.open(at_target.home / "sentinel.db") as ledger:
        run_id = ledger.begin_run("rescue-stops", "hand")
        ledger.record_coverage(run_id, Coverage(), lapsed)
        ledger.end_run(run_id, 0, 9)
    screen = at_target.types(*typed.split()).out
    assert "expired" in screen
    assert "answer with" not in screen
    assert [asked["state"] for asked in at_target.tells(*typed.split())["approvals"]] == ["expired"]
