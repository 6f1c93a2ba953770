"""A second look before a ghost is declared: at the position itself, and at each order that may have ended it."""

import time
from dataclasses import replace

from sentinel.broker import Broker
from sentinel.domain.actions import CloseTrade, is_following
from sentinel.domain.facts import Facts, ReconcileRequest
from sentinel.domain.findings import Finding, Severity
from sentinel.domain.runs import DeedOutcome
from sentinel.execution.following import Following
from sentinel.execution.results import Result, alarm
from sentinel.plan.fills import plan_fills
from sentinel.plan.ghosts import close_ghost, is_still_held


class SecondLook:
    """Ends ghosts one by one, until the step's time is over."""

    def __init__(self, broker: Broker, following: Following, deadline_s: float) -> None:
        self.broker = broker
        self.following = following
        self.deadline_s = deadline_s
        self._began = time.monotonic()

    def begin(self) -> None:
        """A step begins, and with it its time."""
        self._began = time.monotonic()

    def close(self, ghost: CloseTrade, facts: Facts) -> tuple[Result, Facts]:
        """End the trade by what really ended it, unless it is held after all; the facts with what was seen."""
        symbol = ghost.trade.symbol
        if time.monotonic() - self._began > self.deadline_s:
            message = f"{symbol} is no longer held, but the step's {self.deadline_s:g} s were over"
            late = alarm("ghosts_left", symbol, message, "run `sentinel reconcile-positions` for the rest")
            return Result(DeedOutcome.SKIPPED, "the step's time was over", findings=(late,)), facts
        facts = self._look(symbol, facts)
        if is_still_held(ghost.trade, facts):
            message = f"the broker's list of positions missed {symbol}, of which {facts.positions[symbol].shares} "
            finding = Finding("list_missed", Severity.ALARM, symbol, f"{message}shares are held", "run again")
            return Result(DeedOutcome.SKIPPED, "a second look found it still held", findings=(finding,)), facts
        for followed in filter(is_following, plan_fills(facts.only(symbol)).actions):
            self.following.note(followed, facts)
        if not self.following.is_open(ghost.trade):
            return Result(DeedOutcome.DONE, "a second look found the order that ended it"), facts
        request = facts.request if isinstance(facts.request, ReconcileRequest) else ReconcileRequest()
        self.following.note(close_ghost(ghost.trade, facts, request.close_reason), facts)
        return Result(DeedOutcome.DONE), facts

    def _look(self, symbol: str, facts: Facts) -> Facts:
        """The facts with the position read by itself, and each order the ledger believes open by its id."""
        position, book = self.broker.position(symbol), facts.book.only(symbol)
        others = {name: held for name, held in facts.positions.items() if name != symbol}
        facts = replace(facts, positions=others | ({symbol: position} if position else {}))
        ids = [stop.order_id for stop in book.stops] + [sale.order_id for sale in book.exits]
        seen = map(self.broker.order, ids)
        return facts.fold(order for order in seen if order is not None)
