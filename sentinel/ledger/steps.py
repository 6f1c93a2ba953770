"""The numbered steps of the schema: which there are, and the package that takes them, wherever Sentinel is."""

import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

from sentinel.domain.errors import LedgerError

PACKAGE = "sentinel._migrations"


def known_steps() -> set[str]:
    """The steps this Sentinel has, by their files: importing them would cost `status` a second."""
    return {path.stem for path in _folder().glob("m[0-9][0-9][0-9][0-9]_*.py")}


def load_migrations() -> ModuleType:
    """The numbered migrations: inside the package where it is installed, beside it in a checkout."""
    folder = _folder()
    if folder.name == "_migrations":
        return importlib.import_module(PACKAGE)
    if PACKAGE in sys.modules:
        return sys.modules[PACKAGE]
    spec = importlib.util.spec_from_file_location(
        PACKAGE, folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    if spec is None or spec.loader is None or not folder.is_dir():
        raise LedgerError("the numbered migrations are missing", "install Sentinel again: it is incomplete")
    module = importlib.util.module_from_spec(spec)
    sys.modules[PACKAGE] = module
    spec.loader.exec_module(module)
    return module


def load_part(name: str) -> ModuleType:
    """A module of the migrations."""
    return importlib.import_module(f"{load_migrations().__name__}.{name}")


def _folder() -> Path:
    package = Path(__file__).parents[1]
    installed = package / "_migrations"
    return installed if installed.is_dir() else package.parent / "migrations"
