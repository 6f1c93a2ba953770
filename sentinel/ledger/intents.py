"""Intents: what was about to be sent, written down first, and what became of it."""

import json
from collections.abc import Iterable
from datetime import date, datetime

from sentinel.domain.book import Intent, IntentState
from sentinel.domain.names import PREFIX, Purpose, account_tag, read_order_name
from sentinel.ledger.audit import Audit
from sentinel.ledger.ledger_file import RowRefused
from sentinel.ledger.rows import from_row, read_time, to_cell, to_row

# The plus makes SQLite take the index of the few unfinished and sort those, not walk the whole history in order.
UNSETTLED = "SELECT * FROM intents WHERE is_unfinished ORDER BY +id"
LATEST_NAMED = "SELECT * FROM intents WHERE name = ? ORDER BY id DESC LIMIT 1"
CANCELS = "SELECT name FROM intents WHERE symbol = ? AND purpose = 'cancel'"
CANCELLED = """SELECT intents.target_order_id, COALESCE(runs.as_of, intents.settled_at) AS at
               FROM intents LEFT JOIN runs ON runs.id = intents.run_id
               WHERE intents.symbol = ? AND intents.purpose = 'cancel' AND intents.state = 'confirmed'
               ORDER BY intents.id"""
TARGETED = """SELECT DISTINCT target_order_id FROM intents
              WHERE symbol IN (SELECT symbol FROM stop_loss_orders WHERE is_open)
                AND purpose = ? AND target_order_id IS NOT NULL AND state <> 'rejected'"""
UNSHRINKABLE = """SELECT intents.target_order_id FROM intents JOIN runs ON runs.id = intents.run_id
                  WHERE intents.symbol IN (SELECT symbol FROM stop_loss_orders WHERE is_open)
                    AND intents.purpose = 'raise' AND intents.verb = 'shrink_stop' AND intents.state = 'rejected'
                    AND intents.target_order_id IS NOT NULL AND runs.session = ?"""
ENTERED = """SELECT DISTINCT name FROM intents
             WHERE name >= ? AND name < ? AND purpose = 'entry' AND state IN ('sent', 'confirmed')"""
UNHEARD = """SELECT value AS name FROM json_each(?)
             WHERE NOT EXISTS (SELECT 1 FROM intents WHERE intents.name = json_each.value)"""
OF_SYMBOL = "SELECT * FROM intents WHERE symbol = ? ORDER BY id"


class Intents(Audit):
    """The intents of the ledger; a name may come again once its intent was settled, never while it is unfinished."""

    def plan_intent(self, intent: Intent, run_id: int | None) -> None:
        """Write an intent down as planned.

        RowRefused while another of its name, or another entry in its symbol, is unfinished.
        """
        row = {**to_row(intent), "state": IntentState.PLANNED.value}
        self._insert("intents", {**row, "run_id": run_id, "planned_at": to_cell(self._now())})

    def mark_sent(self, name: str) -> None:
        """Note that the request goes out now; every sending of the same intent counts."""
        changed = self._write(
            "UPDATE intents SET state = 'sent', sends = sends + 1, sent_at = ? WHERE name = ? AND is_unfinished",
            (to_cell(self._now()), name),
        )
        self._refuse_unless(bool(changed), name)

    def settle_intent(self, name: str, state: IntentState, order_id: str | None, detail: str) -> None:
        """Note the outcome, in the audit too; the same one twice is one, RowRefused for a second that differs."""
        with self.transaction():
            known = self._row(LATEST_NAMED, (name,))
            self._refuse_unless(known is not None, name)
            if known is not None and not known["is_unfinished"] and known["state"] == state:
                return
            changed = self._write(
                "UPDATE intents SET state = ?, order_id = ?, detail = ?, settled_at = ?"
                " WHERE name = ? AND is_unfinished",
                (state.value, order_id, detail, to_cell(self._now()), name),
            )
            self._refuse_unless(bool(changed), name)
            symbol = known["symbol"] if known else None
            self.audit(f"intent_{state}", symbol, " ".join(filter(None, (name, order_id, detail))))

    def unsettled_intents(self) -> tuple[Intent, ...]:
        """Intents an earlier run left open, oldest first."""
        return tuple(from_row(Intent, row) for row in self._rows(UNSETTLED))

    def intent(self, name: str) -> Intent | None:
        """The latest intent of a name."""
        row = self._row(LATEST_NAMED, (name,))
        return from_row(Intent, row) if row else None

    def intents_of(self, symbol: str) -> tuple[Intent, ...]:
        """Every intent in a symbol, oldest first."""
        return tuple(from_row(Intent, row) for row in self._rows(OF_SYMBOL, (symbol,)))

    def cancelled_at(self, symbol: str) -> dict[str, datetime]:
        """When a run had an order cancelled, by order id: the broker's clock at that run's look.

        What the broker ended by itself is not among them.
        """
        return {row["target_order_id"]: read_time(row["at"]) for row in self._rows(CANCELLED, (symbol,))}

    def targeted_by(self, purpose: Purpose) -> frozenset[str]:
        """Orders in symbols with an open stop that an intent asked to change; what the broker refused is left out."""
        return frozenset(row["target_order_id"] for row in self._rows(TARGETED, (purpose.value,)))

    def unshrinkable(self, session: date) -> frozenset[str]:
        """Stops the broker refused to make smaller in a session."""
        return frozenset(row["target_order_id"] for row in self._rows(UNSHRINKABLE, (to_cell(session),)))

    def entered_on(self, day: date, account_id: str) -> frozenset[str]:
        """The names of the entries of a session that were sent, and that the broker has not refused."""
        stem = f"{PREFIX}-{account_tag(account_id)}-{day:%Y%m%d}"
        return frozenset(
            row["name"] for row in self._rows(ENTERED, (f"{stem}-", f"{stem}."))
        )  # the dot follows the dash

    def unheard_among(self, names: Iterable[str]) -> frozenset[str]:
        """Those of the names no intent has ever had."""
        return frozenset(row["name"] for row in self._rows(UNHEARD, (json.dumps(sorted(names)),)))

    def next_cancel_number(self, symbol: str, day: date) -> int:
        """The attempt the next cancel in a symbol on a day carries: the broker never sees these names."""
        names = (read_order_name(row["name"]) for row in self._rows(CANCELS, (symbol,)))
        taken = [name.attempt for name in names if name and name.day == day and name.purpose is Purpose.CANCEL]
        return max(taken, default=0) + 1

    def _refuse_unless(self, is_unfinished: bool, name: str) -> None:
        if not is_unfinished:
            raise RowRefused(f"no unfinished intent is called {name}", "run again; if it comes back, report a bug")
