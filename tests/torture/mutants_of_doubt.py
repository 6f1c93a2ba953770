"""Bugs in what is believed of orders that are on their way out, or whose status promises nothing."""

from tests.torture.mutant import Mutant

FAULTS = "tests/stories/test_faults.py"
WHICHEVER = "tests/stories/test_by_phone.py::test_whichever_command_meets_a_split_first_nothing_is_priced_in_old_shares"
STORY = "tests/stories/test_promises_that_do_not_hold.py"

MUTANTS_OF_DOUBT = (
    Mutant(
        "a stop of doubtful status is cancelled at night",
        "sentinel/plan/rescue.py",
        "return not facts.frees_now(order) and any(_protects_a_little(member, facts) for member in (order, *beside))",
        "return False",
        (STORY,),
    ),
    Mutant(
        "a stop-limit or a stop for the day is cancelled at night",
        "sentinel/plan/rescue.py",
        "    if order.type is OrderType.LIMIT:\n        return False\n    parent",
        "    if order.is_protecting:\n        return False\n    parent",
        (STORY,),
    ),
    Mutant(
        "a sleeping stop counts while the order beside it is being cancelled",
        "sentinel/domain/facts.py",
        "if parent is None or self.is_ending_with_its_group(order):",
        "if parent is None:",
        (STORY,),
    ),
    Mutant(
        "a sale whose cancel hangs counts as the way out",
        "sentinel/domain/facts.py",
        'o for o in self.exits(position) if o.is_protecting and o.time_in_force != "cls"',
        'o for o in self.exits(position) if o.time_in_force != "cls"',
        (STORY,),
    ),
    Mutant(
        "a sale at tomorrow's close counts as the way out",
        "sentinel/domain/facts.py",
        'o for o in self.exits(position) if o.is_protecting and o.time_in_force != "cls"',
        "o for o in self.exits(position) if o.is_protecting",
        (STORY,),
    ),
    Mutant(
        "a sale a halt keeps from filling is no news",
        "sentinel/plan/coverage.py",
        "    if late is not None:\n",
        "    if late is None and late:\n",
        (STORY,),
    ),
    Mutant(
        "the trader's market sale is taken back while the market is open",
        "sentinel/plan/rescue.py",
        "return facts.session.is_open or (not order.is_protecting and not facts.frees_now(order))",
        "return not order.is_protecting and not facts.frees_now(order)",
        (STORY,),
    ),
    Mutant(
        "an entry of ours keeps shares bought by hand bare",
        "sentinel/plan/rescue.py",
        "if entry is not None and entry.purpose is Purpose.ENTRY and entry.status is not OrderStatus.PENDING_CANCEL:",
        "if entry is not None and entry.purpose is Purpose.EXIT and entry.status is not OrderStatus.PENDING_CANCEL:",
        (STORY,),
    ),
    Mutant(
        "shares bought before a reverse split prove a sale",
        "sentinel/plan/ghosts.py",
        "if held <= 0 and not are_other_units(paid / bought, position.avg_entry_price):",
        "if held <= 0:",
        ("tests/plan/test_positions.py", STORY),
    ),
    Mutant(
        "a yes sells whatever is held under the symbol now",
        "sentinel/plan/profit_taking.py",
        "if holding.trade is not None and not is_still_held(holding.trade, facts):",
        "if False:",
        (STORY,),
    ),
    Mutant(
        "a split of shares the list missed is not followed before their stop is placed",
        "sentinel/execution/step_work.py",
        "            self._carry_out(self._plan(step).only(missed), step)\n",
        "            pass\n",
        (f"{FAULTS}::test_a_split_of_shares_that_the_list_missed_is_followed_before_their_stop_is_placed",),
    ),
    Mutant(
        "reconcile-fills places stops by the prices from before a split",
        "sentinel/execution_engine.py",
        "RECONCILE_FILLS = RESCUE_STOPS",
        'RECONCILE_FILLS = (Step("fills", plan_fills), Step("rescue", plan_rescue))',
        (WHICHEVER,),
    ),
    Mutant(
        "a gain is reckoned in the shares from before a split",
        "sentinel/plan/splits.py",
        "return trade.is_ignored or is_split or",
        "return trade.is_ignored or",
        (WHICHEVER,),
    ),
)
