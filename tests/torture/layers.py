"""The layers of the proof, as a table: a name, what it promises, how it runs, how one case of it is replayed."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.torture import crash_sweep
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
)
