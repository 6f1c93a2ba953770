"""Which fault kinds were injected and which recovery branches were taken: one listed and never reached is a failure."""

from __future__ import annotations

import ast
import inspect
import os
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any

from sentinel.execution import handover, journal

# Where recovery lives: every function of these, and every branch in them, is on the list.
ROOMS: tuple[ModuleType, ...] = (journal, handover)


@dataclass
class Reach:
    """Counts what happened, against what must have."""

    wanted: frozenset[str]
    counts: Counter[str] = field(default_factory=Counter)

    def add(self, names: Iterable[str]) -> None:
        """Something was reached once more."""
        self.counts.update(names)

    @property
    def missing(self) -> list[str]:
        """What is on the list and was never reached."""
        return sorted(name for name in self.wanted if not self.counts[name])

    def table(self) -> list[str]:
        """One line for each thing wanted, with how often it was reached."""
        return [f"{self.counts[name]:8}  {name}" for name in sorted(self.wanted)]


@cache
def branch_lines() -> dict[str, dict[int, str]]:
    """For each source file, the first line of every function body and branch in it, with a name."""
    return {inspect.getfile(room): dict(_branches(room)) for room in ROOMS}


def recovery_branches() -> frozenset[str]:
    """The names of all recovery branches."""
    return frozenset(name for lines in branch_lines().values() for name in lines.values())


def _branches(room: ModuleType) -> Iterable[tuple[int, str]]:
    """The lines that open a body: of a function, an if, an else, a case, an except."""
    tree = ast.parse(inspect.getsource(room))
    short = room.__name__.rsplit(".", 1)[-1]
    for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
        for node in ast.walk(function):
            for body in filter(None, _bodies(node)):
                first = _first_statement(body)
                yield (
                    first.lineno,
                    f"{short}.{function.name}:{ast.unparse(first).splitlines()[0][:60].replace(' ', '_')}",
                )


def _bodies(node: ast.AST) -> Iterable[list[ast.stmt]]:
    if isinstance(node, ast.If):
        yield node.body
        yield node.orelse
    elif isinstance(node, ast.FunctionDef | ast.ExceptHandler | ast.match_case):
        yield node.body


def _first_statement(body: list[ast.stmt]) -> ast.stmt:
    """The first statement that is not a docstring."""
    is_docstring = isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant)
    return body[1] if is_docstring and len(body) > 1 else body[0]


def trace_branches(told: Path) -> None:
    """From now on every listed branch this process takes is written to a file, once."""
    lines = branch_lines()
    log = os.open(told, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    seen: set[str] = set()

    def note(frame: FrameType, event: str, _: Any) -> Any:
        name = lines[frame.f_code.co_filename].get(frame.f_lineno) if event == "line" else None
        if name and name not in seen:
            seen.add(name)
            os.write(log, f"{name}\n".encode())
        return note

    def enter(frame: FrameType, event: str, _: Any) -> Any:
        return note if frame.f_code.co_filename in lines else None

    sys.settrace(enter)
