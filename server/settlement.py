"""SettlementService: terminals' streams, gateways' columns, and the unary twins."""

import functools
from collections.abc import Awaitable
from typing import Any, Final, NamedTuple, TypeVar

from google.protobuf.message import Message

from engine.domain.ids import ID_LENGTH_MAX, check_id
from engine.domain.request import (
    BatchAnswer,
    Cancel,
    Found,
    GetSettlement,
    ItemError,
    Reverse,
    SettleBatch,
)
from engine.errors import InvalidInput, InvariantBroken
from gongji.v1 import claim_pb2, settlement_pb2
from gongji.v1 import settlement_service_pb2 as pb
from server.batcher import Finish, Source
from server.codec import (
    check_known,
    decode_cancel,
    decode_claim,
    decode_query,
    decode_reverse,
    encode_error,
    parse,
)
from server.codec_batch import decode_claims, encode_answers
from server.codec_settlement import encode_explanation
from server.merge import SettleOne, SettleSome, is_settled, reply_of
from server.service import Host, institution_of, reply_fields
from server.status import NotOpen
from server.stream import Context, Slot
from server.wire_claim import decode_settle
from server.wire_settlement import Plans

R = TypeVar("R", bound=Message)

_SMALL_BYTES: Final = 32_768
"""Messages up to this size are read in the event loop: a thread would take longer to hear of it."""
_SMALL_SHARE: Final = 4
"""Messages up to this part of a chunk are settled together with the requests of terminals."""

Ask = SettleOne | Cancel | Reverse | GetSettlement


