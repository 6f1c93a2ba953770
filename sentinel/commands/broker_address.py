"""Where the broker of a home is: Alpaca's hosts, an exchange the environment names, or the embedded one, running."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from sentinel.commands.crash_report import learn
from sentinel.commands.embedded_exchange import after_hours_cancel, embedded_exchange
from sentinel.domain.addresses import is_this_machine

if TYPE_CHECKING:
    from sentinel.settings import Settings


@dataclass(frozen=True, slots=True)
class BrokerAddress:
    """The two services of the broker, the keys they take, and whether a cancel after the close works at once there.

    `requests_per_minute` are asked of it at most; None of an exchange on this machine, which has no such limit.
    """

    trading_url: str
    data_url: str
    key: str = field(repr=False)
    secret: str = field(repr=False)
    cancels_at_once: bool
    requests_per_minute: int | None = None


@contextmanager
def broker_address(home: Path, settings: "Settings", *, leaves_no_trace: bool = False) -> Iterator[BrokerAddress]:
    """Where settings and environment say the broker is; UsageError where they say nothing safe, or keys are missing."""
    from sentinel.settings import hosts_for, keys_for

    hosts = hosts_for(settings)
    cancels_at_once = settings.broker.after_hours_cancel == "immediate"
    if hosts is None:
        with embedded_exchange(home, leaves_no_trace=leaves_no_trace) as exchange:
            cancels_at_once = after_hours_cancel(exchange) == "immediate"
            yield BrokerAddress(exchange.url, exchange.url, exchange.key, exchange.secret, cancels_at_once)
        return
    keys = keys_for(settings, home)
    if settings.broker.keys == "keyring":
        learn(*keys)
    pace = None if is_this_machine(hosts.trading_url) else settings.broker.requests_per_minute
    yield BrokerAddress(hosts.trading_url, hosts.data_url, keys.key, keys.secret, cancels_at_once, pace)
