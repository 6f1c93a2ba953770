"""The runs as a list: what each did in figures, and how well it went over all of them."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rich.console import Console, ConsoleOptions, Group, RenderResult
from rich.text import Text

from sentinel.domain.runs import Deed, DeedOutcome
from sentinel.report.coverage_table import bare_table
from sentinel.report.document import document, instant
from sentinel.report.words import MISSING, clean, count

if TYPE_CHECKING:
    from sentinel.ledger import RunRow

FAILED = frozenset({DeedOutcome.REFUSED, DeedOutcome.UNRESOLVED})
# Each figure, and how a person reads it: with its noun, or as it stands.
FIGURES = {
    "entries_sent": "{} entered",
    "entries_filled": "{} filled",
    "entries_taken_back": "{} taken back",
    "stops_filled": "{} stopped out",
    "sales_filled": "{} sold",
    "rescues_ok": "{} rescued",
    "rescues_failed": "{} NOT rescued",
    "raises": "{} raised",
    "raises_failed": "{} not raised",
    "renewed": "{} renewed",
    "owed": "{} owed",
    "sales_sent": "{} selling",
    "ghosts_closed": "{} ghost",
    "adopted": "{} adopted",
    "synced": "{} synced",
    "orphans": "{} orphan",
}
# A verb that ended well, and the figure it counts for.
DONE = {
    "submit_entry": "entries_sent",
    "cancel_entry": "entries_taken_back",
    "place_stop": "rescues_ok",
    "raise_stop": "raises",
    "renew_stop": "renewed",
    "owe": "owed",
    "close_position": "sales_sent",
    "close_trade": "ghosts_closed",
    "adopt_position": "adopted",
    "resize_trade": "synced",
    "split_trade": "synced",
    "rename_trade": "synced",
    "cancel_stop": "orphans",
}
NOT_DONE = {"place_stop": "rescues_failed", "raise_stop": "raises_failed"}
FILLED = {"follow_entry": "entries_filled", "follow_stop": "stops_filled", "follow_exit": "sales_filled"}
COLUMNS = ("run", "session", "command", "by", "took", "req", "exit", "did")
RIGHT = ("run", "took", "req", "exit")
# What a narrow window goes without.
NARROW = 72
DISPENSABLE = ("by", "took", "req")


@dataclass(frozen=True, slots=True)
class RunLine:
    """One run and its figures, of which those that are zero are left out."""

    run: "RunRow"
    figures: Mapping[str, int]

    @property
    def seconds(self) -> float | None:
        """How long it took, its first look included; None while it is at work, or when it was cut off."""
        return None if self.run.ended_at is None else (self.run.ended_at - self.run.started_at).total_seconds()

    @property
    def fills(self) -> int:
        """Entries, stops and sales that traded."""
        return sum(self.figures.get(name, 0) for name in FILLED.values())

    @property
    def rescues_attempted(self) -> int:
        """Stops that were to be placed behind bare shares, placed or not."""
        return self.figures.get("rescues_ok", 0) + self.figures.get("rescues_failed", 0)


def figures_of(deeds: Iterable[Deed]) -> Counter[str]:
    """How often each figure's deed was done; what a refused one left owed counts as owed too."""
    figures: Counter[str] = Counter()
    for deed in deeds:
        figures.update(_figures_of(deed))
    return figures


def _figures_of(deed: Deed) -> Iterable[str]:
    if deed.outcome in FAILED:
        if deed.verb in NOT_DONE:
            yield NOT_DONE[deed.verb]
        if deed.detail.startswith("owed:"):
            yield "owed"
    elif deed.outcome is DeedOutcome.DONE and deed.verb in FILLED and deed.has_traded:
        yield FILLED[deed.verb]
    elif deed.outcome is DeedOutcome.DONE and deed.verb in DONE:
        yield DONE[deed.verb]


