"""`sentinel simulate` runs the simulated exchange and drives it by hand."""

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from sentinel.commands.exchange_of import exchange_of, in_trade_words
from sentinel.commands.options import AsJson, Call, DryRun
from sentinel.commands.streams import answer
from sentinel.domain.errors import UsageError
from sentinel.report.document import document
from sentinel.report.exchange_screen import exchange_screen

simulate = typer.Typer(
    name="simulate",
    help="Run the simulated exchange, and drive it by hand.",
    rich_markup_mode=None,
)
Url = Annotated[
    str | None,
    typer.Option("--url", help="A running exchange.  [default: $APCA_API_BASE_URL, else the home's own]"),
]
Kind = Literal["drop_before", "drop_after", "delay", "429", "500", "503", "empty", "truncated", "reset", "stale"]


@simulate.command("serve")
def serve(
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port on 127.0.0.1; 0 takes a free one.")] = 0,
    bars: Annotated[
        Path | None, typer.Option(help="CSV of symbol,date,open,high,low,close,volume.  [default: real ones]")
    ] = None,
    start: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Begin after the close of this day.")
    ] = None,
    state: Annotated[Path | None, typer.Option(help="Keep the state in this file, and go on from it.")] = None,
    seed: Annotated[int, typer.Option(help="Other ids for another seed.")] = 0,
    as_json: AsJson = False,
) -> int:
    """Run an exchange until it is told to stop.

    Needs no home. Prints one JSON line with url, key and secret when it is ready. Ends cleanly on SIGTERM and Ctrl-C.
    """
    from sentinel.simulator import serve as serve_exchange

    if bars is not None:
        _refuse_unreadable(bars)
    with in_trade_words():
        try:
            day = start.date() if start else None
            serve_exchange(port, bars, day, state, seed, ready=lambda told: print(json.dumps(told), flush=True))
        except OSError as error:
            raise UsageError(f"the exchange cannot listen on port {port}: {error.strerror}", "try --port 0") from None
    return 0


@simulate.command("advance")
def advance(
    context: typer.Context,
    to: Annotated[
        Literal["open", "close"] | None, typer.Option(help="Up to the next open, or the next close.  [default: close]")
    ] = None,
    sessions: Annotated[int | None, typer.Option(min=1, help="Past so many closes.")] = None,
    url: Url = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> int:
    """Move the exchange's clock.

    Orders meet the bars on the way.
    """
    if to and sessions:
        raise UsageError("--to and --sessions were both given", "choose one")
    call = Call.of(context, as_json, dry_run=dry_run)
    target = {"sessions": sessions} if sessions else {"to": to or "close"}
    return _with_exchange(call, url, None if dry_run else lambda exchange: exchange.advance(**target))


@simulate.command("state")
def state(context: typer.Context, url: Url = None, as_json: AsJson = False) -> int:
    """Show the exchange: clock, positions, orders.

    With --json everything it knows.
    """
    return _with_exchange(Call.of(context, as_json), url, None)


@simulate.command("fault")
def fault(
    context: typer.Context,
    kind: Annotated[
        Kind | None, typer.Argument(metavar="KIND", help="What goes wrong; left out, all faults end.")
    ] = None,
    *,
    method: Annotated[str, typer.Option(help="Of which requests: GET, POST, PATCH, DELETE.")] = "*",
    path: Annotated[str, typer.Option(help="Of which paths: a regular expression.")] = "",
    nth: Annotated[int | None, typer.Option(min=1, help="Only the n-th such request.  [default: every]")] = None,
    seconds: Annotated[float, typer.Option(min=0, help="How long a delay lasts.")] = 0,
    url: Url = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> int:
    """Let requests to the exchange fail.

    The fault takes the place of all set before; without KIND they only end.
    """
    rule = {"method": method, "path": path, "nth": nth, "kind": kind, "seconds": seconds}
    call = Call.of(context, as_json, dry_run=dry_run)
    return _with_exchange(call, url, None if dry_run else lambda exchange: exchange.faults([rule] if kind else []))


def _refuse_unreadable(bars: Path) -> None:
    try:
        bars.open("rb").close()
    except OSError as error:
        remedy = "name a CSV file of symbol,date,open,high,low,close,volume, or leave --bars out"
        raise UsageError(f"cannot read bars from {bars}: {error.strerror}", remedy) from None


def _with_exchange(call: Call, url: str | None, change: Callable[[Any], object] | None) -> int:
    """Change the exchange, then show how it stands."""
    with exchange_of(call, url, only_looks=change is None) as exchange, in_trade_words():
        if change is not None:
            change(exchange)
        told = exchange.state()
    answer(exchange_screen(told), document(call.command, 0, dry_run=call.is_dry_run, state=told), as_json=call.as_json)
    return 0
