"""Says what is wrong with a setting: the file and line or the variable, the key, and the key that was likely meant."""

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from sentinel.domain.errors import UsageError
from sentinel.settings.schema import keys_of_tables

# Settings there used to be, and what has taken their place.
GONE = {"broker.armed": "take it out; a live account is armed by number, for a while: sentinel arm ACCOUNT_NUMBER"}
STAIRS_EXAMPLE = "[[8, 2], [15, 8], [25, 15]]"

HEADER = re.compile(r"\s*\[\s*(?P<table>[^\[\]]+?)\s*\]\s*(#.*)?")
ASSIGNMENT = re.compile(r"""\s*(?P<key>["']?[\w-]+["']?(\s*\.\s*["']?[\w-]+["']?)*)\s*=""")


@dataclass(frozen=True, slots=True)
class Origin:
    """Where settings come from: the file's text, and the variables by the path of what they set."""

    path: Path
    source: str
    variables: Mapping[tuple[str, ...], str]

    def place(self, *names: str) -> str:
        """The variable or the line that sets a path, as far as one can be found."""
        variable = self.variables.get(names) or self.variables.get(names[:1])
        if variable:
            return f"variable {variable}"
        line = line_of(self.source, names)
        return f"{self.path}, line {line}" if line else str(self.path)


def explained(error: Mapping[str, Any], origin: Origin) -> UsageError:
    """The first of pydantic's complaints in the trader's words; never the value of an unknown key, it may be a key."""
    names = tuple(str(part) for part in error["loc"] if isinstance(part, str))[:2]
    place, key = origin.place(*names), ".".join(names)
    if error["type"] == "extra_forbidden":
        return UsageError(f"{place}: there is no setting {key}", GONE.get(key) or _likely(names))
    if len(names) == 1:
        return UsageError(f"{place}: {key} must be a table, [{key}]", f"write its settings under a line [{key}]")
    if key == "risk.stairs":
        return UsageError(f"{place}: {key} are no rungs", f"write each as [gain, lock]: {STAIRS_EXAMPLE}")
    reason = error["msg"].removeprefix("Value error, ").removeprefix("Input ")
    return UsageError(f"{place}: {key} is {shown(error['input'])}, but it {reason}", f"correct {key}")


def line_of(source: str, names: tuple[str, ...]) -> int | None:
    """The line, from 1, that sets a dotted path or opens its table; None when it cannot be found."""
    table: tuple[str, ...] = ()
    opened = None
    for number, line in enumerate(source.splitlines(), start=1):
        header, assignment = HEADER.fullmatch(line), ASSIGNMENT.match(line)
        if header:
            table = _dotted(header["table"])
        elif not assignment:
            continue
        path = table if header or not assignment else table + _dotted(assignment["key"])
        if path == names:
            return number
        if path[: len(names)] == names or path == names[:1]:
            opened = opened or number
    return opened


def _dotted(key: str) -> tuple[str, ...]:
    return tuple(part.strip().strip("\"'") for part in key.split("."))


def _likely(names: tuple[str, ...]) -> str:
    """The nearest key of the same table, the table a key belongs to, or every key there is."""
    tables = keys_of_tables()
    if len(names) == 1:
        return _nearest(names[0], tuple(tables), "tables")
    table, key = names
    home_of_key = next((name for name, keys in tables.items() if key in keys), None)
    if home_of_key:
        return f"it belongs under [{home_of_key}]"
    return _nearest(key, tables.get(table, ()), f"settings of [{table}]")


def _nearest(word: str, words: tuple[str, ...], what: str) -> str:
    near = difflib.get_close_matches(word.lower().replace("-", "_"), words, n=1, cutoff=0.5)
    return f"did you mean {near[0]}?" if near else f"the {what} are {', '.join(words)}"


def shown(value: object) -> str:
    """A value as an error shows it: short, and never a long text that might be a key."""
    match value:
        case bool():
            return str(value).lower()
        case int() | Decimal():
            return str(value)
        case str():
            return f'"{value}"' if len(value) <= 40 else "a long text"
        case list():
            return "a list"
        case dict():
            return "a table"
    return "something else"
