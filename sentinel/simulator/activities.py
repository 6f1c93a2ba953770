"""Lists account activities with Alpaca's paging: fills, and what corporate actions did (ALPACA 10.4)."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from sentinel.simulator import sessions
from sentinel.simulator.errors import bad_parameter
from sentinel.simulator.queries import choice_of, count_of, day_of, instant_of
from sentinel.simulator.shapes import fill_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sentinel.simulator.exchange import Exchange

_PAGE = 100
_KINDS = re.compile(
    "FILL|TRANS|MISC|ACAT[CS]|CFEE|CGD|CS[DRW]|DIV(CGL|CGS|FEE|FT|NRA|ROC|TW|TXEX)?|FEE|FOPT|INT(NRA|TW)?|JNL[CS]?|MA|"
    "MEM|NC|OCT|OP(ASN|CA|CSH|EXC|EXP|TRD|XRC)|PT[CR]|REORG|SC|SPIN|SPLIT|SS[OP]|VOF|WRM"
)
_CATEGORIES = ("", "trade_activity", "non_trade_activity")


def activities_json(exchange: Exchange, kinds: list[str], query: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return one page; `page_token` is the id of the last activity of the page before, times are exclusive."""
    wanted = [kind.strip().upper() for kind in kinds]
    for kind in wanted:
        if not _KINDS.fullmatch(kind):
            raise bad_parameter(f"invalid activity type: {kind}")
    category = choice_of(query, "category", _CATEGORIES)
    direction = choice_of(query, "direction", ("desc", "asc"))
    size = count_of(query, "page_size", _PAGE, _PAGE)
    conditions, values = _conditions(query)
    if query.get("page_token"):
        conditions.append(f"at_ns {'>' if direction == 'asc' else '<'} ?")
        values.append(_instant_of(exchange, query["page_token"]))
    where = " AND ".join(["1", *conditions])
    # No two events share an instant, so the two tables merge by it alone.
    end = f"ORDER BY at_ns {direction} LIMIT {size}"
    found: list[tuple[int, dict[str, Any]]] = []
    if category != "non_trade_activity" and (not wanted or "FILL" in wanted):
        fills = exchange.store.rows(f"SELECT * FROM fill WHERE {where} {end}", values)  # noqa: S608 - constants
        found += [(row["at_ns"], fill_json(row)) for row in fills]
    if category != "trade_activity" and not query.get("order_id"):
        others = exchange.store.rows(f"SELECT * FROM activity WHERE {where} {end}", values)  # noqa: S608 - constants
        found += [(row["at_ns"], json.loads(row["body"])) for row in others if not wanted or row["kind"] in wanted]
    found.sort(key=lambda one: one[0], reverse=direction == "desc")
    return [activity for _, activity in found[:size]]


def _instant_of(exchange: Exchange, activity_id: str) -> int:
    sql = "SELECT at_ns FROM fill WHERE id = ? UNION ALL SELECT at_ns FROM activity WHERE id = ?"
    row = exchange.store.row(sql, (activity_id, activity_id))
    if row is None:
        raise bad_parameter("invalid page_token")
    return int(row["at_ns"])


def _conditions(query: Mapping[str, str]) -> tuple[list[str], list[Any]]:
    conditions: list[str] = []
    values: list[Any] = []
    if day := day_of(query, "date"):
        conditions.append("at_ns >= ? AND at_ns < ?")
        values += [sessions.new_york_ns(one, sessions.MIDNIGHT) for one in (day, day + sessions.ONE_DAY)]
    for name, sign in (("after", ">"), ("until", "<")):
        instant_ns = instant_of(query, name)
        if instant_ns is not None:
            conditions.append(f"at_ns {sign} ?")
            values.append(instant_ns)
    if query.get("order_id"):
        conditions.append("order_id = ?")
        values.append(query["order_id"])
    return conditions, values
