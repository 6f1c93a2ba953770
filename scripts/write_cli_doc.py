"""Writes docs/cli.md from the --help of every command, so that the page says what the program says."""

import contextlib
import io
import os
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "cli.md"
COLUMNS = "80"
HEAD = """# Command line

Written by `scripts/write_cli_doc.py` from the program itself; a test keeps it up to date.

Data goes to standard output, everything else to standard error.
`--json`, after the command, answers with one JSON document.

| exit code | meaning |
|---|---|
| 0 | done, all covered |
| 1 | done, something needs the trader |
| 2 | usage or settings |
| 3 | refused by a guard |
| 4 | broker unreachable, or keys refused |
| 5 | another run holds the lock |
| 70 | a bug; the path of a crash report is printed |
| 130 | interrupted |
"""


def page() -> str:
    """The whole page."""
    sys.path.insert(0, str(ROOT))
    return HEAD + "".join(_section(words) for words in _commands())


def _commands() -> Iterator[tuple[str, ...]]:
    """Every command as it is typed, groups before their own."""
    import typer

    from sentinel.cli import app

    yield ()
    for name, command in typer.main.get_command(app).commands.items():  # type: ignore[attr-defined]
        yield (name,)
        for inner in getattr(command, "commands", {}):
            yield (name, inner)


def _section(words: tuple[str, ...]) -> str:
    title = " ".join(("sentinel", *words))
    return f"\n## {title}\n\n```text\n{_help(words)}\n```\n"


def _help(words: tuple[str, ...]) -> str:
    from sentinel.cli import main

    os.environ["COLUMNS"] = COLUMNS
    with contextlib.redirect_stdout(io.StringIO()) as told:
        main([*words, "--help"])
    return "\n".join(line.rstrip() for line in told.getvalue().strip().splitlines())


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
