"""The rules every entry must keep, as one table: planned by it, judged by it again before it is sent."""

from collections.abc import Callable, Iterable, Iterator
from datetime import date
from decimal import Decimal

from sentinel.domain.actions import SubmitEntry
from sentinel.domain.errors import GuardRefusal, UsageError
from sentinel.domain.facts import Facts
from sentinel.domain.findings import Finding, Severity
from sentinel.domain.money import HUNDRED, dollars, percent_of, shares, tick_size, to_cent
from sentinel.domain.names import Purpose, read_order_name
from sentinel.domain.orders import Order
from sentinel.plan import vetoes
from sentinel.plan.breach import HALT, NOT_ARMED, RULES_OF_REQUESTS, Breach, Rule
from sentinel.plan.sizing import rooms, tightest_room
from sentinel.signals.performance import drawdown_pct, yearly_sharpe

SHORTEST_REASON, LONGEST_REASON = 10, 200
# What is refused elsewhere than here, and by nobody's word allowed.
VETOES_ELSEWHERE = ("position_size", *RULES_OF_REQUESTS)


def _blocked_symbols(entry: SubmitEntry, facts: Facts) -> Breach | None:
    if entry.symbol not in facts.policy.blocked_symbols:
        return None
    told = ", ".join(facts.policy.blocked_symbols)
    return Breach(f"{entry.symbol} is one of your blocked symbols ({told})", entry.symbol, told, "choose another")


def _allowed_symbols(entry: SubmitEntry, facts: Facts) -> Breach | None:
    allowed = facts.policy.allowed_symbols
    if not allowed or entry.symbol in allowed:
        return None
    told = ", ".join(allowed)
    return Breach(f"{entry.symbol} is none of your allowed symbols ({told})", entry.symbol, told, "choose one of them")


def _drawdown(_entry: SubmitEntry, facts: Facts) -> Breach | None:
    fall, most = drawdown_pct(_equities(facts)), facts.policy.max_drawdown_pct
    if fall <= most:
        return None
    words = f"the equity is {fall:.1f} % under its peak, beyond {most} %"
    remedy = "entries pause until it recovers; stops go on (risk.max_drawdown_pct)"
    return Breach(words, f"{fall:.1f} %", f"{most} %", remedy)


def _sharpe(_entry: SubmitEntry, facts: Facts) -> Breach | None:
    equities, least = _equities(facts), facts.policy.min_sharpe
    ratio = yearly_sharpe(equities) if len(equities) >= facts.policy.sharpe_min_evenings else None
    if ratio is None or ratio >= least:
        return None
    words = f"the yearly Sharpe ratio is {ratio:.2f}, under {least}"
    remedy = "entries pause until it recovers; stops go on (risk.min_sharpe)"
    return Breach(words, f"{ratio:.2f}", str(least), remedy)


def _equities(facts: Facts) -> list[Decimal]:
    return [*(equity for _, equity in facts.book.equity_curve), facts.account.equity]


def _clock_skew(_entry: SubmitEntry, facts: Facts) -> Breach | None:
    """Which day and which price are the last is read by two clocks: they must agree."""
    most = facts.policy.max_clock_skew_s
    off_s = abs(facts.clock_skew.total_seconds()) if facts.clock_skew is not None else 0
    if facts.clock_skew is None or off_s <= most:
        return None
    side = "behind" if facts.clock_skew.total_seconds() > 0 else "ahead of"
    words = f"this computer's clock is {off_s:.0f} s {side} the broker's, more than {most} s"
    return Breach(words, f"{off_s:.0f} s", f"{most} s", "let the system keep the time: timedatectl set-ntp true")


def _duplicate_entry(entry: SubmitEntry, facts: Facts) -> Breach | None:
    """A symbol is entered once a day: what has filled today counts even where it was stopped out or sold since."""
    twin = next((order for order in _entries(facts) if order.symbol == entry.symbol and _counts(order, facts)), None)
    if twin is None:
        return None
    words = (
        f"an entry of {shares(twin.filled_qty)} of {entry.symbol} has filled today, and a symbol is entered once a day"
    )
    return Breach(words, "1 entry today", "1 entry a day", "wait for another day")


def _counts(order: Order, facts: Facts) -> bool:
    """Sent or filled in this session, and not for nothing: what was cancelled without a fill is as if never sent."""
    is_todays = _day_of(order) == facts.today or (order.filled_at is not None and order.filled_at.date() == facts.today)
    return order.filled_qty > 0 and is_todays


