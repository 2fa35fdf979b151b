"""Claims and answers as columns: what goes out comes back, and columns that do not fit are seen."""

import numpy as np
import pytest

from clients.answers import Malformed, Refused, Settled
from clients.wire import claim_columns, claim_message, outcomes
from engine.domain.bill import BillLine
from engine.domain.claim import Claim
from engine.domain.codes import Benefit, Liability, LineClass, LineFlag, Paper
from engine.domain.layout import AMOUNTS
from engine.domain.reasons import Reason
from gongji.v1 import batch_pb2, codes_pb2, settlement_pb2
from server.codec import decode_claim
from server.codec_batch import decode_claims

PLAIN = Claim("H1", "R1", "M1", 2024_03_05, 2024_03_05, 100, 100, 0, 0, 0)
FULL = Claim(
    "医院",
    "R2",
    "张三",
    2024_03_05,
    2024_03_06,
    160,
    100,
    10,
    20,
    30,
    Benefit.CHRONIC,
    "V",
    "DM",
    "P",
    "A",
    Liability.THIRD_PARTY,
    50,
    True,
    True,
    True,
    True,
    True,
)

LINES = (
    BillLine(LineClass.A, 100),
    BillLine(LineClass.B, 500, 1_000, 100, 0, Benefit.CHRONIC, 20_000, 2_500_000, 2_000_000, "药1"),
    BillLine(LineClass.NONE, 30, flag=LineFlag.GENERAL_FEE),
)
ITEMISED = PLAIN._replace(
    request_id="R9",
    total_fen=630,
    in_scope_fen=0,
    lines=LINES,
    prescription="E1",
    papers=Paper.CREDENTIAL | Paper.MEDICAL_RECORD,
)


@pytest.mark.parametrize(
    "claims",
    [
        [PLAIN],
        [FULL],
        [PLAIN, FULL, PLAIN._replace(request_id="R3", member="M2")],
        [PLAIN._replace(liable_fen=-5)],
        [PLAIN._replace(in_scope_fen=-100, total_fen=-100)],
        [ITEMISED],
        [PLAIN, ITEMISED, PLAIN, ITEMISED._replace(lines=LINES[:1], papers=15)],
        [PLAIN._replace(papers=8), PLAIN._replace(prescription="E1")],
    ],
)
def test_the_server_reads_the_claims_that_were_sent(claims: list[Claim]) -> None:
    assert list(decode_claims(claim_columns(claims))) == claims
    one_by_one = [decode_claim(claim_message(claim), claim.institution) for claim in claims]
    assert one_by_one == claims


def test_a_message_without_lines_carries_no_column_for_them() -> None:
    columns = claim_columns([PLAIN, FULL])
    assert not columns.HasField("lines")
    assert not columns.line_counts
    assert not columns.papers


def test_a_claim_of_a_stream_leaves_out_what_is_not_given() -> None:
    message = claim_message(PLAIN)
    assert not message.HasField("liable_fen")
    assert message.until_date == 0
    assert claim_message(FULL).liable_fen == 50


def answers(count: int) -> batch_pb2.AnswerColumns:
    columns = batch_pb2.AnswerColumns(
        count=count,
        outcomes=bytes([codes_pb2.OUTCOME_SETTLED, codes_pb2.OUTCOME_REPLAYED, 3, 4][:count]),
        settlement_ids=np.arange(1, count + 1, dtype="<i8").tobytes(),
        reasons=bytes([0, Reason.ARREARS, 0, 0][:count]),
        plan_indexes=np.zeros(count, "<i4").tobytes(),
        plan_digests=[b"d" * 32],
        benefits=b"\x01" * count,
    )
    for number, name in enumerate(AMOUNTS):
        setattr(columns, f"{name}_fen", (np.arange(count, dtype="<i8") + number).tobytes())
    return columns


def test_answers_are_read_row_by_row() -> None:
    columns = answers(4)
    columns.refusals.add(row=2, refusal=settlement_pb2.Refusal(reason=1, message="why"))  # type: ignore[arg-type]
    columns.errors.add(row=3, error=settlement_pb2.Error(path="p", problem="q"))
    first, second, third, fourth = outcomes(columns)
    assert first == Settled(1, tuple(range(len(AMOUNTS))), 1, b"d" * 32)
    assert isinstance(second, Settled)
    assert (second.replayed, second.reason) == (True, Reason.ARREARS)
    assert second.amount("total") == 1
    assert third == Refused(Reason.INVALID_CLAIM, "why")
    assert fourth == Malformed("p", "q")


def test_columns_that_do_not_fit_are_refused() -> None:
    short = answers(2)
    short.cash_fen = short.cash_fen[:8]
    with pytest.raises(ValueError, match="expected 2"):
        outcomes(short)
    with pytest.raises(ValueError, match="no answer"):
        outcomes(answers(3))
