"""A key typed as a reason is refused before anything is written: it is in no file of the home, and in no output."""

from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import quote

import keyring
import pytest

from sentinel.commands import crash_report
from sentinel.commands.session import engine_at
from sentinel.domain.errors import UsageError
from sentinel.domain.facts import ReconcileRequest
from sentinel.execution_engine import RECONCILE_POSITIONS
from sentinel.settings import KEYS_FILE
from sentinel.simulator import app as exchange_app
from tests.commands.desk import Desk
from tests.test_settings import LockedKeyring, MemoryKeyring
from tests.torture.secrets_oracle import judge_secrets, judge_words

KEY, SECRET = "PKCANARY0123456789AB", "canarysecret/with+signs=0123456789abcdef"
# No key of Alpaca's is as short; a command line may hold such a word by chance, a reason is kept for good.
SHORT = "canary/10+"
ENTRY = ("submit-entry-with-stop", "AAPL", "104", "7", "--override", "price_collar", "--reason")
COMMANDS: tuple[tuple[str, ...], ...] = (
    ("halt", "--reason"),
    ("halt", "--dry-run", "--reason"),
    ("resume", "--reason"),
    ("reconcile-positions", "--close-reason"),
    ENTRY,
    (*ENTRY[:-1], "--dry-run", "--reason"),
)
SPELLINGS: dict[str, Callable[[str], str]] = {
    "alone": lambda key: key,
    "in a sentence": lambda key: f"so says {key}, and I agree",
    "beside other signs": lambda key: f"x{key}y",
    "percent-encoded": lambda key: f"as in {quote(key, safe='')}",
    "in base64": lambda key: b64encode(f"user:{key}".encode()).decode(),
    "broken over lines": lambda key: f"as pasted {key[:5]}\n  {key[5:]}",
    "with a sign nobody sees": lambda key: f"as pasted {key[:5]}\u200b{key[5:]}",
}


@contextmanager
def keys_in(place: str, desk: Desk, patch: pytest.MonkeyPatch, keys: tuple[str, str]) -> Iterator[None]:
    """The home's keys lie in one place, and the exchange takes them."""
    for name, value in zip(("KEY", "SECRET"), keys, strict=True):
        patch.setattr(exchange_app, name, value)
    before = keyring.get_keyring()
    patch.setattr(crash_report, "_learned", set())
    for name, value in zip(("APCA_API_KEY_ID", "APCA_API_SECRET_KEY"), keys, strict=True):
        patch.setenv(name, value) if place == "variables" else patch.delenv(name)
    if place == KEYS_FILE:
        (desk.home / KEYS_FILE).touch(0o600)
        (desk.home / KEYS_FILE).write_text(f'key = "{keys[0]}"\nsecret = "{keys[1]}"\n')
    if place == "keyring":
        backend = MemoryKeyring()
        for name, value in zip(("key", "secret"), keys, strict=True):
            backend.set_password("sentinel-sim", name, value)
        keyring.set_keyring(backend)
        patch.setenv("SENTINEL_BROKER__KEYS", "keyring")
    try:
        yield
    finally:
        keyring.set_keyring(before)


def leaks(desk: Desk, keys: tuple[str, str], words: str) -> list[str]:
    """Where a key is seen: in what was said, or in any file of the home but that of the keys."""
    found = [*judge_words(keys, "what it said", words), *judge_secrets(keys, desk.home, without=[KEYS_FILE])]
    return [str(leak) for leak in found]


@pytest.mark.parametrize("form", [(), ("--json",)])
@pytest.mark.parametrize("typed", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("place", ["variables", KEYS_FILE, "keyring"])
def test_a_key_typed_as_a_reason_is_kept_nowhere(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, place: str, typed: tuple[str, ...], form: tuple[str, ...]
) -> None:
    desk.types("halt", "--reason", "the one before")
    before, sent = desk.files(), desk.mutations()
    with keys_in(place, desk, monkeypatch, (KEY, SECRET)):
        before |= desk.files()
        for spelt in SPELLINGS.values():
            for key in (KEY, SECRET):
                answer = desk.types(*typed, spelt(key), *form)
                assert answer.exit_code == 2
                assert "one of your API keys" in answer.err
                assert "make new keys" in answer.err
                assert leaks(desk, (KEY, SECRET), answer.out + answer.err) == []
        assert desk.files() == before
        assert desk.mutations() == sent


@pytest.mark.parametrize("typed", COMMANDS, ids=" ".join)
def test_a_short_key_is_no_reason_either(desk: Desk, monkeypatch: pytest.MonkeyPatch, typed: tuple[str, ...]) -> None:
    before = desk.files()
    with keys_in("variables", desk, monkeypatch, (KEY, SHORT)):
        answer = desk.types(*typed, f"because of {SHORT}")
    assert (answer.exit_code, leaks(desk, (KEY, SHORT), answer.out + answer.err)) == (2, [])
    assert "the reason holds one of your API keys, and nothing was written" in answer.err
    assert desk.files() == before


@pytest.mark.parametrize("place", ["variables", KEYS_FILE, "keyring"])
def test_a_program_cannot_give_a_key_for_a_reason(desk: Desk, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    sent = desk.mutations()
    with keys_in(place, desk, monkeypatch, (KEY, SECRET)), engine_at(desk.home) as engine:
        with pytest.raises(UsageError, match="API keys") as entry:
            engine.submit_entry_with_stop("AAPL", 104, 7, overrides=["price_collar"], reason=f"it is {SECRET}")
        with pytest.raises(UsageError, match="API keys") as ghosts:
            engine.run(RECONCILE_POSITIONS, "reconcile-positions", request=ReconcileRequest(None, KEY))
        assert engine.workplace.ledger.last_run() is None
    assert leaks(desk, (KEY, SECRET), f"{entry.value} {ghosts.value}") == []
    assert desk.mutations() == sent


def test_a_locked_keyring_keeps_nobody_from_halting(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    with keys_in("keyring", desk, monkeypatch, (KEY, SECRET)):
        keyring.set_keyring(LockedKeyring())
        assert desk.types("halt", "--reason", "the bank called").exit_code == 0


def test_an_ordinary_reason_is_taken(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    with keys_in(KEYS_FILE, desk, monkeypatch, (KEY, SECRET)):
        assert desk.types("halt", "--reason", f"the key {KEY[:12]}... was seen elsewhere").exit_code == 0
