"""Lists account activities with Alpaca's paging; fills are the only kind the exchange produces (ALPACA 10.4)."""

from __future__ import annotations

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


def activities_json(exchange: Exchange, kinds: list[str], query: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return one page; `page_token` is the id of the last activity of the page before, times are exclusive."""
    for kind in kinds:
        if not _KINDS.fullmatch(kind.strip().upper()):
            raise bad_parameter(f"invalid activity type: {kind}")
    direction = choice_of(query, "direction", ("desc", "asc"))
    size = count_of(query, "page_size", _PAGE, _PAGE)
    conditions, values = _conditions(query)
    if kinds and "FILL" not in [kind.strip().upper() for kind in kinds]:
        return []
    if query.get("page_token"):
        after = _position_of(exchange, query["page_token"])
        conditions.append("(at_ns, seq) > (?, ?)" if direction == "asc" else "(at_ns, seq) < (?, ?)")
        values.extend(after)
    where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
    sql = f"SELECT * FROM fill {where} ORDER BY at_ns {direction}, seq {direction} LIMIT ?"  # noqa: S608 - every part is a constant
    return [fill_json(row) for row in exchange.store.rows(sql, [*values, size])]


def _position_of(exchange: Exchange, fill_id: str) -> tuple[int, int]:
    row = exchange.store.row("SELECT at_ns, seq FROM fill WHERE id = ?", (fill_id,))
    if row is None:
        raise bad_parameter("invalid page_token")
    return row["at_ns"], row["seq"]


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
