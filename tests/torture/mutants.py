"""Every hand-written bug of the proof, as one table: the test-suite must notice each of them."""

from tests.torture.mutant import Mutant
from tests.torture.mutants_of_deeds import MUTANTS_OF_DEEDS
from tests.torture.mutants_of_doubt import MUTANTS_OF_DOUBT
from tests.torture.mutants_of_limits import MUTANTS_OF_LIMITS
from tests.torture.mutants_of_plans import MUTANTS_OF_PLANS
from tests.torture.mutants_of_sight import MUTANTS_OF_SIGHT

MUTANTS: tuple[Mutant, ...] = (
    *MUTANTS_OF_PLANS,
    *MUTANTS_OF_LIMITS,
    *MUTANTS_OF_DEEDS,
    *MUTANTS_OF_SIGHT,
    *MUTANTS_OF_DOUBT,
)
BY_KEY = {mutant.key: mutant for mutant in MUTANTS}
