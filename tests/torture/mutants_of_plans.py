"""Bugs in what is decided: domain, policy and planners."""

from tests.torture.mutant import Mutant

COVERAGE = "tests/plan/test_coverage.py"
ENTRIES = "tests/plan/test_entries.py"
FILLS = "tests/plan/test_fills.py"
GHOSTS = "tests/plan/test_ghosts.py"
GUARDS = "tests/plan/test_guards.py"
LEVELS = "tests/plan/test_levels.py"
ORPHANS = "tests/plan/test_orphans.py"
PARTS = "tests/plan/test_partial_profits.py"
POSITIONS = "tests/plan/test_positions.py"
PROFIT = "tests/plan/test_profit_taking.py"
RENEWALS = "tests/plan/test_renewals.py"
RESCUE = "tests/plan/test_rescue.py"
STAIRS = "tests/plan/test_trailing_stops.py"

COVERED = (
    Mutant(
        "a stop that is being cancelled counts as protection",
        "sentinel/domain/orders.py",
        "        OrderStatus.ACCEPTED_FOR_BIDDING,\n    }",
        "        OrderStatus.ACCEPTED_FOR_BIDDING,\n        OrderStatus.PENDING_CANCEL,\n    }",
        (COVERAGE,),
    ),
    Mutant(
        "a stop for one share covers the whole position",
        "sentinel/domain/facts.py",
        "return self.protected_qty >= self.position.shares",
        "return self.protected_qty > 0",
        (COVERAGE,),
    ),
    Mutant(
        "an order that would add to the position counts as its stop",
        "sentinel/domain/facts.py",
        "if order.side is position.side.opposite and self._protects(order)",
        "if self._protects(order)",
        (COVERAGE,),
    ),
    Mutant(
        "a day stop counts as protection overnight",
        "sentinel/domain/facts.py",
        'order.is_protecting and order.time_in_force == "gtc"',
        "order.is_protecting",
        (COVERAGE,),
    ),
    Mutant(
        "the sleeping stop of an entry that has not filled counts as protection",
        "sentinel/domain/facts.py",
        "return parent.is_live if parent.order_class is OrderClass.OCO else parent.status is OrderStatus.FILLED",
        "return True",
        (COVERAGE,),
    ),
    Mutant(
        "a raise that waits for the open counts as a second stop",
        "sentinel/domain/facts.py",
        "o.is_live and not self.waits_to_replace(o))",
        "o.is_live)",
        ("tests/stories/test_evening.py::test_a_raise_that_counts_only_from_the_open_is_sent_once_and_never_doubled",),
    ),
    Mutant(
        "a routed stop is cancelled after hours although the cancel hangs",
        "sentinel/domain/facts.py",
        "return order.status is OrderStatus.ACCEPTED and sent_tonight and order.replaces is None",
        "return True",
        (PROFIT,),
    ),
    Mutant(
        "a stop of last week that still shows accepted is cancelled after hours",
        "sentinel/domain/facts.py",
        "return order.status is OrderStatus.ACCEPTED and sent_tonight and order.replaces is None",
        "return order.status is OrderStatus.ACCEPTED and order.replaces is None",
        (PROFIT,),
    ),
    Mutant(
        "a stop the price has gone through without its filling counts as protection",
        "sentinel/plan/coverage.py",
        "return last is not None and at is not None and not holding.side.is_tighter(last, than=at)",
        "return False",
        (COVERAGE,),
    ),
    Mutant(
        "naked shares are only a warning",
        "sentinel/plan/coverage.py",
        "Severity.INFO if row.state is CoverageState.PENDING else Severity.ALARM",
        "Severity.INFO if row.state is CoverageState.PENDING else Severity.WARNING",
        (COVERAGE,),
    ),
    Mutant(
        "a market sale for two shares settles a position of seven",
        "sentinel/plan/coverage.py",
        "if exiting + holding.protected_qty >= holding.position.whole_shares > 0 and exiting:",
        "if exiting:",
        (COVERAGE,),
    ),
)

