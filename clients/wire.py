"""Between our values and the messages of `gongji.v1`, on the client's side."""

from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from typing import Any, Final

import numpy as np

from clients.answers import Malformed, Outcome, Refused, Settled
from clients.registers import RegisterItem
from engine.domain.bill import BillLine
from engine.domain.claim import LIABLE_NOT_GIVEN, Claim
from engine.domain.codes import Offer, Paper
from engine.domain.dates import OPEN_END, Interval
from engine.domain.layout import (
    AMOUNTS,
    CUTS,
    FLAG_EMERGENCY,
    FLAG_MANUAL,
    FLAG_REFERRED,
    FLAG_STATEMENT,
    FLAG_USE_ACCOUNT,
)
from engine.domain.reasons import Detail, Reason
from engine.domain.register import (
    ALL_OFFERS,
    ALWAYS,
    AccountOpening,
    Contribution,
    FamilyLink,
    Institution,
    Member,
    Opening,
)
from engine.errors import InvalidInput
from gongji.v1 import batch_pb2, claim_pb2, codes_pb2, register_pb2, settlement_pb2

BATCH_MAX: Final = 10_000
"""Claims or register items in one message, at most."""

LINES_MAX: Final = 50_000
"""Lines of all the claims in one message, at most."""


def code(value: int) -> Any:
    """Return a code of ours as a number of the wire: they are the same (`codes.proto`)."""
    return int(value)


def claim_message(claim: Claim) -> claim_pb2.Claim:
    """Return a claim as a stream carries it; the institution is the stream's."""
    message = claim_pb2.Claim(
        request_id=claim.request_id,
        member_id=claim.member,
        service_date=claim.service_date,
        until_date=0 if claim.until_date == claim.service_date else claim.until_date,
        benefit=code(claim.benefit),
        visit_id=claim.visit,
        total_fen=claim.total_fen,
        in_scope_fen=claim.in_scope_fen,
        pre_payment_fen=claim.pre_payment_fen,
        over_limit_fen=claim.over_limit_fen,
        non_covered_fen=claim.non_covered_fen,
        disease_code=claim.disease,
        prescriber_id=claim.prescriber,
        admission_id=claim.admission,
        liability=code(claim.liability),
        emergency=claim.emergency,
        referred=claim.referred,
        statement=claim.statement,
        manual=claim.manual,
        use_account=claim.use_account,
        prescription_id=claim.prescription,
        payer_member_id=claim.payer,
    )
    if claim.liable_fen != LIABLE_NOT_GIVEN:
        message.liable_fen = claim.liable_fen
    if claim.lines:
        message.lines.extend(map(_line_message, claim.lines))
    if claim.papers:
        message.papers.extend(code(p.bit_length()) for p in Paper if p & claim.papers)
    return message


def _line_message(line: BillLine) -> claim_pb2.Line:
    return claim_pb2.Line(
        line_class=code(line.line_class),
        amount_fen=line.amount_fen,
        first_pay_bp=line.first_pay_bp,
        over_limit_fen=line.over_limit_fen,
        flag=code(line.flag),
        benefit=code(line.benefit),
        quantity=line.quantity,
        unit_price_micro_yuan=line.unit_price,
        unit_ceiling_micro_yuan=line.unit_ceiling,
        code=line.code,
    )


# ------------------------------------------------------------------------------------- columns


