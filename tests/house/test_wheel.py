"""The wheel alone makes a working Sentinel: no checkout beside it, any folder, spaces in every path."""

import json
import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

from sentinel import __version__

ROOT = Path(__file__).parents[2]


def run(*command: str | Path, folder: Path) -> str:
    """A command's standard output; an AssertionError with all it said when it fails."""
    own = ("SENTINEL_", "ALPACA_", "APCA_", "PYTHONPATH")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(own)}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel built from this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder, folder=ROOT)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bin folder of a clean environment that holds the wheel, with this one's libraries: no network."""
    place = tmp_path_factory.mktemp("an installed place") / "with spaces"
    venv.create(place, with_pip=False, symlinks=True)
    python = place / "bin" / "python"
    site_packages = Path(
        run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", folder=place).strip()
    )
    # A .pth file that such a line leads to is not read again: the editable Sentinel of this environment stays out.
    borrowed = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    (site_packages / "borrowed.pth").write_text("\n".join(sorted(borrowed)) + "\n", "utf-8")
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-deps", "--no-index"]
    run(*pip, "--ignore-installed", wheel, folder=place)
    return place / "bin"


def test_the_wheel_carries_migrations_and_data_and_nothing_else_of_the_checkout(wheel: Path) -> None:
    packed = set(zipfile.ZipFile(wheel).namelist())
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "sentinel", "migrations"]
    sources = [name for name in run(*command, folder=ROOT).splitlines() if (ROOT / name).is_file()]
    wanted = {name.replace("migrations/", "sentinel/_migrations/", 1) if name[0] == "m" else name for name in sources}
    assert any(name.startswith("sentinel/_migrations/") and name.endswith(".py") for name in packed)
    assert any(name.startswith("sentinel/simulator/data/") and name.endswith(".csv") for name in packed)
    assert {name for name in packed if ".dist-info/" not in name} == wanted


def test_an_installed_sentinel_is_the_wheels(installed: Path, tmp_path: Path) -> None:
    where = run(installed / "python", "-c", "import sentinel; print(sentinel.__file__)", folder=tmp_path)
    assert where.startswith(str(installed.parent))
    assert __version__ in run(installed / "sentinel", "--version", folder=tmp_path)


def test_an_installed_sentinel_spends_an_evening(installed: Path, tmp_path: Path) -> None:
    folder = tmp_path / "some other folder"
    folder.mkdir()
    run(installed / "sentinel", "--home", "my home", "init", folder=folder)
    evening = run(
        installed / "sentinel", "--home", "my home", "evening-workflow", "--non-interactive", "--json", folder=folder
    )
    assert json.loads(evening)["exit_code"] == 0
    status = run(installed / "sentinel", "--home", "my home", "status", "--json", folder=folder)
    assert json.loads(status)["command"] == "status"
    assert [path.name for path in folder.iterdir()] == ["my home"]
