"""The layers of the proof, as a table: a name, what it promises, how it runs, how one case of it is replayed."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.torture import bit_flips, crash_sweep, fault_sweep, mutant_run, rollback, soak, state_machine, stories
from tests.torture.bench import Bench, CaseReport, LayerReport


@dataclass(frozen=True, slots=True)
class Layer:
    """One way to torture; `small` is how many cases stand for it in the test-suite."""

    name: str
    promise: str
    small: int
    run: Callable[[Bench], LayerReport]
    replay: Callable[[Path, str], CaseReport]


LAYERS: tuple[Layer, ...] = (
    Layer(
        crash_sweep.NAME,
        "killed at any point, one clean run settles everything and a second sends nothing",
        100,
        crash_sweep.run_layer,
        crash_sweep.replay,
    ),
    Layer(
        fault_sweep.FAULTS,
        "whatever goes wrong with one request, no other symbol notices and one clean run settles everything",
        120,
        fault_sweep.sweep_singly,
        fault_sweep.replay,
    ),
    Layer(
        fault_sweep.PAIRS,
        "nor does it help to strike twice",
        60,
        fault_sweep.sweep_in_pairs,
        fault_sweep.replay,
    ),
    Layer(
        rollback.NAME,
        "with any earlier ledger or none, one run doubles nothing, bares nothing, and a second sends nothing",
        60,
        rollback.run_layer,
        rollback.replay,
    ),
    Layer(
        soak.NAME,
        "all invariants hold after every evening of long lives; with faults off one run settles, a second is silent",
        60,
        soak.run_layer,
        soak.replay,
    ),
    Layer(
        state_machine.NAME,
        "trader and market do anything in any order, and every invariant holds after every step",
        16,
        state_machine.run_layer,
        state_machine.replay,
    ),
    Layer(
        bit_flips.NAME,
        "a flipped bit of the ledger changes nothing, or is noticed before anything is sent",
        60,
        bit_flips.run_layer,
        bit_flips.replay,
    ),
    Layer(
        stories.NAME,
        "where two troubles meet at one instant the stories hold, and they take every branch of recovery",
        len(stories.FILES),
        stories.run_layer,
        stories.replay,
    ),
    Layer(
        mutant_run.NAME,
        "each of these bugs, put into a copy of the code, is noticed by a test",
        40,
        mutant_run.run_layer,
        mutant_run.replay,
    ),
)
