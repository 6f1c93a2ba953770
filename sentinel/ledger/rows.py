"""Records and the rows they are stored as: decimals and times as exact text, never a float."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from sentinel.domain.errors import LedgerError

Cell = str | int | None
Row = Mapping[str, Any]
Record = TypeVar("Record")


@dataclass(frozen=True, slots=True)
class RunRow:
    """A run in the ledger; `ended_at` None means it is still at work or was killed."""

    id: int
    command: str
    source: str
    session: date | None
    as_of: datetime | None
    started_at: datetime
    looked_at: datetime | None
    ended_at: datetime | None
    exit_code: int | None
    requests: int | None


@dataclass(frozen=True, slots=True)
class BoundAccount:
    """The account a ledger belongs to."""

    account_id: str
    account_number: str
    mode: str
    bound_at: datetime


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One sealed line of the audit."""

    id: int
    at: datetime
    event: str
    symbol: str | None
    detail: str


def decimal_text(number: Decimal) -> str:
    """The number with all its digits and no exponent; ValueError for infinities and NaN."""
    if not number.is_finite():
        raise ValueError(f"{number} is no amount")
    return format(number if number else abs(number), "f")


def time_text(moment: datetime) -> str:
    """The moment in UTC, to the microsecond, so that text order is time order; ValueError without a time zone."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment} has no time zone")
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def read_time(text: str) -> datetime:
    """The moment a text of `time_text` says, in UTC."""
    return datetime.fromisoformat(text)


def storable(text: str) -> str:
    """The text as UTF-8 can carry it: half a surrogate pair in a broker's message becomes its escape."""
    return text.encode("utf-8", "backslashreplace").decode()


def to_cell(value: object) -> Cell:
    """A value as SQLite stores it; TypeError for a float or any kind of value no record has."""
    match value:
        case None | int():  # a bool is an int, and stored as one
            return value if value is None else int(value)
        case str():  # every enum of the domain is one
            return storable(value)
        case Decimal():
            return decimal_text(value)
        case datetime():  # before date, which it also is
            return time_text(value)
        case date():
            return value.isoformat()
        case Mapping():
            return json.dumps(dict(value), sort_keys=True, ensure_ascii=False)
        case tuple() | list():
            return json.dumps(list(value), ensure_ascii=False)
    raise TypeError(f"the ledger does not store a {type(value).__name__}: {value!r}")


def to_row(record: Any) -> dict[str, Cell]:
    """Every field of a record under its own name."""
    return {field.name: to_cell(getattr(record, field.name)) for field in fields(record)}


def from_row(kind: type[Record], row: Row) -> Record:
    """The record a row holds; columns it does not know are left out. LedgerError for what no record can hold."""
    if kind not in _READERS:
        _READERS[kind] = {name: _reader(hint) for name, hint in get_type_hints(kind).items()}
    try:
        return kind(**{name: read(row[name]) for name, read in _READERS[kind].items()})
    except (ValueError, TypeError, ArithmeticError) as error:
        raise LedgerError(
            f"the ledger holds a {kind.__name__} nobody can read: {error}",
            "somebody changed it by hand: `sentinel doctor` tells where, `sentinel restore` puts a good copy back",
        ) from error


# How each field of each kind of record is read, worked out once.
_READERS: dict[type[Any], dict[str, Callable[[Any], Any]]] = {}


def _reader(hint: Any) -> Callable[[Any], Any]:
    if get_origin(hint) in (Union, UnionType):
        (inner,) = (_reader(part) for part in get_args(hint) if part is not type(None))
        return lambda cell: None if cell is None else inner(cell)
    if get_origin(hint) is tuple:
        return lambda cell: tuple(json.loads(cell))
    if get_origin(hint) is not None:
        return json.loads
    return _reader_of_plain(hint)


def _reader_of_plain(hint: type[Any]) -> Callable[[Any], Any]:
    if issubclass(hint, datetime):
        return read_time
    if issubclass(hint, date):
        return date.fromisoformat
    if issubclass(hint, Decimal | StrEnum | bool):
        return hint
    return lambda cell: cell
