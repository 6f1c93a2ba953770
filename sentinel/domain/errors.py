"""Errors that say what to do next and carry their exit code."""

from sentinel.domain.findings import Finding


class SentinelError(Exception):
    """A problem with a remedy; the command line prints both and exits with `exit_code`."""

    exit_code = 1

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        # What a run had found, symbol by symbol, before this ended it.
        self.alarms: tuple[Finding, ...] = ()


class UsageError(SentinelError):
    """Bad input or bad settings; nothing was sent and nothing was written."""

    exit_code = 2


class GuardRefusal(SentinelError):
    """A safety rule refused the deed: its name, the value it met and its limit, as people read them."""

    exit_code = 3

    def __init__(self, message: str, remedy: str, *, rule: str, value: str, limit: str) -> None:
        super().__init__(message, remedy)
        self.rule = rule
        self.value = value
        self.limit = limit


class BrokerUnreachable(SentinelError):
    """The broker did not answer, or refused the keys."""

    exit_code = 4


class LockHeld(SentinelError):
    """Another run is at work in this home."""

    exit_code = 5


class LedgerError(SentinelError):
    """The ledger cannot be trusted or written; nothing was sent."""

    exit_code = 3


class DeedFailed(SentinelError):
    """The broker refused, or its answer could not be made out; the trader is needed."""

    exit_code = 1
