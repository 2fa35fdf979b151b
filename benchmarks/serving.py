"""Server processes, what they cost, and closed-loop clients that cost as little as possible.

The clients send bytes made before and keep the bytes that come back: nothing is built or read
while the clock runs.
"""

import asyncio
import gc
import os
import selectors
import subprocess
import sys
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import psutil
from grpc import aio

from clients.exchange import CHANNEL_OPTIONS

ROOT: Final = Path(__file__).parents[1]
STREAMS_A_CHANNEL: Final = 32
IDLE_SECONDS: Final = 1.15
"""A little more than the server waits before it writes a checkpoint."""

_START_SECONDS: Final = 30
_STOP_SECONDS: Final = 30
_ANSWER_SECONDS: Final = 60


class Process:
    """A server in a process of its own on a free loopback port."""

    def __init__(self, log: Path, *arguments: str) -> None:
        """Start `python -m ARGUMENTS` and wait until it takes requests."""
        with log.open("ab") as errors:
            self._process = subprocess.Popen(
                [sys.executable, "-m", *arguments],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
            )
        self._usage = psutil.Process(self._process.pid)
        try:
            self.address = self._wait(log)
        except BaseException:
            self.stop()
            raise

    @property
    def cpu_seconds(self) -> float:
        """Processor time of all its threads so far."""
        times = self._usage.cpu_times()
        return float(times.user + times.system)

    def settle_down(self) -> None:
        """Wait until it has written the checkpoint that follows a load."""
        time.sleep(IDLE_SECONDS)
        used = self.cpu_seconds
        for _ in range(100):
            time.sleep(0.05)
            before, used = used, self.cpu_seconds
            if used - before < 0.015:
                return

    def stop(self) -> int:
        """Stop it with SIGTERM; return its exit code."""
        if self._process.poll() is None:
            self._process.terminate()
        try:
            return self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()
        finally:
            if self._process.stdout is not None:
                self._process.stdout.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _wait(self, log: Path) -> str:
        line = ""
        assert self._process.stdout is not None
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            if selector.select(_START_SECONDS):
                line = self._process.stdout.readline().decode().strip()
        start = "listening on "
        assert line.startswith(start), f"no server: {log.read_text('utf-8', 'replace')[-500:]}"
        return line.removeprefix(start)


@dataclass(slots=True)
class Lane:
    """What one stream sends, and what came back; `window` messages may be unanswered."""

    messages: Sequence[bytes]
    opening: bytes = b""
    window: int = 1
    again: bool = False
    """Begin anew when the messages are used up, until the time is."""
    answers: list[bytes] = field(default_factory=list)
    latencies: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Load:
    """What a load came to; times in seconds."""

    seconds: float
    latencies: list[int]
    messages: int
    cpu_seconds: float = 0.0
    """Processor time of the server."""

    def percentile(self, share: int) -> float:
        """Return the latency, in milliseconds, that so many of a hundred do not exceed."""
        ordered = sorted(self.latencies)
        return ordered[max(0, -(-len(ordered) * share // 100) - 1)] / 1e6


async def run(address: str, method: str, lanes: Sequence[Lane], seconds: float) -> Load:
    """Drive every lane until the time is up or its messages are used up."""
    channels = [
        aio.insecure_channel(address, options=CHANNEL_OPTIONS)
        for _ in range(-(-len(lanes) // STREAMS_A_CHANNEL))
    ]
    try:
        calls = []
        for number, lane in enumerate(lanes):
            channel = channels[number % len(channels)]
            call: Any = channel.stream_stream(f"/gongji.v1.SettlementService/{method}")()
            if lane.opening:
                await call.write(lane.opening)
                await call.read()
            calls.append(call)
        gc.collect()
        gc.disable()
        begin = time.perf_counter()
        end = begin + seconds
        async with asyncio.timeout(seconds + _ANSWER_SECONDS):
            await asyncio.gather(*map(_drive, calls, lanes, [end] * len(lanes)))
        elapsed = time.perf_counter() - begin
        gc.enable()
        await asyncio.gather(*map(_finish, calls))
    finally:
        gc.enable()
        for channel in channels:
            await channel.close()
    latencies = [latency for lane in lanes for latency in lane.latencies]
    return Load(elapsed, latencies, len(latencies))


async def _drive(call: Any, lane: Lane, end: float) -> None:
    read: Callable[[], Awaitable[Any]] = call.read
    write: Callable[[bytes], Awaitable[None]] = call.write
    waiting: deque[int] = deque()
    clock, messages, sent = time.perf_counter_ns, lane.messages, 0
    end_ns = int(end * 1e9)
    while True:
        while (
            len(waiting) < lane.window and (lane.again or sent < len(messages)) and clock() < end_ns
        ):
            waiting.append(clock())
            await write(messages[sent % len(messages)])
            sent += 1
        if not waiting:
            return
        answer = await read()
        assert isinstance(answer, bytes), "the stream ended early"
        lane.latencies.append(clock() - waiting.popleft())
        lane.answers.append(answer)


async def _finish(call: Any) -> None:
    await call.done_writing()
    while await call.read() is not aio.EOF:
        pass


def measured(
    runner: asyncio.Runner, process: Process, method: str, lanes: Sequence[Lane], seconds: float
) -> Load:
    """Drive the lanes and add what the server used meanwhile, its last checkpoint included."""
    before = process.cpu_seconds
    load = runner.run(run(process.address, method, lanes, seconds))
    if any(not lane.again for lane in lanes):
        process.settle_down()
    load.cpu_seconds = process.cpu_seconds - before
    return load


def environment() -> dict[str, object]:
    """Return what the numbers depend on beside the code."""
    return {"cores": os.cpu_count(), "load_average": round(os.getloadavg()[0], 2)}
