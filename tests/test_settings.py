"""Settings as a trader meets them: defaults that read back, mistakes named by line, keys and hosts kept safe."""

import dataclasses
import os
import stat
import sys
import tomllib
import traceback
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.backends.fail import Keyring as FailKeyring
from keyring.backends.null import Keyring as NullKeyring
from keyring.errors import KeyringLocked

from sentinel.domain.errors import GuardRefusal, SentinelError, UsageError
from sentinel.risk_config import DEFAULT_POLICY, RiskPolicy, Stair
from sentinel.settings import (
    KEYS_FILE,
    SETTINGS_FILE,
    BrokerSettings,
    EveningSettings,
    Hosts,
    Settings,
    find_home,
    hosts_for,
    keys_for,
    load_settings,
    write_default,
)
from sentinel.settings.default_file import SENTENCES
from sentinel.settings.schema import keys_of_tables

SECRETS = ("PKTESTKEY123", "s3cr3t/With+Signs")


@pytest.fixture(autouse=True)
def _no_surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.upper().startswith(("SENTINEL_", "ALPACA_", "APCA_")):
            monkeypatch.delenv(name)


def home_with(folder: Path, text: str) -> Path:
    (folder / SETTINGS_FILE).write_text(text, encoding="utf-8")
    return folder


def settings_in(folder: Path, text: str = "") -> Settings:
    return load_settings(home_with(folder, text))


# -- the file of a new home --------------------------------------------------------------------------------------------


def test_a_new_file_reads_back_to_exactly_the_defaults(tmp_path: Path) -> None:
    path = write_default(tmp_path / "new" / "home")
    loaded = load_settings(tmp_path / "new" / "home")
    assert loaded == Settings(BrokerSettings(), RiskPolicy(), EveningSettings(), path)
    assert loaded.risk == DEFAULT_POLICY
    assert loaded == dataclasses.replace(settings_in(tmp_path), path=path), "an empty file means the same"


def test_every_setting_of_a_new_file_has_its_sentence(tmp_path: Path) -> None:
    lines = write_default(tmp_path).read_text(encoding="utf-8").splitlines()
    settings = {f"{table}.{key}" for table, keys in keys_of_tables().items() for key in keys}
    assert settings == set(SENTENCES)
    for name, sentence in SENTENCES.items():
        key = name.split(".")[1]
        at = next(number for number, line in enumerate(lines) if line.startswith(f"{key} = "))
        assert lines[at - 1] == f"# {sentence}"


def test_the_risk_table_has_every_field_of_the_policy() -> None:
    assert keys_of_tables()["risk"] == tuple(field.name for field in dataclasses.fields(RiskPolicy))


@pytest.mark.parametrize("mode", ["sim", "paper", "live"])
def test_a_home_for_each_account(tmp_path: Path, mode: str) -> None:
    write_default(tmp_path, mode, understands_live=mode == "live")
    assert load_settings(tmp_path).broker.mode == mode


def test_a_live_home_is_not_made_by_chance(tmp_path: Path) -> None:
    with pytest.raises(GuardRefusal) as caught:
        write_default(tmp_path, "live")
    assert "--i-understand-live" in caught.value.remedy
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_there_is_left_alone(tmp_path: Path) -> None:
    home_with(tmp_path, "# mine\n")
    with pytest.raises(UsageError, match="left alone"):
        write_default(tmp_path)
    assert (tmp_path / SETTINGS_FILE).read_text() == "# mine\n"


# -- what the file says ------------------------------------------------------------------------------------------------


def test_numbers_are_exactly_what_is_written(tmp_path: Path) -> None:
    text = "[risk]\ninitial_stop_pct = 7.1\nstairs = [[5.5, 0.1], [10, 5]]\nmin_sharpe = -0.3\n"
    risk = settings_in(tmp_path, text).risk
    assert risk.initial_stop_pct == Decimal("7.1")
    assert risk.stairs == (Stair(Decimal("5.5"), Decimal("0.1")), Stair(Decimal(10), Decimal(5)))
    assert risk.min_sharpe == Decimal("-0.3")


