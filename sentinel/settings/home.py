"""The home: the folder that holds one account's settings, ledger, backups, logs and reports."""

import os
import shlex
from pathlib import Path

from sentinel.domain.errors import UsageError

SETTINGS_FILE = "sentinel.toml"
HOME_VARIABLE = "SENTINEL_HOME"


def find_home(option: Path | None = None) -> Path:
    """The home named by the option, else by $SENTINEL_HOME, else the current folder; UsageError when it is none."""
    named = os.environ.get(HOME_VARIABLE)
    folder = (option or Path(named or ".")).expanduser().absolute()
    if (folder / SETTINGS_FILE).is_file():
        return folder
    refuse_a_folder_as_settings(folder)
    if folder.is_file():
        raise UsageError(f"{folder} is a file, and a home is a folder", "name a folder: sentinel --home DIR init")
    reason = f"there is no {SETTINGS_FILE} in it" if folder.is_dir() else "there is no such folder"
    make = f"make it one with: sentinel --home {shlex.quote(str(folder))} init"
    # Who has a home and forgot to name it must not make a second one, which holds nothing.
    is_named = option is not None or named
    remedy = make if is_named else f"name yours: sentinel --home FOLDER ..., or set {HOME_VARIABLE}; or {make}"
    raise UsageError(f"{folder} is no Sentinel home: {reason}", remedy)


def refuse_a_folder_as_settings(home: Path) -> None:
    """UsageError where a folder stands in the place of the settings file: `init` would not help."""
    path = home / SETTINGS_FILE
    if path.is_dir():
        raise UsageError(f"{path} is a folder, not a file", f"move it away, then run: sentinel --home {home} init")