class SettlementService:
    """Settles claims; see the contract in settlement_service.proto."""

    descriptor = pb.DESCRIPTOR.services_by_name["SettlementService"]

    def __init__(self, host: Host) -> None:
        self._host = host
        self._batcher = host.batcher

    # --- streams -------------------------------------------------------------------------

    async def Settle(self, _: object, context: Context) -> None:
        """Answer a terminal's stream."""
        terminal = _Terminal(self._host)
        drain = pb.SettleResponse(drain=settlement_pb2.Drain())
        limit = self._host.config.in_flight_max
        await self._host.converse(context, terminal.accept, limit, drain)

    async def SettleBatch(self, _: object, context: Context) -> None:
        """Answer a gateway's stream."""
        source = Source()
        drain = pb.SettleBatchResponse(drain=settlement_pb2.Drain())
        limit = self._host.config.messages_in_flight_max
        accept = functools.partial(self._accept_batch, source)
        await self._host.converse(context, accept, limit, drain)

    async def _accept_batch(self, source: Source, data: bytes, slot: Slot) -> None:
        work = functools.partial(_decode_batch, data)
        decoded = work() if len(data) <= _SMALL_BYTES else await self._host.offload(work)
        if isinstance(decoded, pb.SettleBatchResponse):
            slot.answer(decoded.SerializeToString())
            return
        small = len(decoded.request.claims) <= self._host.config.chunk // _SMALL_SHARE
        await source.turn(small=small)
        if small:
            await self._batcher.room()
            self._ask_small(decoded, source, slot)
        else:
            self._ask_large(decoded, source, slot)

    def _ask_small(self, message: "_Batch", source: Source, slot: Slot) -> None:
        """Have a few claims settled with those of the terminals."""
        ask = SettleSome(message.request.claims, message.request.preview)

        def finish(answer: Any, row: int) -> None:
            if isinstance(answer, BaseException):
                slot.answer(answer)
            else:
                slot.answer(message.encode(self._batcher.plan, reply_of(answer, row, ask)))
            source.finished()

        self._batcher.ask(ask, finish, source)

    def _ask_large(self, message: "_Batch", source: Source, slot: Slot) -> None:
        """Have many claims settled, chunk by chunk."""

        def finish(answer: Any, _: int) -> None:
            if isinstance(answer, BaseException):
                slot.answer(answer)
            else:
                work = functools.partial(message.encode, self._batcher.plan, answer)
                slot.answer(lambda: self._host.offload(work))
            source.finished()

        self._batcher.ask_bulk(message.request, source, finish)

    # --- one by one ----------------------------------------------------------------------

    async def SettleClaim(self, data: bytes, context: Context) -> bytes:
        """Settle one claim."""
        institution = institution_of(context)
        message = parse(pb.SettleClaimRequest, data)
        answer = pb.SettleClaimResponse
        try:
            check_known(message, data)
            ask = SettleOne(decode_claim(message.claim, institution))
        except InvalidInput as error:
            return answer(error=encode_error(error)).SerializeToString()
        return await self._reply(ask, answer)

    async def PreviewClaim(self, data: bytes, context: Context) -> bytes:
        """Answer as SettleClaim would now."""
        institution = institution_of(context)
        message = parse(pb.PreviewClaimRequest, data)
        answer = pb.PreviewClaimResponse
        try:
            check_known(message, data)
            ask = SettleOne(decode_claim(message.claim, institution), preview=True)
        except InvalidInput as error:
            return answer(error=encode_error(error)).SerializeToString()
        return await self._reply(ask, answer)

    async def CancelSettlement(self, data: bytes, context: Context) -> bytes:
        """Undo a settlement by its id."""
        institution = institution_of(context)
        message = parse(pb.CancelSettlementRequest, data)
        answer = pb.CancelSettlementResponse
        try:
            check_known(message, data)
            ask = decode_cancel(message.cancel, institution)
        except InvalidInput as error:
            return answer(error=encode_error(error)).SerializeToString()
        return await self._reply(ask, answer)

    async def ReverseClaim(self, data: bytes, context: Context) -> bytes:
        """Undo a request whose answer was lost."""
        institution = institution_of(context)
        message = parse(pb.ReverseClaimRequest, data)
        answer = pb.ReverseClaimResponse
        try:
            check_known(message, data)
        except InvalidInput as error:
            return answer(error=encode_error(error)).SerializeToString()
        return await self._reply(decode_reverse(message.reverse, institution), answer)

    async def GetSettlement(self, data: bytes, context: Context) -> bytes:
        """Look a settlement up."""
        institution = institution_of(context)
        message = parse(pb.GetSettlementRequest, data)
        answer = pb.GetSettlementResponse
        try:
            check_known(message, data)
            ask = decode_query(message.query, institution)
        except InvalidInput as error:
            return answer(error=encode_error(error)).SerializeToString()
        return await self._reply(ask, answer)

    async def Explain(self, data: bytes, context: Context) -> bytes:
        """Look a settlement up and name the clauses of its parts."""
        institution = institution_of(context)
        message = parse(pb.ExplainRequest, data)
        try:
            check_known(message, data)
            ask = decode_query(message.query, institution)
        except InvalidInput as error:
            return pb.ExplainResponse(error=encode_error(error)).SerializeToString()
        reply = await self._batcher.answer(ask)
        if not isinstance(reply, Found):
            fields = reply_fields(reply, self._batcher.plan)
            return pb.ExplainResponse(**fields).SerializeToString()
        explained = encode_explanation(reply, self._batcher.plan, self._batcher.cities)
        return pb.ExplainResponse(explained=explained).SerializeToString()

    async def _reply(self, ask: Ask, answer: type[R]) -> bytes:
        reply = await self._batcher.answer(ask)
        return answer(**reply_fields(reply, self._batcher.plan)).SerializeToString()


