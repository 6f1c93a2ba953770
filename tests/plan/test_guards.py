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
    ("action", "now", "rule"),
    [
        (place(7), facts(HELD), None),
        (place(8), facts(HELD), "reduce_only"),  # more than is held (I4)
        (place(1), facts(HELD, orders=(STOP,)), "reduce_only"),  # would sell the same share twice (I4)
        (place(3), facts(HELD, orders=(stop("AAPL 4 @ 92.00"),)), None),
        (place(7, Side.BUY), facts(HELD), "reduce_only"),
        (place(7), facts(), "reduce_only"),
        (raise_to("102.00"), facts(HELD, orders=(STOP,)), None),
        (raise_to("92.00"), facts(HELD, orders=(STOP,)), "never_lower"),
        (raise_to("91.99"), facts(HELD, orders=(STOP,)), "never_lower"),  # never lowered (I2)
        (raise_to("102.00"), facts(orders=(STOP,)), "reduce_only"),
        (close(7), facts(HELD, orders=(STOP,)), None),
        (close(8), facts(HELD, orders=(STOP,)), "reduce_only"),
        (close(7), facts(HELD, orders=(STOP, sale("AAPL 7 @ 1"))), "reduce_only"),  # already leaving (I4)
        (close(7, Side.BUY), facts(HELD, orders=(STOP,)), "reduce_only"),
        (close(7), facts(HELD, orders=(STOP,), book=Book(halt_reason="x")), "halt"),  # halted (I11)
        (close(7), facts(HELD, orders=(STOP,), lapse="x"), "not_armed"),  # the arming has run out
        (replace(close(7), reason=ExitReason.MANUAL), facts(HELD, orders=(STOP,), lapse="x"), None),  # less risk
        (place(7), facts(HELD, lapse="x"), None),
        (enter(), facts(lapse="x"), "not_armed"),
        (
            close(7),
            facts(HELD, orders=(STOP,), book=Book(trades=(trade("AAPL 7 @ 100.00", is_ignored=True),))),
            "left_alone",
        ),
        (enter(), asked(), None),
        (enter(), asked(HELD), "already_held"),
        (enter(), asked(orders=(entry("AAPL 5 @ 149.00"),)), "live_order"),  # one live entry (I3)
        (enter("151.00"), asked(), "wrong_side_stop"),
        (enter(), asked(book=Book(halt_reason="x")), "halt"),
        (enter(), asked(book=Book(latch_reason="x")), "latch"),
        (
            place(1),
            facts(HELD, orders=(stop("AAPL 3 @ 92.00"), stop("AAPL 4 @ 91.00"))),
            "reduce_only",
        ),  # both may fill
        (place(3), facts(HELD, orders=(*BRACKET,)), None),  # stop and target of a bracket sell the same four
        (place(4), facts(HELD, orders=(*BRACKET,)), "reduce_only"),
        (CancelEntry("AAPL", WAITING, because="test"), facts(orders=(WAITING,)), None),
        (CancelEntry("AAPL", replace(WAITING, status=OrderStatus.FILLED), because="test"), facts(), "already_ended"),
        (shrink_to(5), facts(position("AAPL 5 @ 100.00"), orders=(STOP,)), None),
        (shrink_to(5), facts(HELD, orders=(STOP,)), "never_bare"),  # two of seven would be bare (I1)
        (shrink_to(5), facts(orders=(STOP,)), "reduce_only"),
        (CancelStop("AAPL", STOP, because="test"), facts(orders=(STOP,)), None),
        (CancelStop("AAPL", STOP, because="test"), facts(HELD, orders=(STOP,)), "never_bare"),
        (renew("92.01"), facts(HELD, orders=(STOP,)), None),
        (renew("91.99"), facts(HELD, orders=(STOP,)), "never_lower"),  # never lowered, not even by a cent
        (renew(None), facts(HELD, orders=(STOP,)), None),
        (renew(None), facts(orders=(STOP,)), "reduce_only"),
        (grow(7), facts(HELD, orders=(stop("AAPL 4 @ 92.00"),)), None),
        (grow(8), facts(HELD, orders=(stop("AAPL 4 @ 92.00"),)), "reduce_only"),  # more than is held
        (enter(), asked(book=Book(latch_reason="trouble")), "latch"),
    ],
)
def test_refusals(action, now, rule):
    """What may not leave is refused by a rule that names itself, the value it met and its limit."""
    refused = refusal(action, now)
    assert (refused and refused.rule) == rule
    assert refused is None or (refused.value and refused.limit and f"(rule {rule})" in refused.message)


#  action, on what facts, the value the rule met, its limit
NUMBERS = [
    (close(7), facts(HELD, orders=(STOP, sale("AAPL 3 @ 130"))), "7 shares", "4 shares"),
    (close(7), facts(), "7 shares", "0 shares"),
    (place(8), facts(HELD, orders=(stop("AAPL 6 @ 92.00"),)), "8 shares", "1 share"),
    (raise_to("91.99"), facts(HELD, orders=(STOP,)), "91.99", "92.00"),
    (shrink_to(5), facts(HELD, orders=(STOP,)), "5 shares protected", "7 shares held"),
    (CancelStop("AAPL", STOP, because="test"), facts(HELD, orders=(STOP,)), "0 shares protected", "7 shares held"),
]


@pytest.mark.parametrize(("action", "now", "value", "limit"), NUMBERS)
def test_a_refusal_has_its_numbers(action, now, value, limit):
    refused = refusal(action, now)
    assert refused is not None
    assert (refused.value, refused.limit) == (value, limit)


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