def test_the_environment_is_stronger_than_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SENTINEL_BROKER__MODE", "paper")
    monkeypatch.setenv("SENTINEL_RISK__INITIAL_STOP_PCT", "6.5")
    monkeypatch.setenv("SENTINEL_RISK__STAIRS", "[[9, 3.3]]")
    monkeypatch.setenv("SENTINEL_RISK__BLOCKED_SYMBOLS", '["TSLA", "BRK.B"]')
    monkeypatch.setenv("SENTINEL_HOME", "/elsewhere")
    loaded = settings_in(tmp_path, '[broker]\nmode = "sim"\nread_timeout_s = 7\n[risk]\nprofit_target_pct = 20\n')
    assert (loaded.broker.mode, loaded.broker.read_timeout_s) == ("paper", 7.0)
    assert loaded.risk.initial_stop_pct == Decimal("6.5")
    assert loaded.risk.stairs == (Stair(Decimal(9), Decimal("3.3")),)
    assert loaded.risk.blocked_symbols == ("TSLA", "BRK.B")
    assert loaded.risk.profit_target_pct == 20


def test_a_file_saved_by_notepad(tmp_path: Path) -> None:
    (tmp_path / SETTINGS_FILE).write_bytes(b'\xef\xbb\xbf[broker]\r\nmode = "paper"\r\n')
    assert load_settings(tmp_path).broker.mode == "paper"


# What is written, what is said about it, and what to do.
MISTAKES = [
    ("[broker]\nmod = 'paper'\n", "line 2: there is no setting broker.mod", "did you mean mode?"),
    ("[broker]\nread-timeout-s = 5\n", "line 2: there is no setting broker.read-timeout-s", "mean read_timeout_s?"),
    ("[brokr]\nmode = 'paper'\n", "line 1: there is no setting brokr", "did you mean broker?"),
    (
        "[broker]\nzzz = 1\n",
        "there is no setting broker.zzz",
        "the settings of [broker] are mode, keys, connect_timeout_s",
    ),
    (
        "[risk]\n\nbackups_kept_days = 3\n",
        "line 3: there is no setting risk.backups_kept_days",
        "it belongs under [evening]",
    ),
    ("top = 1\n", "line 1: there is no setting top", "the tables are broker, risk, evening"),
    ("broker = 3\n", "line 1: broker must be a table", "[broker]"),
    ("# a\n[broker]\n# b\nmode = 'papper'\n", 'line 4: broker.mode is "papper"', "broker.mode"),
    ("broker.mode = 'x'\n", 'line 1: broker.mode is "x"', "broker.mode"),
    ("[broker]\narmed = true\n", "line 2: there is no setting broker.armed", "sentinel arm ACCOUNT_NUMBER"),
    ("[broker]\nread_timeout_s = 0\n", "broker.read_timeout_s is 0, but it should be greater than 0", ""),
    ("[broker]\nread_attempts = 1.5\n", "broker.read_attempts is 1.5", ""),
    ("[evening]\nbackups_kept_days = 0\n", "line 2: evening.backups_kept_days is 0", ""),
    ("[risk]\ninitial_stop_pct = true\n", "risk.initial_stop_pct is true, but it should be a number", ""),
    ("[risk]\ninitial_stop_pct = 'eight'\n", 'risk.initial_stop_pct is "eight"', ""),
    ("[risk]\ninitial_stop_pct = [8]\n", "risk.initial_stop_pct is a list", ""),
    ("[risk]\nmin_sharpe = nan\n", "risk.min_sharpe is NaN", ""),
    ("[risk]\nx=1\ninitial_stop_pct = 80\n", "line 2: there is no setting risk.x", ""),
    (
        "[risk]\n\ninitial_stop_pct = 80\n",
        "line 3: risk.initial_stop_pct is 80, but must lie between 0.5 and 50",
        "8 %",
    ),
    ("[risk]\nstairs = [[8, 9]]\n", "line 2: risk.stairs: the stair at +8 % locks 9 %", "[[8, 2], [15, 8], [25, 15]]"),
    ("[risk]\nstairs = [[8]]\n", "line 2: risk.stairs are no rungs", "[[8, 2], [15, 8], [25, 15]]"),
    ("[risk]\nstairs = [[8, true]]\n", "risk.stairs are no rungs", "[gain, lock]"),
    ("[risk]\nblocked_symbols = ['aapl']\n", "line 2: risk.blocked_symbols names 'aapl', no stock symbol", '["AAPL",'),
    ("[risk]\nallowed_symbols = ['AAPL', 'PKEXAMPLEPKEXAMPLE']\n", "risk.allowed_symbols names a long text", "AAPL"),
    ("[risk]\nallowed_symbols = 'AAPL'\n", 'risk.allowed_symbols is "AAPL"', "allowed_symbols"),
    ("[risk]\nprice_collar_pct = 0\n", "risk.price_collar_pct is 0, but must lie between 0.1 and 100", "8 %"),
    ("[risk]\nmax_entries_per_day = 0\n", "line 2: risk.max_entries_per_day is 0", ""),
    ("[broker]\nrequests_per_minute = 201\n", "broker.requests_per_minute is 201", ""),
    ("[broker]\nmode = \n", "not valid TOML", "line"),
    ("[broker]\nmode = 'a'\nmode = 'b'\n", "not valid TOML", "line"),
]


