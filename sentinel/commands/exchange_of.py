"""The exchange a `simulate` command drives: one that is named, or the home's own."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from sentinel.commands.embedded_exchange import embedded_exchange, is_healthy
from sentinel.commands.home_lock import home_lock
from sentinel.commands.options import Call
from sentinel.domain.errors import BrokerUnreachable, UsageError

if TYPE_CHECKING:
    from sentinel.simulator import RunningExchange

THIS_MACHINE = ("127.0.0.1", "localhost", "::1")


@contextmanager
def exchange_of(call: Call, url: str | None, *, only_looks: bool = False) -> Iterator["RunningExchange"]:
    """The exchange at the address, else the one the environment names, else the home's; UsageError if there is none."""
    from sentinel.settings import find_home, load_settings
    from sentinel.simulator.running import RunningExchange

    named = url or _of_environment()
    if named is not None:
        if not is_healthy(named):
            raise BrokerUnreachable(f"no simulated exchange answers at {named}", "run `sentinel simulate serve`")
        yield RunningExchange(named, "", "")
        return
    home = find_home(call.home)
    if load_settings(home).broker.mode != "sim":
        raise UsageError(f"{home} works with Alpaca, not with a simulated exchange", "name one with --url")
    with (
        home_lock(home, call.command, leaves_no_trace=only_looks),
        embedded_exchange(home, leaves_no_trace=only_looks) as address,
    ):
        yield RunningExchange(address.url, address.key, address.secret)


@contextmanager
def in_trade_words() -> Iterator[None]:
    """What the exchange does not take becomes a usage error."""
    from sentinel.simulator.errors import BadControl

    try:
        yield
    except BadControl as refused:
        raise UsageError(str(refused), "see `sentinel simulate --help`") from None


def _of_environment() -> str | None:
    named = os.environ.get("APCA_API_BASE_URL", "").strip()
    return named if urlsplit(named).hostname in THIS_MACHINE else None