LEVELLED = (
    Mutant(
        "a raise may lower a stop",
        "sentinel/plan/trailing_stops.py",
        "stop.stop_price is not None and holding.side.is_tighter(wanted, than=stop.stop_price)",
        "stop.stop_price is not None and wanted != stop.stop_price",
        (STAIRS,),
    ),
    Mutant(
        "the last guard lets a lower stop through",
        "sentinel/plan/guards.py",
        "if now_at is None or not position.side.is_tighter(action.to_price, than=now_at):",
        "if now_at is None:",
        (GUARDS,),
    ),
    Mutant(
        "a stop lowered by hand stays where it is",
        "sentinel/plan/trailing_stops.py",
        "(stair, owed.price if owed else None, _highest(holding, facts.policy))",
        "(stair, owed.price if owed else None)",
        ("tests/stories/test_by_phone.py::test_a_stop_lowered_by_hand_is_raised_back",),
    ),
    Mutant(
        "a raise still owed is forgotten when the price dips under its stair",
        "sentinel/plan/trailing_stops.py",
        "(stair, owed.price if owed else None, _highest(holding, facts.policy))",
        "(stair, _highest(holding, facts.policy))",
        (STAIRS,),
    ),
    Mutant(
        "a rescued stop starts again at the first level",
        "sentinel/plan/rescue.py",
        "levels.append(to_tick(holding.trade.highest_stop_price))",
        "levels.append(to_tick(holding.trade.first_stop_price))",
        (RESCUE,),
    ),
    Mutant(
        "the emergency stop lies above the market",
        "sentinel/plan/rescue.py",
        "return price_at_gain(last_price, -policy.emergency_stop_pct, side)",
        "return price_at_gain(last_price, policy.emergency_stop_pct, side)",
        (RESCUE,),
    ),
    Mutant(
        "the stop of a short is mirrored to the winning side",
        "sentinel/risk_config.py",
        "return to_tick(entry + side.sign * percent_of(entry, exact(gain_pct)))",
        "return to_tick(entry + percent_of(entry, exact(gain_pct)))",
        (RESCUE,),
    ),
    Mutant(
        "the loosest stop of a short is taken for its tightest",
        "sentinel/domain/orders.py",
        "return max(prices) if self is Side.BUY else min(prices)",
        "return max(prices)",
        (STAIRS, LEVELS),
    ),
    Mutant(
        "a stop is rounded down, away from the market",
        "sentinel/domain/money.py",
        "return price.quantize(tick_size(price), rounding=ROUND_HALF_UP)",
        'return price.quantize(tick_size(price), rounding="ROUND_DOWN")',
        (LEVELS,),
    ),
    Mutant(
        "the stop of a share under a dollar is rounded to the cent",
        "sentinel/domain/money.py",
        'return CENT if price >= 1 else Decimal("0.0001")',
        "return CENT",
        (LEVELS,),
    ),
    Mutant(
        "a stop about to lapse is never renewed",
        "sentinel/plan/renewals.py",
        "return left is not None and left < timedelta(days=facts.policy.renew_stop_days)",
        "return False",
        (RENEWALS,),
    ),
)

