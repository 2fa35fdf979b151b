"""Clients that vanish in mid-stream: their claims are settled or not, never in part, never twice.

A client sends and goes away after a moment: it cancels the call, closes the connection, or the
connection is reset. Later it asks by id, then sends the same again.
"""

from __future__ import annotations

import asyncio
import random
import socket
import struct
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple, Self

import grpc.aio
import pytest

from clients.exchange import CHANNEL_OPTIONS
from clients.wire import amounts_of, claim_columns
from engine.store.sqlite import SqliteStore
from engine.verify.history import Asked, Outcome, Told
from gongji.v1 import settlement_service_pb2 as pb
from gongji.v1.settlement_service_pb2_grpc import SettlementServiceStub
from tests.crash.clients import Client, Gateway, Terminal
from tests.crash.judge import Verdict
from tests.crash.server_process import FORGETS_IDS, SHIPPED, ServerProcess
from tests.crash.test_kill import PROMISED, SEED, SHARED, fill_registers, judge_store, own_members

AT_ONCE = 4
DELAYS_MS = [0, 0, 0, 1, 1, 2, 2, 3, 4, 5, 6, 8, 10, 13, 16, 20, 25, 30, 40, 50]
WAYS = ("cancel", "close", "reset")
BATCH = 1_200
"""More claims than the server commits at once: a message may be cut between two commits."""
SECONDS = 60

crash = [pytest.mark.crash, pytest.mark.timeout(900)]


Call = grpc.aio.StreamStreamCall[Any, Any]
Send = Callable[[grpc.aio.Channel], Awaitable[Call]]


class Proxy:
    """A loopback connection to the server that can be reset under the client."""

    def __init__(self, address: str) -> None:
        host, _, port = address.rpartition(":")
        self._target = (host, int(port))
        self._writers: list[asyncio.StreamWriter] = []
        self._pumps: list[asyncio.Task[None]] = []
        self.address = ""

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.address = f"127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self.reset()
        self._server.close()
        await asyncio.gather(*self._pumps, return_exceptions=True)

    def reset(self) -> None:
        """End every connection with RST, whatever is still in its buffers."""
        for writer in self._writers:
            if not writer.transport.is_closing():
                sock = writer.get_extra_info("socket")
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                writer.transport.abort()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there_writer = await asyncio.open_connection(*self._target)
        self._writers += [writer, there_writer]
        for source, sink in ((reader, there_writer), (there_reader, writer)):
            self._pumps.append(asyncio.create_task(_pump(source, sink)))


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await source.read(1 << 16):
            sink.write(data)
            await sink.drain()
    if not sink.transport.is_closing():
        sink.close()


class Break(NamedTuple):
    """How a client vanishes."""

    way: str
    delay: float


async def vanish(
    address: str, how: Break, send: Callable[[grpc.aio.Channel], Awaitable[Call]]
) -> None:
    """Open a connection, send, wait a moment and be gone without having read an answer."""
    async with Proxy(address) as proxy:
        channel = grpc.aio.insecure_channel(proxy.address, options=CHANNEL_OPTIONS)
        try:
            call = await send(channel)
            await asyncio.sleep(how.delay)
            match how.way:
                case "cancel":
                    call.cancel()
                case "close":
                    await channel.close()
                case _:
                    proxy.reset()
        finally:
            await channel.close()


async def vanish_terminal(address: str, terminal: Terminal, how: Break, count: int) -> None:
    """Send claims on a terminal's stream and vanish."""
    terminal.add_claims(count)

    async def send(channel: grpc.aio.Channel) -> Call:
        call = SettlementServiceStub(channel).Settle(wait_for_ready=True)
        await call.write(pb.SettleRequest(open=pb.Open(institution_id=terminal.institution)))
        await call.read()
        for sent in terminal.pending:
            await call.write(sent.message)
        return call

    await vanish(address, how, send)
    for sent in terminal.pending:
        terminal.unanswered(Asked.SETTLE, sent.request_id, sent.claim)


async def vanish_gateway(address: str, gateway: Gateway, how: Break) -> None:
    """Send a batch and vanish."""
    claims = [gateway.new_claim(gateway.new_id()) for _ in range(BATCH)]
    gateway.pending.append(claims)

    async def send(channel: grpc.aio.Channel) -> Call:
        call = SettlementServiceStub(channel).SettleBatch(wait_for_ready=True)
        await call.write(pb.SettleBatchRequest(claims=claim_columns(claims)))
        return call

    await vanish(address, how, send)
    for claim in claims:
        gateway.unanswered(Asked.SETTLE, claim.request_id, claim)


