"""Closed-loop load: workers with members of their own, each waiting for its answers.

A worker is a row of counters: it keeps a stream to every institution its members visit, and sends
one claim at a time, so that the claims of a member keep their order.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

import grpc.aio

from clients.answers import Settled
from clients.exchange import CHANNEL_OPTIONS
from clients.session import Session
from clients.wire import settled
from engine.domain.claim import Claim
from engine.domain.reasons import Reason
from gongji.v1 import settlement_service_pb2 as pb

_PERCENTILES: Final = (500, 900, 990, 999)
"""In tenths of a per cent."""


@dataclass(slots=True)
class LoadResult:
    """What a load came to; times in nanoseconds."""

    counts: Counter[str] = field(default_factory=Counter)
    """`settled`, `replayed`, `refused`, `malformed`, and `refused.CODE`."""
    refused: Counter[tuple[str, str]] = field(default_factory=Counter)
    """How often each institution got each refusal code."""
    latencies: list[int] = field(default_factory=list)
    elapsed: int = 0
    reconnects: int = 0

    @property
    def answered(self) -> int:
        """How many claims were answered."""
        return len(self.latencies)

    @property
    def per_second(self) -> int:
        """Answered claims a second."""
        return self.answered * 1_000_000_000 // max(1, self.elapsed)

    def percentiles(self) -> dict[str, int]:
        """Return latencies in microseconds: `p50`, `p90`, `p99`, `p99.9`, `max`."""
        ordered = sorted(self.latencies)
        if not ordered:
            return {}
        found = {}
        for share in _PERCENTILES:
            # The nearest rank: so many of a thousand are at most this long.
            rank = -(-len(ordered) * share // 1_000)
            whole, tenth = divmod(share, 10)
            name = f"p{whole}.{tenth}" if tenth else f"p{whole}"
            found[name] = ordered[max(0, rank - 1)] // 1_000
        return {**found, "max": ordered[-1] // 1_000}


OnSettled = Callable[[Claim, Settled, pb.SettleResponse], None]


async def run_load(
    server: str,
    workers: Sequence[Iterable[Claim]],
    *,
    seconds: int = 0,
    patience: int = 30,
    on_settled: OnSettled | None = None,
) -> LoadResult:
    """Send every worker's claims, or as many as the time allows, and measure.

    Args:
        server: Where the server listens, `HOST:PORT`.
        workers: The claims of each worker in their order; no member belongs to two workers.
        seconds: When to stop; 0: when the claims are used up.
        patience: Seconds without an answer after which the load ends.
        on_settled: Told of every claim that was settled.

    Raises:
        ClientError: the server cannot be reached, or an outcome is unknown.
    """
    result = LoadResult()
    begin = time.perf_counter_ns()
    end = begin + seconds * 1_000_000_000 if seconds else 0
    async with asyncio.TaskGroup() as group:
        for claims in workers:
            group.create_task(_worker(server, claims, end, patience, result, on_settled))
    result.elapsed = time.perf_counter_ns() - begin
    return result


async def _worker(
    server: str,
    claims: Iterable[Claim],
    end: int,
    patience: int,
    result: LoadResult,
    on_settled: OnSettled | None,
) -> None:
    channel = grpc.aio.insecure_channel(server, options=CHANNEL_OPTIONS)
    sessions: dict[str, Session] = {}
    try:
        for claim in claims:
            if end and time.perf_counter_ns() >= end:
                break
            session = sessions.get(claim.institution)
            if session is None:
                session = Session(server, claim.institution, channel=channel, patience=patience)
                sessions[claim.institution] = session
            begin = time.perf_counter_ns()
            response = await session.settle(claim)
            result.latencies.append(time.perf_counter_ns() - begin)
            _count(result, claim.institution, response)
            if on_settled and response.WhichOneof("answer") == "settled":
                on_settled(claim, settled(response.settled), response)
    finally:
        for session in sessions.values():
            result.reconnects += session.reconnects
            await session.close()
        await channel.close()


def _count(result: LoadResult, institution: str, response: pb.SettleResponse) -> None:
    match response.WhichOneof("answer"):
        case "settled":
            result.counts["replayed" if response.settled.replayed else "settled"] += 1
        case "refused":
            code = Reason(response.refused.reason).name
            result.counts.update({"refused": 1, f"refused.{code}": 1})
            result.refused[institution, code] += 1
        case _:
            result.counts["malformed"] += 1