def claim_columns(claims: Sequence[Claim]) -> batch_pb2.ClaimColumns:
    """Return claims as columns."""
    columns = batch_pb2.ClaimColumns(
        count=len(claims),
        request_ids=_texts([claim.request_id for claim in claims]),
        institution_ids=_dictionary([claim.institution for claim in claims]),
        member_ids=_dictionary([claim.member for claim in claims]),
        service_dates=_numbers([claim.service_date for claim in claims], "<i4"),
        benefits=bytes(claim.benefit for claim in claims),
        total_fen=_numbers([claim.total_fen for claim in claims], "<i8"),
        in_scope_fen=_numbers([claim.in_scope_fen for claim in claims], "<i8"),
    )
    if any(claim.until_date != claim.service_date for claim in claims):
        columns.until_dates = _numbers([claim.until_date for claim in claims], "<i4")
    for name in ("pre_payment_fen", "over_limit_fen", "non_covered_fen"):
        amounts = [getattr(claim, name) for claim in claims]
        if any(amounts):
            setattr(columns, name, _numbers(amounts, "<i8"))
    optional: tuple[tuple[batch_pb2.DictionaryColumn, Callable[[Claim], str]], ...] = (
        (columns.visit_ids, lambda claim: claim.visit),
        (columns.disease_codes, lambda claim: claim.disease),
        (columns.prescriber_ids, lambda claim: claim.prescriber),
        (columns.admission_ids, lambda claim: claim.admission),
        (columns.payer_member_ids, lambda claim: claim.payer),
    )
    for column, text in optional:
        texts = [text(claim) for claim in claims]
        if any(texts):
            column.CopyFrom(_dictionary(texts))
    if any(claim.liability for claim in claims):
        columns.liabilities = bytes(claim.liability for claim in claims)
    if any(claim.liable_fen != LIABLE_NOT_GIVEN for claim in claims):
        columns.liable_fen = _numbers([claim.liable_fen for claim in claims], "<i8")
    flags = bytes(map(_flags, claims))
    if any(flags):
        columns.flags = flags
    if any(claim.lines or claim.prescription or claim.papers for claim in claims):
        _add_lines_and_papers(columns, claims)
    return columns


def _add_lines_and_papers(columns: batch_pb2.ClaimColumns, claims: Sequence[Claim]) -> None:
    if any(claim.prescription for claim in claims):
        columns.prescription_ids.CopyFrom(_dictionary([claim.prescription for claim in claims]))
    if any(claim.papers for claim in claims):
        columns.papers = bytes(claim.papers for claim in claims)
    if any(claim.lines for claim in claims):
        columns.line_counts = _numbers([len(claim.lines) for claim in claims], "<i4")
        lines = chain.from_iterable(claim.lines for claim in claims)
        columns.lines.CopyFrom(_line_columns(lines))


def _line_columns(lines: Iterable[BillLine]) -> batch_pb2.LineColumns:
    """Return the lines of all claims as columns, those of defaults only left out."""
    values = dict(zip(BillLine._fields, zip(*lines, strict=True), strict=True))
    columns = batch_pb2.LineColumns(amount_fen=_numbers(values["amount_fen"], "<i8"))
    for name, field, dtype in _LINE_COLUMNS:
        if any(values[field]):
            setattr(columns, name, _numbers(values[field], dtype))
    if any(values["code"]):
        columns.codes.CopyFrom(_dictionary(values["code"]))
    return columns


_LINE_COLUMNS: Final = (
    ("line_classes", "line_class", "u1"),
    ("first_pay_bp", "first_pay_bp", "<i4"),
    ("over_limit_fen", "over_limit_fen", "<i8"),
    ("flags", "flag", "u1"),
    ("benefits", "benefit", "u1"),
    ("quantities", "quantity", "<i8"),
    ("unit_price_micro_yuan", "unit_price", "<i8"),
    ("unit_ceiling_micro_yuan", "unit_ceiling", "<i8"),
)
"""Column of the wire, field of a line, and type of the numbers."""


def _flags(claim: Claim) -> int:
    return (
        FLAG_EMERGENCY * claim.emergency
        | FLAG_REFERRED * claim.referred
        | FLAG_STATEMENT * claim.statement
        | FLAG_MANUAL * claim.manual
        | FLAG_USE_ACCOUNT * claim.use_account
    )


def _numbers(values: Sequence[int], dtype: str) -> bytes:
    return np.array(values, dtype=dtype).tobytes()


def _texts(texts: Sequence[str]) -> batch_pb2.TextColumn:
    encoded = [text.encode() for text in texts]
    return batch_pb2.TextColumn(
        text=b"".join(encoded), lengths=_numbers([len(text) for text in encoded], "<i4")
    )


def _dictionary(texts: Sequence[str]) -> batch_pb2.DictionaryColumn:
    """Return a column of texts that repeat; an empty one is none."""
    positions: dict[str, int] = {}
    indexes = [positions.setdefault(text, len(positions)) if text else -1 for text in texts]
    return batch_pb2.DictionaryColumn(
        texts=_texts(list(positions)), indexes=_numbers(indexes, "<i4")
    )


