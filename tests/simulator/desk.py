"""A desk to trade at over plain HTTP, and the three quiet days every test begins with."""

from __future__ import annotations

from typing import Any

import requests

from sentinel.simulator import RunningExchange

START = "2026-03-02"  # a Monday
FLAT = [
    {"symbol": symbol, "date": day, "open": "100", "high": "101", "low": "99", "close": "100", "volume": 1000}
    for symbol in ("AAPL", "MSFT")
    for day in ("2026-02-26", "2026-02-27", START)
]


class Desk:
    """Talks to the exchange as a client does; `status` keeps the last HTTP status."""

    def __init__(self, exchange: RunningExchange) -> None:
        self.exchange = exchange
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.headers.update({"APCA-API-KEY-ID": exchange.key, "APCA-API-SECRET-KEY": exchange.secret})
        self.status = 0

    def ask(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
        answer = self.session.request(method, f"{self.exchange.url}/v2{path}", json=body, params=query, timeout=10)
        self.status = answer.status_code
        return answer.json() if answer.content else None

    def get(self, path: str, **query: Any) -> Any:
        return self.ask("GET", path, **query)

    def place(self, **order: Any) -> Any:
        """Send an order: 10 AAPL, good till cancelled, unless told otherwise."""
        given = {"symbol": "AAPL", "qty": "10", "side": "buy", "type": "market", "time_in_force": "gtc", **order}
        return self.ask("POST", "/orders", {name: value for name, value in given.items() if value is not None})

    def oto(self, stop: str = "92", limit: str | None = "100", **order: Any) -> Any:
        """Send an entry with its stop."""
        kind = {"type": "limit", "limit_price": limit} if limit else {"type": "market"}
        return self.place(order_class="oto", stop_loss={"stop_price": stop}, **{**kind, **order})

    def bracket(self, **order: Any) -> Any:
        legs = {"take_profit": {"limit_price": "110"}, "stop_loss": {"stop_price": "92"}}
        return self.place(**{"order_class": "bracket", "type": "limit", "limit_price": "100", **legs, **order})

    def stop(self, price: str = "92", **order: Any) -> Any:
        """Send a protective sell stop."""
        return self.place(side="sell", type="stop", stop_price=price, **order)

    def hold(self, qty: Any = 10, price: Any = 100, symbol: str = "AAPL") -> None:
        """Hold shares, bought by hand."""
        self.exchange.trade(symbol, qty, "buy", price)

    def order(self, order_id: str) -> Any:
        return self.get(f"/orders/{order_id}")

    def statuses(self, **query: Any) -> list[str]:
        """Side, type and status of the listed orders, oldest first."""
        listed = self.get("/orders", direction="asc", **query)
        return [f"{order['side']} {order['type']} {order['status']}" for order in listed]

    def bar(self, prices: str, symbol: str = "AAPL") -> None:
        """Set the bar of the session that comes next (or is open): "open high low close"."""
        clock = self.get("/clock")
        day = clock["next_close"][:10]
        opens, high, low, close = prices.split()
        bar = {"symbol": symbol, "date": day, "open": opens, "high": high, "low": low, "close": close, "volume": 1}
        self.exchange.bars([bar])

    def day(self, prices: str, symbol: str = "AAPL") -> None:
        """Play one whole session with this bar."""
        self.bar(prices, symbol)
        self.exchange.advance(to="close")

    def shares(self, symbol: str = "AAPL") -> str:
        """Shares held and shares free, as "10/0"."""
        position = self.get(f"/positions/{symbol}")
        return f"{position['qty']}/{position['qty_available']}" if self.status == 200 else "0/0"
