"""When the store fails, when we have a bug: what clients are told, and what they are not."""

import dataclasses
import inspect
import logging
import threading
from collections.abc import Iterator
from typing import Any

import grpc
import pytest

import engine.errors
from clients.exchange import pause_told
from engine.errors import EngineError, InvariantBroken, OutcomeUnknown, StoreError, StoreFull
from engine.pipeline import Pipeline
from gongji.v1 import settlement_service_pb2 as pb
from server import settlement, status
from server.app import EXIT_FAILED, ServerHandle
from server.batcher import Batcher
from server.config import ServerConfig, check_loopback
from tests.server.conftest import AT_H1, CONFIG, Client, Gate, claim, opening, settle
from tests.server.test_batch_stream import claims, message
from tests.server.test_stream import reason_of

SECRET = "370302197501011234"


def test_every_error_of_the_engine_has_a_status() -> None:
    errors = [
        error
        for _, error in inspect.getmembers(engine.errors, inspect.isclass)
        if issubclass(error, EngineError) and error is not EngineError
    ]
    assert errors
    for error in errors:
        assert error in status._TABLE, f"{error.__name__} has no line in server/status.py"
    messages = [line.message for line in status._TABLE.values()]
    assert all(messages)


def _one(client: Client) -> Any:
    request = pb.SettleClaimRequest(claim=claim(SECRET))
    return client.settlement.SettleClaim(request, metadata=AT_H1, timeout=30)


@pytest.mark.parametrize(
    ("error", "code", "reason"),
    [
        (StoreError(SECRET), grpc.StatusCode.UNAVAILABLE, "STORE_UNAVAILABLE"),
        (StoreFull(SECRET), grpc.StatusCode.RESOURCE_EXHAUSTED, "STORE_FULL"),
    ],
)
def test_nothing_recorded_is_said_and_the_server_goes_on(
    client: Client, gate: Gate, error: Exception, code: grpc.StatusCode, reason: str
) -> None:
    gate.error = error
    bulk = client.settlement.SettleBatch(iter([message(1, claims(3))]), timeout=30)
    for call in (
        lambda: _one(client),
        lambda: list(client.settle([opening(), settle(2, "r")])),
        lambda: list(bulk),
    ):
        with pytest.raises(grpc.RpcError) as caught:
            call()
        assert caught.value.code() == code
        assert reason_of(caught.value) == reason
        assert 0 < pause_told(caught.value.trailing_metadata()) <= 30
        assert SECRET not in str(caught.value)
    gate.error = None
    assert _one(client).settled.settlement_id == 1


@pytest.mark.parametrize(
    ("error", "code", "reason"),
    [
        (OutcomeUnknown(SECRET), grpc.StatusCode.UNAVAILABLE, "OUTCOME_UNKNOWN"),
        (InvariantBroken(SECRET), grpc.StatusCode.INTERNAL, "INVARIANT_BROKEN"),
        (ValueError(SECRET), grpc.StatusCode.INTERNAL, "INVARIANT_BROKEN"),
    ],
)
def test_the_server_stops_when_it_does_not_know(
    pipeline: Pipeline,
    gate: Gate,
    caplog: pytest.LogCaptureFixture,
    error: Exception,
    code: grpc.StatusCode,
    reason: str,
) -> None:
    server = ServerHandle(pipeline, CONFIG)
    server.start()
    client = Client(server.address)
    idle = client.settle(_endless())
    next(idle)
    gate.error = error
    with caplog.at_level(logging.DEBUG), pytest.raises(grpc.RpcError) as caught:
        _one(client)
    assert caught.value.code() == code
    assert reason_of(caught.value) == reason
    with pytest.raises(grpc.RpcError) as caught_idle:
        list(idle)
    assert caught_idle.value.code() == grpc.StatusCode.UNAVAILABLE
    assert server.wait(10) == EXIT_FAILED
    assert SECRET not in str(caught.value) + str(caught_idle.value) + caplog.text
    runs = len(gate.runs)
    with pytest.raises(grpc.RpcError):
        _one(client)
    assert len(gate.runs) == runs, "the pipeline was used after it failed"
    client.channel.close()