RESCUED = (
    Mutant(
        "a single bare share is not worth a stop",
        "sentinel/plan/rescue.py",
        "    if missing <= 0:\n",
        "    if missing <= 1:\n",
        (RESCUE,),
    ),
    Mutant(
        "the emergency stop of a short lies under the market",
        "sentinel/plan/rescue.py",
        "return price_at_gain(last_price, -policy.emergency_stop_pct, side)",
        "return price_at_gain(last_price, -policy.emergency_stop_pct)",
        (RESCUE,),
    ),
    Mutant(
        "shares that were free before others were freed get no stop",
        "sentinel/plan/rescue.py",
        "available += int(sum(order.remaining_qty for order in freeing))",
        "available = int(sum(order.remaining_qty for order in freeing))",
        (RESCUE,),
    ),
    Mutant(
        "shares already under a stop get a second one",
        "sentinel/plan/rescue.py",
        "missing = holding.position.whole_shares - int(holding.protected_qty) - int(leaving)",
        "missing = holding.position.whole_shares - int(leaving)",
        (RESCUE,),
    ),
    Mutant(
        "shares that leave at the open get a stop as well",
        "sentinel/plan/rescue.py",
        "missing = holding.position.whole_shares - int(holding.protected_qty) - int(leaving)",
        "missing = holding.position.whole_shares - int(holding.protected_qty)",
        (RESCUE,),
    ),
    Mutant(
        "a rescue does not look at what other orders hold",
        "sentinel/plan/rescue.py",
        "available = int(abs(holding.position.qty_available))",
        "available = holding.position.whole_shares",
        (RESCUE,),
    ),
    Mutant(
        "a rescue frees shares by cancelling a bracket that protects others",
        "sentinel/plan/rescue.py",
        "_one_a_group([o for o in closing if not {o.id, o.parent_id} & protecting])",
        "_one_a_group(closing)",
        (RESCUE,),
    ),
    Mutant(
        "a stray take-profit keeps the shares a stop needs",
        "sentinel/plan/rescue.py",
        "return stuck, [order for order in holders if order not in stuck]",
        "return stuck, []",
        (RESCUE,),
    ),
    Mutant(
        "a part-filled entry keeps waiting for its rest, its stop asleep",
        "sentinel/plan/fills.py",
        "elif order.purpose is Purpose.ENTRY and _is_part_filled(order):",
        "elif order.purpose is Purpose.ENTRY and order.status is OrderStatus.PENDING_NEW:",
        (FILLS,),
    ),
    Mutant(
        "an entry that came to the broker without its stop is left there",
        "sentinel/plan/fills.py",
        "and order.order_class is OrderClass.SIMPLE",
        "and order.order_class is OrderClass.UNKNOWN",
        ("tests/stories/test_adversity.py::test_an_entry_found_after_a_kill_is_checked_for_its_leg",),
    ),
    Mutant(
        "a stop the broker no longer knows is passed over in silence",
        "sentinel/plan/fills.py",
        '            yield _vanished("stop", record)',
        "            continue",
        (FILLS,),
    ),
)

TAKEN_AWAY = (
    Mutant(
        "the grace period of an orphan is ignored",
        "sentinel/plan/orphans.py",
        "return facts.session.now - order.submitted_at >= timedelta(minutes=facts.policy.orphan_grace_minutes)",
        "return True",
        (ORPHANS,),
    ),
    Mutant(
        "a stop that protects is taken for an orphan",
        "sentinel/plan/orphans.py",
        "return position is None or position.side is order.side",
        "return True",
        (ORPHANS,),
    ),
    Mutant(
        "the last guard lets a protecting stop be cancelled",
        "sentinel/plan/guards.py",
        'return _some_bare("it protects a position", Decimal(0), position.whole_shares)',
        "return None",
        (GUARDS,),
    ),
    Mutant(
        "the trader's own orders are cleaned up as if they were ours",
        "sentinel/plan/orphans.py",
        "order.is_live and order.is_stop and facts.is_ours(order) and _protects_nothing(order, facts)",
        "order.is_live and order.is_stop and _protects_nothing(order, facts)",
        (ORPHANS,),
    ),
    Mutant(
        "the sleeping stop of a waiting entry is cleaned up",
        "sentinel/plan/orphans.py",
        "order.status is OrderStatus.PENDING_CANCEL or (parent is not None and parent.is_live)",
        "order.status is OrderStatus.PENDING_CANCEL",
        (ORPHANS,),
    ),
    Mutant(
        "a stop for more shares than are held is not shrunk and may open a short",
        "sentinel/plan/orphans.py",
        "surplus = to_come - holding.position.whole_shares",
        "surplus = to_come * 0",
        (ORPHANS,),
    ),
    Mutant(
        "the tightest stop loses its shares before the loosest",
        "sentinel/plan/orphans.py",
        "key=lambda stop: (stop.stop_price or 0) * holding.side.sign)",
        "key=lambda stop: -(stop.stop_price or 0) * holding.side.sign)",
        (ORPHANS,),
    ),
    Mutant(
        "a stop is shrunk below what is held",
        "sentinel/plan/guards.py",
        "if others + action.to_qty < position.whole_shares:",
        "if others + action.to_qty < 0:",
        (GUARDS,),
    ),
)

