"""Whatever is wrong in a field: an error that names it, by call and stream, and nothing is written.

On a file and on a database; then one bad claim among five hundred good ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import grpc
import pytest

from benchmarks.peers.cluster import Server as Database
from clients.answers import Outcome, Settled
from clients.wire import claim_columns, outcomes
from engine.domain.claim import Claim
from engine.pipeline import Pipeline
from engine.store.postgres import PostgresStore
from engine.store.sqlite import SqliteStore
from engine.verify.check import verify_store
from gongji.v1 import claim_pb2
from gongji.v1 import settlement_service_pb2 as pb
from server.app import ServerHandle
from tests.server.conftest import AT_H1, CONFIG, Client, claim, opening, register
from tests.support.postgres import new_database, pg_server
from tests.support.runner import cities

__all__ = ["pg_server"]

INT64_MAX = 2**63 - 1
QUERY = pb.Query(request_id="nobody's")
MANY_BYTES = 10_000_000
"""Of a text in a message below the limit of messages."""

TEXTS = {
    "request_id": 1,
    "member_id": 2,
    "visit_id": 6,
    "disease_code": 12,
    "prescriber_id": 13,
    "admission_id": 14,
    "payer_member_id": 22,
    "prescription_id": 25,
}
"""Number of each field that is a text."""
BAD_TEXTS = {
    "NUL": "a\0b",
    "newline": "a\n",
    "delete": "\x7f",
    "invisible": "a\u200b",
    "line separator": "a\u2028",
    "too long": "a" * 65,
    "too long in bytes": "号" * 22,
    "megabytes": "a" * MANY_BYTES,
}
AMOUNTS = ("total_fen", "in_scope_fen", "pre_payment_fen", "over_limit_fen", "non_covered_fen")
BAD_AMOUNTS = (-1, -(2**63), INT64_MAX, 10**12 + 1)
BAD_DAYS = (0, -1, 1, 99999999, 20260230, 20261301, 20260300, 2**31 - 1, -(2**31))
LINE_AMOUNTS = ("amount_fen", "over_limit_fen", "quantity", "unit_price_micro_yuan")


class Bad(NamedTuple):
    """A claim that is none."""

    what: str
    data: bytes
    path: str | None = None
    """Of the field that has to be named; None: no message, or not of one field."""


def changed(**fields: Any) -> bytes:
    message = claim("bad")
    for name, value in fields.items():
        message.ClearField(name)
        if isinstance(value, list):
            getattr(message, name).extend(value)
        else:
            setattr(message, name, value)
    return message.SerializeToString()


def line(**fields: Any) -> claim_pb2.Line:
    given: dict[str, Any] = {"line_class": 1, "amount_fen": 1_000}
    return claim_pb2.Line(**given | fields)


def of_lines(*lines: claim_pb2.Line, total: int = 1_000) -> bytes:
    return changed(in_scope_fen=0, total_fen=total, lines=list(lines))


def tag(number: int, kind: int) -> bytes:
    key = number << 3 | kind
    return bytes([key]) if key < 128 else bytes([key & 127 | 128, key >> 7])


def bad_claims() -> Iterator[Bad]:
    for made in (bad_texts, bad_amounts, bad_days_and_codes, bad_lines, bad_messages):
        yield from made()


def bad_texts() -> Iterator[Bad]:
    for name in TEXTS:
        for what, text in BAD_TEXTS.items():
            yield Bad(f"{name}: {what}", changed(**{name: text}), name)
    for name in ("request_id", "member_id"):
        yield Bad(f"{name}: none", changed(**{name: ""}), name)


def bad_amounts() -> Iterator[Bad]:
    for name in AMOUNTS:
        for fen in BAD_AMOUNTS:
            yield Bad(f"{name}: {fen}", changed(**{name: fen}))
    big = dict.fromkeys(AMOUNTS[1:], 2**62)
    yield Bad("parts beyond 63 bits", changed(total_fen=INT64_MAX, **big))
    yield Bad("parts that do not add up", changed(total_fen=1_001))
    yield Bad("liable without whom", changed(liable_fen=1), "liable_fen")
    for liable in (-1, -(2**63), INT64_MAX):
        yield Bad(f"liable {liable}", changed(liability=1, liable_fen=liable))


def bad_days_and_codes() -> Iterator[Bad]:
    for day in BAD_DAYS:
        yield Bad(f"service_date {day}", changed(service_date=day), "service_date")
        if day:
            yield Bad(f"until_date {day}", changed(until_date=day), "until_date")
    for name in ("benefit", "liability"):
        for number in (99, -1, 2**31 - 1):
            yield Bad(f"{name} {number}", changed(**{name: number}), name)
    yield Bad("no benefit", changed(benefit=0), "benefit")
    for number in (0, 99, -5):
        yield Bad(f"paper {number}", changed(papers=[number]), "papers[0]")
    yield Bad("groups", changed(groups=[claim_pb2.BenefitGroup()]), "groups")


def bad_lines() -> Iterator[Bad]:
    for name in LINE_AMOUNTS:
        for amount in BAD_AMOUNTS[:3]:
            yield Bad(f"line {name} {amount}", of_lines(line(**{name: amount})))
    yield Bad("1001 lines", of_lines(*[line()] * 1_001, total=1_001_000))
    yield Bad("lines that do not add up", of_lines(line(), total=999))
    yield Bad("lines beyond 63 bits", of_lines(*[line(amount_fen=10**12)] * 1_000, total=10**15))
    for bp in (-1, 10_001):
        yield Bad(f"first pay {bp}", of_lines(line(line_class=2, first_pay_bp=bp)))
    for name in ("line_class", "flag", "benefit"):
        yield Bad(f"line {name} 99", of_lines(line(**{name: 99})))
    yield Bad("line without a class", of_lines(line(line_class=0)))
    yield Bad("line with NUL", of_lines(line(code="a\0")))
    yield Bad("quantity alone", of_lines(line(quantity=10_000)))
    yield Bad("lines beside a part", changed(lines=[line()]))


def bad_messages() -> Iterator[Bad]:
    """Yield what is no message, or has fields that the contract does not have."""
    good = claim("bad").SerializeToString()
    for name, number in TEXTS.items():
        yield Bad(f"{name} is not UTF-8", good + tag(number, 2) + b"\x02\xff\xfe")
        yield Bad(f"{name} ends early", good + tag(number, 2) + b"\x7fabc")
    for number in (7, 8, 9, 16):
        yield Bad(f"field {number} as a double", good + tag(number, 1) + b"\0" * 8)
        yield Bad(f"field {number} without an end", good + tag(number, 0) + b"\xff" * 11)
    yield Bad("field 100", good + tag(100, 0) + b"\x01")
    yield Bad(
        "a field in a line", changed(in_scope_fen=0) + tag(24, 2) + b"\x03" + tag(99, 0) + b"\1"
    )
    yield Bad("groups in groups", good + tag(100, 3) * 100 + tag(100, 4) * 100)
    yield Bad("an end without a beginning", good + tag(100, 4))
    yield Bad("field 0", good + b"\x00\x01")


@pytest.fixture(params=["sqlite", "postgres"])
def opens(
    request: pytest.FixtureRequest, tmp_path: Path
) -> Callable[[], SqliteStore | PostgresStore]:
    if request.param == "sqlite":
        return lambda: SqliteStore.open(tmp_path / "store.db")
    database: Database = request.getfixturevalue("pg_server")
    url = new_database(database)
    return lambda: PostgresStore.open(url)


Opens = Callable[[], SqliteStore | PostgresStore]


def contents(store: SqliteStore | PostgresStore) -> list[object]:
    with store.snapshot():
        return list(store.segments(0, 0))


def test_a_bad_field_is_named_and_writes_nothing(opens: Opens) -> None:
    """By a unary call, and in the middle of a stream that goes on."""
    bad = list(bad_claims())
    assert len(bad) > 150
    register(Pipeline.open(opens(), cities())).close()
    with opens() as store:
        before = contents(store)
    with ServerHandle(Pipeline.open(opens(), cities()), CONFIG) as server:
        client = Client(server.address)
        for each in bad:
            told = said_to_a_call(client, each.data)
            assert told is not None, f"{each.what}: was settled"
            assert told == (each.path or told), each.what
            assert said_in_a_stream(client, each.data) == told, each.what
        client.channel.close()
    with opens() as store:
        assert contents(store) == before


def said_to_a_call(client: Client, data: bytes) -> str | None:
    """Return the field that the error of a unary call names, "" for none; None: it was settled."""
    call: Any = client.channel.unary_unary(
        "/gongji.v1.SettlementService/SettleClaim",
        response_deserializer=pb.SettleClaimResponse.FromString,
    )
    return said(lambda: call(tag(1, 2) + sized(data), metadata=AT_H1, timeout=30))


def said_in_a_stream(client: Client, data: bytes) -> str | None:
    """Return the same of a stream."""
    first = opening().SerializeToString()
    settle = tag(number_of("settle"), 2) + sized(data)
    answers = list(client.raw([first, settle, pb.SettleRequest(query=QUERY).SerializeToString()]))
    assert answers[2].refused.message, "the stream did not go on"
    return said(lambda: answers[1])


def said(ask: Callable[[], Any]) -> str | None:
    try:
        answer = ask()
    except grpc.RpcError as error:
        code: grpc.StatusCode = error.code()
        return "" if code is grpc.StatusCode.INVALID_ARGUMENT else str(error)
    match answer.WhichOneof("answer"):
        case "error" if answer.error.problem:
            return str(answer.error.path).removeprefix("claim.").removeprefix("settle.")
        case "refused" if answer.refused.message and answer.refused.reason:
            return ""
    return None


def number_of(name: str) -> int:
    return int(pb.SettleRequest.DESCRIPTOR.fields_by_name[name].number)


def sized(data: bytes) -> bytes:
    size, head = len(data), b""
    while size > 127:
        head, size = head + bytes([size & 127 | 128]), size >> 7
    return head + bytes([size]) + data


# --- one among many ------------------------------------------------------------------------

BATCH = 500
DAY = 2026_03_02


def good(number: int, request_id: str = "") -> Claim:
    return Claim("h1", request_id or f"g{number}", "m1", DAY, DAY, 1_000, 1_000, 0, 0, 0)


POISON: dict[str, Claim] = {
    "NUL": good(0)._replace(visit="a\0b"),
    "below 0": good(0)._replace(in_scope_fen=-1),
    "does not add up": good(0)._replace(total_fen=7),
    "no such day": good(0)._replace(service_date=2026_02_30, until_date=2026_02_30),
    "an id of the batch": good(0, "g1"),
    "an id of the batch with another content": good(0, "g2")._replace(total_fen=2, in_scope_fen=2),
    "nobody": good(0)._replace(member="nobody"),
    "too much": good(0)._replace(total_fen=INT64_MAX, in_scope_fen=INT64_MAX),
}


@pytest.mark.parametrize("what", POISON)
def test_one_bad_claim_among_five_hundred_harms_none(opens: Opens, what: str) -> None:
    """All others are settled, in their order; sent again, all are answered as before."""
    at = 137
    claims = [good(n + 1) for n in range(BATCH)]
    claims[at] = POISON[what]
    pipeline = register(Pipeline.open(opens(), cities()))
    with ServerHandle(pipeline, CONFIG) as server:
        client = Client(server.address)
        first, again = answers(client, claims), answers(client, claims)
        client.channel.close()
    positions = [outcome.settlement_id if isinstance(outcome, Settled) else 0 for outcome in first]
    assert positions[:at] + positions[at + 1 :] == list(range(1, BATCH))
    assert positions[at] == (1 if what == "an id of the batch" else 0)
    again_at = [outcome.settlement_id if isinstance(outcome, Settled) else 0 for outcome in again]
    assert again_at == positions
    with opens() as store, store.snapshot():
        assert store.last_position == BATCH - 1
        assert verify_store(store).ok


def answers(client: Client, claims: list[Claim]) -> list[Outcome]:
    message = pb.SettleBatchRequest(sequence=1, claims=claim_columns(claims))
    (answer,) = client.settlement.SettleBatch(iter([message]), timeout=30)
    return outcomes(answer.answers)
