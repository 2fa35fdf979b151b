"""MemberService and InstitutionService: what settlement reads of people and institutions."""

import functools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from engine.domain.request import (
    Accepted,
    Counters,
    GetCounters,
    ImportOpenings,
    ItemError,
    PutInstitutions,
    PutMembers,
)
from engine.errors import InvalidInput
from gongji.v1 import (
    institution_service_pb2,
    member_service_pb2,
    settlement_pb2,
)
from server.batcher import Source
from server.codec import check_known, encode_error, encode_refusal, parse
from server.codec_register import (
    decode_institution,
    decode_member,
    decode_opening,
    encode_accepted,
    encode_counters,
)
from server.config import ITEMS_MAX
from server.service import Host
from server.stream import Context, Slot

YEAR_FIRST, YEAR_LAST = 2000, 2999


class _Kind(NamedTuple):
    """One kind of register stream: its messages, and its items on the wire and inside."""

    request: type[Any]
    response: type[Any]
    field: str
    decode: Callable[[Any], Any]
    put: Callable[[Any], PutMembers | PutInstitutions | ImportOpenings]
    item: str = ""
    """What an item's own id is the id of."""


_MEMBERS = _Kind(
    member_service_pb2.PutMembersRequest,
    member_service_pb2.PutMembersResponse,
    "members",
    decode_member,
    PutMembers,
    "member",
)
_OPENINGS = _Kind(
    member_service_pb2.ImportOpeningsRequest,
    member_service_pb2.ImportOpeningsResponse,
    "openings",
    decode_opening,
    ImportOpenings,
)
_INSTITUTIONS = _Kind(
    institution_service_pb2.PutInstitutionsRequest,
    institution_service_pb2.PutInstitutionsResponse,
    "institutions",
    decode_institution,
    PutInstitutions,
    "institution",
)


class _Taken(NamedTuple):
    """A message that was read: the items for the ledger, and those that could not be read."""

    sequence: int
    items: Sequence[Any]
    positions: list[int]
    rejected: list[tuple[int, InvalidInput]]


class _RegisterService:
    def __init__(self, host: Host) -> None:
        self._host = host

    async def _stream(self, kind: _Kind, context: Context) -> None:
        accept = functools.partial(self._accept, kind, Source())
        drain = kind.response(drain=settlement_pb2.Drain())
        limit = self._host.config.messages_in_flight_max
        await self._host.converse(context, accept, limit, drain)

    async def _accept(self, kind: _Kind, source: Source, data: bytes, slot: Slot) -> None:
        taken = await self._host.offload(functools.partial(_take, kind, data))
        if isinstance(taken, bytes):
            slot.answer(taken)
            return

        def finish(answer: Any, _: int) -> None:
            failed = isinstance(answer, BaseException)
            slot.answer(answer if failed else _encode(kind, taken, answer))

        self._host.batcher.ask_bulk(kind.put(taken.items), source, finish)


def _take(kind: _Kind, data: bytes) -> _Taken | bytes:
    """Return what was read, or the bytes of the error that answers it."""
    sequence = 0
    try:
        message = parse(kind.request, data)
        sequence = message.sequence
        check_known(message, data)
        sent = getattr(message, kind.field)
        if len(sent) > ITEMS_MAX:
            raise InvalidInput(kind.field, f"expected at most {ITEMS_MAX}, found {len(sent)}")
    except InvalidInput as error:
        answer = kind.response(sequence=sequence, error=encode_error(error))
        encoded: bytes = answer.SerializeToString()
        return encoded
    taken = _Taken(sequence, items := [], [], [])
    for index, item in enumerate(sent):
        try:
            items.append(kind.decode(item))
        except InvalidInput as error:
            taken.rejected.append((index, error))
        else:
            taken.positions.append(index)
    return taken


def _encode(kind: _Kind, taken: _Taken, answer: Accepted | ItemError) -> bytes:
    fields: dict[str, Any] = (
        {"accepted": encode_accepted(answer, taken.rejected, taken.positions, kind.item)}
        if isinstance(answer, Accepted)
        else {"error": encode_error(answer)}
    )
    encoded: bytes = kind.response(sequence=taken.sequence, **fields).SerializeToString()
    return encoded


class MemberService(_RegisterService):
    """The register of members, their opening counters, and their counters."""

    descriptor = member_service_pb2.DESCRIPTOR.services_by_name["MemberService"]

    async def PutMembers(self, _: object, context: Context) -> None:
        """Enter members into the register."""
        await self._stream(_MEMBERS, context)

    async def ImportOpenings(self, _: object, context: Context) -> None:
        """Set counters and balances from before this ledger."""
        await self._stream(_OPENINGS, context)

    async def GetCounters(self, data: bytes, _: Context) -> bytes:
        """Return a member's counters of a policy year."""
        message = parse(member_service_pb2.GetCountersRequest, data)
        answer = member_service_pb2.GetCountersResponse
        year = message.policy_year
        try:
            check_known(message, data)
            if not YEAR_FIRST <= year <= YEAR_LAST:
                expected = f"expected a year from {YEAR_FIRST} to {YEAR_LAST}, found {year}"
                raise InvalidInput("policy_year", expected)
        except InvalidInput as error:
            return answer(error=encode_error(error)).SerializeToString()
        reply = await self._host.batcher.answer(GetCounters(message.member_id, year))
        if isinstance(reply, Counters):
            return answer(counters=encode_counters(reply)).SerializeToString()
        if isinstance(reply, ItemError):
            return answer(error=encode_error(reply)).SerializeToString()
        return answer(refused=encode_refusal(reply)).SerializeToString()


class InstitutionService(_RegisterService):
    """The register of institutions."""

    descriptor = institution_service_pb2.DESCRIPTOR.services_by_name["InstitutionService"]

    async def PutInstitutions(self, _: object, context: Context) -> None:
        """Enter institutions into the register."""
        await self._stream(_INSTITUTIONS, context)
