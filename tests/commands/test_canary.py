"""A canary for a key: whatever breaks, whoever repeats it, it stands in nothing Sentinel leaves or says."""

import json
from base64 import b64encode
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from sentinel.broker import transport
from sentinel.commands import crash_report
from sentinel.execution.run import Run
from sentinel.settings import KEYS_FILE
from sentinel.simulator import app as exchange_app
from tests.commands.between import Asked, Reply, line_through
from tests.commands.desk import Desk
from tests.torture.secrets_oracle import judge_secrets, judge_words

KEY, SECRET = "PKCANARY0123456789AB", "canarysecret/with+signs=0123456789abcdef"
CHANGES = ("POST", "PATCH", "DELETE")
#  what it gossips about, with which status, and how the commands are asked to answer
GOSSIP: list[tuple[tuple[str, ...], int | None, tuple[str, ...]]] = [
    (("GET",), 403, ()),
    (("GET",), 500, ("--json",)),
    (CHANGES, 422, ()),
    (CHANGES, 422, ("--json",)),
    (CHANGES, None, ("--json",)),
]


class Gossip:
    """Answers some requests itself, and repeats there whatever it was shown."""

    def __init__(self) -> None:
        self.status: int | None = None
        self.methods: tuple[str, ...] = ()

    def __call__(self, asked: Asked, ask: Callable[[Asked], Reply]) -> Reply:
        """The exchange's answer, or gossip."""
        if self.status is None or asked.method not in self.methods:
            return ask(asked)
        shown = " ".join(f"{name}: {value}" for name, value in asked.headers.items())
        basic = b64encode(f"{KEY}:{SECRET}".encode()).decode()
        message = f"{shown} key={KEY} secret={quote(SECRET, safe='')} Basic {basic} {[SECRET]!r}"
        told = {"code": self.status * 100_000, "message": message, "echo": dict(asked.headers)}
        return self.status, json.dumps(told).encode()


