"""One line a deed: the verb in words, what it was done to, how it ended, and why."""

from rich.text import Text

from sentinel.domain.runs import Deed, DeedOutcome
from sentinel.report.words import clean, price, shares

# verb: (done, would be done). `{qty}` and `{price}` come from the deed.
VERBS: dict[str, tuple[str, str]] = {
    "submit_entry": ("entry of {qty} shares at {price} sent", "would send an entry of {qty} shares at {price}"),
    "cancel_entry": ("entry taken back", "would take the entry back"),
    "place_stop": ("stop placed at {price} behind {qty} shares", "would place a stop at {price} behind {qty} shares"),
    "raise_stop": ("stop raised to {price}", "would raise the stop to {price}"),
    "shrink_stop": ("stop shrunk to {qty} shares", "would shrink the stop to {qty} shares"),
    "free_shares": ("{qty} shares freed for a stop", "would free {qty} shares for a stop"),
    "split_trade": ("trade follows a split", "would follow a split"),
    "cancel_stop": ("stop cancelled", "would cancel the stop"),
    "close_position": ("sale sent", "would sell {qty} shares at the market"),
    "offer_exit": ("sale of {qty} shares offered at {price}", "would offer the sale of {qty} shares at {price}"),
    "owe": ("owed: {price} for {qty} shares", "would owe {price} for {qty} shares"),
    "forget": ("nothing owed any more", "would owe nothing any more"),
    "adopt_position": ("position adopted", "would adopt the position"),
    "resize_trade": ("trade resized to {qty} shares", "would resize the trade to {qty} shares"),
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


def sentence(deed: Deed) -> Text:
    """What was done (or would be), how it ended when not well, and because of what."""
    if deed.verb in NEWS and deed.outcome in (DeedOutcome.DONE, DeedOutcome.PLANNED):
        return Text(clean(deed.because))
    done, would = VERBS.get(deed.verb, (deed.verb.replace("_", " "),) * 2)
    words = (done if deed.outcome is DeedOutcome.DONE else would).format(qty=shares(deed.qty), price=price(deed.price))
    words = words.replace(" 1 shares", " 1 share").removeprefix("would " if deed.outcome in _SUFFIXES else "")
    line = Text(words, _STYLES[deed.outcome])
    if deed.outcome in _SUFFIXES:
        line.append(f": {_SUFFIXES[deed.outcome]}")
    if deed.detail:
        line.append(f" ({clean(deed.detail)})", "")
    line.append(f", because {clean(deed.because)}", "dim")
    return line
