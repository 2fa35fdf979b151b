"""Payments, credits and disposals of accounts between our values and the messages of `gongji.v1`.

An act as a message has it lacks the plan that decided: the clauses stand beside it.
"""

from typing import Any, Final

from clients.registrations import clauses_of, refusal_of
from clients.wire import code
from engine.domain.movement import (
    AccountAnswer,
    Act,
    CreditedMember,
    CreditedStep,
    CreditMember,
    Dispose,
    Duties,
    Duty,
    GetDuty,
    Moved,
    MovementKind,
    PartPosted,
    Pay,
    ReasonTotal,
    RuleTotal,
    UndoMovement,
)
from engine.domain.reasons import Reason
from engine.domain.request import ItemError, NothingToReverse, Refused
from engine.domain.statement import MovedBy, Movement
from gongji.v1 import account_service_pb2 as pb

Request = Pay | CreditMember | Dispose | UndoMovement | GetDuty
"""What is one call; a credit run is a stream of answers."""

METHODS: Final[dict[type[Any], str]] = {
    Pay: "Pay",
    CreditMember: "CreditMember",
    Dispose: "Dispose",
    UndoMovement: "UndoMovement",
    GetDuty: "GetContributionDuties",
}
"""The rpc of each request."""


def message_of(request: Request) -> Any:
    """Return the message that asks for something of an account."""
    match request:
        case Pay():
            return pb.PayRequest(
                institution_id=request.institution,
                request_id=request.request_id,
                member_id=request.member,
                date=request.day,
                purpose=code(request.purpose),
                product=code(request.product),
                amount_fen=request.amount_fen,
                person_id=request.person,
            )
        case CreditMember():
            return pb.CreditMemberRequest(member_id=request.member, month=request.month)
        case Dispose():
            return pb.DisposeRequest(
                request_id=request.request_id,
                member_id=request.member,
                date=request.day,
                event=code(request.event),
                to_area=request.to_area,
                beneficiary=request.beneficiary,
                application=request.application,
                proof=request.proof,
            )
        case UndoMovement():
            undo = pb.UndoMovementRequest(
                institution_id=request.institution, request_id=request.request_id
            )
            if request.movement:
                undo.movement_id = request.movement
            if request.original_request_id:
                undo.original_request_id = request.original_request_id
            return undo
        case GetDuty():
            return pb.GetContributionDutiesRequest(city=request.city, date=request.day)


def answer_of(response: Any) -> AccountAnswer | NothingToReverse | Refused | ItemError | None:
    """Return the answer that a response carries, None if it carries none that is known."""
    match response.WhichOneof("answer"):
        case "moved":
            return moved_of(response.moved)
        case "credited" if isinstance(response, pb.RunCreditResponse):
            return step_of(response.credited)
        case "credited":
            return credited_of(response.credited)
        case "duties":
            return duties_of(response.duties)
        case "nothing_to_reverse":
            nothing = response.nothing_to_reverse
            return NothingToReverse(
                nothing.original_request_id, nothing.tombstone_id, nothing.replayed
            )
        case "refused":
            return refusal_of(response.refused)
        case "error":
            return ItemError(0, response.error.path, response.error.problem)
    return None


def movements_of(statement: pb.Statement) -> tuple[Movement, ...]:
    """Return the movements of a statement."""
    return tuple(
        Movement(
            position=message.entry_id,
            moved_by=MovedBy(message.moved_by),
            undoes=message.undone_id,
            booked_day=message.booked_day,
            instant=message.taken_time_ms,
            institution=message.institution_id,
            request_id=message.request_id,
            patient=message.patient_member_id,
            service_date=message.service_date,
            moved_fen=message.moved_fen,
            balance_fen=message.balance_fen,
            purpose=message.purpose,
            product=message.product,
            event=message.event,
        )
        for message in statement.movements
    )


def moved_of(message: pb.Moved) -> Moved:
    """Return a movement."""
    return Moved(
        position=message.movement_id,
        act=_act(message),
        member=message.member_id,
        fen=message.moved_fen,
        balance_fen=message.balance_fen,
        clauses=clauses_of(message.clauses),
        replayed=message.replayed,
    )


def _act(message: pb.Moved) -> Act:
    match message.WhichOneof("kind"):
        case "payment":
            payment = message.payment
            kind = MovementKind.PAYMENT
            what: dict[str, Any] = {
                "day": payment.date,
                "person": payment.person_id,
                "relation": payment.relation,
                "purpose": payment.purpose,
                "product": payment.product,
                "amount_fen": payment.amount_fen,
            }
        case "disposal":
            disposal = message.disposal
            kind = MovementKind.DISPOSAL
            what = {
                "day": disposal.date,
                "event": disposal.event,
                "to_area": disposal.to_area,
                "beneficiary": disposal.beneficiary,
                "application": disposal.application,
                "proof": disposal.proof,
                "outcome": disposal.outcome,
            }
        case _:
            kind = MovementKind.CREDIT
            what = {"city": message.credit.city, "month": message.credit.month}
    return Act(
        kind,
        institution=message.institution_id,
        request_id=message.request_id,
        undoes=message.undone_id,
        original=message.original_request_id,
        **what,
    )


def credited_of(message: pb.CreditedMember) -> CreditedMember:
    """Return the credit of a member."""
    return CreditedMember(
        member=message.member_id,
        month=message.month,
        fen=message.credit_fen,
        moved_fen=message.moved_fen,
        short_fen=message.short_fen,
        balance_fen=message.balance_fen,
        position=message.movement_id,
        parts=tuple(
            PartPosted(part.part, part.amount_fen, clauses_of(part.clauses))
            for part in message.parts
        ),
    )


def step_of(message: pb.CreditedStep) -> CreditedStep:
    """Return a step of a credit run."""
    return CreditedStep(
        next=message.done,
        registered=message.registered,
        members=message.members,
        credit_fen=message.credit_fen,
        before_fen=message.before_fen,
        posted=message.posted,
        posted_fen=message.posted_fen,
        taken_back_fen=message.taken_back_fen,
        short_fen=message.short_fen,
        without_account=message.without_account,
        rules=tuple(
            RuleTotal(
                total.part, total.rule, total.members, total.amount_fen, clauses_of(total.clauses)
            )
            for total in message.rules
        ),
        reasons=tuple(
            ReasonTotal(Reason(total.reason), total.members, total.missing, total.example_member_id)
            for total in message.reasons
        ),
        dry_run=message.dry_run,
    )


def duties_of(message: pb.ContributionDuties) -> Duties:
    """Return the contribution duties of a city."""
    return Duties(
        message.city,
        message.date,
        tuple(
            Duty(duty.product, Reason(duty.reason), duty.amount_fen, clauses_of(duty.clauses))
            for duty in message.duties
        ),
    )
