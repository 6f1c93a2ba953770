"""Schema 8, the answers: what is held and locked in, which entries wait, which stops protect nothing."""

from sqlite_utils import Database

V_ACTIVE_POSITIONS = """
CREATE VIEW v_active_positions AS
  -- What is held, at what price it came, where its stop rests and what is locked in there; one row an open trade.
  WITH live_stops AS (
    SELECT stop.symbol, stop.side, CAST(stop.qty AS REAL) - CAST(stop.filled_qty AS REAL) AS shares,
      CAST(stop.stop_price AS REAL) AS price
    FROM stop_loss_orders AS stop
    WHERE stop.is_open
      -- What a trader can rely on (ALPACA 5.1); a leg sleeps in `held` until its entry has filled whole (ALPACA 1.5).
      AND (stop.status IN (
          'new', 'accepted', 'pending_new', 'partially_filled', 'pending_replace', 'accepted_for_bidding'
        ) OR (stop.status = 'held' AND stop.trade_id IS NOT NULL AND NOT EXISTS (
          SELECT 1 FROM entry_stop_pairs AS pair
          JOIN entry_orders AS entry ON entry.client_order_id = pair.entry_client_order_id
          WHERE pair.stop_order_id = stop.order_id AND entry.status <> 'filled'
        )))
  ), held AS (
    SELECT trade.id, trade.symbol, trade.side, CASE trade.side WHEN 'buy' THEN 1 ELSE -1 END AS sign,
      CAST(trade.qty AS REAL) AS shares, CAST(trade.entry_price AS REAL) AS entry_price,
      CAST(trade.first_stop_price AS REAL) AS first_stop_price, trade.opened_at, trade.is_adopted, trade.is_breached
    FROM trades AS trade
    WHERE trade.is_open
  ), guarded AS (
    SELECT held.*, COUNT(stop.price) AS stops, COALESCE(SUM(stop.shares), 0) AS protected_shares,
      -- Of several stops, the one furthest from the market: beyond it nothing is held any more.
      CASE held.side WHEN 'buy' THEN MIN(stop.price) ELSE MAX(stop.price) END AS stop_price,
      -- Stops for more shares than are held lock in no more than those.
      SUM(stop.shares * (stop.price - held.entry_price) * held.sign)
        * MIN(1, held.shares / SUM(stop.shares)) AS locked_in_usd
    FROM held
    LEFT JOIN live_stops AS stop ON stop.symbol = held.symbol AND stop.side <> held.side
    GROUP BY held.symbol -- one trade a symbol is open
  )
  SELECT id AS trade_id, symbol, CASE side WHEN 'buy' THEN 'long' ELSE 'short' END AS direction, shares, entry_price,
    shares * entry_price AS cost_usd, stop_price, stops, MIN(protected_shares, shares) AS protected_shares,
    protected_shares >= shares AS is_protected,
    ROUND(locked_in_usd, 2) AS locked_in_usd,
    ROUND(100 * locked_in_usd / NULLIF(MIN(protected_shares, shares) * entry_price, 0), 2) AS locked_in_pct,
    ROUND((entry_price - first_stop_price) * sign, 4) AS risk_per_share_usd,
    first_stop_price, opened_at, DATE(opened_at) AS opened_on, is_adopted, is_breached
  FROM guarded
"""

V_PENDING_ENTRIES = """
CREATE VIEW v_pending_entries AS
  -- Which entries wait to be filled, and what is lost if they fill and their stop is hit.
  WITH waiting AS (
    SELECT *, CAST(qty AS REAL) - CAST(filled_qty AS REAL) AS shares, CAST(limit_price AS REAL) AS price,
      CAST(stop_price AS REAL) AS stop, CASE side WHEN 'buy' THEN 1 ELSE -1 END AS sign
    FROM entry_orders
    WHERE is_open
  )
  SELECT client_order_id, order_id, symbol, CASE side WHEN 'buy' THEN 'long' ELSE 'short' END AS direction, status,
    shares, CAST(filled_qty AS REAL) AS filled_shares, price AS limit_price, stop AS stop_price,
    ROUND(shares * price, 2) AS cost_usd, ROUND(shares * (price - stop) * sign, 2) AS risk_usd,
    ROUND(100 * (price - stop) * sign / NULLIF(price, 0), 2) AS risk_pct, submitted_at,
    DATE(submitted_at) AS submitted_on,
    (SELECT pair.stop_order_id FROM entry_stop_pairs AS pair
      WHERE pair.entry_client_order_id = waiting.client_order_id
      ORDER BY pair.paired_at DESC LIMIT 1) AS stop_order_id
  FROM waiting
"""

