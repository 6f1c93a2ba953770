"""`sentinel check-profit-taking` asks about positions at their target, and sells what was approved."""

import typer

from sentinel.commands.options import AsJson, Call, DryRun, Force, NonInteractive
from sentinel.commands.run_command import run_steps


def check_profit_taking(
    context: typer.Context,
    dry_run: DryRun = False,
    non_interactive: NonInteractive = False,
    force: Force = False,
    as_json: AsJson = False,
) -> int:
    """Offer positions at target; sell approved ones.

    At a terminal you are asked, and what you approve is sold as soon as that is safe. Without a terminal nothing is
    asked: questions wait in `sentinel approvals list`.
    """
    from sentinel.execution_engine import CHECK_PROFIT_TAKING

    call = Call.of(context, as_json, dry_run=dry_run, non_interactive=non_interactive)
    return run_steps(call, CHECK_PROFIT_TAKING, force=force)
