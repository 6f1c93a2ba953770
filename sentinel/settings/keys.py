"""The API keys: from the environment, a file nobody else can reach or the system's keyring, and never in any text."""

import os
import re
import shlex
import stat
import tomllib
from pathlib import Path
from typing import NamedTuple

from sentinel.domain.errors import UsageError
from sentinel.settings.schema import Settings

KEYS_FILE = "keys.toml"
# Both families of names Alpaca's own tools read (ALPACA 13).
FAMILIES = (("ALPACA_API_KEY", "ALPACA_SECRET_KEY"), ("APCA_API_KEY_ID", "APCA_API_SECRET_KEY"))
# Anything else would end up in an error text of the HTTP library, which prints the header it refuses.
PRINTABLE = re.compile(r"[\x21-\x7e]{1,256}")


class Keys(NamedTuple):
    """A key and its secret, which print as nothing."""

    key: str
    secret: str

    def __repr__(self) -> str:
        return "Keys(***)"


def keys_for(settings: Settings, home: Path) -> Keys:
    """The keys of the account: a pair of variables, else keys.toml, else the keyring where the settings name it.

    UsageError when there are none, or unsafe ones.
    """
    for key_name, secret_name in FAMILIES:
        key, secret = (os.environ.get(name, "").strip() for name in (key_name, secret_name))
        if key and secret:
            return _checked(key, secret, f"{key_name} and {secret_name}")
        if key or secret:
            missing = secret_name if key else key_name
            raise UsageError(f"the variable {missing} is missing beside its twin", f"set {missing} as well, or neither")
    path = home / KEYS_FILE
    if path.exists():
        return _from_file(path)
    if settings.broker.keys == "keyring":
        return _from_keyring(settings.broker.mode)
    raise UsageError(
        f"there are no API keys for the {settings.broker.mode} account",
        f"set ALPACA_API_KEY and ALPACA_SECRET_KEY, or write {path} with the two lines"
        ' key = "..." and secret = "...", readable by you alone (chmod 600)',
    )


def _from_file(path: Path) -> Keys:
    try:
        # Asked of the open file: nobody can put another in its place between the question and the reading.
        with path.open(encoding="utf-8-sig") as file:
            if os.name == "posix":
                _refuse_what_others_reach(path, os.fstat(file.fileno()))
            table = tomllib.loads(file.read())
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}", "check the file and who may read it") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        # The parser's own words quote the text around the fault.
        raise UsageError(f"{path} is not valid TOML", 'it holds two lines: key = "..." and secret = "..."') from None
    key, secret = table.get("key"), table.get("secret")
    if not isinstance(key, str) or not isinstance(secret, str) or set(table) != {"key", "secret"}:
        raise UsageError(f"{path} has not the two keys", 'it holds two lines: key = "..." and secret = "..."')
    return _checked(key.strip(), secret.strip(), str(path))


def _refuse_what_others_reach(path: Path, file: os.stat_result) -> None:
    """UsageError unless file and folder are this user's and closed to all others, who might read or replace them."""
    if stat.S_IMODE(file.st_mode) & 0o077:
        raise UsageError(
            f"others can read {path}", f"run: chmod 600 {shlex.quote(str(path))}, and consider the keys known"
        )
    # The folder it is named in, and where that is a link the one it lies in.
    for folder in dict.fromkeys((path.parent, path.resolve().parent)):
        found = folder.stat()
        if stat.S_IMODE(found.st_mode) & 0o077:
            words = f"others can enter {folder}, where the keys are"
            raise UsageError(words, f"run: chmod 700 {shlex.quote(str(folder))}")
        if not {file.st_uid, found.st_uid} <= {os.geteuid(), 0}:
            raise UsageError(f"{path} or its folder belongs to another user", "keep the keys in a home of your own")


def _from_keyring(mode: str) -> Keys:
    """The pair under the service `sentinel-paper` or `sentinel-live`, as user names `key` and `secret`."""
    service = f"sentinel-{mode}"
    try:
        import keyring
        from keyring.errors import KeyringError
    except ImportError:
        raise UsageError(
            'broker.keys is "keyring", but the keyring library is not installed',
            "install it beside Sentinel: pip install 'sentinel-stops[keyring]'",
        ) from None
    try:
        found = [keyring.get_password(service, name) for name in ("key", "secret")]
    except (KeyringError, OSError, RuntimeError) as error:
        # Only its class: what a backend says may hold anything.
        raise UsageError(
            f"the keyring cannot be opened ({type(error).__name__})", "unlock it, then run again"
        ) from None
    if not all(found):
        raise UsageError(
            f"the keyring has no keys for the {mode} account",
            f"put them in: keyring set {service} key, then keyring set {service} secret",
        )
    return _checked(str(found[0]).strip(), str(found[1]).strip(), "the keyring")


def _checked(key: str, secret: str, place: str) -> Keys:
    if not (PRINTABLE.fullmatch(key) and PRINTABLE.fullmatch(secret)):
        raise UsageError(f"the keys in {place} hold characters no API key has", "copy them again from Alpaca's page")
    if not (key + secret).strip("."):
        raise UsageError(f"{place} holds the dots of the example", "put the account's key and secret in their place")
    return Keys(key, secret)
