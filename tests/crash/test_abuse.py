"""Clients that misbehave: none of them brings the server down, fills its memory or holds up others.

A real server process. While somebody misbehaves a terminal settles claims; afterwards it does so
again, the server has about the memory and the open files that it had, and it stops as asked.
"""

from __future__ import annotations

import asyncio
import os
import random
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any, Final

import grpc
import grpc.aio
import h2.config
import h2.connection
import h2.events
import h2.exceptions
import psutil
import pytest

from engine.store.sqlite import SqliteStore
from gongji.v1 import claim_pb2
from gongji.v1 import settlement_service_pb2 as pb
from gongji.v1.settlement_service_pb2_grpc import SettlementServiceStub
from server.config import CONCURRENT_STREAMS_MAX, MESSAGE_BYTES_MAX
from tests.crash.server_process import ServerProcess
from tests.crash.test_kill import fill_registers

MIB: Final = 1 << 20
SETTLE: Final = "/gongji.v1.SettlementService/Settle"
SETTLE_CLAIM: Final = "/gongji.v1.SettlementService/SettleClaim"
AT_H0: Final = (("gongji-institution", "h0"),)
OWN_CONNECTION: Final = (("grpc.use_local_subchannel_pool", 1),)
TERMINAL_CLAIMS: Final = 100
PATIENCE: Final = 60
SPARE_FILES: Final = 3
"""Files and sockets that may come and go."""

crash = [pytest.mark.crash, pytest.mark.timeout(900)]


class Victim:
    """A server, and a terminal that works while others misbehave."""

    def __init__(self, process: ServerProcess) -> None:
        self.process = process
        self.address = process.address
        self._count = 0
        self.settle()  # what is loaded when it is first used is not what the others cost
        self.memory, self.files = process.memory(), process.open_files()

    def claims(self, count: int) -> list[pb.SettleRequest]:
        """Return requests to settle, under new ids."""
        self._count += count
        return [
            pb.SettleRequest(sequence=n + 2, settle=claim(f"v{self._count - n}"))
            for n in range(count)
        ]

    def settle(self, count: int = TERMINAL_CLAIMS) -> float:
        """Have claims settled, one after the other; return the seconds of the slowest answer."""
        slowest = 0.0
        with grpc.insecure_channel(self.address, options=OWN_CONNECTION) as channel:
            requests = Requests([opening(), *self.claims(count)])
            answers = SettlementServiceStub(channel).Settle(requests, timeout=PATIENCE)
            assert next(answers).WhichOneof("answer") == "opened"
            for _ in range(count):
                began = time.monotonic()
                requests.let_one_go()
                assert next(answers).WhichOneof("answer") == "settled"
                slowest = max(slowest, time.monotonic() - began)
            requests.let_one_go()
        return slowest

    def grown(self) -> int:
        """Return by how much its memory has grown."""
        return self.process.memory() - self.memory


class Requests:
    """Requests that are sent one by one, when it is said; the first one at once."""

    def __init__(self, requests: Sequence[pb.SettleRequest]) -> None:
        self._requests = iter(requests)
        self._may_go = threading.Semaphore(1)

    def let_one_go(self) -> None:
        self._may_go.release()

    def __iter__(self) -> Iterator[pb.SettleRequest]:
        return self

    def __next__(self) -> pb.SettleRequest:
        self._may_go.acquire(timeout=PATIENCE)
        return next(self._requests)


def opening() -> pb.SettleRequest:
    return pb.SettleRequest(sequence=1, open=pb.Open(institution_id="h0"))


def claim(request_id: str) -> claim_pb2.Claim:
    return claim_pb2.Claim(
        request_id=request_id,
        member_id="m0-0",
        service_date=20260302,
        benefit="BENEFIT_ORDINARY",
        total_fen=1_000,
        in_scope_fen=1_000,
    )


@pytest.fixture
def victim(tmp_path: Path) -> Iterator[Victim]:
    path = tmp_path / "ledger.db"
    fill_registers(SqliteStore.open(path))
    with ServerProcess(path) as process:
        victim = Victim(process)
        yield victim
        victim.settle()
        for _ in range(300):
            if process.open_files() <= victim.files + SPARE_FILES:
                break
            time.sleep(0.1)
        assert process.open_files() <= victim.files + SPARE_FILES
        assert process.stop() == 0, process.last_words()


