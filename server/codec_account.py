"""Personal accounts on the wire: payments, credits, disposals, their undo, and statements."""

from typing import Any

from engine.domain.movement import (
    Act,
    CreditedMember,
    CreditedStep,
    CreditMember,
    CreditStep,
    Dispose,
    Duties,
    GetDuty,
    Moved,
    MovementKind,
    Pay,
    UndoMovement,
)
from engine.domain.request import ItemError, NothingToReverse, Refused
from engine.domain.statement import GetStatement, Statement
from engine.errors import InvalidInput, InvariantBroken
from gongji.v1 import account_service_pb2 as pb
from server.codec import encode_error, encode_refusal, number
from server.codec_registration import encode_decided
from server.codec_settlement import encode_nothing

# --- requests ----------------------------------------------------------------------------


def decode_statement(message: pb.GetStatementRequest) -> GetStatement:
    """Return whose statement is asked for, and of which days."""
    return GetStatement(message.member_id, message.first_day, message.last_day)


def decode_pay(message: pb.PayRequest) -> Pay:
    """Return the payment; the ledger checks ids, day and codes, here as of all requests."""
    return Pay(
        message.institution_id,
        message.request_id,
        message.member_id,
        message.date,
        message.purpose,
        message.amount_fen,
        message.product,
        message.person_id,
    )


def decode_credit(message: pb.CreditMemberRequest) -> CreditMember:
    """Return who is to be credited, and for which month."""
    return CreditMember(message.member_id, message.month)


def decode_run(message: pb.RunCreditRequest, at_most: int) -> CreditStep:
    """Return the first step of a credit run; each looks at `at_most` members of the register."""
    return CreditStep(message.city, message.month, at_most=at_most, dry_run=message.dry_run)


def decode_dispose(message: pb.DisposeRequest) -> Dispose:
    """Return the disposal."""
    return Dispose(
        message.request_id,
        message.member_id,
        message.date,
        message.event,
        message.to_area,
        message.beneficiary,
        message.application,
        message.proof,
    )


def decode_undo(message: pb.UndoMovementRequest) -> UndoMovement:
    """Return the undo.

    Raises:
        InvalidInput: it names nothing to take back.
    """
    asked = UndoMovement(message.institution_id, message.request_id)
    match message.WhichOneof("by"):
        case "movement_id":
            if message.movement_id <= 0:
                problem = f"expected a positive number, found {message.movement_id}"
                raise InvalidInput("movement_id", problem)
            return asked._replace(movement=message.movement_id)
        case "original_request_id":
            return asked._replace(original_request_id=message.original_request_id)
        case _:
            raise InvalidInput("", "names nothing; give movement_id or original_request_id")


def decode_duties(message: pb.GetContributionDutiesRequest) -> GetDuty:
    """Return whose duties are asked for, and on which day."""
    return GetDuty(message.city, message.date)


# --- answers -----------------------------------------------------------------------------


def reply_fields(reply: object) -> dict[str, Any]:
    """Return the answer's field of a response, for any reply of this service.

    Raises:
        InvariantBroken: there is no such reply.
    """
    match reply:
        case Moved():
            return {"moved": encode_moved(reply)}
        case CreditedMember():
            return {"credited": encode_credited(reply)}
        case CreditedStep():
            return {"credited": encode_step(reply)}
        case Duties():
            return {"duties": encode_duties(reply)}
        case Statement():
            return {"statement": encode_statement(reply)}
        case NothingToReverse():
            return {"nothing_to_reverse": encode_nothing(reply)}
        case Refused():
            return {"refused": encode_refusal(reply)}
        case ItemError():
            return {"error": encode_error(reply)}
    raise InvariantBroken(f"no answer for {type(reply).__name__}")


