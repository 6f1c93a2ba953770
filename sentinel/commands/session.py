"""The composition root: from a home to an engine ready to work, slow imports on the way, all closed in the end."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from sentinel.commands.broker_address import BrokerAddress, broker_address
from sentinel.commands.crash_report import known_secrets
from sentinel.commands.home_lock import home_lock
from sentinel.commands.options import Call
from sentinel.commands.permission import Permission, permission_of
from sentinel.commands.profit_question import ProfitQuestion
from sentinel.commands.run_ledger import back_up, run_ledger
from sentinel.commands.streams import Progress
from sentinel.domain.errors import SentinelError, UsageError
from sentinel.domain.findings import Finding, Severity

if TYPE_CHECKING:
    from sentinel.broker import Broker
    from sentinel.domain.positions import Account
    from sentinel.execution_engine import OrderExecutionEngine
    from sentinel.ledger import Ledger
    from sentinel.logbook import Logbook
    from sentinel.settings import Settings

LEDGER_FILE = "sentinel.db"


@dataclass(frozen=True, slots=True)
class Session:
    """One command's engine, with the home, settings and ledger it works on; a dry run keeps no log.

    `troubles` is what went wrong beside the run without keeping it from protecting: no log, no copy of the ledger.
    """

    home: Path
    settings: "Settings"
    ledger: "Ledger"
    engine: "OrderExecutionEngine"
    logbook: "Logbook | None"
    troubles: list[Finding] = field(default_factory=list)


@contextmanager
def open_session(call: Call) -> Iterator[Session]:
    """Lock the home, open the ledger, reach the broker, bind the account; SentinelError where one of them fails."""
    from sentinel.settings import find_home, load_settings

    home = find_home(call.home)
    settings = load_settings(home)
    permission = permission_of(home, settings, _now())
    if not call.is_dry_run:
        permission.refuse_unless_armed(home)
    with ExitStack() as stack:
        stack.enter_context(home_lock(home, call.command, leaves_no_trace=call.is_dry_run))
        troubles: list[Finding] = []
        notices: list[Finding] = []
        logbook = stack.enter_context(_logbook(home, settings, call, troubles))
        progress = Progress(logbook)
        stack.callback(progress.stop)
        progress("opening the ledger")
        ledger = stack.enter_context(run_ledger(home / LEDGER_FILE, call, _now, troubles, notices))
        progress("reaching the broker")
        address = stack.enter_context(broker_address(home, settings, leaves_no_trace=call.is_dry_run))
        if logbook is not None:
            logbook.hide(address.key, address.secret)
        broker = _connect(address, settings, progress)
        if call.is_dry_run:
            from sentinel.broker.rehearsal import Rehearsal

            broker = Rehearsal(broker)
        account = broker.account()
        permission.refuse_another(account.number)
        ledger.bind(account.id, account.number, settings.broker.mode)
        if not call.is_dry_run:
            # On first contact there is nothing to lose yet; a command that is refused leaves nothing behind.
            ledger.before_writing(lambda: back_up(ledger, home, settings.evening, troubles))
        engine = _engine(broker, ledger, settings, address, call, progress, permission, notices)
        yield Session(home, settings, ledger, engine, logbook, troubles)


@contextmanager
def engine_at(home: Path | str) -> Iterator["OrderExecutionEngine"]:
    """The engine of a home for a program's own use; SentinelError where lock, ledger or broker fail."""
    with open_session(Call(Path(home).expanduser(), "api", is_non_interactive=True)) as session:
        yield session.engine


@contextmanager
def broker_of(home: Path, settings: "Settings", *, leaves_no_trace: bool = False) -> Iterator["Broker"]:
    """The broker alone, without lock or ledger, to be asked and sent nothing."""
    with broker_address(home, settings, leaves_no_trace=leaves_no_trace) as address:
        yield _connect(address, settings)


def ask_account(home: Path, settings: "Settings") -> "Account":
    """The account the keys open; BrokerUnreachable when the broker does not answer or refuses them."""
    with broker_of(home, settings) as broker:
        return broker.account()


@contextmanager
def _logbook(home: Path, settings: "Settings", call: Call, troubles: list[Finding]) -> Iterator["Logbook | None"]:
    """One log file a run, which also keeps what ended it; a log that cannot be written keeps no run from its work."""
    if call.is_dry_run:
        yield None
        return
    from sentinel.logbook import open_logbook

    name, secrets = call.command.replace(" ", "-"), known_secrets(home)
    try:
        opened = open_logbook(home / "logs", name, _now, secrets, settings.evening.logs_kept)
    except UsageError as error:
        remedy = "let your user write there; the run itself was done without its log"
        troubles.append(Finding("log_lost", Severity.WARNING, None, error.message, remedy))
        yield None
        return
    with opened as logbook:
        try:
            yield logbook
        except BaseException as error:
            why, remedy = _in_words(error)
            logbook.error("the run ended early", error=error, why=why, remedy=remedy)
            raise


def _in_words(error: BaseException) -> tuple[str, str]:
    """Why a run ended early and what to do about it, as `status` tells it."""
    again = "run `sentinel evening-workflow`: it repairs"
    if isinstance(error, SentinelError):
        return error.message, error.remedy
    if isinstance(error, KeyboardInterrupt):
        return "it was interrupted", again
    if isinstance(error, OSError):
        return str(error), again
    return f"a bug ({type(error).__name__})", again


def _connect(address: BrokerAddress, settings: "Settings", progress: Progress | None = None) -> "Broker":
    from sentinel.broker import connect

    broker = connect(
        address.key,
        address.secret,
        address.trading_url,
        address.data_url,
        settings.broker.connect_timeout_s,
        settings.broker.read_timeout_s,
        settings.broker.read_attempts,
        settings.broker.read_wait_s,
    )
    broker.keep_pace(address.requests_per_minute, progress or (lambda _text: None))
    return broker


def _engine(
    broker: "Broker",
    ledger: "Ledger",
    settings: "Settings",
    address: BrokerAddress,
    call: Call,
    progress: Progress,
    permission: Permission,
    notices: list[Finding],
) -> "OrderExecutionEngine":
    from sentinel.execution.workplace import Workplace
    from sentinel.execution_engine import OrderExecutionEngine

    return OrderExecutionEngine(
        Workplace(
            broker=broker,
            ledger=ledger,
            policy=settings.risk,
            cancels_at_once=address.cancels_at_once,
            ghosts_deadline_s=settings.evening.ghosts_deadline_s,
            look_again_after_s=settings.evening.look_again_after_s,
            # What is not sold tonight is filed, not asked.
            ask=ProfitQuestion(broker, settings.risk, progress) if call.has_trader and not permission.lapse else None,
            progress=progress,
            lapse=permission.lapse,
            notices=(*notices, *permission.findings),
        )
    )


def _now() -> datetime:
    return datetime.now(UTC)
