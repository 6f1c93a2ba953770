"""Schema 8, the business: the account, entries, stops, sales, trades, and what is owed, asked or halted."""

from sqlite_utils import Database

from .checks_v8 import (  # noqa: TID252 - the folder goes by two names
    APPROVAL_STATES,
    ENDED_STATUSES,
    EXIT_REASONS,
    INTENT_STATES,
    MODES,
    ORDER_STATUSES,
    OWED_KINDS,
    PURPOSES,
    SIDES,
    amounts,
    booleans,
    days,
    json_of,
    listed,
    one_of,
    positive,
    times,
)

ACCOUNT = f"""
CREATE TABLE account (
  -- The one broker account this ledger belongs to.
  id INTEGER PRIMARY KEY CHECK (id = 1), -- always 1
  account_id TEXT NOT NULL CHECK (account_id <> ''), -- the broker's id
  account_number TEXT NOT NULL, -- the number a person knows the account by
  mode TEXT NOT NULL, -- sim, paper or live
  bound_at TEXT NOT NULL, -- first contact
  {one_of("mode", MODES)},
  {times("bound_at")}
) STRICT
"""

TRADES = f"""
CREATE TABLE trades (
  -- A position from its opening to its close; one R is the distance from entry to first stop.
  id INTEGER PRIMARY KEY,
  symbol TEXT NOT NULL CHECK (symbol <> ''),
  side TEXT NOT NULL, -- buy: long, sell: short
  qty TEXT NOT NULL, -- shares
  entry_price TEXT NOT NULL, -- dollars
  first_stop_price TEXT NOT NULL, -- dollars
  highest_stop_price TEXT NOT NULL, -- dollars; the tightest stop there ever was (for a short, the lowest)
  opened_at TEXT NOT NULL, -- first fill, or adoption
  asset_id TEXT NOT NULL, -- the broker's id of the asset, which outlives a change of symbol
  is_adopted INTEGER NOT NULL, -- 1: Sentinel did not open it
  is_breached INTEGER NOT NULL, -- 1: the price had run through the planned stop
  exit_price TEXT, -- dollars; empty for a close nobody saw
  closed_at TEXT, -- empty: still held
  exit_reason TEXT, -- why it ended
  exit_order_id TEXT, -- the order that ended it
  is_open INTEGER GENERATED ALWAYS AS (closed_at IS NULL) VIRTUAL, -- 1: still held
  {one_of("side", SIDES)},
  {one_of("exit_reason", EXIT_REASONS)},
  {amounts("qty", "entry_price", "first_stop_price", "highest_stop_price", "exit_price")},
  CHECK (closed_at IS NOT NULL OR CAST(qty AS REAL) > 0),
  CHECK ((closed_at IS NULL) = (exit_reason IS NULL)),
  {times("opened_at", "closed_at")},
  {booleans("is_adopted", "is_breached")}
) STRICT
"""

ENTRY_ORDERS = f"""
CREATE TABLE entry_orders (
  -- Orders that open a position.
  client_order_id TEXT PRIMARY KEY NOT NULL CHECK (client_order_id <> ''), -- Sentinel's name for it
  order_id TEXT NOT NULL UNIQUE CHECK (order_id <> ''), -- the broker's name for it
  symbol TEXT NOT NULL CHECK (symbol <> ''),
  side TEXT NOT NULL, -- buy: long, sell: short
  qty TEXT NOT NULL, -- shares
  limit_price TEXT NOT NULL, -- dollars
  stop_price TEXT NOT NULL, -- dollars; the stop sent with it
  status TEXT NOT NULL, -- as the broker last told it
  submitted_at TEXT NOT NULL, -- sent
  filled_qty TEXT NOT NULL, -- shares
  filled_avg_price TEXT, -- dollars
  filled_at TEXT, -- last fill
  trade_id INTEGER REFERENCES trades (id), -- the trade it opened
  is_open INTEGER GENERATED ALWAYS AS (status NOT IN {listed(ENDED_STATUSES)}) VIRTUAL, -- 1: may still fill
  {one_of("side", SIDES)},
  {one_of("status", ORDER_STATUSES)},
  {amounts("qty", "limit_price", "stop_price", "filled_qty", "filled_avg_price")},
  {positive("qty")},
  {times("submitted_at", "filled_at")}
) STRICT
"""

