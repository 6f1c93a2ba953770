"""Whatever a planner decided, these things never leave the house."""

from dataclasses import replace
from decimal import Decimal

import pytest

from sentinel.domain.actions import (
    CancelEntry,
    CancelStop,
    ClosePosition,
    GrowStop,
    PlaceStop,
    RaiseStop,
    RenewStop,
    ShrinkStop,
    SubmitEntry,
)
from sentinel.domain.book import Book, ExitReason
from sentinel.domain.facts import EntryRequest
from sentinel.domain.orders import OrderStatus, Side
from sentinel.domain.positions import Asset
from sentinel.plan.guards import refusal, suddenly_empty
from tests.builders import bar, entry, facts, fill, position, sale, stop, trade

HELD = position("AAPL 7 @ 100.00", last="110.00")
STOP = stop("AAPL 7 @ 92.00")
WAITING = entry("AAPL 5 @ 149.00")
BRACKET = (stop("AAPL 4 @ 92.00", parent_id="bracket"), replace(sale("AAPL 4 @ 130"), parent_id="bracket"))


def place(qty: int, side: Side = Side.SELL) -> PlaceStop:
    return PlaceStop("AAPL", side, qty, Decimal("92.00"), is_emergency=False, because="test")


def raise_to(price: str) -> RaiseStop:
    return RaiseStop("AAPL", STOP, Decimal(price), because="test")


def renew(price: str | None) -> RenewStop:
    return RenewStop("AAPL", STOP, Decimal(price) if price else None, may_swap=True, because="test")


def grow(to_qty: int) -> GrowStop:
    return GrowStop("AAPL", stop("AAPL 4 @ 92.00"), to_qty, because="test")


def shrink_to(qty: int) -> ShrinkStop:
    return ShrinkStop("AAPL", STOP, qty, because="test")


def close(qty: int, side: Side = Side.SELL) -> ClosePosition:
    return ClosePosition("AAPL", (STOP,), side, qty, ExitReason.PROFIT, because="test")


def enter(stop_price: str = "138.00") -> SubmitEntry:
    return SubmitEntry("AAPL", Side.BUY, 5, Decimal("150.00"), Decimal(stop_price), because="test")


def asked(*held, **changes):
    """The facts of an entry that has been asked for, with nothing against it."""
    asset = Asset("asset-AAPL", "AAPL", "Apple", tradable=True, shortable=True, fractionable=True)
    request = EntryRequest("AAPL", Side.BUY, Decimal("150.00"), Decimal(5), Decimal(8), asset)
    return facts(*held, request=request, bars={"AAPL": bar("AAPL", "150.00")}, **changes)


@pytest.mark.parametrize(
    ("action", "now", "is_allowed"),
    [
        (place(7), facts(HELD), True),
        (place(8), facts(HELD), False),  # more than is held (I4)
        (place(1), facts(HELD, orders=(STOP,)), False),  # would sell the same share twice (I4)
        (place(3), facts(HELD, orders=(stop("AAPL 4 @ 92.00"),)), True),
        (place(7, Side.BUY), facts(HELD), False),
        (place(7), facts(), False),
        (raise_to("102.00"), facts(HELD, orders=(STOP,)), True),
        (raise_to("92.00"), facts(HELD, orders=(STOP,)), False),
        (raise_to("91.99"), facts(HELD, orders=(STOP,)), False),  # never lowered (I2)
        (raise_to("102.00"), facts(orders=(STOP,)), False),
        (close(7), facts(HELD, orders=(STOP,)), True),
        (close(8), facts(HELD, orders=(STOP,)), False),
        (close(7), facts(HELD, orders=(STOP, sale("AAPL 7 @ 1"))), False),  # already leaving (I4)
        (close(7, Side.BUY), facts(HELD, orders=(STOP,)), False),
        (close(7), facts(HELD, orders=(STOP,), book=Book(halt_reason="x")), False),  # halted (I11)
        (close(7), facts(HELD, orders=(STOP,), lapse="x"), False),  # the arming has run out
        (replace(close(7), reason=ExitReason.MANUAL), facts(HELD, orders=(STOP,), lapse="x"), True),  # less risk
        (place(7), facts(HELD, lapse="x"), True),
        (enter(), facts(lapse="x"), False),
        (close(7), facts(HELD, orders=(STOP,), book=Book(trades=(trade("AAPL 7 @ 100.00", is_ignored=True),))), False),
        (enter(), asked(), True),
        (enter(), asked(HELD), False),
        (enter(), asked(orders=(entry("AAPL 5 @ 149.00"),)), False),  # one live entry (I3)
        (enter("151.00"), asked(), False),
        (enter(), asked(book=Book(halt_reason="x")), False),
        (enter(), asked(book=Book(latch_reason="x")), False),
        (place(1), facts(HELD, orders=(stop("AAPL 3 @ 92.00"), stop("AAPL 4 @ 91.00"))), False),  # both may fill
        (place(3), facts(HELD, orders=(*BRACKET,)), True),  # stop and target of a bracket sell the same four
        (place(4), facts(HELD, orders=(*BRACKET,)), False),
        (CancelEntry("AAPL", WAITING, because="test"), facts(orders=(WAITING,)), True),
        (CancelEntry("AAPL", replace(WAITING, status=OrderStatus.FILLED), because="test"), facts(), False),
        (shrink_to(5), facts(position("AAPL 5 @ 100.00"), orders=(STOP,)), True),
        (shrink_to(5), facts(HELD, orders=(STOP,)), False),  # two of seven would be bare (I1)
        (shrink_to(5), facts(orders=(STOP,)), False),
        (CancelStop("AAPL", STOP, because="test"), facts(orders=(STOP,)), True),
        (CancelStop("AAPL", STOP, because="test"), facts(HELD, orders=(STOP,)), False),
        (renew("92.01"), facts(HELD, orders=(STOP,)), True),
        (renew("91.99"), facts(HELD, orders=(STOP,)), False),  # never lowered, not even by a cent
        (renew(None), facts(HELD, orders=(STOP,)), True),
        (renew(None), facts(orders=(STOP,)), False),
        (grow(7), facts(HELD, orders=(stop("AAPL 4 @ 92.00"),)), True),
        (grow(8), facts(HELD, orders=(stop("AAPL 4 @ 92.00"),)), False),  # more than is held
        (enter(), asked(book=Book(latch_reason="trouble")), False),
    ],
)
def test_refusals(action, now, is_allowed):
    assert (refusal(action, now) is None) == is_allowed


@pytest.mark.parametrize(
    ("held", "fills", "missing"),
    [
        ((), (), "AAPL"),
        ((HELD,), (), None),
        ((), (fill("AAPL", "7", "92.00", "stop-AAPL-92.00"),), None),  # stopped out: explained
        ((), (fill("AAPL", "7", "100.00", "entry-AAPL", side="buy"),), "AAPL"),  # its entry explains nothing
        ((), (fill("MSFT", "7", "92.00", "stop-MSFT-92.00"),), "AAPL"),
    ],
)
def test_an_account_that_is_suddenly_empty_is_not_believed(held, fills, missing):
    assert suddenly_empty(facts(*held, fills=fills, book=Book(trades=(trade("AAPL 7 @ 100.00"),)))) == missing
