"""One bidirectional stream: requests are read ahead, answers go out in the order of requests."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

from grpc import aio

from engine.errors import InvariantBroken
from server.status import Stopping

Context = aio.ServicerContext[bytes, bytes]


class Slot:
    """The place of an answer in a stream, from the request on until it is written."""

    __slots__ = ("_answer", "_conversation")

    def __init__(self, conversation: "Conversation") -> None:
        self._conversation = conversation
        self._answer: bytes | Callable[[], Awaitable[bytes]] | BaseException | None = None

    def answer(self, answer: bytes | Callable[[], Awaitable[bytes]] | BaseException) -> None:
        """Give the answer: its bytes, what makes them when it is their turn, or the stream's end.

        Who asked may have gone away: then nothing happens.
        """
        self._answer = answer
        self._conversation.look()

    @property
    def is_answered(self) -> bool:
        """Whether there is an answer."""
        return self._answer is not None

    async def bytes(self) -> bytes:
        """Return the answer, or raise the error that ends the stream."""
        if isinstance(self._answer, bytes):
            return self._answer
        if isinstance(self._answer, BaseException):
            raise self._answer
        if self._answer is None:
            raise InvariantBroken("an answer is taken before it is there")
        return await self._answer()


Accept = Callable[[bytes, Slot], Awaitable[None] | None]
"""Takes the bytes of a request and sees to it that its slot is answered; raises to end the stream.

Where it returns something to wait for, the next request is read after that.
"""


class Conversation:
    """A stream while it lasts.

    At `in_flight_max` unanswered requests it stops reading, so that HTTP/2 stops the sender; the
    stream is never ended for that.
    """

    def __init__(
        self, context: Context, accept: Accept, *, in_flight_max: int, drain: bytes
    ) -> None:
        self._context = context
        self._accept = accept
        self._in_flight_max = in_flight_max
        self._drain = drain
        self._slots: deque[Slot] = deque()
        self._reader: asyncio.Task[None] | None = None
        self._stopping = False
        self._ended = False
        self._error: BaseException | None = None
        self._written: asyncio.Future[None] | None = None
        self._news: asyncio.Future[None] | None = None

    async def run(self) -> None:
        """Converse until the client has finished, the server stops, or something breaks."""
        self._reader = reader = asyncio.create_task(self._read())
        reader.add_done_callback(self._end)
        if self._stopping:
            reader.cancel()
        try:
            await self._write()
        finally:
            reader.remove_done_callback(self._end)
            reader.cancel()
            await asyncio.gather(reader, return_exceptions=True)

    def stop(self) -> None:
        """Read no more; answer what was read, and say that the server stops."""
        self._stopping = True
        if self._reader is not None:
            self._reader.cancel()

    def look(self) -> None:
        """Look for answers that can be written."""
        news = self._news
        if news is not None and not news.done():
            news.set_result(None)

    async def _read(self) -> None:
        context, slots = self._context, self._slots
        while True:
            if len(slots) >= self._in_flight_max:
                self._written = asyncio.get_running_loop().create_future()
                await self._written
                continue
            data: object = await context.read()
            if not isinstance(data, bytes):
                return  # the client has finished
            slot = Slot(self)
            slots.append(slot)
            try:
                waiting = self._accept(data, slot)
                if waiting is not None:
                    await waiting
            except BaseException:
                if not slot.is_answered:
                    slots.remove(slot)
                raise

    def _end(self, reader: asyncio.Task[None]) -> None:
        """Note that nothing more is read, and why."""
        if reader.cancelled():
            self._slots.append(slot := Slot(self))
            slot.answer(self._drain)
            self._error = Stopping()
        else:
            self._error = reader.exception()
        self._ended = True
        self.look()

    async def _write(self) -> None:
        context, slots = self._context, self._slots
        while True:
            while slots and slots[0].is_answered:
                # It keeps its place until it is written: so it is counted as in flight.
                await context.write(await slots[0].bytes())
                slots.popleft()
                if self._written is not None and not self._written.done():
                    self._written.set_result(None)
            if self._ended and not slots:
                if self._error is not None:
                    raise self._error
                return
            self._news = asyncio.get_running_loop().create_future()
            await self._news
