"""The shape of sentinel.toml: every table and key, its type, its limits and its default."""

from dataclasses import dataclass, fields
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, get_type_hints

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, create_model

from sentinel.risk_config import RiskPolicy, Stair

Mode = Literal["sim", "paper", "live"]


def _no_yes_or_no(value: object) -> object:
    """Python takes `true` for 1; a trader who writes it meant something else."""
    if isinstance(value, bool):
        raise ValueError("should be a number")
    return value


Number = Annotated[Decimal, BeforeValidator(_no_yes_or_no)]
Whole = Annotated[int, BeforeValidator(_no_yes_or_no)]
Seconds = Annotated[float, BeforeValidator(_no_yes_or_no)]


class Table(BaseModel):
    """A table of the file; a key it does not know is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class BrokerSettings(Table):
    """`[broker]`: which account, and how patiently it is asked (seconds)."""

    mode: Mode = "sim"
    keys: Literal["file", "keyring"] = "file"
    connect_timeout_s: Annotated[Seconds, Field(gt=0, le=120)] = 5.0
    read_timeout_s: Annotated[Seconds, Field(gt=0, le=120)] = 20.0
    read_attempts: Annotated[Whole, Field(ge=1, le=10)] = 3
    read_wait_s: Annotated[Seconds, Field(ge=0, le=60)] = 0.5
    requests_per_minute: Annotated[Whole, Field(ge=10, le=200)] = 150
    after_hours_cancel: Literal["pending", "immediate"] = "pending"


class EveningSettings(Table):
    """`[evening]`: what a run leaves behind."""

    backups_kept_today: Annotated[Whole, Field(ge=1, le=1_000)] = 20
    backups_kept_days: Annotated[Whole, Field(ge=1, le=10_000)] = 30
    backups_kept_months: Annotated[Whole, Field(ge=1, le=1_000)] = 12
    ghosts_deadline_s: Annotated[Seconds, Field(gt=0, le=3600)] = 120.0
    look_again_after_s: Annotated[Seconds, Field(ge=1, le=3600)] = 300.0
    logs_kept: Annotated[Whole, Field(ge=1, le=10_000)] = 100


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything the trader may set, checked."""

    broker: BrokerSettings
    risk: RiskPolicy
    evening: EveningSettings
    path: Path


@cache
def risk_table() -> type[Table]:
    """`[risk]`: the fields of RiskPolicy, which checks their values itself."""
    kinds: dict[object, Any] = {
        Decimal: Number,
        int: Whole,
        bool: bool,
        tuple[Stair, ...]: tuple[tuple[Number, Number], ...],
        tuple[str, ...]: tuple[str, ...],
    }
    hints = get_type_hints(RiskPolicy)
    columns: dict[str, Any] = {
        field.name: (kinds[hints[field.name]], _plain_default(field.default)) for field in fields(RiskPolicy)
    }
    return create_model("RiskTable", __base__=Table, **columns)


TABLES = ("broker", "risk", "evening")


def tables() -> dict[str, type[Table]]:
    """Every table of the file, in the order they are written."""
    return {"broker": BrokerSettings, "risk": risk_table(), "evening": EveningSettings}


def keys_of_tables() -> dict[str, tuple[str, ...]]:
    """The keys of every table."""
    return {name: tuple(table.model_fields) for name, table in tables().items()}


def _plain_default(value: object) -> object:
    """Stairs as the pairs the file holds."""
    if not isinstance(value, tuple):
        return value
    return tuple((part.gain_pct, part.lock_pct) if isinstance(part, Stair) else part for part in value)
