"""Schema 8, whose hand it was: who ended a stop, who halted, whether an adopted trade was named, how rescues went."""

from sqlite_utils import Database

from .checks_v8 import booleans, one_of, times  # noqa: TID252 - the folder goes by two names

ENDED_BY = ("sentinel", "trader", "broker")
HALTED_BY = ("trader", "sentinel")

# SQLite puts an added column at the end of the line of the last one: its meaning stands in the middle, on that line.
COLUMNS = (
    f"trades ADD COLUMN named_at /* when the trader took an adopted position for his own */ TEXT {times('named_at')}",
    "trades ADD COLUMN is_ignored /* 1: protected, but never raised and never offered */ INTEGER NOT NULL DEFAULT 0"
    f" {booleans('is_ignored')}",
    "stop_loss_orders ADD COLUMN ended_by /* whose hand ended it, where it did not fill */ TEXT"
    f" {one_of('ended_by', ENDED_BY)}",
    f"halts ADD COLUMN set_by /* whose hand set it */ TEXT NOT NULL DEFAULT 'trader' {one_of('set_by', HALTED_BY)}",
)
RESCUES = "CREATE INDEX deeds_of_rescues ON deeds (symbol) WHERE verb = 'place_stop'"

V_RESCUES = """
CREATE VIEW v_rescues AS
  -- How the rescues of each symbol went, over all runs, and what the broker said to the last one that failed.
  WITH tried AS (
    SELECT deed.id, deed.symbol, deed.outcome, deed.detail, step.run_id
    FROM deeds AS deed
    JOIN run_steps AS step ON step.id = deed.run_step_id
    WHERE deed.verb = 'place_stop' AND deed.outcome IN ('done', 'refused', 'unresolved')
  )
  SELECT symbol, COUNT(*) AS attempted, SUM(outcome = 'done') AS ok, SUM(outcome <> 'done') AS failed,
    MAX(run_id) AS last_run_id,
    (SELECT failure.detail FROM tried AS failure
      WHERE failure.symbol = tried.symbol AND failure.outcome <> 'done' ORDER BY failure.id DESC LIMIT 1) AS last_error
  FROM tried
  GROUP BY symbol
"""


def migrate(db: Database) -> None:
    """Add the columns, the index and the view."""
    for column in COLUMNS:
        db.execute(f"ALTER TABLE {column}")
    db.execute(RESCUES)
    db.execute(V_RESCUES.strip())