def test_readers_that_do_not_read(victim: Victim) -> None:
    """50 streams send and never take an answer."""
    with ExitStack() as stack:
        calls = []
        for n in range(50):
            channel = stack.enter_context(
                grpc.insecure_channel(victim.address, options=OWN_CONNECTION)
            )
            sent = [opening()]
            sent += [pb.SettleRequest(sequence=k, settle=claim(f"s{n}-{k}")) for k in range(1_000)]
            calls.append(SettlementServiceStub(channel).Settle(iter(sent)))
        slowest = victim.settle()
        grown = victim.grown()
        for call in calls:
            call.cancel()
    print(f"50 that do not read: {grown / MIB:.0f} MiB, slowest answer {slowest:.3f} s")  # noqa: T201
    assert grown < 50 * MIB


@pytest.mark.parametrize("count", [2_000, pytest.param(10_000, marks=crash)])
def test_idle_streams(victim: Victim, count: int) -> None:
    """So many terminals that have opened their stream, and ask nothing."""

    async def wait() -> tuple[float, int]:
        channels: list[grpc.aio.Channel] = []
        calls: list[Any] = []
        for _ in range(count // CONCURRENT_STREAMS_MAX):
            channel = grpc.aio.insecure_channel(victim.address, options=OWN_CONNECTION)
            channels.append(channel)
            stub = SettlementServiceStub(channel)
            of_channel: list[Any] = [stub.Settle() for _ in range(CONCURRENT_STREAMS_MAX)]
            await asyncio.gather(*(call.write(opening()) for call in of_channel))
            opened = await asyncio.gather(*(call.read() for call in of_channel))
            assert all(answer.WhichOneof("answer") == "opened" for answer in opened)
            calls += of_channel
        slowest = await asyncio.to_thread(victim.settle)
        grown = victim.grown()
        # They are all there still, and are answered when they ask.
        last = calls[:: max(1, count // 50)]
        for number, call in enumerate(last):
            await call.write(pb.SettleRequest(sequence=2, settle=claim(f"idle-{number}")))
            assert (await call.read()).WhichOneof("answer") == "settled"
        for call in calls:
            call.cancel()
        for channel in channels:
            await channel.close()
        # While the loop runs, so that the connections are ended by it.
        for _ in range(600):
            if victim.process.open_files() <= victim.files + SPARE_FILES:
                break
            await asyncio.sleep(0.05)
        return slowest, grown

    slowest, grown = asyncio.run(wait())
    each = grown / count / 1024
    print(f"{count} idle streams: {each:.0f} KiB each, slowest answer {slowest:.3f} s")  # noqa: T201
    assert grown < count * 64 * 1024


@pytest.mark.parametrize("size", [MESSAGE_BYTES_MAX - 1, MESSAGE_BYTES_MAX, MESSAGE_BYTES_MAX + 1])
def test_messages_near_the_limit(victim: Victim, size: int) -> None:
    message = claim("x")
    message.visit_id = "v" * (size - 100)
    request = pb.SettleClaimRequest(claim=message)
    message.visit_id += "v" * (size - request.ByteSize())
    data = pb.SettleClaimRequest(claim=message).SerializeToString()
    assert len(data) == size
    code, answer = unary(victim, data)
    if size > MESSAGE_BYTES_MAX:
        assert code == grpc.StatusCode.RESOURCE_EXHAUSTED
    else:
        assert answer is not None
        assert pb.SettleClaimResponse.FromString(answer).error.path == "visit_id"


def unary(victim: Victim, data: bytes, **more: Any) -> tuple[grpc.StatusCode, bytes | None]:
    """Send bytes as a claim; return the status and the bytes of the answer."""
    with grpc.insecure_channel(victim.address, options=OWN_CONNECTION) as channel:
        call: Any = channel.unary_unary(SETTLE_CLAIM)
        metadata = (*AT_H0, *more.pop("metadata", ()))
        try:
            return grpc.StatusCode.OK, call(data, timeout=PATIENCE, metadata=metadata, **more)
        except grpc.RpcError as error:
            return error.code(), None


def test_a_message_that_unpacks_to_a_hundred_times_its_size(victim: Victim) -> None:
    code, _ = unary(victim, bytes(100 * MIB), compression=grpc.Compression.Gzip)
    assert code == grpc.StatusCode.RESOURCE_EXHAUSTED
    assert victim.grown() < 20 * MIB


@pytest.mark.parametrize("size", [4_096, 6_000, 8_100, 20_000])
def test_too_much_metadata(victim: Victim, size: int) -> None:
    """Each time: there are sizes of which gRPC refuses some by chance, if it is told to."""
    for _ in range(20):
        code, _ = unary(victim, b"", metadata=(("much", "x" * size),))
        assert code == grpc.StatusCode.RESOURCE_EXHAUSTED


def test_enough_metadata(victim: Victim) -> None:
    for _ in range(20):
        assert unary(victim, b"", metadata=(("much", "x" * 3_000),))[1] is not None


@pytest.mark.parametrize("count", [2_000, pytest.param(100_000, marks=crash)])
def test_random_bytes_in_messages(victim: Victim, count: int) -> None:
    """Each is answered with what is wrong with it, and the stream goes on."""
    rng = random.Random(20261130)
    genuine = pb.SettleRequest(sequence=5, settle=claim("genuine")).SerializeToString()

    def garbage() -> bytes:
        if rng.random() < 0.5:
            return rng.randbytes(rng.choice((1, 3, 10, 60, 1_000)))
        changed = bytearray(genuine)
        for _ in range(rng.randint(1, 4)):
            changed[rng.randrange(len(changed))] = rng.randrange(256)
        return bytes(changed[: rng.randint(1, len(changed))])

    sent = [opening().SerializeToString(), *(garbage() for _ in range(count))]
    with grpc.insecure_channel(victim.address, options=OWN_CONNECTION) as channel:
        call: Any = channel.stream_stream(
            SETTLE, response_deserializer=pb.SettleResponse.FromString
        )
        answers = list(call(iter(sent), timeout=600))
    assert len(answers) == count + 1
    kinds = {answer.WhichOneof("answer") for answer in answers[1:]}
    assert "error" in kinds
    assert kinds <= {"error", "refused", "settled", "undone", "nothing_to_reverse", "found"}


@pytest.mark.parametrize("count", [300, pytest.param(10_000, marks=crash)])
def test_random_bytes_on_sockets(victim: Victim, count: int) -> None:
    """Nothing like HTTP/2, or like its beginning, broken frames, half a TLS hello; then silence."""
    rng = random.Random(20261130)
    host, _, port = victim.address.rpartition(":")
    begin = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True))
    begin.initiate_connection()
    preface = begin.data_to_send()
    kept = []
    for n in range(count):
        data = rng.randbytes(rng.randint(0, 2_000))
        if n % 4 == 1:
            data = preface + data
        elif n % 4 == 2:
            frame = rng.randint(0, 64).to_bytes(3, "big") + bytes([rng.randrange(12)])
            data = preface + frame + rng.randbytes(5) + data[:64]
        elif n % 4 == 3:
            data = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"
        connection = socket.create_connection((host, int(port)), timeout=PATIENCE)
        with suppress(OSError):
            connection.sendall(data)
        if n % 10 == 0:
            kept.append(connection)  # and then silence
        else:
            connection.close()
    victim.settle()
    for connection in kept:
        connection.close()
    assert victim.grown() < 50 * MIB


@pytest.mark.parametrize("count", [5_000, pytest.param(200_000, marks=crash)])
def test_streams_that_are_reset_at_once(victim: Victim, count: int) -> None:
    """HTTP/2's rapid reset: a request and its end, as fast as they can be written."""
    host, _, port = victim.address.rpartition(":")
    headers = [
        (":method", "POST"),
        (":scheme", "http"),
        (":path", SETTLE),
        (":authority", victim.address),
        ("content-type", "application/grpc"),
        ("te", "trailers"),
    ]
    done = 0
    slowest: list[float] = []
    beside = threading.Thread(target=lambda: slowest.append(victim.settle()))
    beside.start()
    while done < count:
        with socket.create_connection((host, int(port)), timeout=PATIENCE) as connection:
            client = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True))
            client.initiate_connection()
            connection.sendall(client.data_to_send())
            try:
                for _ in range(min(500, count - done)):
                    stream = client.get_next_available_stream_id()
                    client.send_headers(stream, headers)
                    client.reset_stream(stream)
                    done += 1
                    connection.sendall(client.data_to_send())
            except (OSError, h2.exceptions.ProtocolError):
                pass  # the server has had enough of this connection
            done += 1
    beside.join(PATIENCE)
    print(f"{done} resets: slowest answer beside {slowest[0]:.3f} s")  # noqa: T201
    assert victim.grown() < 50 * MIB


def test_nothing_is_left_behind(victim: Victim) -> None:
    """What the others are held against: a terminal alone costs neither memory nor files."""
    for _ in range(5):
        victim.settle()
    assert victim.grown() < 20 * MIB
    assert psutil.Process(os.getpid()).num_threads() < 200
