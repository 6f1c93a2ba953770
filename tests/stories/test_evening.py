"""Evenings as a trader lives them."""

from decimal import Decimal

import pytest

MODES = [
    pytest.param(stops, cancel, id=f"{stops}-{cancel}")
    for stops in ("new", "accepted")
    for cancel in ("immediate", "pending")
]


def test_an_entry_fills_and_is_protected_by_the_stop_sent_with_it(stage):
    entered = stage.enters("AAPL 100.00 7")
    assert (entered.exit_code, entered.verbs()) == (0, [("submit_entry", "AAPL", "done")])
    stage.day("AAPL", "100 101 99 100")
    evening = stage.evening()
    assert (evening.exit_code, evening.states, evening.stops) == (0, {"AAPL": "protected"}, {"AAPL": Decimal("92.00")})
    assert evening.document["coverage"]["shares_protected"] == 7


def test_a_quantity_left_out_is_sized_by_the_policy(stage):
    assert stage.enters("AAPL 100.00").exit_code == 0
    assert stage.orders()[0]["qty"] == "7"


def test_a_short_entry_is_protected_by_a_buy_stop(stage):
    assert stage.enters("AAPL 100.00 7 --side sell").exit_code == 0
    stage.day("AAPL", "100 101 99 100")
    assert stage.evening().stops == {"AAPL": Decimal("108.00")}
    stage.day("AAPL", "93 93 91 92")
    assert stage.evening().stops == {"AAPL": Decimal("98.00")}
    assert stage.shares() == -7


@pytest.mark.parametrize(("stops", "cancel"), MODES)
def test_a_stop_climbs_or_its_raise_is_owed_and_it_never_falls(stage, stops, cancel):
    stage.exchange.modes(after_hours_stops=stops, after_hours_cancel=cancel)
    stage.holds()
    stage.day("AAPL", "108 110 107 109")
    evening = stage.evening()
    is_owed = (stops, cancel) == ("accepted", "pending")
    assert evening.exit_code == 0
    assert evening.states == {"AAPL": "protected_old_level" if is_owed else "protected"}
    assert evening.stops == {"AAPL": Decimal("92.00" if is_owed else "102.00")}
    sent = stage.mutations()
    assert stage.evening().exit_code == 0
    assert stage.mutations() == sent, "a second evening sends nothing"
    stage.bar("AAPL", "108 108 107 107")
    stage.exchange.advance(to="open")
    assert stage.tells("update-trailing-stops").stops == {"AAPL": Decimal("102.00")}
    stage.exchange.advance(to="close")
    assert stage.evening().states == {"AAPL": "protected"}


def test_an_owed_raise_becomes_an_alarm_after_three_evenings(stage):
    stage.exchange.modes(after_hours_stops="accepted", after_hours_cancel="pending")
    stage.holds()
    codes = []
    for _ in range(3):
        stage.day("AAPL", "109 110 108 109")
        evening = stage.evening()
        codes.append((evening.exit_code, evening.findings))
    assert codes == [(0, []), (0, []), (1, [("owed_overdue", "AAPL")])]


def test_a_gap_through_the_stop_is_booked_at_the_price_it_really_got(stage):
    stage.holds()
    stage.day("AAPL", "85 86 84 85")
    evening = stage.evening()
    assert (evening.exit_code, evening.states) == (0, {})
    (trade,) = stage.trades()
    assert (trade.exit_price, trade.exit_reason) == (Decimal(85), "stop_filled")
    assert round(trade.r_multiple(trade.exit_price), 3) == Decimal("-1.875")


def test_an_entry_stopped_out_on_its_first_day_is_booked_whole(stage):
    stage.enters("AAPL 100.00 7")
    stage.day("AAPL", "100 101 90 91")
    assert stage.evening().exit_code == 0
    (trade,) = stage.trades()
    assert (trade.entry_price, trade.exit_price) == (Decimal(100), Decimal(92))


