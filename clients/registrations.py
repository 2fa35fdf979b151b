"""Register changes between our values and the messages of `gongji.v1`, on the client's side."""

from collections.abc import Iterable
from typing import Any, Final

from clients.wire import code, contribution_message, interval_message, last_day, link_message
from engine.domain.account import Relation
from engine.domain.codes import DiseaseKind, FilingKind, Offer
from engine.domain.dates import OPEN_END, Interval
from engine.domain.reasons import Detail, Reason
from engine.domain.register import (
    Contribution,
    Disease,
    FamilyLink,
    Filing,
    Qualification,
    Referral,
    Selection,
    Stay,
)
from engine.domain.registration import (
    ITEMS,
    NAMES,
    Affected,
    Changed,
    ChangeKind,
    ChangeRegister,
    Changes,
    DecidedBy,
    Item,
    ListChanges,
    NotedChange,
    OnlyDays,
    RegistrationAnswer,
    RegistrationRequest,
    Select,
    UndoChange,
)
from engine.domain.request import ItemError, Refused
from gongji.v1 import policy_pb2, register_pb2, settlement_pb2
from gongji.v1 import registration_service_pb2 as pb

METHODS: Final[dict[type[Any], str]] = {
    ChangeRegister: "ChangeRegister",
    UndoChange: "UndoChange",
    Select: "Select",
    ListChanges: "ListChanges",
}
"""The rpc of each request."""


def message_of(request: RegistrationRequest) -> Any:
    """Return the message that asks for a register change."""
    match request:
        case ChangeRegister():
            message = pb.ChangeRegisterRequest(
                change_id=request.change_id,
                kind=code(request.kind),
                item=item_message(request.item),
                last_day=request.last_day,
                dry_run=request.dry_run,
            )
            _name_holder(message, request.member, request.institution)
            return message
        case UndoChange():
            return pb.UndoChangeRequest(
                change_id=request.change_id, undoes=request.undoes, dry_run=request.dry_run
            )
        case Select():
            return pb.SelectRequest(
                change_id=request.change_id,
                member_id=request.member,
                institution_id=request.institution,
                date=request.day,
                for_year=request.for_year,
                newly_insured=request.newly_insured,
                reason=request.reason,
                dry_run=request.dry_run,
            )
        case ListChanges():
            asked = pb.ListChangesRequest()
            _name_holder(asked, request.member, request.institution)
            return asked


def answer_of(response: Any) -> RegistrationAnswer | Refused | ItemError | None:
    """Return the answer that a response carries, None if it carries none that is known."""
    match response.WhichOneof("answer"):
        case "changed":
            return changed_of(response.changed)
        case "changes":
            return Changes(
                tuple(
                    NotedChange(changed_of(noted.changed), noted.instant_ms, noted.undone_by)
                    for noted in response.changes.changes
                )
            )
        case "refused":
            return refusal_of(response.refused)
        case "error":
            return ItemError(0, response.error.path, response.error.problem)
    return None


def changed_of(message: pb.RegisterChanged) -> Changed:
    """Return a change with its answer."""
    return Changed(
        change_id=message.change_id,
        kind=ChangeKind(message.kind),
        member=message.member_id,
        institution=message.institution_id,
        taken=tuple(map(item_of, message.taken)),
        put=tuple(map(item_of, message.put)),
        affected=tuple(map(_affected, message.affected)),
        more=message.more_affected,
        clauses=clauses_of(message.clauses),
        undoes=message.undoes,
        day=message.date,
        for_year=message.for_year,
        newly_insured=message.newly_insured,
        reason=message.reason,
        replayed=message.replayed,
        dry_run=message.dry_run,
    )


def clauses_of(clauses: Iterable[policy_pb2.Clause]) -> tuple[DecidedBy, ...]:
    """Return the clauses that decided."""
    return tuple(DecidedBy(c.document, c.clause, c.stated, c.reading, c.text) for c in clauses)


def refusal_of(refused: settlement_pb2.Refusal) -> Refused:
    """Return a refusal; the plan and what blocks an undo are left out, its message names them."""
    return Refused(Reason(refused.reason), Detail(refused.detail), refused.message, refused.figure)


def _affected(message: pb.AffectedSettlement) -> Affected:
    return Affected(
        message.settlement_id,
        message.institution_id,
        message.request_id,
        message.member_id,
        message.service_date,
        message.pooled_fund_fen,
        message.pooled_fund_after_fen,
        Reason(message.reason_after),
    )


# --- items -------------------------------------------------------------------------------


def item_message(item: Item) -> pb.RegisterItem:
    """Return an item; a first day of 0 is not given."""
    if isinstance(item, Stay):
        stay = register_pb2.Stay(
            institution_id=item.institution,
            admitted_date=item.admitted,
            discharged_date=last_day(item.discharged),
        )
        return pb.RegisterItem(stay=stay)
    days = interval_message(item.days)
    if isinstance(item, OnlyDays):
        message = pb.RegisterItem()
        field = getattr(message, NAMES[type(item)])
        field.SetInParent()  # all days are an empty message, which is there all the same
        field.MergeFrom(days)
        return message
    match item:
        case Filing():
            filing = register_pb2.Filing(kind=code(item.kind), area=item.area, days=days)
            return pb.RegisterItem(filing=filing)
        case Selection():
            selection = register_pb2.Selection(institution_id=item.institution, days=days)
            return pb.RegisterItem(selection=selection)
        case Disease():
            disease = register_pb2.Disease(code=item.code, kind=code(item.kind), days=days)
            return pb.RegisterItem(disease=disease)
        case Referral():
            referral = register_pb2.Referral(
                from_institution_id=item.from_institution,
                to_institution_id=item.to_institution,
                days=days,
            )
            return pb.RegisterItem(referral=referral)
        case FamilyLink():
            return pb.RegisterItem(family=link_message(item))
        case Contribution():
            return pb.RegisterItem(contribution=contribution_message(item))
        case Qualification():
            offer = register_pb2.Qualification(offer=code(item.offer), days=days)
            return pb.RegisterItem(offer=offer)


def item_of(message: pb.RegisterItem) -> Item:
    """Return an item as the register has it."""
    name = message.WhichOneof("item") or ""
    inner: Any = getattr(message, name) if name else None
    if name == "stay":
        return Stay(inner.institution_id, inner.admitted_date, inner.discharged_date or OPEN_END)
    if name in ("arrears", "still_paying", "designated", "networked"):
        item: OnlyDays = ITEMS[name](_days(inner))
        return item
    days = _days(inner.days)
    match name:
        case "filing":
            return Filing(FilingKind(inner.kind), inner.area, days)
        case "selection":
            return Selection(inner.institution_id, days)
        case "disease":
            return Disease(inner.code, DiseaseKind(inner.kind), days)
        case "referral":
            return Referral(inner.from_institution_id, inner.to_institution_id, days)
        case "family":
            return FamilyLink(inner.relative_id, Relation(inner.relation), inner.consent, days)
        case "contribution":
            return Contribution(inner.base_fen, inner.own_fen, days)
    return Qualification(Offer(inner.offer), days)


def _days(message: register_pb2.Interval) -> Interval:
    return Interval(message.first_day, message.last_day or OPEN_END)


def _name_holder(message: Any, member: str, institution: str) -> None:
    if member:
        message.member_id = member
    if institution:
        message.institution_id = institution
