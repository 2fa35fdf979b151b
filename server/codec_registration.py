"""Register changes on the wire."""

from typing import Any

from engine.domain.account import Relation
from engine.domain.codes import DiseaseKind, FilingKind, Offer
from engine.domain.dates import DATE_MIN, OPEN_END, Interval
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
    OnlyDays,
    Select,
    UndoChange,
)
from engine.domain.request import ItemError, Refused
from engine.errors import InvalidInput, InvariantBroken
from gongji.v1 import policy_pb2, register_pb2
from gongji.v1 import registration_service_pb2 as pb
from server.codec import encode_error, encode_refusal, number
from server.codec_register import code


def decode_change(message: pb.ChangeRegisterRequest) -> ChangeRegister:
    """Return the change.

    Raises:
        InvalidInput: it names no item, or a code is missing or unknown.
    """
    kind = code(ChangeKind, "kind", message.kind)
    return ChangeRegister(
        message.change_id,
        kind,
        decode_item(message.item, added=kind == ChangeKind.ADD),
        message.member_id,
        message.institution_id,
        message.last_day,
        message.dry_run,
    )


def decode_undo(message: pb.UndoChangeRequest) -> UndoChange:
    """Return the undo."""
    return UndoChange(message.change_id, message.undoes, message.dry_run)


def decode_select(message: pb.SelectRequest) -> Select:
    """Return the selection."""
    return Select(
        message.change_id,
        message.member_id,
        message.institution_id,
        message.date,
        message.for_year,
        message.newly_insured,
        message.reason,
        message.dry_run,
    )


def decode_list(message: pb.ListChangesRequest) -> ListChanges:
    """Return whose changes are asked for."""
    return ListChanges(message.member_id, message.institution_id)


def decode_item(message: pb.RegisterItem, *, added: bool) -> Item:
    """Return an item.

    Args:
        message: The item.
        added: Whether a first day that is not given is the first there is; of an item that is
            only named it is not given, and of a family link the relation neither.

    Raises:
        InvalidInput: it is none, or a code is missing or unknown.
    """

    def days(interval: register_pb2.Interval) -> Interval:
        first_day = interval.first_day or (DATE_MIN if added else 0)
        return Interval(first_day, interval.last_day or OPEN_END)

    match message.WhichOneof("item"):
        case "arrears" | "still_paying" | "designated" | "networked" as name:
            item: OnlyDays = ITEMS[name](days(getattr(message, name)))
            return item
        case "filing":
            filing = message.filing
            kind = code(FilingKind, "item.filing.kind", filing.kind)
            return Filing(kind, filing.area, days(filing.days))
        case "selection":
            return Selection(message.selection.institution_id, days(message.selection.days))
        case "disease":
            disease = message.disease
            of = code(DiseaseKind, "item.disease.kind", disease.kind)
            return Disease(disease.code, of, days(disease.days))
        case "stay":
            stay = message.stay
            discharged = stay.discharged_date or OPEN_END
            return Stay(stay.institution_id, stay.admitted_date, discharged)
        case "referral":
            referral = message.referral
            ends = referral.from_institution_id, referral.to_institution_id
            return Referral(*ends, days(referral.days))
        case "family":
            link = message.family
            # Who names a link need not say the relation, which then does not count.
            said = link.relation or (0 if added else Relation.OTHER)
            relation = code(Relation, "item.family.relation", said)
            return FamilyLink(link.relative_id, relation, link.consent, days(link.days))
        case "contribution":
            one = message.contribution
            return Contribution(one.base_fen, one.own_fen, days(one.days))
        case "offer":
            offer = code(Offer, "item.offer.offer", message.offer.offer)
            return Qualification(offer, days(message.offer.days))
    raise InvalidInput("item", "is missing; name one item")


