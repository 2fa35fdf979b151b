"""A real server on a free port of this machine, and clients that speak bytes or messages."""

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import grpc
import pytest

from engine.domain.codes import Level
from engine.domain.register import AccountOpening, Institution, Member
from engine.domain.request import (
    ImportOpenings,
    PutInstitutions,
    PutMembers,
    Request,
)
from engine.ledger.ledger import Applied
from engine.pipeline import Pipeline
from engine.store.sqlite import SqliteStore
from gongji.v1 import claim_pb2
from gongji.v1 import settlement_service_pb2 as pb
from gongji.v1 import settlement_service_pb2_grpc as rpc
from server.app import ServerHandle
from server.config import ServerConfig
from tests.support.memory_store import MemoryStore
from tests.support.runner import cities
from tests.support.world import ZIBO

AT_H1 = (("gongji-institution", "h1"),)
SETTLE = "/gongji.v1.SettlementService/Settle"
CONFIG = ServerConfig(address="127.0.0.1:0", grace_seconds=5.0)


class Gate:
    """Stands before a pipeline's commit: counts runs, holds them, or makes them fail."""

    def __init__(self, pipeline: Pipeline) -> None:
        self.pipeline = pipeline
        self.open = threading.Event()
        self.open.set()
        self.entered = threading.Semaphore(0)
        self.runs: list[Sequence[Request]] = []
        self.error: Exception | None = None
        self.passes: int | None = None
        """How many runs it still lets through before it closes by itself; None: it stays open."""
        self._apply, self._commit = pipeline.apply, pipeline.commit
        pipeline.apply = self.apply  # type: ignore[method-assign]
        pipeline.commit = self.commit  # type: ignore[method-assign]

    def apply(self, requests: Sequence[Request], instant: int) -> Applied:
        self.runs.append(requests)
        return self._apply(requests, instant)

    def commit(self, applied: Applied) -> None:
        self.entered.release()
        if self.passes == 0:
            self.open.clear()
        elif self.passes:
            self.passes -= 1
        assert self.open.wait(30), "the gate was never opened"
        if self.error is None:
            self._commit(applied)
            return
        store: Any = self.pipeline._store
        append, store.append = store.append, self._fail
        try:
            self._commit(applied)
        finally:
            store.append = append

    def _fail(self, _: object) -> None:
        assert self.error is not None
        raise self.error


class Client:
    """A client of one server."""

    def __init__(self, address: str) -> None:
        self.channel = grpc.insecure_channel(address)
        self.settlement = rpc.SettlementServiceStub(self.channel)

    def raw(self, requests: Iterable[bytes], method: str = SETTLE) -> Any:
        """Open a stream whose requests are bytes; answers are messages of Settle."""
        call: Any = self.channel.stream_stream(
            method,
            request_serializer=None,
            response_deserializer=pb.SettleResponse.FromString,
        )
        return call(iter(requests), timeout=30)

    def settle(self, requests: Iterable[pb.SettleRequest]) -> Any:
        return self.settlement.Settle(iter(requests), timeout=30)


def opening(sequence: int = 1, institution: str = "h1") -> pb.SettleRequest:
    return pb.SettleRequest(sequence=sequence, open=pb.Open(institution_id=institution))


def claim(request_id: str, fen: int = 1_000, member: str = "m1") -> claim_pb2.Claim:
    return claim_pb2.Claim(
        request_id=request_id,
        member_id=member,
        service_date=20260302,
        benefit="BENEFIT_ORDINARY",
        total_fen=fen,
        in_scope_fen=fen,
    )


def settle(sequence: int, request_id: str, fen: int = 1_000) -> pb.SettleRequest:
    return pb.SettleRequest(sequence=sequence, settle=claim(request_id, fen))


def register(pipeline: Pipeline) -> Pipeline:
    pipeline.run(
        [
            PutMembers([Member("m1", ZIBO), Member("m2", ZIBO)]),
            PutInstitutions([Institution("h1", ZIBO, Level.LEVEL_2), Institution("h2", ZIBO)]),
            ImportOpenings([AccountOpening("m1", 5_000)]),
        ],
        1,
    )
    return pipeline


@pytest.fixture
def pipeline() -> Pipeline:
    return register(Pipeline.open(MemoryStore(), cities()))


@pytest.fixture
def gate(pipeline: Pipeline) -> Iterator[Gate]:
    gate = Gate(pipeline)
    yield gate
    gate.open.set()


@pytest.fixture
def durable(tmp_path: Path) -> Callable[[], Pipeline]:
    """Open the same durable ledger again and again."""
    path = tmp_path / "ledger.db"
    return lambda: Pipeline.open(SqliteStore.open(path), cities())


@pytest.fixture
def server(pipeline: Pipeline) -> Iterator[ServerHandle]:
    with ServerHandle(pipeline, CONFIG) as handle:
        yield handle


@pytest.fixture
def client(server: ServerHandle) -> Iterator[Client]:
    client = Client(server.address)
    yield client
    client.channel.close()
