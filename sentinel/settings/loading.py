"""Reads sentinel.toml and the SENTINEL_ variables over it: first the file, then what the environment says otherwise."""

import os
import tomllib
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict
from pydantic_settings.exceptions import SettingsError

from sentinel.domain.errors import UsageError
from sentinel.risk_config import RiskPolicy, Stair
from sentinel.settings.explaining import STAIRS_EXAMPLE, Origin, explained
from sentinel.settings.home import SETTINGS_FILE
from sentinel.settings.schema import TABLES, BrokerSettings, EveningSettings, Settings, Table, risk_table

PREFIX = "SENTINEL_"
DELIMITER = "__"
LISTS = ("stairs", "allowed_symbols", "blocked_symbols")


def load_settings(home: Path) -> Settings:
    """The settings of a home; UsageError says what is wrong where."""
    path = home / SETTINGS_FILE
    source = _read(path)
    origin = Origin(path, source, _variables())
    values = _parse(path, source)
    try:
        loaded = _model()(**values)
    except ValidationError as invalid:
        raise explained(dict(invalid.errors(include_url=False)[0]), origin) from None
    except SettingsError:
        raise _malformed(origin) from None
    return Settings(loaded.broker, _policy(loaded.risk, origin), loaded.evening, path)


class _EnvironmentFirst(BaseSettings):
    """Two sources only: the variables, then the values of the file, which come in as arguments."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_nested_delimiter=DELIMITER, extra="forbid", frozen=True)

    broker: BrokerSettings = Field(default_factory=BrokerSettings)
    evening: EveningSettings = Field(default_factory=EveningSettings)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Leave out dotenv files and secret folders: one file and the environment are places enough to look."""
        return env_settings, init_settings


@cache
def _model() -> Any:
    table = risk_table()
    namespace = {"__annotations__": {"risk": table}, "risk": Field(default_factory=table), "__module__": __name__}
    return type("SettingsFile", (_EnvironmentFirst,), namespace)


def _read(path: Path) -> str:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}", "check the file and who may read it") from None
    try:
        # Notepad puts a mark in front of the first line.
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise UsageError(f"{path}, line {line}: this is not UTF-8 text", "save the file as UTF-8") from None


def _parse(path: Path, source: str) -> dict[str, Any]:
    try:
        # Decimal, so that 0.1 stays 0.1.
        return tomllib.loads(source, parse_float=Decimal)
    except tomllib.TOMLDecodeError as broken:
        raise UsageError(f"{path} is not valid TOML: {broken}", "correct that line, or start from a new home") from None


def _variables() -> dict[tuple[str, ...], str]:
    """The names of the variables that set something, by the path of what they set; UsageError for an unknown table."""
    found = {}
    for name in os.environ:
        if name.upper().startswith(PREFIX) and (DELIMITER in name or name[len(PREFIX) :].lower() in TABLES):
            path = tuple(name[len(PREFIX) :].lower().split(DELIMITER))
            found[path] = name
            if path[0] not in TABLES:
                raise UsageError(f"the variable {name} sets nothing", f"it must start with one of {_prefixes()}")
    return found


def _malformed(origin: Origin) -> UsageError:
    """Only a variable that holds a whole table or a list is read as JSON."""
    names = [name for path, name in origin.variables.items() if len(path) == 1 or path[-1] in LISTS]
    is_symbols = all(name.upper().endswith("_SYMBOLS") for name in names)
    example = '["AAPL", "MSFT"]' if is_symbols else STAIRS_EXAMPLE
    return UsageError(f"variable {' or '.join(names)}: this is not JSON", f"write it like {example}")


def _prefixes() -> str:
    return ", ".join(f"{PREFIX}{table.upper()}{DELIMITER}" for table in TABLES)


def _policy(risk: Table, origin: Origin) -> RiskPolicy:
    """The policy, which judges its numbers itself; its words get the place of the number in front."""
    values = dict(risk)
    stairs = tuple(Stair(gain, lock) for gain, lock in values.pop("stairs"))
    try:
        return RiskPolicy(stairs=stairs, **values)
    except UsageError as refused:
        name = refused.message.split(" ", 1)[0]
        key = name.removeprefix("risk.") if name.startswith("risk.") else "stairs"
        words = refused.message if name.startswith("risk.") else f"risk.stairs: {refused.message}"
        raise UsageError(f"{origin.place('risk', key)}: {words}", refused.remedy) from None
