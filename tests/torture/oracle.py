"""Judges a finished run from the exchange's state and the ledger file alone, invariant by invariant (I1 to I11)."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from tests.torture.broker_state import (
    Levels,
    State,
    bare_shares,
    cause_of_bareness,
    entries,
    is_open,
    is_ours,
    is_protection,
    live_orders,
    positions,
    protected_shares,
    protection,
    purpose_of,
    remaining,
    surplus,
    symbols,
    whole_shares,
)
from tests.torture.ledger_image import LedgerImage, Row
from tests.torture.verdicts import Cause, Finding, Unavoidable, Violation

DONE, NEEDS_THE_TRADER, KILLED = 0, 1, -9
# Warnings that send the trader to look without a position being in danger.
ASIDE = ("log_lost", "backup_failed")


@dataclass(frozen=True, slots=True)
class RunSeen:
    """One run from outside: the exchange before and after, the ledger after, what it said and how it ended."""

    before: State
    after: State
    ledger: LedgerImage
    exit_code: int
    document: Mapping[str, Any] | None
    was_halted: bool = False

    @property
    def has_concluded(self) -> bool:
        """Whether the run came to its end and made its proof; a command that asks no broker makes none."""
        proof = (self.document or {}).get("coverage") or {"positions": None}
        return self.exit_code in (DONE, NEEDS_THE_TRADER) and proof.get("positions", 0) is not None

    @property
    def requests(self) -> list[Mapping[str, Any]]:
        """What it asked the exchange to change."""
        sent: list[Mapping[str, Any]] = self.after["requests"]["mutations"]
        return sent[len(self.before["requests"]["mutations"]) :]

    @property
    def alarmed(self) -> dict[str | None, str]:
        """The symbols its alarms name, with what they say."""
        told: dict[str | None, set[str]] = {}
        for finding in (self.document or {}).get("findings", []):
            if finding["severity"] == "alarm":
                told.setdefault(finding["symbol"], set()).add(finding["code"])
        return {symbol: ", ".join(sorted(codes)) for symbol, codes in told.items()}


def judge_run(seen: RunSeen) -> list[Finding]:
    """Everything that is wrong, or bare with a reason, after one run of any ending."""
    return [finding for check in EVERY_ENDING for finding in check(seen)]


def _coverage(seen: RunSeen) -> Iterator[Finding]:
    """I1: complete, or an alarm names the symbol."""
    if not seen.has_concluded:
        return
    told = {row["symbol"]: row for row in (seen.document or {})["coverage"]["rows"]}
    for symbol in positions(seen.after):
        bare = bare_shares(seen.after, symbol)
        if bare and symbol not in seen.alarmed:
            yield Violation(1, symbol, f"{bare} shares are bare and no alarm names them")
        elif bare:
            cause = cause_of_bareness(seen.after, symbol) or Cause.ALARMED
            yield Unavoidable(cause, symbol, bare, is_open(seen.after))
        if symbol not in told and symbol in seen.alarmed:
            continue  # the broker hid it, and the run said that it could not be proved
        if symbol not in told:
            yield Violation(1, symbol, "it is held, and the proof has no row for it")
        elif Decimal(told[symbol]["protected_qty"]) > protected_shares(seen.after, symbol):
            words = f"the proof says {told[symbol]['protected_qty']}, the broker {protected_shares(seen.after, symbol)}"
            yield Violation(1, symbol, words)


def _no_less_than_before(seen: RunSeen) -> Iterator[Finding]:
    """I1, I2: no position is less protected, at any level, than before the run, whatever ended it."""
    for symbol, held in positions(seen.after).items():
        if positions(seen.before).get(symbol) != held or len(seen.before["splits"]) != len(seen.after["splits"]):
            continue
        was, now = protection(seen.before, symbol), protection(seen.after, symbol)
        leaving = max(0, whole_shares(seen.after, symbol) - protected_shares(seen.after, symbol))
        leaving -= bare_shares(seen.after, symbol)
        lost = _lost_level(was, now, is_long=held > 0, leaving=leaving, held=whole_shares(seen.after, symbol))
        if lost is None:
            continue
        price, shares = lost
        if seen.exit_code == KILLED and _let_go_of_shares(seen, symbol):
            yield Unavoidable(Cause.CUT_HANDOVER, symbol, shares, is_open(seen.after))
        elif symbol in seen.alarmed and bare_shares(seen.after, symbol):
            yield Unavoidable(Cause.ALARMED, symbol, shares, is_open(seen.after))
        else:
            invariant = 1 if bare_shares(seen.after, symbol) else 2
            yield Violation(
                invariant, symbol, f"{shares} shares lost their stop at {price}: {_shown(was)} -> {_shown(now)}"
            )


def _lost_level(was: Levels, now: Levels, *, is_long: bool, leaving: int, held: int) -> tuple[Decimal, int] | None:
    """The first level that fewer of the shares held are under than before."""
    for price, _ in was:
        had = min(held, sum(shares for level, shares in was if (level >= price if is_long else level <= price)))
        has = sum(shares for level, shares in now if (level >= price if is_long else level <= price)) + leaving
        if has < had:
            return price, had - has
    return None


def _shown(levels: Levels) -> str:
    return ", ".join(f"{shares} at {price}" for price, shares in levels) or "nothing"


def _let_go_of_shares(seen: RunSeen, symbol: str) -> bool:
    """Whether the run itself ended a stop of the symbol by a cancel, or made it smaller for a sale of a part."""
    gone = {order["id"] for order in seen.before["orders"] if order["symbol"] == symbol and is_protection(order)}
    gone |= {order["id"] for order in seen.after["orders"] if order["symbol"] == symbol and order["replaces"] in gone}
    changes = (sent for sent in seen.requests if sent["path"].rsplit("/", 1)[-1] in gone)
    return any(sent["method"] == "DELETE" or '"qty"' in sent["body"] for sent in changes)


def _entries(seen: RunSeen) -> Iterator[Finding]:
    """I3: at most one live entry a symbol."""
    for symbol in symbols(seen.after):
        live = entries(seen.after, symbol)
        if len(live) > 1:
            yield Violation(3, symbol, f"{len(live)} live entries")


def _surplus(seen: RunSeen) -> Iterator[Finding]:
    """I4: what a run leaves never closes more than is held; more than before the run is never right."""
    for symbol in symbols(seen.after):
        was, now = surplus(seen.before, symbol), surplus(seen.after, symbol)
        if now > was:
            yield Violation(4, symbol, f"open orders would close {now} shares beyond those held, {was} before the run")
        # A replacement for fewer shares that waits is all that can be done (ALPACA 3.2).
        left = surplus(seen.after, symbol, to_come=True)
        if left and seen.has_concluded and seen.exit_code == DONE and whole_shares(seen.after, symbol):
            yield Violation(4, symbol, f"exit 0 while open orders would close {left} shares beyond those held")


def _ledger(seen: RunSeen) -> Iterator[Finding]:
    """I5, I7: after a run that concluded, the ledger holds what the broker holds, and no intent is open."""
    if not seen.ledger.is_sound:
        yield Violation(5, None, "the ledger file is damaged")
    if not seen.has_concluded:
        return
    for intent in seen.ledger.unsettled:
        if seen.exit_code == DONE or intent["symbol"] not in seen.alarmed:
            yield Violation(7, intent["symbol"], f"intent {intent['name']} is {intent['state']} after the run")
    unsure = seen.alarmed if seen.exit_code else set()
    for difference in book_differences(seen.ledger, seen.after):
        if difference.symbol not in unsure:
            yield difference


def book_differences(ledger: LedgerImage, state: State) -> Iterator[Violation]:
    """I5: every way in which the ledger's open business is not the broker's."""
    held = positions(state)
    book = {row["symbol"]: Decimal(row["qty"]) * (1 if row["side"] == "buy" else -1) for row in ledger.trades}
    for symbol in sorted(held.keys() | book.keys()):
        if held.get(symbol) != book.get(symbol):
            yield Violation(5, symbol, f"the broker holds {held.get(symbol, 0)}, the ledger {book.get(symbol, 0)}")
    live = {order["id"]: order for order in live_orders(state)}
    for kind, rows in (("stop", ledger.stops), ("entry", ledger.entries), ("exit", ledger.exits)):
        yield from _row_differences(kind, rows, live)
    known = {row["order_id"] for row in (*ledger.stops, *ledger.entries, *ledger.exits)}
    for order in live.values():
        if is_ours(order) and order["id"] not in known:
            words = f"{order['client_order_id']} is live at the broker, and the ledger has no open row for it"
            yield Violation(5, order["symbol"], words)


def _row_differences(kind: str, rows: tuple[Row, ...], live: Mapping[str, Mapping[str, Any]]) -> Iterator[Violation]:
    for row in rows:
        order = live.get(row["order_id"])
        if order is None:
            yield Violation(5, row["symbol"], f"the ledger's {kind} {row['order_id']} is not live at the broker")
            continue
        for column in ("qty", "stop_price") if kind == "stop" else ("qty",):
            if Decimal(row[column]) != Decimal(order[column]):
                words = f"{kind} {row['order_id']}: {column} {row[column]} in the ledger, {order[column]} at the broker"
                yield Violation(5, row["symbol"], words)


def _exit_code(seen: RunSeen) -> Iterator[Finding]:
    """I10: 0 exactly when everything is covered, settled and without alarm."""
    if seen.exit_code not in (0, 1, 3, 4, 5, KILLED, 130):
        yield Violation(10, None, f"the run ended with {seen.exit_code}")
    if not seen.has_concluded:
        return
    findings = (seen.document or {})["findings"]
    needs = [symbol for symbol in positions(seen.after) if bare_shares(seen.after, symbol)]
    needs += [finding["code"] for finding in findings if finding["severity"] == "alarm" or finding["code"] in ASIDE]
    if seen.exit_code == DONE and needs:
        yield Violation(10, None, f"exit 0 in spite of {', '.join(needs)}")
    if seen.exit_code == NEEDS_THE_TRADER and not needs and not _has_fraction(seen.after):
        yield Violation(10, None, "exit 1, and nothing needs the trader")


def _has_fraction(state: State) -> bool:
    return any(qty % 1 for qty in positions(state).values())


def _halt(seen: RunSeen) -> Iterator[Finding]:
    """I11: while halted, neither an entry nor a profit sale is sent."""
    if not seen.was_halted:
        return
    old = {order["id"] for order in seen.before["orders"]}
    for order in seen.after["orders"]:
        if order["id"] not in old and purpose_of(order["client_order_id"]) in ("entry", "exit"):
            words = f"{order['client_order_id']} for {remaining(order)} shares was sent while halted"
            yield Violation(11, order["symbol"], words)


EVERY_ENDING: tuple[Callable[[RunSeen], Iterator[Finding]], ...] = (
    _coverage,
    _no_less_than_before,
    _entries,
    _surplus,
    _ledger,
    _exit_code,
    _halt,
)


def judge_silence(before: State, after: State) -> list[Finding]:
    """I8: a second clean run sends nothing."""
    sent = after["requests"]["mutations"][len(before["requests"]["mutations"]) :]
    return [Violation(8, None, f"a second clean run sent {row['method']} {row['path']} {row['body']}") for row in sent]


def end_state(state: State) -> dict[str, tuple[Any, ...]]:
    """What is left of each symbol, ids and ways there apart: shares, and live orders as what they would do."""
    held = positions(state)
    return {symbol: (held.get(symbol, Decimal(0)), *_outlook(state, symbol)) for symbol in symbols(state)}


def _outlook(state: State, symbol: str) -> list[tuple[str, ...]]:
    rows = []
    for order in live_orders(state, symbol):
        prices = [
            str(Decimal(order[name]).normalize()) if order[name] else "" for name in ("stop_price", "limit_price")
        ]
        standing = "hanging" if order["status"] == "pending_cancel" else "live"
        rows.append((order["type"], order["side"], str(remaining(order).normalize()), *prices, standing))
    return sorted(rows)


def judge_end(
    after: State, wanted: list[dict[str, tuple[Any, ...]]], *, but: frozenset[str] = frozenset()
) -> list[Finding]:
    """I7 (I9 with `but`): the end is one an undisturbed evening could have come to; symbols in `but` apart."""
    end = end_state(after)
    found: list[Finding] = []
    for symbol in sorted(end.keys() - but):
        ends = [other.get(symbol, (Decimal(0),)) for other in wanted]
        if end[symbol] not in ends:
            words = f"it ends as {_told(end[symbol])}, undisturbed as {' or '.join(map(_told, ends[:2]))}"
            found.append(Violation(9 if but else 7, symbol, words))
    return found


def _told(end: tuple[Any, ...]) -> str:
    return f"{end[0]} shares {[' '.join(order) for order in end[1:]]}"
