"""Bugs in what is done: intents, requests, chains of them, and what the ledger learns."""

from tests.torture.mutant import Mutant

JOURNAL = "tests/execution/test_journal.py"
NAMING = "tests/execution/test_naming.py"
MEANWHILE = "tests/stories/test_meanwhile.py"
LAST_RESORTS = "tests/stories/test_last_resorts.py"
ADVERSITY = "tests/stories/test_adversity.py"
TROUBLE = "tests/stories/test_trouble.py"
EVENING = "tests/stories/test_evening.py"

INTENDED = (
    Mutant(
        "the intent is written down after the request",
        "sentinel/execution/journal.py",
        "            self.ledger.mark_sent(intent.name)\n            outcome = self._known(intent, send())\n",
        "            answer = send()\n            self.ledger.mark_sent(intent.name)\n"
        "            outcome = self._known(intent, answer)\n",
        (JOURNAL,),
    ),
    Mutant(
        "the intent is not committed before the request",
        "sentinel/execution/journal.py",
        "            self.ledger.mark_sent(intent.name)\n            outcome = self._known(intent, send())\n",
        "            with self.ledger.transaction():\n                self.ledger.mark_sent(intent.name)\n"
        "                outcome = self._known(intent, send())\n",
        (JOURNAL,),
    ),
    Mutant(
        "a transaction is open while the broker is asked",
        "sentinel/execution/journal.py",
        "            outcome = self._known(intent, send())\n",
        "            with self.ledger.transaction():\n                outcome = self._known(intent, send())\n",
        (JOURNAL,),
    ),
    Mutant(
        "a request without an answer is sent again before anybody asks what became of it",
        "sentinel/execution/journal.py",
        "        if isinstance(outcome, Unresolved):\n            return self.resolve(intent)\n",
        "        if isinstance(outcome, Unresolved):\n            return Unresolved(NEVER_ARRIVED)\n",
        (JOURNAL,),
    ),
    Mutant(
        "a timed-out entry is sent again under a new name",
        "sentinel/execution/hand.py",
        "            return self.broker.submit_entry(\n                name, entry.symbol,",
        "            return self.broker.submit_entry(\n"
        "                self.naming.next(entry.symbol, Purpose.ENTRY, facts), entry.symbol,",
        (f"{TROUBLE}::test_an_entry_whose_answer_is_lost_is_one_order_not_two",),
    ),
    Mutant(
        "an order's name is left to chance",
        "sentinel/domain/names.py",
        'return f"{self.stem}-{self.attempt}"',
        'return f"{self.stem}-" + str(__import__("random").randrange(10**9))',
        (NAMING,),
    ),
    Mutant(
        "the number of an attempt is not read from the broker's orders",
        "sentinel/execution/naming.py",
        "taken = {order.client_order_id for order in facts.orders.values()} | self._given",
        "taken = self._given",
        (NAMING,),
    ),
    Mutant(
        "a refusal of a name already taken is read as success, whatever took it",
        "sentinel/execution/journal.py",
        "return _proof(intent, found) if found else outcome",
        "return Confirmed(found) if found else outcome",
        (JOURNAL,),
    ),
    Mutant(
        "an order that died without a fill passes for a stop that rests",
        "sentinel/execution/journal.py",
        "if found.status in DEAD and not found.filled_qty:",
        "if found.status in DEAD and found.filled_qty:",
        (JOURNAL,),
    ),
    Mutant(
        "an order for other shares passes for the one that was meant",
        "sentinel/execution/journal.py",
        'return next((name.replace("_", " ") for name, value in wanted.items() if told[name] != value), None)',
        "return None",
        (JOURNAL,),
    ),
    Mutant(
        "recovery trusts the ledger and does not ask the broker",
        "sentinel/execution/journal.py",
        'outcome = self.resolve(intent) if was_sent else Unresolved("planned but never sent")',
        'outcome: Outcome = Confirmed() if was_sent else Unresolved("planned but never sent")',
        (JOURNAL,),
    ),
    Mutant(
        "a cancel nobody answered is taken for done",
        "sentinel/execution/journal.py",
        "is_done = target and (not target.is_live or target.status is OrderStatus.PENDING_CANCEL)",
        "is_done = target is not None",
        (JOURNAL,),
    ),
    Mutant(
        "an outcome is committed without the rows that belong to it",
        "sentinel/execution/journal.py",
        "        with self.ledger.transaction():\n            self.ledger.settle_intent(",
        "        if intent:\n            self.ledger.settle_intent(",
        (JOURNAL,),
    ),
    Mutant(
        "an intent is settled and the row of its order never written",
        "sentinel/execution/journal.py",
        "            if state is IntentState.CONFIRMED:\n                record(order)\n",
        "",
        (JOURNAL,),
    ),
)

