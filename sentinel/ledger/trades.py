"""Trades from their opening to their close, and what is still owed to them."""

from datetime import datetime
from decimal import Decimal

from sentinel.domain.book import Owed, OwedKind, Trade
from sentinel.domain.orders import Side
from sentinel.ledger.ledger_file import LedgerFile
from sentinel.ledger.rows import Cell, from_row, to_cell, to_row

OPEN_TRADES = "SELECT * FROM trades WHERE is_open ORDER BY symbol"
CLOSED_TRADES = "SELECT * FROM trades WHERE closed_at IS NOT NULL ORDER BY closed_at, id"
TRADES_OF = "SELECT * FROM trades WHERE symbol = ? ORDER BY opened_at, id"
# A trade is sold in part once: a sale of it that filled, or an answered question about one, settles that.
SETTLED_PARTIALS = """
SELECT symbol FROM trades AS trade
WHERE is_open AND (
  EXISTS (SELECT 1 FROM exit_orders AS sale WHERE sale.trade_id = trade.id AND CAST(sale.filled_qty AS REAL) > 0)
  OR EXISTS (SELECT 1 FROM approvals AS asked WHERE asked.symbol = trade.symbol AND asked.kind = 'partial'
    AND asked.state IN ('rejected', 'done') AND asked.asked_at >= trade.opened_at)
)"""
OWED = "SELECT * FROM owed ORDER BY symbol, kind"


class Trades(LedgerFile):
    """The trades of the ledger; one a symbol is open at a time."""

    def open_trade(
        self,
        symbol: str,
        side: Side,
        qty: Decimal,
        entry_price: Decimal,
        first_stop_price: Decimal,
        opened_at: datetime,
        asset_id: str,
        is_adopted: bool,
    ) -> int:
        """Begin a trade in shares and dollars; its number. RowRefused while another is open in the symbol."""
        row: dict[str, Cell] = {"symbol": symbol, "side": side.value, "asset_id": asset_id}
        row |= {"is_adopted": int(is_adopted), "is_breached": 0, "opened_at": to_cell(opened_at)}
        row |= {"qty": to_cell(qty), "entry_price": to_cell(entry_price)}
        row |= dict.fromkeys(("first_stop_price", "highest_stop_price"), to_cell(first_stop_price))
        return self._insert("trades", row)

    def write_trade(self, trade: Trade) -> None:
        """Overwrite a trade by its number; RowRefused when there is none."""
        row = to_row(trade)
        del row["id"]
        self._update("trades", row, trade.id)

    def open_trades(self) -> tuple[Trade, ...]:
        """Trades whose shares are still held, by symbol."""
        return self._trades(OPEN_TRADES)

    def closed_trades(self) -> tuple[Trade, ...]:
        """Trades that have ended, in the order of their ends."""
        return self._trades(CLOSED_TRADES)

    def trades_of(self, symbol: str) -> tuple[Trade, ...]:
        """Every trade in a symbol, oldest first."""
        return self._trades(TRADES_OF, symbol)

    def write_owed(self, owed: Owed) -> None:
        """Add what is owed or overwrite what of its kind is owed to the symbol already."""
        self._upsert("owed", to_row(owed), ["kind", "symbol"])

    def forget_owed(self, kind: OwedKind, symbol: str) -> None:
        """Strike what is no longer owed, if anything was."""
        self._write("DELETE FROM owed WHERE kind = ? AND symbol = ?", (kind.value, symbol))

    def _trades(self, sql: str, *parameters: str) -> tuple[Trade, ...]:
        return tuple(from_row(Trade, row) for row in self._rows(sql, parameters))
