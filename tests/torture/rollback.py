"""The ledger goes back to what it was after any earlier commit, or is gone: the broker is the witness of the rest."""

from __future__ import annotations

import shutil
import zlib
from pathlib import Path

from tests.torture.bench import Bench, CaseReport, LayerReport
from tests.torture.broker_state import State, bare_shares, positions, purpose_of, symbols
from tests.torture.case import LEDGER, STATE, Case, Template, case_of, templates
from tests.torture.desk import EVENING, START, Desk, first_bars
from tests.torture.exchange_process import exchange_process
from tests.torture.oracle import judge_silence
from tests.torture.verdicts import Finding, Violation
from tests.torture.victim import IMAGES

NAME = "rollback"
GONE = "none"
# Of a bounded size, a scenario is recorded for every so many images that are put back.
IMAGES_A_SCENARIO = 5
ANY_ENDING = (0, 1, 3)


def run_layer(bench: Bench) -> LayerReport:
    """Record every scenario from its first command to its last; then put back every image, and none."""
    layer = LayerReport(NAME)
    names = bench.names()
    recorded = bench.work(layer, record, bench.sample(names, 1 / IMAGES_A_SCENARIO, salt="scenarios"))
    images = [f"{report.key}/{image}" for report in recorded for image in report.notes or ()]
    put_back = bench.work(layer, roll_back, bench.sample(images, salt="images"))
    layer.counts.update(scenarios=len(recorded), images=len(images), images_put_back=len(put_back))
    return layer


def replay(folder: Path, key: str) -> CaseReport:
    """One case again, by its key."""
    return (record, roll_back)[key.count("/")](folder, key)


def record(folder: Path, key: str) -> CaseReport:
    """Play a scenario to its end, the silent run after the repairing one, and keep the ledger after every commit."""
    template = _template(folder, key)
    (template.folder / IMAGES).mkdir(parents=True)
    with exchange_process(template.folder / STATE, bars=first_bars(), start=START) as exchange:
        desk = Desk(template.folder, exchange)
        desk.opens(template.hours)
        template.scenario.prepare(desk)
        for line in (template.scenario.line, template.scenario.repair, EVENING):
            desk.types(line, *ANY_ENDING)
    # Beside the folder, so that no case copies all of them.
    _images(template).parent.mkdir(exist_ok=True)
    (template.folder / IMAGES).rename(_images(template))
    return CaseReport(key, [], notes=[*sorted(image.name for image in _images(template).iterdir()), GONE])


def roll_back(folder: Path, key: str) -> CaseReport:
    """Put an image in the place of the ledger; one run settles everything; a second sends nothing."""
    name, image = key.split("/")
    template = _template(folder, name)
    if not template.folder.exists():
        record(folder, name)
    with case_of(template) as case:
        _put_back(case, template, image)
        final = case.state()
        case.run(template.scenario.repair)
        settled = case.state()
        case.findings += judge_rolled_back(final, settled)
        case.run(EVENING)
        case.findings += judge_silence(settled, case.state())
    return CaseReport(key, case.findings, frozenset(case.branches))


def judge_rolled_back(final: State, settled: State) -> list[Finding]:
    """Nothing doubled, nothing barer: what was done before the ledger went back is neither done again nor undone."""
    found: list[Finding] = []
    for symbol in symbols(final, settled):
        held, holds = positions(final).get(symbol, 0), positions(settled).get(symbol, 0)
        if held != holds:
            found.append(Violation(4, symbol, f"{held} shares were held before the run, {holds} after"))
        was, now = bare_shares(final, symbol), bare_shares(settled, symbol)
        if now > was:
            found.append(Violation(1, symbol, f"{now} shares are bare after the run, {was} before"))
        for purpose, invariant in (("entry", 3), ("exit", 4)):
            new = _names(settled, symbol, purpose) - _names(final, symbol, purpose)
            if new:
                found.append(Violation(invariant, symbol, f"sent again: {', '.join(sorted(new))}"))
    return found


def _names(state: State, symbol: str, purpose: str) -> set[str]:
    orders = [order for order in state["orders"] if order["symbol"] == symbol]
    return {order["client_order_id"] for order in orders if purpose_of(order["client_order_id"]) == purpose}


def _template(folder: Path, name: str) -> Template:
    scenario, hours = next(pair for pair in templates() if f"{pair[0].name}@{pair[1]}" == name)
    return Template(scenario, hours, folder / NAME / name)


def _images(template: Template) -> Path:
    return template.folder.parent / IMAGES / template.folder.name


def _put_back(case: Case, template: Template, image: str) -> None:
    ledger = case.folder / "home" / LEDGER
    if image == GONE:
        ledger.unlink()
        shutil.rmtree(ledger.parent / "backups", ignore_errors=True)
    else:
        ledger.write_bytes(zlib.decompress((_images(template) / image).read_bytes()))
