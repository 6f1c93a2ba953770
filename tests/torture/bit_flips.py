"""Single bits of a ledger are flipped: a value that is another afterwards is noticed before anything is sent."""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sentinel.domain.errors import LedgerError
from sentinel.ledger import Ledger, LedgerDamaged
from tests.torture.bench import Bench, CaseReport, LayerReport, template_of
from tests.torture.case import LEDGER, case_of
from tests.torture.desk import EVENING
from tests.torture.oracle import judge_silence
from tests.torture.verdicts import Finding, Violation
from tests.torture.victim import run_victim

NAME = "bitflips"
FULL = 600
# The richest of the ledgers that are kept: several symbols, raises, sales, questions, ended trades.
SCENARIO = "three-stairs@accepted-immediate"
# Of so many flips that are noticed, one is followed through a whole evening on the exchange.
FLIPS_AN_EVENING = 20
SYMBOLS = ("AAPL", "MSFT", "TSLA")


def run_layer(bench: Bench) -> LayerReport:
    """Flip bits chosen by the seed, one in each copy of a ledger."""
    layer = LayerReport(NAME)
    content = (template_of(bench.folder, SCENARIO).folder / "home" / LEDGER).read_bytes()
    reports = bench.work(layer, flip, [f"{SCENARIO}/{bit}" for bit in _chosen(content, bench.size or FULL, bench.seed)])
    layer.counts.update(report.notes for report in reports if report.notes)
    noticed = [f"{report.key}/evening" for report in reports if report.notes == "noticed_and_put_away"]
    followed = bench.work(layer, replay, noticed[::FLIPS_AN_EVENING])
    layer.counts.update(evenings_from_the_broker_alone=len(followed))
    return layer


def _chosen(content: bytes, number: int, seed: int) -> list[int]:
    """Half of the bits from anywhere in the file, half from the bytes in which something is written."""
    draw = random.Random(seed)
    written = [place for place, byte in enumerate(content) if byte]
    anywhere = draw.sample(range(len(content) * 8), number - number // 2)
    return anywhere + [place * 8 + draw.randrange(8) for place in draw.sample(written, number // 2)]


def replay(folder: Path, key: str) -> CaseReport:
    """One case again, by its key."""
    return (flip, follow)[key.count("/") - 1](folder, key)


def flip(folder: Path, key: str) -> CaseReport:
    """One bit: noticed by who opens the ledger to write, or harmless to the last value and to every answer."""
    name, bit = key.split("/")
    sound = template_of(folder, name).folder / "home" / LEDGER
    found: list[Finding] = []
    with TemporaryDirectory(dir=folder) as place:
        for part in ("sound", "flipped"):
            (Path(place) / part).write_bytes(sound.read_bytes())
        path = Path(place) / "flipped"
        _flip(path, int(bit))
        try:
            Ledger.open(path).close()
        except LedgerDamaged:
            return CaseReport(key, found, notes="noticed_and_put_away")
        except LedgerError:
            return CaseReport(key, found, notes="noticed_and_refused")
        if _told(path) != _told(Path(place) / "sound"):
            found.append(Violation(5, None, "a value is another, and nobody noticed"))
    return CaseReport(key, found, notes="harmless")


def follow(folder: Path, key: str) -> CaseReport:
    """An evening with the flipped ledger, judged like any other; then one that must send nothing."""
    name, bit, _ = key.split("/")
    with case_of(template_of(folder, name)) as case:
        _flip(case.folder / "home" / LEDGER, int(bit))
        before = case.state()
        outcome = run_victim(case.folder, EVENING, case.exchange)
        case.judge(before, outcome, was_halted=False)  # nobody can say by a damaged ledger
        told = outcome.document or {"findings": []}
        if "ledger_quarantined" not in [finding["code"] for finding in told["findings"]]:
            case.findings.append(Violation(10, None, f"no alarm tells of it: {outcome.exit_code} {outcome.err}"))
        settled = case.state()
        case.run(EVENING)
        case.findings += judge_silence(settled, case.state())
    return CaseReport(key, case.findings, frozenset(case.branches))


def _flip(path: Path, bit: int) -> None:
    content = bytearray(path.read_bytes())
    content[bit // 8] ^= 1 << bit % 8
    path.write_bytes(content)


def _told(path: Path) -> list[Any]:
    """Every value with its type as SQLite reads it, and the answers Sentinel works with, found by its indices."""
    with closing(sqlite3.connect(path)) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        rows = [repr(connection.execute(f"SELECT rowid, * FROM {table}").fetchall()) for table in sorted(tables)]
    with Ledger.open_read_only(path) as ledger:
        lives = [
            (ledger.trades_of(s), ledger.entries_of(s), ledger.stops_of(s), ledger.exits_of(s), ledger.intents_of(s))
            for s in SYMBOLS
        ]
        answers = (ledger.book(date(2026, 3, 2)), ledger.runs(), ledger.last_coverage(), ledger.equity_curve())
        return [rows, repr(lives), repr(answers), repr(ledger.unsettled_intents())]