def encode_item(item: Item) -> pb.RegisterItem:
    """Return an item."""
    if isinstance(item, Stay):
        stay = register_pb2.Stay(
            institution_id=item.institution,
            admitted_date=item.admitted,
            discharged_date=_last(item.discharged),
        )
        return pb.RegisterItem(stay=stay)
    days = _interval(item.days)
    if isinstance(item, OnlyDays):
        message = pb.RegisterItem()
        field = getattr(message, NAMES[type(item)])
        field.SetInParent()  # all days are an empty message, which is there all the same
        field.MergeFrom(days)
        return message
    match item:
        case Filing():
            filing = register_pb2.Filing(kind=number(item.kind), area=item.area, days=days)
            return pb.RegisterItem(filing=filing)
        case Selection():
            selection = register_pb2.Selection(institution_id=item.institution, days=days)
            return pb.RegisterItem(selection=selection)
        case Disease():
            disease = register_pb2.Disease(code=item.code, kind=number(item.kind), days=days)
            return pb.RegisterItem(disease=disease)
        case Referral():
            referral = register_pb2.Referral(
                from_institution_id=item.from_institution,
                to_institution_id=item.to_institution,
                days=days,
            )
            return pb.RegisterItem(referral=referral)
        case FamilyLink():
            link = register_pb2.FamilyLink(
                relative_id=item.relative,
                relation=number(item.relation),
                consent=item.consent,
                days=days,
            )
            return pb.RegisterItem(family=link)
        case Contribution():
            contribution = register_pb2.Contribution(
                base_fen=item.base_fen, own_fen=item.own_fen, days=days
            )
            return pb.RegisterItem(contribution=contribution)
        case Qualification():
            offer = register_pb2.Qualification(offer=number(item.offer), days=days)
            return pb.RegisterItem(offer=offer)


def encode_changed(changed: Changed) -> pb.RegisterChanged:
    """Return a change with its answer."""
    message = pb.RegisterChanged(
        change_id=changed.change_id,
        kind=number(changed.kind),
        taken=map(encode_item, changed.taken),
        put=map(encode_item, changed.put),
        affected=map(_affected, changed.affected),
        more_affected=changed.more,
        clauses=map(encode_decided, changed.clauses),
        undoes=changed.undoes,
        date=changed.day,
        for_year=changed.for_year,
        newly_insured=changed.newly_insured,
        reason=changed.reason,
        replayed=changed.replayed,
        dry_run=changed.dry_run,
    )
    if changed.member:
        message.member_id = changed.member
    else:
        message.institution_id = changed.institution
    return message


def reply_fields(reply: object) -> dict[str, Any]:
    """Return the answer's field of a response, for any reply of this service."""
    match reply:
        case Changed():
            return {"changed": encode_changed(reply)}
        case Changes():
            return {"changes": encode_changes(reply)}
        case Refused():
            return {"refused": encode_refusal(reply)}
        case ItemError():
            return {"error": encode_error(reply)}
    raise InvariantBroken(f"no answer for {type(reply).__name__}")


def encode_changes(changes: Changes) -> pb.RegisterChanges:
    """Return the changes of one entry."""
    return pb.RegisterChanges(
        changes=[
            pb.NotedChange(
                changed=encode_changed(noted.changed),
                instant_ms=noted.instant,
                undone_by=noted.undone_by,
            )
            for noted in changes.changes
        ]
    )


def _affected(affected: Affected) -> pb.AffectedSettlement:
    return pb.AffectedSettlement(
        settlement_id=affected.settlement_id,
        institution_id=affected.institution,
        request_id=affected.request_id,
        member_id=affected.member,
        service_date=affected.service_date,
        pooled_fund_fen=affected.pooled_fund_fen,
        pooled_fund_after_fen=affected.pooled_fund_after_fen,
        reason_after=number(affected.reason_after),
    )


def encode_decided(clause: DecidedBy) -> policy_pb2.Clause:
    """Return a clause that decided."""
    return policy_pb2.Clause(**clause._asdict())


def _interval(days: Interval) -> register_pb2.Interval:
    return register_pb2.Interval(first_day=days.first_day, last_day=_last(days.last_day))


def _last(day: int) -> int:
    return 0 if day == OPEN_END else day
