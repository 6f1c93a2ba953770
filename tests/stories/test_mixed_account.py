"""Every trouble at once on one account of 28 positions: each ends as it must, and the proof is right to the share."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import tenacity

from sentinel.broker.answers import Answer as WireAnswer
from sentinel.broker.transport import AlpacaWire
from sentinel.execution import patience
from tests.stories.conftest import Answer
from tests.stories.mixed_account import BROKEN_READS, CROWD, Room, come_about, copied, opened
from tests.torture.broker_state import (
    Row,
    State,
    closing_orders,
    is_protection,
    leaving_shares,
    positions,
    remaining,
    symbols,
)
from tests.torture.ledger_image import read_ledger
from tests.torture.oracle import RunSeen, end_state, judge_end, judge_run
from tests.torture.verdicts import violations

End = tuple[str | None, ...]
RAISED, PLACED, ADOPTED = "raise_stop done", "place_stop done", "adopt_position done"
RESIZED, SPLIT, OFFERED = "resize_trade done", "split_trade done", "offer_exit done"
LOST = ("place_stop unresolved", "place_stop unresolved")

#  symbol     its state, its loosest stop, and what the evening did for it
ENDS: dict[str, End] = {
    "AGED": ("protected", "92.01", "renew_stop done"),
    "BARE": ("protected", "108.00", ADOPTED, PLACED),
    "BRACK": ("protected", "93.00", ADOPTED),
    "BREAC": ("protected", "88.20", PLACED, OFFERED),
    "BROKE": ("naked", None, ADOPTED, *LOST),
    "CANC": ("protected", "92.00", PLACED),
    "CUT": ("protected", "92.00", RESIZED, "shrink_stop done"),
    "FRACT": ("partly_protected", "92.00", ADOPTED, PLACED),
    "GOAL": ("protected", "108.00", RAISED, OFFERED),
    "GONE": (None, None, "close_trade done", "cancel_stop done"),
    "HANG": ("unverified", None),
    "LEFT": ("protected", "92.00"),
    "LOWER": ("protected", "92.00", RAISED),
    "MERGE": ("protected", "920.00", SPLIT, PLACED),
    "MORE": ("protected", "92.00", RESIZED, PLACED),
    "NEW": ("protected", "92.00", "rename_trade done", PLACED),
    "OCO": ("protected", "95.00", ADOPTED),
    "OWED": ("protected", "102.00", RAISED, "forget done"),
    "OWN": ("protected", "95.00", ADOPTED),
    "PART": ("protected", "92.00", RESIZED, "shrink_stop done"),
    "PIECE": ("protected", "91.80", "cancel_entry done", PLACED),
    "PLAN": ("protected", "92.00"),
    "PUZZL": ("protected", "46.00", PLACED),
    "RAISE": ("protected", "97.00"),
    "SALE": ("pending", None, ADOPTED),
    "SPLIT": ("protected", "23.00", SPLIT),
    "STAIR": ("protected", "98.00", RAISED),
    "STRAY": ("protected", "92.00", ADOPTED, "free_shares done", PLACED),
    "TURN": ("protected", "108.00", "close_trade done", ADOPTED, "cancel_stop done", PLACED),
}
ALARMS = {
    ("unexplained_quantity", "PUZZL"),
    ("stop_blocked", "HANG"),
    ("coverage_unverified", "HANG"),
    ("unresolved", "BROKE"),
    ("coverage_naked", "BROKE"),
    ("coverage_partly_protected", "FRACT"),
}
# Where a cancel hangs until the open, what first needs a cancel waits for it, and an alarm says so.
HANGING: dict[str, End] = {
    "GONE": (None, None, "close_trade done", "cancel_stop unresolved"),
    "PART": ("protected", "92.00", RESIZED, "shrink_stop refused"),
    "PIECE": ("naked", None, "cancel_entry unresolved"),
    "STRAY": ("naked", None, ADOPTED, "free_shares unresolved", "place_stop skipped"),
    "TURN": ("naked", None, "close_trade done", ADOPTED, "cancel_stop unresolved", "place_stop skipped"),
}
STILL_BARE = {(code, symbol) for code in ("stop_blocked", "coverage_naked") for symbol in ("PIECE", "STRAY", "TURN")}
HANG_ALARMS = {
    *STILL_BARE,
    *(("cancel_pending", symbol) for symbol in ("GONE", "PIECE", "STRAY", "TURN")),
    ("too_many_shares", "PART"),
    ("entries_paused", None),
}
# Where a replacement counts only from the open, the old stop works on till then.
NOT_YET: dict[str, End] = {
    "AGED": ("protected", "92.00", "renew_stop refused"),
    "GOAL": ("protected", "92.00", RAISED, OFFERED),
    "LOWER": ("protected", "85.00", RAISED),
    "OWED": ("protected", "92.00", RAISED, "forget done"),
    "STAIR": ("protected", "108.00", RAISED),
}
# Where a stop can be neither changed nor cancelled at night, raises are owed.
OLD_LEVEL: dict[str, End] = {
    "AGED": ("protected", "92.00"),
    "CUT": ("protected", "92.00", RESIZED, "shrink_stop refused"),
    "GOAL": ("protected_old_level", "92.00", "raise_stop refused", OFFERED),
    "LOWER": ("protected_old_level", "85.00", "raise_stop refused"),
    "OWED": ("protected_old_level", "92.00", "raise_stop refused"),
    "STAIR": ("protected_old_level", "108.00", "raise_stop refused"),
}


@dataclass(frozen=True)
class Mode:
    """How the exchange behaves, and what ends otherwise than in `ENDS` then."""

    name: str
    exchange: dict[str, str]
    ends: dict[str, End] = field(default_factory=dict)
    alarms: set[tuple[str, str | None]] = field(default_factory=set)
    # What a second evening does and sends again: the deeds by symbol, and the requests.
    again: dict[str, End] = field(default_factory=dict)
    sent_again: tuple[tuple[str, str], ...] = ()


MODES = (
    Mode("new-immediate", {}),
    Mode("accepted-immediate", {"after_hours_stops": "accepted"}, {"AGED": ("protected", "92.00", "renew_stop done")}),
    Mode(
        "new-pending",
        {"after_hours_cancel": "pending"},
        {**HANGING, "AGED": ("protected", "92.01", "renew_stop refused")},
        HANG_ALARMS,
        {"PART": ("shrink_stop refused",)},
    ),
    Mode(
        "accepted-pending",
        {"after_hours_stops": "accepted", "after_hours_cancel": "pending"},
        {**HANGING, **OLD_LEVEL},
        {*HANG_ALARMS, ("too_many_shares", "CUT")},
        # A stop refused its smaller quantity tonight is not asked again tonight; nobody can be asked for a leg's.
        {"PART": ("shrink_stop refused",)},
    ),
    Mode("asynchronous-cancels", {"cancels": "asynchronous"}),
    Mode("pending-replacements", {"replacements": "pending"}, NOT_YET),
)
PLAIN = {"after_hours_stops": "new", "after_hours_cancel": "immediate"}


@dataclass(frozen=True)
class Evening:
    """One evening: what it said, and what was seen of it from outside."""

    answer: Answer
    seen: RunSeen

    @property
    def rows(self) -> dict[str, dict[str, Any]]:
        return {row["symbol"]: row for row in self.answer.document["coverage"]["rows"]}

    @property
    def deeds(self) -> dict[str, tuple[str, ...]]:
        """What was done by symbol, in its order."""
        done: dict[str, tuple[str, ...]] = {}
        for verb, symbol, outcome in self.answer.verbs():
            done[symbol] = (*done.get(symbol, ()), f"{verb} {outcome}")
        return done

    @property
    def alarms(self) -> list[tuple[str, str | None]]:
        told = self.answer.document["findings"]
        return [(finding["code"], finding["symbol"]) for finding in told if finding["severity"] == "alarm"]

    @property
    def sent(self) -> list[tuple[str, str]]:
        """The requests that would change something: method and symbol."""
        symbol_of = {order["id"]: order["symbol"] for order in self.seen.after["orders"]}
        return [
            (row["method"], symbol_of.get(row["path"].rsplit("/", 1)[-1]) or json.loads(row["body"])["symbol"])
            for row in self.seen.requests
        ]


def evening(room: Room) -> Evening:
    """An evening of the room, watched from outside."""
    before = room.exchange.state()
    answer = room.evening()
    after, ledger = room.exchange.state(), read_ledger(room.home / "sentinel.db")
    return Evening(answer, RunSeen(before, after, ledger, answer.exit_code, answer.document))


@pytest.fixture(scope="module")
def quick() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name in ("SENTINEL_HOME", "APCA_API_BASE_URL", "APCA_API_DATA_URL"):
            patch.delenv(name, raising=False)
        patch.setenv("SENTINEL_BROKER__READ_WAIT_S", "0")
        patch.setattr(patience, "wait_fixed", lambda _s: tenacity.wait_fixed(0))
        yield


@pytest.fixture(scope="module")
def account(quick: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the account on the evening that counts; copy it, do not touch it."""
    folder = tmp_path_factory.mktemp("mixed") / "account"
    come_about(folder)
    return folder


