"""A simulated Alpaca exchange on loopback: it refuses like Alpaca and fills against daily bars."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sentinel.simulator.running import RunningExchange
    from sentinel.simulator.server import ExchangeServer, running_exchange, serve

__all__ = ["ExchangeServer", "RunningExchange", "running_exchange", "serve"]


def __getattr__(name: str) -> Any:
    """Load the server only when asked for: Flask takes a tenth of a second."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from sentinel.simulator import server

    return getattr(server, name)
