"""What the services share: guarded handlers that parse their own bytes, and replies."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, Protocol, TypeVar

import grpc
from google.protobuf.descriptor import ServiceDescriptor
from google.protobuf.message import Message
from grpc import aio

from engine.domain.ids import check_id
from engine.domain.request import (
    Found,
    ItemError,
    NothingToReverse,
    Refused,
    Undone,
)
from engine.errors import InvalidInput, InvariantBroken
from server.batcher import Batcher
from server.codec import check_known, encode_error, encode_refusal, parse
from server.codec_settlement import (
    BatchesOnWire,
    encode_found,
    encode_nothing,
    encode_settlement,
    encode_undone,
)
from server.config import ServerConfig
from server.merge import Settled
from server.status import NotOpen, status_of, trailing
from server.stream import Accept, Context, Conversation
from server.wire_settlement import Plans, PlansOnWire

INSTITUTION_KEY: Final = "gongji-institution"
"""Metadata of a unary call that names the institution; `-bin` is the same in UTF-8 bytes."""

T = TypeVar("T")


class Host:
    """What the services of one server stand on."""

    def __init__(self, batcher: Batcher, config: ServerConfig) -> None:
        self.batcher = batcher
        self.config = config
        self.batches = BatchesOnWire(PlansOnWire(batcher.plan))
        self._conversations: dict[Conversation, None] = {}
        """In the order in which they began: a set would stop them in another one each time."""
        self.is_stopping = False
        """Whether the server stops."""
        self._codec = ThreadPoolExecutor(1, thread_name_prefix="gongji-codec")

    async def offload(self, work: Callable[[], T]) -> T:
        """Do work on a large message outside the event loop."""
        return await asyncio.get_running_loop().run_in_executor(self._codec, work)

    def close(self) -> None:
        """Let go of the thread."""
        self._codec.shutdown()

    async def reply(
        self,
        data: bytes,
        request: type[Message],
        response: type[Message],
        decode: Callable[[Any], Any],
        encode: Callable[[object], Mapping[str, Any]],
    ) -> bytes:
        """Return the bytes that answer a unary call; what is malformed is answered with an error.

        Args:
            data: The call's bytes.
            request: What they are.
            response: What the answer is.
            decode: Returns what the pipeline is asked, or raises `InvalidInput`.
            encode: Returns the reply as the field of the answer's oneof.

        Raises:
            InvalidInput: the bytes are no such request.
        """
        message = parse(request, data)
        try:
            check_known(message, data)
            asked = decode(message)
        except InvalidInput as error:
            fields: Mapping[str, Any] = {"error": encode_error(error)}
        else:
            fields = encode(await self.batcher.answer(asked))
        return response(**fields).SerializeToString()

    async def converse(
        self, context: Context, accept: Accept, in_flight_max: int, drain: Message
    ) -> None:
        """Answer one stream."""
        conversation = Conversation(
            context, accept, in_flight_max=in_flight_max, drain=drain.SerializeToString()
        )
        self._conversations[conversation] = None
        if self.is_stopping:
            conversation.stop()
        try:
            await conversation.run()
        finally:
            del self._conversations[conversation]

    def stop(self) -> None:
        """Bring every stream to its end: what was read is answered, nothing more is read."""
        self.is_stopping = True
        for conversation in self._conversations:
            conversation.stop()


class Servicer(Protocol):
    """A service: its contract, and a method for each rpc that takes and returns bytes.

    A method that streams returns nothing: it writes, and reads, what its context carries.
    """

    descriptor: ServiceDescriptor


_HANDLERS: Final[Mapping[tuple[bool, bool], Any]] = {
    (False, False): grpc.unary_unary_rpc_method_handler,
    (False, True): grpc.unary_stream_rpc_method_handler,
    (True, True): grpc.stream_stream_rpc_method_handler,
}
"""By whether the client and the server stream."""


def generic_handler(servicer: Servicer) -> grpc.GenericRpcHandler:
    """Return the handler of a service, each method guarded."""
    handlers: dict[str, grpc.RpcMethodHandler[bytes, bytes]] = {}
    for method in servicer.descriptor.methods:
        behaviour = getattr(servicer, method.name)
        make = _HANDLERS[method.client_streaming, method.server_streaming]
        handlers[method.name] = make(guarded(behaviour))
    return grpc.method_handlers_generic_handler(servicer.descriptor.full_name, handlers)


def guarded(
    behaviour: Callable[[Any, Context], Awaitable[T]],
) -> Callable[[Any, Context], Awaitable[T]]:
    """Return the behaviour with every error turned into a status that says nothing of it."""

    async def guard(request: Any, context: Context) -> T:
        try:
            return await behaviour(request, context)
        except aio.AbortError:
            raise
        except Exception as error:  # noqa: BLE001  the outermost handler
            if context.done():
                raise asyncio.CancelledError from None  # the client is gone: nobody to tell
            status = status_of(error)
            await context.abort(status.code, status.message, trailing(status))
            raise InvariantBroken("abort returned") from None

    return guard


def institution_of(context: Context) -> str:
    """Return the institution that a unary call names in its metadata.

    Raises:
        NotOpen: it names none.
        InvalidInput: it is no id.
    """
    for key, value in context.invocation_metadata() or ():
        if key == INSTITUTION_KEY and isinstance(value, str):
            break
        if key == f"{INSTITUTION_KEY}-bin" and isinstance(value, bytes):
            try:
                value = value.decode()
            except UnicodeDecodeError:
                raise InvalidInput(key, "is not UTF-8") from None
            break
    else:
        raise NotOpen
    check_id("institution_id", value)
    return value


def reply_fields(reply: object, plans: Plans) -> Mapping[str, Any]:
    """Return a reply as the field of the answer's oneof.

    Raises:
        InvariantBroken: there is no such reply.
    """
    match reply:
        case Settled():
            settlement = encode_settlement(reply.entry, plans, replayed=reply.replayed)
            return {"settled": settlement}
        case Refused():
            return {"refused": encode_refusal(reply)}
        case ItemError():
            return {"error": encode_error(reply)}
        case Undone():
            return {"undone": encode_undone(reply, plans)}
        case NothingToReverse():
            return {"nothing_to_reverse": encode_nothing(reply)}
        case Found():
            return {"found": encode_found(reply, plans)}
        case _:
            raise InvariantBroken(f"no answer for {type(reply).__name__}")
