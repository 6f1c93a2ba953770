"""The situations in which Alpaca was asked, set up after the close of a quiet Monday, with AAPL and MSFT at 100."""

from __future__ import annotations

from collections.abc import Callable

from tests.simulator.desk import Desk

Names = dict[str, str]


def _closed(desk: Desk) -> Names:
    return {"asset": desk.get("/assets/AAPL")["id"]}


def _without_keys(desk: Desk) -> Names:
    desk.session.headers["APCA-API-SECRET-KEY"] = "wrong"
    return {}


def _open(desk: Desk) -> Names:
    desk.exchange.advance(to="open")
    return {}


def _waiting(desk: Desk) -> Names:
    order = desk.place(qty="1", time_in_force="day")
    return {"order": order["id"], "client": order["client_order_id"]}


def _holding(desk: Desk) -> Names:
    desk.hold(2)
    return {}


def _open_and_holding(desk: Desk) -> Names:
    desk.hold(4)
    return _open(desk)


def _holding_one_under_a_stop(desk: Desk) -> Names:
    desk.hold(2)
    desk.hold(5, symbol="MSFT")
    return {"order": desk.stop(qty="2")["id"]}


def _short(desk: Desk) -> Names:
    desk.exchange.trade("AAPL", 2, "sell", 100)
    return {}


def _filled(desk: Desk) -> Names:
    desk.place(qty="2")
    desk.day("100 101 99 100")
    return {}


def _a_limit_filled(desk: Desk) -> Names:
    order = desk.place(type="limit", limit_price="100")
    desk.day("100 101 99 100")
    return {"order": order["id"]}


def _a_week_later(desk: Desk) -> Names:
    desk.exchange.advance(sessions=5)
    return {}


def _open_with_a_limit_order(desk: Desk) -> Names:
    _open(desk)
    return {
        "order": desk.place(type="limit", limit_price="25", time_in_force="day", client_order_id="MY_ORDER_ID_2")["id"]
    }


def _open_with_a_stop(desk: Desk) -> Names:
    desk.hold(2)
    _open(desk)
    return {"order": desk.stop(qty="2", time_in_force="day")["id"]}


def _open_with_a_pair_in_force(desk: Desk) -> Names:
    """A market entry that filled at the open; its stop rests."""
    entry = desk.oto(limit=None, time_in_force="day")
    desk.bar("100 101 99 100")
    _open(desk)
    return {"order": entry["id"], "leg": entry["legs"][0]["id"]}


def _limit_orders(desk: Desk) -> Names:
    cancelled = desk.place(type="limit", limit_price="80")
    desk.ask("DELETE", f"/orders/{cancelled['id']}")
    desk.place(type="limit", limit_price="100", qty="2")
    desk.day("100 101 99 100")
    desk.place(type="limit", limit_price="80")
    return {}


def _a_history(desk: Desk) -> Names:
    """A pair called off, a stop raised twice and then hit, one cancelled, one order that waits."""
    pair = desk.oto(limit="90", stop="80")
    desk.ask("DELETE", f"/orders/{pair['id']}")
    desk.hold(10)
    desk.ask("DELETE", f"/orders/{desk.stop()['id']}")
    stop = desk.stop("92", qty="5")
    other = desk.stop("91", qty="5")
    _open(desk)
    desk.ask("PATCH", f"/orders/{stop['id']}", {"stop_price": "93"})
    raised = desk.ask("PATCH", f"/orders/{other['id']}", {"stop_price": "80"})
    desk.day("95 96 85 95")
    desk.ask("DELETE", f"/orders/{raised['id']}")
    desk.place(qty="1", client_order_id="waiting")
    return {}


def _a_watchlist(desk: Desk) -> Names:
    desk.ask("POST", "/watchlists", {"name": "both", "symbols": ["AAPL", "MSFT"]})
    return {"list": desk.ask("POST", "/watchlists", {"name": "test", "symbols": ["AAPL"]})["id"]}


STAGES: dict[str, Callable[[Desk], Names]] = {
    "closed": _closed,
    "without keys": _without_keys,
    "open": _open,
    "waiting": _waiting,
    "holding": _holding,
    "open and holding": _open_and_holding,
    "holding one under a stop": _holding_one_under_a_stop,
    "short": _short,
    "filled": _filled,
    "a limit filled": _a_limit_filled,
    "a week later": _a_week_later,
    "open with a limit order": _open_with_a_limit_order,
    "open with a stop": _open_with_a_stop,
    "open with a pair in force": _open_with_a_pair_in_force,
    "limit orders": _limit_orders,
    "a history": _a_history,
    "a watchlist": _a_watchlist,
}
