"""Payments from accounts outside of a claim, and the ends of accounts."""

from typing import NamedTuple

import numpy as np

from engine.domain.account import DisposalEvent, Product, Purpose, Relation
from engine.domain.claim import check_id
from engine.domain.codes import Mode
from engine.domain.dates import to_date
from engine.domain.layout import MOVEMENT, Array
from engine.domain.money import AMOUNT_MAX_FEN
from engine.domain.movement import Act, Dispose, Moved, MovementKind, Pay
from engine.domain.reasons import Detail, Reason
from engine.domain.register import Institution, Member
from engine.domain.request import Refused
from engine.errors import InvalidInput
from engine.ledger.context import Context
from engine.ledger.decided import cited, words
from engine.ledger.ids import key_of
from engine.ledger.refusals import id_reused, institution_unknown, member_unknown
from engine.rules.account import Use, dispose, has_account, use
from engine.rules.account_plan import AccountPlan
from engine.state.registers import check_area, check_day
from engine.state.tables import AccountRow, KeyStatus


def pay(context: Context, request: Pay) -> Moved | Refused:
    """Pay from an account what it may pay, up to its balance.

    The same request again is answered as before.
    """
    _check_payment(request)
    state = context.state
    place: Institution | None = None
    if request.institution:
        place = state.institutions.find(request.institution)
        if place is None:
            return institution_unknown()
    again = answered(context, request.institution, request.request_id)
    if again is not None:
        same = isinstance(again, Moved) and _same_payment(again, request)
        return again if isinstance(again, Refused) or same else id_reused()
    if (refused := _amount_refused(request.amount_fen)) is not None:
        return refused
    owner = state.members.find(request.member)
    if owner is None:
        return member_unknown()
    person = "" if request.person == request.member else request.person
    asked = _Asked(request, owner, place, _relation(owner, person, request.day))
    plan = context.book.account_on(owner.city, request.day)
    if plan is None or not (plan.uses or plan.bans):
        return _no_rule(owner, request.day)
    number = state.members.numbers[owner.id]
    account = state.accounts.read(number)
    allowed = _allowed(plan, asked, account)
    if isinstance(allowed, Refused):
        return allowed
    paid = min(request.amount_fen, account.balance_fen)
    act = Act(
        MovementKind.PAYMENT,
        plan=context.account_plan_number(plan),
        citations=allowed.citations,
        institution=request.institution,
        request_id=request.request_id,
        day=request.day,
        person=person,
        relation=int(asked.relation or 0),
        purpose=request.purpose,
        product=request.product,
        amount_fen=request.amount_fen,
    )
    return moved(context, context.move(movement(number, -paid), act))


class _Asked(NamedTuple):
    """A payment with the register entries it names."""

    request: Pay
    owner: Member
    place: Institution | None
    relation: Relation | None


def _allowed(plan: AccountPlan, asked: _Asked, account: AccountRow) -> Use | Refused:
    """Return the use that a plan allows, or the first reason why the account does not pay."""
    request, place = asked.request, asked.place
    if account.closed_by or not has_account(plan, Mode(asked.owner.mode)):
        return no_account(account)
    found = use(
        plan,
        Purpose(request.purpose),
        Product(request.product),
        asked.relation,
        None if place is None else place.kind,
    )
    if found.reason != Reason.NONE:
        return Refused(found.reason, message=words(cited(plan, found.citations)))
    if place is not None and not any(request.day in days for days in place.designated):
        message = f"the institution is not designated on {to_date(request.day)}"
        return Refused(Reason.NOT_DESIGNATED, message=message)
    if not account.balance_fen:
        return Refused(Reason.NO_BALANCE, message="there is nothing in the account")
    return found


def _relation(owner: Member, person: str, day: int) -> Relation | None:
    """Return what a person is to the owner on a day as registered, None if nobody registered."""
    if not person:
        return Relation.SELF
    for link in owner.family:
        if link.relative == person and day in link.days:
            return link.relation
    return None


def _check_payment(request: Pay) -> None:
    check_id("institution", request.institution, required=False)
    check_id("request_id", request.request_id)
    check_id("member", request.member)
    check_id("person", request.person, required=False)
    check_day("day", request.day)
    _check_one_of("purpose", request.purpose, Purpose)
    _check_one_of("product", request.product, Product)
    if (request.purpose == Purpose.PREMIUM) != (request.product != Product.NONE):
        raise InvalidInput("product", "belongs to a premium, and a premium needs one")


def _check_one_of(path: str, number: int, kind: type[Purpose | Product | DisposalEvent]) -> None:
    if number not in kind.__members__.values():
        known = ", ".join(f"{one:d} {one.name.lower()}" for one in kind)
        raise InvalidInput(path, f"expected one of {known}, found {number}")


def _amount_refused(amount_fen: int) -> Refused | None:
    if amount_fen <= 0:
        detail, message = Detail.NEGATIVE_AMOUNT, "the amount is not above 0.00"
    elif amount_fen > AMOUNT_MAX_FEN:
        detail, message = Detail.AMOUNT_TOO_LARGE, f"the amount is above {AMOUNT_MAX_FEN} fen"
    else:
        return None
    return Refused(Reason.INVALID_CLAIM, detail, message)


