"""The question about a sale says what a person needs to decide, at whatever hour and on whichever side."""

import io
from datetime import timedelta
from decimal import Decimal

import pytest
from rich.console import Console

from sentinel.commands.profit_question import question
from sentinel.domain.actions import OfferExit
from sentinel.domain.facts import Holding
from sentinel.domain.positions import Session
from sentinel.report.words import loosened
from sentinel.risk_config import RiskPolicy
from tests.builders import position, session, stop, trade

LATER = session(session().now + timedelta(days=2))
#  held              last   stop                  hour                     what is told
QUESTIONS = [
    ("AAPL 7 @ 100.00", "117", "AAPL 7 @ 102.00", session(is_open=True), "the shares are sold at the market now"),
    ("AAPL 7 @ 100.00", "117", "AAPL 7 @ 102.00", session(), "are sold at the market at the next open"),
    ("AAPL 7 @ 100.00", "117", "AAPL 7 @ 102.00", session(), "it moves to 0.5 % from the price and the sale is owed"),
    ("AAPL 7 @ 100.00", "117", "AAPL 7 @ 102.00", session(), "$119.00, +17.0 %, 2.1 R"),
    ("AAPL 7 @ 100.00", "117", "AAPL 7 @ 102.00", session(), "102.00 for 7 shares, locks 2.0 %"),
    ("AAPL 7 @ 100.00", "117", "AAPL 7 @ 92.00", session(), "92.00 for 7 shares, risks 8.0 %"),
    ("AAPL 7 @ 100.00", "117", "AAPL 7 @ 102.00", LATER, "for 5 days"),
    ("AAPL 7 @ 100.00", "117", "AAPL 7 @ 102.00", None, "at the next open"),
    ("AAPL -7 @ 100.00", "83", "AAPL -7 @ 98.00", session(), "$119.00, +17.0 %, 2.1 R"),
    ("AAPL -7 @ 100.00", "83", "AAPL -7 @ 98.00", session(), "the shares are bought back at the market"),
    ("AAPL 7 @ 100.00", "83", None, session(), "none is active"),
]


@pytest.mark.parametrize(("held", "last", "stop_line", "hour", "told"), QUESTIONS)
def test_the_question(held: str, last: str, stop_line: str | None, hour: Session | None, told: str) -> None:
    holding = Holding(position(held, last), trade(held), (stop(stop_line),) if stop_line else (), Decimal(last))
    offer = OfferExit("AAPL", "profit", 7, Decimal(last), because="at the target")
    console = Console(file=io.StringIO(), width=80, markup=False)
    console.print(question(offer, holding, hour, RiskPolicy()))
    assert told in " ".join(loosened(console.file.getvalue()).split())  # type: ignore[attr-defined]


#                  hour                     what is told
PARTS = [
    (session(is_open=True), "the stop keeps 4 shares, and the others are sold at the market now"),
    (session(), "the stop keeps 4 shares, and the others are sold at the market at the next open"),
    (session(), "the sale is owed and the stop stays"),
    (session(), "nothing changes; all of it is offered at its target, no part again"),
    (session(), "$51.00, +17.0 %, 2.1 R"),
]


@pytest.mark.parametrize(("hour", "told"), PARTS)
def test_the_question_about_a_part(hour: Session, told: str) -> None:
    holding = Holding(
        position("AAPL 7 @ 100.00", "117"), trade("AAPL 7 @ 100.00"), (stop("AAPL 7 @ 102.00"),), Decimal(117)
    )
    offer = OfferExit("AAPL", "partial", 3, Decimal(117), because="2.1 R")
    console = Console(file=io.StringIO(), width=80, markup=False)
    console.print(question(offer, holding, hour, RiskPolicy()))
    assert told in " ".join(loosened(console.file.getvalue()).split())  # type: ignore[attr-defined]
