"""Keeps the faults a test asked for and tells, request by request, which one strikes."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sentinel.simulator.errors import BadControl, rate_limited

if TYPE_CHECKING:
    from sentinel.simulator.store import Store

# kind: whether the request still takes effect before it goes wrong.
KINDS = {
    "drop_before": False,  # the connection closes, nothing was done
    "drop_after": True,  # the request is done, the connection closes without an answer
    "delay": True,  # the request is done, the answer comes `seconds` later
    "429": False,
    "500": False,
    "502": False,  # a gateway's HTML page, and the two below
    "503": False,
    "504": True,  # the gateway gave up waiting, the request arrived
    "redirect": False,  # 302 to another page
    "empty": True,  # 200 without a body
    "truncated": True,  # the answer stops half-way
    "reset": True,  # the connection is reset instead of an answer
    "stale": True,  # a GET answers with the state before the last mutation
    "unknown_enum": True,  # every status, exchange and asset class in the answer is a word no client knows
    "wrong_shape": True,  # a list where an object should be, an object where a list should be
}
# Whether these reach the exchange is for the rule to say: a gateway fails on the way in or on the way out.
EITHER_WAY = ("429", "500", "502", "503", "504", "redirect")
_PAGES = {"502": "Bad Gateway", "503": "Service Temporarily Unavailable", "504": "Gateway Time-out"}
_ENUMS = ("status", "order_status", "exchange", "asset_class", "class")
UNKNOWN = "not_in_any_client"
_LONGEST_DELAY_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault that strikes now; `takes_effect` tells whether the request is done first."""

    kind: str
    seconds: float
    takes_effect: bool


class Faults:
    """The rules in force, kept with the rest of the state so that they reach the next process."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._refresh()

    def _refresh(self) -> None:
        # Asked at every request: without rules it must cost nothing.
        self._any = bool(self._store.rows("SELECT 1 FROM fault LIMIT 1"))
        self.has_stale = bool(self._store.rows("SELECT 1 FROM fault WHERE kind = 'stale' LIMIT 1"))

    def set(self, rules: list[dict[str, Any]]) -> None:
        """Replace all rules; BadControl names a malformed one. An empty list ends all faults."""
        rows = [_row(rule) for rule in rules]
        self._store.execute("DELETE FROM fault")
        for row in rows:
            self._store.insert("fault", row)
        self._refresh()

    def all(self) -> list[dict[str, Any]]:
        """Return the rules with how often each was seen and struck."""
        rows = self._store.rows("SELECT * FROM fault ORDER BY seq")
        return [{**dict(row), "takes_effect": bool(row["takes_effect"])} for row in rows]

    def strike(self, method: str, path: str) -> Fault | None:
        """Count a request against every rule it matches and return the first fault due."""
        due: Fault | None = None
        for row in self._store.rows("SELECT * FROM fault ORDER BY seq") if self._any else ():
            if row["method"] not in ("*", method) or not re.search(row["path"], path):
                continue
            strikes = due is None and row["nth"] in (None, row["seen"] + 1)
            self._store.execute(
                "UPDATE fault SET seen = seen + 1, struck = struck + ? WHERE seq = ?", (int(strikes), row["seq"])
            )
            if strikes:
                due = Fault(row["kind"], row["seconds"], bool(row["takes_effect"]))
        return due


def _row(rule: dict[str, Any]) -> dict[str, Any]:
    unknown = set(rule) - {"method", "path", "nth", "kind", "seconds", "takes_effect"}
    kind, nth, seconds = str(rule.get("kind")), rule.get("nth"), rule.get("seconds") or 0
    if unknown:
        raise BadControl(f"a fault rule has no {', '.join(sorted(unknown))}")
    if kind not in KINDS:
        raise BadControl(f"kind must be one of {', '.join(KINDS)}: {rule.get('kind')!r}")
    if nth is not None and (isinstance(nth, bool) or not isinstance(nth, int) or nth < 1):
        raise BadControl(f"nth must be a whole number from 1, or null for every request: {nth!r}")
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not 0 <= seconds <= _LONGEST_DELAY_SECONDS:
        raise BadControl(f"seconds must be a number from 0 to {_LONGEST_DELAY_SECONDS:g}: {seconds!r}")
    takes_effect = rule.get("takes_effect", KINDS[kind])
    if not isinstance(takes_effect, bool) or (takes_effect != KINDS[kind] and kind not in EITHER_WAY):
        raise BadControl(f"takes_effect is true or false, and to choose only for {', '.join(EITHER_WAY)}")
    path = str(rule.get("path") or "")
    try:
        re.compile(path)
    except re.error as error:
        raise BadControl(f"path is not a regular expression: {path!r}: {error}") from error
    method = str(rule.get("method") or "*").upper()
    values = {"method": method, "path": path, "nth": nth, "kind": kind, "seconds": float(seconds)}
    return {**values, "takes_effect": int(takes_effect)}


@dataclass(frozen=True, slots=True)
class Page:
    """An answer that is not the exchange's own."""

    status: int
    content_type: str
    body: str
    location: str | None = None


def page_of(kind: str) -> Page | None:
    """Return what stands in the place of an answer; None for the faults that spoil the answer itself."""
    if kind == "429":
        refusal = rate_limited()
        return Page(refusal.status, "application/json", json.dumps(refusal.body))
    if kind == "500":
        return Page(500, "application/json", '{"code":50010000,"message":"internal server error occurred"}')
    if kind == "redirect":
        return Page(302, "text/html", "<html><body>Moved</body></html>", location="/maintenance")
    if kind in _PAGES:
        title = f"{kind} {_PAGES[kind]}"
        return Page(int(kind), "text/html", f"<html><head><title>{title}</title></head><body></body></html>")
    return None


def spoil(kind: str, body: bytes) -> bytes:
    """Return an answer as the fault leaves it: words no client knows, or the wrong shape."""
    if not body:
        return body
    told = json.loads(body)
    if kind == "unknown_enum":
        return json.dumps(_with_unknown_words(told)).encode()
    return json.dumps({"items": told} if isinstance(told, list) else [told]).encode()


def _with_unknown_words(told: Any) -> Any:
    if isinstance(told, list):
        return [_with_unknown_words(item) for item in told]
    if not isinstance(told, dict):
        return told
    return {
        name: UNKNOWN if name in _ENUMS and isinstance(value, str) else _with_unknown_words(value)
        for name, value in told.items()
    }
