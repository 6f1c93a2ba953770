"""One exchange for the whole folder, begun anew for each test."""

from __future__ import annotations

import warnings
from collections.abc import Iterator

import pytest

from sentinel.simulator import RunningExchange, running_exchange
from tests.simulator.desk import FLAT, START, Desk

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # alpaca-py still imports a part of websockets that is on its way out
    import alpaca.trading.client  # noqa: F401 - the first import warns, the later ones do not


@pytest.fixture(scope="session")
def shared_exchange() -> Iterator[RunningExchange]:
    with running_exchange(bars=FLAT, start=START) as exchange:
        yield exchange


@pytest.fixture
def exchange(shared_exchange: RunningExchange) -> RunningExchange:
    shared_exchange.reset()
    return shared_exchange


@pytest.fixture
def desk(exchange: RunningExchange) -> Iterator[Desk]:
    desk = Desk(exchange)
    with desk.session:
        yield desk
