"""What may be signs of danger, counted over the latest runs: rescues, refusals, bad endings."""

import json
from datetime import date, timedelta

from sentinel.domain.book import RunEnding, Trouble
from sentinel.ledger.ledger_file import LedgerFile
from sentinel.ledger.rows import to_cell

# More than any policy counts.
LONGEST_WINDOW = timedelta(days=100)
MOST_RUNS = 60

RESUMED_AT = "SELECT MAX(resumed_at) AS at FROM halts"
ENDINGS = """SELECT id, exit_code,
               (SELECT json_group_array(code) FROM findings WHERE run_id = runs.id AND severity = 'alarm') AS alarms,
               EXISTS (SELECT 1 FROM coverage WHERE run_id = runs.id AND state <> 'pending'
                 AND CAST(qty AS INTEGER) > CAST(protected_qty AS INTEGER)) AS is_bare
             FROM runs WHERE started_at > ? AND id <> ? ORDER BY id DESC LIMIT ?"""
# Shares that have just come, or come in new units, are not in trouble.
RESCUES = """SELECT DISTINCT deeds.symbol, runs.id, runs.session
             FROM deeds JOIN run_steps ON run_steps.id = deeds.run_step_id JOIN runs ON runs.id = run_steps.run_id
             WHERE deeds.verb = 'place_stop' AND deeds.outcome IN ('done', 'refused', 'unresolved')
               AND runs.started_at > ? AND runs.session >= ?
               AND NOT EXISTS (SELECT 1 FROM deeds AS news JOIN run_steps AS step ON step.id = news.run_step_id
                 WHERE step.run_id = runs.id AND news.symbol = deeds.symbol
                   AND news.verb IN ('adopt_position', 'resize_trade', 'split_trade'))
             ORDER BY runs.id"""
# A raise or a smaller quantity the broker will not take tonight is owed, and no sign of danger; silence always is.
REJECTS = """SELECT runs.session, deeds.verb, deeds.symbol
             FROM runs JOIN run_steps ON run_steps.run_id = runs.id JOIN deeds ON deeds.run_step_id = run_steps.id
             WHERE runs.started_at > ? AND runs.session >= ? AND deeds.detail NOT LIKE 'guard: %'
               AND ((deeds.outcome = 'refused' AND deeds.verb IN
                     ('submit_entry', 'cancel_entry', 'place_stop', 'free_shares', 'cancel_stop', 'close_position'))
                 OR (deeds.outcome = 'unresolved' AND deeds.verb NOT LIKE 'follow_%'))
             ORDER BY deeds.id"""


class Troubles(LedgerFile):
    """The ledger's memory of what went wrong."""

    def trouble(self, today: date, current_run_id: int | None) -> Trouble:
        """What went wrong since entries were last resumed, without the ending of the run that asks."""
        row = self._row(RESUMED_AT)
        resumed_at = (row["at"] if row else None) or ""
        window = (resumed_at, to_cell(today - LONGEST_WINDOW))
        endings = self._rows(ENDINGS, (resumed_at, current_run_id or 0, MOST_RUNS))
        return Trouble(
            endings=tuple(
                RunEnding(row["id"], row["exit_code"], frozenset(json.loads(row["alarms"])), bool(row["is_bare"]))
                for row in endings
            ),
            rescues=tuple(
                (row["symbol"], row["id"], date.fromisoformat(row["session"])) for row in self._rows(RESCUES, window)
            ),
            rejects=tuple(
                (date.fromisoformat(row["session"]), row["verb"], row["symbol"]) for row in self._rows(REJECTS, window)
            ),
        )
