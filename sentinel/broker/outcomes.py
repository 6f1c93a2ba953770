"""The verdict on one request that changes something: confirmed, rejected, or nobody knows."""

from sentinel.broker.answers import Answer
from sentinel.broker.translator import UnknownShape, order_of, plain, refusal_fields
from sentinel.domain.outcomes import Confirmed, Outcome, Rejected, Unresolved


def outcome_of_order(answer: Answer, name: str) -> Outcome:
    """What became of an order sent or replaced under a client order id."""
    if not answer.is_success:
        return _not_done(answer)
    try:
        order = order_of(answer.body)
    except UnknownShape as shape:
        return Unresolved(f"the broker answered {shape}")
    if order.client_order_id != name:
        return Unresolved(f"the broker answered with order {order.client_order_id}, which is another one")
    return Confirmed(order)


def outcome_of_cancel(answer: Answer) -> Outcome:
    """What became of a cancel: the broker took it (204, and any 2xx with JSON; ALPACA 4.1), not that it is done."""
    return Confirmed() if answer.is_success else _not_done(answer)


def _not_done(answer: Answer) -> Outcome:
    if not answer.is_definite_refusal or answer.error is None:
        return Unresolved(f"the broker answered HTTP {answer.status}")
    code = answer.error.get("code")
    return Rejected(
        http_status=answer.status,
        # A wrong key is refused without a code (ALPACA 9.1).
        code=code if isinstance(code, int) and not isinstance(code, bool) else None,
        message=plain(answer.error["message"]),
        fields=refusal_fields(answer.error),
    )
