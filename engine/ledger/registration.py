"""Register changes item by item: added, ended, removed, selected by rule, and undone.

Each has an id of its own, is journalled with its answer, and tells which standing settlements
would have come out differently had it been known (`engine.ledger.affected`). It alters none.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from engine.domain.claim import check_id
from engine.domain.dates import Interval
from engine.domain.journal import SegmentKind
from engine.domain.reasons import Detail, Reason
from engine.domain.register import Institution, Member, Referral, Selection, Stay
from engine.domain.registration import (
    ACCOUNT_ITEMS,
    INSTITUTION_ITEMS,
    MEMBER_ITEMS,
    NAMES,
    Affected,
    Changed,
    ChangeKind,
    ChangeRegister,
    Changes,
    Item,
    ListChanges,
    NotedChange,
    RegistrationRequest,
    Select,
    UndoChange,
    begins,
    changed_days,
    content_of,
    days_of,
    exchange,
    items_of,
    overlaps,
    with_days,
)
from engine.domain.request import Refused
from engine.errors import InvalidInput
from engine.ledger.affected import affected_by
from engine.ledger.context import Context
from engine.ledger.refusals import institution_unknown, member_unknown
from engine.ledger.selection import choose, make_room
from engine.state.registers import check_day
from engine.state.registration import changes_to_json, check_item

_ENTRY_KINDS = (ChangeKind.ADD, ChangeKind.END, ChangeKind.REMOVE)
_WORDS = {"family": "family link", "still_paying": "period of still paying"}
"""What messages call an item, where its name is no noun of its own."""


def answer(context: Context, request: RegistrationRequest) -> Changed | Changes | Refused:
    """Answer a request about register changes.

    Raises:
        InvalidInput: the request is malformed; nothing changed.
    """
    match request:
        case ChangeRegister():
            return change_register(context, request)
        case UndoChange():
            return undo_change(context, request)
        case Select():
            return select(context, request)
        case ListChanges():
            return list_changes(context, request)


def change_register(context: Context, request: ChangeRegister) -> Changed | Refused:
    """Add, end or remove an item; return the change with the settlements it affects."""
    _check_change_id(request.change_id, request.dry_run)
    if request.kind not in _ENTRY_KINDS:
        raise InvalidInput(
            "kind", "expected to add, to end or to remove; the others have own calls"
        )
    _check_holder(request.member, request.institution)
    kinds = MEMBER_ITEMS if request.member else INSTITUTION_ITEMS
    name = NAMES[type(request.item)]
    if name not in kinds:
        raise InvalidInput("item", f"is of another register; expected one of {', '.join(kinds)}")
    noted = _used(context, request.change_id, request.dry_run)
    if noted is not None:
        return _again(noted.changed, _same_change(noted.changed, request))
    holder = _holder(context, request.member, request.institution)
    if isinstance(holder, Refused):
        return holder
    moved = _moved(context, holder, request)
    if isinstance(moved, Refused):
        return moved
    changed = Changed(request.change_id, request.kind, request.member, request.institution, *moved)
    return _make(context, holder, changed, request.dry_run)


def select(context: Context, request: Select) -> Changed | Refused:
    """Select an institution by the rule of the member's city, on the day of the request."""
    _check_change_id(request.change_id, request.dry_run)
    noted = _used(context, request.change_id, request.dry_run)
    if noted is not None:
        return _again(noted.changed, _same_selection(noted.changed, request))
    chosen = choose(context, request)
    if isinstance(chosen, Refused):
        return chosen
    member, selection, clauses = chosen
    taken, put = make_room(member, selection)
    changed = Changed(
        request.change_id,
        ChangeKind.SELECT,
        request.member,
        "",
        taken,
        (selection, *put),
        clauses=clauses,
        day=request.day,
        for_year=request.for_year,
        newly_insured=request.newly_insured,
        reason=request.reason,
    )
    return _make(context, member, changed, request.dry_run)