GROWN = (
    Mutant(
        "a stop grows beyond what is held and may open a short",
        "sentinel/plan/guards.py",
        "return _refuse_stop(alone, facts)",
        "return None",
        (GUARDS,),
    ),
)

SOLD = (
    Mutant(
        "a sale is offered again while one is on its way, and sold twice",
        "sentinel/plan/profit_taking.py",
        "holding.position.whole_shares < 1 or facts.exits(holding.position) or is_left_alone(holding, facts)",
        "holding.position.whole_shares < 1 or is_left_alone(holding, facts)",
        (PROFIT,),
    ),
    Mutant(
        "the stop is cancelled before anybody knows whether the cancel takes effect",
        "sentinel/plan/profit_taking.py",
        "if all(facts.frees_now(stop) for stop in holding.stops):",
        "if holding.stops:",
        (PROFIT,),
    ),
    Mutant(
        "a yes counts at any price",
        "sentinel/plan/profit_taking.py",
        "return drift_pct <= facts.policy.approval_drift_pct and approved.qty == _asked_qty(approved, holding, facts)",
        "return approved.qty == _asked_qty(approved, holding, facts)",
        (PROFIT,),
    ),
    Mutant(
        "a yes to seven shares sells all that are held",
        "sentinel/plan/profit_taking.py",
        "return drift_pct <= facts.policy.approval_drift_pct and approved.qty == _asked_qty(approved, holding, facts)",
        "return drift_pct <= facts.policy.approval_drift_pct",
        (PROFIT,),
    ),
    Mutant(
        "a yes counts for ever",
        "sentinel/plan/profit_taking.py",
        "if holding.last_price is None or facts.session.now >= approved.expires_at:",
        "if holding.last_price is None:",
        (PROFIT,),
    ),
    Mutant(
        "profits are sold during a halt",
        "sentinel/plan/profit_taking.py",
        "if facts.book.halt_reason is not None:",
        "if facts.book.latch_reason is not None:",
        (PROFIT,),
    ),
    Mutant(
        "the last guard lets a profit be sold during a halt",
        "sentinel/plan/guards.py",
        "if action.reason is ExitReason.PROFIT and halted is not None:",
        "if action.reason is ExitReason.PROFIT and facts.book.latch_reason is not None:",
        (GUARDS,),
    ),
    Mutant(
        "the same shares are put on sale twice",
        "sentinel/plan/guards.py",
        "if action.qty > most:\n        words",
        "if False:\n        words",
        (GUARDS,),
    ),
    Mutant(
        "a stop is placed for shares that another order already sells",
        "sentinel/plan/guards.py",
        "if action.qty > most:\n        return _too_many",
        "if False:\n        return _too_many",
        (GUARDS,),
    ),
)

