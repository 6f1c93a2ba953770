"""What the broker says: every read is retried a little, and what cannot be read is an error, never an empty list."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TypeVar
from urllib.parse import quote
from uuid import UUID

from tenacity import RetryCallState, Retrying, retry_if_exception_type, retry_if_result, stop_after_attempt

from sentinel.broker.answers import Answer, NoAnswer, Wire
from sentinel.broker.translator import (
    NEW_YORK,
    UnknownShape,
    account_of,
    asset_of,
    bars_of,
    clock_now,
    fill_of,
    instant,
    is_equity,
    mapping,
    order_of,
    orders_of,
    page_of_bars,
    plain,
    position_of,
    positions_of,
    sequence,
    session_of,
    text,
)
from sentinel.domain.bars import Bar
from sentinel.domain.errors import BrokerUnreachable
from sentinel.domain.orders import Order, OrderClass
from sentinel.domain.positions import Account, Asset, Fill, Position, Session

ORDERS_A_PAGE = 500
FILLS_A_PAGE = 100
BARS_A_PAGE = 10_000
# A run that needs more pages than this has lost its way: 100,000 orders, or as many fills.
MOST_PAGES = 1000
# Longer than any closure of the New York exchanges since 1933.
CALENDAR_DAYS_BACK = 14
A_TICK = timedelta(microseconds=1)
# As in BRK.B, BTC/USD, ABR-D: letters and digits in groups, one sign between two, so that no path can climb.
SYMBOL = re.compile(r"(?=.{1,31}$)[A-Za-z0-9]+([./ -][A-Za-z0-9]+)*")

Json = TypeVar("Json")
Noun = TypeVar("Noun")

TRY_AGAIN = "check the connection and status.alpaca.markets, then run the same command again: nothing was lost"
CHECK_KEYS = "check the API keys and that [broker] mode fits them: paper keys open the paper account alone"
TELL_US = "the broker may have changed its answers; update Sentinel before the next evening"


@dataclass(frozen=True, slots=True)
class Patience:
    """How often a read is tried, and how many seconds lie between two tries."""

    attempts: int = 3
    wait_s: float = 0.5


class Reading:
    """Every read; BrokerUnreachable when the broker cannot be read, whatever the reason."""

    def __init__(self, wire: Wire, patience: Patience) -> None:
        self._wire = wire
        self._patience = patience
        self.other_assets: tuple[str, ...] = ()

    def account(self) -> Account:
        """The account."""
        return _understood(account_of, self._must("/account"))

    def session(self, since: datetime | None = None) -> Session:
        """The broker's clock, the last session that has opened, and those since a moment (ALPACA 10.3)."""
        clock = self._must("/clock")
        today = _understood(clock_now, clock).astimezone(NEW_YORK).date()
        first = today - timedelta(days=CALENDAR_DAYS_BACK)
        if since is not None:
            first = min(first, since.astimezone(NEW_YORK).date())
        calendar = self._must("/calendar", {"start": first.isoformat(), "end": today.isoformat()})
        return _understood(lambda body: session_of(clock, body), calendar)

    def positions(self) -> dict[str, Position]:
        """Every share position by symbol; `other_assets` then names positions in options, crypto and the like."""
        rows = self._rows("/positions", {})
        self.other_assets = tuple(sorted(_understood(_symbol_of, row) for row in rows if not is_equity(row)))
        return _understood(positions_of, [row for row in rows if is_equity(row)])

    def position(self, symbol: str) -> Position | None:
        """One position, None only when the broker says that it does not exist (ALPACA 10.2)."""
        if not SYMBOL.fullmatch(symbol):
            raise BrokerUnreachable(f"{plain(symbol)!r} is no symbol the broker can be asked for", TELL_US)
        return self._find(f"/positions/{quote(symbol, safe='')}", position_of)

    def open_orders(self) -> tuple[Order, ...]:
        """Every order with status=open, legs flat, oldest first, without `held` legs (ALPACA 5.2).

        Oldest first, because an activated leg is stamped anew (ALPACA 1.5) and then turns up later, not earlier.
        """
        return self._all_orders({"status": "open"}, {}, "open orders")

    def recent_orders(self, after: datetime | None = None) -> tuple[Order, ...]:
        """The newest 500 orders of every status with their legs, newest first, submitted after a moment if given."""
        params = {"status": "all", "direction": "desc", "limit": str(ORDERS_A_PAGE), "nested": "true"}
        rows = self._rows("/orders", params | ({"after": _stamp(after)} if after else {}))
        return _understood(orders_of, rows)

    def orders_of(self, symbols: Iterable[str], after: datetime) -> tuple[Order, ...]:
        """Every order of these symbols with its legs, whatever its status, submitted after a moment (ALPACA 5.3)."""
        wanted = ",".join(sorted({symbol for symbol in symbols if SYMBOL.fullmatch(symbol)}))
        if not wanted:
            return ()
        params = {"status": "all", "nested": "true", "symbols": wanted}
        return self._all_orders(params, {"after": _stamp(after)}, f"orders of {wanted}")

    def order(self, order_id: str) -> Order | None:
        """One order with its legs, None when the broker never had it."""
        known = _uuid(order_id)
        return self._find(f"/orders/{known}", order_of, {"nested": "true"}) if known else None

    def order_named(self, client_order_id: str) -> Order | None:
        """The order sent under a name, with its legs; None when it never arrived (ALPACA 8)."""
        found = self._find("/orders:by_client_order_id", order_of, {"client_order_id": client_order_id})
        if found is None or found.legs or found.order_class is OrderClass.SIMPLE:
            return found
        # This address promises no legs.
        return self.order(found.id) or found

    def fills(self, after: datetime | None = None) -> tuple[Fill, ...]:
        """Every execution after a moment, oldest first, to the last page (ALPACA 10.4)."""
        found: dict[str, Fill] = {}
        params = {"direction": "asc", "page_size": str(FILLS_A_PAGE)} | ({"after": _stamp(after)} if after else {})
        for _ in range(MOST_PAGES):
            page = {fill.id: fill for fill in map(_a_fill, self._rows("/account/activities/FILL", params))}
            if page.keys() <= found.keys() and page:
                raise _endless("fills")
            found |= page
            if len(page) < FILLS_A_PAGE:
                return tuple(found.values())
            params["page_token"] = next(reversed(page))
        raise _endless("fills")

    def latest_bars(self, symbols: Iterable[str]) -> dict[str, Bar]:
        """The latest daily bar of each symbol by the IEX feed, in one request; what has none is absent (ALPACA 12)."""
        wanted = sorted({symbol for symbol in symbols if SYMBOL.fullmatch(symbol)})
        return self._bars(wanted) if wanted else {}

    def daily_bars(self, symbols: Iterable[str], first: date, last: date) -> dict[str, tuple[Bar, ...]]:
        """The daily bars of each symbol between two days, both included, oldest first, by the IEX feed (ALPACA 12).

        One request for all of them, or one a page; what has no bars is absent, prices are those of their own day.
        """
        wanted = sorted({symbol for symbol in symbols if SYMBOL.fullmatch(symbol)})
        span = {"timeframe": "1Day", "start": first.isoformat(), "end": last.isoformat()}
        how = {"feed": "iex", "adjustment": "raw", "sort": "asc", "limit": str(BARS_A_PAGE)}
        return self._daily_bars(wanted, span | how) if wanted else {}

    def asset(self, symbol: str) -> Asset | None:
        """What the broker knows of a symbol, None when it knows none (ALPACA 10.6)."""
        return self._find(f"/assets/{quote(symbol, safe='')}", asset_of) if SYMBOL.fullmatch(symbol) else None

    def _all_orders(self, which: Mapping[str, str], start: Mapping[str, str], what: str) -> tuple[Order, ...]:
        """Every order of a list, oldest first, to its last page."""
        found: dict[str, object] = {}
        for _ in range(MOST_PAGES):
            rows = self._rows("/orders", {**which, "direction": "asc", "limit": str(ORDERS_A_PAGE), **start})
            page = {_understood(_id_of, row): row for row in rows}
            is_stuck = page.keys() <= found.keys()
            found |= page
            if len(rows) < ORDERS_A_PAGE:
                return _understood(orders_of, list(found.values()))
            start = _next_page(*_understood(_place_of, rows[-1]), is_stuck, start, what)
        raise _endless(what)

    def _bars(self, symbols: Sequence[str]) -> dict[str, Bar]:
        """The bars of these symbols; one symbol the data host calls malformed is left out, not all of them."""
        path = "/stocks/snapshots"
        answer = self._market(path, {"symbols": ",".join(symbols), "feed": "iex"})
        if answer.status == 400 and answer.is_definite_refusal:
            half = len(symbols) // 2
            return self._bars(symbols[:half]) | self._bars(symbols[half:]) if half else {}
        return _understood(bars_of, _body(path, answer))

    def _daily_bars(self, symbols: Sequence[str], params: Mapping[str, str]) -> dict[str, tuple[Bar, ...]]:
        """Every page of bars; of symbols the data host calls malformed, those it knows."""
        path, found = "/stocks/bars", dict[str, tuple[Bar, ...]]()
        page_token: Mapping[str, str] = {}
        for _ in range(MOST_PAGES):
            answer = self._market(path, {**params, "symbols": ",".join(symbols), **page_token})
            if answer.status == 400 and answer.is_definite_refusal and not page_token:
                half = len(symbols) // 2
                return (
                    self._daily_bars(symbols[:half], params) | self._daily_bars(symbols[half:], params) if half else {}
                )
            page, token = _understood(page_of_bars, _body(path, answer))
            found |= {symbol: (*found.get(symbol, ()), *bars) for symbol, bars in page.items()}
            if not token:
                return found
            page_token = {"page_token": token}
        raise _endless("bars")

    def _market(self, path: str, params: Mapping[str, str]) -> Answer:
        return self._patiently(path, lambda: self._wire.read_market(path, params))

    def _rows(self, path: str, params: Mapping[str, str]) -> Sequence[object]:
        return _understood(lambda body: sequence(body, f"a list from {path}"), self._must(path, params))

    def _must(self, path: str, params: Mapping[str, str] | None = None) -> object:
        return _body(path, self._patiently(path, lambda: self._wire.read(path, params)))

    def _find(
        self, path: str, translate: Callable[[object], Noun], params: Mapping[str, str] | None = None
    ) -> Noun | None:
        """What is at an address, None only when the broker says that there is nothing."""
        answer = self._patiently(path, lambda: self._wire.read(path, params))
        return None if answer.says_not_found else _understood(translate, _body(path, answer))

    def _patiently(self, path: str, read: Callable[[], Answer]) -> Answer:
        """The answer to a read, tried again while the line or the broker is unwell."""
        retrying = Retrying(
            stop=stop_after_attempt(self._patience.attempts),
            wait=self._pause_s,
            retry=retry_if_exception_type(NoAnswer) | retry_if_result(_is_transient),
            retry_error_callback=_last_answer,
        )
        try:
            return retrying(read)
        except NoAnswer as silence:
            raise BrokerUnreachable(f"the broker did not answer {path}: {silence.why}", TRY_AGAIN) from None

    def _pause_s(self, state: RetryCallState) -> float:
        """Seconds before the next try: what the broker asks for (ALPACA 9.2), else twice as long each time."""
        outcome = state.outcome
        if outcome is not None and not outcome.failed:
            asked_s = outcome.result().retry_after_s
            if asked_s is not None:
                return float(asked_s)
        return float(self._patience.wait_s * 2 ** (state.attempt_number - 1))


