"""The trader's settings: the home they live in, the numbers, the keys and the hosts."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sentinel.settings.default_file import write_default
    from sentinel.settings.home import SETTINGS_FILE, find_home
    from sentinel.settings.hosts import Hosts, hosts_for
    from sentinel.settings.keys import KEYS_FILE, Keys, keys_for
    from sentinel.settings.loading import load_settings
    from sentinel.settings.schema import BrokerSettings, EveningSettings, Settings

__all__ = [
    "KEYS_FILE",
    "SETTINGS_FILE",
    "BrokerSettings",
    "EveningSettings",
    "Hosts",
    "Keys",
    "Settings",
    "find_home",
    "hosts_for",
    "keys_for",
    "load_settings",
    "write_default",
]

MODULES = {
    "default_file": ("write_default",),
    "home": ("SETTINGS_FILE", "find_home"),
    "hosts": ("Hosts", "hosts_for"),
    "keys": ("KEYS_FILE", "Keys", "keys_for"),
    "loading": ("load_settings",),
    "schema": ("BrokerSettings", "EveningSettings", "Settings"),
}


def __getattr__(name: str) -> object:
    """Import what is asked for when it is asked for: finding the home needs no pydantic."""
    for module, names in MODULES.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
