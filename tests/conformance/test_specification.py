"""Answers hold to Alpaca's own OpenAPI document, whatever a client sends that the document allows.

`CONFORMANCE_REQUESTS=500 .venv/bin/python -m pytest tests/conformance/test_specification.py` asks more, and other
questions every time.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from sentinel.simulator import RunningExchange, running_exchange
from tests.conformance.patches import NARROWED, PATCHES, patched, put
from tests.simulator.desk import FLAT, START, Desk

DOCUMENT: dict[str, Any] = json.loads((Path(__file__).parent / "trading_api.json").read_text("utf-8"))
ASKED = os.environ.get("CONFORMANCE_REQUESTS")
REQUESTS = int(ASKED or 40)
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
UNKNOWN = "00000000-0000-4000-8000-000000000000"
OPERATIONS = [
    f"{method.upper()} {path}"
    for path, methods in DOCUMENT["paths"].items()
    for method in methods
    if method != "parameters"
]


@pytest.fixture(scope="module")
def exchange() -> Iterator[RunningExchange]:
    with running_exchange(bars=FLAT, start=START) as exchange:
        yield exchange


def furnished(exchange: RunningExchange) -> list[str]:
    """Begin anew, in session, with a position under a raised stop, a pair and a limit order; return the order ids."""
    exchange.reset()
    desk = Desk(exchange)
    with desk.session:
        entry = desk.oto(symbol="MSFT")
        desk.hold()
        stop = desk.stop(qty="4")
        cancelled = desk.stop(qty="1")
        desk.ask("DELETE", f"/orders/{cancelled['id']}")
        exchange.advance(to="open")
        resting = desk.place(symbol="MSFT", type="limit", limit_price="95", client_order_id="resting")
        raised = desk.ask("PATCH", f"/orders/{stop['id']}", {"stop_price": "93"})
    return [entry["id"], entry["legs"][0]["id"], stop["id"], cancelled["id"], resting["id"], raised["id"]]


@pytest.mark.parametrize("label", OPERATIONS)
def test_every_answer_is_one_the_document_allows(exchange: RunningExchange, label: str) -> None:
    orders = [*furnished(exchange), UNKNOWN]
    narrowed = {
        "/paths/~1v2~1orders~1{order_id}/parameters/0/schema": {"enum": orders},
        "/paths/~1v2~1orders:by_client_order_id/get/parameters/0/schema": {"enum": ["resting", "unknown"]},
    }
    schema = schemathesis.openapi.from_dict(patched(DOCUMENT, narrowed))
    schema.config.update(base_url=exchange.url)
    method, path = label.split()
    login = {"APCA-API-KEY-ID": exchange.key, "APCA-API-SECRET-KEY": exchange.secret}
    statuses: set[int] = set()

    @given(case=schema[path][method].as_strategy())
    @settings(
        max_examples=REQUESTS,
        derandomize=ASKED is None,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    def ask(case: schemathesis.Case) -> None:
        if method != "GET":
            furnished(exchange)
        answer = case.call_and_validate(headers=login, checks=CHECKS)
        statuses.add(answer.status_code)

    ask()
    # A table of refusals would prove little: something must have been done as well.
    assert any(status < 300 for status in statuses), statuses


@pytest.mark.parametrize("label", OPERATIONS)
def test_nothing_is_answered_without_keys(exchange: RunningExchange, label: str) -> None:
    exchange.reset()
    desk = Desk(exchange)
    with desk.session:
        del desk.session.headers["APCA-API-SECRET-KEY"]
        method, path = label.split()
        assert desk.ask(method, path.removeprefix("/v2").replace("{", "").replace("}", "")) == {
            "message": "unauthorized."
        }
    assert desk.status == 401


@pytest.mark.parametrize("patch", PATCHES, ids=lambda patch: patch.pointer.rsplit("/", 4)[-4:])
def test_a_patch_has_its_place_changes_something_and_says_why(patch: Any) -> None:
    copied = json.loads(json.dumps(DOCUMENT))
    put(copied, patch.pointer, patch.change)
    assert copied != DOCUMENT
    assert patch.reason


@pytest.mark.parametrize("pointer", NARROWED)
def test_a_narrowing_has_its_place(pointer: str) -> None:
    node: Any = DOCUMENT
    for part in pointer.split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        node = node[int(name)] if isinstance(node, list) else node[name]
    assert node is not None
