"""Order names for one run; the broker's own orders say which attempt comes next."""

from sentinel.domain.facts import Facts
from sentinel.domain.names import OrderName, Purpose, account_tag


class Naming:
    """Gives each deed of a run its client order id; one that never reached the broker keeps its name next time."""

    def __init__(self) -> None:
        self._given: set[str] = set()

    def next(self, symbol: str, purpose: Purpose, facts: Facts) -> str:
        """The first free name: the same evening, symbol, purpose and history always give the same one."""
        attempt = 1
        taken = {order.client_order_id for order in facts.orders.values()} | self._given
        while (name := self.numbered(symbol, purpose, attempt, facts)) in taken:
            attempt += 1
        self._given.add(name)
        return name

    def numbered(self, symbol: str, purpose: Purpose, attempt: int, facts: Facts) -> str:
        """The name with a given number; cancels are numbered by the ledger, for the broker never sees their names."""
        return str(OrderName(account_tag(facts.account.id), facts.today, symbol, purpose, attempt))
