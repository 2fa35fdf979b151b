"""SettlementService: terminals' streams, gateways' columns, and the unary twins."""

import functools
from typing import Any, TypeVar

from google.protobuf.message import Message

from engine.domain.ids import check_id
from engine.domain.request import (
    BatchAnswer,
    Cancel,
    Found,
    GetSettlement,
    ItemError,
    Reverse,
    SettleBatch,
)
from engine.errors import InvalidInput
from gongji.v1 import claim_pb2, settlement_pb2
from gongji.v1 import settlement_service_pb2 as pb
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
from server.codec_settlement import encode_explanation, encode_response
from server.merge import Settled, SettleOne
from server.service import Host, institution_of, reply_fields
from server.status import NotOpen
from server.stream import Context, Pending
from server.wire_claim import decode_settle
from server.wire_settlement import Plans

R = TypeVar("R", bound=Message)

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
        source = object()
        drain = pb.SettleBatchResponse(drain=settlement_pb2.Drain())
        limit = self._host.config.messages_in_flight_max
        accept = functools.partial(self._accept_batch, source)
        await self._host.converse(context, accept, limit, drain)

    async def _accept_batch(self, source: object, data: bytes) -> bytes | Pending:
        decoded = await self._host.offload(functools.partial(_decode_batch, data))
        if isinstance(decoded, pb.SettleBatchResponse):
            return decoded.SerializeToString()
        sequence, request = decoded
        future = self._batcher.ask_bulk(request, source)
        return Pending(
            future,
            functools.partial(_encode_batch, sequence, self._batcher.plan),
            self._host.offload,
        )

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

    async def accept(self, data: bytes) -> bytes | Pending:
        """Take one request.

        Raises:
            NotOpen: the stream does not begin with open.
            InvalidInput: open names no institution.
        """
        plain = decode_settle(data, self._institution) if self._institution else None
        if plain is not None:
            sequence, preview, claim = plain
            encode = functools.partial(self._encode, sequence, claim.request_id)
            return Pending(await self._batcher.ask(SettleOne(claim, preview)), encode)
        try:
            message = parse(pb.SettleRequest, data)
        except InvalidInput as error:
            if not self._institution:
                raise NotOpen from None
            return pb.SettleResponse(error=encode_error(error)).SerializeToString()
        if not self._institution:
            return self._open(message, data)
        sequence, request_id = message.sequence, _request_id(message)
        try:
            check_known(message, data)
            ask = self._decode(message)
        except InvalidInput as error:
            return pb.SettleResponse(
                sequence=sequence, request_id=request_id, error=encode_error(error)
            ).SerializeToString()
        encode = functools.partial(self._encode, sequence, request_id)
        return Pending(await self._batcher.ask(ask), encode)

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

    def _encode(self, sequence: int, request_id: str, reply: object) -> bytes:
        if isinstance(reply, Settled):
            on_wire = self._host.on_wire
            return encode_response(sequence, reply.entry, on_wire, replayed=reply.replayed)
        fields = reply_fields(reply, self._batcher.plan)
        return pb.SettleResponse(
            sequence=sequence, request_id=request_id, **fields
        ).SerializeToString()


def _request_id(message: pb.SettleRequest) -> str:
    """Return the id to echo, empty where the request has none."""
    which = message.WhichOneof("request")
    if which is None or which == "open":
        return ""
    request: claim_pb2.Claim | pb.Cancel | pb.Reverse | pb.Query = getattr(message, which)
    return request.request_id


def _decode_batch(data: bytes) -> tuple[int, SettleBatch] | pb.SettleBatchResponse:
    """Return a gateway's message, or the error that answers it."""
    sequence = 0
    try:
        message = parse(pb.SettleBatchRequest, data)
        sequence = message.sequence
        check_known(message, data)
        return sequence, SettleBatch(decode_claims(message.claims), message.preview)
    except InvalidInput as error:
        return pb.SettleBatchResponse(sequence=sequence, error=encode_error(error))


def _encode_batch(sequence: int, plans: Plans, answer: BatchAnswer | ItemError) -> bytes:
    fields: dict[str, Any] = (
        {"answers": encode_answers(answer, plans)}
        if isinstance(answer, BatchAnswer)
        else {"error": encode_error(answer)}
    )
    return pb.SettleBatchResponse(sequence=sequence, **fields).SerializeToString()
