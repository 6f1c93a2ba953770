"""The ledger follows the broker: entries open trades, stops and sales close them, all in one transaction each."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import assert_never

from sentinel.domain.actions import (
    AdoptPosition,
    Business,
    CloseTrade,
    EndBreach,
    FollowEntry,
    FollowExit,
    FollowStop,
    Forget,
    NameTrade,
    Note,
    OfferExit,
    Owe,
    RenameTrade,
    ResizeTrade,
    SplitTrade,
)
from sentinel.domain.book import (
    Approval,
    ApprovalState,
    EndedBy,
    EntryRecord,
    ExitReason,
    Owed,
    OwedKind,
    SaleKind,
    Trade,
)
from sentinel.domain.facts import Facts
from sentinel.domain.findings import Finding, Severity
from sentinel.domain.money import dollars
from sentinel.domain.orders import Order, OrderStatus
from sentinel.execution.records import entry_record, exit_record, stop_record
from sentinel.ledger import Ledger
from sentinel.plan.ghosts import close_ghost, has_been_flat
from sentinel.plan.hands import is_sale_cancelled_by_hand
from sentinel.risk_config import calculate_stop_price


class Following:
    """Writes notes into the ledger; sends nothing."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger

    def note(self, note: Note, facts: Facts) -> None:
        """Write one note and what follows from it."""
        with self.ledger.transaction():
            if isinstance(note, FollowEntry | FollowStop | FollowExit):
                self._follow(note, facts)
            else:
                self._write(note, facts)
            self.ledger.audit(type(note).__name__, note.symbol, note.because)

    def _follow(self, note: FollowEntry | FollowStop | FollowExit, facts: Facts) -> None:
        match note:
            case FollowEntry():
                self.entry(note.order, note.record, facts, ended_by=None)
            case FollowStop():
                self.stop(note.order, facts, reason=note.because, ended_by=note.ended_by)
            case FollowExit():
                self.exit(note.order, facts)
            case _:
                assert_never(note)

    def _write(self, note: Business, facts: Facts) -> None:
        match note:
            case AdoptPosition():
                self._adopt(note, facts)
            case ResizeTrade():
                self.ledger.write_trade(replace(note.trade, qty=note.qty, entry_price=note.entry_price))
            case SplitTrade():
                self._split(note.trade, note.ratio)
            case RenameTrade():
                self._rename(note, facts)
            case NameTrade():
                self._name(note, facts)
            case CloseTrade():
                self._end(note.trade, note.price, note.closed_at, note.order_id, note.reason, facts)
            case Owe():
                self.owe(note, facts)
            case Forget():
                self.ledger.forget_owed(note.kind, note.symbol)
            case OfferExit():
                self.offer(note, facts)
            case EndBreach():
                self._end_breach(note, facts)
            case _:
                assert_never(note)

    def entry(
        self, order: Order, record: EntryRecord | None, facts: Facts, *, ended_by: EndedBy | None = EndedBy.SENTINEL
    ) -> None:
        """The entry's row, the trade its fills opened, and the rows of its stop legs.

        What ends in the middle of a deed was ended by it; a note says itself whose hand it was.
        """
        leg = order.stop_leg
        is_as_sent = record is not None and record.qty == order.qty  # else a split has adjusted it (ALPACA 10.7)
        stop_price = record.stop_price if record and (is_as_sent or not leg) else leg.stop_price if leg else None
        if stop_price is None:
            stop_price = calculate_stop_price(order.limit_price or Decimal(0), facts.policy, order.side)
        row = entry_record(order, stop_price)
        trade_id = self._opened_by(order, stop_price, facts) if order.filled_qty > 0 else None
        self.ledger.write_entry(replace(row, trade_id=trade_id))
        for member in order.legs:
            if member.is_stop:
                self.ledger.write_stop(stop_record(member, trade_id, "sent with its entry", ended_by))
                self.ledger.pair(order.client_order_id, member.id)

    def _opened_by(self, order: Order, stop_price: Decimal, facts: Facts) -> int | None:
        known = self.ledger.entry(order.client_order_id)
        if known and known.trade_id is not None:
            self._resize(known.trade_id, order)
            return known.trade_id
        trade = self._trade(order.symbol)
        if trade is not None and has_been_flat(trade, facts):
            self._write(close_ghost(trade, facts), facts)
        elif trade is not None:
            return trade.id
        return self.ledger.open_trade(
            symbol=order.symbol,
            side=order.side,
            qty=order.filled_qty,
            entry_price=order.filled_avg_price or order.limit_price or Decimal(0),
            first_stop_price=stop_price,
            opened_at=order.filled_at or facts.session.now,
            asset_id=order.asset_id,
            is_adopted=False,
        )

    def _resize(self, trade_id: int, order: Order) -> None:
        trade = next((t for t in self.ledger.open_trades() if t.id == trade_id), None)
        if trade is not None:
            price = order.filled_avg_price or trade.entry_price
            self.ledger.write_trade(replace(trade, qty=order.filled_qty, entry_price=price))

    def stop(self, order: Order, facts: Facts, *, reason: str, ended_by: EndedBy | None = EndedBy.SENTINEL) -> None:
        """The stop's row; a filled one ends the trade once nothing is held any more.

        The stop of a position that was turned round is on the side of the new one, and its level means nothing for it.
        """
        trade = self._trade(order.symbol)
        if trade is not None and trade.side is order.side:
            trade = None
        known = self.ledger.stop(order.id)
        self.ledger.write_stop(
            stop_record(order, trade.id if trade else None, known.reason if known else reason, ended_by)
        )
        if trade is None:
            return
        # Of one that has ended only the trader's own level counts, and only in the trade's units.
        had_level = order.is_live or (ended_by is EndedBy.TRADER and order.qty == trade.qty)
        if had_level and order.stop_price is not None:
            highest = trade.side.tightest(trade.highest_stop_price, order.stop_price)
            self.ledger.write_trade(replace(trade, highest_stop_price=highest))
        if order.status is OrderStatus.FILLED and order.symbol not in facts.positions:
            # A stop that was moved up to the price did the sale; one whose sale of a part was owed was not moved.
            owed = facts.book.owed_for(OwedKind.EXIT, order.symbol)
            why = ExitReason.PROFIT if owed and owed.qty >= trade.qty else ExitReason.STOP_FILLED
            self._close(trade, order, why, facts)

    def mark_breached(self, stop: Order, facts: Facts) -> tuple[Finding, ...]:
        """Note that the price has fallen through a position's level and only an emergency stop is left; told once."""
        trade = self._trade(stop.symbol)
        if trade is None or trade.is_breached:
            return ()
        last, level = dollars(facts.last_price(stop.symbol)), dollars(trade.highest_stop_price)
        rests = dollars(stop.stop_price)
        told = f"{stop.symbol} at {last} has fallen through its level of {level}; an emergency stop rests at {rests}"
        with self.ledger.transaction():
            self.ledger.write_trade(replace(trade, is_breached=True))
            self.ledger.audit("breached", stop.symbol, told)
        remedy = "you are asked whether to sell: see `sentinel approvals list`; without an answer the stop stays"
        return (Finding("breached", Severity.WARNING, stop.symbol, told, remedy),)

    def _end_breach(self, note: EndBreach, facts: Facts) -> None:
        """The mark goes, and with it the question it asked, if nobody has answered."""
        self.ledger.write_trade(replace(note.trade, is_breached=False))
        for question in facts.book.approvals_for(note.symbol):
            if question.kind == SaleKind.BREACH and question.state is ApprovalState.WAITING:
                self.ledger.decide_approval(question.id, ApprovalState.EXPIRED, facts.session.now)

    def exit(self, order: Order, facts: Facts) -> None:
        """The sale's row; a filled one ends the trade once nothing is held any more."""
        trade = self._trade(order.symbol)
        known = self.ledger.exit(order.client_order_id)
        reason = known.reason if known else self._reason_of_exit(order, facts)
        self.ledger.write_exit(exit_record(order, reason, trade.id if trade else None))
        if trade is None:
            return
        if is_sale_cancelled_by_hand(order, facts):
            self._take_back_the_yes(trade.symbol, facts)
        is_whole = order.status is OrderStatus.FILLED and order.symbol not in facts.positions
        if is_whole and not (order.filled_qty < trade.qty and self._approved_part(trade.symbol, facts)):
            self._close(trade, order, reason, facts)
        elif not order.is_live and order.filled_qty and (known is None or known.is_open):
            self._sold_in_part(trade, order, facts)

    def _sold_in_part(self, trade: Trade, order: Order, facts: Facts) -> None:
        """A sale of ours that has ended takes its shares from the trade, once; the yes it was sent for is used up."""
        position, left = facts.positions.get(trade.symbol), trade.qty - order.filled_qty
        is_told = position is not None and (position.side is not trade.side or position.shares == trade.qty)
        if left > 0 and not is_told:
            self.ledger.write_trade(replace(trade, qty=left))
        for approval in self._approved_part(trade.symbol, facts):
            self.ledger.decide_approval(approval.id, ApprovalState.DONE, facts.session.now)

    def _take_back_the_yes(self, symbol: str, facts: Facts) -> None:
        """Who cancels the sale has thought again: it is not sent anew unless he says yes once more."""
        for approval in facts.book.approvals_for(symbol):
            if approval.state is ApprovalState.APPROVED:
                self.ledger.decide_approval(approval.id, ApprovalState.EXPIRED, facts.session.now)

    def _approved_part(self, symbol: str, facts: Facts) -> tuple[Approval, ...]:
        asked = facts.book.approvals_for(symbol)
        return tuple(a for a in asked if a.kind == SaleKind.PARTIAL and a.state is ApprovalState.APPROVED)

    def _reason_of_exit(self, order: Order, facts: Facts) -> ExitReason:
        """Why a sale the ledger had not heard of was sent: the yes that asked for it says so."""
        kinds = {a.kind for a in facts.book.approvals_for(order.symbol) if a.state is ApprovalState.APPROVED}
        return ExitReason.PROFIT if kinds & {SaleKind.PROFIT, SaleKind.PARTIAL} else ExitReason.MANUAL

    def owe(self, note: Owe, facts: Facts) -> None:
        """A raise or an exit to be retried by every later run, with the evenings it has waited."""
        before = facts.book.owed_for(note.kind, note.symbol)
        since = before.since if before else facts.today
        tried_on = facts.today if note.is_refused else facts.today - timedelta(days=1)
        evenings = {day for day, _ in facts.book.equity_curve if day >= since} | {facts.today}
        owed = Owed(note.kind, note.symbol, note.price, Decimal(note.qty), note.because, since, tried_on, len(evenings))
        if owed != before:
            self.ledger.write_owed(owed)

    def offer(self, note: OfferExit, facts: Facts) -> int:
        """A question in the inbox; older ones about the same symbol lapse."""
        for old in facts.book.approvals_for(note.symbol):
            if old.state in (ApprovalState.WAITING, ApprovalState.APPROVED):
                self.ledger.decide_approval(old.id, ApprovalState.EXPIRED, facts.session.now)
        return self.ledger.file_approval(
            symbol=note.symbol,
            kind=note.kind,
            qty=Decimal(note.qty),
            price_shown=note.price_shown,
            because=note.because,
            session=facts.today,
            asked_at=facts.session.now,
            expires_at=facts.session.now + timedelta(days=facts.policy.approval_days),
        )

    def _split(self, trade: Trade, ratio: Decimal) -> None:
        """The trade in new shares; its levels to a hundredth of a cent, the finest the exchange quotes."""

        def in_new_units(price: Decimal) -> Decimal:
            return (price / ratio).quantize(Decimal("0.0001"))

        self.ledger.write_trade(
            replace(
                trade,
                qty=trade.qty * ratio,
                entry_price=in_new_units(trade.entry_price),
                first_stop_price=in_new_units(trade.first_stop_price),
                highest_stop_price=in_new_units(trade.highest_stop_price),
            )
        )
        for kind in OwedKind:
            self.ledger.forget_owed(kind, trade.symbol)

    def _adopt(self, note: AdoptPosition, facts: Facts) -> None:
        old = self._trade(note.symbol)
        if old is not None:
            self._end(old, None, None, None, ExitReason.UNKNOWN, facts)
        self.ledger.open_trade(
            symbol=note.symbol,
            side=note.position.side,
            qty=note.position.shares,
            entry_price=note.position.avg_entry_price,
            first_stop_price=note.first_stop_price,
            opened_at=facts.session.now,
            asset_id=note.position.asset_id,
            is_adopted=True,
        )

    def _rename(self, note: RenameTrade, facts: Facts) -> None:
        """The trade under its new symbol; what was owed or asked under the old one is planned anew."""
        self._forget_business(note.trade.symbol, ApprovalState.EXPIRED, facts)
        self.ledger.write_trade(replace(note.trade, symbol=note.symbol, asset_id=note.asset_id))

    def _name(self, note: NameTrade, facts: Facts) -> None:
        self.ledger.write_trade(
            replace(
                note.trade,
                qty=note.qty,
                entry_price=note.entry_price,
                first_stop_price=note.first_stop_price,
                highest_stop_price=note.highest_stop_price,
                is_ignored=note.is_ignored,
                is_adopted=True,
                named_at=facts.session.now,
            )
        )

    def _close(self, trade: Trade, order: Order, reason: ExitReason, facts: Facts) -> None:
        self._end(trade, order.filled_avg_price, order.filled_at, order.id, reason, facts)

    def _end(
        self,
        trade: Trade,
        price: Decimal | None,
        closed_at: datetime | None,
        order_id: str | None,
        reason: ExitReason,
        facts: Facts,
    ) -> None:
        self.ledger.write_trade(
            replace(
                trade,
                exit_price=price,
                closed_at=closed_at or facts.session.now,
                exit_reason=reason,
                exit_order_id=order_id,
            )
        )
        self._forget_business(trade.symbol, ApprovalState.DONE, facts)

    def _forget_business(self, symbol: str, answered: ApprovalState, facts: Facts) -> None:
        for kind in OwedKind:
            self.ledger.forget_owed(kind, symbol)
        for approval in facts.book.approvals_for(symbol):
            if approval.state in (ApprovalState.WAITING, ApprovalState.APPROVED):
                self.ledger.decide_approval(approval.id, answered, facts.session.now)

    def is_open(self, trade: Trade) -> bool:
        """Whether the ledger still has the trade open, whatever a note has done meanwhile."""
        return any(known.id == trade.id for known in self.ledger.open_trades())

    def _trade(self, symbol: str) -> Trade | None:
        """The open trade as the ledger has it now: a note before this one may have opened it."""
        return next((trade for trade in self.ledger.open_trades() if trade.symbol == symbol), None)
