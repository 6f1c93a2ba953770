"""`sentinel arm` lets a home trade a live account for a while; `sentinel disarm` takes that back."""

from typing import Annotated

import typer
from rich.text import Text

from sentinel.commands.home_lock import home_lock
from sentinel.commands.offline import utc_now
from sentinel.commands.options import AsJson, Call, DryRun
from sentinel.commands.session import ask_account
from sentinel.commands.streams import answer
from sentinel.domain.errors import GuardRefusal, UsageError
from sentinel.report.document import document
from sentinel.report.words import day


def arm(
    context: typer.Context,
    account_number: Annotated[
        str, typer.Argument(metavar="ACCOUNT_NUMBER", help="The live account's number, as Alpaca's page shows it.")
    ],
    days: Annotated[int, typer.Option(min=1, max=90, help="For how many days.")] = 30,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> int:
    """Let this home send orders to a live account.

    Asks the broker whose account the keys open, and refuses any other. After the days are over entries and profit
    sales are refused, and stops are placed and raised as before; arming again starts the days anew.
    """
    from sentinel.settings import find_home, load_settings
    from sentinel.settings.arming import arm as arm_home

    call = Call.of(context, as_json, dry_run=dry_run)
    home = find_home(call.home)
    settings = load_settings(home)
    if settings.broker.mode != "live":
        raise UsageError(
            f"{home} is a home for the {settings.broker.mode} account, which needs no arming",
            "a home for the live account is made with: sentinel --home DIR init --mode live --i-understand-live",
        )
    with home_lock(home, call.command, leaves_no_trace=dry_run):
        number = ask_account(home, settings).number
        if not number or number != account_number:
            raise GuardRefusal(
                f"the keys open live account {number or 'without a number'}, not {account_number}; nothing was armed",
                "type the number of the account you mean, and use its keys",
                rule="account_of_keys",
                value=account_number,
                limit=number or "without a number",
            )
        until = None if dry_run else arm_home(home, number, days, utc_now()).until
    words = f"would arm live account {number} for {days} days"
    if until is not None:
        words = f"live account {number} is armed until {day(until)}\n`sentinel disarm` takes it back"
    told = document(
        call.command, 0, account=number, days=days, until=until.isoformat() if until else None, dry_run=dry_run
    )
    answer(Text(words), told, as_json=as_json)
    return 0


def disarm(context: typer.Context, dry_run: DryRun = False, as_json: AsJson = False) -> int:
    """Let a live home send nothing more; offline.

    Nothing at all: stops are neither placed nor raised, those at the broker stay. To stop entries and profit sales
    alone there is `halt`.
    """
    from sentinel.settings import find_home
    from sentinel.settings.arming import ARMING_FILE
    from sentinel.settings.arming import disarm as disarm_home

    call = Call.of(context, as_json, dry_run=dry_run)
    home = find_home(call.home)
    # Without the home's lock: it must work while a run hangs.
    was_armed = (home / ARMING_FILE).exists() if dry_run else disarm_home(home)
    words = "nothing is armed"
    if was_armed:
        verb = "would disarm" if dry_run else "disarmed"
        words = f"{verb}: nothing more is sent to the live account, stops at the broker stay as they are"
    answer(Text(words), document(call.command, 0, was_armed=was_armed, dry_run=dry_run), as_json=as_json)
    return 0