class _Terminal:
    """One terminal's stream: what it opened, and how its requests are answered."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._batcher = host.batcher
        self._institution = ""

    def accept(self, data: bytes, slot: Slot) -> Awaitable[None] | None:
        """Take one request.

        Raises:
            NotOpen: the stream does not begin with open.
            InvalidInput: open names no institution.
        """
        plain = decode_settle(data, self._institution) if self._institution else None
        if plain is not None:
            sequence, preview, claim = plain
            asked = SettleOne(claim, preview)
            return self._ask(asked, self._taker(slot, sequence, claim.request_id, asked))
        try:
            message = parse(pb.SettleRequest, data)
        except InvalidInput as error:
            if not self._institution:
                raise NotOpen from None
            slot.answer(pb.SettleResponse(error=encode_error(error)).SerializeToString())
            return None
        if not self._institution:
            slot.answer(self._open(message, data))
            return None
        sequence, request_id = message.sequence, _request_id(message)
        try:
            check_known(message, data)
            ask = self._decode(message)
        except InvalidInput as error:
            answer = pb.SettleResponse(
                sequence=sequence, request_id=request_id, error=encode_error(error)
            )
            slot.answer(answer.SerializeToString())
            return None

        return self._ask(ask, self._taker(slot, sequence, request_id, ask))

    def _taker(self, slot: Slot, sequence: int, request_id: str, ask: Ask) -> Finish:
        """Return what takes the answer to a request, and gives its bytes to the stream."""

        def finish(answer: Any, row: int) -> None:
            if isinstance(answer, BaseException):
                slot.answer(answer)
            elif isinstance(ask, SettleOne) and is_settled(answer, row):
                slot.answer(self._host.batches.response(sequence, ask.claim, answer, row))
            else:
                fields = reply_fields(reply_of(answer, row, ask), self._batcher.plan)
                response = pb.SettleResponse(sequence=sequence, request_id=request_id, **fields)
                slot.answer(response.SerializeToString())

        return finish

    def _ask(self, ask: Ask, finish: Finish) -> Awaitable[None] | None:
        if self._batcher.is_full:
            return self._ask_later(ask, finish)
        self._batcher.ask(ask, finish)
        return None

    async def _ask_later(self, ask: Ask, finish: Finish) -> None:
        await self._batcher.room()
        self._batcher.ask(ask, finish)

    def _open(self, message: pb.SettleRequest, data: bytes) -> bytes:
        if message.WhichOneof("request") != "open":
            raise NotOpen
        check_known(message, data)
        check_id("open.institution_id", message.open.institution_id)
        check_id("open.client", message.open.client, required=False)
        self._institution = message.open.institution_id
        opened = pb.Opened(in_flight_max=self._host.config.in_flight_max)
        return pb.SettleResponse(sequence=message.sequence, opened=opened).SerializeToString()

    def _decode(self, message: pb.SettleRequest) -> Ask:
        institution = self._institution
        match message.WhichOneof("request"):
            case "settle":
                return SettleOne(decode_claim(message.settle, institution))
            case "preview":
                return SettleOne(decode_claim(message.preview, institution), preview=True)
            case "cancel":
                return decode_cancel(message.cancel, institution)
            case "reverse":
                return decode_reverse(message.reverse, institution)
            case "query":
                return decode_query(message.query, institution)
            case "open":
                raise InvalidInput("open", "the stream is open already; open another stream")
            case _:
                raise InvalidInput("request", "is missing; ask for something")


def _request_id(message: pb.SettleRequest) -> str:
    """Return the id to echo, empty where the request has none, or one that is too long for one."""
    which = message.WhichOneof("request")
    if which is None or which == "open":
        return ""
    request: claim_pb2.Claim | pb.Cancel | pb.Reverse | pb.Query = getattr(message, which)
    # Nobody has himself sent back megabytes, which a client would refuse with its whole stream.
    return request.request_id if len(request.request_id) <= ID_LENGTH_MAX else ""


class _Batch(NamedTuple):
    """A gateway's message that was read."""

    sequence: int
    request: SettleBatch

    def encode(self, plans: Plans, answer: object) -> bytes:
        """Return the bytes that answer it.

        Raises:
            InvariantBroken: there is no such answer to a batch.
        """
        if isinstance(answer, BatchAnswer):
            fields: dict[str, Any] = {"answers": encode_answers(answer, plans)}
        elif isinstance(answer, ItemError):
            fields = {"error": encode_error(answer)}
        else:
            raise InvariantBroken(f"no answer for {type(answer).__name__}")
        return pb.SettleBatchResponse(sequence=self.sequence, **fields).SerializeToString()


def _decode_batch(data: bytes) -> _Batch | pb.SettleBatchResponse:
    """Return a gateway's message, or the error that answers it."""
    sequence = 0
    try:
        message = parse(pb.SettleBatchRequest, data)
        sequence = message.sequence
        check_known(message, data)
        return _Batch(sequence, SettleBatch(decode_claims(message.claims), message.preview))
    except InvalidInput as error:
        return pb.SettleBatchResponse(sequence=sequence, error=encode_error(error))
