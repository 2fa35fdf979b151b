"""Requests read by the table are those of the library, or are left to it."""

import random
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from engine.domain.claim import Claim
from engine.errors import InvalidInput
from gongji.v1 import claim_pb2
from gongji.v1 import settlement_service_pb2 as pb
from server._decode import Decoder
from server.codec import check_known, decode_claim, parse
from server.wire_claim import decode_settle
from tests.wire.encode import wire_claim
from tests.wire.test_claims import CLAIM, CLAIMS, ITEMISED

Read = tuple[int, bool, Claim]
PLAIN = CLAIMS.map(lambda claim: claim._replace(lines=(), papers=0))
I8 = st.integers(-(2**63), 2**63 - 1)


def by_library(data: bytes) -> Read | None:
    """Return what the library makes of a request, None for what is no claim or malformed."""
    try:
        message = parse(pb.SettleRequest, data)
        check_known(message, data)
        which = message.WhichOneof("request")
        if which not in ("settle", "preview"):
            return None
        return message.sequence, which == "preview", decode_claim(getattr(message, which), "h1")
    except InvalidInput:
        return None


def assert_same(data: bytes) -> bool:
    """Assert that a request is read as by the library, or left to it; return which."""
    found = decode_settle(data, "h1")
    if found is not None:
        # repr, because False is not 0 where it is stored.
        assert repr(found) == repr(by_library(data))
        assert type(found[2]) is Claim
    return found is not None


def request(claim: Claim, sequence: int = 1, *, preview: bool = False) -> bytes:
    message = wire_claim(claim)
    which: dict[str, Any] = {"preview" if preview else "settle": message}
    return pb.SettleRequest(sequence=sequence, **which).SerializeToString()


@given(PLAIN, I8, st.booleans())
def test_a_plain_claim_is_read(claim: Claim, sequence: int, preview: bool) -> None:
    data = request(claim, sequence, preview=preview)
    assert decode_settle(data, "h1") == (sequence, preview, claim)
    assert assert_same(data)


@given(CLAIMS)
def test_a_claim_with_lines_or_papers_is_left_to_the_library(claim: Claim) -> None:
    assume(claim.lines or claim.papers)
    assert decode_settle(request(claim), "h1") is None


@given(PLAIN, st.integers(0, 2**32))
def test_bytes_gone_wrong_are_read_alike_or_left(claim: Claim, seed: int) -> None:
    rng = random.Random(seed)
    data = bytearray(request(claim, rng.getrandbits(10), preview=rng.random() < 0.5))
    for _ in range(rng.randint(1, 3)):
        at = rng.randrange(len(data) + 1)
        match rng.randrange(5):
            case 0:
                data[at : at + 1] = rng.randbytes(1)
            case 1:
                data[at : at + 1] = bytes([rng.choice(data or b"x") ^ 1 << rng.randrange(8)])
            case 2:
                del data[at:]
            case 3:
                data[at:at] = rng.randbytes(rng.randint(1, 3))
            case 4:
                other = rng.randrange(len(data) + 1)
                data[at:at] = data[min(at, other) : max(at, other)][:40]
    assert_same(bytes(data))


@given(st.lists(st.tuples(st.integers(0, 40), st.sampled_from((0, 1, 2, 5)), I8), max_size=6))
def test_fields_in_any_order_and_form_are_read_alike_or_left(
    fields: list[tuple[int, int, int]],
) -> None:
    body = b"".join(_field(*field) for field in fields)
    assert_same(b"\x08\x01\x22" + varint(len(body)) + body)


def varint(number: int, size: int = 1) -> bytes:
    """Return a number in at least so many bytes."""
    number &= 2**64 - 1
    septets = [number >> shift & 0x7F for shift in range(0, 70, 7)]
    while len(septets) > size and not septets[-1]:
        septets.pop()
    return bytes([*(septet | 0x80 for septet in septets[:-1]), septets[-1]])


def _field(number: int, wire_type: int, value: int) -> bytes:
    body = {
        0: varint(value, 1 + value % 10),
        1: (value & 2**64 - 1).to_bytes(8, "little"),
        2: varint(3) + b"abc",
        5: (value & 2**32 - 1).to_bytes(4, "little"),
    }[wire_type]
    return varint(number << 3 | wire_type) + body


