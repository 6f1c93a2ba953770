"""The control plane: the clock, actions behind the client's back, faults, modes, and its own refusals."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from sentinel.simulator.errors import BadControl
from sentinel.simulator.faults import UNKNOWN
from tests.simulator.desk import Desk

# -- clock -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("moves", "timestamp", "is_open"),
    [
        ([{"to": "open"}], "2026-03-03T09:30:00", True),
        ([{"to": "close"}], "2026-03-03T16:00:00", False),
        ([{"to": "open"}, {"to": "close"}], "2026-03-03T16:00:00", False),
        ([{"to": "open"}, {"to": "open"}], "2026-03-04T09:30:00", True),
        ([{"to": "close"}, {"to": "close"}], "2026-03-04T16:00:00", False),
        ([{"to": "open"}, {"sessions": 1}], "2026-03-03T16:00:00", False),
        ([{"sessions": 5}], "2026-03-09T16:00:00", False),  # over a weekend and into summer time
    ],
)
def test_advancing(desk: Desk, moves: list[dict[str, Any]], timestamp: str, is_open: bool) -> None:
    for move in moves:
        desk.exchange.advance(**move)
    clock = desk.get("/clock")
    assert (clock["timestamp"][:19], clock["is_open"]) == (timestamp, is_open)


def test_the_clock_tells_what_comes_next(desk: Desk) -> None:
    assert desk.get("/clock") == {
        "timestamp": "2026-03-02T16:00:00-05:00",
        "is_open": False,
        "next_open": "2026-03-03T09:30:00-05:00",
        "next_close": "2026-03-03T16:00:00-05:00",
    }
    opened = desk.exchange.advance(to="open")
    assert (opened["next_open"][:10], opened["next_close"][:10]) == ("2026-03-04", "2026-03-03")


def test_the_same_seed_makes_the_same_ids_and_times(desk: Desk) -> None:
    def story() -> Any:
        desk.oto()
        desk.day("99 101 91 100")
        return desk.get("/orders", status="all"), desk.get("/account/activities")

    first = story()
    desk.exchange.reset()
    assert story() == first
    desk.exchange.reset(seed=1)
    assert story() != first


# -- behind the client's back ----------------------------------------------------------------------------------------


def test_a_forward_split(desk: Desk) -> None:
    desk.hold(5)
    stop = desk.stop(qty=5)
    target = desk.place(symbol="MSFT", type="limit", limit_price="90", qty=2)
    desk.exchange.action(split={"symbol": "AAPL", "ratio": 4}, halt={"symbol": "MSFT"})
    adjusted = desk.order(stop["id"])
    assert (adjusted["qty"], adjusted["stop_price"]) == ("20", "23")  # ALPACA 10.7
    assert desk.order(target["id"])["qty"] == "2"
    position = desk.get("/positions/AAPL")
    assert (position["qty"], position["avg_entry_price"], position["current_price"]) == ("20", "25", "25")
    assert desk.get("/account")["equity"] == "100000"
    desk.day("25 26 22 23")
    assert desk.order(stop["id"])["filled_avg_price"] == "23"


def test_a_forward_split_may_give_the_order_a_new_id(desk: Desk) -> None:
    desk.exchange.modes(split_orders="replaced")
    desk.hold(5)
    stop = desk.stop(qty=5)
    desk.exchange.action(split={"symbol": "AAPL", "ratio": 4})
    old = desk.order(stop["id"])
    assert (old["status"], desk.order(old["replaced_by"])["stop_price"]) == ("replaced", "23")


@pytest.mark.parametrize("mode", ["in_place", "replaced"])
def test_a_split_meets_a_stop_that_another_waits_to_replace(desk: Desk, mode: str) -> None:
    desk.exchange.modes(split_orders=mode, replacements="pending")
    desk.hold(5)
    stop = desk.stop(qty=5)
    desk.day("100 101 99 100")
    desk.ask("PATCH", f"/orders/{stop['id']}", {"stop_price": "96"})
    assert desk.order(stop["id"])["status"] == "pending_replace"
    desk.exchange.action(split={"symbol": "AAPL", "ratio": 4})
    desk.day("25 26 24.5 25")
    (only,) = desk.get("/orders", status="open")
    assert (only["qty"], only["stop_price"], only["status"]) == ("20", "24", "new")


def test_a_reverse_split_cancels_what_rests(desk: Desk) -> None:
    desk.hold(25)
    stop = desk.stop(qty=25)
    desk.exchange.action(split={"symbol": "AAPL", "ratio": "0.1"})
    assert desk.order(stop["id"])["status"] == "canceled"  # ALPACA 10.7
    assert desk.shares() == "2/2"
    assert desk.get("/account")["equity"] == "100000"  # the half share was paid out


def test_orders_changed_by_others(desk: Desk) -> None:
    desk.hold()
    stop = desk.stop()
    desk.exchange.action(replace={"order_id": stop["id"], "stop_price": "95"})
    new = desk.order(desk.order(stop["id"])["replaced_by"])
    assert (new["stop_price"], new["status"]) == ("95", "accepted")
    desk.exchange.action(cancel={"order_id": new["id"]})
    assert desk.order(new["id"])["status"] == "canceled"
    entry = desk.oto()
    desk.exchange.action(reject={"order_id": entry["id"]})
    rejected = desk.get(f"/orders/{entry['id']}", nested="true")
    assert (rejected["status"], rejected["legs"][0]["status"]) == ("rejected", "canceled")
    assert rejected["failed_at"]


UPSIDE_DOWN = {"symbol": "AAPL", "date": "2026-03-03", "open": 2, "high": 1, "low": 1, "close": 1}


@pytest.mark.parametrize(
    ("path", "body", "told"),
    [
        ("advance", {"to": "lunch"}, "advance takes"),
        ("advance", {"sessions": 0}, "advance takes"),
        ("advance", {"until": "close"}, "unknown: until"),
        ("bars", {"bars": [{"symbol": "AAPL"}]}, "a bar needs date"),
        ("bars", {"bars": [UPSIDE_DOWN]}, "highest"),
        ("trade", {"symbol": "ZZZZ", "qty": 1, "side": "buy"}, "unknown symbol"),
        ("trade", {"symbol": "AAPL", "qty": 0, "side": "buy"}, "qty must be > 0"),
        ("trade", {"symbol": "AAPL", "qty": 1, "side": "hold"}, "side must be"),
        ("faults", {"rules": [{"kind": "meteor"}]}, "kind must be one of"),
        ("faults", {"rules": [{"kind": "500", "path": "("}]}, "not a regular expression"),
        ("faults", {"rules": [{"kind": "500", "nth": 0}]}, "nth must be"),
        ("faults", {"rules": "all"}, "must be a list"),
        ("faults", {"rules": [{"kind": "delay", "takes_effect": False}]}, "to choose only for"),
        ("advance", {"to": "24:00"}, "advance takes"),
        ("action", {"status": {"order_id": "x", "status": "new"}}, "no order"),
        ("action", {"account": {"account_blocked": 1}}, "account needs some of"),
        ("modes", {"after_hours_stops": "maybe"}, "no such mode"),
        ("action", {"explode": {}}, "an action is one of"),
        ("action", {"cancel": {"order_id": "x"}}, "no order"),
        ("action", {"split": {"symbol": "AAPL", "ratio": 1}}, "ratio must not be 1"),
        ("reset", {"start": "someday"}, "start must be a date"),
        ("reset", {"start": "1969-01-01"}, "no session"),
    ],
)  # fmt: skip
def test_senseless_control_requests(desk: Desk, path: str, body: Any, told: str) -> None:
    answer = requests.post(f"{desk.exchange.url}/_sim/{path}", json=body, timeout=10)
    assert answer.status_code == 400
    assert told in answer.json()["message"]


def test_python_methods_raise_what_was_refused(desk: Desk) -> None:
    with pytest.raises(BadControl, match="advance takes"):
        desk.exchange.advance(to="lunch")
    assert desk.exchange.health() == {"status": "ok"}


# -- faults ----------------------------------------------------------------------------------------------------------


ENTRY = {"symbol": "AAPL", "qty": 10, "side": "buy", "type": "limit", "limit_price": "90", "time_in_force": "gtc"}
ENTRY["client_order_id"] = "once"


def entry(desk: Desk) -> Any:
    return desk.ask("POST", "/orders", ENTRY)


def exists(desk: Desk) -> bool:
    desk.exchange.faults([])
    desk.get("/orders:by_client_order_id", client_order_id="once")
    return desk.status == 200


@pytest.mark.parametrize(("kind", "takes_effect"), [("drop_before", False), ("drop_after", True), ("reset", True)])
def test_no_answer_at_all(desk: Desk, kind: str, takes_effect: bool) -> None:
    desk.exchange.faults([{"method": "POST", "path": "/v2/orders$", "nth": 1, "kind": kind}])
    with pytest.raises(requests.ConnectionError):
        entry(desk)
    assert exists(desk) == takes_effect


def test_an_answer_cut_short(desk: Desk) -> None:
    desk.exchange.faults([{"method": "POST", "path": "/v2/orders", "kind": "truncated"}])
    with pytest.raises(requests.RequestException):
        entry(desk)
    assert exists(desk)


def test_an_answer_too_late(desk: Desk) -> None:
    desk.exchange.faults([{"method": "POST", "path": "/v2/orders", "kind": "delay", "seconds": 3}])
    with pytest.raises(requests.ReadTimeout):
        desk.session.post(f"{desk.exchange.url}/v2/orders", json=ENTRY, timeout=1)
    assert exists(desk)


@pytest.mark.parametrize("takes_effect", [None, True, False])
@pytest.mark.parametrize(
    ("kind", "status", "body", "usually"),
    [
        ("429", 429, "rate limit", False),
        ("500", 500, "internal", False),
        ("502", 502, "<html>", False),
        ("503", 503, "<html>", False),
        ("504", 504, "<html>", True),
        ("redirect", 302, "<html>", False),
    ],
)
def test_answered_by_the_machinery(
    desk: Desk, kind: str, status: int, body: str, usually: bool, takes_effect: bool | None
) -> None:
    chosen = {} if takes_effect is None else {"takes_effect": takes_effect}
    desk.exchange.faults([{"method": "POST", "path": "/v2/orders", "kind": kind, **chosen}])
    answer = desk.session.post(f"{desk.exchange.url}/v2/orders", json=ENTRY, timeout=10, allow_redirects=False)
    assert answer.status_code == status
    assert body in answer.text
    assert ("Location" in answer.headers) == (kind == "redirect")
    assert exists(desk) == (usually if takes_effect is None else takes_effect)


def test_words_no_client_knows(desk: Desk) -> None:
    desk.exchange.faults([{"path": "/v2/(orders|positions)", "kind": "unknown_enum"}])
    desk.hold()
    order = desk.oto(client_order_id="once")
    assert (order["status"], order["legs"][0]["status"], order["side"]) == (UNKNOWN, UNKNOWN, "buy")
    assert desk.get("/positions")[0]["exchange"] == UNKNOWN
    assert desk.ask("DELETE", f"/orders/{order['id']}") is None
    assert desk.status == 204
    assert exists(desk)


def test_the_wrong_shape(desk: Desk) -> None:
    desk.exchange.faults([{"path": "/v2/orders", "kind": "wrong_shape"}])
    (order,) = entry(desk)
    assert [one["id"] for one in desk.get("/orders")["items"]] == [order["id"]]


def test_an_empty_answer(desk: Desk) -> None:
    desk.exchange.faults([{"method": "POST", "path": "/v2/orders", "kind": "empty"}])
    assert entry(desk) is None
    assert desk.status == 200
    assert exists(desk)


def test_a_stale_list_forgets_the_last_change(desk: Desk) -> None:
    first = entry(desk)
    desk.exchange.faults([{"method": "GET", "path": "/v2/orders$", "nth": 2, "kind": "stale"}])
    assert len(desk.get("/orders")) == 1
    desk.ask("DELETE", f"/orders/{first['id']}")
    assert [order["id"] for order in desk.get("/orders")] == [first["id"]]
    assert desk.get("/orders") == []


def test_rules_count_what_they_match(desk: Desk) -> None:
    desk.exchange.faults([{"method": "GET", "path": "/v2/(clock|account)$", "nth": 3, "kind": "500"}])
    statuses = []
    for path in ("/clock", "/positions", "/account", "/clock", "/clock"):
        desk.get(path)
        statuses.append(desk.status)
    assert statuses == [200, 200, 200, 500, 200]
    (rule,) = desk.exchange.state()["faults"]
    assert (rule["seen"], rule["struck"]) == (4, 1)


# -- what the oracle sees --------------------------------------------------------------------------------------------


def test_the_state_counts_what_was_sent(desk: Desk) -> None:
    order = entry(desk)
    entry(desk)
    desk.ask("DELETE", f"/orders/{order['id']}")
    desk.get("/orders")
    requests_seen = desk.exchange.state()["requests"]
    assert requests_seen["counts"] == {"POST /v2/orders": 2, "DELETE /v2/orders/{id}": 1, "GET /v2/orders": 1}
    told = [(one["method"], one["status"]) for one in requests_seen["mutations"]]
    assert told == [("POST", 200), ("POST", 422), ("DELETE", 204)]


def test_the_state_has_everything(desk: Desk) -> None:
    desk.hold()
    desk.oto()
    state = desk.exchange.state()
    assert [order["role"] for order in state["orders"]] == ["", "", "stop_loss"]
    assert state["positions"][0]["qty"] == "10"
    assert len(state["fills"]) == 1
    assert state["clock"]["phase"] == "closed"
    assert state["modes"]["after_hours_cancel"] == "immediate"
    assert state["account"]["equity"] == "100000"
