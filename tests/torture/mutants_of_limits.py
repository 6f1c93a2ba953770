"""Bugs in the limits before every order: in their rules, in what sets them aside, and in the pace of requests."""

from tests.torture.mutant import Mutant

LIMITS = "tests/plan/test_limits.py"
STORIES = "tests/stories/test_limits.py"
PACE = "tests/broker/test_pace.py"
RULES_FILE = "sentinel/plan/limits.py"

JUDGED = (
    Mutant(
        "money that waiting orders will take counts as money to spend",
        "sentinel/plan/sizing.py",
        "    own = account.cash - waiting\n",
        "    own = account.cash + waiting\n",
        (LIMITS,),
    ),
    Mutant(
        "the collar is not asked",
        RULES_FILE,
        '    Rule("price_collar", _price_collar),\n',
        "",
        (LIMITS,),
    ),
    Mutant(
        "the collar holds a short against the wrong side",
        RULES_FILE,
        "away = (entry.limit_price - bar.close) * entry.side.sign / bar.close * HUNDRED",
        "away = (entry.limit_price - bar.close) / bar.close * HUNDRED",
        (LIMITS,),
    ),
    Mutant(
        "where no price is known every price is within the collar",
        RULES_FILE,
        "    if bar is None or bar.close <= 0:\n        words",
        "    if bar is None:\n        return None\n    if bar.close <= 0:\n        words",
        (LIMITS,),
    ),
    Mutant(
        "the price of an older session counts as the last",
        RULES_FILE,
        "if bar is None or bar.day >= oldest:",
        "if bar is None or bar.day:",
        (LIMITS,),
    ),
    Mutant(
        "a stop may lie as near as it likes",
        RULES_FILE,
        "if away + tick < percent_of(price, policy.min_stop_pct):",
        "if away < 0:",
        (LIMITS,),
    ),
    Mutant(
        "an order may cost whatever the account has",
        RULES_FILE,
        '    Rule("order_value", _room("order_value")),\n',
        "",
        (LIMITS,),
    ),
    Mutant(
        "the broker's own count of the cash is not heard",
        "sentinel/plan/sizing.py",
        "own = min(own, account.non_marginable_buying_power)",
        "own = max(own, account.non_marginable_buying_power)",
        (LIMITS,),
    ),
    Mutant(
        "what waits at the broker and not in the ledger takes no room",
        "sentinel/plan/sizing.py",
        "if order.is_live and not order.is_leg and _opens(order, facts):",
        "if order.is_live and order.purpose and not order.is_leg and _opens(order, facts):",
        (LIMITS,),
    ),
    Mutant(
        "a lost ledger begins a new day of entries",
        RULES_FILE,
        "len(names | facts.book.entered_today)",
        "len(facts.book.entered_today)",
        (LIMITS,),
    ),
    Mutant(
        "what was stopped out today may be entered again today",
        RULES_FILE,
        "return order.filled_qty > 0 and is_todays",
        "return order.filled_qty > 0 and is_todays and order.is_live",
        (LIMITS,),
    ),
    Mutant(
        "a blocked symbol is entered",
        RULES_FILE,
        "if entry.symbol not in facts.policy.blocked_symbols:",
        "if entry.symbol in facts.policy.blocked_symbols:",
        (LIMITS,),
    ),
    Mutant(
        "a computer a day behind enters as if nothing were wrong",
        RULES_FILE,
        "off_s = abs(facts.clock_skew.total_seconds())",
        "off_s = -abs(facts.clock_skew.total_seconds())",
        (LIMITS,),
    ),
)

SET_ASIDE = (
    Mutant(
        "an override lets every rule pass",
        RULES_FILE,
        "not (rule.may_override and rule.name in entry.overrides)",
        "not (rule.may_override and entry.overrides)",
        (LIMITS,),
    ),
    Mutant(
        "an override lets a veto pass",
        RULES_FILE,
        "not (rule.may_override and rule.name in entry.overrides)",
        "rule.name not in entry.overrides",
        (LIMITS,),
    ),
    Mutant(
        "a veto can be named among the overrides",
        RULES_FILE,
        "        if name in OVERRIDABLE:\n            continue\n",
        "        if any(rule.name == name for rule in RULES):\n            continue\n",
        (LIMITS,),
    ),
    Mutant(
        "a rule is set aside without a reason",
        RULES_FILE,
        "SHORTEST_REASON, LONGEST_REASON = 10, 200",
        "SHORTEST_REASON, LONGEST_REASON = 0, 200",
        (LIMITS,),
    ),
    Mutant(
        "the reason of an override is not in the audit",
        "sentinel/execution/hand.py",
        'self.ledger.audit("override", entry.symbol, told)',
        "del told",
        (STORIES,),
    ),
    Mutant(
        "the reason of an override is not with the order",
        "sentinel/plan/entries.py",
        "    if request.overrides:\n",
        "    if request.overrides == ():\n",
        (LIMITS,),
    ),
    Mutant(
        "the last guard asks no limit before an entry is sent",
        "sentinel/plan/guards.py",
        "return refusal_of(action, facts)",
        "return None",
        (LIMITS,),
    ),
)

PACED = (
    Mutant(
        "a run asks as fast as it can",
        "sentinel/broker/transport.py",
        "        self.pace.wait()\n",
        "",
        (PACE,),
    ),
    Mutant(
        "requests are counted and none ever waits",
        "sentinel/broker/pace.py",
        "return max(window_s, self._not_before - now)",
        "return self._not_before - now",
        (PACE,),
    ),
)

REDUCING = (
    Mutant(
        "what is sold is what was held when the evening began",
        "sentinel/execution/handover.py",
        "qty = min(action.qty, position.whole_shares, int(abs(position.qty_available)))",
        "qty = action.qty",
        ("tests/stories/test_selling.py::test_a_sale_is_of_what_is_held_and_free_the_moment_before_it_goes_out",),
    ),
)

MUTANTS_OF_LIMITS = (*JUDGED, *SET_ASIDE, *PACED, *REDUCING)
