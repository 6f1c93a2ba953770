"""Drives a running exchange from Python: one method for each control request."""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from sentinel.simulator.errors import BadControl

if TYPE_CHECKING:
    from collections.abc import Iterable

_SECONDS = 120


@dataclass(frozen=True, slots=True)
class RunningExchange:
    """The address and keys of an exchange, and its control plane. BadControl carries what it refused."""

    url: str
    key: str
    secret: str

    def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=_SECONDS)
        try:
            connection.request(method, path, json.dumps(body or {}, default=str))
            answer = connection.getresponse()
            told = json.loads(answer.read())
        finally:
            connection.close()
        if answer.status >= 400:
            raise BadControl(told.get("message", str(told)))
        return told

    def advance(self, to: str | None = None, sessions: int | None = None) -> dict[str, Any]:
        """Move the clock to the next `open` or `close`, or past a number of closes; return the clock."""
        given = {"to": to, "sessions": sessions}
        told: dict[str, Any] = self._call(
            "POST", "/_sim/advance", {name: value for name, value in given.items() if value is not None}
        )
        return told

    def bars(self, bars: Iterable[dict[str, Any]]) -> None:
        """Add or overwrite bars."""
        self._call("POST", "/_sim/bars", {"bars": list(bars)})

    def trade(self, symbol: str, qty: Any, side: str, price: Any = None) -> dict[str, Any]:
        """Trade by hand, at the last price unless given one; return the order and its fill."""
        body = {"symbol": symbol, "qty": qty, "side": side, **({} if price is None else {"price": price})}
        told: dict[str, Any] = self._call("POST", "/_sim/trade", body)
        return told

    def faults(self, rules: Iterable[dict[str, Any]]) -> None:
        """Replace the fault rules."""
        self._call("POST", "/_sim/faults", {"rules": list(rules)})

    def modes(self, **modes: Any) -> dict[str, Any]:
        """Change some modes; return all."""
        told: dict[str, Any] = self._call("POST", "/_sim/modes", modes)
        return told

    def action(self, **actions: dict[str, Any]) -> dict[str, Any]:
        """Perform actions, as in `action(split={"symbol": "AAPL", "ratio": 4})`."""
        told: dict[str, Any] = self._call("POST", "/_sim/action", actions)
        return told

    def state(self) -> dict[str, Any]:
        """Return everything."""
        told: dict[str, Any] = self._call("GET", "/_sim/state")
        return told

    def reset(self, **beginning: Any) -> dict[str, Any]:
        """Begin anew, with other `bars`, `start`, `seed` or `cash` if given; return the clock."""
        told: dict[str, Any] = self._call("POST", "/_sim/reset", beginning)
        return told

    def health(self) -> dict[str, Any]:
        """Ask whether it answers."""
        told: dict[str, Any] = self._call("GET", "/_sim/health")
        return told