IN_PARTS = (
    Mutant(
        "half of a trade is sold, and then half of the rest",
        "sentinel/plan/partial_profits.py",
        "part_qty(holding.position.whole_shares, policy) > 0 and not is_settled(holding, facts)",
        "part_qty(holding.position.whole_shares, policy) > 0",
        (PARTS,),
    ),
    Mutant(
        "the leg behind a whole position is cancelled in an open market to sell a part",
        "sentinel/plan/partial_profits.py",
        "return cut.stop.order_class is OrderClass.SIMPLE and cut.stop.status in AMENDABLE",
        "return cut.stop.status in AMENDABLE",
        (PARTS,),
    ),
    Mutant(
        "a part is sold on the wildest of days",
        "sentinel/plan/partial_profits.py",
        "if bar.range_pct <= policy.breaker_range_multiple * usual:",
        "if bar.range_pct > 0:",
        (PARTS,),
    ),
)

ON_SALE = (
    Mutant(
        "of two orders that sell the same position only the larger is counted",
        "sentinel/plan/guards.py",
        "group = order.parent_id or order.id",
        'group = order.parent_id or ""',
        (GUARDS,),
    ),
    Mutant(
        "stop and target of a bracket count twice, and shares beside them stay bare",
        "sentinel/plan/guards.py",
        "group = order.parent_id or order.id",
        "group = order.id",
        (GUARDS,),
    ),
)

ENTERED = (
    Mutant(
        "entries go out during a halt",
        "sentinel/plan/vetoes.py",
        "    reason = facts.book.halt_reason\n    if reason is None:",
        "    reason = facts.book.halt_reason\n    if reason:",
        (GUARDS,),
    ),
    Mutant(
        "entries go out although too much went wrong",
        "sentinel/plan/vetoes.py",
        "    reason = facts.book.latch_reason\n    if reason is None:",
        "    reason = facts.book.latch_reason\n    if reason:",
        (GUARDS,),
    ),
    Mutant(
        "entries go out however deep the drawdown is",
        "sentinel/plan/limits.py",
        "    if fall <= most:",
        "    if fall >= 0:",
        (ENTRIES,),
    ),
    Mutant(
        "a second entry goes out while the first one waits",
        "sentinel/plan/vetoes.py",
        "    if waiting is None:",
        "    if waiting:",
        (GUARDS,),
    ),
    Mutant(
        "asking twice for the same entry sends two",
        "sentinel/plan/entries.py",
        "if order.purpose is Purpose.ENTRY and is_same and is_same_stop and request.qty in (None, order.qty):",
        "if order.purpose is None and is_same and is_same_stop and request.qty in (None, order.qty):",
        (ENTRIES,),
    ),
)

BOOKED = (
    Mutant(
        "shares nobody can explain are taken for a split",
        "sentinel/plan/splits.py",
        "return ratio if is_by_price else None",
        "return ratio",
        (POSITIONS,),
    ),
    Mutant(
        "a ghost is priced by whatever sale of its symbol comes first",
        "sentinel/plan/ghosts.py",
        "    if missing > 0:\n        return None\n",
        "    if not found:\n        return None\n",
        (GHOSTS,),
    ),
    Mutant(
        "shares sold and bought again are still the old trade",
        "sentinel/plan/ghosts.py",
        "if held <= 0 and not are_other_units(paid / bought, position.avg_entry_price):",
        "if held <= 0 and not bought:",
        (POSITIONS,),
    ),
    Mutant(
        "an empty account is believed whatever the ledger holds",
        "sentinel/plan/guards.py",
        'return ", ".join(missing) if missing else None',
        "return None",
        (GUARDS,),
    ),
    Mutant(
        "a sale of three shares explains the end of seven",
        "sentinel/plan/guards.py",
        "return sum(closing, Decimal(0)) >= trade.qty",
        "return sum(closing, Decimal(0)) > 0",
        ("tests/stories/test_adversity.py::test_a_part_sale_does_not_explain_an_empty_account",),
    ),
)

MUTANTS_OF_PLANS = (*COVERED, *LEVELLED, *RESCUED, *TAKEN_AWAY, *GROWN, *SOLD, *IN_PARTS, *ON_SALE, *ENTERED, *BOOKED)
