"""What request ids stand for: the fingerprints of `State.ids`, read with the journal's own text."""

from engine.ledger.context import Context
from engine.state._ids import STATUS_BITS
from engine.state.tables import KeyRow, KeyStatus


def key_of(context: Context, institution: int, request_id: str) -> KeyRow | None:
    """Return what a request id stands for, or None if it is free.

    Args:
        context: where it is looked for, in what was made in this batch as well.
        institution: its number, or that of `State.asking`.
        request_id: the id.
    """
    for position, status in context.state.ids.uses(institution, request_id):
        read = _of_movement if institution < 0 else _of_entry
        row = read(context, position, KeyStatus(status), institution, request_id)
        if row is not None:
            return row
    return None


def _of_entry(
    context: Context, position: int, status: KeyStatus, institution: int, request_id: str
) -> KeyRow | None:
    """Return what an id stands for by an entry, None if what is there is of another id."""
    found = context.record(position)
    if found is None:
        context.movement_at(position)  # an account's request, whose id has the same fingerprint
        return None
    record, text = found
    named = text.undo_id if status == KeyStatus.UNDO else text.request_id
    if named != request_id or record["claim"]["institution"] != institution:
        return None
    return _row(position, status, int(record["link"]["undoes"]))


def _of_movement(
    context: Context, position: int, status: KeyStatus, asking: int, request_id: str
) -> KeyRow | None:
    """Return what an id stands for by what moved an account, None if that is of another id."""
    found = context.movement(position)
    if found is None:
        context.record_at(position)  # a claim, whose id has the same fingerprint
        return None
    act = found.act
    of_original = status in (KeyStatus.UNDONE, KeyStatus.TOMBSTONE)
    named = act.original if of_original else act.request_id
    if named != request_id or context.state.asking(act.institution) != asking:
        return None
    return _row(position, status, act.undoes)


def _row(position: int, status: KeyStatus, undoes: int) -> KeyRow:
    if status == KeyStatus.UNDONE:
        return KeyRow(undoes, status, position)
    return KeyRow(position, status, 0)


def standing_at(context: Context, institution: int) -> list[int]:
    """Return the positions of an institution's settlements that stand, in journal order."""
    uses = context.state.uses_at(institution)["use"]
    positions, statuses = uses >> STATUS_BITS, uses & ((1 << STATUS_BITS) - 1)
    undone = {
        int(context.record_at(position)[0]["link"]["undoes"])
        for position in positions[statuses == KeyStatus.UNDONE].tolist()
    }
    standing: list[int] = positions[statuses == KeyStatus.STANDING].tolist()
    return sorted(position for position in standing if position not in undone)
