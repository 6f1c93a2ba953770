"""What may leave for the broker: requests to the account's own hosts alone, and none that ends more than one order."""

import re

from sentinel.domain.addresses import may_receive_keys
from sentinel.domain.errors import GuardRefusal

_ORDER = r"/v2/orders/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
# Everything Sentinel ever asks the broker to change. What is not here is not sent: no DELETE of /v2/orders or of a
# position, which would end every order or sell what a stop protects (ALPACA 4.5, 6.8).
_MUTATIONS = {
    "POST": re.compile("/v2/orders"),
    "PATCH": re.compile(_ORDER),
    "DELETE": re.compile(_ORDER),
}
# A path that climbs, or hides that it does, names something else than it says.
_READABLE = re.compile(r"(?![^?]*(\.\.|//|\\|%2e|%5c))/v2/[!-~]+", re.IGNORECASE)


class Departures:
    """The guard at the wire: each request passes it just before its first byte leaves, and is never sent elsewhere."""

    def __init__(self, trading_origin: str, data_origin: str) -> None:
        """GuardRefusal for an origin that keys may not go to."""
        for origin in (trading_origin, data_origin):
            if not may_receive_keys(origin):
                raise _refused("an address that is neither Alpaca's own nor on this machine")
        self._trading_origin = trading_origin
        self._origins = (trading_origin, data_origin)

    def check(self, method: str | None, url: str | None) -> None:
        """GuardRefusal for a request that must not leave; its words name no address, which may hold a secret."""
        origin, path = self._split(url or "")
        if method == "GET":
            is_known = _READABLE.fullmatch(path) is not None
        else:
            shape = _MUTATIONS.get(method or "")
            is_known = origin == self._trading_origin and shape is not None and shape.fullmatch(path) is not None
        if not is_known:
            raise _refused(f"a {method} request that Sentinel never makes")

    def _split(self, url: str) -> tuple[str, str]:
        for origin in self._origins:
            # The slash ends the host: nothing can be appended to it, no port, no user, no further name.
            if url.startswith(f"{origin}/"):
                return origin, url.removeprefix(origin)
        raise _refused("a request to another host than the account's")


def _refused(what: str) -> GuardRefusal:
    words, remedy = f"{what} was stopped before it left", "this is a bug or an attack: report it, and change keys"
    return GuardRefusal(words, remedy, rule="departure", value=what, limit="what Sentinel asks of its account's hosts")