@contextmanager
def copy_of(account: Path, name: str, **modes: str) -> Iterator[Room]:
    with opened(copied(account, account.parent / name)) as room:
        room.exchange.modes(**PLAIN | modes)
        yield room


@dataclass(frozen=True)
class Nights:
    """Two evenings after the same session, and the morning after them."""

    mode: Mode
    first: Evening
    second: Evening
    morning: Evening
    last: Evening


@pytest.fixture(scope="module", params=MODES, ids=lambda mode: mode.name)
def nights(account: Path, request: pytest.FixtureRequest) -> Nights:
    mode: Mode = request.param
    with copy_of(account, mode.name, **mode.exchange) as room:
        first, second = evening(room), evening(room)
        room.exchange.faults([])
        now = {row["symbol"]: row["current_price"] for row in room.exchange.state()["positions"]}
        room.bars_of(**{symbol: f"{price} {price} {price} {price}" for symbol, price in now.items()})
        room.exchange.advance(to="open")
        morning = evening(room)
        # What only the trader can do: take the shares as they are, and sell the fraction.
        room.types("adopt PUZZL")
        room.exchange.trade("FRACT", "0.5", "sell", 100)
        return Nights(mode, first, second, morning, evening(room))


# --- The proof, worked out from the exchange's state alone -----------------------------------------------------------


