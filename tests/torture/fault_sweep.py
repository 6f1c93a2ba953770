"""Every request of every scenario meets every fault, alone and in pairs: one clean run settles what it left."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice, zip_longest
from pathlib import Path

from tests.torture.bench import Bench, CaseReport, LayerReport, template_of
from tests.torture.broker_state import State
from tests.torture.case import case_of
from tests.torture.crash_sweep import Reference, is_change, is_referred, refer, reference_of, settle
from tests.torture.fault_kinds import FOR_GOOD, KINDS, Blow
from tests.torture.oracle import judge_end
from tests.torture.scenarios import SCENARIOS
from tests.torture.victim import SHOWS_NOTHING, Point, RunOutcome
from tests.torture.wire_faults import let_late_requests_arrive

FAULTS, PAIRS = "faults", "pairs"
PAIRS_AT_FULL_SIZE = 2000
# Half of the second blows fall on what comes soon after the first: that is where recovery is at work.
SOON = 12
NAME_IN_QUERY = re.compile(r"client_order_id=snt-[^-]*-[^-]*-([^-&]*)-")


def sweep_singly(bench: Bench) -> LayerReport:
    """One fault a case."""
    layer = LayerReport(FAULTS)
    cases = _in_turn(planned(references(bench, layer), bench), f"{bench.seed} {FAULTS}")
    _work(bench, layer, [str_of(name, blow) for name, blow in islice(cases, bench.size)])
    return layer


def sweep_in_pairs(bench: Bench) -> LayerReport:
    """Two faults a case: two requests, or the same one after its repetition, of the same kind or of two."""
    layer = LayerReport(PAIRS)
    known = references(bench, layer)
    dice = random.Random(f"{bench.seed} {PAIRS}")
    firsts = [(name, blow) for name, blow in planned(known, bench) if not _is_long(blow)]
    chosen = islice(_in_turn(firsts, f"{bench.seed} {PAIRS}"), bench.size or PAIRS_AT_FULL_SIZE // bench.part[1])
    _work(bench, layer, [str_of(name, first, _second(known[name], first, dice)) for name, first in chosen])
    return layer


def _in_turn(cases: Iterable[tuple[str, Blow]], seed: str) -> Iterator[tuple[str, Blow]]:
    """The cases in an order the seed chooses, one of each kind in turn."""
    by_kind: dict[str, list[tuple[str, Blow]]] = {}
    for name, blow in cases:
        by_kind.setdefault(blow.kind, []).append((name, blow))
    for known in by_kind.values():
        random.Random(seed).shuffle(known)
    return (case for turn in zip_longest(*by_kind.values()) for case in turn if case is not None)


def references(bench: Bench, layer: LayerReport) -> dict[str, Reference]:
    """The undisturbed life of every scenario in the modes the size allows."""
    names = bench.prepare()
    list(bench.work(layer, refer, [name for name in names if not is_referred(bench.folder, name)]))
    return {name: reference_of(bench.folder, template_of(bench.folder, name)) for name in names}


def planned(known: dict[str, Reference], bench: Bench) -> Iterator[tuple[str, Blow]]:
    """Every change in every mode, and every read in one mode of each scenario, times every kind that can strike it."""
    first_modes = {f"{scenario.name}@{scenario.hours[0]}" for scenario in SCENARIOS}
    for name, reference in sorted(known.items()):
        requests = _requests(reference)
        shows_nothing = {point.number for point in reference.points if point.told.endswith(SHOWS_NOTHING)}
        first_change = next((point.number for point in requests if is_change(point)), FOR_GOOD)
        for point in requests:
            if not (is_change(point) or name in first_modes or not bench.has_all_modes):
                continue
            for kind in KINDS.values():
                # Before anything has changed there is no older state to be shown; from an empty list nothing vanishes.
                is_idle = (kind.name == "stale" and point.number <= first_change) or (
                    kind.name.startswith("vanished") and point.number in shows_nothing
                )
                if kind.strikes(point.told) and not is_idle:
                    yield name, Blow(point.number, kind.name)


def _requests(reference: Reference) -> list[Point]:
    return [point for point in reference.points if point.what == "request" and point.when == "before"]


def _is_long(blow: Blow) -> bool:
    return KINDS[blow.kind].requests > 1


def _second(reference: Reference, first: Blow, dice: random.Random) -> Blow:
    last = max(point.number for point in _requests(reference))
    number = first.number + dice.randint(1, SOON if dice.random() < 0.5 else max(SOON, last - first.number))
    return Blow(number, dice.choice([name for name in KINDS if name != "refused-for-good"]))


def str_of(name: str, *blows: Blow) -> str:
    """The key of a case."""
    return f"{name}/{'+'.join(map(str, blows))}"


def _work(bench: Bench, layer: LayerReport, keys: list[str]) -> None:
    """Do the cases and count the blows that fell; among single faults a kind that never fell is missing."""
    struck: Counter[str] = Counter()
    for report in bench.work(layer, replay, keys):
        struck.update({blow.kind for blow in report.notes or ()})
        layer.counts["cases in which nothing was there to be struck"] += not report.notes
    layer.counts.update({f"fault {kind}": struck[kind] for kind in sorted(struck)})
    if layer.name == FAULTS:
        layer.missing += [f"fault {kind}" for kind in KINDS if not struck[kind]]


def _blows(key: str) -> tuple[Blow, ...]:
    return tuple(map(Blow.parse, key.split("/")[1].split("+")))


def replay(folder: Path, key: str) -> CaseReport:
    """One case, by its key: the struck run; what was late arrives; one clean run; a second that sends nothing."""
    template = template_of(folder, key.split("/", maxsplit=1)[0])
    reference = reference_of(folder, template)
    with case_of(template) as case:
        outcome, seen = case.run(template.scenario.line, blows=_blows(key))
        touched = _touched(outcome, seen.after)
        if touched is not None:
            case.findings += judge_end(seen.after, [reference.first_end], but=touched)
        case.exchange.faults([])
        let_late_requests_arrive(case.folder)
        settle(case, reference)
    return CaseReport(key, case.findings, frozenset(case.branches), outcome.struck)


def _touched(outcome: RunOutcome, state: State) -> frozenset[str] | None:
    """The symbols the struck requests were about; None when one of them was about all, or the line was gone (I9)."""
    asked = {point.number: point.told for point in outcome.points if point.what == "request"}
    symbols = {_symbol_of(asked[blow.number], state) for blow in outcome.struck}
    if "" in symbols or not symbols or any(_is_long(blow) for blow in outcome.struck):
        return None
    return frozenset(symbols)


def _symbol_of(told: str, state: State) -> str:
    """The symbol a request was about, empty where it was about all of them."""
    path = told.split(" ")[1]
    if told.startswith("POST "):
        return told.split(" ")[2]
    named = NAME_IN_QUERY.search(path)
    if named:
        return named[1]
    last = path.partition("?")[0].rsplit("/", 1)[-1]
    if "/v2/positions/" in path:
        return last
    return next((str(order["symbol"]) for order in state["orders"] if order["id"] == last), "")
