"""Bugs at the edges: what the broker says and is told, the ledger's file, the lock, the log, the rehearsal."""

from tests.torture.mutant import Mutant

FAULTS = "tests/broker/test_faults.py"
READING = "tests/broker/test_reading.py"
REFUSALS = "tests/broker/test_refusals.py"
SENDING = "tests/broker/test_sending.py"
SECRETS = "tests/broker/test_secrets.py"
ARMING = "tests/commands/test_arming.py"
DEPARTURES = "tests/broker/test_departures.py"

READ = (
    Mutant(
        "a list that fails is read as an empty one",
        "sentinel/broker/reading.py",
        '        raise BrokerUnreachable(f"the broker is unwell: {path} answered {said}", TRY_AGAIN)',
        "        return []",
        (f"{FAULTS}::test_a_read_that_fails_is_tried_again_and_then_said",),
    ),
    Mutant(
        "the second page of open orders is never read",
        "sentinel/broker/reading.py",
        "            if len(rows) < ORDERS_A_PAGE:",
        "            if len(rows) <= ORDERS_A_PAGE:",
        (f"{READING}::test_the_next_page_starts_before_the_last_moment",),
    ),
    Mutant(
        "sleeping stops are left out of the recent orders",
        "sentinel/broker/reading.py",
        '"limit": str(ORDERS_A_PAGE), "nested": "true"}',
        '"limit": str(ORDERS_A_PAGE), "nested": "false"}',
        (f"{READING}::test_an_entry_is_listed_with_its_leg_by_name_id_and_among_the_recent",),
    ),
    Mutant(
        "any 404 means that there is no such position",
        "sentinel/broker/answers.py",
        'return self.status == 404 and error.get("code") == NOT_FOUND and is_known_address',
        "return self.status == 404 and (is_known_address or not error)",
        (f"{READING}::test_absence_is_only_what_the_broker_calls_so",),
    ),
    Mutant(
        "a status nobody documented reads as a resting order",
        "sentinel/broker/translator.py",
        'status=_word(OrderStatus, text(order, "status"), OrderStatus.UNKNOWN)',
        'status=_word(OrderStatus, text(order, "status"), OrderStatus.NEW)',
        (f"{READING}::test_orders_in_options_are_left_out_and_odd_ones_are_not",),
    ),
    Mutant(
        "a short position reads as a long one",
        "sentinel/broker/translator.py",
        "qty=abs(qty) * sign,",
        "qty=abs(qty),",
        (f"{READING}::test_positions_long_and_short_and_with_a_dot",),
    ),
)

TOLD = (
    Mutant(
        "the library sends an order again by itself",
        "sentinel/broker/transport.py",
        "client._retry = 0",
        "client._retry = 1",
        (f"{FAULTS}::test_an_order_without_an_answer_is_unresolved_and_sent_once",),
    ),
    Mutant(
        "an overloaded broker's answer is read as a no",
        "sentinel/broker/answers.py",
        "UNDECIDED = frozenset({408, 409, 425, 429, 499})",
        "UNDECIDED = frozenset({408, 409, 425, 499})",
        (f"{FAULTS}::test_an_order_without_an_answer_is_unresolved_and_sent_once",),
    ),
    Mutant(
        "a broken gateway's answer is read as a no",
        "sentinel/broker/answers.py",
        "return 400 <= self.status < 500 and self.status not in UNDECIDED",
        "return self.status >= 400 and self.status not in UNDECIDED",
        (REFUSALS,),
    ),
    Mutant(
        "the answer to another order passes for the answer to this one",
        "sentinel/broker/outcomes.py",
        "    if order.client_order_id != name:",
        "    if not order.client_order_id:",
        (f"{REFUSALS}::test_an_answer_that_says_nothing",),
    ),
    Mutant(
        "an entry is good for the day, and its stop dies at the close",
        "sentinel/broker/sending.py",
        'type="limit",\n            time_in_force="gtc",',
        'type="limit",\n            time_in_force="day",',
        (SENDING,),
    ),
    Mutant(
        "an entry goes out without its order class, and the broker drops the stop in silence",
        "sentinel/broker/transport.py",
        '        common["order_class"] = OrderClass.OTO\n',
        "",
        (SENDING,),
    ),
    Mutant(
        "a stop may open a short",
        "sentinel/broker/sending.py",
        '            stop_price=_dollars(stop_price),\n            position_intent=f"{side}_to_close",\n',
        "            stop_price=_dollars(stop_price),\n",
        (SENDING,),
    ),
    Mutant(
        "a cancel without an id cancels every order there is",
        "sentinel/broker/sending.py",
        "    return str(UUID(order_id))",
        "    return order_id",
        (SENDING,),
    ),
    Mutant(
        "a dry run sends its stops",
        "sentinel/broker/rehearsal.py",
        "return self._pretend(replace(self._ticket(name, symbol, side, qty), stop_price=stop_price))",
        "return super().submit_stop(name, symbol, side, qty, stop_price)",
        ("tests/stories/test_evening.py::test_a_dry_rescue_exits_as_the_real_one_would",),
    ),
)

