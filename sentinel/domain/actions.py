"""The verbs: what a planner may decide, each with its reason."""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import TypeGuard, get_args

from sentinel.domain.book import EndedBy, EntryRecord, ExitReason, OwedKind, Trade
from sentinel.domain.findings import Finding
from sentinel.domain.orders import Order, Side
from sentinel.domain.positions import Position


@dataclass(frozen=True, slots=True)
class SubmitEntry:
    """Send a limit entry with its stop as one GTC `oto` order."""

    symbol: str
    side: Side
    qty: int
    limit_price: Decimal
    stop_price: Decimal
    because: str
    # Rules the trader has set aside for this order, and why.
    overrides: tuple[str, ...] = ()
    override_reason: str = ""


@dataclass(frozen=True, slots=True)
class CancelEntry:
    """Take back an entry, or what of it has not filled."""

    symbol: str
    order: Order
    because: str


@dataclass(frozen=True, slots=True)
class PlaceStop:
    """Rest a new GTC stop behind shares that have none."""

    symbol: str
    side: Side
    qty: int
    stop_price: Decimal
    is_emergency: bool
    because: str


@dataclass(frozen=True, slots=True)
class RaiseStop:
    """Move a resting stop closer to the market, never away from it."""

    symbol: str
    order: Order
    to_price: Decimal
    because: str
    # A raise that only tightens for an owed exit is not owed itself.
    is_for_exit: bool = False


@dataclass(frozen=True, slots=True)
class RenewStop:
    """Give a stop that is about to lapse its full life again (ALPACA 2.3), at its level or a tick tighter."""

    symbol: str
    order: Order
    # The level to PATCH it to, a tick tighter; None where that is known not to renew it, or cannot be done.
    to_price: Decimal | None
    # Whether it may be cancelled and placed anew.
    may_swap: bool
    because: str


@dataclass(frozen=True, slots=True)
class GrowStop:
    """Put shares that have come under the stop the others already have."""

    symbol: str
    order: Order
    to_qty: int
    because: str


@dataclass(frozen=True, slots=True)
class ShrinkStop:
    """Take from a stop the shares that are no longer held."""

    symbol: str
    order: Order
    to_qty: int
    because: str


@dataclass(frozen=True, slots=True)
class FreeShares:
    """Cancel an order that holds shares a stop needs: the stop wins."""

    symbol: str
    order: Order
    because: str


@dataclass(frozen=True, slots=True)
class CancelStop:
    """Take away a stop that protects nothing."""

    symbol: str
    order: Order
    because: str


@dataclass(frozen=True, slots=True)
class ClosePosition:
    """Free the shares from their stop and sell them (or buy back a short) at the market."""

    symbol: str
    stops: tuple[Order, ...]
    side: Side
    qty: int
    reason: ExitReason
    because: str


@dataclass(frozen=True, slots=True)
class Cut:
    """Shares taken from a stop that are to be sold."""

    stop: Order
    qty: int


@dataclass(frozen=True, slots=True)
class SellPart:
    """Take shares from their stops and sell them (or buy them back) at the market; the others stay covered."""

    symbol: str
    cuts: tuple[Cut, ...]
    side: Side
    qty: int
    because: str


@dataclass(frozen=True, slots=True)
class OfferExit:
    """Ask the trader whether to sell."""

    symbol: str
    kind: str
    qty: int
    price_shown: Decimal
    because: str
    # Into the inbox without waiting for an answer, even where there is somebody to give one.
    is_filed: bool = False


@dataclass(frozen=True, slots=True)
class Owe:
    """Remember what the broker will not take tonight; what got no answer is tried again the same evening."""

    symbol: str
    kind: OwedKind
    price: Decimal
    qty: int
    because: str
    is_refused: bool = True


@dataclass(frozen=True, slots=True)
class Forget:
    """Strike what is no longer owed."""

    symbol: str
    kind: OwedKind
    because: str


@dataclass(frozen=True, slots=True)
class EndBreach:
    """Strike the mark of a position whose price and stop are back at the level it fell through."""

    symbol: str
    trade: Trade
    because: str


