"""Tortures Sentinel layer by layer: `scripts/torture [LAYER...] [--size small|full|N] [--seed N]`."""

import argparse
import sys
from collections import Counter
from pathlib import Path

from tests.torture.bench import Bench, LayerReport
from tests.torture.case import workshop
from tests.torture.layers import LAYERS, Layer
from tests.torture.reach import Reach, recovery_branches
from tests.torture.scenarios import SCENARIOS
from tests.torture.verdicts import Violation

BROKEN = 1
TOLD_AT_MOST = 20


def main(arguments: list[str]) -> int:
    """Run the layers asked for, all of them when none is named; 0 when every promise held."""
    given = _parser().parse_args(arguments)
    chosen = [layer for layer in LAYERS if layer.name in (given.layers or [known.name for known in LAYERS])]
    if given.case:
        return _replay(chosen[0], given.case, given.seed)
    with workshop() as folder:
        reports = [_run(layer, given, folder) for layer in chosen]
    reached = Reach(recovery_branches())
    for report in reports:
        reached.counts.update(report.branches)
    # All layers at full size have no excuse.
    must_reach = given.reach or (given.size is None and not given.layers and given.part == (1, 1))
    is_reached = _tell_reach(reached, is_table=must_reach)
    return 0 if all(report.holds for report in reports) and (is_reached or not must_reach) else BROKEN


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="scripts/torture", description=__doc__)
    names = [layer.name for layer in LAYERS]
    of_these = f"of {', '.join(names)}; all unless named"
    parser.add_argument("layers", nargs="*", type=_layer, metavar="LAYER", help=of_these)
    size = "small, full, or a number of cases for each layer"
    parser.add_argument("--size", default="small", type=_size, help=size)
    parser.add_argument(
        "--part", default=(1, 1), type=_part, help="2/3: the second third of the scenarios, with its share"
    )
    known = [scenario.name for scenario in SCENARIOS]
    parser.add_argument("--scenario", action="append", default=[], choices=known, metavar="NAME", help="only this one")
    parser.add_argument("--seed", type=int, default=1, help="chooses the cases of a bounded size")
    parser.add_argument("--workers", type=int, default=2, help="processes at work at once")
    parser.add_argument(
        "--reach", action="store_true", help="print every recovery branch; one never taken is a failure"
    )
    parser.add_argument("--case", help="replay one case of one layer, by the key a failure printed")
    return parser


def _layer(text: str) -> str:
    if text not in {layer.name for layer in LAYERS}:
        raise argparse.ArgumentTypeError(f"one of {', '.join(layer.name for layer in LAYERS)}, not {text}")
    return text


def _size(text: str) -> int | str | None:
    """The number of cases, None for all of them."""
    if text not in ("small", "full") and not text.isdigit():
        raise argparse.ArgumentTypeError(f"small, full or a number, not {text}")
    return {"small": "small", "full": None}.get(text) if not text.isdigit() else int(text)


def _part(text: str) -> tuple[int, int]:
    number, _, parts = text.partition("/")
    if not (number.isdigit() and parts.isdigit() and 1 <= int(number) <= int(parts)):
        raise argparse.ArgumentTypeError(f"one of so many, as in 2/3, not {text}")
    return int(number), int(parts)


def _run(layer: Layer, given: argparse.Namespace, folder: Path) -> LayerReport:
    number, parts = given.part
    cases = layer.small if given.size == "small" else given.size
    share = None if cases is None else max(1, cases // parts)
    print(f"{layer.name}: {layer.promise}", flush=True)
    scenarios = tuple(given.scenario)
    report = layer.run(Bench(folder, given.seed, share, given.workers, progress, (number, parts), scenarios))
    _tell(report, given.seed)
    return report


def progress(line: str) -> None:
    """A long run tells how far it is, beside its results."""
    print(line, file=sys.stderr, flush=True)


def _tell(report: LayerReport, seed: int) -> None:
    verdict = "holds" if report.holds else "BROKEN"
    rate = report.seconds / report.done if report.done else 0.0
    print(
        f"{report.name}: {verdict}; {report.planned} cases planned, {report.done} done, "
        f"{len(report.violations)} violations, {report.seconds:.0f} s ({rate:.2f} s a case)"
    )
    _table(report.counts)
    _table(report.unavoidable)
    for line in report.table:
        print(f"  {line}")
    for branch in report.missing:
        print(f"  never reached: {branch}")
    for key, violation in report.violations[:TOLD_AT_MOST]:
        _tell_violation(report.name, key, violation, seed)
    if len(report.violations) > TOLD_AT_MOST:
        print(f"  and {len(report.violations) - TOLD_AT_MOST} more")
    sys.stdout.flush()


def _tell_reach(reached: Reach, *, is_table: bool) -> bool:
    """How many of the recovery branches were taken; with a table, each of them. True when none is missing."""
    print(f"{len(reached.wanted) - len(reached.missing)} of {len(reached.wanted)} recovery branches were taken")
    for line in reached.table() if is_table else ():
        print(line)
    return not reached.missing


def _table(counts: Counter[str]) -> None:
    for name, number in sorted(counts.items()):
        print(f"  {number:6}  {name.replace('_', ' ')}")


def _tell_violation(layer: str, key: str, violation: Violation, seed: int) -> None:
    print(f"  {violation}\n    again: scripts/torture {layer} --seed {seed} --case {key}")


def _replay(layer: Layer, key: str, seed: int) -> int:
    with workshop() as folder:
        Bench(Path(folder), seed)
        report = layer.replay(folder, key)
    for finding in report.findings:
        print(f"  {finding}")
    broken = any(isinstance(finding, Violation) for finding in report.findings)
    print(f"{key}: {'BROKEN' if broken else 'holds'}")
    return BROKEN if broken else 0