KEPT = (
    Mutant(
        "the ledger of another account is accepted",
        "sentinel/ledger/ledger.py",
        "elif (known.account_id, known.mode) != (account_id, mode):",
        "elif known.mode != mode:",
        ("tests/ledger/test_business.py",),
    ),
    Mutant(
        "the paper account's ledger is used for live money",
        "sentinel/ledger/ledger.py",
        "elif (known.account_id, known.mode) != (account_id, mode):",
        "elif known.account_id != account_id:",
        ("tests/ledger/test_business.py",),
    ),
    Mutant(
        "a commit does not wait for the disk",
        "sentinel/ledger/opening.py",
        'connection.execute("PRAGMA synchronous = EXTRA")',
        'connection.execute("PRAGMA synchronous = OFF")',
        ("tests/ledger/test_opening.py::test_every_connection_keeps_the_promises_of_the_disk",),
    ),
    Mutant(
        "an error inside a transaction keeps what was written before it",
        "sentinel/ledger/ledger_file.py",
        "            for statement in undo if self._connection.in_transaction else ():",
        "            for statement in keep if self._connection.in_transaction else ():",
        ("tests/ledger/test_transactions.py",),
    ),
    Mutant(
        "two runs work in one home at once",
        "sentinel/commands/home_lock.py",
        "        lock.acquire()\n",
        "        lock.is_locked\n",
        ("tests/commands/test_home_lock.py::test_the_second_run_names_the_first",),
    ),
    Mutant(
        "a dry run writes into the ledger",
        "sentinel/commands/run_ledger.py",
        "    if not call.is_dry_run:\n        with open_or_begin_anew(path, now) as ledger:",
        "    if call:\n        with open_or_begin_anew(path, now) as ledger:",
        ("tests/stories/test_evening.py::test_a_dry_run_shows_the_evening_and_neither_sends_nor_writes",),
    ),
    Mutant(
        "a value changed behind Sentinel's back is believed",
        "sentinel/ledger/soundness.py",
        'in load_part("seals").broken(connection):',
        'in load_part("seals").broken(connection)[:0]:',
        ("tests/ledger/test_damage.py::test_a_value_sentinel_did_not_write_is_no_ledger",),
    ),
    Mutant(
        "entries go on with a ledger that was begun anew",
        "sentinel/ledger/quarantine.py",
        "            ledger.latch(quarantine.reason)",
        "            quarantine.reason",
        ("tests/ledger/test_quarantine.py",),
    ),
)

SECRET = (
    Mutant(
        "a key is written into the log",
        "sentinel/logbook.py",
        "        self._masking = _Masking(secrets)",
        "        self._masking = _Masking(())",
        ("tests/test_logbook.py",),
    ),
    Mutant(
        "an error text repeats the keys",
        "sentinel/broker/transport.py",
        "return masked(text, self._secrets)",
        "return masked(text, ())",
        (SECRETS,),
    ),
    Mutant(
        "logins and proxies of the surroundings are used",
        "sentinel/broker/transport.py",
        "    session.trust_env = False\n",
        "    session.trust_env = True\n",
        (SECRETS,),
    ),
    Mutant(
        "the keys go to any host a variable names",
        "sentinel/settings/hosts.py",
        "if not (is_safe and has_plain_path and may_receive_keys(_origin(url))):",
        "if not (is_safe and has_plain_path):",
        ("tests/test_settings.py",),
    ),
    Mutant(
        "a live home sends without having been armed",
        "sentinel/commands/session.py",
        "        permission.refuse_unless_armed(home)\n",
        "        pass\n",
        (ARMING,),
    ),
    Mutant(
        "a home armed for one account trades another",
        "sentinel/commands/session.py",
        "        permission.refuse_another(account.number)\n",
        "",
        (ARMING,),
    ),
    Mutant(
        "an arming that has run out still opens positions",
        "sentinel/plan/vetoes.py",
        "    if facts.lapse is None:",
        "    if facts.lapse != '':",
        (ARMING,),
    ),
    Mutant(
        "a request leaves for any host there is",
        "sentinel/broker/transport.py",
        "        self.departures.check(request.method, request.url)\n",
        "",
        (DEPARTURES,),
    ),
    Mutant(
        "every order of the account can be ended at once",
        "sentinel/broker/departures.py",
        '    "DELETE": re.compile(_ORDER),',
        '    "DELETE": re.compile(f"{_ORDER}|/v2/orders"),',
        (DEPARTURES,),
    ),
    Mutant(
        "certificates are checked as the surroundings would have it",
        "sentinel/broker/transport.py",
        '"verify": True, "cert": None, ',
        "",
        (DEPARTURES,),
    ),
)

MUTANTS_OF_SIGHT = (*READ, *TOLD, *KEPT, *SECRET)