@dataclass(frozen=True, slots=True)
class FollowEntry:
    """Write down what the broker says of an entry of ours."""

    symbol: str
    order: Order
    record: EntryRecord | None
    because: str


@dataclass(frozen=True, slots=True)
class FollowStop:
    """Write down what the broker says of a stop of ours, and whose hand ended it where it did not fill."""

    symbol: str
    order: Order
    because: str
    ended_by: EndedBy | None = None


@dataclass(frozen=True, slots=True)
class FollowExit:
    """Write down what the broker says of a sale of ours."""

    symbol: str
    order: Order
    because: str


@dataclass(frozen=True, slots=True)
class AdoptPosition:
    """Open a trade for a position Sentinel did not open."""

    symbol: str
    position: Position
    first_stop_price: Decimal
    because: str


@dataclass(frozen=True, slots=True)
class ResizeTrade:
    """Follow a trade done by hand."""

    symbol: str
    trade: Trade
    qty: Decimal
    entry_price: Decimal
    because: str


@dataclass(frozen=True, slots=True)
class SplitTrade:
    """Follow a split: `ratio` shares for each one held before."""

    symbol: str
    trade: Trade
    ratio: Decimal
    because: str


@dataclass(frozen=True, slots=True)
class RenameTrade:
    """Follow a change of symbol; `symbol` is the new one."""

    symbol: str
    trade: Trade
    asset_id: str
    because: str


@dataclass(frozen=True, slots=True)
class NameTrade:
    """Take an adopted position, or one counted anew, for the trader's own."""

    symbol: str
    trade: Trade
    qty: Decimal
    entry_price: Decimal
    first_stop_price: Decimal
    highest_stop_price: Decimal
    is_ignored: bool
    because: str


@dataclass(frozen=True, slots=True)
class CloseTrade:
    """End a ghost: a trade open in the ledger, gone at the broker; moment and order of its end where they are known."""

    symbol: str
    trade: Trade
    reason: ExitReason
    price: Decimal | None
    because: str
    closed_at: datetime | None = None
    order_id: str | None = None


Mutation = (
    SubmitEntry
    | CancelEntry
    | PlaceStop
    | RaiseStop
    | RenewStop
    | GrowStop
    | ShrinkStop
    | FreeShares
    | CancelStop
    | ClosePosition
    | SellPart
)
Following = FollowEntry | FollowStop | FollowExit
Business = (
    Owe
    | Forget
    | OfferExit
    | EndBreach
    | AdoptPosition
    | ResizeTrade
    | SplitTrade
    | RenameTrade
    | NameTrade
    | CloseTrade
)
Note = Following | Business
Action = Mutation | Note


def is_following(action: Action) -> TypeGuard[Following]:
    """Whether the action writes down what the broker says of an order."""
    return isinstance(action, get_args(Following))


def is_mutation(action: Action) -> TypeGuard[Mutation]:
    """Whether the action sends something to the broker."""
    return isinstance(action, get_args(Mutation))


def is_note(action: Action) -> TypeGuard[Note]:
    """Whether the action only writes into the ledger."""
    return isinstance(action, get_args(Note))


def verb_of(action: Action) -> str:
    """The verb as people and JSON name it: RaiseStop is `raise_stop`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", type(action).__name__).lower()


@dataclass(frozen=True, slots=True)
class Plan:
    """What a planner decided: actions in their order, and what it noticed on the way."""

    actions: tuple[Action, ...] = ()
    findings: tuple[Finding, ...] = field(default=())

    @classmethod
    def of(cls, parts: Iterable[Action | Finding | None]) -> "Plan":
        """A plan from whatever the parts yield, Nones left out, order kept."""
        kept = [part for part in parts if part is not None]
        return cls(
            tuple(part for part in kept if not isinstance(part, Finding)),
            tuple(part for part in kept if isinstance(part, Finding)),
        )

    def only(self, symbols: Collection[str]) -> "Plan":
        """What of the plan concerns these symbols."""
        return Plan(
            tuple(action for action in self.actions if action.symbol in symbols),
            tuple(finding for finding in self.findings if finding.symbol in symbols),
        )
