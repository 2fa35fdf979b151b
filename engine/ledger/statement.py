"""Statements of accounts, read along the chain of the entries that moved one."""

from collections.abc import Iterator
from typing import Final

from engine.domain.claim import check_id
from engine.domain.dates import china_day, to_date
from engine.domain.movement import MovementKind
from engine.domain.reasons import Reason
from engine.domain.request import Refused
from engine.domain.statement import GetStatement, MovedBy, Movement, Statement
from engine.errors import InvalidInput
from engine.ledger.chain import ChainEntry, chain
from engine.ledger.context import Context, JournalMovement

_MOVED_BY: Final = {
    MovementKind.CREDIT: MovedBy.CREDIT,
    MovementKind.PAYMENT: MovedBy.PAYMENT,
    MovementKind.DISPOSAL: MovedBy.DISPOSAL,
}


def find_statement(context: Context, request: GetStatement) -> Statement | Refused:
    """Return what moved a member's account on the days asked for.

    Raises:
        InvalidInput: a day is none, or the last is before the first.
    """
    check_id("member", request.member)
    for path in ("first_day", "last_day"):
        try:
            to_date(getattr(request, path))
        except ValueError as error:
            raise InvalidInput(path, str(error)) from None
    if request.last_day < request.first_day:
        raise InvalidInput("last_day", "is before the first day")
    number = context.state.members.numbers.get(request.member)
    if number is None:
        return Refused(Reason.MEMBER_UNKNOWN, message="the member is not in the register")
    closing = opening = context.state.accounts.read(number).balance_fen
    found = []
    for movement in _backwards(context, number):
        if movement.booked_day < request.first_day:
            break
        opening = movement.balance_fen - movement.moved_fen
        if movement.booked_day > request.last_day:
            closing = opening
        else:
            found.append(movement)
    found.reverse()
    return Statement(*request, opening, closing, tuple(found))


def _backwards(context: Context, number: int) -> Iterator[Movement]:
    """Yield what moved the account of the member with a number, the last first.

    The day is never after that of what came later, so that a period is one run of the chain,
    whatever the clock did.
    """
    balance, day = context.state.accounts.read(number).balance_fen, 0
    for position, found in chain(context, number):
        if isinstance(found, ChainEntry):
            movement = _of_entry(context, number, found)
        else:
            movement = _of_act(context, number, found)
        booked = china_day(movement.instant)
        day = min(day, booked) if day else booked
        yield movement._replace(position=position, booked_day=day, balance_fen=balance)
        balance -= movement.moved_fen


def _of_entry(context: Context, number: int, entry: ChainEntry) -> Movement:
    """Return what a settlement or its undo moved; position, day and balance are not known here."""
    state, text = context.state, entry.text
    link, claim, result = (entry.record[name] for name in ("link", "claim", "result"))
    own = int(claim["member"]) == number
    return Movement(
        position=0,
        moved_by=MovedBy.SETTLEMENT,
        undoes=int(link["undoes"]),
        booked_day=0,
        instant=int(link["instant"]),
        institution=state.institutions.items[int(claim["institution"])].id,
        request_id=text.undo_id or text.request_id,
        patient=state.members.items[int(claim["member"])].id,
        service_date=int(claim["service_date"]),
        moved_fen=-int(result["account" if own else "family_account"]),
        balance_fen=0,
    )


def _of_act(context: Context, number: int, moved: JournalMovement) -> Movement:
    """Return what an act moved; position, day and balance are not known here."""
    act = moved.act
    owner = context.state.members.items[number].id
    return Movement(
        position=0,
        moved_by=_MOVED_BY[act.kind],
        undoes=act.undoes,
        booked_day=0,
        instant=moved.instant,
        institution=act.institution,
        request_id=act.request_id,
        patient=act.person or owner,
        service_date=act.month * 100 + 1 if act.month else act.day,
        moved_fen=int(moved.record["fen"]),
        balance_fen=0,
        purpose=act.purpose,
        product=act.product,
        event=act.event,
    )
