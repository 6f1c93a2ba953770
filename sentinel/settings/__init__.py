"""The trader's settings: the home they live in, the numbers, the keys and the hosts."""

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
