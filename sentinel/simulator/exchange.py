"""The exchange itself: one store, one clock only `advance` moves, one source of ids, what a share costs now."""

from __future__ import annotations

import hashlib
import threading
import uuid
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from sentinel.simulator import sessions
from sentinel.simulator.bars import BarTable
from sentinel.simulator.book import OrderBook
from sentinel.simulator.errors import BadControl
from sentinel.simulator.modes import Modes

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sentinel.simulator.bars import Bar
    from sentinel.simulator.sessions import Session
    from sentinel.simulator.store import Store

DEFAULT_CASH = Decimal(100_000)
WARM_UP_SESSIONS = 60  # DESIGN 7: without --start the exchange starts after the close of the 60th session
TICK_NS = 1_000_001  # every event takes a millisecond, so that no two share a timestamp
ASSET_ID_LENGTH = 36
CLOSED, RELEASED, OPEN = "closed", "released", "open"


@dataclass(frozen=True, slots=True)
class Phase:
    """Where the day stands: `closed` after the close of `day`, `released` before its open, `open` in session."""

    day: date
    name: str


class Exchange:
    """Everything the endpoints and the rules need; hold `lock` while using it."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.lock = threading.RLock()
        self.book = OrderBook(store)
        self.bars = BarTable(store)
        self.modes = Modes(store)
        self._asset_ids: dict[str, str] = {}

    # -- a new exchange ------------------------------------------------------------------------------------------

    @property
    def is_new(self) -> bool:
        """True while no start was ever set."""
        return self.store.setting("now_ns") is None

    def start(self, bars: Iterable[Bar], start: date | None, seed: int, cash: Decimal = DEFAULT_CASH) -> None:
        """Begin after the close of `start` (or the last session before it), else of the 60th session in the bars."""
        self.store.clear()
        self._asset_ids.clear()
        self.bars.put(bars)
        wanted = start or self.bars.nth_day(WARM_UP_SESSIONS)
        session = sessions.session_at_or_before(wanted) if wanted else None
        if session is None or not sessions.FIRST_DAY <= session.day <= sessions.LAST_DAY:
            raise BadControl(f"the calendar has no session to start from: {wanted}")
        self.store.put_setting("seed", str(seed))
        self.store.put_setting("ids", "0")
        self.cash = cash
        self.move_clock(session.close_ns)
        self.phase = Phase(session.day, CLOSED)
        self.store.put_setting("created_ns", str(session.close_ns))
        self.store.insert("equity", {"day": session.day.isoformat(), "equity": str(cash), "maintenance_margin": "0"})

    # -- clock ---------------------------------------------------------------------------------------------------

    @property
    def now_ns(self) -> int:
        """The instant of the clock, nanoseconds since 1970 UTC."""
        return int(self.store.setting("now_ns") or 0)

    def move_clock(self, instant_ns: int) -> None:
        """Set the clock; it never goes back."""
        self.store.put_setting("now_ns", str(max(instant_ns, self.now_ns)))

    def stamp(self) -> int:
        """Let one tick pass and return the instant: what happens gets a time of its own."""
        instant_ns = self.now_ns + TICK_NS
        self.store.put_setting("now_ns", str(instant_ns))
        return instant_ns

    @property
    def phase(self) -> Phase:
        """Where the day stands."""
        day, name = (self.store.setting("phase") or "1970-01-02 closed").split()
        return Phase(date.fromisoformat(day), name)

    @phase.setter
    def phase(self, phase: Phase) -> None:
        self.store.put_setting("phase", f"{phase.day.isoformat()} {phase.name}")

    @property
    def is_open(self) -> bool:
        """True between the open and the close of a session."""
        return self.phase.name == OPEN

    @property
    def next_session(self) -> Session:
        """The session whose close comes next."""
        phase = self.phase
        session = sessions.session_after(phase.day) if phase.name == CLOSED else sessions.session_on(phase.day)
        if session is None:
            raise BadControl(f"the calendar ends on {sessions.LAST_DAY}")
        return session

    def new_id(self) -> str:
        """Return the next uuid, the same one for the same seed and the same history."""
        number = int(self.store.setting("ids") or 0) + 1
        self.store.put_setting("ids", str(number))
        return self.id_of(f"{number}")

    def id_of(self, name: str) -> str:
        """Return the uuid that belongs to a name."""
        digest = hashlib.sha256(f"{self.store.setting('seed')}:{name}".encode()).digest()
        return str(uuid.UUID(bytes=digest[:16], version=4))

    def asset_id(self, symbol: str) -> str:
        """Return the asset id of a symbol; a company that changed its symbol keeps its id (ALPACA 10.8)."""
        if symbol not in self._asset_ids:
            row = self.store.row("SELECT id_name FROM asset WHERE symbol = ?", (symbol,))
            self._asset_ids[symbol] = self.id_of(f"asset {(row and row['id_name']) or symbol}")
        return self._asset_ids[symbol]

    def forget_names(self) -> None:
        """Read asset ids and held shares anew, after a symbol has changed."""
        self._asset_ids.clear()
        self.book.holdings.forget()

    def symbol_of(self, symbol_or_asset_id: str) -> str:
        """Return the symbol a path names, by itself or by its asset id."""
        symbols = (row["symbol"] for row in self.store.rows("SELECT symbol FROM asset"))
        if len(symbol_or_asset_id) != ASSET_ID_LENGTH:
            return symbol_or_asset_id.upper()
        return next((one for one in symbols if self.asset_id(one) == symbol_or_asset_id.lower()), symbol_or_asset_id)

    # -- money and prices ----------------------------------------------------------------------------------------

    @property
    def cash(self) -> Decimal:
        """Dollars in the account; negative when borrowed."""
        return Decimal(self.store.setting("cash") or 0)

    @cash.setter
    def cash(self, dollars: Decimal) -> None:
        self.store.put_setting("cash", format(dollars, "f"))

    def last_price(self, symbol: str) -> Decimal | None:
        """Return what a share costs now: the open while in session, else the last close; None before its first bar."""
        phase = self.phase
        bar = self.bars.last(symbol, phase.day if phase.name != RELEASED else phase.day - sessions.ONE_DAY)
        if bar is None:
            return None
        price = bar.open if phase.name == OPEN and bar.day == phase.day else bar.close
        return price / self.bars.split_factor(symbol, bar.day)

    def previous_close(self, symbol: str) -> Decimal | None:
        """Return the close of the session before the current one (ALPACA 10.2: lastday_price)."""
        bar = self.bars.last(symbol, self.phase.day - sessions.ONE_DAY)
        return None if bar is None else bar.close / self.bars.split_factor(symbol, bar.day)

    def visible_bar(self, symbol: str, bar: Bar) -> Bar | None:
        """Return a bar as far as the clock has come: whole, only its open while in session, or None."""
        phase = self.phase
        if bar.day < phase.day or (bar.day == phase.day and phase.name == CLOSED):
            return bar
        if bar.day == phase.day and phase.name == OPEN:
            return type(bar)(symbol, bar.day, bar.open, bar.open, bar.open, bar.open, 0)
        return None
