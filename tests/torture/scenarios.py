"""The evenings that are tortured: each prepares a home and an exchange, then names the command under test."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.torture.desk import EVENING, Desk, Hours

EITHER_CANCEL = (Hours("new", "immediate"), Hours("new", "pending"))
ALL_HOURS = (*EITHER_CANCEL, Hours("accepted", "immediate"), Hours("accepted", "pending"))
ONE = (Hours(),)


@dataclass(frozen=True, slots=True)
class Scenario:
    """A name, what happens before, the command under test, and the command that repairs what a kill left."""

    name: str
    prepare: Callable[[Desk], None]
    hours: tuple[Hours, ...] = ONE
    line: str = EVENING
    repair: str = EVENING


def new_entry(desk: Desk) -> None:
    """Nothing held but an adopted share; the trader wants another."""
    desk.exchange.trade("MSFT", 5, "buy", 100)
    desk.evening()


def first_night(desk: Desk) -> None:
    """Two entries have filled today, one still waits."""
    desk.types("submit-entry-with-stop AAPL 100.00 7")
    desk.types("submit-entry-with-stop MSFT 100.00 5")
    desk.types("submit-entry-with-stop TSLA 90.00 4")
    desk.day()


def three_stairs(desk: Desk) -> None:
    """Three winners, each on another stair."""
    desk.holds("AAPL", "MSFT", "TSLA")
    desk.day(AAPL="108 110 107 109", MSFT="114 116 113 115", TSLA="112 113 111 112")


def adopted_raise(desk: Desk) -> None:
    """An adopted winner whose stop is a simple order, beside a bare one."""
    desk.exchange.trade("AAPL", 7, "buy", 100)
    desk.evening()
    desk.day(AAPL="108 110 107 109")
    desk.exchange.trade("MSFT", 5, "buy", 100)


def stop_filled_and_ghost(desk: Desk) -> None:
    """One stop filled today; another position was sold and its stop cancelled by telephone."""
    desk.holds("AAPL", "MSFT", "TSLA")
    desk.day(AAPL="95 96 90 91")
    desk.exchange.action(cancel={"order_id": desk.stop("MSFT")["id"]})
    desk.exchange.trade("MSFT", 7, "sell", 100)


def same_day_loss(desk: Desk) -> None:
    """An entry and its stop filled within one session."""
    desk.types("submit-entry-with-stop AAPL 100.00 7")
    desk.exchange.trade("MSFT", 5, "buy", 100)
    desk.day(AAPL="100 101 90 91")


def partial_entry(desk: Desk) -> None:
    """Three of seven shares filled: the leg sleeps, and what filled is bare (ALPACA 1.5)."""
    desk.types("submit-entry-with-stop AAPL 90.00 7")
    desk.exchange.trade("MSFT", 5, "buy", 100)
    desk.bars()
    desk.exchange.advance(to="open")
    (entry,) = [order for order in desk.exchange.state()["orders"] if order["type"] == "limit"]
    desk.exchange.action(partial_fill={"order_id": entry["id"], "qty": 3})
    desk.exchange.advance(to="close")


def question(desk: Desk) -> None:
    """A winner at its target, the question filed."""
    desk.holds("AAPL", "MSFT")
    desk.day(AAPL="119 121 118 120")
    desk.evening()


def owed_sale(desk: Desk) -> None:
    """A sale approved the evening before, its stop not to be freed at night: the market is open now."""
    question(desk)
    desk.types("approvals approve 1", 0, 1)
    desk.bars(AAPL="121 122 120 121")
    desk.exchange.advance(to="open")


def sale_waits(desk: Desk) -> None:
    """A sale approved and sent waits for the open, beside a bare position."""
    question(desk)
    desk.types("approvals approve 1", 0, 1)
    desk.exchange.trade("TSLA", 4, "buy", 100)


def partial_question(desk: Desk) -> None:
    """Two winners at 2.5 R, one under a leg and one under a simple stop; half of each is offered."""
    desk.sets(partial_profits="true", usual_range_sessions="2")
    desk.exchange.trade("AAPL", 7, "buy", 100)
    desk.evening()
    desk.holds("MSFT")
    desk.day(AAPL="119 121 118 120", MSFT="119 121 118 120")
    desk.evening()


def owed_part(desk: Desk) -> None:
    """A sale of a part approved the evening before, its stop not to be cut at night: the market is open now."""
    partial_question(desk)
    desk.types("approvals approve 1 2", 0, 1)
    desk.bars(AAPL="121 122 120 121", MSFT="121 122 120 121")
    desk.exchange.advance(to="open")


def orphan(desk: Desk) -> None:
    """A position sold by telephone leaves its stop behind."""
    desk.holds("AAPL", "MSFT")
    desk.day()
    desk.exchange.trade("AAPL", 7, "sell", 101)
    desk.exchange.trade("TSLA", 4, "buy", 100)


def hand_edits(desk: Desk) -> None:
    """In market hours a stop was lowered, another cancelled, shares bought: all by telephone."""
    desk.holds("AAPL", "MSFT", "TSLA")
    desk.bars()
    desk.exchange.advance(to="open")
    desk.exchange.action(replace={"order_id": desk.stop("AAPL")["id"], "stop_price": "85"})
    desk.exchange.action(cancel={"order_id": desk.stop("MSFT")["id"]})
    desk.exchange.trade("TSLA", 3, "buy", 100)
    desk.exchange.advance(to="close")


def sold_by_hand(desk: Desk) -> None:
    """Some shares under a leg and some under a simple stop were sold by telephone."""
    desk.exchange.trade("MSFT", 7, "buy", 100)
    desk.evening()
    desk.holds("AAPL")
    desk.day()
    desk.exchange.trade("AAPL", 2, "sell", 100)
    desk.exchange.trade("MSFT", 2, "sell", 100)


def forward_split(desk: Desk) -> None:
    """Four for one; the stop is adjusted where it is (ALPACA 10.7)."""
    desk.holds("AAPL", "MSFT")
    desk.exchange.action(split={"symbol": "AAPL", "ratio": 4})


def forward_split_by_new_orders(desk: Desk) -> None:
    """Four for one on a winner, whose adjusted stop has a new id and is to be raised."""
    desk.exchange.modes(split_orders="replaced")
    desk.holds("AAPL", "MSFT")
    desk.day(AAPL="108 110 107 109")
    desk.exchange.action(split={"symbol": "AAPL", "ratio": 4})


def reverse_split(desk: Desk) -> None:
    """One for ten: the exchange cancels the stop (ALPACA 10.7)."""
    desk.holds("AAPL", "MSFT", qty=10)
    desk.exchange.action(split={"symbol": "AAPL", "ratio": "0.1"})


def held_shares(desk: Desk) -> None:
    """A stray take-profit holds the shares a stop needs."""
    desk.exchange.trade("AAPL", 7, "buy", 100)
    desk.phones(limit_price="120")
    desk.exchange.trade("MSFT", 5, "buy", 100)


def owed_raise(desk: Desk) -> None:
    """A raise refused last evening; the market is open now."""
    three_stairs(desk)
    desk.evening(0, 1)
    desk.bars(AAPL="109 110 108 109", MSFT="115 116 114 115", TSLA="112 113 111 112")
    desk.exchange.advance(to="open")


def strange_account(desk: Desk) -> None:
    """The first evening ever: a bare long, a bare short, a stop and an OCO somebody else left."""
    desk.exchange.trade("AAPL", 7, "buy", 100)
    desk.exchange.trade("MSFT", 5, "buy", 100)
    desk.exchange.trade("TSLA", 4, "sell", 100)
    desk.phones(
        symbol="MSFT", qty="5", order_class="oco", take_profit={"limit_price": "120"}, stop_loss={"stop_price": "95"}
    )
    desk.phones(type="stop", stop_price="90", qty="3")


def short_raise(desk: Desk) -> None:
    """A short entered by Sentinel, in gain: its stop comes down."""
    desk.types("submit-entry-with-stop AAPL 100.00 7 --side sell")
    desk.day()
    desk.evening()
    desk.day(AAPL="93 93 91 92")
    desk.exchange.trade("MSFT", 5, "buy", 100)


def breach(desk: Desk) -> None:
    """The stop was cancelled by telephone and the price has run through where it stood."""
    desk.holds("AAPL", "MSFT")
    desk.exchange.action(cancel={"order_id": desk.stop("AAPL")["id"]})
    desk.day(AAPL="91 92 89 90")


def two_stops(desk: Desk) -> None:
    """A position under two stops, both to be raised."""
    desk.holds("AAPL")
    desk.exchange.trade("AAPL", 4, "buy", 100)
    desk.evening()
    desk.day(AAPL="108 110 107 109")


def changed_sides(desk: Desk) -> None:
    """More was sold by telephone than was held: the old stop is now on the wrong side."""
    desk.holds("AAPL", "MSFT")
    desk.exchange.trade("AAPL", 12, "sell", 100)


def about_to_lapse(desk: Desk) -> None:
    """The stops have few of their ninety days left, and a replacement gets no new ones (ALPACA 2.3)."""
    desk.holds("AAPL", "MSFT")
    desk.exchange.advance(sessions=57)
    desk.exchange.trade("TSLA", 4, "buy", 100)


def about_to_lapse_and_renewed(desk: Desk) -> None:
    """The same where a replacement gets ninety days of its own."""
    desk.exchange.modes(replaced_expiry="renewed")
    about_to_lapse(desk)


def halted(desk: Desk) -> None:
    """The trader halted entries and sales with a sale approved; protection goes on."""
    question(desk)
    desk.types("halt --reason torture")
    desk.day(AAPL="124 126 123 125")
    desk.exchange.trade("TSLA", 4, "buy", 100)


NEW_ENTRY = "submit-entry-with-stop AAPL 99.00 7"
# Four percent above the last close, where three are the limit.
PAST_A_LIMIT = "submit-entry-with-stop AAPL 104.00 7 --override price_collar --reason earnings-tomorrow"
SCENARIOS: tuple[Scenario, ...] = (
    Scenario("new-entry", new_entry, line=NEW_ENTRY, repair=NEW_ENTRY),
    Scenario("new-entry-short", new_entry, line=f"{NEW_ENTRY} --side sell", repair=EVENING),
    Scenario("entry-past-a-limit", new_entry, line=PAST_A_LIMIT, repair=EVENING),
    Scenario("first-night", first_night),
    Scenario("three-stairs", three_stairs, ALL_HOURS),
    Scenario("adopted-raise", adopted_raise, ALL_HOURS),
    Scenario("stop-filled-and-ghost", stop_filled_and_ghost),
    Scenario("same-day-loss", same_day_loss),
    Scenario("partial-entry", partial_entry, EITHER_CANCEL),
    Scenario("approved-sale", question, ALL_HOURS, line="approvals approve 1"),
    Scenario("owed-sale", owed_sale, (Hours("new", "pending"), Hours("accepted", "pending"))),
    Scenario("sale-waits", sale_waits),
    Scenario("partial-profit", partial_question, ALL_HOURS, line="approvals approve 1 2"),
    Scenario("owed-part", owed_part, (Hours("new", "pending"), Hours("accepted", "pending"))),
    Scenario("orphan", orphan, EITHER_CANCEL),
    Scenario("hand-edits", hand_edits, ALL_HOURS),
    Scenario("sold-by-hand", sold_by_hand, ALL_HOURS),
    Scenario("forward-split", forward_split),
    Scenario("forward-split-by-new-orders", forward_split_by_new_orders, ALL_HOURS),
    Scenario("reverse-split", reverse_split),
    Scenario("held-shares", held_shares, EITHER_CANCEL),
    Scenario("owed-raise", owed_raise, (Hours("accepted", "pending"),)),
    Scenario("strange-account", strange_account),
    Scenario("short-raise", short_raise, ALL_HOURS),
    Scenario("breach", breach),
    Scenario("two-stops", two_stops, ALL_HOURS),
    Scenario("about-to-lapse", about_to_lapse, ALL_HOURS),
    Scenario("about-to-lapse-and-renewed", about_to_lapse_and_renewed, ALL_HOURS),
    Scenario("changed-sides", changed_sides, EITHER_CANCEL),
    Scenario("halted", halted),
)
