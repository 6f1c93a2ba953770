"""A fresh ledger on the evening every story of this folder is set on."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sentinel.ledger import Ledger
from tests.ledger.records import now


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "sentinel.db"


@pytest.fixture
def ledger(path: Path) -> Iterator[Ledger]:
    with Ledger.open(path, now) as opened:
        yield opened
