"""Lists the behaviours on which the sources disagree, or which a test wants harsher, and the values each may take."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sentinel.simulator.errors import BadControl

if TYPE_CHECKING:
    from sentinel.simulator.store import Store

# name: (allowed values, the default first). The fact behind each is named.
MODES: dict[str, tuple[str, ...]] = {
    # ALPACA 3.8: status after the close of a GTC stop that rests since an earlier session.
    "after_hours_stops": ("new", "accepted"),
    # ALPACA 4.4: a cancel after hours of an order a venue holds: done at once, or pending until the next open.
    "after_hours_cancel": ("immediate", "pending"),
    # ALPACA 4.3: whether a cancel and the shares it frees come at once, or some requests later.
    "cancels": ("at_once", "asynchronous"),
    # ALPACA 3.2, 3.8: whether a replacement counts at once, or stays pending until the open, in session until the clock
    # moves.
    "replacements": ("immediate", "pending"),
    # ALPACA 3.3: the words and the code of a refused replacement.
    "refusal_texts": ("current", "older"),
    # ALPACA 2.5: whether `opg` and `cls` orders are refused outside their hours.
    "auction_windows": ("open", "enforced"),
    # ALPACA 2.2: how an unfilled DAY order ends.
    "day_end": ("expired", "canceled"),
    # ALPACA 7.6: whether a buy stop becomes a limit a few percent above it.
    "buy_stops": ("plain", "collared"),
    # ALPACA 10.9: whether an ex-dividend day lowers simple GTC buy limits and sell stops.
    "dividend_orders": ("kept", "reduced"),
    # ALPACA 10.6: whether an asset still tells `easy_to_borrow` and `maintenance_margin_requirement`.
    "asset_fields": ("present", "removed"),
    # ALPACA 12: whether the newest quarter of an hour of SIP data is refused, as on the free plan.
    "recent_sip": ("allowed", "refused"),
    # ALPACA 12: whether `adjustment=all` adjusts for splits, which a report of August 2026 denies.
    "adjustment_all": ("complete", "without_splits"),
    # ALPACA 2.3: the 90 days of a replaced order: still those of the first one, or counted anew.
    "replaced_expiry": ("kept", "renewed"),
    # ALPACA 6.3: whether an open OTO order counts in the wash-trade check against a new simple order.
    "oto_wash_trade": ("exempt", "refused"),
    # ALPACA 5.3: whether the legs of a group carry a submission time of their own or their parent's.
    "leg_timestamps": ("own", "shared"),
    # ALPACA 10.7: a forward split changes the order, or replaces it by one with a new id.
    "split_orders": ("in_place", "replaced"),
    # ALPACA 11: whether a limit order fills whole, or half of what is left (rounded up) each session, or any order
    # one time in ten by a part the seed decides.
    "partial_fills": ("off", "half", "random"),
}
RATE_LIMIT = "rate_limit"  # requests a minute of real time; 0 never refuses (ALPACA 9.2)


class Modes:
    """The modes in force, kept with the rest of the state."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def __getitem__(self, name: str) -> str:
        return self._store.setting(f"mode.{name}") or MODES[name][0]

    @property
    def rate_limit(self) -> int:
        """Requests allowed a minute, 0 for no limit."""
        return int(self._store.setting(f"mode.{RATE_LIMIT}") or 0)

    def set(self, wanted: dict[str, Any]) -> None:
        """Change some modes; BadControl names an unknown mode or value."""
        for name, value in wanted.items():
            if name == RATE_LIMIT and isinstance(value, int) and not isinstance(value, bool) and value >= 0:
                self._store.put_setting(f"mode.{name}", str(value))
            elif value in MODES.get(name, ()):
                self._store.put_setting(f"mode.{name}", value)
            else:
                allowed = ", ".join(f"{known}: {'|'.join(values)}" for known, values in MODES.items())
                raise BadControl(f"no such mode: {name}={value!r}; the modes are {allowed}, {RATE_LIMIT}: a number")

    def all(self) -> dict[str, str | int]:
        """Return every mode and its value."""
        return {**{name: self[name] for name in MODES}, RATE_LIMIT: self.rate_limit}
