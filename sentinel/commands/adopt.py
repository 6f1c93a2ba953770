"""`sentinel adopt` takes a position Sentinel did not open for the trader's own."""

from typing import Annotated

import typer

from sentinel.commands.options import AsJson, Call, DryRun
from sentinel.commands.run_command import run_steps
from sentinel.commands.submit_entry_with_stop import number, symbol_of
from sentinel.domain.facts import AdoptRequest


def adopt(
    context: typer.Context,
    symbol: Annotated[str, typer.Argument(metavar="SYMBOL", help="The position, for example AAPL.")],
    entry_price: Annotated[
        str | None,
        typer.Option(metavar="PRICE", help="What a share cost you in dollars.  [default: the broker's average]"),
    ] = None,
    ignore: Annotated[
        bool, typer.Option("--ignore", help="Protect it, but never raise its stop and never offer it for sale.")
    ] = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> int:
    """Name an adopted position your own.

    Until then every evening lists it as adopted. Its stop is placed at once if it has none. Also takes a position whose
    shares nobody could explain as it is. Adopting again changes price or --ignore.
    """
    from sentinel.execution_engine import ADOPT

    price = None if entry_price is None else number(entry_price, "price")
    request = AdoptRequest(symbol_of(symbol), price, ignore)
    return run_steps(Call.of(context, as_json, dry_run=dry_run), ADOPT, request=request)
