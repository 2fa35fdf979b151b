"""Sessions against a server that breaks, drains, is silent or confused: never "failed"."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, cast

import grpc
import grpc.aio
import pytest

from clients.errors import CallError, UnknownOutcome
from clients.outbox import Outbox
from clients.session import BulkLane, Session
from engine.domain.claim import Claim
from gongji.v1 import batch_pb2, codes_pb2, settlement_pb2
from gongji.v1 import settlement_service_pb2 as pb
from gongji.v1.settlement_service_pb2_grpc import (
    add_SettlementServiceServicer_to_server,
)

CLAIM = Claim("H1", "R1", "M1", 2024_03_05, 2024_03_05, 100, 100, 0, 0, 0)


class Scripted:
    """Does on each stream what the script says: answer, break, drain, silent, wrong, refuse."""

    def __init__(self, *script: str) -> None:
        self.script = list(script)
        self.received: list[Any] = []
        self.streams = 0

    def __getattr__(self, name: str) -> Any:
        """Stand for the calls that no script needs."""
        return None

    async def Settle(
        self, requests: AsyncIterator[pb.SettleRequest], context: Any
    ) -> AsyncIterator[pb.SettleResponse]:
        self.streams += 1
        act = self.script.pop(0) if self.script else "answer"
        async for request in requests:
            if request.WhichOneof("request") == "open":
                if act == "refuse":
                    error = settlement_pb2.Error(problem="no such institution")
                    yield pb.SettleResponse(error=error)
                    return
                yield pb.SettleResponse(opened=pb.Opened(in_flight_max=64))
                continue
            self.received.append(request)
            if act == "break":
                await context.abort(grpc.StatusCode.UNAVAILABLE, "gone")
            if act == "forbid":
                await context.abort(grpc.StatusCode.PERMISSION_DENIED, "not yours")
            if act == "silent":
                await asyncio.sleep(60)
            if act == "drain":
                yield pb.SettleResponse(drain=settlement_pb2.Drain())
                await context.abort(grpc.StatusCode.UNAVAILABLE, "stopping")
            yield self.answer(request, act)
            if act == "drain_after":
                yield pb.SettleResponse(drain=settlement_pb2.Drain())
                await context.abort(grpc.StatusCode.UNAVAILABLE, "stopping")

    def answer(self, request: pb.SettleRequest, act: str) -> pb.SettleResponse:
        times = sum(r.settle.request_id == request.settle.request_id for r in self.received)
        return pb.SettleResponse(
            sequence=request.sequence + (act == "wrong"),
            request_id=request.settle.request_id,
            settled=settlement_pb2.Settlement(settlement_id=1, replayed=times > 1),
        )

    async def SettleBatch(
        self, requests: AsyncIterator[pb.SettleBatchRequest], context: Any
    ) -> AsyncIterator[pb.SettleBatchResponse]:
        self.streams += 1
        act = self.script.pop(0) if self.script else "answer"
        left = 2
        async for request in requests:
            self.received.append(request.sequence)
            if act == "break" and not left:
                await context.abort(grpc.StatusCode.UNAVAILABLE, "gone")
            left -= 1
            yield pb.SettleBatchResponse(
                sequence=request.sequence,
                answers=batch_pb2.AnswerColumns(
                    count=request.claims.count,
                    outcomes=bytes([codes_pb2.OUTCOME_SETTLED]) * request.claims.count,
                    plan_indexes=b"\xff\xff\xff\xff" * request.claims.count,
                    benefits=b"\x01" * request.claims.count,
                ),
            )


def play(servicer: Scripted, client: Callable[[str], Awaitable[Any]]) -> Any:
    async def run() -> Any:
        server = grpc.aio.server()
        add_SettlementServiceServicer_to_server(cast(Any, servicer), server)
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        try:
            return await client(f"127.0.0.1:{port}")
        finally:
            await server.stop(0)

    return asyncio.run(run())


def settle(servicer: Scripted, outbox: Outbox | None = None, patience: float = 5.0) -> Any:
    async def client(address: str) -> Any:
        async with Session(address, "H1", outbox=outbox, patience=patience) as session:
            return await session.settle(CLAIM)

    return play(servicer, client)


def test_an_answer_empties_the_outbox(tmp_path: Path) -> None:
    with Outbox(tmp_path / "o") as outbox:
        assert settle(Scripted(), outbox).WhichOneof("answer") == "settled"
        assert outbox.pending() == ()


@pytest.mark.parametrize("act", ["break", "drain"])
def test_after_a_break_or_a_drain_the_same_id_is_sent_again(act: str, tmp_path: Path) -> None:
    servicer = Scripted(act)
    with Outbox(tmp_path / "o") as outbox:
        response = settle(servicer, outbox)
        assert outbox.pending() == ()
    assert response.settled.replayed
    assert [request.settle.request_id for request in servicer.received] == ["R1", "R1"]
    assert servicer.streams == 2


def test_after_a_drain_that_answered_the_next_claim_takes_a_new_stream() -> None:
    servicer = Scripted("drain_after")

    async def client(address: str) -> list[int]:
        async with Session(address, "H1", patience=5) as session:
            await session.settle(CLAIM)
            await asyncio.sleep(0.1)
            await session.settle(CLAIM._replace(request_id="R2"))
            return [session.reconnects]

    play(servicer, client)
    assert servicer.streams == 2
    assert {request.settle.request_id for request in servicer.received} == {"R1", "R2"}


def test_silence_is_an_unknown_outcome_and_stays_in_the_outbox(tmp_path: Path) -> None:
    servicer = Scripted("silent")
    with Outbox(tmp_path / "o") as outbox:
        with pytest.raises(UnknownOutcome, match="outcome is unknown") as caught:
            settle(servicer, outbox, patience=0.5)
        assert "fail" not in str(caught.value)
        assert "resend" in str(caught.value)
        (pending,) = outbox.pending()
    # A new process finds it and sends it again under its id.
    with Outbox(tmp_path / "o") as outbox:

        async def client(address: str) -> Any:
            async with Session(address, "H1", outbox=outbox, patience=5) as session:
                return await session.resend(outbox.pending()[0])

        again = Scripted()
        assert play(again, client).request_id == "R1"
        assert outbox.pending() == ()
    assert pending.request_id == "R1"
    assert again.received[0].settle == servicer.received[0].settle


def test_an_unreachable_server_took_nothing(tmp_path: Path) -> None:
    async def client() -> None:
        with Outbox(tmp_path / "o") as outbox:
            async with Session("127.0.0.1:1", "H1", outbox=outbox, patience=0.5) as session:
                with pytest.raises(CallError, match="nothing was sent"):
                    await session.settle(CLAIM)
            assert outbox.pending() == ()

    asyncio.run(client())


def test_a_resend_that_reaches_nobody_stays_unknown(tmp_path: Path) -> None:
    with Outbox(tmp_path / "o") as outbox:
        with pytest.raises(UnknownOutcome):
            settle(Scripted("silent"), outbox, patience=0.5)

        async def client() -> None:
            async with Session("127.0.0.1:1", "H1", outbox=outbox, patience=0.5) as session:
                with pytest.raises(UnknownOutcome, match="stays in the outbox"):
                    await session.resend(outbox.pending()[0])

        asyncio.run(client())
        assert len(outbox.pending()) == 1


def test_a_server_that_does_not_open_the_stream_took_nothing() -> None:
    with pytest.raises(CallError, match="no such institution"):
        settle(Scripted("refuse"))


def test_a_final_status_after_sending_is_still_unknown() -> None:
    with pytest.raises(UnknownOutcome, match="PERMISSION_DENIED: not yours"):
        settle(Scripted("forbid"))


def test_an_answer_to_something_else_is_not_taken() -> None:
    with pytest.raises(UnknownOutcome, match="another version"):
        settle(Scripted("wrong"))


def test_a_bulk_lane_sends_again_what_was_unanswered() -> None:
    servicer = Scripted("break", "break")

    async def client(address: str) -> list[int]:
        def run() -> list[int]:
            lane = BulkLane(address, window=3, patience=10)
            batches = [[CLAIM._replace(request_id=f"R{n}")] * (n + 1) for n in range(8)]
            return [len(outcomes) for outcomes in lane.settle(batches)]

        return await asyncio.to_thread(run)

    assert play(servicer, client) == [1, 2, 3, 4, 5, 6, 7, 8]
    assert servicer.streams == 3
    assert set(servicer.received) == set(range(1, 9))
