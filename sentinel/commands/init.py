"""`sentinel init` makes a home: settings, ledger, folders."""

import os
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.text import Text

from sentinel.commands.crash_report import KEYS_FILE, known_secrets
from sentinel.commands.home_lock import home_lock
from sentinel.commands.options import AsJson, Call, DryRun
from sentinel.commands.session import LEDGER_FILE, ask_account
from sentinel.commands.streams import answer
from sentinel.domain.errors import GuardRefusal, UsageError
from sentinel.report.document import document

FOLDERS = ("backups", "logs", "reports")
Mode = Literal["sim", "paper", "live"]


def init(
    context: typer.Context,
    mode: Annotated[
        Mode | None,
        typer.Option(help="sim: the exchange inside Sentinel; paper, live: your account at Alpaca.  [default: sim]"),
    ] = None,
    i_understand_live: Annotated[
        bool, typer.Option("--i-understand-live", help="Make a home for the live account: its orders move real money.")
    ] = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> int:
    """Make a home: settings, ledger, folders.

    sentinel.toml explains every number. The home is the folder of --home, else $SENTINEL_HOME, else the current
    one. Done twice, it changes nothing.
    """
    from sentinel.settings import SETTINGS_FILE

    call = Call.of(context, as_json, dry_run=dry_run)
    folder = _folder(call)
    chosen = _mode(folder, mode, understands_live=i_understand_live)
    missing = [name for name in (SETTINGS_FILE, LEDGER_FILE, *FOLDERS) if not (folder / name).exists()]
    number = None
    if not dry_run:
        _make(folder, chosen)
        number = _check_keys(folder, chosen)
    words = "\n".join(_words(folder, chosen, missing, number, is_dry_run=dry_run))
    told = document(
        call.command, 0, home=str(folder), mode=chosen, made=missing, account=number, dry_run=call.is_dry_run
    )
    answer(Text(words), told, as_json=as_json)
    return 0


def _folder(call: Call) -> Path:
    from sentinel.settings.home import HOME_VARIABLE

    folder = (call.home or Path(os.environ.get(HOME_VARIABLE) or ".")).expanduser().absolute()
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file, not a folder", "name a new folder: sentinel --home DIR init")
    return folder


def _mode(folder: Path, mode: Mode | None, *, understands_live: bool) -> Mode:
    """The mode of a home that is there, else the one asked for; GuardRefusal where they differ, or live by chance."""
    from sentinel.settings import SETTINGS_FILE, load_settings
    from sentinel.settings.home import refuse_a_folder_as_settings

    refuse_a_folder_as_settings(folder)
    if not (folder / SETTINGS_FILE).exists():
        if mode == "live" and not understands_live:
            raise GuardRefusal(
                "a home for the live account is not made by chance, and nothing was written",
                "live orders move real money: add --i-understand-live if that is what you want",
                rule="live_on_purpose",
                value=mode,
                limit="sim or paper",
            )
        return mode or "sim"
    there = load_settings(folder).broker.mode
    if mode not in (None, there):
        raise GuardRefusal(
            f"{folder} is already a home for the {there} account, and nothing was changed",
            f"make another home for the {mode} account: sentinel --home DIR init --mode {mode}",
            rule="mode_of_home",
            value=str(mode),
            limit=there,
        )
    return there


def _make(folder: Path, mode: Mode) -> None:
    """Whatever of the home is not there yet."""
    from sentinel.ledger import Ledger
    from sentinel.settings import SETTINGS_FILE, write_default

    if not (folder / SETTINGS_FILE).exists():
        write_default(folder, mode, understands_live=mode == "live")
    with home_lock(folder, "init"):
        for name in FOLDERS:
            (folder / name).mkdir(mode=0o700, exist_ok=True)
        Ledger.open(folder / LEDGER_FILE).close()


def _check_keys(folder: Path, mode: Mode) -> str | None:
    """The number of the account the keys open, if there are keys; BrokerUnreachable when they are refused."""
    from sentinel.settings import load_settings

    settings = load_settings(folder)
    has_keys = bool(known_secrets(folder)) or (folder / KEYS_FILE).exists() or settings.broker.keys == "keyring"
    return ask_account(folder, settings).number if mode != "sim" and has_keys else None


def _words(folder: Path, mode: Mode, missing: list[str], number: str | None, *, is_dry_run: bool) -> Iterator[str]:
    if is_dry_run:
        yield f"would make {', '.join(missing)} in {folder} ({mode})" if missing else f"{folder} is a home already"
        return
    yield f"made {', '.join(missing)} in {folder} ({mode})" if missing else f"{folder} is a home already ({mode})"
    sentinel = f"sentinel --home {shlex.quote(str(folder))}"
    if mode == "sim":
        yield f"next: {sentinel} submit-entry-with-stop AAPL 200"
        yield f"then: {sentinel} simulate advance"
        yield f"then: {sentinel} evening-workflow"
    elif number is None:
        yield f"next: set ALPACA_API_KEY and ALPACA_SECRET_KEY to the keys of your {mode} account"
        yield f"then: {sentinel} doctor"
    else:
        yield f"the keys open {mode} account {number}"
        yield f"next: {sentinel} evening-workflow --dry-run"
        if mode == "live":
            yield f"then: {sentinel} arm {number}, for nothing is sent before"
