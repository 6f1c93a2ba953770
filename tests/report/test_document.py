"""The JSON document: its keys in their order, money as text, shares as numbers, times in UTC."""

import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from sentinel.domain.book import Approval
from sentinel.domain.coverage import Coverage, CoverageRow, CoverageState
from sentinel.domain.errors import BrokerUnreachable, GuardRefusal, LockHeld, SentinelError, UsageError
from sentinel.domain.findings import Finding, Severity
from sentinel.domain.runs import Deed, DeedOutcome, RunReport
from sentinel.report.document import amount, error_code, error_document, instant, quantity, rule_of, run_document
from tests.builders import TODAY

AT = datetime(2025, 4, 7, 21, 0, tzinfo=UTC)


def test_a_run() -> None:
    row = CoverageRow(
        "AAPL", Decimal("7.5"), Decimal(7), CoverageState.PARTLY_PROTECTED, Decimal("92"), ("id-1",), AT, "a fraction"
    )
    report = RunReport(
        command="evening-workflow",
        run_id=12,
        is_dry_run=False,
        session=TODAY,
        looked_at=AT,
        equity=Decimal("100432.1"),
        deeds=(
            Deed("raises", "raise_stop", "AAPL", DeedOutcome.DONE, "+8.4 %", "", Decimal(7), Decimal("102"), "id-2"),
        ),
        findings=(Finding("coverage_naked", Severity.ALARM, "AAPL", "half a share is naked", "sell it by hand"),),
        coverage=Coverage((row,)),
        waiting_entries=(),
        approvals=(Approval(3, "AAPL", "profit", Decimal(7), Decimal("117.5"), "+17 %", TODAY, AT, AT),),
        requests=23,
        exit_code=1,
    )
    assert json.loads(json.dumps(run_document(report))) == {
        "schema": 1,
        "command": "evening-workflow",
        "run_id": 12,
        "exit_code": 1,
        "coverage": {
            "positions": 1,
            "protected": 0,
            "shares": 7.5,
            "shares_protected": 7,
            "rows": [
                {
                    "symbol": "AAPL",
                    "qty": 7.5,
                    "protected_qty": 7,
                    "state": "partly_protected",
                    "stop_price": "92.00",
                    "stop_order_ids": ["id-1"],
                    "expires_at": "2025-04-07T21:00:00Z",
                    "reason": "a fraction",
                    "entry_price": None,
                    "last_price": None,
                }
            ],
        },
        "actions": [
            {
                "verb": "raise_stop",
                "symbol": "AAPL",
                "outcome": "done",
                "because": "+8.4 %",
                "step": "raises",
                "detail": "",
                "qty": 7,
                "price": "102.00",
                "order_id": "id-2",
            }
        ],
        "findings": [
            {
                "code": "coverage_naked",
                "severity": "alarm",
                "symbol": "AAPL",
                "message": "half a share is naked",
                "remedy": "sell it by hand",
            }
        ],
        "approvals": [
            {
                "id": 3,
                "symbol": "AAPL",
                "kind": "profit",
                "qty": 7,
                "price_shown": "117.50",
                "because": "+17 %",
                "expires_at": "2025-04-07T21:00:00Z",
                "state": "waiting",
                "asked_at": "2025-04-07T21:00:00Z",
                "session": "2025-04-07",
            }
        ],
        "dry_run": False,
        "session": "2025-04-07",
        "looked_at": "2025-04-07T21:00:00Z",
        "equity": "100432.10",
        "requests": 23,
        "halt": None,
        "entries": [],
        "while_away": None,
        "refusals": [],
    }


def test_an_error_is_a_document_with_one_finding() -> None:
    document = error_document("status", 2, "usage_error", "no home", "make one")
    assert (document["command"], document["run_id"], document["exit_code"]) == ("status", None, 2)
    assert document["coverage"]["rows"] == document["actions"] == document["approvals"] == []
    # Nothing is known of what is held: no number, not even zero.
    assert {document["coverage"][name] for name in ("positions", "protected", "shares", "shares_protected")} == {None}
    assert document["findings"] == [
        {"code": "usage_error", "severity": "alarm", "symbol": None, "message": "no home", "remedy": "make one"}
    ]


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (UsageError, "usage_error"),
        (BrokerUnreachable, "broker_unreachable"),
        (LockHeld, "lock_held"),
    ],
)
def test_an_error_has_a_code(kind: type[SentinelError], code: str) -> None:
    assert error_code(kind("what", "remedy")) == code


def test_a_refusal_names_its_rule_its_value_and_its_limit() -> None:
    refused = GuardRefusal("what", "remedy", rule="price_collar", value="4 %", limit="3 %")
    assert error_code(refused) == "guard_refusal"
    assert rule_of(refused) == {"rule": "price_collar", "value": "4 %", "limit": "3 %"}
    assert rule_of(UsageError("what", "remedy")) == {}


@pytest.mark.parametrize(
    ("money", "text"), [("92", "92.00"), ("0.4512", "0.4512"), ("201.4550", "201.455"), ("1E+2", "100.00")]
)
def test_money_is_text(money: str, text: str) -> None:
    assert amount(Decimal(money)) == text


@pytest.mark.parametrize(("shares", "number"), [("7", 7), ("7.000", 7), ("0.123456789", 0.123456789)])
def test_shares_are_a_number(shares: str, number: float) -> None:
    assert quantity(Decimal(shares)) == number


def test_what_is_not_known_is_null() -> None:
    assert (amount(None), quantity(None), instant(None)) == (None, None, None)
