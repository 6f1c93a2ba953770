"""The options many commands share, and what one invocation of a command asked for."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would be done; send nothing, write nothing.")]
AsJson = Annotated[bool, typer.Option("--json", help="Answer with one JSON document on standard output; ask nothing.")]
Force = Annotated[
    bool, typer.Option("--force", help="Act even if the broker shows nothing where the ledger shows positions.")
]
NonInteractive = Annotated[
    bool, typer.Option("--non-interactive", help="Ask nothing; questions go to the approvals inbox.")
]
Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; status shows it, the audit keeps it.")]


@dataclass(frozen=True, slots=True)
class Call:
    """One invocation: which home was named, which command, and how it wants to run and be answered."""

    home: Path | None
    command: str
    as_json: bool = False
    is_dry_run: bool = False
    is_non_interactive: bool = False

    @classmethod
    def of(
        cls, context: typer.Context, as_json: bool, *, dry_run: bool = False, non_interactive: bool = False
    ) -> "Call":
        """The invocation Typer has parsed; the command is named as it was typed, groups included."""
        command = context.command_path.partition(" ")[2]
        return cls(context.find_root().obj, command, as_json, dry_run, non_interactive)

    @property
    def has_trader(self) -> bool:
        """Whether a person sits there to be asked: a terminal, nobody who said otherwise, no program reading."""
        return not (self.is_non_interactive or self.is_dry_run or self.as_json) and is_terminal()

    @property
    def source(self) -> str:
        """Who started the run, as the ledger keeps it."""
        return "hand" if is_terminal() and not self.is_non_interactive else "cron"


def is_terminal() -> bool:
    """Whether questions can be asked and answered."""
    return sys.stdin.isatty() and sys.stderr.isatty()
