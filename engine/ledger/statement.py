"""Statements of accounts, read along the chain of the entries that moved one."""

from collections.abc import Iterator

from engine.domain.claim import check_id
from engine.domain.dates import china_day, to_date
from engine.domain.reasons import Reason
from engine.domain.request import Refused
from engine.domain.statement import GetStatement, Movement, Statement
from engine.errors import InvalidInput, InvariantBroken
from engine.ledger.context import Context


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
    closing = opening = context.state.read_balance(number)
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
    state = context.state
    balance, day = state.read_balance(number), 0
    position = state.read_account_entry(number)
    while position:
        found = context.record(position)
        if found is None:
            raise InvariantBroken(f"the journal has no entry {position}, but a chain leads there")
        record, text = found
        link, claim, result = record["link"], record["claim"], record["result"]
        own = int(claim["member"]) == number
        moved = -int(result["account" if own else "family_account"])
        booked = china_day(int(link["instant"]))
        day = min(day, booked) if day else booked
        yield Movement(
            position=position,
            kind=int(link["kind"]),
            undoes=int(link["undoes"]),
            booked_day=day,
            instant=int(link["instant"]),
            institution=state.institutions.items[int(claim["institution"])].id,
            request_id=text.undo_id or text.request_id,
            patient=state.members.items[int(claim["member"])].id,
            service_date=int(claim["service_date"]),
            moved_fen=moved,
            balance_fen=balance,
        )
        balance -= moved
        position = int(link["account_previous" if own else "family_previous"])
