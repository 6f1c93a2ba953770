"""One action and how it ended, as the line a reader of the evening sees."""

from decimal import Decimal

from sentinel.domain.actions import (
    Action,
    CancelEntry,
    CancelStop,
    FreeShares,
    RaiseStop,
    RenewStop,
    is_following,
    verb_of,
)
from sentinel.domain.runs import Deed, DeedOutcome, Refusal
from sentinel.execution.results import Result

PRICES = ("to_price", "limit_price", "stop_price", "price", "price_shown", "first_stop_price")


def deed_of(step: str, action: Action, result: Result, *, is_dry_run: bool) -> Deed:
    """The deed of an action; what a dry run pretended to do is `planned`."""
    is_pretended = is_dry_run and result.outcome is DeedOutcome.DONE
    order = result.orders[-1] if result.orders else getattr(action, "order", None)
    return Deed(
        step=step,
        verb=verb_of(action),
        symbol=action.symbol,
        outcome=DeedOutcome.PLANNED if is_pretended else result.outcome,
        because=action.because,
        detail=result.detail,
        qty=_qty_of(action),
        price=_price_of(action),
        order_id=order.id if order else None,
    )


def refusals_of(action: Action, result: Result) -> tuple[Refusal, ...]:
    """The rule that kept an action from being sent, if one did."""
    refused = result.refusal
    if refused is None:
        return ()
    return (Refusal(verb_of(action), action.symbol, refused.rule, refused.value, refused.limit),)


def _price_of(action: Action) -> Decimal | None:
    """The one price a reader of the evening wants to see beside the verb."""
    if is_following(action):
        return action.order.filled_avg_price or action.order.limit_price or action.order.stop_price
    prices = (getattr(action, name, None) for name in PRICES)
    return next((price for price in prices if price is not None), None)


def _qty_of(action: Action) -> Decimal | None:
    """The shares an action is about."""
    if is_following(action):
        return action.order.filled_qty or action.order.qty
    if isinstance(action, RaiseStop | RenewStop | CancelStop | CancelEntry | FreeShares):
        return action.order.remaining_qty
    qty = getattr(action, "qty", getattr(action, "to_qty", None))
    return None if qty is None else Decimal(qty)