async def ask_by_id(address: str, institution: str, ids: list[str]) -> dict[str, Outcome]:
    """Return what is there of these requests."""
    found: dict[str, Outcome] = {}
    async with grpc.aio.insecure_channel(address, options=CHANNEL_OPTIONS) as channel:
        call = SettlementServiceStub(channel).Settle(wait_for_ready=True)
        await call.write(pb.SettleRequest(open=pb.Open(institution_id=institution)))
        await call.read()
        for request_id in ids:
            await call.write(pb.SettleRequest(query=pb.Query(request_id=request_id)))
            response: Any = await call.read()
            if response.WhichOneof("answer") == "found":
                settled = response.found.settlement
                amounts = tuple(amounts_of(settled).values())
                found[request_id] = Outcome(Told.APPLIED, settled.settlement_id, amounts)
        call.cancel()
    return found


async def break_terminal(address: str, number: int, how: Break, verdict: Verdict) -> Client:
    """One client: send, vanish, ask, send again."""
    rng = random.Random(SEED + number)
    members = (*own_members(number % 8), *SHARED)
    terminal = Terminal(f"t{number}", members, f"h{number % 8}", SEED + number)
    await vanish_terminal(address, terminal, how, rng.randint(1, 40))
    ids = [sent.request_id for sent in terminal.pending]
    return await _resolve(address, terminal, ids, verdict)


async def break_gateway(address: str, number: int, how: Break, verdict: Verdict) -> Client:
    """The same with a gateway's batch."""
    gateway = Gateway(f"g{number}", own_members(number % 8), f"h{number % 8}", SEED + number)
    await vanish_gateway(address, gateway, how)
    ids = [claim.request_id for claim in gateway.pending[0]]
    return await _resolve(address, gateway, ids, verdict)


async def _resolve(
    address: str, client: Terminal | Gateway, ids: list[str], verdict: Verdict
) -> Client:
    found = await ask_by_id(address, client.institution, ids)
    await client.talk(address, only_pending=True)
    verdict["vanished"] += 1
    verdict["found"] += len(found)
    verdict["absent"] += len(ids) - len(found)
    verdict["in part"] += 0 < len(found) < len(ids)
    verdict["unresolved"] += len(client.pending)
    verdict["changed"] += sum(client.first.get(i) != outcome for i, outcome in found.items())
    verdict["changed"] += client.changed
    verdict["errors"] += len(client.errors)
    return client


async def break_all(address: str, count: int, batches: int) -> tuple[Verdict, list[Client]]:
    """Break `count` terminals' streams and `batches` gateways', a few at once."""
    verdict: Verdict = Counter()
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(number: int) -> Client:
        delay = DELAYS_MS[number % len(DELAYS_MS)] / 1000
        how = Break(WAYS[number % len(WAYS)], delay)
        run = break_terminal if number < count else break_gateway
        async with gate, asyncio.timeout(SECONDS):
            return await run(address, number, how, verdict)

    clients = await asyncio.gather(*(one(number) for number in range(count + batches)))
    return verdict, clients


def run_and_judge(folder: Path, count: int, batches: int, module: str = SHIPPED) -> Verdict:
    """Let clients vanish from a server, stop it and judge its store."""
    path = folder / "ledger.db"
    fill_registers(SqliteStore.open(path))
    with ServerProcess(path, module) as server:
        verdict, clients = asyncio.run(break_all(server.address, count, batches))
        assert server.stop() == 0, server.last_words()
    verdict += judge_store(path, clients)
    names = ("vanished", "found", "absent", "in part", *PROMISED)
    print("disconnects: " + ", ".join(f"{n} {verdict[n]}" for n in names))  # noqa: T201
    return verdict


@pytest.mark.parametrize(("count", "batches"), [(60, 4), pytest.param(1000, 40, marks=crash)])
def test_a_vanished_client_finds_its_claims_settled_once_or_not(
    tmp_path: Path, count: int, batches: int
) -> None:
    verdict = run_and_judge(tmp_path, count, batches)
    assert {name: verdict[name] for name in (*PROMISED, "errors") if verdict[name]} == {}
    assert verdict["vanished"] == count + batches
    assert verdict["found"] > 0
    assert verdict["absent"] > 0


def test_a_claim_settled_twice_is_caught(tmp_path: Path) -> None:
    """The plant: a server that settles a claim again when it is sent again."""
    verdict = run_and_judge(tmp_path, 20, 0, FORGETS_IDS)
    assert verdict["doubled"] > 0
    assert verdict["changed"] > 0
