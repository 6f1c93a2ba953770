"""SIGKILL at every point of every scenario: one clean run settles everything, and a second sends nothing."""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.torture.bench import Bench, CaseReport, LayerReport, template_of
from tests.torture.case import Case, Template, case_of
from tests.torture.desk import EVENING
from tests.torture.ledger_image import fingerprint, has_hot_journal
from tests.torture.oracle import KILLED, end_state, judge_end, judge_silence
from tests.torture.verdicts import Finding, Violation
from tests.torture.victim import Point, RunOutcome

NAME = "crash"
READ = "GET "
# Of a bounded size, this share goes to kills of the run, the rest to kills of the run that repairs.
FIRST_KILLS = 0.7


@dataclass(frozen=True, slots=True)
class Reference:
    """The undisturbed life of a scenario: its points, where it may end, how its last run exits, its first end."""

    points: tuple[Point, ...]
    ends: list[dict[str, tuple[Any, ...]]]
    last_exit: int
    first_end: dict[str, tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class AfterKill:
    """What a kill left: a fingerprint of the world, the points at which the repairing run changed it, half a commit."""

    world: str
    recovery: tuple[Point, ...]
    is_half_a_commit: bool


def run_layer(bench: Bench) -> LayerReport:
    """Undisturbed runs, kills of the run under test, kills of the run that repairs."""
    layer = LayerReport(NAME)
    names = bench.prepare()
    undisturbed = bench.work(layer, refer, names)
    kills = [f"{report.key}/{point}" for report in undisturbed for point in kill_points(report.notes)]
    killed = bench.work(layer, kill_once, bench.sample(kills, FIRST_KILLS, salt="kills"))
    worlds: dict[tuple[str, str], str] = {}
    for report in killed:
        if isinstance(report.notes, AfterKill):
            name = report.key.split("/")[0]
            for point in report.notes.recovery:
                # The same world is repaired in the same way: one kill at each of its points is enough.
                worlds.setdefault((name + report.notes.world, str(point)), f"{report.key}/{point}")
    twice = bench.work(layer, kill_twice, bench.sample(sorted(worlds.values()), 1 - FIRST_KILLS, salt="recovery"))
    half = [report for report in killed if isinstance(report.notes, AfterKill) and report.notes.is_half_a_commit]
    layer.counts.update(
        scenarios_in_their_modes=len(names),
        points_at_which_a_kill_could_come=len(kills),
        kills=len(killed),
        kills_of_the_run_that_repairs=len(twice),
        kills_that_left_half_a_commit=len(half),
    )
    return layer


def kill_points(reference: Reference | None) -> list[Point]:
    """Every point, and for each change asked of the broker also the moment it is done and not yet answered."""
    points = reference.points if reference else ()
    applied = [Point("request", p.number, "applied") for p in points if p.when == "before" and is_change(p)]
    return sorted({*points, *applied})


def is_change(point: Point) -> bool:
    """Whether it is a request that changes something at the broker."""
    return point.what == "request" and not point.told.startswith(READ)


def replay(folder: Path, key: str) -> CaseReport:
    """One case again, by its key."""
    return (refer, kill_once, kill_twice)[key.count("/")](folder, key)


def refer(folder: Path, key: str) -> CaseReport:
    """Play a scenario undisturbed, and once as if its command had never been given."""
    template = template_of(folder, key)
    with case_of(template) as case:
        outcome, seen = case.run(template.scenario.line)
        ends = [end_state(settle(case)[1])]
        last_exit = _last_exit(case)
    findings = case.findings
    if template.scenario.line != template.scenario.repair:
        with case_of(template) as other:
            ends.append(end_state(settle(other)[1]))
        findings = [*findings, *other.findings]
    reference = Reference(outcome.points, ends, last_exit, end_state(seen.after))
    _file(template).write_bytes(pickle.dumps(reference))
    return CaseReport(key, findings, frozenset(case.branches), reference)


def kill_once(folder: Path, key: str) -> CaseReport:
    """Kill the command at a point; one clean run; a second that sends nothing."""
    name, point = key.split("/")
    template = template_of(folder, name)
    with case_of(template) as case:
        _kill(case, template.scenario.line, Point.parse(point))
        is_half = has_hot_journal(case.ledger_path)
        world = fingerprint(case.ledger_path, case.state())
        recovery, _ = settle(case, reference_of(folder, template))
    changes = tuple(p for p in changing_points(recovery) if p.when != "before" or p.what == "request")
    return CaseReport(key, case.findings, frozenset(case.branches), AfterKill(world, changes, is_half))


def kill_twice(folder: Path, key: str) -> CaseReport:
    """Kill the command at a point, the run that repairs at another; one clean run; a second that sends nothing."""
    name, first, second = key.split("/")
    template = template_of(folder, name)
    with case_of(template) as case:
        _kill(case, template.scenario.line, Point.parse(first))
        _kill(case, template.scenario.repair, Point.parse(second))
        settle(case, reference_of(folder, template))
    return CaseReport(key, case.findings, frozenset(case.branches))


def changing_points(recovery: RunOutcome) -> list[Point]:
    """The points at which a run changes something, at the broker or in the ledger; in between it only reads."""
    points = [p for p in recovery.points if p.what == "commit" and p.when != "before"]
    changes = [p.number for p in recovery.points if is_change(p) and p.when == "before"]
    return points + [Point("request", number, when) for number in changes for when in ("before", "applied")]


def _kill(case: Case, line: str, point: Point) -> None:
    outcome, _ = case.run(line, point)
    if outcome.exit_code != KILLED:
        words = f"the kill at {point} never came: the run ended with {outcome.exit_code}"
        case.findings.append(Violation(0, None, words))


def settle(case: Case, reference: Reference | None = None) -> tuple[RunOutcome, Any]:
    """The clean run and the silent one (I7, I8), held against the undisturbed life where it is known."""
    recovery, _ = case.run(case.template.scenario.repair)
    settled = case.state()
    last, _ = case.run(EVENING)
    found: list[Finding] = judge_silence(settled, case.state())
    if reference is not None:
        found += judge_end(settled, reference.ends)
        if last.exit_code != reference.last_exit:
            words = (
                f"the last run ended with {last.exit_code}, undisturbed with {reference.last_exit}: {last.err[-300:]}"
            )
            found.append(Violation(7, None, words))
    case.findings += found
    return recovery, settled


def _last_exit(case: Case) -> int:
    return case.run(EVENING)[0].exit_code


def _file(template: Template) -> Path:
    return template.folder.with_suffix(".reference")


def is_referred(folder: Path, name: str) -> bool:
    """Whether the undisturbed life of a scenario is known."""
    return _file(template_of(folder, name)).exists()


def reference_of(folder: Path, template: Template) -> Reference:
    """The undisturbed life of a scenario, played now if it has not been yet."""
    if not _file(template).exists():
        refer(folder, template.name)
    reference: Reference = pickle.loads(_file(template).read_bytes())
    return reference
