"""Joins endpoints, login, faults and transactions into the web application of the exchange."""

from __future__ import annotations

import hmac
import json
import re
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException

from sentinel.simulator import settling
from sentinel.simulator.control_routes import control
from sentinel.simulator.data_routes import data
from sentinel.simulator.errors import BadControl, Refusal, unauthorized
from sentinel.simulator.exchange import Exchange
from sentinel.simulator.faults import Fault, Faults, page_of, spoil
from sentinel.simulator.position_routes import positions
from sentinel.simulator.tick_routes import ticks
from sentinel.simulator.trading_routes import trading
from sentinel.simulator.watchlist_routes import watchlists

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sentinel.simulator.bars import Bar

KEY, SECRET = "SIM-KEY", "SIM-SECRET"
TRANSPORT = "simulator.transport"  # where the server is told to spoil the answer on the wire
_MINUTE_SECONDS = 60
_RATE_LIMIT = 200  # ALPACA 9.2
_OVER_RATE = Fault("429", 0, takes_effect=False)
_READS = ("GET", "HEAD", "OPTIONS")
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Beginning:
    """What the exchange began with, so that a reset can begin again."""

    bars: Callable[[], Iterable[Bar]]
    start: date | None
    seed: int


class ExchangeApp(Flask):
    """The web application around one exchange; one request at a time holds its lock."""

    def __init__(self, exchange: Exchange, first: Beginning) -> None:
        super().__init__(__name__, static_folder=None)
        self.exchange = exchange
        self.first = first
        self.faults = Faults(exchange.store)
        self.request_counts: Counter[str] = Counter()
        self._requests = 0
        self._before_mutation: Exchange | None = None
        self._minute: tuple[int, int] = (0, 0)
        self.json.sort_keys, self.json.compact = False, True  # type: ignore[attr-defined]
        for blueprint in (trading, positions, watchlists, data, ticks, control):
            self.register_blueprint(blueprint)
        self.before_request(_require_login)
        self.register_error_handler(Refusal, _answer_refusal)
        self.register_error_handler(BadControl, _answer_bad_control)
        self.register_error_handler(HTTPException, _answer_http_error)

    def full_dispatch_request(self) -> Response:
        """Count the request, let a due fault strike, answer."""
        if not request.path.startswith("/v2"):
            return self._serve(self.exchange)
        with self.exchange.lock:
            self._requests += 1
            request_id = self.exchange.id_of(f"request {self._requests}").replace("-", "")
            self.request_counts[f"{request.method} {_ID.sub('{id}', request.path)}"] += 1
            settling.pass_request(self.exchange)
            fault = self.faults.strike(request.method, request.path)
            rate = self._count_against_rate()
        response = self._answer(_OVER_RATE if rate.is_exceeded else fault)
        response.headers.update({"X-Request-ID": request_id, **rate.headers})
        return response

    def _answer(self, fault: Fault | None) -> Response:
        if fault is None:
            return self._serve(self.exchange)
        if fault.kind == "stale" and request.method == "GET" and self._before_mutation is not None:
            return self._serve(self._before_mutation)
        page = _page(fault.kind)
        if fault.takes_effect:
            response = self._serve(self.exchange)
            response = page or response
        else:
            response = page or Response()
            self._record_mutation(0 if fault.kind == "drop_before" else response.status_code)
        if fault.kind in ("unknown_enum", "wrong_shape"):
            response.set_data(spoil(fault.kind, response.get_data()))
        elif fault.kind == "delay":
            time.sleep(fault.seconds)
        elif fault.kind == "empty":
            response = Response(status=200, content_type="application/json; charset=UTF-8")
        elif fault.kind in ("drop_before", "drop_after", "truncated", "reset"):
            request.environ[TRANSPORT] = fault.kind
        return response

    def _serve(self, exchange: Exchange) -> Response:
        """Answer one request; what it changed is committed before the answer leaves, or undone when refused."""
        with self.exchange.lock:
            g.exchange = exchange
            if request.method in _READS:
                return super().full_dispatch_request()
            if request.path.startswith("/v2"):
                self._remember_for_stale_answers()
            try:
                with exchange.store.transaction():
                    response = super().full_dispatch_request()
                    if response.status_code >= 400:
                        raise _Undo(response)
                    self._record_mutation(response.status_code)
            except _Undo as undo:
                response = undo.response
                self._record_mutation(response.status_code)
            if self._before_mutation is None:
                self._remember_for_stale_answers()
            return response

    def _record_mutation(self, status: int) -> None:
        """Keep what a client asked to change, for oracles that count (refused and dropped requests too)."""
        if request.method in _READS or not request.path.startswith("/v2"):
            return
        body = request.get_data(as_text=True)
        path = request.full_path.rstrip("?")
        with self.exchange.lock:
            values = {"at_ns": self.exchange.now_ns, "method": request.method, "path": path, "body": body}
            self.exchange.store.insert("mutation", {**values, "status": status})

    def mutations(self) -> list[dict[str, Any]]:
        """Return every request to change something, oldest first; status 0 means dropped unseen."""
        return [dict(row) for row in self.exchange.store.rows("SELECT * FROM mutation ORDER BY seq")]

    def _remember_for_stale_answers(self) -> None:
        """Keep a copy of the state for the `stale` fault; forget it when no rule wants one."""
        self.forget_stale_answers()
        if self.faults.has_stale:
            self._before_mutation = Exchange(self.exchange.store.copy())

    def forget_stale_answers(self) -> None:
        """Drop the copy kept for the `stale` fault."""
        if self._before_mutation is not None:
            with self._before_mutation.lock:
                self._before_mutation.store.close()
            self._before_mutation = None

    def forget(self) -> None:
        """Start counting anew, after a reset."""
        self.faults.set([])
        self.forget_stale_answers()
        self.request_counts.clear()
        self._requests = 0

    def _count_against_rate(self) -> _Rate:
        """ALPACA 9.2: the headers ride on every answer; nothing is refused unless the mode says so."""
        # Not time.time(): a test may have frozen it.
        this_minute = int(time.clock_gettime(time.CLOCK_REALTIME)) // _MINUTE_SECONDS
        minute, used = self._minute
        self._minute = (this_minute, used + 1 if minute == this_minute else 1)
        limit = self.exchange.modes.rate_limit
        return _Rate(limit or _RATE_LIMIT, self._minute[1], (this_minute + 1) * _MINUTE_SECONDS, is_enforced=limit > 0)