STOP_LOSS_ORDERS = f"""
CREATE TABLE stop_loss_orders (
  -- Stops, resting or gone; the chain of `replaces` is the life of a stop.
  order_id TEXT PRIMARY KEY NOT NULL CHECK (order_id <> ''), -- the broker's name for it
  client_order_id TEXT NOT NULL, -- Sentinel's name for it, or the broker's own for the leg of an entry
  symbol TEXT NOT NULL CHECK (symbol <> ''),
  side TEXT NOT NULL, -- sell protects a long position, buy a short one
  qty TEXT NOT NULL, -- shares
  stop_price TEXT NOT NULL, -- dollars
  status TEXT NOT NULL, -- as the broker last told it
  submitted_at TEXT NOT NULL, -- sent
  reason TEXT NOT NULL, -- why it exists
  is_leg INTEGER NOT NULL, -- 1: hangs on its entry
  expires_at TEXT, -- when the broker lets it lapse
  replaces TEXT, -- order_id of the stop it took over from
  filled_qty TEXT NOT NULL, -- shares
  filled_avg_price TEXT, -- dollars
  filled_at TEXT, -- last fill
  trade_id INTEGER REFERENCES trades (id), -- the trade it protects; empty until the entry has filled
  is_open INTEGER GENERATED ALWAYS AS (status NOT IN {listed(ENDED_STATUSES)}) VIRTUAL, -- 1: still resting
  {one_of("side", SIDES)},
  {one_of("status", ORDER_STATUSES)},
  {amounts("qty", "stop_price", "filled_qty", "filled_avg_price")},
  {positive("qty")},
  {times("submitted_at", "expires_at", "filled_at")},
  {booleans("is_leg")}
) STRICT
"""

EXIT_ORDERS = f"""
CREATE TABLE exit_orders (
  -- Sales, and buys that cover a short.
  client_order_id TEXT PRIMARY KEY NOT NULL CHECK (client_order_id <> ''), -- Sentinel's name for it
  order_id TEXT NOT NULL UNIQUE CHECK (order_id <> ''), -- the broker's name for it
  symbol TEXT NOT NULL CHECK (symbol <> ''),
  side TEXT NOT NULL, -- sell ends a long position, buy a short one
  qty TEXT NOT NULL, -- shares
  status TEXT NOT NULL, -- as the broker last told it
  submitted_at TEXT NOT NULL, -- sent
  reason TEXT NOT NULL, -- why
  filled_qty TEXT NOT NULL, -- shares
  filled_avg_price TEXT, -- dollars
  filled_at TEXT, -- last fill
  trade_id INTEGER REFERENCES trades (id), -- the trade it ends
  is_open INTEGER GENERATED ALWAYS AS (status NOT IN {listed(ENDED_STATUSES)}) VIRTUAL, -- 1: may still fill
  {one_of("side", SIDES)},
  {one_of("status", ORDER_STATUSES)},
  {one_of("reason", EXIT_REASONS)},
  {amounts("qty", "filled_qty", "filled_avg_price")},
  {positive("qty")},
  {times("submitted_at", "filled_at")}
) STRICT
"""

ENTRY_STOP_PAIRS = f"""
CREATE TABLE entry_stop_pairs (
  -- Which stop was sent with which entry.
  entry_client_order_id TEXT NOT NULL REFERENCES entry_orders (client_order_id), -- the entry
  stop_order_id TEXT NOT NULL REFERENCES stop_loss_orders (order_id), -- its stop
  paired_at TEXT NOT NULL, -- written down
  PRIMARY KEY (entry_client_order_id, stop_order_id),
  {times("paired_at")}
) STRICT
"""

OWED = f"""
CREATE TABLE owed (
  -- What the broker would not take tonight and every later run retries.
  kind TEXT NOT NULL, -- raise or exit
  symbol TEXT NOT NULL CHECK (symbol <> ''),
  price TEXT NOT NULL, -- dollars
  qty TEXT NOT NULL, -- shares
  reason TEXT NOT NULL, -- why it was refused
  since TEXT NOT NULL, -- the session of the first refusal
  tried_on TEXT NOT NULL, -- the session of the latest one
  evenings INTEGER NOT NULL CHECK (evenings > 0), -- how many evenings it has waited
  PRIMARY KEY (kind, symbol),
  {one_of("kind", OWED_KINDS)},
  {amounts("price", "qty")},
  {positive("qty")},
  {days("since", "tried_on")}
) STRICT
"""

APPROVALS = f"""
CREATE TABLE approvals (
  -- Questions to the trader and their answers.
  id INTEGER PRIMARY KEY,
  symbol TEXT NOT NULL CHECK (symbol <> ''),
  kind TEXT NOT NULL CHECK (kind <> ''), -- what is asked
  qty TEXT NOT NULL, -- shares to sell
  price_shown TEXT NOT NULL, -- dollars; the price the answer is based on
  because TEXT NOT NULL, -- why it is asked
  session TEXT NOT NULL, -- the trading day it was asked on
  asked_at TEXT NOT NULL, -- asked
  expires_at TEXT NOT NULL, -- no answer counts after this
  state TEXT NOT NULL, -- where it stands
  decided_at TEXT, -- last change of state
  is_open INTEGER GENERATED ALWAYS AS (state IN ('waiting', 'approved')) VIRTUAL, -- 1: to be answered or to be done
  {one_of("state", APPROVAL_STATES)},
  {amounts("qty", "price_shown")},
  {positive("qty")},
  {days("session")},
  {times("asked_at", "expires_at", "decided_at")}
) STRICT
"""

HALTS = f"""
CREATE TABLE halts (
  -- Times without entries and profit sales, by the trader's order.
  id INTEGER PRIMARY KEY,
  reason TEXT NOT NULL CHECK (reason <> ''), -- why it was halted
  halted_at TEXT NOT NULL, -- from
  resumed_at TEXT, -- to; empty: halted now
  resume_reason TEXT, -- why it was resumed
  {times("halted_at", "resumed_at")},
  CHECK ((resumed_at IS NULL) = (resume_reason IS NULL))
) STRICT
"""

