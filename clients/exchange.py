"""Requests and answers in order over a stream that can break: what is unanswered is sent again.

Every request has an id that the server applies once, so that sending again is always safe. What is
never done is to call a request failed that was sent: it may have been applied.
"""

import asyncio
import random
from collections import deque
from collections.abc import Callable
from typing import Any, Final, Generic, Protocol, TypeVar, cast

import grpc
import grpc.aio

from clients.errors import CallError, NotSent, UnknownOutcome

_BACKOFF_FIRST: Final = 0.2
_BACKOFF_MAX: Final = 5.0

REFUSED_SECONDS: Final = 2.0
"""How long a server that refuses the first connection is waited for: it may be about to start."""

_FINAL: Final = frozenset(
    {
        grpc.StatusCode.INVALID_ARGUMENT,
        grpc.StatusCode.FAILED_PRECONDITION,
        grpc.StatusCode.PERMISSION_DENIED,
        grpc.StatusCode.UNAUTHENTICATED,
        grpc.StatusCode.UNIMPLEMENTED,
        grpc.StatusCode.OUT_OF_RANGE,
    }
)
"""Statuses after which the same request cannot succeed on a new stream either."""

CHANNEL_OPTIONS: Final = (
    ("grpc.max_receive_message_length", 16 << 20),
    ("grpc.max_send_message_length", 16 << 20),
    ("grpc.initial_reconnect_backoff_ms", 200),
    ("grpc.min_reconnect_backoff_ms", 200),
    ("grpc.max_reconnect_backoff_ms", 2_000),
    ("grpc.enable_retries", 0),
    ("grpc.use_local_subchannel_pool", 1),
)

_TOLD_PAUSE_MAX: Final = 30.0
"""Longer than this nobody waits because a server said so."""

_LOOK_SECONDS: Final = 0.005


class _Numbered(Protocol):
    sequence: int


class _Answer(Protocol):
    @property
    def sequence(self) -> int: ...
    def WhichOneof(self, oneof_group: Any) -> Any: ...


Req = TypeVar("Req", bound=_Numbered)
Resp = TypeVar("Resp", bound=_Answer)


