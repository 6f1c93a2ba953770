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
    # ALPACA 2.3: the 90 days of a replaced order: still those of the first one, or counted anew.
    "replaced_expiry": ("kept", "renewed"),
    # ALPACA 6.3: whether an open OTO order counts in the wash-trade check against a new simple order.
    "oto_wash_trade": ("exempt", "refused"),
    # ALPACA 5.3: whether the legs of a group carry a submission time of their own or their parent's.
    "leg_timestamps": ("own", "shared"),
    # ALPACA 10.7: a forward split changes the order, or replaces it by one with a new id.
    "split_orders": ("in_place", "replaced"),
    # ALPACA 11: whether a resting limit order fills whole, or half of what is left (rounded up) each session.
    "partial_fills": ("off", "half"),
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
