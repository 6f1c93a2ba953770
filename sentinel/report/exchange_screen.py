"""The simulated exchange's own account of itself as a screen."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from sentinel.report.coverage_table import bare_table
from sentinel.report.layout import section
from sentinel.report.words import MISSING, clean, day, money, price

FINISHED = frozenset({"filled", "canceled", "expired", "replaced", "rejected"})
POSITION = ("symbol", "qty", "avg_entry_price", "current_price", "unrealized_pl")
ORDER = ("symbol", "side", "qty", "type", "limit_price", "stop_price", "status")
FAULT = ("kind", "method", "path", "nth", "seconds")


def exchange_screen(state: Mapping[str, Any]) -> Group:
    """Clock, account, positions, live orders and faults of `GET /_sim/state`."""
    clock, account = state["clock"], state["account"]
    worth = f"equity {money(Decimal(account['equity']))}, cash {money(Decimal(account['cash']))}"
    live = [order for order in state["orders"] if order["status"] not in FINISHED]
    return Group(
        Text(f"{_when(clock['timestamp'])}, the market is {'open' if clock['is_open'] else 'closed'}", "bold"),
        Text(f"New York time; next open {_when(clock['next_open'])}, next close {_when(clock['next_close'])}", "dim"),
        Text(f"{worth}, account {clean(account['account_number'])}", "dim"),
        Text(),
        *_part("positions", POSITION, state["positions"]),
        *_part("live orders", ORDER, live),
        *_part("faults", FAULT, state["faults"]),
    )


def _when(timestamp: str) -> str:
    """The exchange's own time, New York's."""
    at = datetime.fromisoformat(timestamp)
    return f"{day(at)} {at:%H:%M}"


def _part(title: str, columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> Iterable[RenderableType]:
    table: Table = bare_table()
    table.title, table.title_justify, table.title_style = title, "left", "bold"
    for name in columns:
        table.add_column(name.replace("_", " "))
    for row in rows:
        table.add_row(*(_cell(name, row.get(name)) for name in columns))
    return section(table)


def _cell(name: str, value: object) -> str:
    if value is None:
        return MISSING
    if name.endswith("_price"):
        return price(Decimal(str(value)))
    return money(Decimal(str(value))) if name == "unrealized_pl" else clean(str(value))
