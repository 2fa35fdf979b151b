"""Register entries and counters on the wire."""

from collections.abc import Iterable
from typing import Final, TypeVar

from engine.domain.account import Relation
from engine.domain.codes import (
    DiseaseKind,
    Employment,
    FilingKind,
    Kind,
    Level,
    Mode,
    Offer,
    Status,
)
from engine.domain.dates import DATE_MIN, OPEN_END, Interval
from engine.domain.register import (
    ALL_OFFERS,
    ALWAYS,
    AccountOpening,
    Contribution,
    Disease,
    FamilyLink,
    Filing,
    Institution,
    Member,
    Opening,
    Qualification,
    Referral,
    Selection,
    Stay,
)
from engine.domain.registration import ChangeKind
from engine.domain.request import Accepted, Counters
from engine.errors import InvalidInput
from gongji.v1 import register_pb2
from server.codec import encode_error, number

BORN_NOT_KNOWN: Final = 1975_01_01

E = TypeVar(
    "E",
    Status,
    Mode,
    Employment,
    FilingKind,
    DiseaseKind,
    Level,
    Kind,
    Offer,
    ChangeKind,
    Relation,
)


def code(kind: type[E], path: str, value: int) -> E:
    """Return a code.

    Raises:
        InvalidInput: naming `path`; it is missing or unknown.
    """
    try:
        return kind(value)
    except ValueError:
        last = max(kind)
        raise InvalidInput(
            path, f"{value} is not a {kind.__name__}; expected 1 to {int(last)}"
        ) from None


def interval(message: register_pb2.Interval) -> Interval:
    """Return days; a day that is not given is the first or the last there is."""
    return Interval(message.first_day or DATE_MIN, message.last_day or OPEN_END)


def decode_member(message: register_pb2.Member) -> Member:
    """Return a member.

    Raises:
        InvalidInput: a code is missing or unknown; the ledger checks ids and days.
    """
    return Member(
        id=message.member_id,
        city=message.city,
        status=code(Status, "status", message.status),
        retired_on=message.retired_date,
        born_on=message.born_date or BORN_NOT_KNOWN,
        mode=code(Mode, "mode", message.mode),
        employment=code(Employment, "employment", message.employment),
        arrears=tuple(interval(days) for days in message.arrears),
        filings=tuple(
            Filing(
                code(FilingKind, f"filings[{n}].kind", filing.kind),
                filing.area,
                interval(filing.days),
            )
            for n, filing in enumerate(message.filings)
        ),
        selections=tuple(
            Selection(selection.institution_id, interval(selection.days))
            for selection in message.selections
        ),
        diseases=tuple(
            Disease(
                disease.code,
                code(DiseaseKind, f"diseases[{n}].kind", disease.kind),
                interval(disease.days),
            )
            for n, disease in enumerate(message.diseases)
        ),
        stays=tuple(
            Stay(stay.institution_id, stay.admitted_date, stay.discharged_date or OPEN_END)
            for stay in message.stays
        ),
        referrals=tuple(
            Referral(
                referral.from_institution_id, referral.to_institution_id, interval(referral.days)
            )
            for referral in message.referrals
        ),
        family=tuple(
            FamilyLink(
                link.relative_id,
                code(Relation, f"family[{n}].relation", link.relation),
                link.consent,
                interval(link.days),
            )
            for n, link in enumerate(message.family)
        ),
        contributions=tuple(
            Contribution(one.base_fen, one.own_fen, interval(one.days))
            for one in message.contributions
        ),
        still_paying=tuple(interval(days) for days in message.still_paying),
        months_combined=message.months_combined,
        months_pooled_only=message.months_pooled_only,
    )


def decode_institution(message: register_pb2.Institution) -> Institution:
    """Return an institution.

    Raises:
        InvalidInput: a code is missing or unknown; the ledger checks ids and days.
    """
    offers = ALL_OFFERS
    if message.HasField("offers"):
        offers = frozenset(
            code(Offer, f"offers.offers[{n}]", offer)
            for n, offer in enumerate(message.offers.offers)
        )
    return Institution(
        id=message.institution_id,
        area=message.area,
        level=code(Level, "level", message.level),
        kind=code(Kind, "kind", message.kind),
        host=message.host_id,
        parent=message.parent_id,
        designated=_days(message.designated) if message.HasField("designated") else ALWAYS,
        networked=_days(message.networked) if message.HasField("networked") else ALWAYS,
        offers=offers,
        qualifications=tuple(
            Qualification(
                code(Offer, f"qualifications[{n}].offer", held.offer), interval(held.days)
            )
            for n, held in enumerate(message.qualifications)
        ),
    )


def _days(message: register_pb2.Days) -> tuple[Interval, ...]:
    return tuple(interval(days) for days in message.intervals)