class Exchange(Generic[Req, Resp]):
    """One stream after another to the same server, with one answer for each request in order.

    `send` and `answer` may be called in any rhythm, from one task.
    """

    def __init__(
        self,
        channel: grpc.aio.Channel,
        call: Callable[[], "grpc.aio.StreamStreamCall[Req, Resp]"],
        *,
        address: str = "",
        opening: Req | None = None,
        patience: float = 30.0,
    ) -> None:
        """Prepare; nothing is sent yet.

        Args:
            channel: The channel, for waiting until the server is there.
            address: Where it leads to, for messages.
            call: Starts a stream on it.
            opening: The first request of every stream, where the contract has one.
            patience: Seconds without an answer after which the outcome counts as unknown.
        """
        self._channel = channel
        self._address = address
        self._start = call
        self._opening = opening
        self._patience = patience
        self._call: grpc.aio.StreamStreamCall[Req, Resp] | None = None
        self._unanswered: deque[Req] = deque()
        self._ever_sent: set[int] = set()
        self._draining = False
        self._reached = False
        self._last_status = ""
        self._told_pause = 0.0
        self.reconnects = 0

    async def send(self, request: Req) -> None:
        """Send a request, or keep it for the next stream if there is none now."""
        self._unanswered.append(request)
        if self._call is not None and not self._draining:
            try:
                await self._write(self._call, request)
            except (grpc.aio.AioRpcError, asyncio.InvalidStateError):
                self._forget()

    async def answer(self) -> Resp:
        """Return the answer to the oldest unanswered request, over as many streams as it takes.

        Raises:
            NotSent: nothing unanswered was ever sent.
            CallError: the server refuses the stream.
            UnknownOutcome: something was sent and patience has run out.
        """
        pause = _BACKOFF_FIRST
        try:
            async with asyncio.timeout(self._patience):
                while True:
                    response = await self._try()
                    if response is not None:
                        return response
                    self.reconnects += 1
                    wait = max(pause, min(self._told_pause, _TOLD_PAUSE_MAX))
                    await asyncio.sleep(wait * random.uniform(0.8, 1.2))
                    pause = min(2 * pause, _BACKOFF_MAX)
        except TimeoutError:
            self._forget()
            raise self._gave_up(f"no answer in {self._patience:g} s") from None

    async def ask(self, request: Req) -> Resp:
        """Send one request and return its answer; nothing else may be unanswered."""
        await self.send(request)
        return await self.answer()

    def abandon(self) -> list[Req]:
        """Forget what is unanswered, and return it: its outcome is unknown."""
        left = list(self._unanswered)
        self._unanswered.clear()
        self._forget()
        return left

    async def close(self) -> None:
        """End the stream."""
        call, self._call = self._call, None
        if call is None:
            return
        try:
            if not self._unanswered and not self._draining:
                await call.done_writing()
                async with asyncio.timeout(1.0):
                    await call.read()
        except (grpc.aio.AioRpcError, asyncio.InvalidStateError, TimeoutError):
            pass
        finally:
            call.cancel()

    async def _try(self) -> Resp | None:
        """Return an answer, None if the stream broke."""
        try:
            call = self._call or await self._connect()
            while True:
                response = await call.read()
                if response is grpc.aio.EOF or not hasattr(response, "WhichOneof"):
                    await self._ended(call)
                    return None
                if response.WhichOneof("answer") == "drain":
                    self._draining = True
                    await call.done_writing()
                    continue
                return self._take(cast(Resp, response))
        except grpc.aio.AioRpcError as error:
            self._check_final(error.code(), error.details(), error.trailing_metadata())
        except asyncio.InvalidStateError:
            self._last_status = "the stream was closed"
        self._forget()
        return None

    def _take(self, response: Resp) -> Resp:
        expected = self._unanswered[0].sequence
        if response.sequence != expected:
            self._forget()
            raise self._gave_up(
                f"answer {response.sequence} came in place of {expected}; "
                "the server is of another version"
            )
        self._told_pause = 0.0
        self._ever_sent.discard(expected)
        self._unanswered.popleft()
        return response

    async def _connect(self) -> "grpc.aio.StreamStreamCall[Req, Resp]":
        await self._reach()
        self._call = call = self._start()
        self._draining = False
        if self._opening is not None:
            await call.write(self._opening)
            response = await call.read()
            if response is grpc.aio.EOF or not hasattr(response, "WhichOneof"):
                await self._ended(call)
                raise asyncio.InvalidStateError
            match response.WhichOneof("answer"):
                case "opened":
                    pass
                case "error":
                    problem = getattr(response, "error").problem  # noqa: B009 - by stream
                    raise CallError(
                        f"{self._address}: the server does not open the stream: {problem}"
                    )
                case _:
                    raise asyncio.InvalidStateError
        for request in self._unanswered:
            await self._write(call, request)
        return call

    async def _reach(self) -> None:
        """Wait for the connection; the first one not for long where it is refused."""
        if self._reached:
            await self._channel.channel_ready()
            return
        now = asyncio.get_running_loop().time
        give_up = now() + REFUSED_SECONDS
        # A channel that fails says so until it is connected, and so reports no change.
        while (state := self._channel.get_state(True)) is not grpc.ChannelConnectivity.READY:
            if state is grpc.ChannelConnectivity.TRANSIENT_FAILURE and now() >= give_up:
                raise NotSent(
                    f"{self._address}: cannot be connected to; nothing was sent: is the server "
                    "running there?"
                )
            await asyncio.sleep(_LOOK_SECONDS)
        self._reached = True

    async def _write(self, call: "grpc.aio.StreamStreamCall[Req, Resp]", request: Req) -> None:
        self._ever_sent.add(request.sequence)
        await call.write(request)

    async def _ended(self, call: "grpc.aio.StreamStreamCall[Req, Resp]") -> None:
        code, details = await call.code(), await call.details()
        self._check_final(code, details, await call.trailing_metadata())
        self._forget()

    def _check_final(self, code: grpc.StatusCode, details: str | None, trailing: Any) -> None:
        self._told_pause = pause_told(trailing)
        self._last_status = f"{code.name}: {details}" if details else code.name
        if code in _FINAL:
            self._forget()
            why = f"the server ended the stream ({self._last_status})"
            if code == grpc.StatusCode.UNIMPLEMENTED:
                raise CallError(f"{self._address}: {why}; it does not serve this")
            raise self._gave_up(why)

    def _gave_up(self, why: str) -> CallError | UnknownOutcome:
        if self._last_status and self._last_status not in why:
            why = f"{why} (last: {self._last_status})"
        why = f"{self._address}: {why}"
        if any(request.sequence in self._ever_sent for request in self._unanswered):
            return UnknownOutcome(f"{why}; the outcome is unknown: send it again, or reverse it")
        return NotSent(f"{why}; nothing was sent: is the server running there?")

    def _forget(self) -> None:
        """Leave the stream; what is unanswered goes to the next one."""
        if self._call is not None:
            self._call.cancel()
            self._call = None


def pause_told(trailing: Any) -> float:
    """Return after how many seconds a server wants to be asked again, 0 if it does not say.

    It says so in the trailing metadata, as gRPC's retry policy reads it (gRFC A6).
    """
    for key, value in trailing or ():
        if key == "grpc-retry-pushback-ms" and str(value).isdecimal():
            return int(value) / 1_000
    return 0.0