@pytest.mark.parametrize(("text", "said", "remedy"), MISTAKES)
def test_a_mistake_is_named_with_its_place_and_its_remedy(tmp_path: Path, text: str, said: str, remedy: str) -> None:
    with pytest.raises(UsageError) as caught:
        settings_in(tmp_path, text)
    assert caught.value.exit_code == 2
    assert str(tmp_path / SETTINGS_FILE) in caught.value.message
    assert said in caught.value.message
    assert remedy in caught.value.remedy


def test_broken_toml_names_its_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="at line 3"):
        settings_in(tmp_path, "[broker]\n\nmode == 1\n")


def test_a_file_that_is_not_text(tmp_path: Path) -> None:
    (tmp_path / SETTINGS_FILE).write_bytes(b"# first\n# \xff\xfe\n")
    with pytest.raises(UsageError, match="line 2: this is not UTF-8"):
        load_settings(tmp_path)


VARIABLES = [
    ("SENTINEL_BROKER__MODE", "papper", 'variable SENTINEL_BROKER__MODE: broker.mode is "papper"'),
    ("SENTINEL_BROKER__MOD", "paper", "variable SENTINEL_BROKER__MOD: there is no setting broker.mod"),
    ("SENTINEL_BROKR__MODE", "paper", "variable SENTINEL_BROKR__MODE sets nothing"),
    ("SENTINEL_RISK__INITIAL_STOP_PCT", "99", "variable SENTINEL_RISK__INITIAL_STOP_PCT: risk.initial_stop_pct is 99"),
    ("SENTINEL_RISK__STAIRS", "[[8, 2", "variable SENTINEL_RISK__STAIRS: this is not JSON"),
    ("SENTINEL_RISK__BLOCKED_SYMBOLS", "TSLA", "variable SENTINEL_RISK__BLOCKED_SYMBOLS: this is not JSON"),
    ("SENTINEL_RISK", "x", "variable SENTINEL_RISK: this is not JSON"),
]


@pytest.mark.parametrize(("name", "value", "said"), VARIABLES)
def test_a_mistake_in_a_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(UsageError) as caught:
        settings_in(tmp_path, "[risk]\ninitial_stop_pct = 8\n")
    assert said in caught.value.message