def decode_opening(message: register_pb2.Opening) -> Opening | AccountOpening:
    """Return an opening.

    Raises:
        InvalidInput: it says nothing.
    """
    match message.WhichOneof("opening"):
        case "account":
            return AccountOpening(message.account.member_id, message.account.balance_fen)
        case "year":
            year = message.year
            return Opening(
                member=year.member_id,
                year=year.policy_year,
                deductible_fen=year.deductible_fen,
                deductible_met=year.deductible_met,
                ordinary_paid_fen=year.ordinary_paid_fen,
                visit_paid_fen=tuple((visit.visit_id, visit.paid_fen) for visit in year.visits),
                deductible_at_fen=tuple(
                    (a.institution_id, a.borne_fen) for a in year.deductible_at
                ),
                pooled_paid_fen=year.pooled_paid_fen,
                compliant_burden_fen=year.compliant_burden_fen,
                large_amount_paid_fen=year.large_amount_paid_fen,
                special_deductible_fen=year.special_deductible_fen,
                chronic_paid_fen=year.chronic_paid_fen,
                disease_paid_fen=tuple((d.code, d.paid_fen) for d in year.diseases),
                cost_fen=year.cost_fen,
                month_paid_fen=tuple((m.span, m.paid_fen) for m in year.months),
                day_paid_fen=tuple((d.span, d.paid_fen) for d in year.days),
                benefit_deductible_fen=_by_benefit(year.benefit_deductible),
                benefit_paid_fen=_by_benefit(year.benefit_paid),
            )
        case _:
            raise InvalidInput("opening", "is missing; give year or account")


def _by_benefit(amounts: Iterable[register_pb2.BenefitAmount]) -> tuple[tuple[int, int], ...]:
    return tuple((each.benefit, each.amount_fen) for each in amounts)


def encode_accepted(
    accepted: Accepted, rejected: Iterable[tuple[int, InvalidInput]], kept: list[int], item: str
) -> register_pb2.Accepted:
    """Return what became of the items of a message.

    Args:
        accepted: What the ledger took and did not take.
        rejected: Items that could not even be read, with their position in the message.
        kept: For each item the ledger saw, its position in the message.
        item: What an item is, for the paths.
    """
    errors = [(index, encode_error(error, item)) for index, error in rejected]
    errors += [(kept[error.index], encode_error(error, item)) for error in accepted.errors]
    errors.sort(key=lambda error: error[0])
    return register_pb2.Accepted(
        count=accepted.count,
        errors=[register_pb2.ItemError(index=index, error=error) for index, error in errors],
    )


def encode_counters(counters: Counters) -> register_pb2.Counters:
    """Return a member's counters."""
    return register_pb2.Counters(
        member_id=counters.member,
        policy_year=counters.year,
        deductible_fen=counters.deductible_fen,
        deductible_met=counters.deductible_met,
        ordinary_paid_fen=counters.ordinary_paid_fen,
        visits=[
            register_pb2.VisitPaid(
                visit_id=visit.visit, institution_id=visit.institution, paid_fen=visit.paid_fen
            )
            for visit in counters.visits
        ],
        account_balance_fen=counters.account_balance_fen,
        last_entry_id=counters.last_entry,
        deductible_at=[
            register_pb2.DeductibleAt(institution_id=at.institution, borne_fen=at.borne_fen)
            for at in counters.deductible_at
        ],
        pooled_paid_fen=counters.pooled_paid_fen,
        compliant_burden_fen=counters.compliant_burden_fen,
        large_amount_paid_fen=counters.large_amount_paid_fen,
        deductible_by_level=[
            register_pb2.DeductibleByLevel(level=number(level), borne_fen=fen)
            for level, fen in counters.deductible_by_level_fen
        ],
        cost_fen=counters.cost_fen,
        special_deductible_fen=counters.special_deductible_fen,
        chronic_paid_fen=counters.chronic_paid_fen,
        diseases=[
            register_pb2.DiseasePaid(code=code, paid_fen=fen) for code, fen in counters.diseases
        ],
        months=[register_pb2.SpanPaid(span=span, paid_fen=fen) for span, fen in counters.months],
        days=[register_pb2.SpanPaid(span=span, paid_fen=fen) for span, fen in counters.days],
        benefit_deductible=_benefit_amounts(counters.benefit_deductible),
        benefit_paid=_benefit_amounts(counters.benefit_paid),
    )


def _benefit_amounts(amounts: Iterable[tuple[int, int]]) -> list[register_pb2.BenefitAmount]:
    return [
        register_pb2.BenefitAmount(benefit=number(benefit), amount_fen=fen)
        for benefit, fen in amounts
    ]
