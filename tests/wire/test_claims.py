"""Single claims through the codec: there and back, and what is not let in."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.domain.bill import LINES_MAX, BillLine
from engine.domain.claim import Claim, check_claim
from engine.domain.codes import Paper
from engine.domain.request import Cancel, GetSettlement, Reverse
from engine.errors import InvalidInput
from gongji.v1 import claim_pb2, register_pb2
from gongji.v1 import settlement_service_pb2 as pb
from server.codec import (
    check_known,
    decode_cancel,
    decode_claim,
    decode_query,
    decode_reverse,
    parse,
    wire_path,
)
from tests.wire.encode import wire_claim

FEN = st.integers(-(2**63), 2**63 - 1)
TEXT = st.text(st.characters(codec="utf-8"), max_size=20)
DAY = st.integers(1, 2**31 - 1)

CLAIM = Claim(
    "h1", "r1", "m1", 20260302, 20260303, 1000, 700, 100, 150, 50, 1, "V", "D", "p", "a", 2, 300
)

LINES = st.builds(
    BillLine,
    st.integers(0, 255),
    FEN,
    st.integers(-(2**31), 2**31 - 1),
    FEN,
    st.integers(0, 255),
    st.integers(0, 255),
    FEN,
    FEN,
    FEN,
    TEXT,
)
CLAIMS = st.builds(
    Claim,
    st.just("h1"),
    TEXT,
    TEXT,
    DAY,
    DAY,
    FEN,
    FEN,
    FEN,
    FEN,
    FEN,
    st.integers(0, 255),
    TEXT,
    TEXT,
    TEXT,
    TEXT,
    st.integers(0, 255),
    FEN.filter(lambda fen: fen != -2),
    *[st.booleans()] * 5,
    st.lists(LINES, max_size=3).map(tuple),
    TEXT,
    st.integers(0, 15),
    TEXT,
)


@given(CLAIMS)
def test_a_claim_comes_through_unchanged(claim: Claim) -> None:
    data = wire_claim(claim).SerializeToString()
    assert decode_claim(parse(claim_pb2.Claim, data), "h1") == claim


def test_a_missing_last_date_is_the_service_date() -> None:
    message = claim_pb2.Claim(service_date=20260302)
    assert decode_claim(message, "h1").until_date == 20260302


def test_a_given_liable_part_of_minus_one_is_not_taken_for_none() -> None:
    given_part = claim_pb2.Claim(liable_fen=-1)
    assert decode_claim(given_part, "h1").liable_fen < -1
    assert decode_claim(claim_pb2.Claim(), "h1").liable_fen == -1
    assert decode_claim(claim_pb2.Claim(liable_fen=0), "h1").liable_fen == 0


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"request_id": ""}, "request_id"),
        ({"member_id": ""}, "member_id"),
        ({"member_id": "a\0b"}, "member_id"),
        ({"request_id": "r" * 65}, "request_id"),
        ({"request_id": "号" * 22}, "request_id"),
        ({"visit_id": "v\n"}, "visit_id"),
        ({"disease_code": "\x7f"}, "disease_code"),
        ({"prescriber_id": "p" * 65}, "prescriber_id"),
        ({"admission_id": "a\u200b\u2028"}, "admission_id"),
        ({"service_date": 0}, "service_date"),
        ({"service_date": 20260230}, "service_date"),
        ({"service_date": -20260302}, "service_date"),
        ({"until_date": 20261301}, "until_date"),
        ({"benefit": 0}, "benefit"),
        ({"benefit": 99}, "benefit"),
        ({"liability": 99}, "liability"),
        ({"liability": 0}, "liable_fen"),
        ({"prescription_id": "p\n"}, "prescription_id"),
    ],
)
def test_a_bad_field_is_named(change: dict[str, Any], path: str) -> None:
    message = wire_claim(CLAIM)
    for name, value in change.items():
        setattr(message, name, value)
    with pytest.raises(InvalidInput) as caught:
        check_claim(decode_claim(parse(claim_pb2.Claim, message.SerializeToString()), "h1"))
    assert wire_path(caught.value.path) == path


@pytest.mark.parametrize(
    ("message", "path"),
    [
        (claim_pb2.Claim(groups=[claim_pb2.BenefitGroup()]), "groups"),
    ],
)
def test_a_field_not_served_yet_is_named(message: claim_pb2.Claim, path: str) -> None:
    with pytest.raises(InvalidInput, match="not served yet") as caught:
        decode_claim(message, "h1")
    assert caught.value.path == path


ITEMISED = CLAIM._replace(
    in_scope_fen=0,
    pre_payment_fen=0,
    over_limit_fen=0,
    non_covered_fen=0,
    lines=(
        BillLine(1, 500),
        BillLine(2, 500, 1000, 100, 0, 0, 20_000, 2_500_000, 2_000_000, "X1"),
    ),
    prescription="E1",
    papers=Paper.INVOICE | Paper.CHARGE_LIST,
)


def _checked(message: claim_pb2.Claim) -> Claim:
    claim = decode_claim(parse(claim_pb2.Claim, message.SerializeToString()), "h1")
    check_claim(claim)
    return claim


def test_a_claim_with_lines_is_taken() -> None:
    assert _checked(wire_claim(ITEMISED)) == ITEMISED


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"line_class": 0}, "lines[1].line_class"),
        ({"line_class": 4}, "lines[1].line_class"),
        ({"line_class": 1}, "lines[1].first_pay_bp"),
        ({"first_pay_bp": 10_001}, "lines[1].first_pay_bp"),
        ({"first_pay_bp": -1}, "lines[1].first_pay_bp"),
        ({"flag": 4}, "lines[1].flag"),
        ({"benefit": 4}, "lines[1].benefit"),
        ({"code": "c" * 65}, "lines[1].code"),
        ({"quantity": 0}, "lines[1].quantity"),
        ({"quantity": -1}, "lines[1].quantity"),
        ({"unit_price_micro_yuan": 0}, "lines[1].unit_price_micro_yuan"),
        ({"unit_price_micro_yuan": 10**13 + 1}, "lines[1].unit_price_micro_yuan"),
        ({"unit_ceiling_micro_yuan": -1}, "lines[1].unit_ceiling_micro_yuan"),
        ({"amount_fen": 501}, "lines[1].amount_fen"),
        ({"over_limit_fen": 99}, "lines[1].over_limit_fen"),
    ],
)
def test_a_bad_field_of_a_line_is_named(change: dict[str, Any], path: str) -> None:
    message = wire_claim(ITEMISED)
    for name, value in change.items():
        setattr(message.lines[1], name, value)
    with pytest.raises(InvalidInput) as caught:
        _checked(message)
    assert wire_path(caught.value.path) == path


@pytest.mark.parametrize("number", [0, 5, -1])
def test_a_paper_that_is_none_is_named(number: int) -> None:
    message = wire_claim(ITEMISED)
    message.papers.append(number)  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match=f"{number} is not a paper; expected 1 to 4") as caught:
        _checked(message)
    assert caught.value.path == "papers[2]"


def test_a_paper_that_is_named_twice_is_there_once() -> None:
    message = wire_claim(ITEMISED)
    message.papers.extend(message.papers)
    assert _checked(message) == ITEMISED


@pytest.mark.parametrize(
    "part", ["in_scope_fen", "pre_payment_fen", "over_limit_fen", "non_covered_fen"]
)
def test_parts_do_not_stand_beside_lines(part: str) -> None:
    with pytest.raises(InvalidInput, match="stands beside lines; give one or the other") as caught:
        check_claim(Claim(**(ITEMISED._asdict() | {part: 1})))
    assert caught.value.path == part


def test_more_lines_than_a_claim_may_have_are_refused() -> None:
    check_claim(ITEMISED._replace(lines=(BillLine(1, 1),) * LINES_MAX))
    with pytest.raises(InvalidInput, match="expected at most 1000 lines, found 1001") as caught:
        check_claim(ITEMISED._replace(lines=(BillLine(1, 1),) * (LINES_MAX + 1)))
    assert caught.value.path == "lines"


def test_an_unknown_field_of_a_line_is_found() -> None:
    line = wire_claim(ITEMISED).lines[0].SerializeToString() + UNKNOWN
    data = b"\xc2\x01" + bytes([len(line)]) + line
    with pytest.raises(InvalidInput) as caught:
        check_known(parse(claim_pb2.Claim, data), data)
    assert caught.value.path == "lines[0].field 2047"


UNKNOWN = b"\xf8\x7f\x01"  # field 2047, a varint


def _nested() -> bytes:
    claim = wire_claim(CLAIM).SerializeToString() + UNKNOWN
    return b"\x08\x01\x22" + _varint(len(claim)) + claim


def _varint(number: int) -> bytes:
    return bytes([number & 0x7F | 0x80, number >> 7]) if number > 0x7F else bytes([number])


@pytest.mark.parametrize(
    ("data", "path"),
    [(UNKNOWN, "field 2047"), (_nested(), "settle.field 2047")],
)
def test_an_unknown_field_is_refused_at_any_depth(data: bytes, path: str) -> None:
    message = parse(pb.SettleRequest, data)
    with pytest.raises(InvalidInput) as caught:
        check_known(message, data)
    assert caught.value.path == path


def test_an_unknown_field_of_a_repeated_message_is_found() -> None:
    stay = b"\x0a\x01h" + UNKNOWN
    data = b"\x62" + bytes([3]) + b"\x0a\x01h" + b"\x62" + bytes([len(stay)]) + stay
    with pytest.raises(InvalidInput) as caught:
        check_known(parse(register_pb2.Member, data), data)
    assert caught.value.path == "stays[1].field 2047"


def test_a_message_of_known_fields_passes_in_whatever_form() -> None:
    data = wire_claim(CLAIM).SerializeToString()
    check_known(parse(claim_pb2.Claim, data), data)
    padded = b"\x18\xf6\x9b\xd4\x89\x00" + data  # an earlier service_date, in six bytes
    check_known(parse(claim_pb2.Claim, padded), padded)


@pytest.mark.parametrize("data", [b"\xff", b"\x0a\x05ab", b"\x0a\x01\xff", b"\x22\x02\x0a\x09"])
def test_garbage_is_no_message(data: bytes) -> None:
    kind = claim_pb2.Claim if data != b"\x22\x02\x0a\x09" else pb.SettleRequest
    with pytest.raises(InvalidInput, match="cannot be read") as caught:
        parse(kind, data)
    assert caught.value.path == ""


def test_undo_and_query_come_through() -> None:
    assert decode_cancel(pb.Cancel(request_id="c", settlement_id=7), "h") == Cancel("h", "c", 7)
    reverse = pb.Reverse(request_id="c", original_request_id="r")
    assert decode_reverse(reverse, "h") == Reverse("h", "c", "r")
    assert decode_query(pb.Query(settlement_id=7), "h") == GetSettlement("h", 7)
    assert decode_query(pb.Query(request_id="r"), "h") == GetSettlement("h", request_id="r")


@pytest.mark.parametrize(
    ("decode", "path"),
    [
        (lambda: decode_query(pb.Query(settlement_id=0), "h"), "settlement_id"),
        (lambda: decode_query(pb.Query(), "h"), "query"),
    ],
)
def test_what_names_no_settlement_is_refused(decode: Callable[[], object], path: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        decode()
    assert caught.value.path == path


@pytest.mark.parametrize(
    ("path", "item", "expected"),
    [
        ("member", "", "member_id"),
        ("id", "member", "member_id"),
        ("id", "institution", "institution_id"),
        ("filings[0].from", "member", "filings[0].first_day"),
        ("selections[2].institution", "member", "selections[2].institution_id"),
        ("visit_paid_fen[1].visit", "", "visits[1].visit_id"),
        ("in_scope_fen", "", "in_scope_fen"),
        ("original_request_id", "", "original_request_id"),
    ],
)
def test_paths_are_those_of_the_wire(path: str, item: str, expected: str) -> None:
    assert wire_path(path, item) == expected
