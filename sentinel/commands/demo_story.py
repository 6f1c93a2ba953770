"""Two weeks of evenings in April 2025, told as what the trader types and what happens behind Sentinel's back."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Typed:
    """A command as the trader types it; of a brief one the demo shows only what it did."""

    line: str
    is_brief: bool = False


@dataclass(frozen=True, slots=True)
class CancelledByPhone:
    """The trader cancels every stop of a symbol in the broker's app."""

    symbol: str


@dataclass(frozen=True, slots=True)
class SoldByPhone:
    """The trader sells all of a symbol in the broker's app."""

    symbol: str


Happening = Typed | CancelledByPhone | SoldByPhone


@dataclass(frozen=True, slots=True)
class Evening:
    """One session and what follows its close."""

    title: str
    happenings: tuple[Happening, ...]


EVENING = Typed("evening-workflow --non-interactive")

# The exchange starts after the close of this day; every evening but the first is one session later.
FIRST_DAY = "2025-04-01"

STORY: tuple[Evening, ...] = (
    Evening(
        "A first entry. One order carries the entry and its stop.",
        (Typed("submit-entry-with-stop AAPL 224.00"), EVENING),
    ),
    Evening("Apple fills at the open, and its stop wakes up at the broker.", (EVENING,)),
    Evening("The tariff crash opens under the stop: it fills at the open, a little worse than its price.", (EVENING,)),
    Evening("The market falls on. Nothing is held, nothing can be lost.", (EVENING,)),
    Evening(
        "The panic. Seven limit entries below the market, each with its stop.",
        (
            Typed("submit-entry-with-stop NVDA 98.00", is_brief=True),
            Typed("submit-entry-with-stop MSFT 352.00", is_brief=True),
            Typed("submit-entry-with-stop QQQ 412.00", is_brief=True),
            Typed("submit-entry-with-stop SPY 490.00", is_brief=True),
            Typed("submit-entry-with-stop META 504.00", is_brief=True),
            Typed("submit-entry-with-stop IWM 173.00", is_brief=True),
            Typed("submit-entry-with-stop AMZN 168.00", is_brief=True),
            EVENING,
        ),
    ),
    Evening("Six fill in the morning's dip. Amazon never comes down to its limit and waits.", (EVENING,)),
    Evening(
        "The rally. Stairs are climbed, two profits are offered: Meta's is taken, Nvidia is left to run.",
        (EVENING, Typed("approvals approve 1", is_brief=True), Typed("approvals reject 2", is_brief=True)),
    ),
    Evening(
        "Meta is sold, Nvidia falls onto its second stair. The trader cancels a stop by mistake: it is rescued.",
        (CancelledByPhone("QQQ"), EVENING),
    ),
    Evening(
        "The trader sells by phone. The stop left behind is an orphan and is cleared.", (SoldByPhone("IWM"), EVENING)
    ),
    Evening("Amazon's entry has waited long enough and is taken back.", (EVENING,)),
    Evening("A calm day. Nothing to do is a good evening.", (EVENING,)),
    Evening("A fall of three percent. The stops stay where they are.", (EVENING, Typed("status"))),
)