@dataclass(frozen=True, slots=True)
class _Rate:
    """How much of a minute's requests is used; `resets_at` in seconds since 1970."""

    limit: int
    used: int
    resets_at: int
    is_enforced: bool

    @property
    def is_exceeded(self) -> bool:
        return self.is_enforced and self.used > self.limit

    @property
    def headers(self) -> dict[str, str]:
        return {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(max(self.limit - self.used, 0)),
            "X-RateLimit-Reset": str(self.resets_at),
        }


class _Undo(Exception):
    """Carries a refusal out of the transaction it must not commit."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status)
        self.response = response


def _require_login() -> None:
    """ALPACA 9.1: a missing or wrong key is 401 on every endpoint; the control plane needs none."""
    if not request.path.startswith("/v2"):
        return
    headers = request.headers
    given = (headers.get("APCA-API-KEY-ID", ""), headers.get("APCA-API-SECRET-KEY", ""))
    if not all(hmac.compare_digest(a.encode(), b.encode()) for a, b in zip(given, (KEY, SECRET), strict=True)):
        raise unauthorized()


def _json(body: Any, status: int) -> Response:
    return Response(json.dumps(body, separators=(",", ":")), status, content_type="application/json; charset=UTF-8")


def _answer_refusal(refusal: Refusal) -> Response:
    return _json(refusal.body, refusal.status)


def _answer_bad_control(error: BadControl) -> Response:
    return _json({"message": str(error)}, 400)


def _answer_http_error(error: HTTPException) -> Response:
    status = error.code or 500
    if status == 404:
        return _json({"code": 40410000, "message": "endpoint not found"}, 404)  # ALPACA 9.1
    return _json({"code": status * 100_000, "message": error.name.lower()}, status)


def _page(kind: str) -> Response | None:
    page = page_of(kind)
    if page is None:
        return None
    headers = {"Location": page.location} if page.location else {}
    return Response(page.body, page.status, headers, content_type=page.content_type)
