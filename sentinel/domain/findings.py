"""What a run noticed and a person should know."""

from dataclasses import dataclass
from enum import StrEnum

# The trader says no, and the sale is at the broker already.
SALE_PAST_A_NO = "sale_past_a_no"


class Severity(StrEnum):
    """How much a finding matters: `info` is news, `warning` wants a look, `alarm` is money at risk."""

    INFO = "info"
    WARNING = "warning"
    ALARM = "alarm"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing noticed, with what to do about it."""

    code: str
    severity: Severity
    symbol: str | None
    message: str
    remedy: str
