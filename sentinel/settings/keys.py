"""The API keys: from the environment or from a file nobody else can read, and never in any text."""

import os
import re
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
    """The keys of the account: a pair of variables, else keys.toml; UsageError when there are none, or unsafe ones."""
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
    raise UsageError(
        f"there are no API keys for the {settings.broker.mode} account",
        f"set ALPACA_API_KEY and ALPACA_SECRET_KEY, or write {path} with the two lines"
        ' key = "..." and secret = "...", readable by you alone (chmod 600)',
    )


def _from_file(path: Path) -> Keys:
    try:
        if os.name == "posix" and stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise UsageError(f"others can read {path}", f"run: chmod 600 {path}, and consider the keys known")
        table = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}", "check the file and who may read it") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        # The parser's own words quote the text around the fault.
        raise UsageError(f"{path} is not valid TOML", 'it holds two lines: key = "..." and secret = "..."') from None
    key, secret = table.get("key"), table.get("secret")
    if not isinstance(key, str) or not isinstance(secret, str) or set(table) != {"key", "secret"}:
        raise UsageError(f"{path} has not the two keys", 'it holds two lines: key = "..." and secret = "..."')
    return _checked(key.strip(), secret.strip(), str(path))


def _checked(key: str, secret: str, place: str) -> Keys:
    if not (PRINTABLE.fullmatch(key) and PRINTABLE.fullmatch(secret)):
        raise UsageError(f"the keys in {place} hold characters no API key has", "copy them again from Alpaca's page")
    return Keys(key, secret)
