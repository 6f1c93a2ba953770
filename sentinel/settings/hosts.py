"""Where the keys may go: Alpaca's own hosts over https, or this machine."""

import os
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

from sentinel.domain.addresses import DATA_HOSTS, TRADING_HOSTS, is_this_machine, may_receive_keys
from sentinel.domain.errors import GuardRefusal, UsageError
from sentinel.settings.schema import Settings

TRADING_VARIABLE = "APCA_API_BASE_URL"
DATA_VARIABLE = "APCA_API_DATA_URL"
DATA_URL = "https://data.alpaca.markets"


class Hosts(NamedTuple):
    """The addresses of the two services, without a version."""

    trading_url: str
    data_url: str


def hosts_for(settings: Settings) -> Hosts | None:
    """The hosts of the account; None in mode sim, unless a variable names an exchange running on this machine.

    UsageError for an address that is neither Alpaca's nor this machine's, GuardRefusal for the other account's.
    """
    mode = settings.broker.mode
    trading, data = _override(TRADING_VARIABLE), _override(DATA_VARIABLE)
    if trading is None and mode == "sim":
        return None
    trading_url = _origin(trading) if trading else f"https://{TRADING_HOSTS[mode]}"
    is_local = is_this_machine(trading_url)
    if trading and not is_local:
        _require_host_of(mode, trading.hostname or "")
    if data is None:
        return Hosts(trading_url, trading_url if is_local else DATA_URL)
    data_url = _origin(data)
    if not is_this_machine(data_url) and data.hostname not in DATA_HOSTS:
        raise UsageError(f"{DATA_VARIABLE} names {data.hostname}, which has no market data", f"use {DATA_URL}")
    return Hosts(trading_url, data_url)


def _override(variable: str) -> SplitResult | None:
    """The address a variable names, checked; None when it is not set."""
    given = os.environ.get(variable, "").strip()
    if not given:
        return None
    try:
        url = urlsplit(given)
        is_safe = url.port != 0 and url.username is None and not (url.query or url.fragment)
    except ValueError:
        raise UsageError(f"{variable} is not an address", f"unset it, or name {DATA_URL} or the like") from None
    has_plain_path = url.path.rstrip("/") in ("", "/v2")
    if not (is_safe and has_plain_path and may_receive_keys(_origin(url))):
        raise UsageError(
            f"{variable} names {url.hostname or 'no host'}, and your keys go to Alpaca over https or stay here",
            f"unset {variable}, or name one of Alpaca's hosts with https, or this machine",
        )
    return url


def _require_host_of(mode: str, host: str) -> None:
    if TRADING_HOSTS.get(mode) != host:
        raise GuardRefusal(
            f"[broker] mode is {mode}, but {TRADING_VARIABLE} names {host}",
            f"unset {TRADING_VARIABLE}, or set the mode that belongs to that host",
            rule="host_of_mode",
            value=host,
            limit=TRADING_HOSTS.get(mode, "this machine"),
        )


def _origin(url: SplitResult) -> str:
    """Scheme, host and port as the wire compares them."""
    return f"{url.scheme}://{url.netloc.lower()}"