def proof(state: State) -> dict[str, tuple[Decimal, Decimal, str | None, str]]:
    """Of each position the shares, those under a stop, the loosest stop, and whether that covers it."""
    return {symbol: _proof_of(symbol, abs(held), state) for symbol, held in positions(state).items()}


def _proof_of(symbol: str, qty: Decimal, state: State) -> tuple[Decimal, Decimal, str | None, str]:
    closing = closing_orders(state, symbol)
    stops = [order for order in closing if is_protection(order)]
    protected = min(sum((remaining(stop) for stop in stops), Decimal(0)), qty)
    loosest = min if positions(state)[symbol] > 0 else max
    level = f"{loosest(Decimal(stop['stop_price']) for stop in stops):.2f}" if stops else None
    return qty, protected, level, _state(protected, qty, leaving_shares(state, symbol), closing)


def _state(protected: Decimal, qty: Decimal, leaving: int, closing: list[Row]) -> str:
    if protected == qty:
        return "protected"
    if leaving and protected + leaving >= int(qty):
        return "pending"
    if protected:
        return "partly_protected"
    is_hanging = any(order["type"] == "stop" and order["status"] == "pending_cancel" for order in closing)
    return "unverified" if is_hanging else "naked"


def told(evening: Evening) -> dict[str, tuple[Decimal, Decimal, str | None, str]]:
    """The same of the document; the broker does not know what is owed."""
    return {
        symbol: (
            Decimal(str(row["qty"])),
            Decimal(str(row["protected_qty"])),
            row["stop_price"],
            row["state"].removesuffix("_old_level"),
        )
        for symbol, row in evening.rows.items()
    }


@pytest.mark.parametrize("which", ["first", "second", "morning", "last"])
def test_the_proof_is_the_exchanges_own_to_the_share(nights: Nights, which: str) -> None:
    run: Evening = getattr(nights, which)
    wanted = proof(run.seen.after)
    assert told(run) == wanted
    totals = run.answer.document["coverage"]
    assert totals["positions"] == len(wanted)
    assert totals["protected"] == sum(qty == protected for qty, protected, _, _ in wanted.values())
    assert Decimal(str(totals["shares"])) == sum(qty for qty, _, _, _ in wanted.values())
    assert Decimal(str(totals["shares_protected"])) == sum(protected for _, protected, _, _ in wanted.values())
    assert run.answer.exit_code == (0 if which == "last" else 1)


def test_there_are_enough_positions_on_both_sides(nights: Nights) -> None:
    held = positions(nights.first.seen.after)
    assert (len(held), sum(qty < 0 for qty in held.values())) == (28, 3)


# --- Every trouble's own end ----------------------------------------------------------------------------------------


def test_every_trouble_ends_as_it_must(nights: Nights) -> None:
    rows, deeds = nights.first.rows, nights.first.deeds
    ends = {
        symbol: (
            rows[symbol]["state"] if symbol in rows else None,
            rows[symbol]["stop_price"] if symbol in rows else None,
            *deeds.get(symbol, ()),
        )
        for symbol in rows.keys() | deeds.keys()
    }
    assert ends == ENDS | nights.mode.ends
    assert sorted(nights.first.alarms, key=str) == sorted(ALARMS | nights.mode.alarms, key=str)


