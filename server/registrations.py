"""RegistrationService: changes of the registers item by item."""

from collections.abc import Callable
from typing import Any

from engine.domain.registration import RegistrationRequest
from gongji.v1 import registration_service_pb2 as pb
from server.codec_registration import (
    decode_change,
    decode_list,
    decode_select,
    decode_undo,
    reply_fields,
)
from server.service import Host
from server.stream import Context


class RegistrationService:
    """Items added, ended, removed and selected, the undoing of that, and its history."""

    descriptor = pb.DESCRIPTOR.services_by_name["RegistrationService"]

    def __init__(self, host: Host) -> None:
        self._host = host

    async def ChangeRegister(self, data: bytes, _: Context) -> bytes:
        """Add, end or remove an item of a register entry."""
        return await self._answer(
            data, pb.ChangeRegisterRequest, pb.ChangeRegisterResponse, decode_change
        )

    async def UndoChange(self, data: bytes, _: Context) -> bytes:
        """Undo a change."""
        return await self._answer(data, pb.UndoChangeRequest, pb.UndoChangeResponse, decode_undo)

    async def Select(self, data: bytes, _: Context) -> bytes:
        """Select an institution by the rule of the member's city."""
        return await self._answer(data, pb.SelectRequest, pb.SelectResponse, decode_select)

    async def ListChanges(self, data: bytes, _: Context) -> bytes:
        """Return the changes of a member or an institution."""
        return await self._answer(data, pb.ListChangesRequest, pb.ListChangesResponse, decode_list)

    async def _answer(
        self,
        data: bytes,
        request: type[Any],
        response: type[Any],
        decode: Callable[[Any], RegistrationRequest],
    ) -> bytes:
        return await self._host.reply(data, request, response, decode, reply_fields)
