"""The broker's door: domain values go in and come out, and nothing else of Sentinel speaks to Alpaca."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sentinel.broker.gateway import Broker, connect

__all__ = ["Broker", "connect"]


def __getattr__(name: str) -> object:
    """Import the gateway when it is first asked for: a command that stays offline never pays for it."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from sentinel.broker import gateway

    return getattr(gateway, name)
