"""The load of `load.cc` from Python, where that cannot be built: it costs as much as a server."""

import asyncio
import gc
import time
from collections import deque
from collections.abc import Sequence
from typing import Any, Final

import uvloop
from grpc import aio

from benchmarks.load import SERVICE, Answer, Drive, Load
from clients.exchange import CHANNEL_OPTIONS

STREAMS_A_CHANNEL: Final = 32
_PATIENCE: Final = 120


def drive(drives: Sequence[Drive]) -> list[Load]:
    """Put loads, all at once."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_all(drives))


async def _all(drives: Sequence[Drive]) -> list[Load]:
    loads = [_Load(each) for each in drives]
    try:
        for each in loads:
            await each.open_and_warm()
        gc.collect()
        gc.disable()
        found = await asyncio.gather(*(each.run() for each in loads))
    finally:
        gc.enable()
        for each in loads:
            await each.close()
    return found


class _Load:
    def __init__(self, of: Drive) -> None:
        self._of = of
        self._channels = [
            aio.insecure_channel(of.process.address, options=CHANNEL_OPTIONS)
            for _ in range(-(-len(of.lanes) // STREAMS_A_CHANNEL))
        ]
        self._calls: list[Any] = []
        self._messages = [list(lane.messages) for lane in of.lanes]
        self._sent = [0] * len(of.lanes)
        self._answered = [0] * len(of.lanes)
        self._answers: list[Answer] = []
        self._latencies: list[int] = []
        self._ran_out = False

    async def open_and_warm(self) -> None:
        for number, lane in enumerate(self._of.lanes):
            channel = self._channels[number % len(self._channels)]
            call: Any = channel.stream_stream(f"/{SERVICE}/{self._of.method}")()
            if lane.opening:
                await call.write(lane.opening)
                await call.read()
            self._calls.append(call)
        await self._streams(self._of.warm, None)
        self._latencies.clear()

    async def run(self) -> Load:
        process, own = self._of.process, time.process_time()
        cpu, written = process.cpu_seconds, process.written_bytes
        began = time.perf_counter()
        async with asyncio.timeout(self._of.seconds + _PATIENCE):
            await self._streams(None, began + self._of.seconds)
        seconds = time.perf_counter() - began
        if self._of.settles:
            await asyncio.to_thread(process.settle_down)
        ordered = sorted(self._latencies) or [0]
        return Load(
            seconds=seconds,
            messages=len(self._latencies),
            p50_ms=_percentile(ordered, 50),
            p99_ms=_percentile(ordered, 99),
            client_cpu_seconds=time.process_time() - own,
            ran_out=self._ran_out,
            answers=iter(self._answers),
            cpu_seconds=process.cpu_seconds - cpu,
            written_bytes=process.written_bytes - written,
        )

    async def close(self) -> None:
        for call in self._calls:
            await call.done_writing()
            while await call.read() is not aio.EOF:
                pass
        for channel in self._channels:
            await channel.close()

    async def _streams(self, limit: int | None, end: float | None) -> None:
        await asyncio.gather(*(self._stream(n, limit, end) for n in range(len(self._calls))))

    async def _stream(self, number: int, limit: int | None, end: float | None) -> None:
        call, clock = self._calls[number], time.perf_counter_ns
        messages, again = self._messages[number], self._of.again
        waiting: deque[tuple[int, int]] = deque()
        while True:
            while len(waiting) < self._of.window and self._goes_on(number, limit, end):
                index = self._sent[number] % len(messages)
                waiting.append((index, clock()))
                self._sent[number] += 1
                await call.write(messages[index])
            if not waiting:
                return
            answer = await call.read()
            assert isinstance(answer, bytes), "the stream ended early"
            index, at = waiting.popleft()
            self._latencies.append(clock() - at)
            if not again or not self._answered[number]:
                self._answers.append(Answer(number, index, answer))
            self._answered[number] += 1

    def _goes_on(self, number: int, limit: int | None, end: float | None) -> bool:
        if limit is not None:
            return self._sent[number] < limit
        if not self._of.again and self._sent[number] >= len(self._messages[number]):
            self._ran_out = True
        return not self._ran_out and (end is None or time.perf_counter() < end)


def _percentile(ordered: Sequence[int], share: int) -> float:
    return ordered[max(0, -(-len(ordered) * share // 100) - 1)] / 1e6
