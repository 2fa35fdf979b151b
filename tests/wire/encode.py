"""The wire's other end, for tests: values of the domain as messages."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from engine.domain.bill import BillLine
from engine.domain.claim import Claim
from engine.domain.dates import DATE_MIN, OPEN_END, Interval
from engine.domain.register import ALL_OFFERS, ALWAYS, AccountOpening, Institution, Member, Opening
from gongji.v1 import batch_pb2, claim_pb2, register_pb2


def wire_claim(claim: Claim) -> claim_pb2.Claim:
    fields: dict[str, Any] = {
        "request_id": claim.request_id,
        "member_id": claim.member,
        "service_date": claim.service_date,
        "until_date": claim.until_date,
        "benefit": claim.benefit,
        "visit_id": claim.visit,
        "total_fen": claim.total_fen,
        "in_scope_fen": claim.in_scope_fen,
        "pre_payment_fen": claim.pre_payment_fen,
        "over_limit_fen": claim.over_limit_fen,
        "non_covered_fen": claim.non_covered_fen,
        "disease_code": claim.disease,
        "prescriber_id": claim.prescriber,
        "admission_id": claim.admission,
        "liability": claim.liability,
        "emergency": claim.emergency,
        "referred": claim.referred,
        "statement": claim.statement,
        "manual": claim.manual,
        "use_account": claim.use_account,
        "lines": [wire_line(line) for line in claim.lines],
        "prescription_id": claim.prescription,
        "papers": [n for n in (1, 2, 3, 4) if claim.papers & 1 << n - 1],
    }
    if claim.liable_fen != -1:
        fields["liable_fen"] = claim.liable_fen
    return claim_pb2.Claim(**fields)


def wire_line(line: BillLine) -> claim_pb2.Line:
    fields: dict[str, Any] = {
        "line_class": line.line_class,
        "amount_fen": line.amount_fen,
        "first_pay_bp": line.first_pay_bp,
        "over_limit_fen": line.over_limit_fen,
        "flag": line.flag,
        "benefit": line.benefit,
        "quantity": line.quantity,
        "unit_price_micro_yuan": line.unit_price,
        "unit_ceiling_micro_yuan": line.unit_ceiling,
        "code": line.code,
    }
    return claim_pb2.Line(**fields)


def texts(values: Sequence[str]) -> batch_pb2.TextColumn:
    encoded = [value.encode() for value in values]
    lengths = np.array([len(value) for value in encoded], dtype="<i4")
    return batch_pb2.TextColumn(text=b"".join(encoded), lengths=lengths.tobytes())


def dictionary(values: Sequence[str]) -> batch_pb2.DictionaryColumn:
    distinct = sorted(set(values) - {""})
    positions = {value: n for n, value in enumerate(distinct)} | {"": -1}
    indexes = np.array([positions[value] for value in values], dtype="<i4")
    return batch_pb2.DictionaryColumn(texts=texts(distinct), indexes=indexes.tobytes())


def wire_columns(claims: Sequence[Claim]) -> batch_pb2.ClaimColumns:
    def numbers(read: Callable[[Claim], int], dtype: str) -> bytes:
        return np.array([read(claim) for claim in claims], dtype=dtype).tobytes()

    return batch_pb2.ClaimColumns(
        count=len(claims),
        request_ids=texts([claim.request_id for claim in claims]),
        institution_ids=dictionary([claim.institution for claim in claims]),
        member_ids=dictionary([claim.member for claim in claims]),
        service_dates=numbers(lambda claim: claim.service_date, "<i4"),
        until_dates=numbers(lambda claim: claim.until_date, "<i4"),
        benefits=numbers(lambda claim: claim.benefit, "u1"),
        visit_ids=dictionary([claim.visit for claim in claims]),
        total_fen=numbers(lambda claim: claim.total_fen, "<i8"),
        in_scope_fen=numbers(lambda claim: claim.in_scope_fen, "<i8"),
        pre_payment_fen=numbers(lambda claim: claim.pre_payment_fen, "<i8"),
        over_limit_fen=numbers(lambda claim: claim.over_limit_fen, "<i8"),
        non_covered_fen=numbers(lambda claim: claim.non_covered_fen, "<i8"),
        disease_codes=dictionary([claim.disease for claim in claims]),
        prescriber_ids=dictionary([claim.prescriber for claim in claims]),
        admission_ids=dictionary([claim.admission for claim in claims]),
        liabilities=numbers(lambda claim: claim.liability, "u1"),
        liable_fen=numbers(lambda claim: claim.liable_fen, "<i8"),
        flags=numbers(
            lambda claim: (
                claim.emergency
                + 2 * claim.referred
                + 4 * claim.statement
                + 8 * claim.manual
                + 16 * claim.use_account
            ),
            "u1",
        ),
        line_counts=numbers(lambda claim: len(claim.lines), "<i4"),
        lines=wire_lines([line for claim in claims for line in claim.lines]),
        prescription_ids=dictionary([claim.prescription for claim in claims]),
        papers=numbers(lambda claim: claim.papers, "u1"),
    )


def wire_lines(lines: Sequence[BillLine]) -> batch_pb2.LineColumns:
    def numbers(read: Callable[[BillLine], int], dtype: str) -> bytes:
        return np.array([read(line) for line in lines], dtype=dtype).tobytes()

    return batch_pb2.LineColumns(
        line_classes=numbers(lambda line: line.line_class, "u1"),
        amount_fen=numbers(lambda line: line.amount_fen, "<i8"),
        first_pay_bp=numbers(lambda line: line.first_pay_bp, "<i4"),
        over_limit_fen=numbers(lambda line: line.over_limit_fen, "<i8"),
        flags=numbers(lambda line: line.flag, "u1"),
        benefits=numbers(lambda line: line.benefit, "u1"),
        quantities=numbers(lambda line: line.quantity, "<i8"),
        unit_price_micro_yuan=numbers(lambda line: line.unit_price, "<i8"),
        unit_ceiling_micro_yuan=numbers(lambda line: line.unit_ceiling, "<i8"),
        codes=dictionary([line.code for line in lines]),
    )


def wire_interval(days: Interval) -> register_pb2.Interval:
    first = 0 if days.first_day in (0, DATE_MIN) else days.first_day
    return register_pb2.Interval(
        first_day=first, last_day=0 if days.last_day == OPEN_END else days.last_day
    )


def wire_member(member: Member) -> register_pb2.Member:
    fields: dict[str, Any] = {
        "member_id": member.id,
        "city": member.city,
        "status": member.status,
        "retired_date": member.retired_on,
        "born_date": member.born_on,
        "mode": member.mode,
        "employment": member.employment,
        "arrears": [wire_interval(days) for days in member.arrears],
        "filings": [
            {"kind": f.kind, "area": f.area, "days": wire_interval(f.days)} for f in member.filings
        ],
        "selections": [
            {"institution_id": s.institution, "days": wire_interval(s.days)}
            for s in member.selections
        ],
        "diseases": [
            {"code": d.code, "kind": d.kind, "days": wire_interval(d.days)} for d in member.diseases
        ],
        "stays": [
            {
                "institution_id": s.institution,
                "admitted_date": s.admitted,
                "discharged_date": 0 if s.discharged == OPEN_END else s.discharged,
            }
            for s in member.stays
        ],
        "referrals": [
            {
                "from_institution_id": r.from_institution,
                "to_institution_id": r.to_institution,
                "days": wire_interval(r.days),
            }
            for r in member.referrals
        ],
    }
    return register_pb2.Member(**fields)


def wire_institution(institution: Institution) -> register_pb2.Institution:
    fields: dict[str, Any] = {
        "institution_id": institution.id,
        "area": institution.area,
        "level": institution.level,
        "kind": institution.kind,
        "host_id": institution.host,
        "parent_id": institution.parent,
        "qualifications": [
            {"offer": held.offer, "days": wire_interval(held.days)}
            for held in institution.qualifications
        ],
    }
    for name in ("designated", "networked"):
        days: tuple[Interval, ...] = getattr(institution, name)
        if days != ALWAYS:
            fields[name] = {"intervals": [wire_interval(interval) for interval in days]}
    if institution.offers != ALL_OFFERS:
        fields["offers"] = {"offers": sorted(institution.offers)}
    return register_pb2.Institution(**fields)


def wire_opening(opening: Opening | AccountOpening) -> register_pb2.Opening:
    if isinstance(opening, AccountOpening):
        account = register_pb2.AccountOpening(
            member_id=opening.member, balance_fen=opening.balance_fen
        )
        return register_pb2.Opening(account=account)
    year = register_pb2.YearOpening(
        member_id=opening.member,
        policy_year=opening.year,
        deductible_fen=opening.deductible_fen,
        deductible_met=opening.deductible_met,
        ordinary_paid_fen=opening.ordinary_paid_fen,
        visits=[
            register_pb2.VisitOpening(visit_id=visit, paid_fen=paid)
            for visit, paid in opening.visit_paid_fen
        ],
        deductible_at=[
            register_pb2.DeductibleAt(institution_id=institution, borne_fen=borne)
            for institution, borne in opening.deductible_at_fen
        ],
        pooled_paid_fen=opening.pooled_paid_fen,
        compliant_burden_fen=opening.compliant_burden_fen,
        large_amount_paid_fen=opening.large_amount_paid_fen,
        special_deductible_fen=opening.special_deductible_fen,
        chronic_paid_fen=opening.chronic_paid_fen,
        diseases=[
            register_pb2.DiseasePaid(code=code, paid_fen=paid)
            for code, paid in opening.disease_paid_fen
        ],
        cost_fen=opening.cost_fen,
        months=[
            register_pb2.SpanPaid(span=span, paid_fen=paid) for span, paid in opening.month_paid_fen
        ],
        days=[
            register_pb2.SpanPaid(span=span, paid_fen=paid) for span, paid in opening.day_paid_fen
        ],
    )
    return register_pb2.Opening(year=year)
