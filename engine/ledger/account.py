"""Requests about personal accounts: each to what answers it."""

from typing import assert_never

from engine.domain.account import ContributionProduct
from engine.domain.movement import (
    AccountAnswer,
    AccountRequest,
    CreditMember,
    CreditStep,
    Dispose,
    Duties,
    Duty,
    GetDuty,
    Pay,
    UndoMovement,
)
from engine.domain.request import NothingToReverse, Refused
from engine.ledger.context import Context
from engine.ledger.credit import credit_member, credit_step
from engine.ledger.decided import cited
from engine.ledger.payment import end_account, pay
from engine.ledger.undo_movement import undo
from engine.rules.account import contribution
from engine.state.registers import check_area, check_day


def answer(context: Context, request: AccountRequest) -> AccountAnswer | NothingToReverse | Refused:
    """Answer a request about accounts.

    Raises:
        InvalidInput: the request is malformed; nothing moved.
    """
    match request:
        case Pay():
            return pay(context, request)
        case CreditMember():
            return credit_member(context, request)
        case CreditStep():
            return credit_step(context, request)
        case Dispose():
            return end_account(context, request)
        case UndoMovement():
            return undo(context, request)
        case GetDuty():
            return find_duties(context, request)
        case _:
            assert_never(request)


def find_duties(context: Context, request: GetDuty) -> Duties:
    """Return what a member of a city contributes to each product on a day (F31)."""
    check_area("city", request.city)
    check_day("day", request.day)
    plan = context.book.account_on(request.city, request.day)
    duties = []
    for product in ContributionProduct:
        found = contribution(plan, product)
        clauses = () if plan is None else cited(plan, (found.citation,))
        duties.append(Duty(product, found.reason, found.fen, clauses))
    return Duties(request.city, request.day, tuple(duties))
