"""The stream of a gateway: columns in, columns out, and terminals in between."""

import time
from typing import Any

import grpc
import pytest

from engine.domain.claim import Claim
from engine.domain.request import SettleBatch
from engine.errors import StoreError
from engine.pipeline import Pipeline
from gongji.v1 import codes_pb2
from gongji.v1 import settlement_service_pb2 as pb
from server.app import ServerHandle
from server.config import ServerConfig
from tests.server.conftest import AT_H1, Client, Gate, claim
from tests.wire.encode import wire_columns


def claims(count: int, prefix: str = "b") -> list[Claim]:
    return [
        Claim("h1", f"{prefix}{n}", f"m{n % 2 + 1}", 20260302, 20260302, 100, 100, 0, 0, 0)
        for n in range(count)
    ]


def message(sequence: int, sent: list[Claim], *, preview: bool = False) -> pb.SettleBatchRequest:
    return pb.SettleBatchRequest(sequence=sequence, preview=preview, claims=wire_columns(sent))


def test_messages_are_answered_in_order(client: Client) -> None:
    bad = message(3, claims(2, "x"))
    bad.claims.total_fen = b"1"
    unknown = message(4, claims(1, "y")).SerializeToString() + b"\xf8\x7f\x01"
    sent = [
        message(1, claims(2_500)).SerializeToString(),
        message(2, claims(2_500)).SerializeToString(),
        bad.SerializeToString(),
        unknown,
        b"\xff",
        message(5, []).SerializeToString(),
        message(6, claims(3, "z"), preview=True).SerializeToString(),
    ]
    call: Any = client.channel.stream_stream(
        "/gongji.v1.SettlementService/SettleBatch",
        response_deserializer=pb.SettleBatchResponse.FromString,
    )
    answers = list(call(iter(sent), timeout=60))
    assert [answer.sequence for answer in answers] == [1, 2, 3, 4, 0, 5, 6]
    assert set(answers[0].answers.outcomes) == {codes_pb2.OUTCOME_SETTLED}
    assert set(answers[1].answers.outcomes) == {codes_pb2.OUTCOME_REPLAYED}
    assert answers[0].answers.settlement_ids == answers[1].answers.settlement_ids
    assert answers[2].error.path == "claims.total_fen"
    assert answers[3].error.path == "field 2047"
    assert answers[4].error.path == ""
    assert answers[5].answers.count == 0
    assert answers[6].answers.settlement_ids == bytes(24)


def test_a_terminal_waits_for_one_chunk_at_most(pipeline: Pipeline, gate: Gate) -> None:
    config = ServerConfig("127.0.0.1:0", chunk=100, chunk_beside=50)
    with ServerHandle(pipeline, config) as server:
        client = Client(server.address)
        gate.open.clear()
        call = client.settlement.SettleBatch(iter([message(1, claims(1_000))]), timeout=30)
        assert gate.entered.acquire(timeout=10)
        one = client.settlement.SettleClaim.future(
            pb.SettleClaimRequest(claim=claim("t")), metadata=AT_H1, timeout=30
        )
        with pytest.raises(grpc.FutureTimeoutError):
            one.result(timeout=0.3)
        gate.open.set()
        settled = one.result(timeout=10).settled
        assert next(call).answers.count == 1_000
        runs = [run[0].claims for run in gate.runs if isinstance(run[0], SettleBatch)]
        # Smaller ones once a terminal has asked.
        assert [len(run) for run in runs] == [100, 1] + [50] * 18
        assert settled.settlement_id == 101
        client.channel.close()


def test_gateways_take_turns(pipeline: Pipeline, gate: Gate) -> None:
    config = ServerConfig("127.0.0.1:0", chunk=10, chunk_beside=10)
    with ServerHandle(pipeline, config) as server:
        client = Client(server.address)
        gate.open.clear()
        first = client.settlement.SettleBatch(
            iter([message(1, claims(40, "a")), message(2, claims(10, "c"))]), timeout=30
        )
        assert gate.entered.acquire(timeout=10)
        second = client.settlement.SettleBatch(iter([message(1, claims(20, "b"))]), timeout=30)
        preview = client.settlement.PreviewClaim.future(
            pb.PreviewClaimRequest(claim=claim("p")), metadata=AT_H1, timeout=30
        )
        with pytest.raises(grpc.FutureTimeoutError):
            preview.result(timeout=0.3)
        gate.open.set()
        assert len(list(first)) == 2
        assert len(list(second)) == 1
        runs = [run[0] for run in gate.runs if isinstance(run[0], SettleBatch)]
        order = "".join(run.claims[0].request_id[0] for run in runs if not run.preview)
        assert sorted(order) == list("aaaabbc")
        assert order.index("b") <= 2, "the second gateway waits for a whole message of the first"
        assert order.index("c") > order.rindex("a"), "the messages of a stream keep their order"
        client.channel.close()


@pytest.mark.parametrize(
    ("size", "expected"), [(20, ["a0", "a0", "a10"]), (2, ["a0", "a0"])], ids=["large", "small"]
)
def test_a_message_does_not_overtake_one_that_was_not_recorded(
    pipeline: Pipeline, gate: Gate, size: int, expected: list[str]
) -> None:
    with ServerHandle(pipeline, ServerConfig("127.0.0.1:0", chunk=10, chunk_beside=10)) as server:
        client = Client(server.address)
        gate.open.clear()
        gate.error = StoreError("full")
        call = client.settlement.SettleBatch(
            iter([message(1, claims(size, "a")), message(2, claims(size, "b"))]), timeout=30
        )
        assert gate.entered.acquire(timeout=10)
        time.sleep(0.3)
        gate.open.set()
        with pytest.raises(grpc.RpcError) as caught:
            next(call)
        assert caught.value.code() == grpc.StatusCode.UNAVAILABLE
        gate.error = None
        again = client.settlement.SettleBatch(iter([message(1, claims(size, "a"))]), timeout=30)
        assert set(next(again).answers.outcomes) == {codes_pb2.OUTCOME_SETTLED}
        taken = [
            run[0].claims[0].request_id for run in gate.runs if isinstance(run[0], SettleBatch)
        ]
        assert taken == expected
        client.channel.close()
