"""The engine behind every command: intents, deeds, outcomes and recovery, with the API its first users know."""

from collections import Counter
from collections.abc import Iterable

from sentinel.domain.errors import DeedFailed, UsageError
from sentinel.domain.facts import EntryRequest, ReconcileRequest, Request
from sentinel.domain.money import Number, exact
from sentinel.domain.names import Purpose
from sentinel.domain.orders import Order, OrderStatus, Side
from sentinel.domain.runs import Deed, DeedOutcome, RunReport
from sentinel.execution.run import Run
from sentinel.execution.workplace import Step, Workplace
from sentinel.plan.adoption import plan_adoption
from sentinel.plan.entries import plan_entry
from sentinel.plan.fills import plan_fills
from sentinel.plan.limits import checked_overrides
from sentinel.plan.orphans import plan_orphans
from sentinel.plan.positions import plan_positions
from sentinel.plan.profit_taking import plan_profit_taking
from sentinel.plan.renewals import plan_renewals
from sentinel.plan.rescue import plan_rescue
from sentinel.plan.trailing_stops import plan_trailing_stops

# What each command of its own does; the evening does them all (sentinel/evening.py).
SUBMIT_ENTRY = (Step("entry", plan_entry),)
RECONCILE_POSITIONS = (Step("fills", plan_fills), Step("positions", plan_positions))
# A stop is priced by its trade: whoever places one follows splits and hand trades first.
RESCUE_STOPS = (*RECONCILE_POSITIONS, Step("rescue", plan_rescue))
RECONCILE_FILLS = RESCUE_STOPS
# The adoption comes first to refuse what cannot be adopted, and again once a stranger has become a trade.
ADOPTION = Step("adoption", plan_adoption)
ADOPT = (ADOPTION, *RECONCILE_POSITIONS, ADOPTION, Step("rescue", plan_rescue))
UPDATE_TRAILING_STOPS = (Step("raises", plan_trailing_stops), Step("renewals", plan_renewals))
CHECK_PROFIT_TAKING = (Step("profit", plan_profit_taking),)
CLEANUP_ORPHANS = (Step("orphans", plan_orphans),)


class OrderExecutionEngine:
    """Carries out plans for one account; each method is one whole run and is safe to repeat."""

    def __init__(self, workplace: Workplace) -> None:
        self.workplace = workplace

    def run(
        self,
        steps: Iterable[Step],
        command: str,
        *,
        source: str = "api",
        is_dry_run: bool = False,
        force: bool = False,
        request: Request | None = None,
    ) -> RunReport:
        """Settle, look, take the steps, look again, prove the coverage; SentinelError when it cannot be trusted.

        UsageError, with nothing looked at or written, where a reason in the request holds one of the API keys.
        """
        self._refuse_keys(request)
        return Run(self.workplace, command, source, is_dry_run=is_dry_run, force=force).take(steps, request)

    def entry_request(
        self,
        symbol: str,
        entry_price: Number,
        qty: Number | None,
        stop_loss_pct: Number | None = None,
        side: str = Side.BUY,
        overrides: Iterable[str] = (),
        reason: str = "",
    ) -> EntryRequest:
        """The request for an entry; prices in dollars, percent as percent; left-out numbers come from the policy.

        UsageError where a rule in `overrides` cannot be set aside, or no `reason` of ten characters says why.
        """
        policy = self.workplace.policy
        chosen, why = checked_overrides(overrides, reason)
        return EntryRequest(
            symbol=symbol,
            side=Side(side),
            limit_price=exact(entry_price),
            qty=None if qty is None else exact(qty),
            stop_loss_pct=policy.initial_stop_pct if stop_loss_pct is None else exact(stop_loss_pct),
            asset=self.workplace.broker.asset(symbol),
            overrides=chosen,
            override_reason=why,
        )

    def submit_entry_with_stop(
        self,
        symbol: str,
        entry_price: Number,
        qty: Number | None = None,
        stop_loss_pct: Number | None = None,
        side: str = Side.BUY,
        overrides: Iterable[str] = (),
        reason: str = "",
    ) -> tuple[Order, Order]:
        """The entry and its verified stop leg; GuardRefusal, UsageError or DeedFailed when there is none.

        A GuardRefusal names its `rule`, `value` and `limit`; `overrides` sets rules aside for this one order.
        """
        request = self.entry_request(symbol, entry_price, qty, stop_loss_pct, side, overrides, reason)
        report = self.run(SUBMIT_ENTRY, "submit-entry-with-stop", request=request)
        entry = next((o for o in self.workplace.broker.open_orders() if _is_entry(o, request)), None)
        entry = self.workplace.broker.order(entry.id) if entry else None
        if entry is None or entry.stop_leg is None:
            why = "; ".join(finding.message for finding in report.findings) or "the entry is not at the broker"
            raise DeedFailed(why, "run `sentinel reconcile-fills` and look at `sentinel status`")
        return entry, entry.stop_leg

    def _refuse_keys(self, request: Request | None) -> None:
        """What a program or a trader gives as a reason is kept in the ledger for good: no key may be in it."""
        words = request.override_reason if isinstance(request, EntryRequest) else None
        words = request.close_reason if isinstance(request, ReconcileRequest) else words
        if words and self.workplace.broker.holds_key(words):
            raise UsageError("the reason holds one of your API keys, and nothing was written", "give one without it")

    def reconcile_fills(self) -> dict[str, int]:
        """Follow every order of ours; counts of entries by what became of them, stops filled, and rescues."""
        report = self.run(RECONCILE_FILLS, "reconcile-fills")
        counts = Counter(_fate(deed) for deed in _done(report, "follow_entry"))
        return {
            "filled": counts["filled"],
            "cancelled": counts["canceled"],
            "expired": counts["expired"],
            "rejected": counts["rejected"],
            "stops_filled": sum(_fate(deed) == "filled" for deed in _done(report, "follow_stop")),
            "rescued": len(_done(report, "place_stop")),
        }

    def update_trailing_stops(self) -> dict[str, int]:
        """Raise what the staircase wants; counts of stops raised and raises owed."""
        report = self.run(UPDATE_TRAILING_STOPS, "update-trailing-stops")
        refused = [d for d in report.deeds if d.verb == "raise_stop" and d.outcome is DeedOutcome.REFUSED]
        return {"raised": len(_done(report, "raise_stop")), "owed": len(refused) + len(_done(report, "owe"))}

    def check_profit_taking(self) -> dict[str, int]:
        """Offer what is at its target and sell what was approved; counts of both, and of exits owed."""
        report = self.run(CHECK_PROFIT_TAKING, "check-profit-taking")
        verbs = {"offered": ("offer_exit",), "sold": ("close_position", "sell_part"), "owed": ("owe",)}
        return {name: sum(len(_done(report, verb)) for verb in told) for name, told in verbs.items()}

    def cleanup_orphaned_stops(self) -> dict[str, int]:
        """Cancel stops of ours that protect nothing; the count of them."""
        return {"cancelled": len(_done(self.run(CLEANUP_ORPHANS, "cleanup-orphans"), "cancel_stop"))}


def _done(report: RunReport, verb: str) -> list[Deed]:
    return [deed for deed in report.deeds if deed.verb == verb and deed.outcome is DeedOutcome.DONE]


def _fate(deed: Deed) -> str:
    return next((status for status in OrderStatus if f" {status}" in deed.because), "")


def _is_entry(order: Order, request: EntryRequest) -> bool:
    is_same = (order.symbol, order.side, order.limit_price) == (request.symbol, request.side, request.limit_price)
    return order.purpose is Purpose.ENTRY and is_same