def undo_change(context: Context, request: UndoChange) -> Changed | Refused:
    """Undo a change: put back what it took; refused where a later change touched the same item."""
    _check_change_id(request.change_id, request.dry_run)
    check_id("undoes", request.undoes)
    if request.change_id == request.undoes:
        raise InvalidInput("change_id", "must be an id of its own, not that of the change to undo")
    noted = _used(context, request.change_id, request.dry_run)
    if noted is not None:
        same = noted.changed.kind == ChangeKind.UNDO and noted.changed.undoes == request.undoes
        return _again(noted.changed, same)
    target = context.state.register_changes.find(request.undoes)
    if target is None:
        return _refuse(Detail.CHANGE_UNKNOWN, f"there is no register change {request.undoes}")
    if target.undone_by:
        return _refuse(Detail.UNDONE, f"the change is undone already, by {target.undone_by}")
    change = target.changed
    if change.kind == ChangeKind.UNDO:
        return _refuse(Detail.CHANGE_UNKNOWN, "it is an undo itself; make the change again instead")
    holder = _holder(context, change.member, change.institution)
    if isinstance(holder, Refused):
        return holder
    blocked = _blocked(context, holder, change)
    if blocked is not None:
        return blocked
    changed = Changed(
        request.change_id,
        ChangeKind.UNDO,
        change.member,
        change.institution,
        taken=change.put,
        put=change.taken,
        undoes=request.undoes,
    )
    return _make(context, holder, changed, request.dry_run)


def list_changes(context: Context, request: ListChanges) -> Changes | Refused:
    """Return the changes of a member or an institution, the oldest first."""
    _check_holder(request.member, request.institution)
    holder = _holder(context, request.member, request.institution)
    if isinstance(holder, Refused):
        return holder
    return Changes(context.state.register_changes.of(request.member, request.institution))


# --- making a change ---------------------------------------------------------------------


def _make(
    context: Context, holder: Member | Institution, changed: Changed, dry_run: bool
) -> Changed:
    """Find what a change affects, and make it unless it is tried only."""
    after: Member | Institution
    if isinstance(holder, Member):
        after = exchange(holder, changed.taken, changed.put)
    else:
        after = exchange(holder, changed.taken, changed.put)
    affected: tuple[Affected, ...] = ()
    more = False
    if not all(isinstance(item, ACCOUNT_ITEMS) for item in (*changed.taken, *changed.put)):
        days = changed_days(changed.taken, changed.put)
        affected, more = affected_by(context, holder, after, days)
    changed = replace(changed, affected=affected, more=more)
    if dry_run:
        return replace(changed, dry_run=True)
    context.state.change_register(changed, context.instant)
    context.change(SegmentKind.REGISTER_CHANGES, 1, changes_to_json([changed]))
    return changed


class _Moved(NamedTuple):
    """What a change takes out of an entry, and what it puts in."""

    taken: tuple[Item, ...] = ()
    put: tuple[Item, ...] = ()


def _moved(
    context: Context, holder: Member | Institution, request: ChangeRegister
) -> _Moved | Refused:
    if request.kind == ChangeKind.ADD:
        return _add(context, holder, request.item)
    found = _find(holder, request.item)
    if isinstance(found, Refused) or request.kind == ChangeKind.REMOVE:
        return found
    return _end(holder, found.taken[0], request.last_day)


def _add(context: Context, holder: Member | Institution, item: Item) -> _Moved | Refused:
    check_item(item, holder.id)
    unknown = _unknown_institution(context, item)
    if unknown is not None:
        return unknown
    return _overlapping(holder, item) or _Moved(put=(item,))


def _unknown_institution(context: Context, item: Item) -> Refused | None:
    """Refuse what could never have an effect: an institution selected that nobody knows."""
    known = context.state.institutions.numbers
    match item:
        case Selection(institution=name) | Referral(to_institution=name):
            if name not in known:
                return institution_unknown()
    return None


def _overlapping(
    holder: Member | Institution, item: Item, apart: Item | None = None
) -> Refused | None:
    for held in items_of(holder):
        if held != apart and overlaps(held, item):
            first_day, last_day = days_of(held)
            return _refuse(
                Detail.ITEM_OVERLAPS,
                f"there is a {_word(held)} from {first_day} to {last_day} already; end or "
                "remove it first",
            )
    return None


def _find(holder: Member | Institution, item: Item) -> _Moved | Refused:
    """Return the one item that is meant, as what is taken."""
    alike = [held for held in items_of(holder) if content_of(held) == content_of(item)]
    first_day = days_of(item).first_day
    meant = [held for held in alike if not first_day or begins(held, first_day)]
    if len(meant) == 1:
        return _Moved((meant[0],))
    firsts = ", ".join(str(days_of(held).first_day) for held in alike)
    name = _word(item)
    if not meant:
        there = f"those there begin on {firsts}" if alike else "there is none"
        return _refuse(Detail.ITEM_UNKNOWN, f"the register has no such {name}; {there}")
    return _refuse(
        Detail.ITEM_UNKNOWN, f"there are several such {name}s; say which, they begin on {firsts}"
    )