def _entries_per_day(_entry: SubmitEntry, facts: Facts) -> Breach | None:
    """By the broker's own orders too, so that a ledger that was lost or put back begins no new day."""
    names = {order.client_order_id for order in _entries(facts) if _day_of(order) == facts.today}
    sent, most = len(names | facts.book.entered_today), facts.policy.max_entries_per_day
    if sent < most:
        return None
    words = f"{sent} entries have been sent in this session, and {most} are the most"
    return Breach(words, str(sent), str(most), "wait for the next session, or change risk.max_entries_per_day")


def _entries(facts: Facts) -> Iterator[Order]:
    return (order for order in facts.orders.values() if order.purpose is Purpose.ENTRY)


def _day_of(order: Order) -> date | None:
    name = read_order_name(order.client_order_id)
    return name.day if name else None


def _data_age(entry: SubmitEntry, facts: Facts) -> Breach | None:
    """A price of an older session says nothing about today: a symbol that was halted, or data that has stopped."""
    bar, session = facts.bars.get(entry.symbol), facts.session
    # While the market is open a symbol may not have traded yet: then the session before it is the last one.
    is_young = session.is_open and len(session.closes) > 1
    oldest = session.closes[-2].date() if is_young else session.day
    if bar is None or bar.day >= oldest:
        return None
    words = f"the last price known of {entry.symbol} is of {bar.day}, not of the last session, {oldest}"
    return Breach(words, str(bar.day), str(oldest), "find out whether it is halted, or try again later")


def _price_collar(entry: SubmitEntry, facts: Facts) -> Breach | None:
    """On the side that pays more than the market asks; a limit that waits for a better price can only do that."""
    most, bar = facts.policy.price_collar_pct, facts.bars.get(entry.symbol)
    price = dollars(entry.limit_price)
    if bar is None or bar.close <= 0:
        words = f"no last close of {entry.symbol} is known to hold {price} against, and {most} % from it is the most"
        return Breach(words, "no last close", f"{most} %", "try again when there is market data")
    away = (entry.limit_price - bar.close) * entry.side.sign / bar.close * HUNDRED
    if away <= most:
        return None
    side, last = ("over" if entry.side.sign > 0 else "under"), dollars(bar.close)
    words = f"{price} for {entry.symbol} is {away:.2f} % {side} its last close of {last}, beyond {most} %"
    return Breach(words, f"{away:.2f} %", f"{most} %", "check the price you typed, or change risk.price_collar_pct")


def _stop_distance(entry: SubmitEntry, facts: Facts) -> Breach | None:
    """From entry to stop in percent of the entry; a tick more or less is the exchange's grid."""
    policy, price = facts.policy, entry.limit_price
    away, tick = abs(price - entry.stop_price), tick_size(entry.stop_price)
    told = f"{away / price * HUNDRED:.2f} %"
    words = f"the stop at {dollars(entry.stop_price)} lies {told} from the entry at {dollars(price)}"
    remedy = "give another --stop-loss-pct, or change risk.min_stop_pct and risk.max_stop_pct"
    if away + tick < percent_of(price, policy.min_stop_pct):
        return Breach(f"{words}, nearer than {policy.min_stop_pct} %", told, f"{policy.min_stop_pct} %", remedy)
    if away - tick > percent_of(price, policy.max_stop_pct):
        return Breach(f"{words}, farther than {policy.max_stop_pct} %", told, f"{policy.max_stop_pct} %", remedy)
    return None


def _room(rule: str) -> Callable[[SubmitEntry, Facts], Breach | None]:
    """The judge of one of the limits in dollars."""

    def judge(entry: SubmitEntry, facts: Facts) -> Breach | None:
        room = next(room for room in rooms(facts) if room.rule == rule)
        cost = entry.qty * entry.limit_price
        if cost <= room.dollars:
            return None
        value, left = f"${to_cent(cost):,}", f"${to_cent(max(room.dollars, Decimal(0))):,}"
        asked = f"{shares(entry.qty)} of {entry.symbol} at {dollars(entry.limit_price)} ({value})"
        tightest = tightest_room(facts, entry.overrides) or room
        most = tightest.shares(entry.limit_price)
        less = f"enter {shares(most)} at most" if most else "close or shrink a position first"
        return Breach(f"{asked} exceed {room.limit} ({left})", value, left, f"{less}, or change risk.{room.setting}")

    return judge


