"""One line a deed: the verb in words, what it was done to, how it ended, and why."""

from rich.text import Text

from sentinel.domain.runs import Deed, DeedOutcome
from sentinel.report.waiting import raise_to_do, sale_to_do
from sentinel.report.words import clean, flowing, price, shares

# verb: (done, would be done). `{qty}` and `{price}` come from the deed.
VERBS: dict[str, tuple[str, str]] = {
    "submit_entry": ("entry of {qty} shares at {price} sent", "would send an entry of {qty} shares at {price}"),
    "cancel_entry": ("entry taken back", "would take the entry back"),
    "place_stop": ("stop placed at {price} behind {qty} shares", "would place a stop at {price} behind {qty} shares"),
    "raise_stop": ("stop raised to {price}", "would raise the stop to {price}"),
    "renew_stop": ("stop renewed", "would renew the stop"),
    "grow_stop": ("stop grown to {qty} shares", "would grow the stop to {qty} shares"),
    "shrink_stop": ("stop shrunk to {qty} shares", "would shrink the stop to {qty} shares"),
    "free_shares": ("{qty} shares freed for a stop", "would free {qty} shares for a stop"),
    "split_trade": ("trade follows a split", "would follow a split"),
    "cancel_stop": ("stop cancelled", "would cancel the stop"),
    "close_position": ("sale sent", "would sell {qty} shares at the market"),
    "sell_part": ("sale of {qty} shares sent", "would sell {qty} shares at the market"),
    "offer_exit": ("sale of {qty} shares offered at {price}", "would offer the sale of {qty} shares at {price}"),
    "owe": ("", ""),  # in the words of what waits, see below
    "end_breach": ("breach over", "would strike the mark of the breach"),
    "forget": ("nothing owed any more", "would owe nothing any more"),
    "adopt_position": ("position adopted", "would adopt the position"),
    "resize_trade": ("trade resized to {qty} shares", "would resize the trade to {qty} shares"),
    "rename_trade": ("trade goes on under this symbol", "would go on under this symbol"),
    "name_trade": ("position named your own", "would name the position your own"),
    "close_trade": ("trade closed", "would close the trade"),
}
# What the broker told and the ledger wrote down: the reason is all the news there is.
NEWS = frozenset({"follow_entry", "follow_stop", "follow_exit"})
_STYLES = {
    DeedOutcome.DONE: "",
    DeedOutcome.PLANNED: "cyan",
    DeedOutcome.SKIPPED: "yellow",
    DeedOutcome.REFUSED: "bold red",
    DeedOutcome.UNRESOLVED: "bold red",
}
_SUFFIXES = {
    DeedOutcome.SKIPPED: "SKIPPED",
    DeedOutcome.REFUSED: "REFUSED by the broker",
    DeedOutcome.UNRESOLVED: "NOT KNOWN whether done",
}


# The step whose debts are sales; every other step owes raises.
SELLING_STEP = "profit"
# A short is sold to open and bought to close.
SHORT_WORDS = (
    ("an entry of", "a short entry of"),
    ("entry of", "short entry of"),
    ("the sale of", "buying back"),
    ("sale of", "buying back of"),
    ("sale sent", "buy order sent"),
    ("would sell", "would buy back"),
)


def sentence(deed: Deed, *, is_short: bool = False) -> Text:
    """What was done (or would be), how it ended when not well, and because of what."""
    if deed.verb in NEWS and deed.outcome in (DeedOutcome.DONE, DeedOutcome.PLANNED):
        return Text(flowing(deed.because))
    words = _words(deed, is_short=is_short)
    line = Text(words, _STYLES[deed.outcome])
    if deed.outcome in _SUFFIXES:
        line.append(f": {_SUFFIXES[deed.outcome]}")
    if deed.detail and deed.detail not in words:
        line.append(f" ({flowing(deed.detail)})", "")
    line.append(f", because {flowing(deed.because)}", "dim")
    return line


def _words(deed: Deed, *, is_short: bool) -> str:
    if deed.verb == "owe":
        is_sale = deed.step == SELLING_STEP
        return sale_to_do(deed.qty, None, is_short=is_short) if is_sale else raise_to_do(deed.price)
    done, would = VERBS.get(deed.verb, (clean(deed.verb.replace("_", " ")),) * 2)
    form = done if deed.outcome is DeedOutcome.DONE else would
    for long, short in SHORT_WORDS if is_short else ():
        if long in form:
            form = form.replace(long, short, 1)
            break
    words = form.format(qty=shares(deed.qty), price=price(deed.price)).replace(" 1 shares", " 1 share")
    return words.removeprefix("would " if deed.outcome in _SUFFIXES else "")
