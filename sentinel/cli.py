"""The command line: registers the commands, and is the one door through which every error leaves."""

import errno
import os
import sys
from collections.abc import Sequence
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated

import typer
from typer.exceptions import Abort, TyperException

from sentinel import __version__
from sentinel.commands.adopt import adopt
from sentinel.commands.approvals import approvals
from sentinel.commands.arm import arm, disarm
from sentinel.commands.audit import audit
from sentinel.commands.backup import backup
from sentinel.commands.check_profit_taking import check_profit_taking
from sentinel.commands.cleanup_orphans import cleanup_orphans
from sentinel.commands.demo import COMMAND_LINE, demo
from sentinel.commands.doctor import doctor
from sentinel.commands.evening_workflow import evening_workflow
from sentinel.commands.halt import halt
from sentinel.commands.history import history
from sentinel.commands.init import init
from sentinel.commands.migrate import migrate
from sentinel.commands.reconcile_fills import reconcile_fills
from sentinel.commands.reconcile_positions import reconcile_positions
from sentinel.commands.rescue_stops import rescue_stops
from sentinel.commands.restore import restore
from sentinel.commands.resume import resume
from sentinel.commands.runs import runs
from sentinel.commands.simulate import simulate
from sentinel.commands.status import status
from sentinel.commands.submit_entry_with_stop import submit_entry_with_stop
from sentinel.commands.update_trailing_stops import update_trailing_stops
from sentinel.commands.usage_errors import usage_error
from sentinel.domain.errors import SentinelError, UsageError
from sentinel.domain.findings import Finding

PROGRAM = "sentinel"
CRASHED = 70
INTERRUPTED = 130
LET_IN, MAKE_ROOM = "let your user read and write there", "make room there, then run again"
# What the system may refuse without a bug being at fault, and what helps.
SYSTEM_REMEDIES = {
    errno.EACCES: LET_IN,
    errno.EPERM: LET_IN,
    errno.EROFS: "that disk can only be read: mount it writable, or choose another folder",
    errno.ENOSPC: MAKE_ROOM,
    errno.EDQUOT: MAKE_ROOM,
    errno.EFBIG: "your shell limits the size of files: `ulimit -f unlimited`, then run again",
}

app = typer.Typer(
    name=PROGRAM,
    help="Keep a protective stop resting at Alpaca behind every share you hold.",
    epilog="Exit codes: 0 all covered, 1 you are needed, 2 usage, 3 refused by a guard, 4 broker unreachable, "
    "5 another run is at work, 70 a bug, 130 interrupted.",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (
    init,
    submit_entry_with_stop,
    evening_workflow,
    status,
    reconcile_fills,
    reconcile_positions,
    adopt,
    rescue_stops,
    update_trailing_stops,
    cleanup_orphans,
    check_profit_taking,
    runs,
    history,
    doctor,
    halt,
    resume,
    arm,
    disarm,
    backup,
    restore,
):
    app.command(command.__name__.replace("_", "-"))(command)
app.add_typer(approvals)
app.add_typer(audit)
app.command("migrate")(migrate)
app.add_typer(simulate)
app.command("demo")(demo)


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"{PROGRAM} {__version__}")
        raise typer.Exit