V_ORPHANED_STOPS = """
CREATE VIEW v_orphaned_stops AS
  -- Which resting stops have neither an open position nor a waiting entry to protect.
  SELECT stop.order_id, stop.client_order_id, stop.symbol, stop.side, stop.status,
    CAST(stop.qty AS REAL) - CAST(stop.filled_qty AS REAL) AS shares, CAST(stop.stop_price AS REAL) AS stop_price,
    stop.submitted_at, DATE(stop.submitted_at) AS submitted_on, stop.reason
  FROM stop_loss_orders AS stop
  WHERE stop.is_open
    AND NOT EXISTS (SELECT 1 FROM trades AS trade
      WHERE trade.is_open AND trade.symbol = stop.symbol AND trade.side <> stop.side)
    AND NOT EXISTS (SELECT 1 FROM entry_orders AS entry
      WHERE entry.is_open AND entry.symbol = stop.symbol AND entry.side <> stop.side)
"""

V_CLOSED_TRADES = """
CREATE VIEW v_closed_trades AS
  -- How each trade ended: dollars, percent of the entry price, and R.
  WITH ended AS (
    SELECT *, CASE side WHEN 'buy' THEN 1 ELSE -1 END AS sign, CAST(qty AS REAL) AS shares,
      CAST(entry_price AS REAL) AS entry, CAST(exit_price AS REAL) AS exit, CAST(first_stop_price AS REAL) AS first_stop
    FROM trades
    WHERE closed_at IS NOT NULL
  )
  SELECT id AS trade_id, symbol, CASE side WHEN 'buy' THEN 'long' ELSE 'short' END AS direction, shares,
    entry AS entry_price, exit AS exit_price, ROUND(shares * (exit - entry) * sign, 2) AS gain_usd,
    ROUND(100 * (exit - entry) * sign / NULLIF(entry, 0), 2) AS gain_pct,
    CASE WHEN (entry - first_stop) * sign > 0 THEN ROUND((exit - entry) / (entry - first_stop), 2) END AS r_multiple,
    exit_reason, opened_at, closed_at, DATE(closed_at) AS closed_on,
    CAST(ROUND(JULIANDAY(DATE(closed_at)) - JULIANDAY(DATE(opened_at))) AS INTEGER) AS days_held, is_adopted
  FROM ended
"""

V_RUNS = """
CREATE VIEW v_runs AS
  -- Each run with what it did, what it noticed and what it proved.
  SELECT run.id AS run_id, run.command, run.source, run.session, run.started_at, run.ended_at, run.exit_code,
    run.requests,
    (SELECT COUNT(*) FROM run_steps AS step JOIN deeds AS deed ON deed.run_step_id = step.id
      WHERE step.run_id = run.id AND deed.outcome = 'done') AS deeds_done,
    (SELECT COUNT(*) FROM run_steps AS step JOIN deeds AS deed ON deed.run_step_id = step.id
      WHERE step.run_id = run.id AND deed.outcome IN ('refused', 'unresolved')) AS deeds_failed,
    (SELECT COUNT(*) FROM findings AS finding
      WHERE finding.run_id = run.id AND finding.severity = 'alarm') AS alarms,
    (SELECT COUNT(*) FROM coverage WHERE coverage.run_id = run.id) AS positions,
    (SELECT COUNT(*) FROM coverage
      WHERE coverage.run_id = run.id AND coverage.state IN ('protected', 'protected_old_level')) AS protected_positions
  FROM runs AS run
"""

VIEWS = (V_ACTIVE_POSITIONS, V_PENDING_ENTRIES, V_ORPHANED_STOPS, V_CLOSED_TRADES, V_RUNS)


def migrate(db: Database) -> None:
    """Create the views and number the schema."""
    for statement in VIEWS:
        db.execute(statement.strip())
    # The letters SNTL mark the file as a ledger of Sentinel; both numbers are part of the transaction.
    db.execute(f"PRAGMA application_id = {0x534E544C}")
    db.execute("PRAGMA user_version = 8")
