"""Everything that can go wrong with one request, as a table: who does it, and to which requests."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Flag, auto
from types import MappingProxyType
from typing import Any

READ = "GET "
CANCEL = "DELETE "


class On(Flag):
    """What a kind of fault can strike."""

    READ = auto()
    ORDER = auto()  # a new order or a replacement: its answer has a body
    CANCEL = auto()
    CHANGE = ORDER | CANCEL
    ALL = READ | CHANGE


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of fault: the exchange's own when it has a rule, else done on the victim's side of the wire."""

    name: str
    on: On
    rule: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    paths: str = ""  # only where this is in the path
    requests: int = 1  # how many requests in a row it strikes
    is_late: bool = False  # what was sent arrives after the client has given up

    def strikes(self, told: str) -> bool:
        """Whether it makes sense for a request such as `PATCH /v2/orders/1`."""
        if self.paths and not re.search(self.paths, told):
            return False
        if told.startswith(READ):
            return On.READ in self.on
        return (On.CANCEL if told.startswith(CANCEL) else On.ORDER) in self.on


def _ours(name: str, on: On, kind: str, **rule: Any) -> Kind:
    return Kind(name, on, MappingProxyType({"kind": kind, **rule}))


def _gateway(status: str) -> tuple[Kind, ...]:
    """A status that may come before the exchange has done what was asked, or after."""
    undone = _ours(f"{status}-not-applied", On.ALL, status, takes_effect=False)
    return undone, _ours(f"{status}-applied", On.CHANGE, status, takes_effect=True)


# Seconds the exchange keeps its answer back, and what the victim waits for it.
KEPT_BACK_S, GIVES_UP_S = 0.15, 0.05
# A request and all its retries; and the rest of the run.
EVERY_TRY, FOR_GOOD = 3, 1000
SHOWS_LISTS = r"/v2/(orders|positions)(\?|$)"
SHOWS_ORDERS = r"/v2/(orders|positions)"

KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        kind.name: kind
        for kind in (
            Kind("refused", On.ALL),
            Kind("refused-every-try", On.READ, requests=EVERY_TRY),
            Kind("refused-for-good", On.ALL, requests=FOR_GOOD),
            Kind("connect-timeout", On.ALL),
            Kind("read-timeout-not-applied", On.ALL),
            _ours("read-timeout-applied", On.ALL, "delay", seconds=KEPT_BACK_S),
            Kind("read-timeout-applied-before-the-next", On.CHANGE, is_late=True),
            Kind("read-timeout-applied-during-the-run", On.CHANGE, is_late=True),
            Kind("read-timeout-applied-after-the-run", On.CHANGE, is_late=True),
            _ours("lost-not-applied", On.ALL, "drop_before"),
            _ours("lost-applied", On.CHANGE, "drop_after"),
            _ours("reset", On.ALL, "reset"),
            *_gateway("429"),
            *_gateway("500"),
            Kind("500-html-not-applied", On.ALL),
            Kind("500-html-applied", On.CHANGE),
            *_gateway("502"),
            *_gateway("503"),
            *_gateway("504"),
            *_gateway("redirect"),
            _ours("empty", On.ALL, "empty"),
            _ours("truncated", On.READ | On.ORDER, "truncated"),
            Kind("truncated-json", On.READ | On.ORDER),
            _ours("wrong-shape", On.READ | On.ORDER, "wrong_shape"),
            _ours("unknown-enum", On.READ | On.ORDER, "unknown_enum"),
            _ours("stale", On.READ, "stale"),
            Kind("vanished-first", On.READ, paths=SHOWS_ORDERS),
            Kind("vanished-last", On.READ, paths=SHOWS_LISTS),
        )
    }
)
# How many of the victim's requests pass before a late one arrives; after the run where there is no number.
ARRIVES_AFTER: Mapping[str, int] = MappingProxyType(
    {"read-timeout-applied-before-the-next": 1, "read-timeout-applied-during-the-run": 6}
)


@dataclass(frozen=True, slots=True, order=True)
class Blow:
    """One fault of a case: the number of the request, from 1, and the kind."""

    number: int
    kind: str

    def __str__(self) -> str:
        return f"{self.number}:{self.kind}"

    @classmethod
    def parse(cls, text: str) -> Blow:
        """The blow that a `number:kind` names."""
        number, kind = text.split(":")
        return cls(int(number), kind)


def blow_at(number: int, blows: tuple[Blow, ...]) -> Kind | None:
    """The fault that strikes a request."""
    return next((KINDS[b.kind] for b in blows if b.number <= number < b.number + KINDS[b.kind].requests), None)