CHAINED = (
    Mutant(
        "no guard is asked before a deed",
        "sentinel/execution/deeds.py",
        "refused = refusal(action, facts)",
        "refused = None if facts else refusal(action, facts)",
        (f"{LAST_RESORTS}::test_a_plan_that_breaks_a_rule_is_not_carried_out",),
    ),
    Mutant(
        "the stop of an entry is not verified in the answer",
        "sentinel/execution/deeds.py",
        "fault = leg_fault(entry, action)",
        "fault = leg_fault(entry, action) if not entry.id else None",
        (f"{TROUBLE}::test_the_leg_of_an_entry_is_verified",),
    ),
    Mutant(
        "an orphan is cancelled without a second look at its position",
        "sentinel/execution/deeds.py",
        "return position is not None and position.side is stop.side.opposite",
        "return False",
        (f"{LAST_RESORTS}::test_an_orphan_whose_position_a_list_missed_is_kept",),
    ),
    Mutant(
        "a stop that fills before its cancel is written down with nobody to end its trade",
        "sentinel/execution/hand.py",
        "        if ended.filled_qty <= stop.filled_qty:\n",
        "        if ended:\n",
        (f"{MEANWHILE}::test_a_stop_that_fills_before_its_cancel_has_done_the_sale_itself",),
    ),
    Mutant(
        "a stop that trades before its cancel is followed by one for all its shares",
        "sentinel/execution/handover.py",
        "            qty = min(qty, int(ended.remaining_qty))\n",
        "",
        (f"{MEANWHILE}::test_what_is_left_of_a_stop_that_fills_in_part_before_its_cancel_gets_the_higher_stop",),
    ),
    Mutant(
        "a raise cancels the old stop before it has tried to move it",
        "sentinel/execution/deeds.py",
        "        outcome = self.hand.move(action.order, action.to_price, action.because, facts)\n",
        "        self.hand.cancel(action.order, action.because, facts)\n"
        "        outcome = self.hand.move(action.order, action.to_price, action.because, facts)\n",
        (f"{EVENING}::test_a_stop_climbs_or_its_raise_is_owed_and_it_never_falls",),
    ),
    Mutant(
        "a raise the broker refuses tonight is forgotten",
        "sentinel/execution/deeds.py",
        "        self.hand.following.note(owed, facts)\n        return replace(refused, detail=",
        "        return replace(refused, detail=",
        (f"{EVENING}::test_an_owed_raise_becomes_an_alarm_after_three_evenings",),
    ),
    Mutant(
        "a stop fallen through is not marked, and nobody asks about the exit",
        "sentinel/execution/deeds.py",
        "is_breached = is_lower or action.is_emergency",
        "is_breached = is_lower and not action.is_emergency",
        (f"{EVENING}::test_a_breached_position_gets_an_emergency_stop_and_a_question",),
    ),
    Mutant(
        "a sale does not wait until the stop has let go of its shares",
        "sentinel/execution/handover.py",
        "            position = self.await_free(action.symbol, action.qty)\n",
        "            position = self.broker.position(action.symbol)\n",
        (f"{LAST_RESORTS}::test_shares_a_cancel_frees_a_little_late_are_waited_for",),
    ),
    Mutant(
        "a sale goes out although its stop's cancel still hangs",
        "sentinel/execution/handover.py",
        "if ended.status is not OrderStatus.CANCELED:",
        "if ended.status is OrderStatus.FILLED:",
        (f"{ADVERSITY}::test_a_cancel_still_on_its_way_is_no_exit_zero",),
    ),
    Mutant(
        "the stop is not put back after a refused sale",
        "sentinel/execution/handover.py",
        "backs = [self.put_back(stop, facts) for stop in freed]",
        "backs: list[Result] = []",
        (f"{LAST_RESORTS}::test_a_refused_sale_puts_the_stop_back_at_once",),
    ),
    Mutant(
        "the old stop is not put back when the broker refuses the higher one",
        "sentinel/execution/handover.py",
        "        back = self.put_back(ended, facts)\n",
        "        back = Result(DeedOutcome.REFUSED)\n",
        (f"{LAST_RESORTS}::test_a_refused_higher_stop_brings_the_old_one_back_at_once",),
    ),
    Mutant(
        "a line that breaks between cancel and placing leaves the shares bare",
        "sentinel/execution/handover.py",
        "            for stop in stops:\n                with suppress(SentinelError):",
        "            for stop in stops[:0]:\n                with suppress(SentinelError):",
        (f"{ADVERSITY}::test_a_raise_by_cancel_that_can_read_no_more_puts_a_stop_back",),
    ),
    Mutant(
        "control-c between cancel and placing leaves the shares bare",
        "sentinel/execution/handover.py",
        "        except BaseException:\n            for stop in stops:",
        "        except SentinelError:\n            for stop in stops:",
        (f"{ADVERSITY}::test_ctrl_c_between_cancel_and_placing_leaves_a_stop",),
    ),
    Mutant(
        "a stop the price has fallen through is refused and not placed lower",
        "sentinel/execution/handover.py",
        "        if market_price is None:\n            return outcome, False\n",
        "        if outcome:\n            return outcome, False\n",
        (f"{LAST_RESORTS}::test_a_stop_the_price_has_fallen_through_meanwhile_goes_under_the_market_at_once",),
    ),
)

