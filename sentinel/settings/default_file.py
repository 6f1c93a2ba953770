"""Writes the settings file of a new home: every number with its default and one sentence that explains it."""

from decimal import Decimal
from pathlib import Path
from typing import cast

from sentinel.domain.errors import GuardRefusal, UsageError
from sentinel.settings.home import SETTINGS_FILE
from sentinel.settings.schema import Mode, tables

HEAD = (
    "Sentinel's settings for this home. Percentages are percent: 8 means 8 %. Money is dollars.",
    "A variable overrides a setting: SENTINEL_BROKER__MODE, SENTINEL_RISK__INITIAL_STOP_PCT, and so on.",
    "API keys do not belong here: set ALPACA_API_KEY and ALPACA_SECRET_KEY, or write them to keys.toml (chmod 600).",
)

SENTENCES = {
    "broker.mode": 'The account: "sim" (the exchange inside Sentinel), "paper" or "live" (Alpaca).',
    "broker.keys": (
        'Where the API keys are, if not in the environment: "file" (keys.toml), or "keyring" (the system\'s, an extra).'
    ),
    "broker.connect_timeout_s": "Seconds to wait for a connection.",
    "broker.read_timeout_s": "Seconds to wait for an answer.",
    "broker.read_attempts": "How often a question is asked until the broker counts as unreachable; orders go out once.",
    "broker.read_wait_s": "Seconds before a question is asked again, twice as many before the next time.",
    "broker.requests_per_minute": "How often Alpaca is asked in a minute at most; it allows 200 to all your programs.",
    "broker.after_hours_cancel": (
        'What a cancel after the close does: "pending" (hangs until the open; be careful) or "immediate".'
    ),
    "risk.initial_stop_pct": "How far under the entry (over it, for a short) the first stop rests.",
    "risk.stairs": "The staircase, [gain, lock]: at a gain of 8 % the stop locks 2 % of the entry, and so on.",
    "risk.trail_above_last_stair_pct": "Above the last stair the stop follows the price at this distance; 0 is off.",
    "risk.profit_target_pct": "The gain at which a sale is offered for your approval.",
    "risk.partial_profits": "Whether part of a position is offered for sale before the whole, once a trade.",
    "risk.partial_profit_pct": "How much of it is sold: 50 is half, in whole shares, and one share at least stays.",
    "risk.partial_profit_at_r": "The gain at which it is offered, in R: 2 is twice what the first stop risked.",
    "risk.breaker_range_multiple": "No part is sold on a day that ranges more than so many times as far as usual.",
    "risk.usual_range_sessions": "Sessions before today whose mean range, high less low, is the usual one.",
    "risk.emergency_stop_pct": "How far under the last price the stop goes when the price has already fallen past it.",
    "risk.exit_stop_pct": "How far under the last price the stop rests while an approved sale waits for the open.",
    "risk.position_size_usd": "What one position costs when you leave out the quantity.",
    "risk.max_position_pct": "The most of your equity one stock may take.",
    "risk.max_invested_pct": "The most of your equity that may be invested; the rest stays cash.",
    "risk.price_collar_pct": (
        "How far over the last close (under it, for a short) the limit of an entry may lie; 3 means 3 %."
    ),
    "risk.min_stop_pct": "The least that may lie between an entry and its stop.",
    "risk.max_stop_pct": "The most that may lie between an entry and its stop.",
    "risk.max_order_usd": "What one entry may cost at most.",
    "risk.max_entries_per_day": "Entries that may be sent in one session.",
    "risk.allowed_symbols": 'The only symbols that may be entered, for example ["AAPL", "MSFT"]; [] is all of them.',
    "risk.blocked_symbols": "Symbols that may not be entered.",
    "risk.max_clock_skew_s": "Seconds this computer's clock may differ from the broker's before entries are refused.",
    "risk.max_drawdown_pct": "A fall of the equity from its peak beyond this pauses entries, never protection.",
    "risk.min_sharpe": "A yearly Sharpe ratio under this pauses entries, never protection.",
    "risk.sharpe_min_evenings": "Evenings of equity needed before the Sharpe ratio is believed.",
    "risk.stale_entry_days": "Days after which an entry that has not filled is taken back.",
    "risk.orphan_grace_minutes": "Minutes a stop must protect nothing before it is cancelled.",
    "risk.approval_days": "Days a question about a sale waits for your answer.",
    "risk.approval_drift_pct": "How far the price may have moved from the one shown when an approved sale is done.",
    "risk.renew_stop_days": "A stop with fewer days left before the broker ends it (after 90) is renewed.",
    "risk.owed_alarm_evenings": "Evenings after which a raise or a sale the broker keeps refusing becomes an alarm.",
    "risk.latch_rescues": "Runs that had to put a stop behind the same symbol, after which entries pause; 0 is off.",
    "risk.latch_rejects": "Requests the broker refused or left unanswered, after which entries pause; 0 is off.",
    "risk.latch_sessions": "Sessions in which those two are counted.",
    "risk.latch_unclean_runs": "Runs in a row that ended badly, after which entries pause; 0 is off.",
    "evening.backups_kept_today": "Copies of the ledger kept in backups/ of the newest day; every run makes one first.",
    "evening.backups_kept_days": "Days with copies of which the last copy is kept.",
    "evening.backups_kept_months": "Months with copies of which the last copy is kept.",
    "evening.ghosts_deadline_s": "Seconds a run may spend on looking into trades whose shares are gone.",
    "evening.look_again_after_s": "Seconds after which what was read is read again before anything is sent.",
    "evening.logs_kept": "Log files kept in logs/, one a run.",
}


def write_default(home: Path, mode: str = "sim", *, understands_live: bool = False) -> Path:
    """Write sentinel.toml with the defaults into a home (made if missing) and return its path.

    UsageError when there is one already, GuardRefusal for the live account unless `understands_live`.
    """
    if mode == "live" and not understands_live:
        raise GuardRefusal(
            "a home for the live account is not made by chance, and nothing was written",
            "live orders move real money: add --i-understand-live if that is what you want",
            rule="live_on_purpose",
            value=mode,
            limit="sim or paper",
        )
    path = home / SETTINGS_FILE
    text = default_text(cast("Mode", mode))
    try:
        home.parent.mkdir(parents=True, exist_ok=True)
        # Of a folder that is there already its owner decides; keys are read from none that others can enter.
        home.mkdir(mode=0o700, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise UsageError(f"{path} is there already and was left alone", "edit it, or choose another folder") from None
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror}", "check the folder and who may write to it") from None
    return path


def default_text(mode: Mode) -> str:
    """The text of a new settings file."""
    # Here and not above: only a new home needs it.
    import tomlkit

    document = tomlkit.document()
    for line in HEAD:
        document.add(tomlkit.comment(line))
    for name, table in tables().items():
        defaults = table()
        values = {key: getattr(defaults, key) for key in table.model_fields}
        values |= {"mode": mode} if name == "broker" else {}
        written = tomlkit.table()
        for key, value in values.items():
            written.add(tomlkit.comment(SENTENCES[f"{name}.{key}"]))
            written.add(key, tomlkit.value(_toml(value)))
        document.add(tomlkit.nl())
        document.add(name, written)
    return tomlkit.dumps(document)


def _toml(value: object) -> str:
    """A value as TOML text; a Decimal keeps its digits."""
    match value:
        case bool():
            return str(value).lower()
        case Decimal():
            return format(value, "f")
        case float():
            return format(value, "g")
        case tuple():
            return f"[{', '.join(_toml(part) for part in value)}]"
        case str():
            return f'"{value}"'
    return str(value)
