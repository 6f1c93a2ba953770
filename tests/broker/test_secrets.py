"""No key leaves with anything but the request it belongs to, and no surroundings bend where it goes."""

import traceback
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from sentinel.broker import Broker, connect
from sentinel.domain.errors import BrokerUnreachable
from sentinel.domain.orders import Side
from sentinel.domain.outcomes import Rejected
from tests.broker.conftest import Script
from tests.broker.shapes import ORDER_ID

SECRETS = ("KEY-ID-1234", "SECRET-5678")


def everything_said(error: BaseException) -> str:
    """The error and all it drags along."""
    chain = "".join(traceback.format_exception(error))
    causes = [error, error.__cause__, error.__context__]
    return chain + "".join(f"{cause!r}{vars(cause) if cause else ''}" for cause in causes)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (401, {"message": "key KEY-ID-1234 with SECRET-5678 is unknown"}),
        (500, {"message": "headers: SECRET-5678"}),
        (200, "SECRET-5678 KEY-ID-1234"),
        (302, "SECRET-5678"),
        (418, {"message": "SECRET-5678", "echo": "KEY-ID-1234"}),
    ],
)
def test_an_answer_that_echoes_the_keys(told: Callable[..., Broker], status: int, body: object) -> None:
    broker = told(body, status)
    with pytest.raises(BrokerUnreachable) as caught:
        broker.account()
    outcome = broker.submit_stop("snt-1", "AAPL", Side.SELL, 1, Decimal("92.00"))
    said = everything_said(caught.value) + repr(outcome) + repr(broker)
    assert not [secret for secret in SECRETS if secret in said]
    if isinstance(outcome, Rejected):
        assert "***" in outcome.message


def test_a_broken_line_says_nothing_of_the_keys() -> None:
    broker = connect(*SECRETS, "http://127.0.0.1:9", "http://127.0.0.1:9", 1, 1, 1, 0)
    with pytest.raises(BrokerUnreachable) as caught:
        broker.order(ORDER_ID)
    assert not [secret for secret in SECRETS if secret in everything_said(caught.value)]


def test_proxies_and_netrc_of_the_surroundings_are_not_used(
    told: Callable[..., Broker], script: Script, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    assert told([]).positions() == {}
    headers = {name.lower(): value for name, value in script.headers[0].items()}
    assert "authorization" not in headers
    assert (headers["apca-api-key-id"], headers["apca-api-secret-key"]) == SECRETS


@pytest.mark.parametrize("tail", ["", "/", "/v2", "/v2/"])
def test_the_version_may_stand_in_the_address_or_not(script: Script, tail: str) -> None:
    script.says([])
    broker = connect(*SECRETS, script.url + tail, script.url + tail, 5, 5, 1, 0)
    assert broker.positions() == {}
    assert script.asked[0][1] == "/v2/positions"


def test_a_redirect_is_not_followed(told: Callable[..., Broker], script: Script) -> None:
    broker = told("", 302, Location="http://127.0.0.1:9/elsewhere")
    with pytest.raises(BrokerUnreachable, match="HTTP 302"):
        broker.account()
    assert broker.requests == len(script.asked) == 1