RUN = (
    Mutant(
        "an account that is suddenly empty is acted on",
        "sentinel/execution/run.py",
        "if missing and not self.force:",
        "if missing and self.force:",
        (f"{TROUBLE}::test_an_account_that_is_suddenly_empty_is_refused_unless_forced",),
    ),
    Mutant(
        "a second look that shows nothing closes every trade",
        "sentinel/execution/run.py",
        "        if suddenly_empty(self.facts):",
        "        if suddenly_empty(self.facts) and not self.facts.book.trades:",
        (f"{LAST_RESORTS}::test_a_second_look_that_denies_every_position_is_not_believed",),
    ),
    Mutant(
        "one symbol the broker cannot show ends the run for all",
        "sentinel/execution/step_work.py",
        "        except (BrokerUnreachable, RowRefused) as error:",
        "        except RowRefused as error:",
        (f"{TROUBLE}::test_a_broken_symbol_costs_no_other_its_stop",),
    ),
    Mutant(
        "a bug met on one symbol leaves the others bare",
        "sentinel/execution/step_work.py",
        "            self._note_bug(action.symbol, bug)\n            return",
        "            raise\n            return",
        (f"{TROUBLE}::test_a_bug_met_on_one_symbol_leaves_no_other_bare",),
    ),
    Mutant(
        "shares found bare by the last look get no stop",
        "sentinel/execution/run.py",
        "self._carry_out(plan if self.rescues else plan.only(self.touched), LAST_RESCUE)",
        "self._carry_out(plan.only(()), LAST_RESCUE)",
        (f"{ADVERSITY}::test_a_cancel_that_looks_undone_and_is_done_is_answered_with_a_new_stop",),
    ),
    Mutant(
        "a run ends with exit 0 over naked shares",
        "sentinel/execution/run.py",
        "return self._write_down(coverage, 0 if is_clean else 1)",
        "return self._write_down(coverage, 0 if is_clean or coverage.is_bare else 1)",
        (f"{TROUBLE}::test_a_broken_symbol_costs_no_other_its_stop",),
    ),
    Mutant(
        "a ghost is closed without a second look",
        "sentinel/execution/second_look.py",
        "        facts = self._look(symbol, facts)\n",
        "",
        (f"{ADVERSITY}::test_a_list_that_misses_one_bare_position_is_not_believed",),
    ),
    Mutant(
        "the evening raises stops and rescues nobody",
        "sentinel/evening.py",
        '    Step("rescue", plan_rescue),  # protection first\n',
        "",
        (f"{EVENING}::test_a_stop_cancelled_behind_our_back_is_rescued_at_the_highest_level_it_had",),
    ),
    Mutant(
        "positions are read before orders, and a stop that fills in between looks like a naked position",
        "sentinel/execution/look.py",
        "    orders, unread = _orders(broker, book)\n    positions = broker.positions()\n",
        "    positions = broker.positions()\n    orders, unread = _orders(broker, book)\n",
        (f"{LAST_RESORTS}::test_a_stop_that_fills_during_the_look_gets_no_twin",),
    ),
    Mutant(
        "an order that no list shows any more is not asked for by its id",
        "sentinel/execution/look.py",
        "    known = [*_known_orders(book), *doubtful.items()]\n",
        "    known = [*doubtful.items()]\n",
        (f"{LAST_RESORTS}::test_an_entry_that_ended_many_orders_ago_is_asked_for_by_its_id",),
    ),
)