def _same_payment(again: Moved, request: Pay) -> bool:
    """Return whether a movement is the payment that a request asks for."""
    act = again.act
    person = "" if request.person == request.member else request.person
    return (
        act.kind == MovementKind.PAYMENT
        and not act.undoes
        and again.member == request.member
        and (act.day, act.person, act.purpose, act.product, act.amount_fen)
        == (request.day, person, request.purpose, request.product, request.amount_fen)
    )


# --- the end of an account ---------------------------------------------------------------


def end_account(context: Context, request: Dispose) -> Moved | Refused:
    """Do with an account what the documents say of an event; the agency asks for it.

    A closed account can be disposed of again: something may have been given back to it, and an heir
    who claims it afterwards learns what is there, if only 0.00.
    """
    _check_disposal(request)
    state = context.state
    again = answered(context, "", request.request_id)
    if again is not None:
        same = isinstance(again, Moved) and _same_disposal(again, request)
        return again if isinstance(again, Refused) or same else id_reused()
    owner = state.members.find(request.member)
    if owner is None:
        return member_unknown()
    plan = context.book.account_on(owner.city, request.day)
    if plan is None or not plan.disposals:
        return _no_rule(owner, request.day)
    number = state.members.numbers[owner.id]
    account = state.accounts.read(number)
    # What an earlier mode of insurance left in an account is still the member's.
    if not has_account(plan, Mode(owner.mode)) and not account.balance_fen:
        return no_account(account)
    found = dispose(
        plan,
        DisposalEvent(request.event),
        in_province=(request.to_area or owner.city)[:2] == owner.city[:2],
        applied=bool(request.application),
        beneficiary=request.beneficiary,
    )
    if found.outcome is None:
        message = words(cited(plan, (found.citation,)))
        return Refused(found.reason, message=message or "the documents have no rule for this event")
    act = Act(
        MovementKind.DISPOSAL,
        plan=context.account_plan_number(plan),
        citations=(found.citation,),
        request_id=request.request_id,
        day=request.day,
        event=request.event,
        to_area=request.to_area,
        beneficiary=request.beneficiary,
        application=request.application,
        proof=request.proof,
        outcome=found.outcome,
    )
    fen = -account.balance_fen if act.closes else 0
    return moved(context, context.move(movement(number, fen), act))


def _check_disposal(request: Dispose) -> None:
    check_id("request_id", request.request_id)
    check_id("member", request.member)
    check_day("day", request.day)
    _check_one_of("event", request.event, DisposalEvent)
    if request.to_area:
        check_area("to_area", request.to_area)
    check_id("application", request.application, required=False)
    check_id("proof", request.proof, required=False)


def _same_disposal(again: Moved, request: Dispose) -> bool:
    """Return whether a movement is the disposal that a request asks for."""
    act = again.act
    asked = request._asdict()
    return (
        act.kind == MovementKind.DISPOSAL
        and not act.undoes
        and again.member == asked.pop("member")
        and all(getattr(act, name) == value for name, value in asked.items())
    )


# --- shared ------------------------------------------------------------------------------


def movement(member: int, fen: int) -> Array:
    """Return one movement of an account, as an array of `MOVEMENT`."""
    movements = np.zeros(1, dtype=MOVEMENT)
    movements["member"], movements["fen"], movements["rule"] = member, fen, -1
    return movements


def moved(context: Context, position: int, *, replayed: bool = False) -> Moved:
    """Return the movement at a position as an answer."""
    record, act, *_ = context.movement_at(position)
    state = context.state
    member = int(record["member"])
    plan = state.account_plans[act.plan] if act.plan >= 0 else None
    return Moved(
        position=position,
        act=act,
        member=state.members.items[member].id if member >= 0 else "",
        fen=int(record["fen"]),
        balance_fen=int(record["balance"]),
        clauses=() if plan is None else cited(plan, act.citations),
        replayed=replayed,
    )


def answered(context: Context, institution: str, request_id: str) -> Moved | Refused | None:
    """Return what a request id was answered before, a refusal if it is used up, None if free."""
    state = context.state
    key = key_of(context, state.asking(institution), request_id)
    if key is None:
        return None
    if key.status == KeyStatus.UNDONE:
        message = "it was undone; send it under a new id"
        return Refused(Reason.INVALID_CLAIM, Detail.UNDONE, message)
    if key.status == KeyStatus.TOMBSTONE:
        message = "the id was reversed before it arrived; send it under a new id"
        return Refused(Reason.INVALID_CLAIM, Detail.REVERSED_BEFORE_ARRIVAL, message)
    return moved(context, key.position, replayed=True)


def no_account(account: AccountRow) -> Refused:
    """Refuse what asks for an account that is closed, or that there never was."""
    message = "the mode of insurance has no account"
    if account.closed_by:
        message = f"the account was closed, by movement {account.closed_by}"
    return Refused(Reason.NO_ACCOUNT, message=message)


def _no_rule(owner: Member, day: int) -> Refused:
    message = f"no document of {owner.city} has a rule for it on {to_date(day)}"
    return Refused(Reason.NO_RULE, message=message)