@app.callback()
def root(
    context: typer.Context,
    home: Annotated[
        Path | None,
        typer.Option("--home", help="The folder with sentinel.toml.  [default: $SENTINEL_HOME, else this folder]"),
    ] = None,
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Remember the home for the command that follows, and this door for one that types commands itself."""
    context.obj = home
    context.meta[COMMAND_LINE] = main


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; no error gets past this door, and no traceback reaches the screen."""
    given = list(sys.argv[1:] if arguments is None else arguments) or ["--help"]
    _open_closed_streams()
    _bear_any_encoding()
    try:
        _refuse_typed_keys(given)
        exit_code = int(app(given, prog_name=PROGRAM, standalone_mode=False) or 0)
        # Typer turns Ctrl-C into this number by itself.
        return exit_code if exit_code != INTERRUPTED else _interrupted(given)
    except SentinelError as error:
        return _complain(error, given)
    except TyperException as error:
        return _complain(usage_error(error, given, PROGRAM), given)
    except (KeyboardInterrupt, Abort):
        return _interrupted(given)
    except Exception as error:  # noqa: BLE001 - the last door: the bug is written down in full
        if _came_of_an_interrupt(error):
            return _interrupted(given)
        return _complain_of_the_system(error, given) or _confess(error, given)


def _refuse_typed_keys(given: Sequence[str]) -> None:
    """UsageError for a key on the command line, before it gets into a log as part of somebody's path or name."""
    from sentinel.commands.typed_words import refuse_keys_in_line

    refuse_keys_in_line(given, _home_of(given))


def _open_closed_streams() -> None:
    """A scheduler may start a program without input or output; what is said then goes nowhere, and does no harm."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115 - as long as the program


def _bear_any_encoding() -> None:
    """A terminal or a file that has no sign for a character shows a question mark; that is no bug, and ends nothing."""
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper) and stream.errors != "replace":
            stream.reconfigure(errors="replace")


def _came_of_an_interrupt(error: BaseException | None) -> bool:
    """Whether a Ctrl-C lies under an error: some libraries turn one that meets them while loading into their own."""
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__cause__ or error.__context__
    return error is not None


def _interrupted(given: Sequence[str]) -> int:
    return _say(given, INTERRUPTED, "interrupted", "interrupted", "run the command again: it repairs what was left")


def _complain(error: SentinelError, given: Sequence[str]) -> int:
    from sentinel.report.document import error_code, rule_of

    code, rule = error_code(error), rule_of(error)
    return _say(given, error.exit_code, code, error.message, error.remedy, error.alarms, **rule)


def _complain_of_the_system(error: Exception, given: Sequence[str]) -> int | None:
    """A full disk or a forbidden file is no bug: name it; None for everything else."""
    remedy = SYSTEM_REMEDIES.get(error.errno or 0) if isinstance(error, OSError) else None
    if not isinstance(error, OSError) or remedy is None:
        return None
    where = f": {error.filename}" if error.filename else ""
    return _complain(UsageError(f"{error.strerror}{where}", remedy), given)


def _confess(error: Exception, given: Sequence[str]) -> int:
    from sentinel.commands.crash_report import write_crash_report

    try:
        where = f"the crash report is in {write_crash_report(error, given, _home_of(given))}"
    except OSError as unwritable:
        where = f"no crash report could be written ({unwritable.strerror})"
    message = f"Sentinel has a bug ({type(error).__name__}); {where}"
    return _say(given, CRASHED, "bug", message, "run the command again; if it crashes again, send the report")


def _say(
    given: Sequence[str],
    exit_code: int,
    code: str,
    message: str,
    remedy: str,
    alarms: tuple[Finding, ...] = (),
    **more: str,
) -> int:
    """Two lines on standard error for it and for each alarm, and the document a program waits for; the exit code."""
    from sentinel.commands.crash_report import known_secrets
    from sentinel.commands.streams import answer, note
    from sentinel.domain.secrecy import masked
    from sentinel.report.document import error_document
    from sentinel.report.words import clean

    # A key typed or pasted in the wrong place is not repeated.
    secrets = known_secrets(_home_of(given))
    message, remedy = (masked(clean(words), secrets) for words in (message, remedy))
    more = {name: masked(clean(words), secrets) for name, words in more.items()}
    note(f"error: {message}", f"do: {remedy}")
    for alarm in alarms:
        note(f"alarm: {clean(alarm.message)}", f"do: {clean(alarm.remedy)}")
    if "--json" in given:
        told = error_document(masked(_command_of(given), secrets), exit_code, code, message, remedy, alarms, **more)
        answer("", told, as_json=True)
    return exit_code


def _command_of(given: Sequence[str]) -> str:
    """The command as typed, as far as it can be made out without parsing: a group's with its own."""
    words = iter(given)
    found: list[str] = []
    for word in words:
        if word == "--home":
            next(words, None)
        elif not word.startswith("-"):
            found.append(word)
    is_group = found[:1] in ([approvals.info.name], [audit.info.name], [simulate.info.name])
    return " ".join(found[: 2 if is_group else 1])


def _home_of(given: Sequence[str]) -> Path | None:
    """The home a crashed command worked in, if there is one."""
    from sentinel.settings.home import find_home

    for index, word in enumerate(given):
        if word.startswith("--home"):
            named = word.partition("=")[2] or next(iter(given[index + 1 :]), "")
            break
    else:
        named = ""
    try:
        return find_home(Path(named) if named else None)
    except SentinelError:
        return None
