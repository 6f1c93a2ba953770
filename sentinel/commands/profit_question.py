"""Asks the trader, on the terminal, whether to sell: what is gained, where the stop is, what a yes will do."""

from contextlib import suppress
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from sentinel.commands.streams import Progress, ask, note
from sentinel.domain.actions import OfferExit
from sentinel.domain.book import SaleKind
from sentinel.domain.errors import BrokerUnreachable
from sentinel.domain.facts import Holding
from sentinel.domain.orders import Side
from sentinel.domain.positions import Session
from sentinel.report.words import GLUE, age, clean, count, flowing, money, percent, price, shares, unsigned_percent
from sentinel.risk_config import RiskPolicy

if TYPE_CHECKING:
    from sentinel.broker import Broker


class ProfitQuestion:
    """One question a position; the answer is no unless it is a yes."""

    def __init__(self, broker: "Broker", policy: RiskPolicy, progress: Progress) -> None:
        self.broker = broker
        self.policy = policy
        self.progress = progress

    def __call__(self, offer: OfferExit, holding: Holding) -> bool:
        """Show the position and wait for y or n; Enter, and an end of input, are no."""
        self.progress.stop()
        verb = "Sell" if holding.side is Side.BUY else "Buy back"
        prompt = f"{verb} {count(offer.qty, 'share')} of {clean(offer.symbol)}? [y/N]"
        try:
            answer = ask(question(offer, holding, self._hour(), self.policy), prompt)
        except EOFError:
            note("")
            return False
        return answer.strip().lower() in ("y", "yes")

    def _hour(self) -> Session | None:
        with suppress(BrokerUnreachable):
            return self.broker.session()
        return None


def question(offer: OfferExit, holding: Holding, hour: Session | None, policy: RiskPolicy) -> RenderableType:
    """What a person needs to decide."""
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(ratio=1)
    table.add_row(Text(clean(offer.symbol), "bold"), Text(flowing(offer.because), "bold"))
    table.add_row("gain", _gain(offer, holding))
    table.add_row("price", f"{price(offer.price_shown)} now, {price(holding.entry_price)} at the entry")
    table.add_row("stop", _stop(holding))
    if holding.trade and hour:
        table.add_row("held", _held(holding.trade.opened_at, hour.now))
    is_part = offer.kind == SaleKind.PARTIAL
    table.add_row("if yes", _part_consequence(offer, holding, hour) if is_part else _consequence(holding, hour, policy))
    again = "all of it is offered at its target, no part again" if is_part else "you are asked again on a later evening"
    table.add_row("if no", f"nothing changes; {again}")
    return table


def _gain(offer: OfferExit, holding: Holding) -> str:
    dollars = (offer.price_shown - holding.entry_price) * holding.side.sign * offer.qty
    words = f"{money(dollars)}, {percent(holding.gain_pct)}"
    multiple = holding.trade.r_multiple(offer.price_shown) if holding.trade else None
    return words if multiple is None else f"{words}, {multiple:.1f} R"


def _stop(holding: Holding) -> str:
    resting = [(stop.stop_price, stop.remaining_qty) for stop in holding.stops if stop.stop_price is not None]
    if not resting:
        return "none is active"
    return ", ".join(f"{price(level)} for {count(qty, 'share')}, {_locked(level, holding)}" for level, qty in resting)


def _locked(level: Decimal, holding: Holding) -> str:
    locked = (level - holding.entry_price) * holding.side.sign / holding.entry_price * 100
    return f"{'locks' if locked >= 0 else 'risks'} {unsigned_percent(locked)}"


def _held(opened_at: datetime, now: datetime) -> str:
    return f"for {age(now - opened_at)}"


def _part_consequence(offer: OfferExit, holding: Holding, hour: Session | None) -> str:
    kept = count(holding.position.whole_shares - offer.qty, "share")
    done = "sold" if holding.side is Side.BUY else "bought back"
    deed = f"the stop keeps {kept}, and the others are {done} at the market"
    if hour is not None and hour.is_open:
        return f"{deed} now; where the stop can be changed only after the close, the sale is owed until then"
    return f"{deed} at the next open; where the broker will not free them tonight, the sale is owed and the stop stays"


def _consequence(holding: Holding, hour: Session | None, policy: RiskPolicy) -> str:
    deed = f"the stop is freed and the shares are {'sold' if holding.side is Side.BUY else 'bought back'} at the market"
    if hour is not None and hour.is_open:
        return f"{deed} now"
    return (
        f"{deed} at the next open; where the broker will not free"
        f" the stop tonight, it moves to {shares(policy.exit_stop_pct)}{GLUE}% from the price and the sale is owed"
    )
