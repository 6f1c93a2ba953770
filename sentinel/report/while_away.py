"""`While you were away`: what an evening opens with on the screen."""

from collections.abc import Iterator

from rich.console import RenderableType
from rich.text import Text

from sentinel.domain.book import ExitReason
from sentinel.domain.money import HUNDRED, dollars
from sentinel.domain.runs import Deed, DeedOutcome, RunReport
from sentinel.domain.while_away import News, NewsKind, WhileAway
from sentinel.report.layout import hanging_table, section
from sentinel.report.words import clean, count, day, flowing, moment, money, price

# The one command that says so, too, when nothing happened.
EVENING = "evening-workflow"
# How a trade whose shares are gone ended, by the reason it was closed with.
GONE = {ExitReason.MANUAL: "closed by hand", ExitReason.STOP_FILLED: "stopped out", ExitReason.PROFIT: "sold"}
WORDS = {
    NewsKind.ENTRY_FILLED: "{short}entry filled: {number} at {at}",
    NewsKind.ENTRY_ENDED: "{short}entry of {number} at {at} did not fill: {because}",
    NewsKind.STOPPED_OUT: "stopped out: {number} at {at}{against}{result}",
    NewsKind.SOLD: "{sold}: {number} at {at}{result}",
    NewsKind.GONE: "{gone}: {number} at {at}{result}",
    NewsKind.ADOPTED: "adopted: {number} at {at} that Sentinel did not enter",
    NewsKind.RESIZED: "traded by hand: {because}",
    NewsKind.SPLIT: "{because}",
    NewsKind.RENAMED: "{because}",
    NewsKind.STOP_CANCELLED: "stop at {at} cancelled by hand",
    NewsKind.STOP_ENDED: "stop at {at} is {because}",
    NewsKind.STOP_PLACED: "stop placed by hand at {at}",
    NewsKind.STOP_RAISED: "stop raised by hand from {own} to {at}",
    NewsKind.STOP_LOWERED: "stop lowered by hand from {own} to {at}",
}
# What was followed of a position, and the news it makes.
FOLLOWED = {
    "adopt_position": NewsKind.ADOPTED,
    "resize_trade": NewsKind.RESIZED,
    "split_trade": NewsKind.SPLIT,
    "rename_trade": NewsKind.RENAMED,
    "close_trade": NewsKind.GONE,
}


def quiet_line(report: RunReport) -> Iterator[Text]:
    """One line for an evening that finds nothing new since the last look."""
    away = report.while_away
    if away is not None and not away.news and report.command == EVENING:
        since = f"Nothing new in {_passed(away)}" if away.sessions else f"{_no_session(away)}; nothing is new"
        yield Text(since, "dim")


def while_away_section(report: RunReport) -> Iterator[RenderableType]:
    """What happened since the last look; nothing where nothing did, or where nobody had looked before."""
    away = report.while_away
    if away is None or not away.news:
        return
    yield Text(f"While you were away, {_passed(away)}:" if away.sessions else f"{_no_session(away)}, and yet:", "bold")
    table = hanging_table()
    for news in away.news:
        table.add_row(clean(news.symbol), news_words(news))
    yield from section(table)


def _passed(away: WhileAway) -> str:
    missed = f", {count(away.missed, 'evening')} missed" if away.missed else ""
    return f"{count(len(away.sessions), 'session')} since {day(away.last_look.date())}{missed}"


def _no_session(away: WhileAway) -> str:
    return f"No session since the last look ({moment(away.last_look)})"


def news_words(news: News) -> str:
    """One piece of news, as a trader would tell it."""
    return WORDS[news.kind].format(
        number=count(news.qty, "share") if news.qty is not None else "shares",
        at=price(news.price) if news.price is not None else "a price nobody saw",
        own=price(news.own_price),
        because=flowing(news.because),
        against=_against(news),
        result=_result(news),
        short="short " if news.is_short else "",
        sold="bought back" if news.is_short else "sold",
        gone=next((words for reason, words in GONE.items() if news.because == reason), "gone"),
    )


def _against(news: News) -> str:
    """How far from its price a stop filled."""
    if news.slippage is None or not news.own_price:
        return ""
    if not news.slippage:
        return ", its price"
    how, pct = "better" if news.slippage > 0 else "worse", news.slippage / news.own_price * HUNDRED
    return f", {dollars(abs(news.slippage))} {how} than its {price(news.own_price)} ({pct:+.2f} %)"


def _result(news: News) -> str:
    if news.gain_usd is None:
        return ""
    made = f"; {'made' if news.gain_usd >= 0 else 'lost'} {money(abs(news.gain_usd))}"
    return made if news.r_multiple is None else f"{made}, {news.r_multiple:+.2f} R"


def is_told(deed: Deed, away: WhileAway | None) -> bool:
    """Whether the news has said already what a deed is about."""
    is_well = deed.outcome in (DeedOutcome.DONE, DeedOutcome.PLANNED)
    news = away.news if away is not None and is_well else ()
    if deed.verb in FOLLOWED:
        return any((piece.kind, piece.symbol) == (FOLLOWED[deed.verb], deed.symbol) for piece in news)
    return deed.verb.startswith("follow") and any(piece.order_id == deed.order_id for piece in news if piece.order_id)
