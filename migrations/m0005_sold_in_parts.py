"""Schema 8, trades sold in parts: what was sold on the way counts in how a trade ended."""

from sqlite_utils import Database

V_CLOSED_TRADES = """
CREATE VIEW v_closed_trades AS
  -- How each trade ended: dollars, percent of the entry price, and R; shares sold on the way count.
  WITH ended AS (
    SELECT *, CASE side WHEN 'buy' THEN 1 ELSE -1 END AS sign, CAST(qty AS REAL) AS last_shares,
      CAST(entry_price AS REAL) AS entry, CAST(exit_price AS REAL) AS last_price,
      CAST(first_stop_price AS REAL) AS first_stop,
      (SELECT TOTAL(CAST(sale.filled_qty AS REAL)) FROM exit_orders AS sale WHERE sale.trade_id = trades.id
        AND NOT sale.is_open AND sale.order_id IS NOT trades.exit_order_id) AS part_shares,
      (SELECT TOTAL(CAST(sale.filled_qty AS REAL) * CAST(sale.filled_avg_price AS REAL)) FROM exit_orders AS sale
        WHERE sale.trade_id = trades.id AND NOT sale.is_open AND sale.order_id IS NOT trades.exit_order_id) AS part_usd
    FROM trades
    WHERE closed_at IS NOT NULL
  ), sold AS (
    SELECT *, last_shares + part_shares AS shares,
      (last_shares * last_price + part_usd) / NULLIF(last_shares + part_shares, 0) AS exit
    FROM ended
  )
  SELECT id AS trade_id, symbol, CASE side WHEN 'buy' THEN 'long' ELSE 'short' END AS direction, shares,
    entry AS entry_price, exit AS exit_price, ROUND(shares * (exit - entry) * sign, 2) AS gain_usd,
    ROUND(100 * (exit - entry) * sign / NULLIF(entry, 0), 2) AS gain_pct,
    CASE WHEN (entry - first_stop) * sign > 0 THEN ROUND((exit - entry) / (entry - first_stop), 2) END AS r_multiple,
    exit_reason, opened_at, closed_at, DATE(closed_at) AS closed_on,
    CAST(ROUND(JULIANDAY(DATE(closed_at)) - JULIANDAY(DATE(opened_at))) AS INTEGER) AS days_held, is_adopted
  FROM sold
"""


def migrate(db: Database) -> None:
    """Put the view in the place of the old one."""
    db.execute("DROP VIEW v_closed_trades")
    db.execute(V_CLOSED_TRADES.strip())
