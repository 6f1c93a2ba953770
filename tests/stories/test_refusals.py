"""A request a rule forbids is refused with the rule, the value and the limit, and nothing leaves."""

from decimal import Decimal

import pytest

from sentinel.commands.session import engine_at
from sentinel.domain.actions import Plan, SubmitEntry
from sentinel.domain.errors import GuardRefusal
from sentinel.domain.orders import Side
from sentinel.execution.workplace import Step
from tests.ledger.hands import forge
from tests.stories.test_by_phone import order_by_phone
from tests.stories.test_quarantine import flipped, ledger_of

RULE = ("rule", "value", "limit")


def approved_while_a_hand_sells_some(stage):
    """Seven shares at their target; by phone three of them were put on sale, and the stop left to the other four."""
    stage.holds()
    stage.day("AAPL", "119 121 118 120")
    number = stage.evening().document["approvals"][0]["id"]
    stage.exchange.action(cancel={"order_id": stage.stop()["id"]})
    order_by_phone(stage, type="stop", qty="4", stop_price="102")
    order_by_phone(stage, qty="3", limit_price="130")
    stage.opens(prices="119 121 118 120")
    return f"approvals approve {number}"


@pytest.mark.parametrize("form", ["", " --dry-run"])
def test_a_sale_of_more_than_is_free_is_refused_by_its_rule(stage, form):
    line = approved_while_a_hand_sells_some(stage)
    refused = stage.tells(f"{line}{form}")
    assert refused.exit_code == refused.document["exit_code"] == 3
    assert [refused.document[key] for key in RULE] == ["reduce_only", "7 shares", "4 shares"]
    (told,) = refused.document["refusals"]
    assert [told[key] for key in ("verb", "symbol", *RULE)] == [
        "close_position", "AAPL", "reduce_only", "7 shares", "4 shares"
    ]  # fmt: skip
    (guard,) = [finding for finding in refused.document["findings"] if finding["code"] == "guard"]
    assert "3 of 7 shares are already under another closing order (rule reduce_only)" in guard["message"]
    assert refused.verbs("close_position") == [("close_position", "AAPL", "refused")]
    assert {order["type"] for order in stage.orders(live=False)} == {"limit", "stop"}, "nothing was sold"
    if not form:
        stops = [order for order in stage.orders() if order["type"] == "stop"]
        assert sum(int(order["qty"]) for order in stops) == 7, "what the hand had left bare has its stop again"


def test_the_evening_tells_of_a_refusal_and_goes_on_with_what_it_is_for(stage):
    """Its exit code is about protection: the shares are covered again, then what was approved is sold."""
    line = approved_while_a_hand_sells_some(stage)
    assert stage.tells(line).exit_code == 3
    evening = stage.evening()
    assert (evening.exit_code, evening.document["refusals"]) == (0, [])
    assert "rule" not in evening.document


def test_an_entry_into_the_ledger_of_a_quarantine_names_the_rule(stage):
    stage.holds()
    stage.types("backup")
    flipped(ledger_of(stage))
    assert stage.evening().exit_code == 1
    sent = stage.mutations()
    for line in ("TSLA 100.00 2", "TSLA 100.00 2 --dry-run"):
        refused = stage.enters(line)
        assert (refused.exit_code, refused.document["rule"]) == (3, "ledger_quarantined")
        assert "quarantine/" in refused.document["value"]
        assert refused.document["limit"] == "a sound ledger"
        assert "sentinel restore" in refused.err
    assert stage.mutations() == sent
    assert stage.types("resume --reason 'I have looked at it'").exit_code == 0
    assert stage.enters("TSLA 100.00 2").exit_code == 0


def test_an_entry_a_planner_should_not_have_made_is_refused_at_the_last(stage):
    stage.holds()
    sent = stage.mutations()
    bad = SubmitEntry("AAPL", Side.BUY, 5, Decimal("100.00"), Decimal("92.00"), because="a planner has a bug")
    with engine_at(stage.home) as engine:
        request = engine.entry_request("AAPL", "100.00", 5)
        with pytest.raises(GuardRefusal) as caught:
            engine.run((Step("a bug", lambda _facts: Plan((bad,))),), "test", request=request)
        last = engine.workplace.ledger.last_run()
    assert (caught.value.rule, caught.value.value, caught.value.limit) == ("already_held", "7 shares", "no position")
    assert (last.exit_code, stage.mutations()) == (3, sent)


def test_an_empty_account_refuses_an_entry_with_the_rule(stage, monkeypatch):
    from sentinel.broker import Broker

    stage.holds()
    monkeypatch.setattr(Broker, "positions", lambda _self: {})
    refused = stage.enters("MSFT 100.00 2")
    assert (refused.exit_code, *(refused.document[key] for key in RULE)) == (3, "suddenly_empty", "no position", "AAPL")


def test_a_yes_after_the_arming_has_lapsed_names_the_rule(stage, monkeypatch):
    from sentinel.commands.permission import Permission

    stage.holds()
    stage.day("AAPL", "119 121 118 120")
    number = stage.evening().document["approvals"][0]["id"]
    monkeypatch.setattr(Permission, "lapse", "live account 1 was armed until yesterday")
    refused = stage.tells(f"approvals approve {number}")
    assert (refused.exit_code, refused.document["rule"], refused.document["limit"]) == (
        3,
        "not_armed",
        "an armed account",
    )
    assert refused.document["value"] == "live account 1 was armed until yesterday"


def test_another_account_behind_the_keys_names_the_rule(stage):
    stage.holds()
    forge(ledger_of(stage), "UPDATE account SET account_id = 'another', account_number = 'PA2'")
    refused = stage.enters("MSFT 100.00 2")
    assert (refused.exit_code, refused.document["rule"]) == (3, "bound_account")
    assert all(refused.document[key] for key in RULE)
