"""Taking back a movement of an account: an opposite movement, never a recomputation."""

from dataclasses import replace
from typing import Final

import numpy as np

from engine.domain.claim import check_id
from engine.domain.layout import Array
from engine.domain.movement import Act, Moved, MovementKind, UndoMovement
from engine.domain.reasons import Detail, Reason
from engine.domain.request import NothingToReverse, Refused
from engine.errors import InvalidInput
from engine.ledger.chain import movements_of
from engine.ledger.context import Context
from engine.ledger.ids import key_of
from engine.ledger.payment import answered, moved, movement
from engine.ledger.refusals import id_reused, institution_unknown
from engine.state.tables import KeyStatus

POSITION_END: Final = 1 << 63
"""Journal positions are below it."""


def undo(context: Context, request: UndoMovement) -> Moved | NothingToReverse | Refused:
    """Take back a payment, a disposal or a credit; bar the id of a request that never came."""
    _check(request)
    state = context.state
    if request.institution and request.institution not in state.institutions.numbers:
        return institution_unknown()
    again = answered(context, request.institution, request.request_id)
    if again is not None:
        return _again(again, request)
    if request.movement:
        return _cancel(context, request)
    at, original = state.asking(request.institution), request.original_request_id
    key = key_of(context, at, original)
    if key is None:
        act = Act(
            MovementKind.BARRED,
            institution=request.institution,
            request_id=request.request_id,
            original=original,
        )
        return NothingToReverse(original, context.move(movement(-1, 0), act))
    if key.status in (KeyStatus.UNDONE, KeyStatus.TOMBSTONE):
        return NothingToReverse(original)
    if key.status == KeyStatus.UNDO:
        return _unknown("the id names an undo, which cannot be reversed")
    return _take_back(context, request, key.position)


def _check(request: UndoMovement) -> None:
    check_id("institution", request.institution, required=False)
    check_id("request_id", request.request_id)
    check_id("original_request_id", request.original_request_id, required=False)
    if not 0 <= request.movement < POSITION_END:
        found = request.movement
        raise InvalidInput("movement", f"expected the id of a movement, found {found}")
    if bool(request.movement) == bool(request.original_request_id):
        raise InvalidInput("movement", "give it or original_request_id, one of the two")
    if request.request_id == request.original_request_id:
        raise InvalidInput("request_id", "must be an id of its own, not the original's")


def _again(again: Moved | Refused, request: UndoMovement) -> Moved | NothingToReverse | Refused:
    """Answer an undo whose id is used: the first answer again, or a refusal."""
    if isinstance(again, Refused):
        return again
    act, original = again.act, request.original_request_id
    if act.kind == MovementKind.BARRED and act.original == original and original:
        return NothingToReverse(original, again.position, replayed=True)
    if not act.undoes or request.movement not in (0, act.undoes):
        return id_reused()
    return again if not original or act.original == original else id_reused()


def _cancel(context: Context, request: UndoMovement) -> Moved | Refused:
    """Take back the movement with an id."""
    found = context.movement(request.movement)
    if (
        found is None
        or found.act.institution != request.institution
        or found.act.kind == MovementKind.BARRED
    ):
        return _unknown(f"there is no movement {request.movement} that was asked for here")
    record, act, *_ = found
    if act.undoes:
        return _unknown(f"movement {request.movement} takes back another; ask for it anew instead")
    if _is_undone(context, record, act, request.movement):
        return Refused(Reason.INVALID_CLAIM, Detail.UNDONE, "the movement is undone already")
    return _take_back(context, request, request.movement)


def _is_undone(context: Context, record: np.void, act: Act, position: int) -> bool:
    """Return whether a movement was taken back: by its request id, or, of a credit, its chain."""
    state = context.state
    if act.request_id:
        key = key_of(context, state.asking(act.institution), act.request_id)
        return key is not None and key.status == KeyStatus.UNDONE
    later = movements_of(context, int(record["member"]), after=position)
    return any(other.act.undoes == position for other in later)


def _take_back(context: Context, request: UndoMovement, position: int) -> Moved | Refused:
    """Move an account the other way."""
    record, act, *_ = context.movement_at(position)
    member, fen = int(record["member"]), -int(record["fen"])
    if act.closes and (later := _standing_disposal(context, member, position)):
        message = f"movement {later}, a later disposal, stands; undo it first"
        return Refused(Reason.CANCEL_BLOCKED, message=message)
    balance_fen = context.state.accounts.read(member).balance_fen
    if balance_fen + fen < 0:
        message = f"{-fen} fen were credited, and {balance_fen} fen are left to take back"
        return Refused(Reason.NO_BALANCE, message=message)
    opposite = _opposite(record)
    taken = replace(act, request_id=request.request_id, undoes=position, original=act.request_id)
    return moved(context, context.move(opposite, taken))


def _standing_disposal(context: Context, member: int, position: int) -> int:
    """Return the position of a later disposal that closes the account and stands, 0 if none.

    An account must not open again while another disposal says that it ended.
    """
    undone: set[int] = set()
    for later in movements_of(context, member, after=position):
        if later.act.undoes:
            undone.add(later.act.undoes)
        elif later.act.closes and later.position not in undone:
            return later.position
    return 0


def _opposite(record: np.void) -> Array:
    opposite = movement(int(record["member"]), -int(record["fen"]))
    opposite["part_fen"], opposite["rule"] = -record["part_fen"], record["rule"]
    return opposite


def _unknown(message: str) -> Refused:
    return Refused(Reason.INVALID_CLAIM, Detail.SETTLEMENT_UNKNOWN, message)