def settle(body: bytes, around: bytes = b"") -> bytes:
    return around + b"\x22" + varint(len(body)) + body


@pytest.mark.parametrize(
    ("data", "read"),
    [
        (settle(b""), True),
        (settle(b"\x18\xf6\x9b\xd4\x89\x00"), True),  # a number that is longer than it need be
        (settle(b"\x80\x01\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01"), True),  # the lowest int64
        (settle(b"\x80\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), True),  # liable: -1
        (settle(b"\x0a\x03\xe5\x8f\xb7"), True),
        (settle(b"\x20\x00"), True),  # an empty last day
        (settle(b"\x20\x05"), True),
        (b"", False),
        (b"\x08\x01", False),
        (settle(b"\x80\x01\x80\x80\x80\x80\x80\x80\x80\x80\x80\x02"), False),  # above 64 bits
        (settle(b"\x80\x01\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00"), False),
        (settle(b"\x18\xff\xff\xff\xff\x0f"), False),  # 2^32 - 1 as a day
        (settle(b"\x88\x01\x02"), False),  # 2 as a yes
        (settle(b"\x0a\x02\xc0\x80"), False),  # overlong UTF-8
        (settle(b"\x0a\x03\xed\xa0\x80"), False),  # half a surrogate pair
        (settle(b"\x0a\x02\xff\xff"), False),
        (settle(b"\x0a\x05abc"), False),
        (settle(b"\x0a"), False),
        (settle(b"\x08\x01"), False),  # another wire type
        (settle(b"\x1a\x00"), False),
        (settle(b"\x38\x01\x38\x02"), False),  # twice
        (settle(b"\x0b\x0c"), False),  # a group
        (settle(b"\xf8\x7f\x01"), False),  # an unknown field
        (settle(b"\xba\x01\x00"), False),  # groups
        (settle(b"\xc2\x01\x00"), False),  # lines
        (settle(b"\xd2\x01\x01\x01"), False),  # papers
        (settle(b"") * 2, False),
        (settle(b"") + b"\x1a\x00", False),
        (settle(b"", b"\x08\x01\x08\x02"), False),
        (settle(b"") + b"\x12\x00", False),
        (settle(b"") + b"\x08", False),
        (settle(b"") + b"\xf8\x7f\x01", False),
        (b"\x22\x05\x0a\x01", False),
        (b"\x22\x80\x80\x00", False),  # a length in three bytes
        (b"\xa2\x80\x00\x00", False),  # a tag in three bytes
        (b"\x12\x04\x0a\x02h1", False),  # open
        (pb.SettleRequest(cancel=pb.Cancel(request_id="r")).SerializeToString(), False),
        (request(ITEMISED), False),
    ],
)
def test_what_is_not_plain_is_left_to_the_library(data: bytes, read: bool) -> None:
    assert assert_same(data) == read


@given(PLAIN)
def test_a_request_that_is_cut_short_is_never_read_to_the_end(claim: Claim) -> None:
    data = request(claim)
    for end in range(len(data)):
        assert_same(data[:end])


def test_a_long_text_is_left_to_the_library() -> None:
    claim = claim_pb2.Claim(request_id="r" * 20_000)
    assert decode_settle(pb.SettleRequest(settle=claim).SerializeToString(), "h1") is None


@pytest.mark.parametrize("arguments", [(bytearray(b"\x22\x00"), "h1"), (b"\x22\x00", None)])
def test_what_is_of_another_type_is_refused(arguments: Any) -> None:
    with pytest.raises(TypeError):
        decode_settle(*arguments)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"defaults": ()}, "claim: expected a named tuple of 0 fields"),
        ({"fields": {64: (1, 1)}}, "field: found 64"),
        ({"fields": {1: (5, 1)}}, "field 1, kind: found 5"),
        ({"fields": {1: (1, 26)}}, "field 1, position: found 26"),
        ({"liable": 26}, "position: found 26"),
    ],
)
def test_a_table_that_points_out_of_a_claim_is_refused(
    changes: dict[str, Any], problem: str
) -> None:
    table: dict[str, Any] = {"claim": Claim, "defaults": tuple(CLAIM), "fields": {}}
    tags = {"sequence": 8, "preview": 26, "settle": 34}
    positions = {"service_date": 3, "until_date": 4, "liable": 16}
    with pytest.raises(ValueError, match=problem):
        Decoder(**table | tags | positions | changes)
