"""Whatever text the broker sends: no terminal obeys it, no markup is read in it, no line of a log is forged by it."""

import json
import re
import unicodedata
from collections.abc import Callable, Iterator

import pytest

from sentinel.commands.streams import PLAIN, Progress
from tests.commands.between import Asked, Reply, line_through
from tests.commands.desk import Desk

# Clear the screen, set its title, hide text, write backwards, end the line and begin one that says all is well.
NASTY = (
    "\x1b[2J\x1b]0;owned\x07[red]paint[/red] [link=https://evil.example]press[/link] [/] :boom: "
    "\x9b31mC1\x85 \u202egnp.exe\u202c \u2066in\u2069 \u200e\u200f\u061c \u200b\u00ad\ufeff\u2028\u2029\u180e"
    "\U000e0041 \ud800 \ue000 \x00\x08\x7f\r\n"
    '{"event": "run ended", "exit_code": 0}\nall 9 positions covered: 7 of 7 shares'
)
FORGED = re.compile(r"^(all 9 positions covered|\{\"event\": \"run ended\")", re.MULTILINE)


def dangers(text: str) -> set[str]:
    """Signs a terminal would obey, or that hide or turn round what is beside them."""
    return {f"U+{ord(sign):04X} {unicodedata.category(sign)}" for sign in text if not sign.isprintable()} - {
        "U+000A Cc"
    }


class Liar:
    """Changes what the exchange says on some addresses."""

    def __init__(self) -> None:
        self.lies: dict[tuple[str, str], Callable[[int, bytes], Reply]] = {}

    def __call__(self, asked: Asked, ask: Callable[[Asked], Reply]) -> Reply:
        """The exchange's answer, as it is or as it should not be."""
        status, body = ask(asked)
        lie = self.lies.get((asked.method, asked.path.partition("?")[0]))
        return lie(status, body) if lie else (status, body)


@pytest.fixture
def liar(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Iterator[Liar]:
    """The desk's line to its exchange leads through a liar."""
    monkeypatch.setenv("SENTINEL_BROKER__READ_WAIT_S", "0")
    lying = Liar()
    with line_through(desk.exchange.url, lying) as url:
        monkeypatch.setenv("APCA_API_BASE_URL", url)
        yield lying


def refused(_status: int, _body: bytes) -> Reply:
    return 403, json.dumps({"code": 40310000, "message": NASTY, NASTY: NASTY}).encode()


def with_a_stranger(status: int, body: bytes) -> Reply:
    """A position more, whose name is the whole trouble."""
    rows = json.loads(body)
    stranger = dict(rows[0], symbol=NASTY, asset_id="00000000-0000-4000-8000-00000000dead", exchange=NASTY)
    return status, json.dumps([*rows, stranger]).encode()


def with_nasty_orders(status: int, body: bytes) -> Reply:
    rows = json.loads(body)
    more = [
        dict(
            rows[0],
            id="00000000-0000-4000-8000-00000000beef",
            client_order_id=NASTY,
            symbol=symbol,
            time_in_force="gtc",
        )
        for symbol in (NASTY, "../../account")
        if rows
    ]
    return status, json.dumps([*rows, *more]).encode()


def with_a_nasty_account(status: int, body: bytes) -> Reply:
    return status, json.dumps(json.loads(body) | {"account_number": NASTY, "status": NASTY}).encode()


#  the address that lies, and how
LIES: list[tuple[str, str, Callable[[int, bytes], Reply]]] = [
    ("GET", "/v2/positions", with_a_stranger),
    ("GET", "/v2/positions", refused),
    ("GET", "/v2/orders", with_nasty_orders),
    ("GET", "/v2/account", with_a_nasty_account),
    ("GET", "/v2/account", refused),
    ("GET", "/v2/assets/MSFT", refused),
    ("POST", "/v2/orders", refused),
    ("GET", "/v2/stocks/snapshots", refused),
]
TYPED = [
    "evening-workflow --non-interactive",
    "status",
    "status --live",
    "doctor",
    "submit-entry-with-stop MSFT 400 1",
    "runs",
]


@pytest.mark.parametrize(("method", "path", "lie"), LIES)
def test_no_terminal_sees_what_it_would_obey(
    desk: Desk, liar: Liar, method: str, path: str, lie: Callable[[int, bytes], Reply]
) -> None:
    desk.holds()
    desk.trades_quietly("MSFT", "400")
    liar.lies[method, path] = lie
    said = ""
    for typed in TYPED:
        for form in ([], ["--json"]):
            answer = desk.types(*typed.split(), *form)
            assert answer.exit_code != 70, answer.err
            said += answer.out + answer.err
            if form and answer.out:
                assert answer.document["exit_code"] == answer.exit_code
    assert dangers(said) == set()
    assert not FORGED.search(said), "no line of the screen begins where the broker says"
    for log in (desk.home / "logs").glob("*.jsonl"):
        text = log.read_text("utf-8")
        assert dangers(text) == set()
        assert all("at" in json.loads(line) for line in text.splitlines()), "nor of the log"


def test_a_hostile_symbol_costs_no_other_its_stop(desk: Desk, liar: Liar) -> None:
    desk.holds()
    desk.day("AAPL", "109")
    liar.lies["GET", "/v2/positions"] = with_a_stranger
    liar.lies["GET", "/v2/orders"] = with_nasty_orders
    evening = desk.tells("evening-workflow")
    (row,) = [row for row in evening["coverage"]["rows"] if row["symbol"] == "AAPL"]
    assert (row["state"], row["stop_price"]) == ("protected", "102.00")
    assert evening["exit_code"] == 1


def test_markup_is_shown_as_it_stands(desk: Desk, liar: Liar) -> None:
    desk.holds()
    desk.trades_quietly("MSFT", "400")
    liar.lies["POST", "/v2/orders"] = refused
    words = desk.types("submit-entry-with-stop", "MSFT", "400", "1")
    shown = " ".join((words.out + words.err).split())
    assert "[red]paint[/red]" in shown
    assert "[link=https://evil.example]press[/link]" in shown
    assert ":boom:" in shown


def test_the_line_that_vanishes_reads_no_markup_either(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rich takes a string there for markup, whatever its console was told."""
    import io

    from rich.console import Console

    progress = Progress()
    screen = io.StringIO()
    progress._console = Console(file=screen, force_terminal=True, width=200, color_system=None, **PLAIN)
    progress(NASTY)
    progress("[blink]again[/nothing]")
    progress.stop()
    assert "\x1b]0;" not in screen.getvalue()
    assert "\u202e" not in screen.getvalue()
