"""Watchlists, in the shapes and refusals recorded on the real API."""

from __future__ import annotations

from typing import Any

import pytest

from tests.simulator.desk import Desk


def symbols(watchlist: Any) -> list[str]:
    return [asset["symbol"] for asset in watchlist["assets"]]


@pytest.mark.parametrize("by_name", [False, True])
def test_from_making_to_dropping(desk: Desk, by_name: bool) -> None:
    made = desk.ask("POST", "/watchlists", {"name": "Favourites", "symbols": ["aapl"]})
    assert set(made) == {"id", "account_id", "created_at", "updated_at", "name", "assets"}
    path = "/watchlists:by_name" if by_name else f"/watchlists/{made['id']}"
    query = {"name": "Favourites"} if by_name else {}
    assert desk.get(path, **query) == made
    assert symbols(desk.ask("POST", path, {"symbol": "MSFT"}, **query)) == ["AAPL", "MSFT"]
    assert symbols(desk.ask("PUT", path, {"symbols": ["MSFT", "MSFT"]}, **query)) == ["MSFT"]
    assert symbols(desk.ask("DELETE", f"{path}/msft", **query)) == []
    assert symbols(desk.ask("PUT", path, {"symbols": ["MSFT"]}, **query)) == ["MSFT"]
    assert symbols(desk.ask("PUT", path, {"name": "Favourites"}, **query)) == []  # recorded
    (listed,) = desk.get("/watchlists")
    assert set(listed) == {"id", "account_id", "created_at", "updated_at", "name"}
    assert listed["updated_at"] > listed["created_at"]
    desk.ask("DELETE", path, **query)
    assert (desk.status, desk.get("/watchlists")) == (204, [])


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "message"),
    [
        ("POST", "/watchlists", {"name": "x" * 65}, 422, "name must be no more than 64 characters"),
        ("POST", "/watchlists", {"symbols": []}, 422, "name is required"),
        ("POST", "/watchlists", {"name": "mine"}, 422, "watchlist name must be unique"),
        ("POST", "/watchlists", {"name": "new", "symbols": ["NOPE"]}, 422, 'asset "NOPE" not found'),
        ("POST", "/watchlists", {"name": "new", "symbols": 7}, 422, "invalid symbols"),
        ("GET", "/watchlists/fake_id", None, 422, "watchlist is required"),
        ("GET", "/watchlists:by_name?name=no", None, 404, "watchlist not found: no"),
        ("PUT", "/watchlists:by_name?name=mine", {"name": "other"}, 422, "watchlist name must be unique"),
        ("DELETE", "/watchlists:by_name?name=no", None, 404, "watchlist not found: no"),
    ],
)
def test_refusals(desk: Desk, method: str, path: str, body: Any, status: int, message: str) -> None:
    desk.ask("POST", "/watchlists", {"name": "mine"})
    desk.ask("POST", "/watchlists", {"name": "other"})
    answer = desk.ask(method, path, body)
    assert (desk.status, answer["message"]) == (status, message)
    assert len(desk.get("/watchlists")) == 2