def test_a_key_pasted_into_the_settings_is_not_repeated(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        settings_in(tmp_path, f'[broker]\nsecret_key = "{SECRETS[1]}"\n')
    assert SECRETS[1] not in caught.value.message + caught.value.remedy


# -- the home ----------------------------------------------------------------------------------------------------------


def test_the_option_then_the_variable_then_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    by_option, by_variable, here = (tmp_path / name for name in ("option", "variable", "here"))
    for folder in (by_option, by_variable, here):
        write_default(folder)
    monkeypatch.chdir(here)
    assert find_home() == here
    monkeypatch.setenv("SENTINEL_HOME", str(by_variable))
    assert find_home() == by_variable
    assert find_home(by_option) == by_option


@pytest.mark.parametrize("name", ["empty folder", "missing"])
def test_a_folder_that_is_no_home_comes_with_the_line_to_type(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty folder").mkdir()
    with pytest.raises(UsageError) as caught:
        find_home(tmp_path / name)
    quoted = f"'{tmp_path / name}'" if " " in name else str(tmp_path / name)
    assert caught.value.remedy == f"make it one with: sentinel --home {quoted} init"


def test_who_forgot_to_name_a_home_is_told_how_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SENTINEL_HOME", raising=False)
    with pytest.raises(UsageError) as caught:
        find_home()
    named = "name yours: sentinel --home FOLDER ..., or set SENTINEL_HOME; or make it one with: sentinel --home "
    assert caught.value.remedy.startswith(named)


# -- keys --------------------------------------------------------------------------------------------------------------


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder nobody else can enter."""
    folder = tmp_path / "a home"
    folder.mkdir(mode=0o700)
    return folder


def write_keys(home: Path, text: str, mode: int = 0o600) -> None:
    (home / KEYS_FILE).write_text(text)
    (home / KEYS_FILE).chmod(mode)


BOTH = f'key = "{SECRETS[0]}"\nsecret = "{SECRETS[1]}"\n'


@pytest.mark.parametrize(
    ("key_name", "secret_name"),
    [("ALPACA_API_KEY", "ALPACA_SECRET_KEY"), ("APCA_API_KEY_ID", "APCA_API_SECRET_KEY")],
)
def test_keys_from_either_family_of_variables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key_name: str, secret_name: str
) -> None:
    monkeypatch.setenv(key_name, SECRETS[0])
    monkeypatch.setenv(secret_name, SECRETS[1] + "\n")
    write_keys(tmp_path, 'key = "other"\nsecret = "other"\n')
    assert keys_for(settings_in(tmp_path), tmp_path) == SECRETS


def test_keys_from_a_file_nobody_else_can_read(tmp_path: Path) -> None:
    write_keys(tmp_path, BOTH)
    keys = keys_for(settings_in(tmp_path), tmp_path)
    assert keys == SECRETS
    assert repr(keys) == str(keys) == f"{keys}" == "Keys(***)"


BAD_KEYS = [
    (None, 0o600, "no API keys for the sim account", "ALPACA_API_KEY"),
    (BOTH, 0o644, "others can read", "chmod 600"),
    (BOTH, 0o640, "others can read", "chmod 600"),
    ("key = \n", 0o600, "not valid TOML", "two lines"),
    (f'key = "{SECRETS[0]}"\n', 0o600, "has not the two keys", "two lines"),
    (BOTH + "more = 1\n", 0o600, "has not the two keys", "two lines"),
    (f'key = 5\nsecret = "{SECRETS[1]}"\n', 0o600, "has not the two keys", "two lines"),
    (f'key = "{SECRETS[0]}\\u000a"\nsecret = "{SECRETS[1]} x"\n', 0o600, "characters no API key has", "copy"),
    (f'key = "{SECRETS[0]}é"\nsecret = "{SECRETS[1]}"\n', 0o600, "characters no API key has", "copy"),
    (f'key = "{SECRETS[0]}\nsecret = "{SECRETS[1]}"\n', 0o600, "not valid TOML", "two lines"),
    ('key = "..."\nsecret = "..."\n', 0o600, "holds the dots of the example", "key and secret"),
]


@pytest.mark.parametrize(("text", "mode", "said", "remedy"), BAD_KEYS)
def test_keys_that_cannot_be_used_are_never_shown(
    tmp_path: Path, text: str | None, mode: int, said: str, remedy: str
) -> None:
    if text is not None:
        write_keys(tmp_path, text, mode)
    with pytest.raises(UsageError) as caught:
        keys_for(settings_in(tmp_path), tmp_path)
    assert said in caught.value.message
    assert remedy in caught.value.remedy
    assert not [secret for secret in SECRETS if secret in repr(caught.value) + caught.value.remedy]
    assert caught.value.__cause__ is None


#  the folder's mode, whether keys are read from it
@pytest.mark.parametrize(
    ("mode", "is_closed"),
    [
        (0o700, True),
        (0o500, True),
        (0o755, False),
        (0o711, False),
        (0o750, False),
        (0o770, False),
        (0o702, False),
        (0o1777, False),
    ],
)
def test_keys_in_a_folder_others_can_enter_are_refused_with_the_line_to_type(
    home: Path, mode: int, is_closed: bool
) -> None:
    """Whoever can write there could put other keys in their place; whoever can enter waits for one careless chmod."""
    write_keys(home, BOTH)
    settings = settings_in(home)
    home.chmod(mode)
    if is_closed:
        assert keys_for(settings, home) == SECRETS
    else:
        with pytest.raises(UsageError, match="others can enter") as caught:
            keys_for(settings, home)
        assert caught.value.remedy == f"run: chmod 700 '{home}'"
        assert caught.value.exit_code == 2
    home.chmod(0o700)


def test_a_link_to_the_keys_is_as_safe_as_where_it_leads(home: Path, tmp_path: Path) -> None:
    vault = tmp_path / "vault"
    vault.mkdir(mode=0o700)
    write_keys(vault, BOTH)
    (home / KEYS_FILE).symlink_to(vault / KEYS_FILE)
    settings = settings_in(home)
    assert keys_for(settings, home) == SECRETS
    vault.chmod(0o755)
    with pytest.raises(UsageError, match=f"others can enter {vault}"):
        keys_for(settings, home)
    vault.chmod(0o700)
    (vault / KEYS_FILE).chmod(0o640)
    with pytest.raises(UsageError, match="others can read"):
        keys_for(settings, home)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
@pytest.mark.parametrize("name", [KEYS_FILE, "."])
def test_keys_of_another_user_are_not_taken(home: Path, name: str) -> None:
    write_keys(home, BOTH)
    settings = settings_in(home)
    os.chown(home / name, 12_345, -1)
    with pytest.raises(UsageError, match="belongs to another user"):
        keys_for(settings, home)


def test_a_new_home_is_closed_to_others(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        write_default(tmp_path / "new" / "home")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "new" / "home").stat().st_mode) == 0o700


KEYRING = '[broker]\nmode = "paper"\nkeys = "keyring"\n'


class MemoryKeyring(KeyringBackend):
    """A keyring that forgets when the test ends."""

    priority = 1

    def __init__(self) -> None:
        super().__init__()
        self.passwords: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.passwords.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.passwords[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.passwords[service, username]


class LockedKeyring(MemoryKeyring):
    """A keyring whose trader has not typed the password, and which says more than it should."""

    def get_password(self, service: str, username: str) -> str | None:
        raise KeyringLocked(f"cannot unlock {SECRETS[1]}")


@pytest.fixture
def use_keyring() -> Iterator[Callable[[KeyringBackend], KeyringBackend]]:
    before = keyring.get_keyring()

    def use(backend: KeyringBackend) -> KeyringBackend:
        keyring.set_keyring(backend)
        return backend

    yield use
    keyring.set_keyring(before)


UseKeyring = Callable[[KeyringBackend], KeyringBackend]


def test_keys_from_the_systems_keyring_by_account(home: Path, use_keyring: UseKeyring) -> None:
    backend = use_keyring(MemoryKeyring())
    backend.set_password("sentinel-paper", "key", SECRETS[0])
    backend.set_password("sentinel-paper", "secret", SECRETS[1] + "\n")
    assert keys_for(settings_in(home, KEYRING), home) == SECRETS
    with pytest.raises(UsageError, match="no keys for the live account") as caught:
        keys_for(settings_in(home, KEYRING.replace("paper", "live")), home)
    assert "keyring set sentinel-live key" in caught.value.remedy


def test_the_keyring_is_asked_last_and_only_where_it_is_named(
    home: Path, use_keyring: UseKeyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = use_keyring(MemoryKeyring())
    for name in ("key", "secret"):
        backend.set_password("sentinel-paper", name, "from-the-keyring")
    with pytest.raises(UsageError, match="no API keys"):
        keys_for(settings_in(home, PAPER), home)
    write_keys(home, BOTH)
    assert keys_for(settings_in(home, KEYRING), home) == SECRETS
    for name in ("ALPACA_API_KEY", "ALPACA_SECRET_KEY"):
        monkeypatch.setenv(name, "from-a-variable")
    assert keys_for(settings_in(home, KEYRING), home) == ("from-a-variable", "from-a-variable")


@pytest.mark.parametrize(
    ("backend", "words"),
    [
        (NullKeyring(), "no keys for the paper account"),
        (FailKeyring(), "NoKeyringError"),
        (LockedKeyring(), "KeyringLocked"),
    ],
)
def test_a_keyring_that_gives_nothing(home: Path, use_keyring: UseKeyring, backend: KeyringBackend, words: str) -> None:
    use_keyring(backend)
    with pytest.raises(UsageError, match=words) as caught:
        keys_for(settings_in(home, KEYRING), home)
    assert SECRETS[1] not in "".join(traceback.format_exception(caught.value))


def test_without_the_extra_the_line_to_type_is_told(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("keyring", "keyring.errors"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(UsageError, match="not installed") as caught:
        keys_for(settings_in(home, KEYRING), home)
    assert "pip install 'sentinel-stops[keyring]'" in caught.value.remedy


def test_half_a_pair_of_variables_is_a_mistake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALPACA_API_KEY", SECRETS[0])
    with pytest.raises(UsageError, match="ALPACA_SECRET_KEY is missing"):
        keys_for(settings_in(tmp_path), tmp_path)


# -- hosts -------------------------------------------------------------------------------------------------------------

LIVE = '[broker]\nmode = "live"\n'
PAPER = '[broker]\nmode = "paper"\n'
DATA = "https://data.alpaca.markets"
# The settings, the two variables, and the hosts or the error.
HOSTS: list[tuple[str, str, str, Hosts | type[SentinelError] | None]] = [
    ("", "", "", None),
    (PAPER, "", "", Hosts("https://paper-api.alpaca.markets", DATA)),
    (LIVE, "", "", Hosts("https://api.alpaca.markets", DATA)),
    (PAPER, "https://paper-api.alpaca.markets/v2", "", Hosts("https://paper-api.alpaca.markets", DATA)),
    (PAPER, "http://127.0.0.1:8700", "", Hosts("http://127.0.0.1:8700", "http://127.0.0.1:8700")),
    (PAPER, "http://localhost:8700/", "", Hosts("http://localhost:8700", "http://localhost:8700")),
    (PAPER, "http://[::1]:8700", "http://127.0.0.1:1/v2", Hosts("http://[::1]:8700", "http://127.0.0.1:1")),
    ("", "http://127.0.0.1:8700", "", Hosts("http://127.0.0.1:8700", "http://127.0.0.1:8700")),
    (PAPER, "", "http://127.0.0.1:9", Hosts("https://paper-api.alpaca.markets", "http://127.0.0.1:9")),
    (PAPER, "https://PAPER-API.Alpaca.Markets", "", Hosts("https://paper-api.alpaca.markets", DATA)),
    (PAPER, "https://api.alpaca.markets", "", GuardRefusal),
    (LIVE, "https://paper-api.alpaca.markets", "", GuardRefusal),
    ("", "https://paper-api.alpaca.markets", "", GuardRefusal),
    (PAPER, DATA, "", GuardRefusal),
    (PAPER, "http://paper-api.alpaca.markets", "", UsageError),
    (PAPER, "https://paper-api.alpaca.markets:8443", "", UsageError),
    (PAPER, "https://paper-api.alpaca.markets.evil.example", "", UsageError),
    (PAPER, "https://evil.example/paper-api.alpaca.markets", "", UsageError),
    (PAPER, "https://paper-api.alpaca.markets@evil.example", "", UsageError),
    (PAPER, "http://user:pass@127.0.0.1:1", "", UsageError),
    (PAPER, "http://127.0.0.1.evil.example", "", UsageError),
    (PAPER, "https://paper-api.alpaca.markets.", "", UsageError),
    (PAPER, "https://paper-api.alpaca.markets:443", "", UsageError),
    (PAPER, "https://p\N{CYRILLIC SMALL LETTER A}per-api.alpaca.markets", "", UsageError),
    (PAPER, "https://paper-api.alpaca.markets\\@evil.example", "", UsageError),
    (PAPER, "https://paper-api.alpaca.markets?@evil.example", "", UsageError),
    (PAPER, "http://127.1:80", "", UsageError),
    (PAPER, "http://[::ffff:10.0.0.1]:80", "", UsageError),
    (PAPER, "http://0.0.0.0:80", "", UsageError),
    (PAPER, "http://192.168.1.5:80", "", UsageError),
    (PAPER, "http://127.0.0.1:8700/other", "", UsageError),
    (PAPER, "http://127.0.0.1:99999", "", UsageError),
    (PAPER, "file:///etc/passwd", "", UsageError),
    (PAPER, "nonsense", "", UsageError),
    (PAPER, "http://[bad", "", UsageError),
    (PAPER, "", "https://evil.example", UsageError),
    (PAPER, "", "https://paper-api.alpaca.markets", UsageError),
]


@pytest.mark.parametrize(("text", "trading", "data", "expected"), HOSTS)
def test_keys_go_to_alpaca_or_stay_on_this_machine(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    text: str,
    trading: str,
    data: str,
    expected: Hosts | type[SentinelError] | None,
) -> None:
    monkeypatch.setenv("APCA_API_BASE_URL", trading)
    monkeypatch.setenv("APCA_API_DATA_URL", data)
    settings = settings_in(tmp_path, text)
    if isinstance(expected, type):
        with pytest.raises(expected) as caught:
            hosts_for(settings)
        assert type(caught.value) is expected
        assert "pass" not in caught.value.message
    else:
        assert hosts_for(settings) == expected


def test_a_new_home_holds_no_key_and_parses_as_toml(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALPACA_API_KEY", SECRETS[0])
    monkeypatch.setenv("ALPACA_SECRET_KEY", SECRETS[1])
    text = write_default(tmp_path, "paper").read_text(encoding="utf-8")
    assert not [secret for secret in SECRETS if secret in text]
    assert list(tomllib.loads(text)) == ["broker", "risk", "evening"]