def outcomes(answers: batch_pb2.AnswerColumns) -> list[Outcome]:
    """Return what each claim of a batch came to.

    Raises:
        ValueError: the columns do not fit together.
    """
    count = answers.count
    kinds = _column(answers.outcomes, "u1", count)
    ids = _column(answers.settlement_ids, "<i8", count)
    reasons = _column(answers.reasons, "u1", count)
    plans = _column(answers.plan_indexes, "<i4", count)
    benefits = _column(answers.benefits, "u1", count)
    parts = [_column(getattr(answers, f"{name}_fen"), "<i8", count) for name in AMOUNTS]
    amounts = list(zip(*parts, strict=True)) if count else []
    refusals = {item.row: refused(item.refusal) for item in answers.refusals}
    errors = {item.row: malformed(item.error) for item in answers.errors}
    found: list[Outcome] = []
    for row in range(count):
        if row in refusals:
            found.append(refusals[row])
        elif row in errors:
            found.append(errors[row])
        elif kinds[row] in (codes_pb2.OUTCOME_SETTLED, codes_pb2.OUTCOME_REPLAYED):
            replayed = kinds[row] == codes_pb2.OUTCOME_REPLAYED
            digest = answers.plan_digests[plans[row]] if plans[row] >= 0 else b""
            reason = Reason(reasons[row])
            found.append(Settled(ids[row], amounts[row], benefits[row], digest, reason, replayed))
        else:
            raise ValueError(f"row {row} has outcome {kinds[row]} and no answer")
    return found


def _column(data: bytes, dtype: str, count: int) -> list[int]:
    if not data:
        return [0] * count
    values: list[int] = np.frombuffer(data, dtype=dtype).tolist()
    if len(values) != count:
        raise ValueError(f"a column has {len(values)} values, expected {count}")
    return values


def refused(message: settlement_pb2.Refusal) -> Refused:
    """Return a refusal."""
    detail = Detail(message.detail)
    return Refused(Reason(message.reason), message.message, detail, message.figure)


def malformed(message: settlement_pb2.Error) -> Malformed:
    """Return what is wrong with a request."""
    return Malformed(message.path, message.problem)


def amounts_of(
    settlement: settlement_pb2.Settlement | settlement_pb2.SettledGroup,
) -> dict[str, int]:
    """Return the parts of the three sums by their names in `AMOUNTS`."""
    bill, basis, payers = settlement.bill, settlement.basis, settlement.payers
    parts = {
        "total": bill.total_fen,
        "non_covered": bill.non_covered.amount_fen,
        "over_limit": bill.over_limit.amount_fen,
        "pre_payment": bill.pre_payment.amount_fen,
        "first_pay": bill.first_pay.amount_fen,
        "excluded": bill.excluded.amount_fen,
        "in_scope": bill.in_scope.amount_fen,
        "deductible": basis.deductible.amount_fen,
        "copay": basis.copay.amount_fen,
        **{name: getattr(basis, name).amount_fen for name in CUTS},
        "pooled_fund": payers.pooled_fund.amount_fen,
        "large_amount_fund": payers.large_amount_fund.amount_fen,
        "institution_share": payers.institution_share.amount_fen,
        "person": payers.person_fen,
        "account": payers.account.amount_fen,
        "family_account": payers.family_account.amount_fen,
        "cash": payers.cash.amount_fen,
    }
    return {name: parts[name] for name in AMOUNTS}


def settled(message: settlement_pb2.Settlement) -> Settled:
    """Return a settlement as a lane's outcome."""
    return Settled(
        message.settlement_id,
        tuple(amounts_of(message).values()),
        message.benefit,
        message.plan_digest,
        Reason(message.reason),
        message.replayed,
    )


# ----------------------------------------------------------------------------------- registers


def interval_message(days: Interval) -> register_pb2.Interval:
    """Return days on the wire."""
    return register_pb2.Interval(first_day=days.first_day, last_day=last_day(days.last_day))


def last_day(day: int) -> int:
    """Return a last day on the wire, 0 where it is still open."""
    return 0 if day == OPEN_END else day


