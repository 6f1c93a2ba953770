"""Which fault kinds were injected and which recovery branches were taken: one listed and never reached is a failure."""

from __future__ import annotations

import ast
import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

# Where recovery lives: every function of these, and every branch in them, is on the list.
ROOMS = tuple(f"sentinel.execution.{room}" for room in ("journal", "handover", "part_sale"))
LONGEST_NAME = 90


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


class Branches(ast.NodeTransformer):
    """Puts a call that tells its name at the head of every function and branch; nothing else is changed."""

    def __init__(self, room: str) -> None:
        self.names: list[str] = []
        self._path = [room.rsplit(".", 1)[-1]]

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        """A function, and all that is in it."""
        self._path.append(node.name)
        self.generic_visit(node)
        self._path.pop()
        node.body = self._told(node.name, node.body)
        return node

    def visit_If(self, node: ast.If) -> ast.AST:
        """Both ways of an if."""
        self.generic_visit(node)
        condition = ast.unparse(node.test)
        node.body = self._told(f"if {condition}", node.body)
        if node.orelse and not isinstance(node.orelse[0], ast.If):
            node.orelse = self._told(f"not {condition}", node.orelse)
        return node

    def visit_IfExp(self, node: ast.IfExp) -> ast.AST:
        """Both ways of a value chosen by a condition."""
        self.generic_visit(node)
        condition = ast.unparse(node.test)
        for name, way in (("body", "if"), ("orelse", "not")):
            call = self._call(f"{way} {condition}", getattr(node, name))
            # The call returns None: what stood there before is the value still.
            setattr(node, name, ast.copy_location(ast.BoolOp(ast.Or(), [call, getattr(node, name)]), node))
        return node

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> ast.AST:
        """What catches an error."""
        self.generic_visit(node)
        node.body = self._told(f"except {ast.unparse(node.type) if node.type else ''}", node.body)
        return node

    def visit_match_case(self, node: ast.match_case) -> ast.AST:
        """A case of a match."""
        self.generic_visit(node)
        node.body = self._told(f"case {ast.unparse(node.pattern)}", node.body)
        return node

    def _told(self, what: str, body: list[ast.stmt]) -> list[ast.stmt]:
        told = ast.copy_location(ast.Expr(self._call(what, body[0])), body[0])
        is_docstring = isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant)
        return [*body[:is_docstring], told, *body[is_docstring:]]

    def _call(self, what: str, place: ast.AST) -> ast.Call:
        name = " ".join(f"{'.'.join(self._path)}: {what}".split())[:LONGEST_NAME]
        while name in self.names:
            name += "'"
        self.names.append(name)
        call = ast.Call(ast.Name("__reached__", ast.Load()), [ast.Constant(name)], [])
        for node in ast.walk(call):
            ast.copy_location(node, place)
        return call


class _Loader(SourceFileLoader):
    """Loads a room with its branches told; what Python has cached of it is passed by."""

    def get_code(self, fullname: str) -> CodeType:
        path = self.get_filename(fullname)
        tree = Branches(fullname).visit(ast.parse(self.get_data(path)))
        return compile(tree, path, "exec", dont_inherit=True)


class _Finder(MetaPathFinder):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        spec = PathFinder.find_spec(fullname, path, target) if fullname in ROOMS else None
        if spec is not None and spec.origin is not None:
            spec.loader = _Loader(fullname, spec.origin)
        return spec


def install() -> None:
    """Before anything of Sentinel is loaded: from now on the rooms tell which branches they take."""
    loaded = [room for room in ROOMS if room in sys.modules]
    assert not loaded, f"{loaded} came before the counting of branches"
    vars(sys.modules["builtins"])["__reached__"] = lambda _name: None
    sys.meta_path.insert(0, _Finder())


def recovery_branches() -> frozenset[str]:
    """The names of all recovery branches."""
    return frozenset(name for room in ROOMS for name in _names(room))


def _names(room: str) -> Iterator[str]:
    source = Path(str(sys.modules[room].__file__)).read_text("utf-8")
    branches = Branches(room)
    branches.visit(ast.parse(source))
    yield from branches.names


def tell_branches(told: Path) -> None:
    """From now on every listed branch this process takes is written to a file, once."""
    log = os.open(told, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    seen: set[str] = set()

    def reached(name: str) -> Any:
        if name not in seen:
            seen.add(name)
            os.write(log, f"{name}\n".encode())

    vars(sys.modules["builtins"])["__reached__"] = reached
