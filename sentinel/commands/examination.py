"""The doctor's examination: each part is looked at on its own, so that one that is broken hides no other."""

import os
import shlex
import shutil
import stat
from collections.abc import Callable, Generator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from sentinel.commands.audit_heads import disagreement_with_heads
from sentinel.commands.crash_report import KEY_VARIABLES, KEYS_FILE
from sentinel.commands.offline import utc_now
from sentinel.commands.permission import permission_of
from sentinel.commands.session import LEDGER_FILE, broker_of
from sentinel.commands.timetable import crontab_line, timetable_of
from sentinel.domain.errors import SentinelError
from sentinel.report.health import (
    Check,
    fail,
    failed,
    judge_account,
    judge_audit,
    judge_binding,
    judge_clock,
    judge_copies,
    judge_last_run,
    judge_schedule,
    judge_space,
    ok,
    warn,
)
from sentinel.report.words import count, day

if TYPE_CHECKING:
    from sentinel.ledger import BoundAccount, Ledger
    from sentinel.settings import Settings

FOLDERS = ("backups", "logs", "reports")


def examine(home: Path) -> tuple[Check, ...]:
    """Every check of a home, in the order a run would stumble over them; nothing is written."""
    return tuple(_Examination(home).checks())


class _Examination:
    """One home under examination; what cannot be read stays None, and its failure is a check."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.settings: Settings | None = None
        self.bound: BoundAccount | None = None
        self.account_number: str | None = None
        self.is_ledger_read = False

    def checks(self) -> Iterator[Check]:
        """All of them."""
        yield from self._trapped("settings", self._settings)
        # Before the broker: it tells whose account to expect there.
        ledger = list(self._trapped("ledger", self._ledger))
        if self.settings is None:
            yield warn("broker", "not asked, for the settings cannot be read", "mend the settings first")
        elif (yield from self._keys_are_there(self.settings)):
            yield from self._trapped("broker", self._broker)
        else:
            yield warn("broker", "not asked, for there are no keys to show it", "mend the keys first")
        yield from self._trapped("arming", self._arming)
        yield from ledger
        yield from self._trapped("backups", self._backups)
        yield from self._trapped("disk", self._disk)
        yield from self._trapped("folders", self._folders)
        yield from self._trapped("schedule", self._schedule)

    def _trapped(self, name: str, part: Callable[[], Iterator[Check]]) -> Iterator[Check]:
        """The checks of a part; an error that Sentinel or the system explains ends the part as a failed check."""
        try:
            yield from part()
        except (SentinelError, OSError) as error:
            yield failed(name, error)

    def _settings(self) -> Iterator[Check]:
        from sentinel.settings import load_settings

        self.settings = load_settings(self.home)
        yield ok("settings", f"{self.settings.path.name} can be read; mode {self.settings.broker.mode}")

    def _keys_are_there(self, settings: "Settings") -> Generator[Check, None, bool]:
        from sentinel.settings import hosts_for, keys_for

        try:
            if hosts_for(settings) is None:
                yield ok("keys", "the embedded exchange needs none of yours")
                return True
            keys_for(settings, self.home)
        except SentinelError as error:
            yield failed("keys", error)
            return False
        if any(os.environ.get(name) for name in KEY_VARIABLES):
            yield ok("keys", "in the environment")
        elif (self.home / KEYS_FILE).exists():
            yield ok("keys", f"in {KEYS_FILE}, which only you can read")
        else:
            yield ok("keys", "in the system's keyring")
        return True

    def _broker(self) -> Iterator[Check]:
        assert self.settings is not None
        mode = self.settings.broker.mode
        with broker_of(self.home, self.settings, leaves_no_trace=True) as broker:
            account, session = broker.account(), broker.session()
            skew = session.now - utc_now()
        self.account_number = account.number
        yield ok("broker", f"answers; the market is {'open' if session.is_open else 'closed'}")
        yield judge_account(account)
        if self.is_ledger_read:
            yield judge_binding(account, self.bound, mode)
        else:
            yield warn("binding", "not compared, for the ledger cannot be read", "mend the ledger first")
        if mode != "sim":
            yield judge_clock(skew)

    def _arming(self) -> Iterator[Check]:
        if self.settings is None or self.settings.broker.mode != "live":
            return
        permission = permission_of(self.home, self.settings, utc_now())
        permission.refuse_unless_armed(self.home)
        if self.account_number is not None:
            permission.refuse_another(self.account_number)
        for notice in permission.findings:
            yield warn("arming", notice.message, notice.remedy)
        if permission.arming is not None and not permission.findings:
            yield ok("arming", f"live account {permission.arming.account_number} until {day(permission.arming.until)}")

    def _ledger(self) -> Iterator[Check]:
        from sentinel.ledger import Ledger, damage_in

        path = self.home / LEDGER_FILE
        with Ledger.open_read_only(path, is_checked=False) as ledger:
            self.bound = ledger.bound_account()
            self.is_ledger_read = True
            damage = damage_in(path)
            for line in damage:
                yield fail("ledger", line, "put a sound copy back: `sentinel restore` names them")
            if not damage:
                yield ok("ledger", f"{LEDGER_FILE} is sound, schema {ledger.schema_version}, audit unbroken")
                yield from _audit(ledger, self.home)
            yield from _business(ledger)

    def _backups(self) -> Iterator[Check]:
        from sentinel.ledger import damage_in
        from sentinel.ledger.copying import copies

        found = copies(self.home / "backups", Path(LEDGER_FILE).stem)
        if not found:
            yield warn("backups", "there is no copy of the ledger", "run `sentinel backup`; every run makes one too")
            return
        damage = damage_in(found[-1])
        if damage:
            yield fail("backups", f"the newest copy is damaged: {damage[0]}", "run `sentinel backup` for a sound one")
            return
        made_at = datetime.fromtimestamp(found[-1].stat().st_mtime, UTC)
        yield judge_copies(len(found), max(utc_now() - made_at, timedelta(0)))

    def _disk(self) -> Iterator[Check]:
        yield judge_space(shutil.disk_usage(self.home).free)

    def _folders(self) -> Iterator[Check]:
        faults = list(_faults(self.home))
        yield from faults
        if not faults:
            yield ok("folders", "all can be written, and the ledger is yours alone")

    def _schedule(self) -> Iterator[Check]:
        found = timetable_of(self.home)
        yield judge_schedule(found.cron_lines, found.timers, found.idle_timers, crontab_line(self.home))


def _audit(ledger: "Ledger", home: Path) -> Iterator[Check]:
    """Whether it is the ledger the last run left; one begun in the place of a damaged one is told as a pause."""
    from sentinel.ledger import noted_heads, quarantine_in_force

    if quarantine_in_force(ledger) is None:
        found, head = disagreement_with_heads(ledger, home), ledger.audit_head()
        yield judge_audit(head.number if head else 0, len(noted_heads(home)), found and found[1])


def _business(ledger: "Ledger") -> Iterator[Check]:
    """What of the ledger a run would begin with."""
    open_ones = ledger.unsettled_intents()
    if open_ones:
        symbols = ", ".join(sorted({intent.symbol for intent in open_ones}))
        told = f"{count(len(open_ones), 'request')} without an answer yet ({symbols})"
        yield warn("unfinished", told, "run `sentinel evening-workflow`: it asks the broker what became of them")
    reason = ledger.halt_reason()
    if reason is not None:
        yield warn("halt", f"halted: {reason}", "sentinel resume --reason TEXT, when entries may go on")
    paused = ledger.latch_reason()
    if paused is not None:
        yield warn("pause", f"entries are paused: {paused}", "sentinel resume --reason TEXT, once you know why")
    yield judge_last_run(ledger.last_run(), utc_now())


def _faults(home: Path) -> Iterator[Check]:
    """Folders that are missing or cannot be written, and a ledger others can read."""
    for folder in (home, *(home / name for name in FOLDERS)):
        if not folder.exists():
            yield warn("folders", f"{folder} is missing", "`sentinel init` makes what is missing")
        elif not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
            yield fail("folders", f"{folder} is no folder you can write to", f"make it one: chmod u+rwx {folder}")
    for path, mode in ((home, 700), (home / LEDGER_FILE, 600)):
        if os.name == "posix" and path.exists() and stat.S_IMODE(path.stat().st_mode) & 0o077:
            verb = "enter" if path.is_dir() else "read"
            yield warn("folders", f"others can {verb} {path}", f"chmod {mode} {shlex.quote(str(path))}")
