"""Whatever is typed wrong ends in one line and its remedy, the right exit code, nothing sent and nothing written."""

import pytest

from tests.commands.desk import Desk

#  typed                                                    exit  the error names
ENTRIES = [
    ("ZZZZ 100", 2, "knows no symbol ZZZZ"),
    ("A$ 100", 2, "'A$' is not a stock symbol"),
    ("../v2/account 100", 2, "is not a stock symbol"),
    ("AAPL", 2, "Missing argument 'PRICE'"),
    ("AAPL 0", 2, "price '0' is not above zero"),
    ("AAPL 9999999999999", 2, "price '9999999999999' is too large"),
    ("AAPL 100.1234567890", 2, "has too many decimals"),
    ("AAPL -5", 2, "-5 is below zero"),
    ("AAPL -490", 2, "-490 is below zero"),
    ("AAPL abc", 2, "price 'abc'"),
    ("AAPL nan", 2, "price 'nan'"),
    ("AAPL 1e2", 2, "price '1e2'"),
    ("AAPL 100,50", 2, "price '100,50'"),
    ("AAPL 100.505", 2, "parts of a cent"),
    ("AAPL 100 0", 2, "quantity '0'"),
    ("AAPL 100 1.5", 2, "not a whole number of shares"),
    ("AAPL 100 many", 2, "quantity 'many'"),
    ("AAPL 100 7 --side long", 2, "'long' is not one of 'buy', 'sell'"),
    ("AAPL 100 7 --stop-loss-pct 0", 2, "stop loss '0'"),
    ("AAPL 100 7 --stop-loss-pct -8", 2, "stop loss '-8'"),
    ("AAPL 100 7 --stop-loss-pct 0.08", 2, "not between 0.5 % and 50 %"),
    ("AAPL 100 7 --stop-loss-pct 120", 2, "not between 0.5 % and 50 %"),
    ("AAPL 100 7 --nope", 2, "No such option: --nope"),
    ("AAPL 100 7 8", 2, "unexpected extra argument"),
    ("AAPL 100 100000", 3, "exceed 10 % of equity"),
    ("AAPL 900 1", 3, "already through the stop"),
]


# A run keeps a log, and copies the ledger before it begins, however it ends.
BESIDE = ("logs", "backups")


@pytest.mark.parametrize(("typed", "exit_code", "words"), ENTRIES)
def test_a_bad_entry_is_named_and_leaves_nothing(desk: Desk, typed: str, exit_code: int, words: str) -> None:
    before = {name: digest for name, digest in desk.files().items() if not name.startswith(BESIDE)}
    answer = desk.types("submit-entry-with-stop", *typed.split())
    error, remedy = answer.err.splitlines()
    assert (answer.exit_code, answer.out) == (exit_code, "")
    assert error.startswith("error: ")
    assert words in error
    assert remedy.startswith("do: ")
    assert not desk.mutations()
    after = {name: digest for name, digest in desk.files().items() if not name.startswith(BESIDE)}
    # The account is bound on first contact, and that is all.
    assert {name for name in after if after[name] != before.get(name)} <= {"sentinel.db"}


NO_SYMBOLS = [
    "", "..", "../x", "AAPL/../../orders", "AAPL/..", "/etc/passwd", "BTC/USD", "AAPL.", ".A", "A..B", "BRK.BBB",
    "AAPLAAPL", "AAPL\n", "AA PL", "A\x00B", "AAPL?x=1", "A%2e%2e", "A\\B", "\N{CYRILLIC CAPITAL LETTER A}APL",
    "\N{LATIN SMALL LETTER LONG S}PY", "*", "[red]A", "A;ls",
]  # fmt: skip


@pytest.mark.parametrize("symbol", NO_SYMBOLS)
@pytest.mark.parametrize("typed", ["submit-entry-with-stop {} 100", "adopt {}", "history {}"])
def test_what_is_no_symbol_names_nothing(desk: Desk, symbol: str, typed: str) -> None:
    """No file, no part of an address, no row: it is refused as it was typed, and nobody is asked."""
    before = desk.files()
    answer = desk.types(*(symbol if word == "{}" else word for word in typed.split()))
    assert (answer.exit_code, answer.out) == (2, "")
    assert "is not a stock symbol" in answer.err
    assert len(answer.err.splitlines()) == 2
    assert desk.files() == before
    assert not desk.exchange.state()["requests"]["counts"]


@pytest.mark.parametrize(
    ("typed", "example"),
    [
        ("AAPL 1e2", "150.25"),
        ("AAPL 100 many", "5"),
        ("AAPL 100 9999999999999", "5"),
        ("AAPL 100 7 --stop-loss-pct a", "8"),
    ],
)
def test_each_number_has_its_own_example(desk: Desk, typed: str, example: str) -> None:
    assert desk.types("submit-entry-with-stop", *typed.split()).err.strip().endswith(f", for example {example}")