def test_a_part_filled_entry_loses_its_rest_and_gains_a_stop(stage):
    stage.enters("AAPL 90.00 7")
    stage.exchange.advance(to="open")
    (entry,) = [order for order in stage.orders() if order["type"] == "limit"]
    stage.exchange.action(partial_fill={"order_id": entry["id"], "qty": 3})
    told = stage.tells("reconcile-fills")
    assert told.exit_code == 0
    assert told.verbs("cancel_entry", "place_stop") == [
        ("cancel_entry", "AAPL", "done"),
        ("place_stop", "AAPL", "done"),
    ]
    assert (stage.shares(), stage.stop()["qty"], stage.stop()["time_in_force"]) == (3, "3", "gtc")
    stage.exchange.advance(to="close")
    assert stage.evening().states == {"AAPL": "protected"}


def test_a_part_filled_entry_found_after_the_close_is_protected_once_its_rest_is_gone(stage, hours):
    stage.enters("AAPL 90.00 7")
    stage.opens()
    (entry,) = [order for order in stage.orders() if order["type"] == "limit"]
    stage.exchange.action(partial_fill={"order_id": entry["id"], "qty": 3})
    stage.exchange.advance(to="close")
    evening = stage.evening()
    if "pending" in hours:
        assert (evening.exit_code, evening.states) == (1, {"AAPL": "naked"})
        assert {("cancel_pending", "AAPL"), ("stop_blocked", "AAPL")} <= set(evening.findings)
        stage.opens()
        evening = stage.evening()
    assert evening.verbs("place_stop") == [("place_stop", "AAPL", "done")]
    assert (evening.exit_code, evening.states, stage.stop()["qty"]) == (0, {"AAPL": "protected"}, "3")


def test_a_stop_cancelled_behind_our_back_is_rescued_at_the_highest_level_it_had(stage):
    stage.holds()
    stage.day("AAPL", "108 110 107 109")
    assert stage.evening().stops == {"AAPL": Decimal("102.00")}
    stage.day("AAPL", "105 106 104 105")
    stage.exchange.action(cancel={"order_id": stage.stop()["id"]})
    evening = stage.evening()
    assert evening.verbs() == [("place_stop", "AAPL", "done")]
    assert (evening.exit_code, evening.stops) == (0, {"AAPL": Decimal("102.00")})


def test_a_breached_position_gets_an_emergency_stop_and_a_question(stage, hours):
    stage.holds()
    stage.exchange.action(cancel={"order_id": stage.stop()["id"]})
    stage.day("AAPL", "91 92 89 90")
    evening = stage.evening()
    assert evening.stops == {"AAPL": Decimal("88.20")}
    assert [(a["symbol"], a["kind"]) for a in evening.document["approvals"]] == [("AAPL", "exit")]


def test_a_sale_by_phone_closes_the_trade_and_its_orphaned_stop_goes_after_the_grace_period(stage, hours):
    stage.holds()
    stage.holds("MSFT", 2)
    stage.day("AAPL", "100 101 99 100")
    stage.exchange.trade("AAPL", 7, "sell", 101)
    evening = stage.evening()
    hangs = "pending" in hours
    assert evening.verbs() == [
        ("close_trade", "AAPL", "done"),
        ("cancel_stop", "AAPL", "unresolved" if hangs else "done"),
    ]
    assert (evening.exit_code, evening.states) == (int(hangs), {"MSFT": "protected"})
    if hangs:
        stage.exchange.advance(to="open")
        assert stage.evening().exit_code == 0
    assert [(t.exit_reason, t.exit_price) for t in stage.trades()] == [("manual", Decimal(101))]
    assert stage.orders() == []


def test_a_stranger_is_adopted_and_protected(stage, hours):
    stage.exchange.trade("AAPL", 5, "buy", 100)
    evening = stage.evening()
    assert evening.verbs() == [("adopt_position", "AAPL", "done"), ("place_stop", "AAPL", "done")]
    assert (evening.exit_code, evening.stops) == (0, {"AAPL": Decimal("92.00")})


