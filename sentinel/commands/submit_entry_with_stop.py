"""`sentinel submit-entry-with-stop` sends a limit entry and its stop as one order."""

import re
from decimal import Decimal
from typing import Annotated

import typer

from sentinel.commands.options import AsJson, Call, DryRun
from sentinel.commands.run_command import run_in_session
from sentinel.commands.typed_words import refuse_keys_in_words
from sentinel.domain.errors import UsageError
from sentinel.domain.names import SYMBOL
from sentinel.domain.orders import Side

NUMBER = re.compile(r"[0-9]+([.][0-9]*)?|[.][0-9]+")
MOST_DIGITS, MOST_DECIMALS = 12, 9
EXAMPLES = {"price": "150.25", "quantity": "5", "stop loss": "8"}
Overrides = Annotated[
    list[str] | None,
    typer.Option(
        "--override",
        metavar="RULE",
        help="Set aside the rule a refusal named, for this order alone; may be repeated.",
    ),
]
OverrideReason = Annotated[
    str, typer.Option("--reason", metavar="TEXT", help="Why a rule is set aside; the audit keeps it.")
]


def submit_entry_with_stop(
    context: typer.Context,
    symbol: Annotated[str, typer.Argument(metavar="SYMBOL", help="What to buy, for example AAPL.")],
    price: Annotated[str, typer.Argument(metavar="PRICE", help="The limit price in dollars.")],
    qty: Annotated[
        str | None, typer.Argument(metavar="QTY", help="Whole shares; left out, the risk policy sizes them.")
    ] = None,
    *,
    side: Annotated[Side, typer.Option(case_sensitive=False, help="buy opens a long, sell a short.")] = Side.BUY,
    stop_loss_pct: Annotated[
        str | None,
        typer.Option(
            metavar="PERCENT", help="How far from the entry the stop rests, in percent.  [default: the policy's]"
        ),
    ] = None,
    override: Overrides = None,
    reason: OverrideReason = "",
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> int:
    """Send a limit entry and its stop as one order.

    The order is good till cancelled. The stop's leg is verified at the broker; without it the entry is cancelled.

    What breaks a limit of the policy is refused with the rule's name, the value and the limit, and exits 3. With that
    name and a reason of ten characters the rule is set aside for the one order; some rules nobody can set aside.
    """
    from sentinel.plan.limits import checked_overrides

    overrides = checked_overrides(override or (), reason)
    wanted = (
        symbol_of(symbol),
        number(price, "price"),
        None if qty is None else number(qty, "quantity"),
        None if stop_loss_pct is None else number(stop_loss_pct, "stop loss"),
        side,
        *overrides,
    )
    call = Call.of(context, as_json, dry_run=dry_run)
    if reason:
        refuse_keys_in_words(reason, call.home)

    from sentinel.execution_engine import SUBMIT_ENTRY

    return run_in_session(
        call,
        lambda session: session.engine.run(
            SUBMIT_ENTRY,
            call.command,
            source=call.source,
            is_dry_run=dry_run,
            request=session.engine.entry_request(*wanted),
        ),
    )


def symbol_of(text: str) -> str:
    """A symbol in capitals; UsageError for what cannot be one."""
    symbol = text.upper()
    # Some foreign letters have one of ours for a capital.
    if not (text.isascii() and SYMBOL.fullmatch(symbol)):
        raise UsageError(f"{text!r} is not a stock symbol", "type it as the exchange does, for example AAPL or BRK.B")
    return symbol


def number(text: str, name: str) -> Decimal:
    """A number above zero, as typed; UsageError for anything else, with an example of what it is a number of."""
    example = EXAMPLES[name]
    if not NUMBER.fullmatch(text):
        raise UsageError(f"the {name} {text!r} is not a number", f"type plain digits, for example {example}")
    whole, _, decimals = text.partition(".")
    if len(whole) > MOST_DIGITS:
        raise UsageError(f"the {name} {text!r} is too large", f"type a smaller one, for example {example}")
    if len(decimals) > MOST_DECIMALS:
        raise UsageError(f"the {name} {text!r} has too many decimals", f"type fewer, for example {example}")
    if not Decimal(text):
        raise UsageError(f"the {name} {text!r} is not above zero", f"type one that is, for example {example}")
    return Decimal(text)