def encode_moved(moved: Moved) -> pb.Moved:
    """Return a movement.

    Raises:
        InvariantBroken: it is one that moves nothing.
    """
    act = moved.act
    return pb.Moved(
        movement_id=moved.position,
        member_id=moved.member,
        moved_fen=moved.fen,
        balance_fen=moved.balance_fen,
        institution_id=act.institution,
        request_id=act.request_id,
        undone_id=act.undoes,
        original_request_id=act.original,
        clauses=map(encode_decided, moved.clauses),
        replayed=moved.replayed,
        **_kind(act),
    )


def _kind(act: Act) -> dict[str, Any]:
    match act.kind:
        case MovementKind.PAYMENT:
            payment = pb.Payment(
                date=act.day,
                purpose=number(act.purpose),
                product=number(act.product),
                amount_fen=act.amount_fen,
                person_id=act.person,
                relation=number(act.relation),
            )
            return {"payment": payment}
        case MovementKind.DISPOSAL:
            disposal = pb.Disposal(
                date=act.day,
                event=number(act.event),
                to_area=act.to_area,
                beneficiary=act.beneficiary,
                application=act.application,
                proof=act.proof,
                outcome=number(act.outcome),
            )
            return {"disposal": disposal}
        case MovementKind.CREDIT:
            return {"credit": pb.Credit(city=act.city, month=act.month)}
    raise InvariantBroken(f"an answer of kind {act.kind.name}")


def encode_credited(credited: CreditedMember) -> pb.CreditedMember:
    """Return the credit of a member."""
    return pb.CreditedMember(
        member_id=credited.member,
        month=credited.month,
        credit_fen=credited.fen,
        moved_fen=credited.moved_fen,
        short_fen=credited.short_fen,
        balance_fen=credited.balance_fen,
        movement_id=credited.position,
        parts=[
            pb.CreditedPart(
                part=number(part.part),
                amount_fen=part.fen,
                clauses=map(encode_decided, part.clauses),
            )
            for part in credited.parts
        ],
    )


def encode_step(step: CreditedStep) -> pb.CreditedStep:
    """Return a step of a credit run."""
    return pb.CreditedStep(
        done=step.next,
        registered=step.registered,
        members=step.members,
        credit_fen=step.credit_fen,
        before_fen=step.before_fen,
        posted=step.posted,
        posted_fen=step.posted_fen,
        taken_back_fen=step.taken_back_fen,
        short_fen=step.short_fen,
        without_account=step.without_account,
        rules=[
            pb.RuleTotal(
                part=number(total.part),
                rule=total.rule,
                members=total.members,
                amount_fen=total.fen,
                clauses=map(encode_decided, total.clauses),
            )
            for total in step.rules
        ],
        reasons=[
            pb.ReasonTotal(
                reason=number(total.reason),
                members=total.members,
                missing=total.missing,
                example_member_id=total.example,
            )
            for total in step.reasons
        ],
        dry_run=step.dry_run,
    )


def encode_duties(duties: Duties) -> pb.ContributionDuties:
    """Return the contribution duties of a city."""
    return pb.ContributionDuties(
        city=duties.city,
        date=duties.day,
        duties=[
            pb.ContributionDuty(
                product=number(duty.product),
                reason=number(duty.reason),
                amount_fen=duty.fen,
                clauses=map(encode_decided, duty.clauses),
            )
            for duty in duties.duties
        ],
    )


def encode_statement(statement: Statement) -> pb.Statement:
    """Return a statement."""
    return pb.Statement(
        member_id=statement.member,
        first_day=statement.first_day,
        last_day=statement.last_day,
        opening_fen=statement.opening_fen,
        closing_fen=statement.closing_fen,
        movements=[
            pb.Movement(
                entry_id=movement.position,
                undone_id=movement.undoes,
                booked_day=movement.booked_day,
                taken_time_ms=movement.instant,
                institution_id=movement.institution,
                request_id=movement.request_id,
                patient_member_id=movement.patient,
                service_date=movement.service_date,
                moved_fen=movement.moved_fen,
                balance_fen=movement.balance_fen,
                moved_by=number(movement.moved_by),
                purpose=number(movement.purpose),
                product=number(movement.product),
                event=number(movement.event),
            )
            for movement in statement.movements
        ],
    )