# In the order they are asked: what nobody can set aside comes first.
RULES = (
    Rule(HALT, vetoes.halt, may_override=False),
    Rule(NOT_ARMED, vetoes.not_armed, may_override=False),
    Rule("ledger_quarantined", vetoes.ledger_quarantined, may_override=False),
    Rule("latch", vetoes.latch, may_override=False),
    Rule("blocked_account", vetoes.blocked_account, may_override=False),
    Rule("not_tradable", vetoes.not_tradable, may_override=False),
    Rule("not_shortable", vetoes.not_shortable, may_override=False),
    Rule("already_held", vetoes.already_held, may_override=False),
    Rule("live_order", vetoes.live_order, may_override=False),
    Rule("wrong_side_stop", vetoes.wrong_side_stop, may_override=False),
    Rule("blocked_symbols", _blocked_symbols),
    Rule("allowed_symbols", _allowed_symbols),
    Rule("drawdown", _drawdown),
    Rule("sharpe", _sharpe),
    Rule("clock_skew", _clock_skew),
    Rule("duplicate_entry", _duplicate_entry),
    Rule("entries_per_day", _entries_per_day),
    Rule("data_age", _data_age),
    Rule("price_collar", _price_collar),
    Rule("stop_distance", _stop_distance),
    Rule("position_exposure", _room("position_exposure")),
    Rule("portfolio_exposure", _room("portfolio_exposure")),
    Rule("cash", _room("cash")),
    Rule("order_value", _room("order_value")),
)
OVERRIDABLE = tuple(rule.name for rule in RULES if rule.may_override)


def refusal_of(entry: SubmitEntry, facts: Facts) -> GuardRefusal | None:
    """The first rule the entry breaks and the trader has not set aside, with its value and its limit."""
    for rule in RULES:
        breach = rule.judge(entry, facts)
        if breach is not None and not (rule.may_override and rule.name in entry.overrides):
            return refused_by(rule, breach)
    return None


def refused_by(rule: Rule, breach: Breach) -> GuardRefusal:
    """The refusal of one rule; what may be set aside says how."""
    again = f'; for this one order: --override {rule.name} --reason "TEXT"' if rule.may_override else ""
    message, remedy = f"{breach.words} (rule {rule.name})", f"{breach.remedy}{again}"
    return GuardRefusal(message, remedy, rule=rule.name, value=breach.value, limit=breach.limit)


def overridden(entry: SubmitEntry, facts: Facts) -> Iterator[Finding]:
    """What the trader has set aside, each rule with what it would have said; one that says nothing is told too."""
    for rule in RULES:
        if rule.name not in entry.overrides:
            continue
        breach = rule.judge(entry, facts)
        if breach is None:
            message = f"{rule.name} refuses nothing of this entry in {entry.symbol}"
            yield Finding("override_unused", Severity.INFO, entry.symbol, message, "leave the override out")
        else:
            message = f"you set {rule.name} aside for this entry: {breach.words}; your reason: {entry.override_reason}"
            yield Finding("override", Severity.WARNING, entry.symbol, message, "it holds for this one order alone")


def checked_overrides(names: Iterable[str], reason: str) -> tuple[tuple[str, ...], str]:
    """The rules to be set aside and the reason for it, as typed; UsageError for what cannot be, or has no reason."""
    chosen, words = tuple(dict.fromkeys(names)), " ".join(reason.split())
    for name in chosen:
        if name in OVERRIDABLE:
            continue
        if name in VETOES_ELSEWHERE or any(rule.name == name for rule in RULES):
            raise UsageError(f"the rule {name} cannot be set aside", "remove its cause: no reason makes it safe")
        raise UsageError(f"there is no rule {name!r}", f"name one of {', '.join(OVERRIDABLE)}")
    if words and not chosen:
        raise UsageError("a reason without a rule to set aside", "name the rule with --override RULE, or leave it out")
    if chosen and not (SHORTEST_REASON <= len(words) <= LONGEST_REASON and words.isprintable()):
        raise UsageError(
            f"the reason to set {', '.join(chosen)} aside has {len(words)} characters",
            f'type why in {SHORTEST_REASON} to {LONGEST_REASON} characters: --reason "TEXT"; it is kept in the audit',
        )
    return chosen, words