INTERRUPTED = (
    Mutant(
        "control-c cuts off the mutation in hand",
        "sentinel/execution/step_work.py",
        "with finishing_what_is_in_hand() if is_mutation(action) else nullcontext():",
        "with finishing_what_is_in_hand() if is_note(action) else nullcontext():",
        ("tests/stories/test_signals.py::test_a_signal_lets_the_mutation_in_hand_be_finished",),
    ),
    Mutant(
        "a laptop that slept acts on what it read before",
        "sentinel/execution/freshness.py",
        "        if self.is_old:",
        "        if self.is_old and not self._limit:",
        ("tests/stories/test_signals.py::test_a_laptop_that_slept_between_two_raises_reads_everything_again",),
    ),
)

LEARNED = (
    Mutant(
        "a split leaves the highest level in old dollars",
        "sentinel/execution/following.py",
        "highest_stop_price=in_new_units(trade.highest_stop_price),",
        "highest_stop_price=trade.highest_stop_price,",
        ("tests/stories/test_hands.py::test_a_forward_split_is_nobodys_hand_and_a_level_kept_through_it",),
    ),
    Mutant(
        "a new entry is attached to the trade that was stopped out",
        "sentinel/execution/following.py",
        "if trade is not None and has_been_flat(trade, facts):",
        "if trade is not None and not trade:",
        (
            "tests/stories/test_reconcile.py::test_an_entry_that_fills_at_once_after_a_stop_nobody_followed_opens_a_trade_of_its_own",
        ),
    ),
    Mutant(
        "the level a stop has reached is not kept",
        "sentinel/execution/following.py",
        "highest = trade.side.tightest(trade.highest_stop_price, order.stop_price)",
        "highest = trade.highest_stop_price",
        (f"{EVENING}::test_a_stop_cancelled_behind_our_back_is_rescued_at_the_highest_level_it_had",),
    ),
    Mutant(
        "the level of a trade sinks with a stop lowered by hand",
        "sentinel/execution/following.py",
        "highest = trade.side.tightest(trade.highest_stop_price, order.stop_price)",
        "highest = order.stop_price",
        ("tests/stories/test_by_phone.py::test_a_stop_lowered_by_hand_is_raised_back",),
    ),
    Mutant(
        "a question that has lapsed still takes a yes",
        "sentinel/evening.py",
        "if waiting[number].expires_at <= now and state is ApprovalState.APPROVED]",
        "if waiting[number].expires_at <= now and state is ApprovalState.EXPIRED]",
        (f"{ADVERSITY}::test_a_question_that_has_expired_takes_no_yes",),
    ),
)

MUTANTS_OF_DEEDS = (*INTENDED, *CHAINED, *RUN, *INTERRUPTED, *LEARNED)
