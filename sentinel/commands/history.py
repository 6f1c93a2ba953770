"""`sentinel history` tells the life of each trade and each stop in a symbol."""

from typing import Annotated

import typer

from sentinel.commands.offline import ledger_to_read
from sentinel.commands.options import AsJson, Call
from sentinel.commands.streams import answer
from sentinel.commands.submit_entry_with_stop import symbol_of
from sentinel.report.history import history_document, history_screen
from sentinel.report.trade_life import lives_of


def history(
    context: typer.Context,
    symbol: Annotated[str, typer.Argument(metavar="SYMBOL", help="For example AAPL.")],
    as_json: AsJson = False,
) -> int:
    """Tell the life of trades and stops; offline.

    Orders sent, stops placed, raised, cancelled and by whom, fills with their slippage against the order's own price,
    what the trade made in dollars and in R, the risk of its first stop, and how its rescues went.
    """
    call, wanted = Call.of(context, as_json), symbol_of(symbol)
    with ledger_to_read(call) as ledger:
        lives = lives_of(
            ledger.trades_of(wanted),
            ledger.entries_of(wanted),
            ledger.stops_of(wanted),
            ledger.exits_of(wanted),
            ledger.cancelled_at(wanted),
        )
        rescues = ledger.rescues_of(wanted)
    answer(
        history_screen(wanted, lives, rescues), history_document(wanted, lives, rescues, call.command), as_json=as_json
    )
    return 0
