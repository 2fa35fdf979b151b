"""The wire's other end, for tests: values of the domain as messages."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from engine.domain.bill import BillLine
from engine.domain.claim import Claim
from gongji.v1 import batch_pb2, claim_pb2


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
        "payer_member_id": claim.payer,
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
        payer_member_ids=dictionary([claim.payer for claim in claims]),
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
