"""One bidirectional stream: requests are read ahead, answers go out in the order of requests."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from grpc import aio

from server.status import Stopping

Context = aio.ServicerContext[bytes, bytes]


class Pending(NamedTuple):
    """An answer that is not there yet, and how it becomes bytes.

    `offload` encodes outside the event loop; it is for large answers.
    """

    future: asyncio.Future[Any]
    encode: Callable[[Any], bytes]
    offload: Callable[[Callable[[], bytes]], Awaitable[bytes]] | None = None

    async def bytes(self) -> bytes:
        """Return the answer; going away while waiting does not cut what is under way."""
        reply = await asyncio.shield(self.future)
        if self.offload is None:
            return self.encode(reply)
        return await self.offload(lambda: self.encode(reply))


class _End(NamedTuple):
    """No more answers: the stream ends with OK, or with the status of an error."""

    error: BaseException | None


Accept = Callable[[bytes], Awaitable[bytes | Pending]]
"""Takes the bytes of a request; returns the answer or its promise, raises to end the stream."""


class Conversation:
    """A stream while it lasts.

    At `in_flight_max` unanswered requests it stops reading, so that HTTP/2 stops the sender; the
    stream is never ended for that.
    """

    def __init__(
        self,
        context: Context,
        accept: Accept,
        *,
        in_flight_max: int,
        stopping: asyncio.Event,
        drain: bytes,
    ) -> None:
        self._context = context
        self._accept = accept
        self._space = asyncio.Semaphore(in_flight_max)
        self._stopping = stopping
        self._drain = drain
        self._answers: asyncio.Queue[bytes | Pending | _End] = asyncio.Queue()

    async def run(self) -> None:
        """Converse until the client has finished, the server stops, or something breaks."""
        reader = asyncio.create_task(self._read())
        writer = asyncio.create_task(self._write())
        stop = asyncio.create_task(self._stopping.wait())
        tasks = (reader, writer, stop)
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            if not writer.done():
                await self._finish(reader)
            await writer
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _finish(self, reader: asyncio.Task[None]) -> None:
        """Let the writer end the stream, once it has answered what was read."""
        if not reader.done():
            reader.cancel()
            await asyncio.wait([reader])
        if reader.cancelled():
            self._answers.put_nowait(self._drain)
            self._answers.put_nowait(_End(Stopping()))
        else:
            self._answers.put_nowait(_End(reader.exception()))

    async def _read(self) -> None:
        while True:
            await self._space.acquire()
            data: object = await self._context.read()
            if not isinstance(data, bytes):
                return  # the client has finished
            self._answers.put_nowait(await self._accept(data))

    async def _write(self) -> None:
        while True:
            answer = await self._answers.get()
            if isinstance(answer, _End):
                if answer.error is not None:
                    raise answer.error
                return
            data = answer if isinstance(answer, bytes) else await answer.bytes()
            await self._context.write(data)
            self._space.release()
