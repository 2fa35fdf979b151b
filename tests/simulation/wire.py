"""Streams between clients and a server that dies: messages take time, and streams break.

A stream has two directions, each in order. When it breaks, what is on its way is lost, in either
direction; each side learns of it when it reads or writes, the server's handler by being cancelled.
"""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Callable
from typing import Any

import grpc
from grpc import aio

LATENCIES = (0.0002, 0.001, 0.004, 0.2)
BREAKS = 0.004
"""How often a stream breaks, a message."""


class Direction:
    """Messages of one side on their way to the other."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._arrived: deque[Any] = deque()
        self._last = 0.0
        self._waiter: asyncio.Future[None] | None = None

    def send(self, message: Any) -> None:
        """Send a message; it arrives after those before it, if the stream lasts."""
        wire, loop = self._wire, asyncio.get_running_loop()
        self._last = max(self._last, loop.time() + wire.rng.choice(LATENCIES))
        loop.call_at(self._last, self._arrive, message)
        if wire.rng.random() < wire.breaks:
            loop.call_later(wire.rng.choice(LATENCIES), wire.end, grpc.StatusCode.UNAVAILABLE)

    def _arrive(self, message: Any) -> None:
        if self._wire.status is None:
            self._arrived.append(message)
            self.wake()

    def wake(self) -> None:
        """Let who reads look again."""
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def read(self) -> Any:
        """Return the next message, or `aio.EOF` when there will be none."""
        while not self._arrived:
            if self._wire.status is not None:
                return aio.EOF
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        return self._arrived.popleft()


class Wire:
    """One stream."""

    def __init__(self, rng: random.Random, breaks: float) -> None:
        self.rng = rng
        self.breaks = breaks
        self.up, self.down = Direction(self), Direction(self)
        self.status: grpc.StatusCode | None = None
        """How it ended, None while it lasts."""
        self.trailing: tuple[tuple[str, str], ...] = ()
        self.handler: asyncio.Task[None] | None = None

    def end(self, status: grpc.StatusCode) -> None:
        """End it, for both sides; what is on its way is lost."""
        if self.status is None:
            self.status = status
            self.up.wake()
            self.down.wake()
            if self.handler is not None and status != grpc.StatusCode.OK:
                self.handler.cancel()


class Context:
    """The server's side of a stream, as its handlers use it."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def read(self) -> Any:
        return await self._wire.up.read()

    async def write(self, message: bytes) -> None:
        if self._wire.status is not None:
            raise asyncio.CancelledError
        self._wire.down.send(message)
        await asyncio.sleep(0)

    def done(self) -> bool:
        return self._wire.status is not None

    async def abort(
        self, code: grpc.StatusCode, _: str, trailing: tuple[tuple[str, str], ...]
    ) -> None:
        self._wire.trailing = trailing
        self._wire.down.send(code)
        raise aio.AbortError


class Call:
    """A client's side of a stream."""

    def __init__(self, wire: Wire, encode: Callable[[Any], bytes], decode: Callable[[bytes], Any]):
        self._wire, self._encode, self._decode = wire, encode, decode

    async def write(self, message: Any) -> None:
        if self._wire.status is not None:
            raise asyncio.InvalidStateError
        self._wire.up.send(self._encode(message))
        await asyncio.sleep(0)

    async def read(self) -> Any:
        message = await self._wire.down.read()
        if isinstance(message, grpc.StatusCode):
            self._wire.end(message)
            return aio.EOF
        return message if message is aio.EOF else self._decode(message)

    async def done_writing(self) -> None:
        self._wire.up.send(aio.EOF)

    def cancel(self) -> None:
        self._wire.end(grpc.StatusCode.CANCELLED)

    async def code(self) -> grpc.StatusCode:
        return self._wire.status or grpc.StatusCode.OK

    async def details(self) -> str:
        return ""

    async def trailing_metadata(self) -> tuple[tuple[str, str], ...]:
        return self._wire.trailing


class Channel:
    """A connection to a server that may be there or not."""

    def __init__(self, connect: Callable[[Wire], bool], is_there: asyncio.Event, new_wire: Any):
        self._connect, self._is_there, self._new_wire = connect, is_there, new_wire

    def stream_stream(self, _: str, **how: Any) -> Callable[[], Call]:
        def start() -> Call:
            wire = self._new_wire()
            if not self._connect(wire):
                wire.end(grpc.StatusCode.UNAVAILABLE)
            return Call(wire, how["request_serializer"], how["response_deserializer"])

        return start

    def unary_unary(self, *_: Any, **__: Any) -> None:
        """Not asked for by anybody here."""

    def get_state(self, _: bool) -> grpc.ChannelConnectivity:
        states = grpc.ChannelConnectivity
        return states.READY if self._is_there.is_set() else states.TRANSIENT_FAILURE

    async def channel_ready(self) -> None:
        await self._is_there.wait()

    async def close(self) -> None:
        """Nothing is open."""
