"""AccountService: personal accounts."""

from engine.domain.request import ItemError
from engine.domain.statement import GetStatement, Statement
from engine.errors import InvalidInput
from gongji.v1 import account_service_pb2 as pb
from server.codec import check_known, encode_error, encode_refusal, parse
from server.service import Host
from server.stream import Context


class AccountService:
    """Statements of personal accounts."""

    descriptor = pb.DESCRIPTOR.services_by_name["AccountService"]

    def __init__(self, host: Host) -> None:
        self._host = host

    async def GetStatement(self, data: bytes, _: Context) -> bytes:
        """Return what moved a member's account in a period."""
        message, answer = parse(pb.GetStatementRequest, data), pb.GetStatementResponse
        try:
            check_known(message, data)
        except InvalidInput as error:
            return answer(error=encode_error(error)).SerializeToString()
        asked = GetStatement(message.member_id, message.first_day, message.last_day)
        reply = await self._host.batcher.answer(asked)
        if isinstance(reply, Statement):
            return answer(statement=encode_statement(reply)).SerializeToString()
        if isinstance(reply, ItemError):
            return answer(error=encode_error(reply)).SerializeToString()
        return answer(refused=encode_refusal(reply)).SerializeToString()


def encode_statement(statement: Statement) -> pb.Statement:
    """Return a statement."""
    return pb.Statement(
        member_id=statement.member,
        first_day=statement.first_day,
        last_day=statement.last_day,
        opening_fen=statement.opening_fen,
        closing_fen=statement.closing_fen,
        movements=[
            pb.Movement(
                entry_id=movement.position,
                undone_settlement_id=movement.undoes,
                booked_day=movement.booked_day,
                taken_time_ms=movement.instant,
                institution_id=movement.institution,
                request_id=movement.request_id,
                patient_member_id=movement.patient,
                service_date=movement.service_date,
                moved_fen=movement.moved_fen,
                balance_fen=movement.balance_fen,
            )
            for movement in statement.movements
        ],
    )
