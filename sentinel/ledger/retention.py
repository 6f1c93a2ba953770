"""Which copies of the ledger stay: all of today, the last of each day, the last of each month."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

DAY = re.compile(r"-(?P<day>(?P<month>\d{6})\d{2})T\d{6}Z(-\d+)?\.db$")


@dataclass(frozen=True, slots=True)
class Retention:
    """How many copies stay: of the newest day, and the newest one of so many days and of so many months with any."""

    today: int = 20
    days: int = 30
    months: int = 12


def superfluous(names: Sequence[str], kept: Retention) -> tuple[str, ...]:
    """Of the names of copies, oldest first, those that need not stay; a name that tells no day always stays."""
    dated = [(name, found) for name in reversed(names) if (found := DAY.search(name))]
    days: dict[str, list[str]] = {}
    months: dict[str, str] = {}
    for name, found in dated:
        days.setdefault(found["day"], []).append(name)
        months.setdefault(found["month"], name)
    stay = {copies[0] for copies in list(days.values())[: kept.days]} | set(list(months.values())[: kept.months])
    stay |= {name for copies in list(days.values())[:1] for name in copies[: kept.today]}
    return tuple(name for name, _ in reversed(dated) if name not in stay)