def runs_screen(lines: Sequence[RunLine]) -> Group | Text:
    """One line a run, newest first, and the totals."""
    if not lines:
        return Text("no run yet: `sentinel evening-workflow` makes the first one")
    return Group(_RunTable(lines), Text(), Text(_summary(lines)))


@dataclass(frozen=True, slots=True)
class _RunTable:
    """One line a run, in the columns the window has room for."""

    lines: Sequence[RunLine]

    def __rich_console__(self, _console: Console, options: ConsoleOptions) -> RenderResult:
        """Called by Rich, which knows how wide the window is."""
        columns = [name for name in COLUMNS if options.max_width >= NARROW or name not in DISPENSABLE]
        table = bare_table()
        for name in columns:
            is_last = name == "did"
            table.add_column(name, justify="right" if name in RIGHT else "left", no_wrap=not is_last)
        for line in self.lines:
            cells = dict(zip(COLUMNS, _cells(line), strict=True))
            table.add_row(*(cells[name] for name in columns), style="" if line.run.exit_code == 0 else "yellow")
        yield table


def _cells(line: RunLine) -> tuple[str, ...]:
    run, took = line.run, MISSING if line.seconds is None else f"{line.seconds:.1f} s"
    requests, exit_code = (MISSING if number is None else str(number) for number in (run.requests, run.exit_code))
    told = str(run.id), str(run.session or MISSING), clean(run.command), run.source
    return *told, took, requests, exit_code, _words(line.figures)


def _words(figures: Mapping[str, int]) -> str:
    return ", ".join(words.format(figures[name]) for name, words in FIGURES.items() if figures.get(name)) or MISSING


def _summary(lines: Sequence[RunLine]) -> str:
    totals = totals_of(lines)
    parts = [f"{count(totals['runs'], 'run')}, {totals['clean']} ended well"]
    for tried, done in (("rescues", "rescues_ok"), ("raises", "raises")):
        if totals[f"{tried}_attempted"]:
            parts.append(f"{totals[done]} of {totals[f'{tried}_attempted']} {tried} done")
    return "; ".join(parts)


def totals_of(lines: Sequence[RunLine]) -> dict[str, Any]:
    """The sums over these runs, and of what was tried the percentage that was done; None where nothing was tried."""
    sums: Counter[str] = Counter()
    for line in lines:
        sums.update(line.figures)
    ended = [line.run.exit_code for line in lines if line.run.exit_code is not None]
    rescues, raises = sum(line.rescues_attempted for line in lines), sums["raises"] + sums["raises_failed"]
    return {
        "runs": len(lines),
        "ended": len(ended),
        "clean": ended.count(0),
        "requests": sum(line.run.requests or 0 for line in lines),
        "duration_seconds": sum(line.seconds or 0 for line in lines),
        "fills": sum(line.fills for line in lines),
        **{name: sums[name] for name in FIGURES},
        "rescues_attempted": rescues,
        "raises_attempted": raises,
        "clean_pct": _percentage(ended.count(0), len(ended)),
        "rescue_success_pct": _percentage(sums["rescues_ok"], rescues),
        "raise_success_pct": _percentage(sums["raises"], raises),
    }


def _percentage(part: int, whole: int) -> str | None:
    return None if not whole else f"{100 * part / whole:.1f}"


def runs_document(lines: Sequence[RunLine], command: str) -> dict[str, Any]:
    """The document of `runs`: every figure of every run, zero or not, and the totals over the runs listed."""
    rows = [
        {
            "run_id": line.run.id,
            "session": line.run.session.isoformat() if line.run.session else None,
            "command": line.run.command,
            "source": line.run.source,
            "started_at": instant(line.run.started_at),
            "ended_at": instant(line.run.ended_at),
            "duration_seconds": line.seconds,
            "fills": line.fills,
            **{name: line.figures.get(name, 0) for name in FIGURES},
            "rescues_attempted": line.rescues_attempted,
            "requests": line.run.requests,
            "exit_code": line.run.exit_code,
        }
        for line in lines
    ]
    return document(command, 0, runs=rows, totals=totals_of(lines))
