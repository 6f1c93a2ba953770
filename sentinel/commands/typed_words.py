"""Words the trader types and a ledger keeps: long enough, short enough, and with none of the keys in them."""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from sentinel.commands.crash_report import known_secrets, learn
from sentinel.domain.errors import SentinelError, UsageError
from sentinel.domain.secrecy import holds

LONGEST_REASON = 200
# Alpaca's have 20 signs and more; a short word that is somebody's key in a test may well be part of a path.
SHORTEST_KEY_IN_A_LINE = 16
# In words that are kept for good less is believed to be chance.
SHORTEST_KEY_IN_WORDS = 8
NEW_KEYS = "leave it out, and make new keys on Alpaca's page: this one is in your shell's history now"


def reason_of(text: str, home: Path | None) -> str:
    """The reason without the spaces around it; UsageError for none, for a whole letter, and for one with a key in it.

    `home` is the folder of --home, None where none was named.
    """
    reason = text.strip()
    if not reason or len(reason) > LONGEST_REASON:
        raise UsageError(f"the reason has {len(reason)} characters", f"give one of 1 to {LONGEST_REASON} characters")
    refuse_keys_in_words(reason, home)
    return reason


def refuse_keys_in_words(words: str, home: Path | None) -> None:
    """UsageError for words that hold a key, however spelt; those of the keyring are asked for where it has them."""
    from sentinel.settings import find_home

    folder = find_home(home)
    with suppress(SentinelError):
        # A locked keyring, or settings nobody can read, must not keep a trader from halting.
        _learn_from_keyring(folder)
    if holds(words, _at_least(SHORTEST_KEY_IN_WORDS, folder)):
        raise UsageError("the reason holds one of your API keys, and nothing was written", NEW_KEYS)


def refuse_keys_in_line(typed: Sequence[str], home: Path | None) -> None:
    """UsageError for a command line with a key anywhere in it."""
    if holds("\n".join(typed), _at_least(SHORTEST_KEY_IN_A_LINE, home)):
        raise UsageError("one of your API keys stands on the command line, where others can read it", NEW_KEYS)


def _at_least(signs: int, home: Path | None) -> list[str]:
    return [secret for secret in known_secrets(home) if len(secret) >= signs]


def _learn_from_keyring(home: Path) -> None:
    from sentinel.settings import hosts_for, keys_for, load_settings

    settings = load_settings(home)
    if settings.broker.keys == "keyring" and hosts_for(settings) is not None:
        learn(*keys_for(settings, home))