def test_single_calls_are_refused_where_the_queue_is_full(
    pipeline: Pipeline, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And say when to come back; a stream is not read on, and loses nothing."""
    waiting = threading.Event()
    room = Batcher.room

    async def noted(self: Batcher) -> None:
        waiting.set()
        await room(self)

    monkeypatch.setattr(Batcher, "room", noted)
    with ServerHandle(pipeline, dataclasses.replace(CONFIG, queue_max=3)) as server:
        client = Client(server.address)
        gate.open.clear()
        stream = client.settle([opening(), *(settle(n, f"s{n}") for n in range(20))])
        assert waiting.wait(30), "the stream never found the queue full"
        with pytest.raises(grpc.RpcError) as caught:
            _one(client)
        assert caught.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
        assert reason_of(caught.value) == "OVERLOADED"
        assert pause_told(caught.value.trailing_metadata()) == 0.5
        gate.open.set()
        assert [answer.sequence for answer in stream][1:] == list(range(20))
        assert _one(client).settled.settlement_id == 21
        client.channel.close()


def test_a_client_comes_back_when_it_is_told() -> None:
    assert pause_told((("other", "1"), ("grpc-retry-pushback-ms", "1500"))) == 1.5
    for told in (None, (), (("grpc-retry-pushback-ms", "-1"),), (("grpc-retry-pushback-ms", "x"),)):
        assert pause_told(told) == 0.0


def _endless() -> Iterator[pb.SettleRequest]:

    yield opening()
    threading.Event().wait(5)


def test_a_bug_in_a_handler_tells_nothing_and_harms_nobody_else(
    client: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> object:
        raise KeyError(SECRET)

    with monkeypatch.context() as patch, caplog.at_level(logging.DEBUG):
        patch.setattr(settlement, "decode_claim", broken)
        patch.setattr(settlement, "decode_settle", broken)
        for call in (
            lambda: _one(client),
            lambda: list(client.settle([opening(), settle(2, "r")])),
        ):
            with pytest.raises(grpc.RpcError) as caught:
                call()
            assert caught.value.code() == grpc.StatusCode.INTERNAL
            assert reason_of(caught.value) == "INTERNAL"
            assert SECRET not in str(caught.value)
            incident = str(caught.value.details()).split()[-1]
            assert incident in caplog.text
    assert SECRET not in caplog.text
    assert _one(client).settled.settlement_id == 1


def test_nothing_of_a_request_is_logged(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        _one(client)
        bad = claim(SECRET)
        bad.payer_member_id = SECRET
        list(client.settle([opening(), pb.SettleRequest(settle=bad), settle(2, SECRET, -1)]))
    assert SECRET not in caplog.text


@pytest.mark.parametrize(
    ("address", "bound"),
    [
        ("127.0.0.1:0", "127.0.0.1:0"),
        ("localhost:50051", "127.0.0.1:50051"),
        ("127.3.2.1:1", "127.3.2.1:1"),
        ("[::1]:7", "[::1]:7"),
    ],
)
def test_this_machine_may_be_bound(address: str, bound: str) -> None:
    assert check_loopback(address) == bound


@pytest.mark.parametrize(
    "address",
    ["0.0.0.0:1", "[::]:1", "192.168.1.5:50051", "hospital.example:1", "127.0.0.1", ":1", "",
     "127.0.0.1:99999", "127.0.0.1:-1", "unix:/tmp/x"],
)  # fmt: skip
def test_no_other_address_may_be_bound(address: str, pipeline: Pipeline) -> None:
    with pytest.raises(ValueError, match=r"expected an address|not a loopback"):
        ServerHandle(pipeline, ServerConfig(address=address)).start()


def test_a_taken_port_is_an_error(server: ServerHandle, pipeline: Pipeline) -> None:
    with pytest.raises(OSError, match="cannot be bound"):
        ServerHandle(pipeline, ServerConfig(address=server.address)).start()


def test_a_port_can_be_taken_again_after_a_stop(pipeline: Pipeline) -> None:
    with ServerHandle(pipeline, CONFIG) as server:
        address = server.address
    assert server.exit_code == 0
    with ServerHandle(pipeline, ServerConfig(address=address)) as again:
        assert again.address == address
