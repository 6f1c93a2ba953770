"""What was typed wrong, in a trader's words, with what to type instead."""

import re
from collections.abc import Sequence

from typer.exceptions import TyperException

from sentinel.domain.errors import UsageError

NO_OPTION = re.compile(r"No such option: (?P<option>-\S+)")
NO_INTEGER = "Input should be a valid integer, unable to parse string as an integer"
# The one option with a value that belongs to the program, and those that many commands have and it has not.
BEFORE_THE_COMMAND = "--home"
AFTER_THE_COMMAND = frozenset({"--json", "--dry-run", "--non-interactive", "--force", "--live"})


def usage_error(error: TyperException, given: Sequence[str], program: str) -> UsageError:
    """Typer's complaint about the words `given`; the remedy is the line to type, else the help of the command."""
    context = getattr(error, "ctx", None)
    path = context.command_path if context else program
    message = " ".join(error.format_message().split()).rstrip(".").replace(" Value error,", "")
    message = message.replace(NO_INTEGER, "not a whole number")
    unknown = NO_OPTION.match(message)
    if unknown and unknown["option"][1:2].isdigit():
        typed = next((word for word in given if word.startswith(unknown["option"])), unknown["option"])
        return UsageError(f"{typed} is below zero, and no number here may be", f"see `{path} --help`")
    if unknown and (remedy := _right_place(unknown["option"], path, program)):
        return UsageError(f"{unknown['option']} stands in the wrong place", remedy)
    known = context.command.list_commands(context) if message == "Missing command" and context else ()
    remedy = f"type one of: {', '.join(f'{path} {name}' for name in known)}" if known else f"see `{path} --help`"
    return UsageError(message, remedy)


def _right_place(option: str, path: str, program: str) -> str | None:
    """Where an option belongs that the command has not, but the program or another command has."""
    if option == BEFORE_THE_COMMAND and path != program:
        return f"type it before the command: {program} --home FOLDER {path.removeprefix(f'{program} ')}"
    if option in AFTER_THE_COMMAND and path == program:
        return f"type it after the command: {program} COMMAND {option}"
    return None