def _body(path: str, answer: Answer) -> object:
    """The body of a success; every other answer is a broker that cannot be read."""
    if answer.is_success:
        return answer.body
    status = f"HTTP {answer.status}"
    message = plain(answer.error["message"]) if answer.error else ""
    said = f"{message} ({status})" if message else status
    if answer.status in (401, 403) and "subscription" not in message:
        raise BrokerUnreachable(f"the broker refused the keys: {message or status}", CHECK_KEYS)
    if answer.is_transient:
        raise BrokerUnreachable(f"the broker is unwell: {path} answered {said}", TRY_AGAIN)
    raise BrokerUnreachable(f"the broker refused to show {path}: {said}", TELL_US)


def _understood(translate: Callable[[Json], Noun], body: Json) -> Noun:
    try:
        return translate(body)
    except UnknownShape as shape:
        raise BrokerUnreachable(f"the broker answered {shape}", TELL_US) from None


def _next_page(
    last_id: str, submitted_at: datetime | None, is_stuck: bool, start: Mapping[str, str], what: str
) -> Mapping[str, str]:
    """Where the next page starts: just before the last order's time, for legs share theirs (ALPACA 5.3).

    A page full of one moment brings nothing new that way; the order's id then parts what the time cannot.
    """
    goes_by_id = "after_order_id" in start
    if is_stuck and goes_by_id:
        raise _endless(what)
    if is_stuck or goes_by_id or submitted_at is None:
        return {"after_order_id": last_id}
    return {"after": _stamp(submitted_at - A_TICK)}


def _endless(what: str) -> BrokerUnreachable:
    return BrokerUnreachable(f"the broker's list of {what} does not end", TELL_US)


def _id_of(row: object) -> str:
    return text(mapping(row, "an order"), "id")


def _place_of(row: object) -> tuple[str, datetime | None]:
    return _id_of(row), instant(mapping(row, "an order"), "submitted_at")


def _symbol_of(row: object) -> str:
    return text(mapping(row, "a position"), "symbol")


def _a_fill(row: object) -> Fill:
    return _understood(fill_of, row)


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _uuid(order_id: str) -> str | None:
    """The id as the broker writes it; None for what never was an id of the broker's."""
    try:
        return str(UUID(order_id))
    except ValueError:
        return None


def _is_transient(answer: Answer) -> bool:
    return answer.is_transient


def _last_answer(state: RetryCallState) -> Answer:
    """The last answer when patience ends; a NoAnswer is raised as it was."""
    if state.outcome is None:
        raise AssertionError("tenacity gave up before the first try")
    answer: Answer = state.outcome.result()
    return answer
