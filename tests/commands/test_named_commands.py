"""Every command that a remedy, a help text or a document names can be typed."""

import re
import subprocess
from pathlib import Path

import pytest

from sentinel.cli import app
from tests.commands.test_every_command import commands

ROOT = Path(__file__).parents[2]
# `sentinel status`, `sentinel --home DIR init`, and the same with the program's path or name filled in.
NAMED = re.compile(r"(?<![\w.-])\{?sentinel\}?(?: --home \S+)? (?P<command>[a-z][a-z-]+)(?: (?P<inner>[a-z]+))?")
# Lines of Python in the documents.
PYTHON = {"import"}
KNOWN = {name for name, _ in commands()}
GROUPS = {group.typer_instance.info.name for group in app.registered_groups if group.typer_instance}


def pages() -> list[str]:
    command = [
        "git",
        "-C",
        str(ROOT),
        "ls-files",
        "--cached",
        "--others",
        "--exclude-standard",
        "sentinel",
        "migrations",
    ]
    found = subprocess.run(
        [*command, "docs", "README.md", "scripts"], capture_output=True, text=True, check=True
    ).stdout
    return [name for name in found.splitlines() if not name.endswith(".csv") and (ROOT / name).is_file()]


@pytest.mark.parametrize("page", pages())
def test_every_command_named_there_exists(page: str) -> None:
    for named in NAMED.finditer((ROOT / page).read_text("utf-8")):
        command, inner = named["command"], named["inner"]
        if command in GROUPS:
            assert inner is None or f"{command} {inner}" in KNOWN, named[0]
        else:
            assert command in KNOWN | PYTHON, named[0]


def test_the_search_finds_them() -> None:
    line = "run `sentinel approvals list`, {sentinel} status, ~/bin/sentinel --home ~/x init; not sentinel.toml nor"
    assert [named["command"] for named in NAMED.finditer(line)] == ["approvals", "status", "init"]
    assert {"approvals", "simulate"} <= GROUPS
