"""Broker positions against the trades of the ledger."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from sentinel.domain.actions import AdoptPosition, CloseTrade, RenameTrade, ResizeTrade, SplitTrade
from sentinel.domain.book import Book
from sentinel.domain.facts import ReconcileRequest
from sentinel.domain.findings import Severity
from sentinel.domain.orders import OrderStatus
from sentinel.plan.positions import plan_positions
from tests.builders import EVENING, facts, fill, position, sale, trade


def plan(*held, fills=(), trades=(), **changes):
    return plan_positions(facts(*held, book=Book(trades=trades), fills=fills, **changes))


def only_action(*held, **changes):
    (action,) = plan(*held, **changes).actions
    return action


def test_a_known_position_needs_nothing():
    assert plan(position("AAPL 7 @ 100.00"), trades=(trade("AAPL 7 @ 100.00"),)).actions == ()


def test_a_stranger_is_adopted_at_its_average_entry():
    action = only_action(position("AAPL 7 @ 100.00"))
    assert isinstance(action, AdoptPosition)
    assert action.first_stop_price == Decimal("92.00")


def test_an_adopted_trade_is_listed_until_it_is_named():
    adopted = trade("AAPL 7 @ 100.00", is_adopted=True)
    (finding,) = plan(position("AAPL 7 @ 100.00"), trades=(adopted,)).findings
    assert (finding.code, finding.remedy) == ("adopted", "name it: `sentinel adopt AAPL`")
    assert plan(position("AAPL 7 @ 100.00"), trades=(replace(adopted, named_at=EVENING),)).findings == ()


def test_a_position_that_changed_sides_is_a_ghost_and_a_stranger():
    actions = plan(position("AAPL -7 @ 100.00"), trades=(trade("AAPL 7 @ 100.00"),)).actions
    assert [type(action) for action in actions] == [CloseTrade, AdoptPosition]


#  held                  in the ledger        last      before    fills                                   what is done
CHANGED = [
    ("AAPL 5 @ 100.00", "AAPL 7 @ 100.00", "100", "100", ["sell 2"], ResizeTrade),
    ("AAPL 14 @ 101.00", "AAPL 7 @ 100.00", "102", "100", ["buy 7"], ResizeTrade),
    ("AAPL 9 @ 101.00", "AAPL 7 @ 100.00", "102", "100", ["buy 7", "sell 5"], ResizeTrade),
    ("AAPL -5 @ 100.00", "AAPL -7 @ 100.00", "100", "100", ["buy 2"], ResizeTrade),
    ("AAPL 28 @ 25.00", "AAPL 7 @ 100.00", "25", "100", [], SplitTrade),  # the broker adjusted the cost
    ("AAPL 28 @ 25.00", "AAPL 7 @ 100.00", "25", None, [], SplitTrade),
    ("AAPL 0.7 @ 1000.00", "AAPL 7 @ 100.00", "1010", "100", [], SplitTrade),  # reverse, with a fraction left
    ("AAPL 28 @ 100.00", "AAPL 7 @ 100.00", "25.5", "100", [], SplitTrade),  # only the price tells
    ("AAPL 28 @ 100.00", "AAPL 7 @ 100.00", "100", "100", [], None),  # four times the shares, no cliff, no trades
    ("AAPL 28 @ 100.00", "AAPL 7 @ 100.00", "25", None, [], None),  # no price to compare with
    ("AAPL 8 @ 100.00", "AAPL 7 @ 100.00", "88", "100", [], None),  # a ratio the market could have made
    ("AAPL 5 @ 100.00", "AAPL 7 @ 100.00", "100", "100", ["sell 1"], None),  # one share is still missing
    ("AAPL 28 @ 25.00", "AAPL 7 @ 100.00", "25", "100", ["sell 1"], SplitTrade),
    ("AAPL 7.03 @ 100.00", "AAPL 7 @ 100.00", "100", "100", ["buy 0.03"], ResizeTrade),  # too little for a split
    ("AAPL 7.03 @ 99.57", "AAPL 7 @ 100.00", "100", "100", [], None),
]  # fmt: skip


@pytest.mark.parametrize(("held", "known", "last", "before", "fills", "done"), CHANGED)
def test_another_quantity_is_followed_where_it_is_explained(held, known, last, before, fills, done):
    traded = tuple(
        fill("AAPL", what.split()[1], "100", f"hand-{n}", side=what.split()[0]) for n, what in enumerate(fills)
    )
    prices = {"AAPL": Decimal(before)} if before else {}
    made = plan(position(held, last), fills=traded, trades=(trade(known),), previous_prices=prices)
    assert [type(action) for action in made.actions] == ([done] if done else [])
    codes = {ResizeTrade: "resized", SplitTrade: "split", None: "unexplained_quantity"}
    assert [finding.code for finding in made.findings] == [codes[done]]
    assert (made.findings[0].severity is Severity.ALARM) == (done is None)


def test_the_fills_a_trade_has_its_shares_from_explain_no_others():
    """Opened within the day the fills are read again: 7 bought, split two for one, 3 bought by phone."""
    opened = trade("AAPL 7 @ 100.00", opened_at=EVENING - timedelta(hours=5))
    own = replace(fill("AAPL", "7", "100", "entry", side="buy"), at=opened.opened_at)
    fills = (own, fill("AAPL", "3", "50", "hand", side="buy"))
    made = plan(position("AAPL 17 @ 50.00"), fills=fills, trades=(opened,))
    assert [finding.code for finding in made.findings] == ["unexplained_quantity"]


#  held under another symbol                        asset of the trade   followed
RENAMED = [
    (position("META 7 @ 120.00"), "asset-META", True),  # the same asset, whatever it costs now
    (position("META 7 @ 100.00"), "asset-FB", True),  # another CUSIP, the very same lot
    (position("META 7 @ 120.00"), "asset-FB", False),
    (position("META 6 @ 100.00"), "asset-FB", False),
    (position("META -7 @ 100.00"), "asset-FB", False),
]


@pytest.mark.parametrize(("held", "asset_id", "is_followed"), RENAMED)
def test_a_change_of_symbol_is_followed(held, asset_id, is_followed):
    actions = plan(held, trades=(trade("FB 7 @ 100.00", asset_id=asset_id),)).actions
    assert [type(a) for a in actions] == ([RenameTrade] if is_followed else [CloseTrade, AdoptPosition])


def test_shares_that_were_sold_are_not_taken_for_renamed():
    actions = plan(
        position("META 7 @ 100.00"), trades=(trade("FB 7 @ 100.00"),), fills=(fill("FB", "7", "99", "phone"),)
    ).actions
    assert [type(action) for action in actions] == [CloseTrade, AdoptPosition]


def test_two_lots_that_could_be_it_are_neither():
    held = (position("META 7 @ 100.00"), position("MVRS 7 @ 100.00"))
    actions = plan(*held, trades=(trade("FB 7 @ 100.00"),)).actions
    assert [type(action) for action in actions] == [CloseTrade, AdoptPosition, AdoptPosition]


def test_no_more_ghosts_are_closed_than_asked_for():
    trades = tuple(trade(f"{symbol} 7 @ 100.00", id=n) for n, symbol in enumerate(("AAPL", "MSFT", "TSLA"), 1))
    made = plan(trades=trades, request=ReconcileRequest(most_ghosts=1))
    assert [action.symbol for action in made.actions] == ["AAPL"]
    assert "MSFT, TSLA" in made.findings[0].message


#  what was traded since the trade opened, hours ago                          the shares held are others
TURNED_OVER = [
    ("AAPL 7 @ 103.00", ["sell 7 5h", "buy 7 2h"], True),
    ("AAPL 7 @ 103.00", ["sell 3 6h", "sell 4 5h", "buy 7 2h"], True),
    ("AAPL 5 @ 103.00", ["sell 7 5h", "buy 8 2h", "sell 3 1h"], True),
    ("AAPL 7 @ 101.00", ["buy 7 5h", "sell 7 2h"], False),
    ("AAPL 14 @ 101.00", ["buy 7 5h"], False),
    ("AAPL 3 @ 100.00", ["sell 4 5h"], False),
    ("AAPL 7 @ 100.00", ["buy 7 200h"], False),  # that was how it opened
    ("AAPL 7 @ 1000.00", ["buy 63 5h"], False),  # one for ten since
    ("AAPL 5 @ 1000.00", ["buy 63 5h", "sell 2 1h"], False),
]


@pytest.mark.parametrize(("held", "traded", "is_another"), TURNED_OVER)
def test_shares_sold_and_bought_again_are_another_trade(held, traded, is_another):
    orders = tuple(by_phone(*words.split()) for words in traded)
    made = plan(position(held), orders=orders, trades=(trade("AAPL 7 @ 100.00"),), fills=tuple(map(fill_of, orders)))
    is_turned = [type(action) for action in made.actions] == [CloseTrade, AdoptPosition]
    assert is_turned == is_another


def test_the_late_rest_of_a_part_filled_entry_is_no_other_trade():
    rest = replace(by_phone("buy", "7", "60h"), submitted_at=EVENING - timedelta(days=4))
    assert plan(position("AAPL 7 @ 100.00"), orders=(rest,), trades=(trade("AAPL 7 @ 100.00"),)).actions == ()


def by_phone(side: str, qty: str, ago: str):
    at = EVENING - timedelta(hours=int(ago.removesuffix("h")))
    plain = sale(f"AAPL {qty if side == 'sell' else '-' + qty} @ 0", OrderStatus.FILLED)
    traded = replace(plain, filled_qty=plain.qty, filled_avg_price=Decimal(100), submitted_at=at, filled_at=at)
    return replace(traded, id=f"{side}-{ago}", client_order_id="phone")


def fill_of(order):
    return replace(fill("AAPL", str(order.qty), "100", order.id, side=str(order.side)), at=order.filled_at)
