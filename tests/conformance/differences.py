"""Every difference between what Alpaca was recorded to answer and what the exchange answers, and why it is meant."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tests.conformance.shapes import Deviation

ANY = ".*"


@dataclass(frozen=True, slots=True)
class Difference:
    """One deliberate difference.

    `what` names the last keys of paths, or all paths beginning so (`[].body.*`), or `HTTP status`, or `= key` for a
    value; `on` is searched in method and path with its query. `theirs` and `ours` are patterns of the whole kind or
    value, `absent` where the key or member is not there.
    """

    what: str
    on: str
    theirs: str
    ours: str
    reason: str

    def explains(self, request: str, deviation: Deviation) -> bool:
        """Tell whether a deviation seen on a request is this difference."""
        path, theirs, ours = deviation
        name = path if path.startswith(("=", "HTTP")) else re.sub(r"\[\]$", "", path).rpartition(".")[2]
        under = self.what.endswith("*") and path.startswith(self.what[:-1])
        return (
            (under or name in self.what.split(", "))
            and re.search(self.on, request) is not None
            and re.fullmatch(self.theirs, theirs, re.DOTALL) is not None
            and re.fullmatch(self.ours, ours, re.DOTALL) is not None
        )


ORDER_ANSWERS = "/orders|DELETE /positions"
SUB_PENNY = "sub-pennies were rounded in 2021 (95.0025 became 95); refused with 42210000 since (ALPACA 7.1)"

DIFFERENCES = (
    # Keys that came later.
    Difference("expires_at, position_intent, source, subtag", ORDER_ANSWERS, "absent", ANY,
               "added since 2021: among the 36 order keys measured on 2026-09-05 (ALPACA 5.5)"),
    Difference("notional, trail_percent, trail_price, hwm", ORDER_ANSWERS, "absent", "null",
               "added between 2020 and 2021; among the 36"),
    Difference("order_class, legs, extended_hours, replaced_at, replaced_by, replaces", ORDER_ANSWERS, "absent", ANY,
               "added between July 2019 and 2020; among the 36"),
    Difference("asset_marginable, qty_available", "GET /positions", "absent", ANY,
               "added since 2021: among the 18 position keys measured on 2026-09-05 (ALPACA 10.2)"),
    Difference("accrued_fees, admin_configurations, balance_asof, crypto_status, crypto_tier, effective_buying_power, "
               "intraday_adjustments, non_marginable_buying_power, options_approved_level, options_buying_power, "
               "options_trading_level, pending_reg_taf_fees, position_market_value, user_configurations",
               "GET /account$", "absent", ANY, "added since 2021: in the raw account of 2026-10-08 (ALPACA 10.1)"),
    Difference("account_number, regt_buying_power, last_maintenance_margin", "GET /account$", "absent", ANY,
               "added after 2019, or masked in the recording; in the raw account of 2026 (ALPACA 10.1)"),
    Difference("ACCOUNT_NUMBER", "GET /account$", "text", "absent", "the key as that client's authors masked it"),
    Difference("disable_overnight_trading, fractional_trading, max_margin_multiplier, max_options_trading_level, "
               "ptp_no_exception_entry", "/account/configurations", "absent", ANY,
               "added since 2020: in the official document of June 2026"),
    Difference("base_value_asof", "/portfolio/history", "absent", "date", "added since 2021 (ALPACA 10.5)"),
    Difference("order_status", "/account/activities", "absent", "text", "added between 2020 and 2021 (ALPACA 10.4)"),
    Difference("attributes, borrow_status, fractionable, maintenance_margin_requirement, margin_requirement_long, "
               "margin_requirement_short, name", "GET /assets|/watchlists", "absent", ANY, "added since (ALPACA 10.6)"),
    Difference("session_open, session_close, settlement_date", "GET /calendar", "absent", ANY,
               "added since (ALPACA 10.3)"),
    Difference("n, vw, z", "GET /stocks", "absent", ANY, "added since 2021: bars and quotes of 2026 (ALPACA 12)"),
    Difference("buying_power, cost_basis", "/orders", "absent", "decimal",
               "a refusal for want of buying power tells both since 2020 (ALPACA 9.3)"),
    # Keys that went.
    Difference("pattern_day_trader, daytrade_count, daytrading_buying_power", "GET /account$", ANY, "absent",
               "removed on 2026-07-06 with the pattern day trader rule (ALPACA 9.4)"),
    Difference("dtbp_check, pdt_check", "/account/configurations", "text", "absent",
               "removed on 2026-07-06 (ALPACA 9.4)"),
    Difference("code", "GET /account$", "number", "absent", "a 401 has no code today (ALPACA 9.1)"),
    # Words and numbers that changed.
    Difference("= code", "GET /account$", "40110000", "absent", "a 401 has no code today (ALPACA 9.1)"),
    Difference("= message", "GET /account$", "access key verification failed.*", "unauthorized.",
               "today's words (ALPACA 9.1)"),
    Difference("= code", "(POST|PATCH) /orders", "40010001", "42210000",
               "refusals by the rules of the market moved to 42210000 in 2022 (ALPACA 3.3, 7.3)"),
    Difference("= message", "POST /orders", "could not find asset .*", "asset .* not found",
               "today's words (ALPACA 7.3)"),
    Difference("= message", "POST /orders", "limit orders require only limit price",
               "limit orders require a limit price",
               "today's words (ALPACA 7.3)"),
    Difference("= message", "PATCH /orders", "unable to replace .*|only open orders can be replaced",
               "cannot replace order in (accepted|filled) status", "today's words (ALPACA 3.3, 3.4)"),
    Difference("HTTP status", "(POST|PATCH) /orders", "200", "422 invalid stop_price .* sub-penny .*", SUB_PENNY),
    # What an order is called at its first breath.
    Difference("= status", "POST /orders|DELETE /positions/", "accepted|new", "pending_new",
               "in session every first answer reads pending_new in 2026 (ALPACA 5.1)"),
    Difference("= status, = 0.body.status", "POST /orders|DELETE /positions", "new", "accepted",
               "after the close an order reads accepted until it is routed; in 2019 it read new (ALPACA 2.4, 5.1)"),
    # Cancelling all, closing all.
    Difference("= 0.body.status, canceled_at", "DELETE /orders", "pending_cancel|new|null", "canceled|utc",
               "the row showed the order as it was when asked; here the cancel has taken effect (ALPACA 4.3)"),
    Difference("[].body.legs[].*", "DELETE /orders", ANY, "absent",
               "the row of a leg showed its whole group; here it shows the leg, whose id the row has always carried"),
    Difference("= 0.body.status", "DELETE /orders", "filled", "canceled",
               "the same: the group's entry was filled, its leg is cancelled"),
    Difference("[].*", r"DELETE /positions\?cancel", ANY, "absent",
               "in 2021 cancelled orders had rows, and closing overtook the cancel: 403; since 2026-11-03 a row is a "
               "position's and its body the closing order (ALPACA 6.8)"),
    Difference("[].body.*", r"DELETE /positions\?cancel", "utc|decimal", "null",
               "the same: the closing order has not filled yet"),
    Difference("= 0.body.status", r"DELETE /positions\?cancel", "filled", "pending_new", "the same"),
    Difference("= 1.status", r"DELETE /positions\?cancel", "403", "absent", "the same"),
    # What is not simulated.
    Difference("HTTP status", "GET /stocks/AAPL/bars", "200", "400 invalid timeframe: 1Hour: only 1Day is simulated",
               "the exchange knows daily bars alone"),
    Difference("activity_type, date, id, net_amount, per_share_amount, qty, symbol", "GET /account/activities/DIV",
               ANY, "absent",
               "no dividends are simulated, the list is empty"),
    Difference("", "GET /account/activities/DIV", "absent", "nothing", "no dividends are simulated, the list is empty"),
)  # fmt: skip