def test_an_entry_nobody_filled_is_taken_back(stage, hours):
    stage.enters("AAPL 90.00 7")
    for _ in range(5):
        stage.day("AAPL", "100 101 99 100")
    evening = stage.evening()
    if "pending" in hours:
        assert (evening.exit_code, evening.verbs()) == (1, [("cancel_entry", "AAPL", "unresolved")])
        stage.exchange.advance(to="open")
        assert stage.evening().verbs() == []
    else:
        assert (evening.exit_code, evening.verbs()) == (0, [("cancel_entry", "AAPL", "done")])
    assert stage.orders() == []


def test_a_second_evening_sends_nothing(stage):
    stage.holds()
    stage.enters("MSFT 99.00 2")
    stage.day("AAPL", "108 110 107 109")
    first = stage.evening()
    sent = stage.mutations()
    second = stage.evening()
    assert stage.mutations() == sent
    assert second.document["actions"] == []
    assert second.document["coverage"] == first.document["coverage"]


def test_asking_twice_for_an_entry_sends_one(stage):
    stage.enters("AAPL 99.00 7")
    again = stage.enters("AAPL 99.00 7")
    assert (again.exit_code, again.findings) == (0, [("already_submitted", "AAPL")])
    assert len([order for order in stage.orders() if order["type"] == "limit"]) == 1
    other = stage.enters("AAPL 98.00 7")
    assert other.exit_code == 3
    assert "do:" in other.err


def test_a_dry_run_shows_the_evening_and_neither_sends_nor_writes(stage):
    stage.holds()
    stage.day("AAPL", "108 110 107 109")
    sent, ledger = stage.mutations(), (stage.home / "sentinel.db").read_bytes()
    dry = stage.tells("evening-workflow --dry-run --non-interactive")
    assert dry.verbs() == [("raise_stop", "AAPL", "planned")]
    assert (dry.exit_code, dry.document["run_id"]) == (0, None)
    assert stage.mutations() == sent
    assert (stage.home / "sentinel.db").read_bytes() == ledger
    real = stage.evening()
    assert real.verbs() == [("raise_stop", "AAPL", "done")]
    assert real.exit_code == dry.exit_code


def test_a_dry_rescue_exits_as_the_real_one_would(stage):
    stage.exchange.trade("AAPL", 5, "buy", 100)
    sent = stage.mutations()
    dry = stage.tells("evening-workflow --dry-run --non-interactive")
    assert dry.verbs() == [("adopt_position", "AAPL", "planned"), ("place_stop", "AAPL", "planned")]
    assert (stage.mutations(), stage.orders()) == (sent, [])
    assert dry.exit_code == stage.evening().exit_code == 0


def test_as_many_backups_are_kept_as_the_settings_say(stage):
    settings = stage.home / "sentinel.toml"
    settings.write_text(settings.read_text().replace("backups_kept_today = 20", "backups_kept_today = 2"))
    for _ in range(4):
        stage.day("AAPL", "100 101 99 100")
        assert stage.evening().exit_code == 0
    assert len(list((stage.home / "backups").glob("*.db"))) == 2


def test_a_raise_that_counts_only_from_the_open_is_sent_once_and_never_doubled(stage):
    stage.exchange.modes(replacements="pending")
    stage.holds()
    stage.day("AAPL", "108 110 107 109")
    evening = stage.evening()
    assert (evening.exit_code, evening.states, evening.stops) == (0, {"AAPL": "protected"}, {"AAPL": Decimal("92.00")})
    sent = stage.mutations()
    assert (stage.evening().verbs(), stage.mutations()) == ([], sent)
    stage.day("AAPL", "108 110 107 109")
    assert stage.evening().stops == {"AAPL": Decimal("102.00")}
