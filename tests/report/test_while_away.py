"""What an evening opens with: each piece of news in one sentence, none told twice, a quiet line where there is none."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from sentinel.domain.runs import DeedOutcome
from sentinel.domain.while_away import News, NewsKind, WhileAway
from sentinel.report.document import run_document
from sentinel.report.while_away import WORDS, news_words
from tests.report.test_screen import deed, report, shown

LAST_LOOK = datetime(2025, 4, 4, 20, 0, tzinfo=UTC)
MONDAY = date(2025, 4, 7)


def news(kind: str, qty: str | None = "7", price: str | None = "92.00", because: str = "", **changes: Any) -> News:
    amounts: dict[str, Any] = {"qty": qty and Decimal(qty), "price": price and Decimal(price)}
    numbers: dict[str, Any] = {
        name: Decimal(value) if isinstance(value, str) else value for name, value in changes.items()
    }
    return replace(News(NewsKind(kind), "AAPL", because), **amounts, **numbers)


def away(*pieces: News, sessions: tuple[date, ...] = (MONDAY,)) -> WhileAway:
    return WhileAway(LAST_LOOK, sessions, pieces)


SENTENCES = [
    (news("entry_filled", price="100.00"), "entry filled: 7 shares at 100.00"),
    (news("entry_filled", price="100.00", is_short=True), "short entry filled: 7 shares at 100.00"),
    (news("entry_ended", because="expired"), "entry of 7 shares at 92.00 did not fill: expired"),
    (
        news("stopped_out", price="91.50", own_price="92", slippage="-0.5", gain_usd="-59.5", r_multiple="-1.0625"),
        "stopped out: 7 shares at 91.50, 0.50 worse than its 92.00 (-0.54 %); lost $59.50, -1.06 R",
    ),
    (
        news("stopped_out", price="102.00", own_price="102", slippage="0", gain_usd="14", r_multiple="0.25"),
        "stopped out: 7 shares at 102.00, its price; made $14.00, +0.25 R",
    ),
    (
        news("stopped_out", price="107.00", own_price="108", slippage="1", gain_usd="-49", is_short=True),
        "stopped out: 7 shares at 107.00, 1.00 better than its 108.00 (+0.93 %); lost $49.00",
    ),
    (news("sold", "1", "118.00", gain_usd="18", r_multiple="2.25"), "sold: 1 share at 118.00; made $18.00, +2.25 R"),
    (news("sold", price="90.00", is_short=True), "bought back: 7 shares at 90.00"),
    (news("gone", because="manual", gain_usd="-56"), "closed by hand: 7 shares at 92.00; lost $56.00"),
    (news("gone", because="stop_filled"), "stopped out: 7 shares at 92.00"),
    (news("gone", price=None, because="unknown"), "gone: 7 shares at a price nobody saw"),
    (news("adopted", price="400.00"), "adopted: 7 shares at 400.00 that Sentinel did not enter"),
    (news("resized", because="9 are held, 7 were"), "traded by hand: 9 are held, 7 were"),
    (news("split", because="AAPL was split 4 for 1"), "AAPL was split 4 for 1"),
    (news("renamed", because="FB is META now"), "FB is META now"),
    (news("stop_cancelled"), "stop at 92.00 cancelled by hand"),
    (news("stop_ended", because="expired"), "stop at 92.00 is expired"),
    (news("stop_placed"), "stop placed by hand at 92.00"),
    (news("stop_raised", own_price="90"), "stop raised by hand from 90.00 to 92.00"),
    (news("stop_lowered", own_price="95"), "stop lowered by hand from 95.00 to 92.00"),
]


@pytest.mark.parametrize(("piece", "words"), SENTENCES)
def test_a_piece_of_news_is_one_sentence(piece: News, words: str) -> None:
    assert news_words(piece) == words


def test_every_kind_of_news_has_its_words() -> None:
    assert WORDS.keys() == set(NewsKind) == {piece.kind for piece, _ in SENTENCES}


def test_what_a_broker_says_does_no_harm() -> None:
    lines = shown(report(while_away=away(news("resized", because="{at} [red]x[/red]\x1b[2J\n{0}"))))
    assert "AAPL  traded by hand: {at} [red]x[/red] {0}" in lines


@pytest.mark.parametrize(
    ("sessions", "pieces", "words"),
    [
        ((MONDAY,), [], "Nothing new in 1 session since Fri 4 Apr 2025"),
        ((MONDAY,) * 3, [], "Nothing new in 3 sessions since Fri 4 Apr 2025, 2 evenings missed"),
        ((), [], "No session since the last look (4 Apr 2025 20:00 UTC); nothing is new"),
        ((MONDAY,), ["sold"], "While you were away, 1 session since Fri 4 Apr 2025:"),
        ((), ["sold"], "No session since the last look (4 Apr 2025 20:00 UTC), and yet:"),
    ],
)
def test_how_an_evening_opens(sessions: tuple[date, ...], pieces: list[str], words: str) -> None:
    lines = shown(report(while_away=away(*map(news, pieces), sessions=sessions)))
    assert lines[3 if pieces else 2] == words
    assert max(map(len, lines)) <= 80


def test_only_the_evening_says_that_nothing_is_new() -> None:
    assert len(shown(report(while_away=away(), command="rescue-stops"))) + 1 == len(shown(report(while_away=away())))
    assert not any("last look" in line for line in shown(report()))


def test_nothing_is_told_twice() -> None:
    follow = deed("follow_stop", because="stop filled: 7 at 92.00", detail="filled", order_id="stop-1")
    resized = deed("resize_trade", symbol="MSFT")
    told = away(news("stopped_out", order_id=None), replace(news("resized"), symbol="MSFT"))
    told = replace(told, news=(replace(told.news[0], order_id="stop-1"), told.news[1]))
    lines = shown(report(while_away=told, deeds=(follow, resized, deed("resize_trade"))))
    assert not any("stop filled" in line for line in lines)
    assert [line for line in lines if "trade resized" in line] == [
        "AAPL  trade resized to 7 shares, because of a reason"
    ]


def test_a_refused_deed_is_never_swallowed() -> None:
    refused = deed("adopt_position", DeedOutcome.UNRESOLVED)
    lines = shown(report(while_away=away(news("adopted")), deeds=(refused,)))
    assert any("AAPL" in line and "NOT KNOWN" in line for line in lines)


def test_the_document() -> None:
    piece = news("stopped_out", price="91.50", own_price="92", slippage="-0.5", gain_usd="-59.5", r_multiple="-1.0625")
    assert run_document(report(while_away=away(replace(piece, at=LAST_LOOK))))["while_away"] == {
        "last_look": "2025-04-04T20:00:00Z",
        "sessions": ["2025-04-07"],
        "missed": 0,
        "news": [
            {
                "kind": "stopped_out",
                "symbol": "AAPL",
                "qty": 7,
                "price": "91.50",
                "own_price": "92.00",
                "slippage": "-0.50",
                "gain_usd": "-59.50",
                "r_multiple": "-1.06",
                "at": "2025-04-04T20:00:00Z",
                "order_id": None,
                "because": "",
            }
        ],
    }
    assert run_document(report())["while_away"] is None