@pytest.fixture
def gossip(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Iterator[Gossip]:
    """The desk's exchange takes the canary for a key, and is reached over a line that gossips when told to."""
    monkeypatch.setattr(exchange_app, "KEY", KEY)
    monkeypatch.setattr(exchange_app, "SECRET", SECRET)
    monkeypatch.setenv("APCA_API_KEY_ID", KEY)
    monkeypatch.setenv("APCA_API_SECRET_KEY", SECRET)
    monkeypatch.setenv("SENTINEL_BROKER__READ_WAIT_S", "0")
    monkeypatch.setenv("SENTINEL_BROKER__READ_ATTEMPTS", "1")
    talking = Gossip()
    with line_through(desk.exchange.url, talking) as url:
        monkeypatch.setenv("APCA_API_BASE_URL", url)
        yield talking


def leaks(desk: Desk, words: str) -> list[str]:
    """Where the canary is seen: in what was said, or in any file of the home but that of the keys."""
    found = [*judge_words((KEY, SECRET), "what it said", words)]
    return [str(leak) for leak in (*found, *judge_secrets((KEY, SECRET), desk.home, without=[KEYS_FILE]))]


def everything(desk: Desk, *form: str) -> str:
    """Every command a trader types, in words or as a document; what they said."""
    lines = (
        "init", "doctor", "evening-workflow --non-interactive", "evening-workflow --dry-run", "status", "status --live",
        "submit-entry-with-stop MSFT 400 1", "update-trailing-stops", "check-profit-taking", "approvals list",
        "runs", "history AAPL", "halt --reason x", "resume --reason x", "backup", "adopt AAPL", "rescue-stops",
        f"submit-entry-with-stop {SECRET} 1", f"history {KEY}", f"halt --reason {SECRET} --nope",
    )  # fmt: skip
    said = ""
    for line in lines:
        answer = desk.types(*line.split(), *form)
        said += answer.out + answer.err
    return said


def test_a_broker_that_repeats_the_keys_is_not_repeated(desk: Desk, gossip: Gossip) -> None:
    desk.holds()
    desk.day("AAPL", "117")
    desk.trades_quietly("MSFT", "400")
    said = ""
    for gossip.methods, gossip.status, form in GOSSIP:
        said += everything(desk, *form)
    assert "***" in said, "the broker's words came through, without the canary"
    assert leaks(desk, said) == []


@pytest.mark.parametrize("place", ["variables", KEYS_FILE])
def test_a_crash_leaves_no_key(desk: Desk, gossip: Gossip, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    """A bug in the middle of an evening, with the request in its hands."""
    if place == KEYS_FILE:
        monkeypatch.delenv("APCA_API_KEY_ID")
        monkeypatch.delenv("APCA_API_SECRET_KEY")
        (desk.home / KEYS_FILE).write_text(f'key = "{KEY}"\nsecret = "{SECRET}"\n')
        (desk.home / KEYS_FILE).chmod(0o600)
    desk.holds()

    def broken(run: Run) -> None:
        headers = vars(run.workplace.broker)["_wire"]._client._get_default_headers()
        raise RuntimeError(f"{headers} {quote(SECRET, safe='')}") from ValueError(str(headers))

    monkeypatch.setattr(Run, "_conclude", broken)
    answer = desk.types("evening-workflow", "--json")
    assert answer.exit_code == 70
    assert list((desk.home / "logs").glob("crash-*.txt"))
    assert leaks(desk, answer.out + answer.err) == []


#  what is taken away, and who sees the canary then
GUARDS: list[tuple[Callable[[pytest.MonkeyPatch], None], str]] = [
    (lambda patch: patch.setattr(transport, "masked", lambda text, _secrets: text), "what it said"),
    (lambda patch: patch.setattr(crash_report, "masked", lambda text, _secrets: text), "crash-"),
]


@pytest.mark.parametrize(("take_away", "where"), GUARDS)
def test_without_its_guards_the_canary_is_seen(
    desk: Desk,
    gossip: Gossip,
    monkeypatch: pytest.MonkeyPatch,
    take_away: Callable[[pytest.MonkeyPatch], None],
    where: str,
) -> None:
    """The search can fail: what it finds when the masking is gone is what it looks for when it is there."""
    desk.holds()
    desk.trades_quietly("MSFT", "400")
    take_away(monkeypatch)
    gossip.status, gossip.methods = 422, ("POST",)
    answer = desk.types("submit-entry-with-stop", "MSFT", "400", "1", "--json")
    if where == "crash-":
        crash_report.write_crash_report(ValueError(SECRET), (), desk.home)
    assert [leak for leak in leaks(desk, answer.out + answer.err) if where in leak]


@pytest.mark.parametrize(
    "typed",
    [
        ["halt", "--reason", SECRET],
        ["halt", "--reason", f"because of {KEY}", "--json"],
        ["submit-entry-with-stop", KEY, "1", "--json"],
        [SECRET, "--json"],
        ["status", f"--{SECRET}"],
        ["restore", f"/tmp/{KEY}"],
    ],
)
def test_a_key_on_the_command_line_is_refused_and_not_repeated(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, typed: list[str]
) -> None:
    monkeypatch.setenv("APCA_API_KEY_ID", KEY)
    monkeypatch.setenv("APCA_API_SECRET_KEY", SECRET)
    before = desk.files()
    answer = desk.types(*typed)
    assert answer.exit_code == 2
    assert "stands on the command line" in answer.err
    assert leaks(desk, answer.out + answer.err) == []
    assert desk.files() == before


def test_no_option_takes_a_key() -> None:
    """What is typed stands in the shell's history, and in every process list."""
    from tests.commands.test_every_command import commands

    for command, options in commands():
        secretive = [name for name in options if any(word in name for word in ("key", "secret", "token", "password"))]
        assert secretive == [], command


def test_the_keys_are_in_no_process_list(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The exchange Sentinel starts is told nothing on its command line."""
    from sentinel.commands.embedded_exchange import embedded_exchange

    monkeypatch.delenv("APCA_API_BASE_URL")
    monkeypatch.setenv("ALPACA_API_KEY", KEY)
    monkeypatch.setenv("ALPACA_SECRET_KEY", SECRET)
    with embedded_exchange(desk.home):
        pid = json.loads((desk.home / "simulator.db.url").read_text("utf-8"))["pid"]
        typed = Path(f"/proc/{pid}/cmdline")
        if not typed.exists():
            pytest.skip("this system does not show what other processes were started with")
        assert not judge_words((KEY, SECRET), "its command line", typed.read_text("utf-8"))
