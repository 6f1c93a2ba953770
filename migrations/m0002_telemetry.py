"""Schema 8, what is kept about the work: runs, their deeds, findings and proofs, equity, bars and the audit."""

from sqlite_utils import Database

from .checks_v8 import (  # noqa: TID252 - the folder goes by two names
    COVERAGE_STATES,
    DEED_OUTCOMES,
    SEVERITIES,
    SIDES,
    SOURCES,
    amounts,
    days,
    json_of,
    one_of,
    signed_amounts,
    times,
)

RUNS = f"""
CREATE TABLE runs (
  -- One command at work; `runs` and the age of the last run come from here.
  id INTEGER PRIMARY KEY,
  command TEXT NOT NULL CHECK (command <> ''), -- as typed
  source TEXT NOT NULL, -- hand, cron or api
  session TEXT, -- the trading day the run belongs to
  as_of TEXT, -- the broker's clock at the first look
  started_at TEXT NOT NULL, -- begun
  looked_at TEXT, -- the look the coverage was proven by
  ended_at TEXT, -- empty: still at work, or killed
  exit_code INTEGER, -- what the command ended with
  requests INTEGER CHECK (requests >= 0), -- requests sent to the broker
  {one_of("source", SOURCES)},
  {days("session")},
  {times("as_of", "started_at", "looked_at", "ended_at")},
  CHECK ((ended_at IS NULL) = (exit_code IS NULL))
) STRICT
"""

RUN_STEPS = f"""
CREATE TABLE run_steps (
  -- One step of a run.
  id INTEGER PRIMARY KEY,
  run_id INTEGER NOT NULL REFERENCES runs (id), -- the run
  step TEXT NOT NULL CHECK (step <> ''), -- its name
  recorded_at TEXT NOT NULL, -- when it was over
  {times("recorded_at")}
) STRICT
"""

DEEDS = f"""
CREATE TABLE deeds (
  -- One action of a step and how it ended.
  id INTEGER PRIMARY KEY,
  run_step_id INTEGER NOT NULL REFERENCES run_steps (id), -- the step
  step TEXT NOT NULL, -- the step that decided it
  verb TEXT NOT NULL CHECK (verb <> ''), -- what was done
  symbol TEXT NOT NULL,
  outcome TEXT NOT NULL, -- how it ended
  because TEXT NOT NULL, -- why it was decided
  detail TEXT NOT NULL, -- what the broker said
  qty TEXT, -- shares
  price TEXT, -- dollars
  order_id TEXT, -- the broker's order
  {one_of("outcome", DEED_OUTCOMES)},
  {signed_amounts("qty", "price")}
) STRICT
"""

FINDINGS = f"""
CREATE TABLE findings (
  -- What a run noticed and a person should know.
  id INTEGER PRIMARY KEY,
  run_id INTEGER NOT NULL REFERENCES runs (id), -- the run
  code TEXT NOT NULL CHECK (code <> ''), -- its name, for programs
  severity TEXT NOT NULL, -- info, warning or alarm
  symbol TEXT, -- empty: the whole account
  message TEXT NOT NULL, -- for people
  remedy TEXT NOT NULL, -- what to do about it
  {one_of("severity", SEVERITIES)}
) STRICT
"""

COVERAGE = f"""
CREATE TABLE coverage (
  -- The proof a run ended with: for every position, the shares under an active stop.
  run_id INTEGER NOT NULL REFERENCES runs (id), -- the run
  symbol TEXT NOT NULL,
  qty TEXT NOT NULL, -- shares held
  protected_qty TEXT NOT NULL, -- of them under an active stop
  state TEXT NOT NULL, -- is it protected?
  stop_price TEXT, -- dollars
  stop_order_ids TEXT NOT NULL, -- the broker's orders, as JSON
  expires_at TEXT, -- when the first of them lapses
  reason TEXT NOT NULL, -- why the two quantities differ, if they do
  side TEXT NOT NULL, -- the side of its entry: buy for a long position
  entry_price TEXT, -- dollars
  last_price TEXT, -- dollars, at the look
  PRIMARY KEY (run_id, symbol),
  {one_of("state", COVERAGE_STATES)},
  {one_of("side", SIDES)},
  {json_of("stop_order_ids", "array")},
  {amounts("qty", "protected_qty", "stop_price", "entry_price", "last_price")},
  {times("expires_at")}
) STRICT
"""

EQUITY = f"""
CREATE TABLE equity (
  -- The account's worth at each evening's look.
  day TEXT PRIMARY KEY NOT NULL, -- the trading day
  equity TEXT NOT NULL, -- dollars
  cash TEXT NOT NULL, -- dollars
  {days("day")},
  {signed_amounts("equity", "cash")}
) STRICT
"""

BARS = f"""
CREATE TABLE bars (
  -- Daily prices, as the broker told them on the evening.
  symbol TEXT NOT NULL CHECK (symbol <> ''),
  day TEXT NOT NULL, -- the trading day
  open TEXT NOT NULL, -- dollars
  high TEXT NOT NULL, -- dollars
  low TEXT NOT NULL, -- dollars
  close TEXT NOT NULL, -- dollars
  volume INTEGER NOT NULL CHECK (volume >= 0), -- shares
  PRIMARY KEY (symbol, day),
  {days("day")},
  {amounts("open", "high", "low", "close")}
) STRICT
"""

AUDIT = f"""
CREATE TABLE audit (
  -- What happened, in the order it happened; only ever added to, each row sealed with the one before it.
  id INTEGER PRIMARY KEY AUTOINCREMENT, -- 1, 2, 3 without a gap
  at TEXT NOT NULL, -- when
  event TEXT NOT NULL CHECK (event <> ''), -- what
  symbol TEXT, -- empty: the whole account
  detail TEXT NOT NULL, -- in words
  previous_hash TEXT NOT NULL, -- the hash of the row before, empty in the first
  hash TEXT NOT NULL UNIQUE CHECK (length(hash) = 64), -- SHA-256 of this row
  {times("at")}
) STRICT
"""

INDICES = (
    "CREATE INDEX steps_by_run ON run_steps (run_id)",
    "CREATE INDEX deeds_by_step ON deeds (run_step_id)",
    "CREATE INDEX deeds_by_symbol ON deeds (symbol)",
    "CREATE INDEX findings_by_run ON findings (run_id)",
    "CREATE INDEX runs_by_look ON runs (looked_at) WHERE looked_at IS NOT NULL",
    "CREATE INDEX audit_by_symbol ON audit (symbol) WHERE symbol IS NOT NULL",
)

TRIGGERS = (
    """
CREATE TRIGGER audit_is_never_changed BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit is only ever added to'); END
""",
    """
CREATE TRIGGER audit_is_never_cut BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit is only ever added to'); END
""",
    """
CREATE TRIGGER audit_follows_its_last_row BEFORE INSERT ON audit
WHEN NEW.id IS NOT (SELECT COALESCE(MAX(id), 0) + 1 FROM audit)
  OR NEW.previous_hash IS NOT COALESCE((SELECT hash FROM audit ORDER BY id DESC LIMIT 1), '')
BEGIN SELECT RAISE(ABORT, 'an audit row must follow the last one'); END
""",
)

TABLES = (RUNS, RUN_STEPS, DEEDS, FINDINGS, COVERAGE, EQUITY, BARS, AUDIT)


def migrate(db: Database) -> None:
    """Create the tables and their indices, and the guards of the audit."""
    for statement in (*TABLES, *INDICES, *TRIGGERS):
        db.execute(statement.strip())