@pytest.mark.parametrize(
    ("typed", "exit_code", "words"),
    [
        ("nope", 2, "No such command 'nope'"),
        ("evening", 2, "No such command 'evening'"),
        ("approvals approve", 2, "Missing argument"),
        ("approvals approve x", 2, "'ID...'"),
        ("approvals approve 7", 2, "no question 7 is waiting"),
        ("simulate advance --to open --sessions 2", 2, "both given"),
        ("simulate advance --sessions 0", 2, "--sessions"),
        ("simulate fault meteor", 2, "meteor"),
        ("simulate state --url http://127.0.0.1:9", 4, "no simulated exchange answers"),
        ("migrate --from-v7 nowhere.db", 2, "there is no database nowhere.db"),
        ("simulate", 2, "Missing command"),
        ("approvals", 2, "Missing command"),
        ("simulate serve --bars nowhere.csv", 2, "cannot read bars from nowhere.csv: No such file"),
        ("init --mode paper", 3, "already a home for the sim account"),
        ("init --mode demo", 2, "'demo' is not one of"),
    ],
)
def test_a_bad_command_is_named(desk: Desk, typed: str, exit_code: int, words: str) -> None:
    answer = desk.types(*typed.split())
    assert (answer.exit_code, answer.out) == (exit_code, "")
    assert words in answer.err.splitlines()[0]
    assert answer.err.splitlines()[1].startswith("do: ")
    assert not desk.mutations()


SETTINGS = [
    ("[broker", "not valid TOML"),
    ("[broker]\nmoed = 'sim'", "moed"),
    ("[broker]\nmode = 'demo'", "mode"),
    ("[risk]\ninitial_stop_pct = 0", "initial_stop_pct"),
]


@pytest.mark.parametrize(("text", "words"), SETTINGS)
@pytest.mark.parametrize("command", ["status", "evening-workflow"])
def test_broken_settings_are_named(desk: Desk, text: str, words: str, command: str) -> None:
    (desk.home / "sentinel.toml").write_text(text)
    answer = desk.types(command)
    assert (answer.exit_code, answer.out) == (2, "")
    assert "sentinel.toml" in answer.err
    assert words in answer.err
    assert len(answer.err.splitlines()) == 2
    assert not desk.exchange.state()["requests"]["counts"]


@pytest.mark.parametrize("command", ["init", "status"])
def test_a_home_that_cannot_be_one_is_named_as_what_it_is(desk: Desk, command: str) -> None:
    desk.home = desk.home / "sentinel.toml"
    answer = desk.types(command)
    assert answer.exit_code == 2
    assert "sentinel.toml is a file" in answer.err
    assert "there is no such folder" not in answer.err


@pytest.mark.parametrize("command", ["init", "status"])
def test_a_folder_in_the_place_of_the_settings_is_named(desk: Desk, command: str) -> None:
    (desk.home / "sentinel.toml").unlink()
    (desk.home / "sentinel.toml").mkdir()
    answer = desk.types(command)
    assert answer.exit_code == 2
    assert "sentinel.toml is a folder, not a file" in answer.err
    assert "do: move it away" in answer.err


def test_a_folder_that_is_no_home_names_the_line_to_type(desk: Desk) -> None:
    desk.home = desk.home / "elsewhere"
    answer = desk.types("status")
    assert answer.exit_code == 2
    assert f"do: make it one with: sentinel --home {desk.home} init" in answer.err
    assert not desk.home.exists()


@pytest.mark.parametrize(
    ("variables", "exit_code", "words"),
    [
        ({"APCA_API_KEY_ID": "", "APCA_API_SECRET_KEY": ""}, 2, "no API keys"),
        ({"APCA_API_SECRET_KEY": ""}, 2, "APCA_API_SECRET_KEY is missing"),
        ({"APCA_API_SECRET_KEY": "wrong-secret"}, 4, "refused the keys"),
        ({"APCA_API_BASE_URL": "http://example.com"}, 2, "example.com"),
        ({"APCA_API_BASE_URL": "http://127.0.0.1:9", "SENTINEL_BROKER__READ_ATTEMPTS": "1"}, 4, "did not answer"),
    ],
)
def test_a_broker_out_of_reach_is_named(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], exit_code: int, words: str
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    ledger = desk.files()["sentinel.db"]
    answer = desk.types("evening-workflow", "--json")
    assert answer.exit_code == answer.document["exit_code"] == exit_code
    assert words in answer.err
    assert words in answer.document["findings"][0]["message"]
    assert desk.files()["sentinel.db"] == ledger
    assert not desk.mutations()


@pytest.mark.parametrize(
    ("typed", "error", "remedy"),
    [
        (
            "status --home folder",
            "--home stands in the wrong place",
            "type it before the command: sentinel --home FOLDER status",
        ),
        (
            "approvals list --home=folder",
            "--home stands in the wrong place",
            "type it before the command: sentinel --home FOLDER approvals list",
        ),
        ("--json status", "--json stands in the wrong place", "type it after the command: sentinel COMMAND --json"),
        ("audit", "Missing command", "type one of: sentinel audit verify"),
        (
            "approvals approve x",
            "Invalid value for 'ID...': not a whole number",
            "see `sentinel approvals approve --help`",
        ),
    ],
)
def test_the_remedy_of_a_usage_error_is_what_to_type(desk: Desk, typed: str, error: str, remedy: str) -> None:
    answer = desk.types(*typed.split())
    assert (answer.exit_code, answer.err.splitlines()) == (2, [f"error: {error}", f"do: {remedy}"])
