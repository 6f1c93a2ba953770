"""The addresses API keys may be sent to: Alpaca's own hosts over TLS, and this machine."""

import re

TRADING_HOSTS = {"paper": "paper-api.alpaca.markets", "live": "api.alpaca.markets"}
DATA_HOSTS = frozenset({"data.alpaca.markets", "data.sandbox.alpaca.markets"})
ALPACA_ORIGINS = frozenset(f"https://{host}" for host in (*TRADING_HOSTS.values(), *DATA_HOSTS))
_THIS_MACHINE = re.compile(r"https?://(localhost|127(\.\d{1,3}){3}|\[::1\])(:[1-9]\d{0,4})?", re.ASCII)


def is_this_machine(origin: str) -> bool:
    """Whether an origin, a scheme and a host with its port as in http://127.0.0.1:8700, is on loopback."""
    return _THIS_MACHINE.fullmatch(origin) is not None


def may_receive_keys(origin: str) -> bool:
    """Whether keys may go to an origin; it is compared letter by letter, so no trick of spelling gets past."""
    return origin in ALPACA_ORIGINS or is_this_machine(origin)
