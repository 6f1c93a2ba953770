"""Strikes chosen requests of the victim: below the adapter by its own hand, beyond it by the exchange's."""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import Any

import requests
from requests import exceptions
from requests.adapters import HTTPAdapter

from sentinel.broker.transport import ExactResponse, PatientAdapter
from sentinel.simulator.running import RunningExchange
from tests.torture.fault_kinds import ARRIVES_AFTER, FOR_GOOD, GIVES_UP_S, Blow, Kind, blow_at
from tests.torture.watch import LATE

STRUCK, STILL_COMING = "struck.txt", "late.jsonl"
NOBODY_LISTENS = "http://127.0.0.1:1"
# As long as some rule wants stale answers, the exchange keeps what it takes to give one.
REMEMBERS = {"method": "GET", "path": "^never$", "kind": "stale"}
# Some gateways show whoever asks what was asked, keys and all.
HTML = "<html><head><title>500 Internal Server Error</title></head><body><pre>{}</pre></body></html>"

Send = Callable[..., requests.Response]


class WireFaults:
    """Counts the victim's requests and strikes those that were chosen; notes each blow that fell."""

    def __init__(self, folder: Path, exchange: RunningExchange, blows: tuple[Blow, ...]) -> None:
        self._folder = folder
        self._exchange = exchange
        self._blows = blows
        self._number = 0
        self._late: list[tuple[int, requests.PreparedRequest]] = []

    def install(self) -> None:
        """From now on every request of this process passes here."""
        send, faults = PatientAdapter.send, self

        def struck(self: PatientAdapter, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> Any:
            return faults._pass(self, request, lambda asked: send(self, asked, *args, **kwargs))

        if self._blows:
            self._exchange.faults([REMEMBERS])
            PatientAdapter.send = struck  # type: ignore[method-assign]

    def _pass(self, adapter: PatientAdapter, request: requests.PreparedRequest, send: Send) -> requests.Response:
        self._number += 1
        self._let_arrive(send)
        kind = blow_at(self._number, self._blows)
        if kind is None:
            return send(request)
        if kind.rule:
            return self._by_the_exchange(kind, adapter, request, send)
        return self._by_hand(kind, adapter, request, send)

    def _let_arrive(self, send: Send) -> None:
        """What was sent long ago arrives now; nobody waits for the answer any more."""
        due = [asked for number, asked in self._late if number <= self._number]
        self._late = [(number, asked) for number, asked in self._late if number > self._number]
        for asked in due:
            asked.headers[LATE] = "yes"
            with suppress(exceptions.RequestException):
                send(asked)

    def _by_the_exchange(
        self, kind: Kind, adapter: PatientAdapter, request: requests.PreparedRequest, send: Send
    ) -> requests.Response:
        self._exchange.faults([{"path": "", "nth": 1, **kind.rule}, REMEMBERS])
        self._note(kind)
        patient = adapter.timeouts_s
        if kind.rule["kind"] == "delay":
            adapter.timeouts_s = (patient[0], GIVES_UP_S)
        try:
            return send(request)
        finally:
            adapter.timeouts_s = patient

    def _by_hand(
        self, kind: Kind, adapter: PatientAdapter, request: requests.PreparedRequest, send: Send
    ) -> requests.Response:
        if kind.is_late:
            self._keep(kind, request)
            raise exceptions.ReadTimeout("Read timed out.", request=request)
        match kind.name:
            case "connect-timeout":
                self._note(kind)
                raise exceptions.ConnectTimeout("Connection timed out.", request=request)
            case "read-timeout-not-applied":
                self._note(kind)
                raise exceptions.ReadTimeout("Read timed out.", request=request)
            case "500-html-not-applied":
                self._note(kind)
                return _page(request)
            case "500-html-applied":
                self._note(kind)
                send(request)
                return _page(request)
            case "truncated-json":
                answer = send(request)
                if answer.content:
                    self._note(kind)
                answer._content = answer.content[: len(answer.content) // 2]
                return answer
            case "vanished-first" | "vanished-last":
                return self._vanish(kind, send(request))
        self._note(kind)
        nowhere = request.copy()
        nowhere.url = str(nowhere.url).replace(self._exchange.url, NOBODY_LISTENS)
        # Under the guard at the wire, which lets nothing leave for another address.
        return HTTPAdapter.send(adapter, nowhere, timeout=adapter.timeouts_s)

    def _vanish(self, kind: Kind, answer: requests.Response) -> requests.Response:
        """An order or a position that is there is not shown."""
        told = json.loads(answer.content or b"null")
        if isinstance(told, list) and told:
            del told[0 if kind.name == "vanished-first" else -1]
            answer._content = json.dumps(told).encode()
        elif isinstance(told, dict) and "qty" in told and kind.name == "vanished-first":
            answer.status_code = 404
            answer._content = b'{"code":40410000,"message":"not found"}'
        else:
            return answer
        self._note(kind)
        return answer

    def _keep(self, kind: Kind, request: requests.PreparedRequest) -> None:
        """A request under way: it arrives after some others, or after the run."""
        self._note(kind)
        self._late.append((self._number + ARRIVES_AFTER.get(kind.name, FOR_GOOD), request.copy()))

    def leave(self) -> None:
        """The run is over: what is still under way arrives later, by the hand of the harness."""
        with (self._folder / STILL_COMING).open("w", encoding="utf-8") as file:
            for _, request in self._late:
                body = request.body.decode() if isinstance(request.body, bytes) else request.body
                kept = {"method": request.method, "url": request.url, "body": body, "headers": dict(request.headers)}
                file.write(json.dumps(kept) + "\n")

    def _note(self, kind: Kind) -> None:
        log = os.open(self._folder / STRUCK, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.write(log, f"{Blow(self._number, kind.name)}\n".encode())
        os.close(log)


def struck(folder: Path) -> tuple[Blow, ...]:
    """The blows that fell on the last run."""
    with suppress(FileNotFoundError):
        return tuple(Blow.parse(line) for line in (folder / STRUCK).read_text("utf-8").splitlines())
    return ()


def let_late_requests_arrive(folder: Path) -> None:
    """What the last run sent, and gave up waiting for, arrives at the exchange now."""
    late = folder / STILL_COMING
    lines = late.read_text("utf-8").splitlines() if late.exists() else []
    late.unlink(missing_ok=True)
    for line in lines:
        kept: Mapping[str, Any] = MappingProxyType(json.loads(line))
        body = kept["body"].encode() if kept["body"] else None
        head = {name: value for name, value in kept["headers"].items() if name != "Content-Length"}
        request = urllib.request.Request(kept["url"], body, {**head, LATE: "yes"}, method=kept["method"])
        with suppress(urllib.error.HTTPError), urllib.request.urlopen(request) as answer:
            answer.read()


def _page(request: requests.PreparedRequest) -> requests.Response:
    answer = ExactResponse()
    asked = "\n".join(f"{name}: {value}" for name, value in request.headers.items())
    answer.status_code, answer._content = 500, HTML.format(asked).encode()
    answer.request, answer.url = request, str(request.url)
    answer.headers["Content-Type"] = "text/html"
    return answer
