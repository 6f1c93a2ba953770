"""The one place that meets alpaca-py and requests: timeouts, no retries, exact numbers, and no secret in any text."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any

from alpaca.common.exceptions import APIError
from alpaca.trading.client import TradingClient
from alpaca.trading.enums import OrderClass, OrderSide, PositionIntent, TimeInForce
from alpaca.trading.requests import (
    LimitOrderRequest,
    MarketOrderRequest,
    OrderRequest,
    ReplaceOrderRequest,
    StopLossRequest,
    StopOrderRequest,
)
from requests import PreparedRequest, Response, exceptions
from requests.adapters import HTTPAdapter

from sentinel.broker.answers import Answer, NoAnswer, OrderTicket
from sentinel.broker.departures import Departures
from sentinel.broker.pace import Pace
from sentinel.domain.secrecy import holds, masked

# The longest a rate limit may hold up one read, in seconds; the broker's window is a minute (ALPACA 9.2).
LONGEST_PAUSE_S = 60.0
# What goes wrong below or inside alpaca-py besides its APIError (ALPACA 13); TypeError is its answer to an empty body.
BROKEN = (exceptions.RequestException, OSError, ValueError, TypeError, RecursionError)


class ExactResponse(Response):
    """An answer whose JSON numbers stay exact decimals, and which calls nothing a success that is none."""

    def json(self, **kwargs: Any) -> Any:
        """The body with every fractional number as the Decimal its text says."""
        return super().json(parse_float=Decimal, **kwargs)

    def raise_for_status(self) -> None:
        """Refuse, besides errors, a redirect (alpaca-py follows none) and a success without a body other than 204."""
        super().raise_for_status()
        if not 200 <= self.status_code < 300:
            raise exceptions.HTTPError(f"HTTP {self.status_code}", response=self)
        if self.status_code != 204 and not self.content.strip():
            raise exceptions.ContentDecodingError("an empty answer", response=self)


class PatientAdapter(HTTPAdapter):
    """Lets only fitting requests leave, each in its turn, with timeouts, none of them twice (ALPACA 9.2, 13)."""

    def __init__(self, timeouts_s: tuple[float, float], departures: Departures) -> None:
        super().__init__(max_retries=0)
        self.timeouts_s = timeouts_s
        self.departures = departures
        self.pace = Pace()
        self.sent = 0
        # What the latest answer said the time is at the broker, less the computer's clock.
        self.clock_skew: timedelta | None = None

    def send(self, request: PreparedRequest, *args: Any, **kwargs: Any) -> Response:
        """Send in its turn, with (connect, read) timeouts in seconds; GuardRefusal for what must not leave."""
        self.departures.check(request.method, request.url)
        self.pace.wait()
        self.sent += 1
        # Whatever the session or the surroundings would have: the certificate is checked, and no proxy reads along.
        kwargs |= {"timeout": self.timeouts_s, "verify": True, "cert": None, "proxies": {}}
        response = super().send(request, *args, **kwargs)
        self.pace.heed(response.headers)
        skew = _skew(response.headers)
        self.clock_skew = self.clock_skew if skew is None else skew
        return response

    def build_response(self, req: PreparedRequest, resp: Any) -> Response:
        """The answer as an ExactResponse."""
        exact = ExactResponse()
        exact.__dict__.update(super().build_response(req, resp).__dict__)
        return exact


class AlpacaWire:
    """alpaca-py's client under strict rules; both hosts are asked over one session with the same keys."""

    def __init__(self, client: TradingClient, adapter: PatientAdapter, data_url: str, secrets: tuple[str, ...]) -> None:
        self._client = client
        self._adapter = adapter
        self._data_url = data_url
        self._secrets = secrets

    @property
    def requests(self) -> int:
        """How many requests were sent."""
        return self._adapter.sent

    @property
    def clock_skew(self) -> timedelta | None:
        """The broker's wall clock less the computer's, to the second, by its latest answer; None before one tells."""
        return self._adapter.clock_skew

    def holds_key(self, text: str) -> bool:
        """Whether a text holds one of the keys, however spelt."""
        return holds(text, self._secrets)

    def keep_pace(self, pace: Pace) -> None:
        """Let every request wait for its turn from now on."""
        self._adapter.pace = pace

    def read(self, path: str, params: Mapping[str, str] | None = None) -> Answer:
        """GET from the trading host."""
        return self._ask(lambda: self._client.get(path, dict(params or {})))

    def read_market(self, path: str, params: Mapping[str, str]) -> Answer:
        """GET from the market data host."""
        return self._ask(lambda: self._client.get(path, dict(params), base_url=self._data_url))

    def submit(self, order: OrderTicket) -> Answer:
        """POST a new order: alpaca-py's models check it, then the exact texts replace the floats they hold."""
        body = _request_of(order).to_request_fields() | {"qty": order.qty}
        body |= {"limit_price": order.limit_price} if order.limit_price else {}
        body |= {"stop_price": order.stop_price} if order.stop_price else {}
        body |= {"stop_loss": {"stop_price": order.leg_stop_price}} if order.leg_stop_price else {}
        return self._ask(lambda: self._client.post("/orders", body))

    def replace(self, order_id: str, name: str, stop_price: str) -> Answer:
        """PATCH the price of a stop; a quantity in the body would be refused on a leg (ALPACA 3.6)."""
        request = ReplaceOrderRequest(client_order_id=name, stop_price=float(stop_price))
        body = request.to_request_fields() | {"stop_price": stop_price}
        return self._ask(lambda: self._client.patch(f"/orders/{order_id}", body))

    def resize(self, order_id: str, name: str, qty: str) -> Answer:
        """PATCH the quantity of a simple order; it counts what has filled already (ALPACA 3.5)."""
        request = ReplaceOrderRequest(client_order_id=name, qty=int(qty))
        return self._ask(lambda: self._client.patch(f"/orders/{order_id}", request.to_request_fields() | {"qty": qty}))

    def cancel(self, order_id: str) -> Answer:
        """DELETE an order."""
        return self._ask(lambda: self._client.delete(f"/orders/{order_id}"))

    def _ask(self, request: Callable[[], object]) -> Answer:
        """One request; what goes wrong becomes a NoAnswer, raised apart from its cause, which holds the headers."""
        failure: Response | BaseException | None
        try:
            return Answer(200, request())
        except APIError as refusal:
            failure = refusal.response
        except BROKEN as broken:
            failure = broken
        if isinstance(failure, Response):
            return _refusal(failure, self._censored(failure.text))
        raise NoAnswer(self._censored(_reason(failure, self._adapter.timeouts_s)))

    def _censored(self, text: str) -> str:
        return masked(text, self._secrets)


