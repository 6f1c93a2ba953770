"""The house rules, checked for every file: length, opening sentence, names, who prints, what git holds."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from statistics import quantiles

import pytest

ROOT = Path(__file__).parents[2]
MAX_FUNCTION_LINES = 60
MAX_P90_FUNCTION_LINES = 25
MAX_FILE_LINES = 400
EMPTY_NAMES = re.compile(r"(^|_)(utils?|helpers?|common|managers?|misc|stuff)(_|$)")
# Not spelled out, so that this file passes its own test.
REGISTRY_HOSTS = re.compile("py" + r"pi\.org|python" + r"hosted\.org|npm" + r"js\.org")
MACHINE_PATHS = re.compile(r"(?<![\w.~<>{}$*/-])/(?:home|Users|root|work|opt|mnt)/\w")
LIVING_FILES = re.compile(
    r"\.(db|sqlite3?|db-journal|log|lock|pyc|egg-info|whl)$|^(logs|backups|reports)/(?!README\.md$)|^(uv|poetry)\.lock$"
)
PURE_ROOMS = ("sentinel/plan", "sentinel/signals", "sentinel/domain", "sentinel/risk_config.py")
IMPURE_CALLS = {"open", "print", "input", "eval", "exec", "breakpoint", "__import__"}
IMPURE_METHODS = {"now", "utcnow", "today", "uuid1", "uuid4", "getenv", "urandom", "read_text", "write_text", "sleep"}
PRINTERS = re.compile(r"^(sentinel/cli\.py|sentinel/(\w+/)?__main__\.py|sentinel/commands/|migrations/|scripts/)")


def tracked() -> list[str]:
    """What git holds or is about to hold: committed files and new ones it does not ignore."""
    command = ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listing = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return sorted(name for name in listing.split("\0") if name and (ROOT / name).is_file())


TRACKED = tracked()
PRODUCT = [
    name for name in TRACKED if name.endswith(".py") and name.startswith(("sentinel/", "migrations/", "scripts/"))
]
PURE = [name for name in PRODUCT if name.startswith(PURE_ROOMS)]
TREES = {name: ast.parse((ROOT / name).read_text("utf-8")) for name in PRODUCT}


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function and method, nested ones too."""
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def line_count(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines from `def` to the last, docstring and all."""
    return (function.end_lineno or function.lineno) - function.lineno + 1


def called_name(call: ast.Call) -> tuple[str | None, str | None]:
    """The bare name a call uses, or the method's."""
    bare = call.func.id if isinstance(call.func, ast.Name) else None
    method = call.func.attr if isinstance(call.func, ast.Attribute) else None
    return bare, method


def calls(name: str) -> Iterator[ast.Call]:
    """Every call in a file."""
    return (node for node in ast.walk(TREES[name]) if isinstance(node, ast.Call))


@pytest.mark.parametrize("name", PRODUCT)
def test_a_file_is_short_and_so_are_its_functions(name: str) -> None:
    long = [f"{f.name}: {line_count(f)} lines" for f in functions(TREES[name]) if line_count(f) >= MAX_FUNCTION_LINES]
    assert not long
    assert len((ROOT / name).read_text("utf-8").splitlines()) < MAX_FILE_LINES


def test_nine_functions_of_ten_fit_in_a_glance() -> None:
    lengths = [line_count(function) for name in PRODUCT for function in functions(TREES[name])]
    assert quantiles(lengths, n=10)[-1] < MAX_P90_FUNCTION_LINES


@pytest.mark.parametrize("name", PRODUCT)
def test_one_sentence_opens_every_module(name: str) -> None:
    opening = (ast.get_docstring(TREES[name]) or "").split("\n\n")[0]
    assert opening.endswith("."), opening


@pytest.mark.parametrize("name", PRODUCT)
def test_a_module_is_named_for_what_it_does(name: str) -> None:
    assert not [part for part in Path(name).with_suffix("").parts if EMPTY_NAMES.search(part)]


@pytest.mark.parametrize("name", [name for name in PRODUCT if not PRINTERS.search(name)])
def test_only_the_command_line_prints(name: str) -> None:
    printing = [call.lineno for call in calls(name) if called_name(call)[0] == "print"]
    streams = [
        node.lineno
        for node in ast.walk(TREES[name])
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
        if (node.value.id, node.attr) in {("sys", "stdout"), ("sys", "stderr")}
    ]
    assert not printing + streams


@pytest.mark.parametrize("name", PURE)
def test_what_decides_reads_no_clock_and_touches_nothing(name: str) -> None:
    impure = [
        f"line {call.lineno}: {bare or method}"
        for call in calls(name)
        for bare, method in [called_name(call)]
        if bare in IMPURE_CALLS or method in IMPURE_METHODS
    ]
    assert not impure


@pytest.mark.parametrize("name", [name for name in PRODUCT if name.startswith("sentinel/plan/")])
def test_a_planner_turns_facts_into_a_plan(name: str) -> None:
    signatures = {
        function.name: ast.unparse(function.args) + " -> " + ast.unparse(function.returns or ast.Constant(None))
        for function in functions(TREES[name])
        if function.name.startswith("plan_")
    }
    assert signatures == dict.fromkeys(signatures, "facts: Facts -> Plan")


@pytest.mark.parametrize("pattern", [MACHINE_PATHS, REGISTRY_HOSTS], ids=["machine paths", "registry hosts"])
def test_no_file_tells_where_it_was_made(pattern: re.Pattern[str]) -> None:
    told = []
    for name in TRACKED:
        text = (ROOT / name).read_bytes().decode("utf-8", "replace")
        told += [f"{name}: {text[max(0, hit.start() - 20) : hit.end() + 20]!r}" for hit in pattern.finditer(text)]
    assert not told


def test_git_holds_nothing_that_sentinel_writes() -> None:
    assert not [name for name in TRACKED if LIVING_FILES.search(name)]


def test_every_script_is_one_that_runs() -> None:
    scripts = [name for name in TRACKED if name.startswith(("scripts/", ".ci/")) and "." not in Path(name).name]
    assert scripts
    for name in scripts:
        assert (ROOT / name).stat().st_mode & 0o111, name
        assert (ROOT / name).read_text("utf-8").startswith("#!/usr/bin/env bash\n"), name