INTENTS = f"""
CREATE TABLE intents (
  -- Every request that changes something at the broker, written down before it is sent.
  id INTEGER PRIMARY KEY,
  run_id INTEGER REFERENCES runs (id), -- the run that wanted it
  name TEXT NOT NULL CHECK (name <> ''), -- the client order id, where the request carries one
  symbol TEXT NOT NULL,
  purpose TEXT NOT NULL, -- why
  verb TEXT NOT NULL CHECK (verb <> ''), -- what
  params TEXT NOT NULL, -- how, as JSON
  precondition TEXT NOT NULL, -- what had to be true
  because TEXT NOT NULL, -- why, in words
  target_order_id TEXT, -- the order it changes
  state TEXT NOT NULL, -- planned and sent are unfinished
  order_id TEXT, -- the order it made
  detail TEXT NOT NULL, -- what the broker said
  sends INTEGER NOT NULL DEFAULT 0 CHECK (sends >= 0), -- times it went out
  planned_at TEXT NOT NULL, -- written down
  sent_at TEXT, -- about to go out, for the last time
  settled_at TEXT, -- outcome known
  is_unfinished INTEGER GENERATED ALWAYS AS (state IN ('planned', 'sent')) VIRTUAL, -- 1: outcome unknown
  {one_of("purpose", PURPOSES)},
  {one_of("state", INTENT_STATES)},
  {json_of("params", "object")},
  {times("planned_at", "sent_at", "settled_at")},
  -- What the broker confirmed had been sent, and what was sent had been written down.
  CHECK (state NOT IN ('sent', 'confirmed') OR sent_at IS NOT NULL),
  CHECK ((settled_at IS NULL) = (state IN ('planned', 'sent')))
) STRICT
"""

INDICES = (
    "CREATE UNIQUE INDEX one_open_trade_a_symbol ON trades (symbol) WHERE is_open",
    "CREATE UNIQUE INDEX one_unfinished_intent_a_name ON intents (name) WHERE is_unfinished",
    "CREATE UNIQUE INDEX one_unfinished_entry_a_symbol ON intents (symbol) WHERE is_unfinished AND purpose = 'entry'",
    "CREATE UNIQUE INDEX one_open_question_a_symbol ON approvals (symbol, kind) WHERE is_open",
    "CREATE UNIQUE INDEX one_halt_at_a_time ON halts ((1)) WHERE resumed_at IS NULL",
    "CREATE INDEX trades_by_symbol ON trades (symbol, opened_at)",
    "CREATE INDEX trades_by_close ON trades (closed_at) WHERE closed_at IS NOT NULL",
    "CREATE INDEX intents_by_name ON intents (name)",
    "CREATE INDEX intents_by_symbol ON intents (symbol, purpose)",
    "CREATE INDEX intents_by_run ON intents (run_id)",
    "CREATE INDEX entries_open ON entry_orders (symbol, submitted_at) WHERE is_open",
    "CREATE INDEX entries_by_symbol ON entry_orders (symbol, submitted_at)",
    "CREATE INDEX entries_by_day ON entry_orders (DATE(submitted_at))",
    "CREATE INDEX entries_by_trade ON entry_orders (trade_id) WHERE trade_id IS NOT NULL",
    "CREATE INDEX stops_open ON stop_loss_orders (symbol, submitted_at) WHERE is_open",
    "CREATE INDEX stops_by_symbol ON stop_loss_orders (symbol, submitted_at)",
    "CREATE INDEX stops_by_day ON stop_loss_orders (DATE(submitted_at))",
    "CREATE INDEX stops_by_trade ON stop_loss_orders (trade_id) WHERE trade_id IS NOT NULL",
    "CREATE INDEX stops_by_name ON stop_loss_orders (client_order_id)",
    "CREATE INDEX pairs_by_stop ON entry_stop_pairs (stop_order_id)",
    "CREATE INDEX exits_open ON exit_orders (symbol, submitted_at) WHERE is_open",
    "CREATE INDEX exits_by_symbol ON exit_orders (symbol, submitted_at)",
    "CREATE INDEX exits_by_day ON exit_orders (DATE(submitted_at))",
    "CREATE INDEX exits_by_trade ON exit_orders (trade_id) WHERE trade_id IS NOT NULL",
    "CREATE INDEX approvals_by_session ON approvals (session)",
    "CREATE INDEX approvals_by_state ON approvals (state)",
)

TABLES = (
    ACCOUNT,
    TRADES,
    ENTRY_ORDERS,
    STOP_LOSS_ORDERS,
    EXIT_ORDERS,
    ENTRY_STOP_PAIRS,
    OWED,
    APPROVALS,
    HALTS,
    INTENTS,
)


def migrate(db: Database) -> None:
    """Create the tables and their indices."""
    for statement in (*TABLES, *INDICES):
        db.execute(statement.strip())
