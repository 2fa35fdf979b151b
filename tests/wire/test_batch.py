"""Claims and answers in columns."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.domain.bill import BillLine
from engine.domain.claim import Claim
from engine.domain.codes import Level
from engine.domain.layout import AMOUNTS
from engine.domain.register import AccountOpening, Institution, Member
from engine.domain.request import (
    BatchAnswer,
    ImportOpenings,
    PutInstitutions,
    PutMembers,
    SettleBatch,
)
from engine.errors import InvalidInput
from engine.pipeline import Pipeline
from gongji.v1 import batch_pb2, codes_pb2
from server.codec_batch import decode_claims, encode_answers
from server.codec_settlement import encode_settlement
from server.merge import Settled, SettleOne, reply_of
from tests.support.memory_store import MemoryStore
from tests.support.parts_bench import CHRONIC, LINES, bench_with, itemised
from tests.support.runner import cities
from tests.support.world import ZIBO
from tests.wire.encode import dictionary, texts, wire_columns
from tests.wire.test_claims import CLAIM, CLAIMS, ITEMISED


@given(st.lists(CLAIMS, max_size=20), st.sampled_from(["h1", "医院", "h" * 64]))
def test_claims_come_through_unchanged(claims: list[Claim], institution: str) -> None:
    sent = [claim._replace(institution=institution) for claim in claims]
    data = wire_columns(sent).SerializeToString()
    assert decode_claims(batch_pb2.ClaimColumns.FromString(data)) == sent


def test_columns_left_out_hold_their_defaults() -> None:
    columns = batch_pb2.ClaimColumns(
        count=2,
        request_ids=texts(["a", "b"]),
        institution_ids=dictionary(["h", "h"]),
        member_ids=dictionary(["m", "n"]),
        service_dates=np.array([20260101, 20260102], "<i4").tobytes(),
        benefits=bytes([1, 1]),
        total_fen=np.array([5, 6], "<i8").tobytes(),
    )
    assert decode_claims(columns) == [
        Claim("h", "a", "m", 20260101, 20260101, 5, 0, 0, 0, 0),
        Claim("h", "b", "n", 20260102, 20260102, 6, 0, 0, 0, 0),
    ]


def test_columns_of_lines_left_out_hold_their_defaults() -> None:
    columns = wire_columns([CLAIM, ITEMISED, CLAIM])
    columns.lines.CopyFrom(
        batch_pb2.LineColumns(
            line_classes=bytes([1, 3]), amount_fen=np.array([600, 400], "<i8").tobytes()
        )
    )
    none, lines, last = (claim.lines for claim in decode_claims(columns))
    assert (none, lines, last) == ((), (BillLine(1, 600), BillLine(3, 400)), ())


def test_a_message_without_lines_has_none() -> None:
    columns = wire_columns([CLAIM])
    columns.ClearField("lines")
    columns.ClearField("line_counts")
    assert decode_claims(columns) == [CLAIM]


def _count(columns: batch_pb2.ClaimColumns) -> None:
    columns.count = 10_001


def _negative(columns: batch_pb2.ClaimColumns) -> None:
    columns.count = -1


def _short_dates(columns: batch_pb2.ClaimColumns) -> None:
    columns.service_dates = columns.service_dates[:-1]


def _no_totals(columns: batch_pb2.ClaimColumns) -> None:
    columns.total_fen = b""


def _long_amounts(columns: batch_pb2.ClaimColumns) -> None:
    columns.in_scope_fen += bytes(8)


def _flag(columns: batch_pb2.ClaimColumns) -> None:
    columns.flags = bytes([0, 32])


def _lengths(columns: batch_pb2.ClaimColumns) -> None:
    columns.request_ids.text += b"x"


def _negative_length(columns: batch_pb2.ClaimColumns) -> None:
    columns.request_ids.lengths = np.array([-1, 3], "<i4").tobytes()


def _not_utf8(columns: batch_pb2.ClaimColumns) -> None:
    columns.request_ids.text = b"r\xff"


def _cut_in_a_letter(columns: batch_pb2.ClaimColumns) -> None:
    columns.request_ids.text = "号x".encode()
    columns.request_ids.lengths = np.array([2, 2], "<i4").tobytes()


def _index(columns: batch_pb2.ClaimColumns) -> None:
    columns.member_ids.indexes = np.array([0, 1], "<i4").tobytes()


def _below(columns: batch_pb2.ClaimColumns) -> None:
    columns.member_ids.indexes = np.array([0, -2], "<i4").tobytes()


def _no_members(columns: batch_pb2.ClaimColumns) -> None:
    columns.ClearField("member_ids")


def _texts_without_rows(columns: batch_pb2.ClaimColumns) -> None:
    columns.visit_ids.indexes = b""


def _many_texts(columns: batch_pb2.ClaimColumns) -> None:
    columns.visit_ids.texts.CopyFrom(texts(["a", "b", "c"]))


def _no_counts(columns: batch_pb2.ClaimColumns) -> None:
    columns.line_counts = b""


def _negative_count(columns: batch_pb2.ClaimColumns) -> None:
    columns.line_counts = np.array([3, -1], "<i4").tobytes()


def _fewer_lines(columns: batch_pb2.ClaimColumns) -> None:
    columns.line_counts = np.array([2, 1], "<i4").tobytes()


def _too_many_lines(columns: batch_pb2.ClaimColumns) -> None:
    columns.line_counts = np.array([2**31 - 1, 2**31 - 1], "<i4").tobytes()


def _no_amounts(columns: batch_pb2.ClaimColumns) -> None:
    columns.lines.amount_fen = b""


def _no_classes(columns: batch_pb2.ClaimColumns) -> None:
    columns.lines.line_classes = b""


def _short_quantities(columns: batch_pb2.ClaimColumns) -> None:
    columns.lines.quantities = columns.lines.quantities[1:]


def _code(columns: batch_pb2.ClaimColumns) -> None:
    columns.lines.codes.indexes = np.array([0, 1, -1, 0], "<i4").tobytes()


def _papers(columns: batch_pb2.ClaimColumns) -> None:
    columns.papers = bytes([15, 16])


@pytest.mark.parametrize(
    ("spoil", "path"),
    [
        (_no_counts, "claims.lines.line_classes"),
        (_negative_count, "claims.line_counts[1]"),
        (_fewer_lines, "claims.lines.line_classes"),
        (_too_many_lines, "claims.line_counts"),
        (_no_amounts, "claims.lines.amount_fen"),
        (_no_classes, "claims.lines.line_classes"),
        (_short_quantities, "claims.lines.quantities"),
        (_code, "claims.lines.codes.indexes"),
        (_papers, "claims.papers[1]"),
    ],
)
def test_a_bad_column_of_lines_is_named(
    spoil: Callable[[batch_pb2.ClaimColumns], None], path: str
) -> None:
    columns = wire_columns([ITEMISED, ITEMISED._replace(request_id="r2")])
    decode_claims(columns)
    spoil(columns)
    with pytest.raises(InvalidInput) as caught:
        decode_claims(columns)
    assert caught.value.path == path


@pytest.mark.parametrize(
    ("spoil", "path"),
    [
        (_count, "claims.count"),
        (_negative, "claims.count"),
        (_short_dates, "claims.service_dates"),
        (_no_totals, "claims.total_fen"),
        (_long_amounts, "claims.in_scope_fen"),
        (_flag, "claims.flags[1]"),
        (_lengths, "claims.request_ids.lengths"),
        (_negative_length, "claims.request_ids.lengths"),
        (_not_utf8, "claims.request_ids.text"),
        (_cut_in_a_letter, "claims.request_ids.text"),
        (_index, "claims.member_ids.indexes"),
        (_below, "claims.member_ids.indexes"),
        (_no_members, "claims.member_ids.indexes"),
        (_texts_without_rows, "claims.visit_ids.indexes"),
        (_many_texts, "claims.visit_ids.texts.lengths"),
    ],
)
def test_a_bad_column_is_named(spoil: Callable[[batch_pb2.ClaimColumns], None], path: str) -> None:
    columns = wire_columns([CLAIM._replace(request_id="a"), CLAIM._replace(request_id="b")])
    decode_claims(columns)
    spoil(columns)
    with pytest.raises(InvalidInput) as caught:
        decode_claims(columns)
    assert caught.value.path == path


def _pipeline() -> Pipeline:
    pipeline = Pipeline.open(MemoryStore(), cities())
    pipeline.run(
        [
            PutMembers([Member("m1", ZIBO)]),
            PutInstitutions([Institution("h1", ZIBO, Level.LEVEL_2)]),
            ImportOpenings([AccountOpening("m1", 5_000)]),
        ],
        1,
    )
    return pipeline


def _claims() -> list[Claim]:
    good = Claim("h1", "a", "m1", 20260302, 20260302, 90_000, 80_000, 10_000, 0, 0)
    return [
        good,
        good._replace(request_id="b", use_account=True),
        good._replace(request_id="c", total_fen=-1),
        good,  # once more
        good._replace(request_id="d", service_date=20260230),
        good._replace(request_id="e", service_date=20230302, until_date=20230302),
        good._replace(request_id="f", member="nobody"),
    ]


def test_answers_in_columns_say_what_answers_one_by_one_say() -> None:
    pipeline, claims = _pipeline(), _claims()
    answer = pipeline.run([SettleBatch(claims)], 1_700_000_000_123)[0]
    assert isinstance(answer, BatchAnswer)
    columns = encode_answers(answer, pipeline.plan)
    assert list(columns.outcomes) == [
        codes_pb2.OUTCOME_SETTLED,
        codes_pb2.OUTCOME_SETTLED,
        codes_pb2.OUTCOME_REFUSED,
        codes_pb2.OUTCOME_REPLAYED,
        codes_pb2.OUTCOME_ERROR,
        codes_pb2.OUTCOME_SETTLED,
        codes_pb2.OUTCOME_REFUSED,
    ]
    assert [refusal.row for refusal in columns.refusals] == [2, 6]
    assert [error.row for error in columns.errors] == [4]
    assert columns.errors[0].error.path == "service_date"
    plans = np.frombuffer(columns.plan_indexes, "<i4").tolist()
    amounts = {name: np.frombuffer(getattr(columns, f"{name}_fen"), "<i8") for name in AMOUNTS}
    for row, claim in enumerate(claims):
        reply = reply_of(answer, row, SettleOne(claim))
        if not isinstance(reply, Settled):
            assert plans[row] == -1
            assert not any(column[row] for column in amounts.values())
            continue
        one = encode_settlement(reply.entry, pipeline.plan, replayed=reply.replayed)
        assert columns.plan_digests[plans[row]] == one.plan_digest
        assert amounts["pooled_fund"][row] == one.payers.pooled_fund.amount_fen
        assert amounts["account"][row] == one.payers.account.amount_fen
        assert amounts["deductible"][row] == one.basis.deductible.amount_fen
        assert columns.levels[row] == one.level == codes_pb2.LEVEL_2
        assert columns.statuses[row] == one.status
        assert columns.places[row] == one.place == codes_pb2.PLACE_LOCAL
        assert np.frombuffer(columns.settlement_ids, "<i8")[row] == one.settlement_id
        assert np.frombuffer(columns.taken_times_ms, "<i8")[row] == one.taken_time.ToMilliseconds()
        assert np.frombuffer(columns.cite_rate, "<u2")[row] == one.basis.copay.citations[0]
        facts = int(np.frombuffer(columns.facts, "<u4")[row])
        assert [n + 1 for n in range(32) if facts >> n & 1] == one.facts
    assert len(columns.plan_digests) == 2


def test_parts_of_a_claim_say_in_columns_what_they_say_alone() -> None:
    bench = bench_with()
    claims = [itemised("a", CHRONIC), itemised("b", *LINES), itemised("c", *LINES)]
    answer = bench.batch(*claims)
    columns = encode_answers(answer, bench.pipeline.plan)
    assert [found.row for found in columns.groups] == [1, 2]
    for found in columns.groups:
        reply = reply_of(answer, found.row, SettleOne(claims[found.row]))
        assert isinstance(reply, Settled)
        one = encode_settlement(reply.entry, bench.pipeline.plan)
        assert list(found.groups) == list(one.groups)
        assert [group.benefit for group in one.groups] == [3, 2, 1]
        fund = sum(group.payers.pooled_fund.amount_fen for group in one.groups)
        assert np.frombuffer(columns.pooled_fund_fen, "<i8")[found.row] == fund
        assert one.payers.pooled_fund.amount_fen == fund
        # Citations count in the plan of a part, so they stand with it alone.
        assert not np.frombuffer(columns.cite_rate, "<u2")[found.row]
        assert not one.basis.copay.citations
        assert all(group.basis.copay.citations for group in one.groups)
    assert np.frombuffer(columns.cite_rate, "<u2")[0]


def test_a_bad_line_is_the_error_of_its_row() -> None:
    bad = ITEMISED.lines[1]._replace(unit_price=0)
    claims = [*_claims()[:2], ITEMISED._replace(member="m1", lines=(ITEMISED.lines[0], bad))]
    pipeline = _pipeline()
    answer = pipeline.run([SettleBatch(claims)], 1)[0]
    assert isinstance(answer, BatchAnswer)
    (error,) = encode_answers(answer, pipeline.plan).errors
    assert (error.row, error.error.path) == (2, "lines[1].unit_price_micro_yuan")


def test_a_batch_of_nothing_has_an_answer() -> None:
    pipeline = _pipeline()
    answer = pipeline.run([SettleBatch(decode_claims(batch_pb2.ClaimColumns()))], 1)[0]
    assert isinstance(answer, BatchAnswer)
    assert encode_answers(answer, pipeline.plan).count == 0
