"""Entries, stops and sales, and which stop was sent with which entry."""

import json
from collections.abc import Iterable
from typing import TypeVar

from sentinel.domain.book import EntryRecord, ExitRecord, StopRecord
from sentinel.ledger.ledger_file import LedgerFile
from sentinel.ledger.rows import from_row, to_cell, to_row

OPEN_ENTRIES = "SELECT * FROM entry_orders WHERE is_open ORDER BY symbol, submitted_at"
OPEN_STOPS = "SELECT * FROM stop_loss_orders WHERE is_open ORDER BY symbol, submitted_at"
OPEN_EXITS = "SELECT * FROM exit_orders WHERE is_open ORDER BY symbol, submitted_at"
ENTRY = "SELECT * FROM entry_orders WHERE client_order_id = ?"
STOP = "SELECT * FROM stop_loss_orders WHERE order_id = ?"
EXIT = "SELECT * FROM exit_orders WHERE client_order_id = ?"
ENTRIES_OF = "SELECT * FROM entry_orders WHERE symbol = ? ORDER BY submitted_at, rowid"
STOPS_OF = "SELECT * FROM stop_loss_orders WHERE symbol = ? ORDER BY submitted_at, rowid"
EXITS_OF = "SELECT * FROM exit_orders WHERE symbol = ? ORDER BY submitted_at, rowid"

KNOWN_AMONG = """SELECT order_id FROM entry_orders WHERE order_id IN (SELECT value FROM json_each(?))
                 UNION ALL SELECT order_id FROM stop_loss_orders WHERE order_id IN (SELECT value FROM json_each(?))
                 UNION ALL SELECT order_id FROM exit_orders WHERE order_id IN (SELECT value FROM json_each(?))"""

OrderRecord = TypeVar("OrderRecord", EntryRecord, StopRecord, ExitRecord)


class Orders(LedgerFile):
    """The orders of the ledger; a record without a trade never takes a stored one away."""

    def write_entry(self, entry: EntryRecord) -> None:
        """Add an entry or overwrite the one of its client order id."""
        self._upsert("entry_orders", to_row(entry), ["client_order_id"], keeps=["trade_id"])

    def write_stop(self, stop: StopRecord) -> None:
        """Add a stop or overwrite the one of its order id."""
        self._upsert("stop_loss_orders", to_row(stop), ["order_id"], keeps=["trade_id", "ended_by"])

    def write_exit(self, sale: ExitRecord) -> None:
        """Add a sale or overwrite the one of its client order id."""
        self._upsert("exit_orders", to_row(sale), ["client_order_id"], keeps=["trade_id"])

    def entry(self, client_order_id: str) -> EntryRecord | None:
        """The entry of a name."""
        return next(iter(self._orders(EntryRecord, ENTRY, client_order_id)), None)

    def stop(self, order_id: str) -> StopRecord | None:
        """The stop the broker knows by this id."""
        return next(iter(self._orders(StopRecord, STOP, order_id)), None)

    def exit(self, client_order_id: str) -> ExitRecord | None:
        """The sale of a name."""
        return next(iter(self._orders(ExitRecord, EXIT, client_order_id)), None)

    def entries_of(self, symbol: str) -> tuple[EntryRecord, ...]:
        """Every entry in a symbol, oldest first."""
        return self._orders(EntryRecord, ENTRIES_OF, symbol)

    def stops_of(self, symbol: str) -> tuple[StopRecord, ...]:
        """Every stop in a symbol, oldest first: the life of its protection."""
        return self._orders(StopRecord, STOPS_OF, symbol)

    def exits_of(self, symbol: str) -> tuple[ExitRecord, ...]:
        """Every sale in a symbol, oldest first."""
        return self._orders(ExitRecord, EXITS_OF, symbol)

    def known_among(self, order_ids: Iterable[str]) -> frozenset[str]:
        """Those of the broker's order ids that the ledger has, whatever became of them."""
        asked = json.dumps(sorted(order_ids))
        return frozenset(row["order_id"] for row in self._rows(KNOWN_AMONG, (asked, asked, asked)))

    def pair(self, entry_client_order_id: str, stop_order_id: str) -> None:
        """Note that a stop was sent with an entry; noting it twice changes nothing. RowRefused if either is unknown."""
        self._write(
            "INSERT INTO entry_stop_pairs (entry_client_order_id, stop_order_id, paired_at) VALUES (?, ?, ?)"
            " ON CONFLICT DO NOTHING",
            (entry_client_order_id, stop_order_id, to_cell(self._now())),
        )

    def _orders(self, kind: type[OrderRecord], sql: str, *parameters: str) -> tuple[OrderRecord, ...]:
        return tuple(from_row(kind, row) for row in self._rows(sql, parameters))