def member_message(member: Member) -> register_pb2.Member:
    """Return a register entry of a member."""
    return register_pb2.Member(
        member_id=member.id,
        city=member.city,
        status=code(member.status),
        retired_date=member.retired_on,
        born_date=member.born_on,
        mode=code(member.mode),
        employment=code(member.employment),
        arrears=[interval_message(days) for days in member.arrears],
        filings=[
            register_pb2.Filing(
                kind=code(filing.kind),
                area=filing.area,
                days=interval_message(filing.days),
            )
            for filing in member.filings
        ],
        selections=[
            register_pb2.Selection(
                institution_id=selection.institution, days=interval_message(selection.days)
            )
            for selection in member.selections
        ],
        diseases=[
            register_pb2.Disease(
                code=disease.code,
                kind=code(disease.kind),
                days=interval_message(disease.days),
            )
            for disease in member.diseases
        ],
        stays=[
            register_pb2.Stay(
                institution_id=stay.institution,
                admitted_date=stay.admitted,
                discharged_date=last_day(stay.discharged),
            )
            for stay in member.stays
        ],
        referrals=[
            register_pb2.Referral(
                from_institution_id=referral.from_institution,
                to_institution_id=referral.to_institution,
                days=interval_message(referral.days),
            )
            for referral in member.referrals
        ],
        family=map(link_message, member.family),
        contributions=map(contribution_message, member.contributions),
        still_paying=map(interval_message, member.still_paying),
        months_combined=member.months_combined,
        months_pooled_only=member.months_pooled_only,
    )


def link_message(link: FamilyLink) -> register_pb2.FamilyLink:
    """Return a family link."""
    return register_pb2.FamilyLink(
        relative_id=link.relative,
        relation=code(link.relation),
        consent=link.consent,
        days=interval_message(link.days),
    )


def contribution_message(contribution: Contribution) -> register_pb2.Contribution:
    """Return a contribution, its amounts in fen."""
    return register_pb2.Contribution(
        base_fen=contribution.base_fen,
        own_fen=contribution.own_fen,
        days=interval_message(contribution.days),
    )


def institution_message(institution: Institution) -> register_pb2.Institution:
    """Return a register entry of an institution."""
    message = register_pb2.Institution(
        institution_id=institution.id,
        area=institution.area,
        level=code(institution.level),
        kind=code(institution.kind),
        host_id=institution.host,
        parent_id=institution.parent,
        qualifications=[
            register_pb2.Qualification(offer=code(held.offer), days=interval_message(held.days))
            for held in institution.qualifications
        ],
    )
    if institution.designated != ALWAYS:
        message.designated.SetInParent()
        message.designated.intervals.extend(
            interval_message(days) for days in institution.designated
        )
    if institution.networked != ALWAYS:
        message.networked.SetInParent()
        message.networked.intervals.extend(interval_message(days) for days in institution.networked)
    if institution.offers != ALL_OFFERS:
        message.offers.SetInParent()
        message.offers.offers.extend(code(offer) for offer in Offer if offer in institution.offers)
    return message


def opening_message(opening: Opening | AccountOpening) -> register_pb2.Opening:
    """Return an opening of counters or of an account."""
    if isinstance(opening, AccountOpening):
        return register_pb2.Opening(
            account=register_pb2.AccountOpening(
                member_id=opening.member, balance_fen=opening.balance_fen
            )
        )
    return register_pb2.Opening(
        year=register_pb2.YearOpening(
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
                register_pb2.DiseasePaid(code=disease, paid_fen=fen)
                for disease, fen in opening.disease_paid_fen
            ],
            cost_fen=opening.cost_fen,
            months=_spans(opening.month_paid_fen),
            days=_spans(opening.day_paid_fen),
            benefit_deductible=_by_benefit(opening.benefit_deductible_fen),
            benefit_paid=_by_benefit(opening.benefit_paid_fen),
        )
    )


def _spans(paid: Iterable[tuple[str, int]]) -> list[register_pb2.SpanPaid]:
    return [register_pb2.SpanPaid(span=span, paid_fen=fen) for span, fen in paid]


def _by_benefit(amounts: Iterable[tuple[int, int]]) -> list[register_pb2.BenefitAmount]:
    return [
        register_pb2.BenefitAmount(benefit=code(benefit), amount_fen=fen)
        for benefit, fen in amounts
    ]


def kind_of(items: Sequence[RegisterItem]) -> str:
    """Return which register the items are for: `members`, `institutions` or `openings`.

    Raises:
        InvalidInput: they are not of one register.
    """
    kinds = {
        "members"
        if isinstance(item, Member)
        else "institutions"
        if isinstance(item, Institution)
        else "openings"
        for item in items
    }
    if len(kinds) != 1:
        raise InvalidInput("", "expected items of one register in a message")
    return kinds.pop()
