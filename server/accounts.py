"""AccountService: personal accounts."""

from collections.abc import Callable
from typing import Any

from engine.domain.movement import AccountRequest, CreditedStep
from engine.domain.statement import GetStatement
from engine.errors import InvalidInput
from gongji.v1 import account_service_pb2 as pb
from server.codec import check_known, encode_error, parse
from server.codec_account import (
    decode_credit,
    decode_dispose,
    decode_duties,
    decode_pay,
    decode_run,
    decode_statement,
    decode_undo,
    reply_fields,
)
from server.service import Host
from server.status import Stopping
from server.stream import Context

_Decode = Callable[[Any], AccountRequest | GetStatement]


class AccountService:
    """Payments, credits, disposals, their undo, duties, and statements."""

    descriptor = pb.DESCRIPTOR.services_by_name["AccountService"]

    def __init__(self, host: Host) -> None:
        self._host = host

    async def Pay(self, data: bytes, _: Context) -> bytes:
        """Pay something other than a settled claim."""
        return await self._answer(data, pb.PayRequest, pb.PayResponse, decode_pay)

    async def CreditMember(self, data: bytes, _: Context) -> bytes:
        """Credit one member for a month."""
        return await self._answer(
            data, pb.CreditMemberRequest, pb.CreditMemberResponse, decode_credit
        )

    async def RunCredit(self, data: bytes, context: Context) -> None:
        """Credit a city for a month, a message a step.

        Raises:
            Stopping: the server stops; what is posted stays, and the run can be asked for again.
        """
        message = parse(pb.RunCreditRequest, data)
        try:
            check_known(message, data)
        except InvalidInput as error:
            malformed = pb.RunCreditResponse(error=encode_error(error))
            await context.write(malformed.SerializeToString())
            return
        step = decode_run(message, self._host.config.credit_step)
        while True:
            # A step waits in the queue like any request: between two of them others are served.
            reply = await self._host.batcher.answer_step(step)
            await context.write(pb.RunCreditResponse(**reply_fields(reply)).SerializeToString())
            if not isinstance(reply, CreditedStep) or reply.finished:
                return
            if self._host.is_stopping:
                raise Stopping
            step = step._replace(first=reply.next)

    async def Dispose(self, data: bytes, _: Context) -> bytes:
        """End an account, or move it."""
        return await self._answer(data, pb.DisposeRequest, pb.DisposeResponse, decode_dispose)

    async def UndoMovement(self, data: bytes, _: Context) -> bytes:
        """Take back a payment, a credit or a disposal."""
        return await self._answer(
            data, pb.UndoMovementRequest, pb.UndoMovementResponse, decode_undo
        )

    async def GetContributionDuties(self, data: bytes, _: Context) -> bytes:
        """Return what a member of a city contributes beside the insurance itself."""
        return await self._answer(
            data,
            pb.GetContributionDutiesRequest,
            pb.GetContributionDutiesResponse,
            decode_duties,
        )

    async def GetStatement(self, data: bytes, _: Context) -> bytes:
        """Return what moved a member's account in a period."""
        return await self._answer(
            data, pb.GetStatementRequest, pb.GetStatementResponse, decode_statement
        )

    async def _answer(
        self,
        data: bytes,
        request: type[Any],
        response: type[Any],
        decode: _Decode,
    ) -> bytes:
        return await self._host.reply(data, request, response, decode, reply_fields)
