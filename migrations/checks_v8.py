"""What a value of schema 8 must satisfy, as SQL; part of the steps that use it and as unchangeable as they are."""

ORDER_STATUSES = (
    "new",
    "partially_filled",
    "filled",
    "done_for_day",
    "canceled",
    "expired",
    "replaced",
    "pending_cancel",
    "pending_replace",
    "pending_review",
    "accepted",
    "pending_new",
    "accepted_for_bidding",
    "stopped",
    "rejected",
    "suspended",
    "calculated",
    "held",
    "unknown",
)
ENDED_STATUSES = ("filled", "canceled", "expired", "replaced", "rejected")
SIDES = ("buy", "sell")
PURPOSES = ("entry", "stop", "raise", "exit", "cancel")
INTENT_STATES = ("planned", "sent", "confirmed", "rejected", "abandoned")
EXIT_REASONS = ("stop_filled", "profit", "manual", "unknown")
OWED_KINDS = ("raise", "exit")
APPROVAL_STATES = ("waiting", "approved", "rejected", "expired", "done")
DEED_OUTCOMES = ("done", "refused", "unresolved", "skipped", "planned")
SEVERITIES = ("info", "warning", "alarm")
COVERAGE_STATES = ("protected", "protected_old_level", "partly_protected", "pending", "unverified", "naked")
MODES = ("sim", "paper", "live")
SOURCES = ("hand", "cron", "api")


def listed(values: tuple[str, ...]) -> str:
    """Values as an SQL list."""
    return "(" + ", ".join(f"'{value}'" for value in values) + ")"


def one_of(column: str, values: tuple[str, ...]) -> str:
    """The column holds one of the values (or NULL, where NULL is allowed)."""
    return f"CHECK ({column} IN {listed(values)})"


def is_number(text: str) -> str:
    """The text is a plain decimal such as 7 or 102.50: digits, at most one point with digits around it."""
    return f"{text} GLOB '[0-9]*' AND {text} NOT GLOB '*[^0-9.]*' AND {text} NOT GLOB '*.*.*' AND {text} NOT GLOB '*.'"


def amounts(*columns: str) -> str:
    """Each column holds a decimal that is not negative."""
    return ",\n  ".join(f"CHECK ({is_number(column)})" for column in columns)


def signed_amounts(*columns: str) -> str:
    """Each column holds a decimal that may carry a minus."""
    return ",\n  ".join(
        f"CHECK ({is_number(f'substr({column}, 1 + ({column} GLOB {chr(39)}-*{chr(39)}))')})" for column in columns
    )


def positive(column: str) -> str:
    """The column, a decimal as text, is more than zero."""
    return f"CHECK (CAST({column} AS REAL) > 0)"


def times(*columns: str) -> str:
    """Each column holds a moment in UTC, written 2026-11-20T21:05:00.000000Z, so that text order is time order."""
    return ",\n  ".join(
        f"CHECK ({column} IS NULL OR ({column} GLOB '????-??-??T??:??:??.??????Z' AND DATETIME({column}) IS NOT NULL))"
        for column in columns
    )


def days(*columns: str) -> str:
    """Each column holds a date, written 2026-11-20."""
    return ",\n  ".join(f"CHECK ({column} IS NULL OR DATE({column}) IS {column})" for column in columns)


def json_of(column: str, kind: str) -> str:
    """The column holds JSON whose outermost value is an array or an object."""
    return f"CHECK (CASE WHEN json_valid({column}) THEN json_type({column}) = '{kind}' ELSE 0 END)"


def booleans(*columns: str) -> str:
    """Each column holds 0 or 1."""
    return ",\n  ".join(f"CHECK ({column} IN (0, 1))" for column in columns)
