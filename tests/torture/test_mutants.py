"""Every mutant applies to the code as it stands, and only a failing test kills one."""

import pytest

from tests.torture.mutant import DoesNotApply, Mutant
from tests.torture.mutant_run import ROOT, Ending, misfit
from tests.torture.mutants import BY_KEY, MUTANTS

FEWEST = 44


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.key)
def test_a_mutant_fits_the_code_as_it_stands(mutant):
    assert misfit(mutant) is None
    mutated = mutant.applied_to((ROOT / mutant.file).read_text(encoding="utf-8"))
    compile(mutated, mutant.file, "exec")
    for killer in mutant.killers:
        path, _, test = killer.partition("::")
        assert (ROOT / path).is_file()
        assert not test or f"def {test.partition('[')[0]}(" in (ROOT / path).read_text(encoding="utf-8")


def test_none_is_dropped_and_none_is_told_twice():
    assert len(BY_KEY) == len(MUTANTS) >= FEWEST
    assert len({(mutant.file, mutant.old, mutant.new) for mutant in MUTANTS}) == len(MUTANTS)


@pytest.mark.parametrize("text", ["", "sell(7)", "buy(7); buy(7)"])
def test_code_that_has_moved_on_is_told(text):
    with pytest.raises(DoesNotApply):
        Mutant("a test", "anywhere.py", "buy(7)", "buy(8)", ()).applied_to(text)


@pytest.mark.parametrize(
    ("exit_code", "words"), [(0, "survived"), (2, "ended with 2"), (90, "cannot be imported"), (None, "went on")]
)
def test_only_a_failing_test_kills(exit_code, words):
    assert words in Ending(exit_code, "", 1.0).words
