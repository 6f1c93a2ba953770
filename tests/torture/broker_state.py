"""What the exchange's own state says of positions and of the orders that protect them; nothing of Sentinel is asked."""

from collections import defaultdict
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from tests.torture.verdicts import Cause

State = Mapping[str, Any]
Row = Mapping[str, Any]
# Levels of protection, the tightest first: stop price, shares.
Levels = list[tuple[Decimal, int]]

ENDED = frozenset({"filled", "canceled", "expired", "replaced", "rejected"})
# The states in which a stop is live protection (ALPACA 5.1); pending_cancel may vanish at any moment.
PROTECTS = frozenset(
    {"new", "accepted", "pending_new", "held", "partially_filled", "pending_replace", "accepted_for_bidding"}
)
NAME_PARTS = 6


def is_ours(order: Row) -> bool:
    """Whether the order carries a name Sentinel gives: snt, account, day, symbol, purpose, attempt."""
    return purpose_of(order["client_order_id"]) is not None


def purpose_of(client_order_id: str) -> str | None:
    """The purpose in a name of Sentinel's, None for any other name."""
    parts = client_order_id.split("-")
    return parts[4] if len(parts) == NAME_PARTS and parts[0] == "snt" else None


def positions(state: State) -> dict[str, Decimal]:
    """Shares by symbol, negative for a short."""
    return {row["symbol"]: Decimal(row["qty"]) for row in state["positions"] if Decimal(row["qty"])}


def last_prices(state: State) -> dict[str, Decimal]:
    """What each held symbol costs now."""
    return {row["symbol"]: Decimal(row["current_price"]) for row in state["positions"]}


def live_orders(state: State, symbol: str | None = None) -> list[Row]:
    """Orders that may still trade."""
    orders = [order for order in state["orders"] if order["status"] not in ENDED]
    return [order for order in orders if symbol in (None, order["symbol"])]


def remaining(order: Row) -> Decimal:
    """Shares still to trade."""
    return Decimal(order["qty"] or 0) - Decimal(order["filled_qty"])


def sleeps(order: Row, state: State) -> bool:
    """Whether the order is the leg of an entry that has not filled to the end (ALPACA 1.5)."""
    if order["status"] != "held" or order["order_class"] == "oco":
        return False
    parent = next((other for other in state["orders"] if other["id"] == order["parent_id"]), None)
    # A leg that was replaced keeps no parent of its own: its chain is asked.
    return parent is not None and parent["status"] != "filled"


def closing_orders(state: State, symbol: str, *, to_come: bool = False) -> list[Row]:
    """Live, wakeful orders on the side that closes the position; without a position, those that would close a long.

    One that waits to replace a live one is left out, for both stand for the same shares (ALPACA 3.2); of what is
    `to_come`, the one it replaces.
    """
    held = positions(state).get(symbol, Decimal(0))
    side = "buy" if held < 0 else "sell"
    live = live_orders(state, symbol)
    names, leaving = {order["id"] for order in live}, {order["replaces"] for order in live}
    standing = [order for order in live if (order["id"] not in leaving if to_come else order["replaces"] not in names)]
    awake = [order for order in standing if not sleeps(order, state)]
    if not held:
        return [order for order in awake if str(order["position_intent"]).endswith("_to_close")]
    return [order for order in awake if order["side"] == side]


def is_protection(order: Row) -> bool:
    """A stop, good till cancelled, in a state that can be relied on."""
    is_stop = order["type"] in ("stop", "trailing_stop")
    return is_stop and order["time_in_force"] == "gtc" and order["status"] in PROTECTS


def protection(state: State, symbol: str) -> Levels:
    """The levels under which shares of a position are, the tightest first; empty without a position."""
    held = positions(state).get(symbol, Decimal(0))
    if not held:
        return []
    stops = [order for order in closing_orders(state, symbol) if is_protection(order)]
    levels = [(Decimal(stop["stop_price"]), int(remaining(stop))) for stop in stops]
    return sorted(levels, reverse=held > 0)


def protected_shares(state: State, symbol: str) -> int:
    """Shares of a position under an active stop."""
    return sum(shares for _, shares in protection(state, symbol))


def leaving_shares(state: State, symbol: str) -> int:
    """Shares that a market order takes out at the open."""
    orders = [order for order in closing_orders(state, symbol) if order["type"] == "market"]
    return int(sum(remaining(order) for order in orders))


def whole_shares(state: State, symbol: str) -> int:
    """Shares of a position, without the fraction no stop can carry (ALPACA 2.7)."""
    return int(abs(positions(state).get(symbol, Decimal(0))))


def bare_shares(state: State, symbol: str) -> int:
    """Whole shares neither under a stop nor on their way out."""
    return max(0, whole_shares(state, symbol) - protected_shares(state, symbol) - leaving_shares(state, symbol))


def worst_case_exit(state: State, symbol: str, *, to_come: bool = False) -> Decimal:
    """Shares that go if every live closing order fills; the siblings of a bracket or OCO count once."""
    groups: dict[str, Decimal] = defaultdict(Decimal)
    for order in closing_orders(state, symbol, to_come=to_come):
        family = order["parent_id"] or order["id"]
        groups[family] = max(groups[family], remaining(order))
    return sum(groups.values(), Decimal(0))


def surplus(state: State, symbol: str, *, to_come: bool = False) -> Decimal:
    """Shares that would be sold beyond those held, were every closing order to fill."""
    closing = worst_case_exit(state, symbol, to_come=to_come)
    return max(Decimal(0), closing - abs(positions(state).get(symbol, Decimal(0))))


def entries(state: State, symbol: str) -> list[Row]:
    """Live entries of ours."""
    return [order for order in live_orders(state, symbol) if purpose_of(order["client_order_id"]) == "entry"]


def cause_of_bareness(state: State, symbol: str) -> Cause | None:
    """The fact that leaves shares bare whatever anybody does, None where there is none."""
    if any(Decimal(entry["filled_qty"]) for entry in entries(state, symbol)):
        return Cause.PARTIAL_ENTRY
    if symbol in state["halted"]:
        return Cause.HALT
    if any(order["status"] == "pending_cancel" for order in live_orders(state, symbol)):
        return Cause.HANGING_CANCEL
    reverse = [split for split in state["splits"] if split["symbol"] == symbol and Decimal(split["ratio"]) < 1]
    return Cause.REVERSE_SPLIT if reverse else None


def is_left_by_splits(order: Mapping[str, Any]) -> bool:
    """Whether a forward split leaves an order as it is: all but limits to buy and stops to sell (ALPACA 10.7)."""
    return bool(order["type"] == "market" or (order["type"] == "stop" and order["side"] == "buy"))


def is_open(state: State) -> bool:
    """Whether the market is open."""
    return bool(state["clock"]["is_open"])


def symbols(*states: State) -> list[str]:
    """Every symbol held or ordered in any of the states."""
    return sorted({row["symbol"] for state in states for kind in ("positions", "orders") for row in state[kind]})
