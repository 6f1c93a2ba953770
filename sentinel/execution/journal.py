"""One mutation at a time: the intent is committed, one request goes out, and its outcome is committed with its rows."""

from collections.abc import Callable
from decimal import Decimal

from sentinel.broker import Broker
from sentinel.domain.book import Intent, IntentState
from sentinel.domain.names import Purpose
from sentinel.domain.orders import Order, OrderStatus
from sentinel.domain.outcomes import Confirmed, Outcome, Rejected, Unresolved
from sentinel.execution.patience import Patience
from sentinel.ledger import Ledger

# A request that provably never arrived is sent once more under the same name, which the broker takes only once.
SENDS = 2
NEVER_ARRIVED = "the broker never saw it"
DEAD = frozenset({OrderStatus.CANCELED, OrderStatus.EXPIRED, OrderStatus.REJECTED})

Send = Callable[[], Outcome]
Record = Callable[[Order | None], None]


class Journal:
    """Writes down every mutation before and after it happens, and finds out what became of unanswered ones."""

    def __init__(self, broker: Broker, ledger: Ledger, patience: Patience) -> None:
        self.broker = broker
        self.ledger = ledger
        self.patience = patience
        self.run_id: int | None = None

    def carry_out(self, intent: Intent, send: Send, record: Record) -> Outcome:
        """Send what the intent says; `record` writes the business rows in the transaction that settles the intent."""
        self.ledger.plan_intent(intent, self.run_id)
        outcome: Outcome = Unresolved(NEVER_ARRIVED)
        for _ in range(SENDS):
            self.ledger.mark_sent(intent.name)
            outcome = self._known(intent, send())
            if outcome != Unresolved(NEVER_ARRIVED):
                break
        self._settle(intent, outcome, record)
        return outcome

    def settle_unfinished(self, intent: Intent) -> Outcome:
        """Ask the broker what became of an intent an earlier run left open; the planners take it from there."""
        was_sent = intent.state is IntentState.SENT
        outcome = self.resolve(intent) if was_sent else Unresolved("planned but never sent")
        self._settle(intent, outcome, lambda _order: None)
        return outcome

    def resolve(self, intent: Intent) -> Outcome:
        """What became of an unanswered request, by reading alone (ALPACA 8)."""
        found = self.patience.until(lambda order: order is not None, lambda: self._find(intent))
        return _proof(intent, found)

    def _known(self, intent: Intent, outcome: Outcome) -> Outcome:
        """The outcome itself, or what reading says where the answer was none or the name was already taken."""
        if isinstance(outcome, Unresolved):
            return self.resolve(intent)
        if isinstance(outcome, Rejected) and "client_order_id" in outcome.message:
            found = self._find(intent)
            return _proof(intent, found) if found else outcome
        if isinstance(outcome, Confirmed) and outcome.order:
            return _proof(intent, outcome.order)
        return outcome

    def _find(self, intent: Intent) -> Order | None:
        """The order that proves the deed: by its name, by the chain of replacements, or the cancelled order itself."""
        if intent.purpose is Purpose.CANCEL:
            target = self.broker.order(intent.target_order_id or "")
            is_done = target and (not target.is_live or target.status is OrderStatus.PENDING_CANCEL)
            return target if is_done else None
        named = self.broker.order_named(intent.name)
        if named is not None or intent.target_order_id is None:
            return named
        target = self.broker.order(intent.target_order_id)
        successor = self.broker.order(target.replaced_by) if target and target.replaced_by else None
        wanted = Decimal(intent.params.get("stop_price", "0"))
        return successor if successor is not None and successor.stop_price == wanted else None

    def _settle(self, intent: Intent, outcome: Outcome, record: Record) -> None:
        state, order, detail = _verdict(outcome)
        with self.ledger.transaction():
            self.ledger.settle_intent(intent.name, state, order.id if order else None, detail)
            if state is IntentState.CONFIRMED:
                record(order)


def _proof(intent: Intent, found: Order | None) -> Outcome:
    """What an order found at the broker says of the deed: one that died without a fill is no success."""
    if found is None:
        return Unresolved(NEVER_ARRIVED)
    if intent.purpose is Purpose.CANCEL:
        return Confirmed(found)
    if found.status in DEAD and not found.filled_qty:
        return Rejected(200, None, f"the broker took order {found.id}, which is {found.status}")
    other = _difference(intent, found)
    return Rejected(200, None, f"order {found.id} has the name, but another {other}") if other else Confirmed(found)


def _difference(intent: Intent, found: Order) -> str | None:
    """In what an order that carries the name is not the one that was meant; an entry's leg is judged by its deed."""
    told = {"qty": found.qty, "limit_price": found.limit_price}
    told |= {} if intent.purpose is Purpose.ENTRY else {"stop_price": found.stop_price}
    wanted = {name: Decimal(value) for name, value in intent.params.items() if name in told}
    return next((name.replace("_", " ") for name, value in wanted.items() if told[name] != value), None)


def _verdict(outcome: Outcome) -> tuple[IntentState, Order | None, str]:
    match outcome:
        case Confirmed(order):
            return IntentState.CONFIRMED, order, ""
        case Rejected(_, code, message):
            return IntentState.REJECTED, None, f"{message} ({code})" if code else message
        case Unresolved(why):
            return IntentState.ABANDONED, None, why
