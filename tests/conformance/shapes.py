"""What kind of value stands under each key of an answer, and where two answers differ in that."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

Kinds = dict[str, frozenset[str]]
Deviation = tuple[str, str, str]

_TEXTS = (
    ("uuid", r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
    ("activity id", r"\d{17}::[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
    ("decimal", r"-?\d+(\.\d+)?"),
    ("utc", r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z"),
    ("offset", r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?[+-]\d\d:\d\d"),
    ("date", r"\d{4}-\d\d-\d\d"),
    ("time", r"\d\d:\d\d"),
)


def kind(value: Any) -> str:
    """Return one of `null flag number`, a kind of text above, or `text`."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "flag"
    if isinstance(value, int | float):
        return "number"
    return next((name for name, pattern in _TEXTS if re.fullmatch(pattern, value)), "text")


def kinds(answer: Any) -> Kinds:
    """Return the kinds under each path of an answer: `legs[].stop_price`; a list gives the kinds of all its members."""
    found: dict[str, set[str]] = {}
    for path, name in _walk(answer, "", kind):
        found.setdefault(path, set()).add(name)
    return {path: frozenset(names) for path, names in found.items()}


def described(description: Any) -> Kinds:
    """Return the same for a description, in which `decimal|null` stands where an answer has a value."""
    found: dict[str, set[str]] = {}
    for path, names in _walk(description, "", str):
        found.setdefault(path, set()).update(names.split("|"))
    return {path: frozenset(names) for path, names in found.items()}


def _walk(node: Any, path: str, leaf: Any) -> Iterator[tuple[str, str]]:
    if isinstance(node, dict):
        if not node:
            yield path, "nothing"
        for key, value in node.items():
            yield from _walk(value, f"{path}.{key}" if path else key, leaf)
    elif isinstance(node, list):
        if not node:
            yield f"{path}[]", "nothing"
        for value in node:
            yield from _walk(value, f"{path}[]", leaf)
    else:
        yield path, leaf(node)


def deviations(theirs: Kinds, ours: Kinds) -> Iterator[Deviation]:
    """Yield (path, theirs, ours) where ours has a kind of value theirs has not, or one of the two has no such key."""
    for path in sorted({*theirs, *ours}):
        if path not in theirs or path not in ours or not ours[path] <= theirs[path]:
            yield (
                path,
                "|".join(sorted(theirs.get(path, ()))) or "absent",
                "|".join(sorted(ours.get(path, ()))) or "absent",
            )


def at(answer: Any, path: str) -> Any:
    """Return the value at a path such as `legs.0.status`; "absent" when there is none."""
    for part in path.split(".") if path else ():
        try:
            answer = answer[int(part)] if isinstance(answer, list) else answer[part]
        except (KeyError, IndexError, TypeError):
            return "absent"
    return answer