def _word(item: Item) -> str:
    name = NAMES[type(item)]
    return _WORDS.get(name, name)


def _end(holder: Member | Institution, item: Item, last_day: int) -> _Moved | Refused:
    """Return an item taken, and put with another last day."""
    check_day("last_day", last_day)
    first_day, ends = days_of(item)
    if last_day < first_day:
        what = "is discharged" if isinstance(item, Stay) else "ends"
        raise InvalidInput("last_day", f"it {what} before it begins; remove it instead")
    if last_day == ends:
        raise InvalidInput("last_day", "it ends on that day already")
    ended = with_days(item, Interval(first_day, last_day))
    return _overlapping(holder, ended, apart=item) or _Moved((item,), (ended,))


# --- undoing -----------------------------------------------------------------------------


def _blocked(context: Context, holder: Member | Institution, change: Changed) -> Refused | None:
    """Refuse to undo a change whose items a later one touched, or are no longer there."""
    touched, blockers = set(change.put), []
    later = _after(context.state.register_changes.of(change.member, change.institution), change)
    for noted in later:
        other = noted.changed
        if touched.intersection(other.taken) or _meet(change.taken, other.put):
            touched.update(other.put)
            blockers.append(other.change_id)
    if blockers:
        return Refused(
            Reason.CANCEL_BLOCKED,
            message="later changes touched the same item; undo them first, in this order: "
            + ", ".join(reversed(blockers)),
        )
    there = items_of(holder)
    left = [item for item in there if item not in change.put]
    if not set(change.put) <= set(there) or _meet(change.taken, left):
        return Refused(
            Reason.CANCEL_BLOCKED,
            message="the register entry was replaced as a whole since; change the item itself",
        )
    return None


def _after(noted: Sequence[NotedChange], change: Changed) -> list[NotedChange]:
    """Return the changes after one that stand and are no undos."""
    ids = [one.changed.change_id for one in noted]
    return [
        one
        for one in noted[ids.index(change.change_id) + 1 :]
        if not one.undone_by and one.changed.kind != ChangeKind.UNDO
    ]


def _meet(items: Sequence[Item], others: Sequence[Item]) -> bool:
    return any(overlaps(item, other) for item in items for other in others)


# --- ids and entries ---------------------------------------------------------------------


def _check_change_id(change_id: str, dry_run: bool) -> None:
    check_id("change_id", change_id, required=not dry_run)


def _check_holder(member: str, institution: str) -> None:
    if bool(member) == bool(institution):
        raise InvalidInput("member", "give the id of a member or of an institution, one of the two")
    check_id("member" if member else "institution", member or institution)


def _holder(context: Context, member: str, institution: str) -> Member | Institution | Refused:
    state = context.state
    if member:
        return state.members.find(member) or member_unknown()
    return state.institutions.find(institution) or institution_unknown()


def _used(context: Context, change_id: str, dry_run: bool) -> NotedChange | None:
    """Return the change that has this id; what is tried only may carry a used one."""
    return None if dry_run else context.state.register_changes.find(change_id)


def _again(changed: Changed, same: bool) -> Changed | Refused:
    if same:
        return replace(changed, replayed=True)
    return _refuse(Detail.ID_REUSED, "the id is used for another change; use a new id")


def _same_change(changed: Changed, request: ChangeRegister) -> bool:
    holder = changed.member, changed.institution
    if changed.kind != request.kind or holder != (request.member, request.institution):
        return False
    if request.kind == ChangeKind.ADD:
        return changed.put == (request.item,)
    item, first_day = changed.taken[0], days_of(request.item).first_day
    if content_of(item) != content_of(request.item) or (first_day and not begins(item, first_day)):
        return False
    return request.kind == ChangeKind.REMOVE or days_of(changed.put[0]).last_day == request.last_day


def _same_selection(changed: Changed, request: Select) -> bool:
    if changed.kind != ChangeKind.SELECT:
        return False
    selection = changed.put[0]
    told = changed.member, changed.day, changed.for_year, changed.newly_insured, changed.reason
    asked = request.member, request.day, request.for_year, request.newly_insured, request.reason
    ours = isinstance(selection, Selection) and selection.institution == request.institution
    return ours and told == asked


def _refuse(detail: Detail, message: str) -> Refused:
    return Refused(Reason.INVALID_CLAIM, detail, message)