def test_what_ended_is_booked_and_what_is_asked_is_in_the_inbox(nights: Nights) -> None:
    questions = nights.first.answer.document["approvals"]
    assert {(q["symbol"], q["kind"], q["qty"]) for q in questions} == {("BREAC", "exit", 7), ("GOAL", "profit", 7)}
    news = nights.first.answer.document["while_away"]["news"]
    ended = {(n["kind"], n["symbol"], n["price"]) for n in news if n["kind"] in ("stopped_out", "gone")}
    assert ended == {("stopped_out", "FELL", "85.00"), ("gone", "GONE", "101.00"), ("gone", "TURN", "100.00")}


def test_a_judge_of_its_own_finds_nothing_wrong(nights: Nights) -> None:
    """The invariants of the torture's oracle, which knows exchange and ledger file alone."""
    for run in (nights.first, nights.second, nights.morning, nights.last):
        assert violations(judge_run(run.seen)) == []


def test_the_second_evening_changes_nothing_and_sends_only_what_its_mode_says(nights: Nights) -> None:
    assert nights.second.deeds == {"BROKE": LOST} | nights.mode.again
    assert tuple(nights.second.sent) == nights.mode.sent_again
    assert told(nights.second) == told(nights.first)
    assert end_state(nights.second.seen.after) == end_state(nights.first.seen.after)


def test_a_run_after_the_open_repairs_everything_but_what_only_the_trader_can(nights: Nights) -> None:
    states = {symbol: row["state"] for symbol, row in nights.morning.rows.items()}
    assert "SALE" not in states, "it was sold at the open"
    assert {symbol: state for symbol, state in states.items() if state != "protected"} == {"FRACT": "partly_protected"}
    levels = {symbol: {end[1]} for symbol, end in ENDS.items()} | {key: {"92.00"} for key in ("HANG", "BROKE")}
    levels["AGED"] = {"92.00", "92.01"}  # renewed by a cent where that will do
    stops = {symbol: row["stop_price"] for symbol, row in nights.morning.rows.items()}
    assert {symbol: stop for symbol, stop in stops.items() if stop not in levels[symbol]} == {}
    assert set(nights.morning.alarms) == {("unexplained_quantity", "PUZZL"), ("coverage_partly_protected", "FRACT")}
    assert nights.last.answer.exit_code == 0
    assert all(row["state"] == "protected" for row in nights.last.rows.values())


# --- A broker that cannot be believed -------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["positions$", "orders$", "account$", "clock$", "account/activities"])
def test_a_list_that_fails_is_never_read_as_empty(account: Path, path: str) -> None:
    with copy_of(account, f"fails-{path.strip('$').replace('/', '-')}") as room:
        sent, ledger = room.mutations(), (room.home / "sentinel.db").read_bytes()
        room.exchange.faults([{"method": "GET", "path": f"/v2/{path}", "nth": None, "kind": "500"}])
        assert room.evening().exit_code == 4
        assert (room.mutations(), (room.home / "sentinel.db").read_bytes()) == (sent, ledger)


def test_a_broker_that_suddenly_shows_nothing_is_refused(account: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read = AlpacaWire.read

    def empty(self: AlpacaWire, path: str, params: Any = None) -> WireAnswer:
        return WireAnswer(200, []) if path == "/positions" else read(self, path, params)

    monkeypatch.setattr(AlpacaWire, "read", empty)
    with copy_of(account, "empty") as room:
        sent, trades = room.mutations(), read_ledger(room.home / "sentinel.db").trades
        assert room.evening().exit_code == 3
        assert (room.mutations(), read_ledger(room.home / "sentinel.db").trades) == (sent, trades)


def test_one_broken_symbol_costs_no_other_its_stop(account: Path) -> None:
    with copy_of(account, "sound") as room:
        room.exchange.faults([])
        whole = evening(room)
    assert whole.rows["BROKE"]["state"] == "protected"
    with copy_of(account, "broken") as room:
        room.exchange.faults(BROKEN_READS)
        broken = evening(room)
    assert judge_end(broken.seen.after, [end_state(whole.seen.after)], but=frozenset({"BROKE"})) == []
    assert symbols(broken.seen.after) == symbols(whole.seen.after)
    assert CROWD not in broken.rows
