"""Requests keep under the broker's limit a minute, from the settings to the socket: an evening waits, and says so."""

import json

import pytest

from sentinel.broker import gateway
from sentinel.broker.pace import Pace
from sentinel.commands import broker_address

MOST = 10


class Watch:
    """A clock only sleeping moves; at every sleep it asks the exchange how many requests have arrived by then."""

    def __init__(self, stage):
        self.stage = stage
        self.now_s = 0.0
        self.slept_s: list[float] = []
        self.arrived = [self.requests()]

    def requests(self):
        """How many requests the exchange has answered, its control plane apart."""
        counts = self.stage.exchange.state()["requests"]["counts"]
        return sum(number for path, number in counts.items() if " /v2/" in path)

    def sleep(self, seconds):
        self.arrived.append(self.requests())
        self.slept_s.append(seconds)
        self.now_s += seconds


class OwnCount(Pace):
    """Goes by its own count alone: what an exchange of all the tests says is left depends on the hour."""

    def heed(self, headers):
        """What is left of the exchange's own minute; how headers are heeded is tests/broker/test_pace.py."""


@pytest.fixture
def watch(stage, monkeypatch):
    """The exchange counts as a broker elsewhere, which may be asked ten times a minute."""
    monkeypatch.setattr(broker_address, "is_this_machine", lambda _origin: False)
    monkeypatch.setenv("APCA_API_BASE_URL", stage.exchange.url)
    monkeypatch.setenv("APCA_API_KEY_ID", stage.exchange.key)
    monkeypatch.setenv("APCA_API_SECRET_KEY", stage.exchange.secret)
    monkeypatch.setenv("SENTINEL_BROKER__REQUESTS_PER_MINUTE", str(MOST))
    watch = Watch(stage)
    monkeypatch.setattr(gateway, "Pace", lambda most, tell: OwnCount(most, tell, lambda: watch.now_s, watch.sleep))
    return watch


def test_an_evening_waits_for_the_next_minute_and_does_all_it_has_to(stage, watch):
    for symbol in ("AAPL", "MSFT", "TSLA"):
        stage.exchange.trade(symbol, 7, "buy", 100)
    evening = stage.evening()
    assert (evening.exit_code, set(evening.states.values())) == (0, {"protected"})
    watch.arrived.append(watch.requests())
    in_a_minute = [later - earlier for earlier, later in zip(watch.arrived, watch.arrived[1:], strict=False)]
    assert evening.document["requests"] == sum(in_a_minute) > 2 * MOST
    assert max(in_a_minute) == MOST, "as many as are allowed, and not one more"
    assert watch.slept_s == [60.0] * (len(in_a_minute) - 1)
    (log,) = [path for path in (stage.home / "logs").iterdir() if "evening" in path.name]
    told = [json.loads(line)["event"] for line in log.read_text().splitlines()]
    assert told.count("waiting 60 s: the broker takes so many requests a minute") == len(watch.slept_s)


def test_an_exchange_on_this_machine_is_asked_as_fast_as_it_answers(stage, watch, monkeypatch):
    monkeypatch.setattr(broker_address, "is_this_machine", lambda _origin: True)
    stage.exchange.trade("AAPL", 7, "buy", 100)
    evening = stage.evening()
    assert (evening.exit_code, watch.slept_s) == (0, [])
    assert evening.document["requests"] > MOST