def open_wire(key: str, secret: str, trading_url: str, data_url: str, timeouts_s: tuple[float, float]) -> AlpacaWire:
    """A wire to both hosts, with nothing sent yet; GuardRefusal where keys may not go to one of them."""
    trading_origin, data_origin = bare(trading_url), bare(data_url)
    departures = Departures(trading_origin, data_origin)
    client = TradingClient(key, secret, raw_data=True, url_override=trading_origin)
    # The library's own retry would send a POST again (ALPACA 13).
    client._retry = 0
    adapter = PatientAdapter(timeouts_s, departures)
    session = client._session
    # No proxy, no .netrc, no certificate bundle from the environment: keys go to the named hosts alone.
    session.trust_env = False
    for scheme in ("https://", "http://"):
        session.mount(scheme, adapter)
    return AlpacaWire(client, adapter, data_origin, (key, secret))


def bare(url: str) -> str:
    """The host's address as requests are sent to it, without the version, which alpaca-py adds."""
    return url.rstrip("/").removesuffix("/v2").rstrip("/").lower()


def _request_of(order: OrderTicket) -> OrderRequest:
    """The order as alpaca-py's model of it, which refuses fields that do not fit its type (ALPACA 13)."""
    common: dict[str, Any] = {
        "symbol": order.symbol,
        "qty": float(order.qty),
        "side": OrderSide(order.side),
        "time_in_force": TimeInForce(order.time_in_force),
        "client_order_id": order.name,
    }
    if order.position_intent:
        common["position_intent"] = PositionIntent(order.position_intent)
    if order.leg_stop_price:
        # Without the class the broker drops the stop in silence (ALPACA 1.13).
        common["order_class"] = OrderClass.OTO
        common["stop_loss"] = StopLossRequest(stop_price=float(order.leg_stop_price))
    match order.type:
        case "limit":
            return LimitOrderRequest(**common, limit_price=float(order.limit_price or 0))
        case "stop":
            return StopOrderRequest(**common, stop_price=float(order.stop_price or 0))
        case _:
            return MarketOrderRequest(**common)


def _refusal(response: Response, text: str) -> Answer:
    """The broker's no, its body read by hand: alpaca-py's own reading breaks on HTML and on a missing code."""
    try:
        body = json.loads(text, parse_float=Decimal)
    except (ValueError, RecursionError):
        body = None
    return Answer(response.status_code, body, _pause_s(response.headers) if response.status_code == 429 else None)


def _pause_s(headers: Mapping[str, str]) -> float | None:
    """Seconds until the broker wants to be asked again, by its own clock (ALPACA 9.2); None when it does not say."""
    try:
        if "Retry-After" in headers:
            pause_s = float(headers["Retry-After"])
        elif headers.get("X-RateLimit-Remaining") == "0":
            now_s = parsedate_to_datetime(headers["Date"]).timestamp()
            pause_s = float(headers["X-RateLimit-Reset"]) - now_s
        else:
            return None
    except (KeyError, ValueError):
        return None
    return min(max(pause_s, 0.0), LONGEST_PAUSE_S)


def _skew(headers: Mapping[str, str]) -> timedelta | None:
    """How far the clock of whoever answered is ahead of this computer's; every answer over HTTP is dated by it."""
    try:
        return parsedate_to_datetime(headers["Date"]) - now()
    except (KeyError, TypeError, ValueError):
        return None


def now() -> datetime:
    """The computer's clock."""
    return datetime.now(UTC)


def _reason(broken: BaseException | None, timeouts_s: tuple[float, float]) -> str:
    """What happened in words; the library's own text is long, and may hold what must not be printed."""
    connect_s, read_s = timeouts_s
    name = type(broken).__name__
    match broken:
        case exceptions.ConnectTimeout():
            return f"no connection within {connect_s:g} s"
        case exceptions.Timeout():
            return f"no answer within {read_s:g} s"
        case exceptions.SSLError():
            return "the encrypted connection failed"
        case exceptions.ChunkedEncodingError():
            return "the answer was cut short"
        case exceptions.ContentDecodingError():
            return "an empty or garbled answer"
        case exceptions.JSONDecodeError():
            return "an answer that is not JSON"
        case exceptions.ConnectionError():
            return "the connection was refused or lost" if "timed out" not in str(broken) else "the answer stopped"
    return f"the request failed ({name})"
