"""What every run did, noticed and proved, and the prices and the equity it saw."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal

from sentinel.domain.bars import Bar
from sentinel.domain.coverage import Coverage, CoverageRow
from sentinel.domain.findings import Finding
from sentinel.domain.runs import Deed, Rescues
from sentinel.ledger.ledger_file import LedgerFile
from sentinel.ledger.rows import Cell, RunRow, from_row, read_time, to_cell, to_row

RUNS = "SELECT * FROM runs ORDER BY id DESC LIMIT ?"
RUN = "SELECT * FROM runs WHERE id = ?"
FINDINGS = "SELECT * FROM findings WHERE run_id = ? ORDER BY id"
DEEDS = """SELECT deeds.* FROM run_steps JOIN deeds ON deeds.run_step_id = run_steps.id
           WHERE run_steps.run_id = ? ORDER BY deeds.id"""
# CROSS tells SQLite to begin with the few runs, not with all deeds.
DEEDS_SINCE = """SELECT run_steps.run_id, deeds.* FROM run_steps CROSS JOIN deeds ON deeds.run_step_id = run_steps.id
                 WHERE run_steps.run_id > ? ORDER BY run_steps.run_id, run_steps.id, deeds.id"""
LAST_LOOK = "SELECT * FROM runs WHERE looked_at IS NOT NULL ORDER BY looked_at DESC, id DESC LIMIT 1"
LAST_EVENING = LAST_LOOK.replace("WHERE", "WHERE command = 'evening-workflow' AND")
COVERAGE = "SELECT * FROM coverage WHERE run_id = ? ORDER BY symbol"
RESCUES = "SELECT * FROM v_rescues ORDER BY symbol"
RESCUES_OF = "SELECT * FROM v_rescues WHERE symbol = ?"
EQUITY_CURVE = "SELECT day, equity FROM equity ORDER BY day"
BARS_OF = "SELECT * FROM bars WHERE symbol = ? ORDER BY day"


class Telemetry(LedgerFile):
    """The runs of the ledger and what belongs to them."""

    def begin_run(
        self,
        command: str,
        source: str,
        session: date | None = None,
        as_of: datetime | None = None,
        started_at: datetime | None = None,
    ) -> int:
        """Note that a command is at work (source: hand, cron or api); the run's number."""
        row: dict[str, Cell] = {
            "command": command,
            "source": source,
            "session": to_cell(session),
            "as_of": to_cell(as_of),
        }
        return self._insert("runs", {**row, "started_at": to_cell(started_at or self._now())})

    def record_step(self, run_id: int, step: str, deeds: Sequence[Deed]) -> None:
        """Note that a step of a run is over, and its deeds."""
        with self.transaction():
            row: dict[str, Cell] = {"run_id": run_id, "step": step, "recorded_at": to_cell(self._now())}
            step_id = self._insert("run_steps", row)
            for deed in deeds:
                self._insert("deeds", {"run_step_id": step_id, **to_row(deed)})

    def record_findings(self, run_id: int, findings: Iterable[Finding]) -> None:
        """Add what a run noticed."""
        with self.transaction():
            for finding in findings:
                self._insert("findings", {"run_id": run_id, **to_row(finding)})

    def record_coverage(self, run_id: int, coverage: Coverage, looked_at: datetime) -> None:
        """Note the proof a run ended with; a second one takes the place of the first."""
        with self.transaction():
            self._update("runs", {"looked_at": to_cell(looked_at)}, run_id)
            self._write("DELETE FROM coverage WHERE run_id = ?", (run_id,))
            for row in coverage.rows:
                self._insert("coverage", {"run_id": run_id, **to_row(row)})

    def end_run(
        self,
        run_id: int,
        exit_code: int,
        requests: int,
        *,
        ended_at: datetime | None = None,
        session: date | None = None,
        as_of: datetime | None = None,
    ) -> None:
        """Note how a run ended; session and moment of the look replace those of its beginning where given."""
        row: dict[str, Cell] = {
            "exit_code": exit_code,
            "requests": requests,
            "ended_at": to_cell(ended_at or self._now()),
        }
        later = {"session": to_cell(session), "as_of": to_cell(as_of)}
        self._update("runs", {**row, **{name: cell for name, cell in later.items() if cell is not None}}, run_id)

    def last_run(self) -> RunRow | None:
        """The run begun last."""
        return next(iter(self.runs(1)), None)

    def runs(self, limit: int = 20) -> tuple[RunRow, ...]:
        """The latest runs, newest first."""
        return tuple(from_row(RunRow, row) for row in self._rows(RUNS, (limit,)))

    def run(self, run_id: int) -> RunRow | None:
        """The run with a number."""
        row = self._row(RUN, (run_id,))
        return from_row(RunRow, row) if row else None

    def deeds(self, run_id: int) -> tuple[Deed, ...]:
        """What a run did, in its order."""
        return tuple(from_row(Deed, row) for row in self._rows(DEEDS, (run_id,)))

    def findings(self, run_id: int) -> tuple[Finding, ...]:
        """What a run noticed."""
        return tuple(from_row(Finding, row) for row in self._rows(FINDINGS, (run_id,)))

    def deeds_since(self, run_id: int) -> tuple[tuple[int, Deed], ...]:
        """What every run after one did, in its order, each deed with the number of its run."""
        return tuple((row["run_id"], from_row(Deed, row)) for row in self._rows(DEEDS_SINCE, (run_id,)))

    def last_look(self) -> datetime | None:
        """When a run last looked at the broker to its end; fills before it are known."""
        looked = self.last_look_run()
        return looked.looked_at if looked else None

    def last_look_run(self) -> RunRow | None:
        """The run that last looked at the broker to its end."""
        row = self._row(LAST_LOOK)
        return from_row(RunRow, row) if row else None

    def last_evening(self) -> RunRow | None:
        """The evening that last looked at the broker to its end."""
        row = self._row(LAST_EVENING)
        return from_row(RunRow, row) if row else None

    def rescues_of(self, symbol: str) -> Rescues:
        """How the rescues of a symbol went, over all runs."""
        row = self._row(RESCUES_OF, (symbol,))
        return from_row(Rescues, row) if row else Rescues(symbol)

    def rescues(self) -> tuple[Rescues, ...]:
        """How the rescues of every symbol that ever needed one went, by symbol."""
        return tuple(from_row(Rescues, row) for row in self._rows(RESCUES))

    def last_coverage(self) -> tuple[Coverage, datetime, int] | None:
        """The latest proof, the moment of its look and its run."""
        look = self._row(LAST_LOOK)
        if look is None:
            return None
        rows = self._rows(COVERAGE, (look["id"],))
        coverage = Coverage(tuple(from_row(CoverageRow, row) for row in rows))
        return coverage, read_time(look["looked_at"]), look["id"]

    def record_equity(self, day: date, equity: Decimal, cash: Decimal) -> None:
        """Note the account's worth in dollars on an evening; the last word of a day counts."""
        row = {"day": to_cell(day), "equity": to_cell(equity), "cash": to_cell(cash)}
        self._upsert("equity", row, ["day"])

    def equity_curve(self) -> tuple[tuple[date, Decimal], ...]:
        """The account's worth in dollars, evening by evening."""
        return tuple((date.fromisoformat(row["day"]), Decimal(row["equity"])) for row in self._rows(EQUITY_CURVE))

    def record_bars(self, bars: Iterable[Bar]) -> None:
        """Note daily prices; the last word on a day counts."""
        with self.transaction():
            for bar in bars:
                self._upsert("bars", to_row(bar), ["symbol", "day"])

    def bars_of(self, symbol: str) -> tuple[Bar, ...]:
        """The daily prices known of a symbol, oldest first."""
        return tuple(from_row(Bar, row) for row in self._rows(BARS_OF, (symbol,)))
