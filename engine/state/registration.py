"""Register changes as the journal has them, and the log that they fold into.

A change is journalled with its answer, as JSON with named keys: so the same request gets the same
answer again, and the history says what was to be looked at. The items it takes and puts are enough
to fold it.
"""

import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Final

from engine.domain.account import Relation
from engine.domain.claim import check_id
from engine.domain.codes import DiseaseKind, FilingKind, Offer
from engine.domain.dates import Interval
from engine.domain.reasons import Reason
from engine.domain.register import (
    Contribution,
    Disease,
    FamilyLink,
    Filing,
    Qualification,
    Referral,
    Selection,
    Stay,
)
from engine.domain.registration import (
    ITEMS,
    NAMES,
    Affected,
    Changed,
    ChangeKind,
    DecidedBy,
    Item,
    NotedChange,
    days_of,
)
from engine.errors import InvalidInput
from engine.state.registers import check_area, check_contribution, check_day, check_link

_CODES: Final[dict[type[Any], tuple[str, type[Any]]]] = {
    Filing: ("kind", FilingKind),
    Disease: ("kind", DiseaseKind),
    FamilyLink: ("relation", Relation),
    Qualification: ("offer", Offer),
}
"""Which field of an item is a code, and of which list."""


class ChangeLog:
    """Every register change by its id, and by the entry it belongs to."""

    def __init__(self) -> None:
        self._by_id: dict[str, NotedChange] = {}
        self._of: dict[tuple[str, str], list[str]] = {}

    def note(self, changed: Changed, instant: int) -> None:
        """Take a change at the end of the log; `instant` is milliseconds UTC."""
        self._by_id[changed.change_id] = NotedChange(changed, instant)
        holder = changed.member, changed.institution
        self._of.setdefault(holder, []).append(changed.change_id)
        if changed.undoes:
            undone = self._by_id[changed.undoes]
            self._by_id[changed.undoes] = replace(undone, undone_by=changed.change_id)

    def find(self, change_id: str) -> NotedChange | None:
        """Return the change with this id, or None."""
        return self._by_id.get(change_id)

    def of(self, member: str, institution: str) -> tuple[NotedChange, ...]:
        """Return the changes of an entry, the oldest first; one of the two ids is given."""
        return tuple(self._by_id[change] for change in self._of.get((member, institution), ()))


# --- the journal -------------------------------------------------------------------------


def changes_to_json(changes: Iterable[Changed]) -> bytes:
    """Return the journal form of register changes."""
    rows = [
        {
            "id": c.change_id,
            "change": c.kind.name.lower(),
            "member": c.member,
            "institution": c.institution,
            "taken": [item_to_json(item) for item in c.taken],
            "put": [item_to_json(item) for item in c.put],
            "undoes": c.undoes,
            "day": c.day,
            "for_year": c.for_year,
            "newly_insured": c.newly_insured,
            "reason": c.reason,
            "clauses": [clause._asdict() for clause in c.clauses],
            "affected": [one._asdict() for one in c.affected],
            "more": c.more,
        }
        for c in changes
    ]
    return json.dumps(rows, ensure_ascii=False, separators=(",", ":")).encode()


def changes_from_json(data: bytes) -> list[Changed]:
    """Return the changes that `changes_to_json` wrote.

    Raises:
        ValueError, TypeError, LookupError: it did not write this.
    """
    return [
        Changed(
            change_id=row["id"],
            kind=ChangeKind[row["change"].upper()],
            member=row["member"],
            institution=row["institution"],
            taken=tuple(item_from_json(item) for item in row["taken"]),
            put=tuple(item_from_json(item) for item in row["put"]),
            affected=tuple(
                Affected(**(one | {"reason_after": Reason(one["reason_after"])}))
                for one in row["affected"]
            ),
            more=row["more"],
            clauses=tuple(DecidedBy(**clause) for clause in row["clauses"]),
            undoes=row["undoes"],
            day=row["day"],
            for_year=row["for_year"],
            newly_insured=row["newly_insured"],
            reason=row["reason"],
        )
        for row in json.loads(data)
    ]


def item_to_json(item: Item) -> dict[str, Any]:
    """Return an item with its kind and its fields by name; days YYYYMMDD."""
    fields: dict[str, Any] = {"item": NAMES[type(item)]}
    if isinstance(item, Stay):
        return fields | item._asdict()
    if isinstance(item, tuple):
        fields |= item._asdict()
        del fields["days"]
    return fields | item.days._asdict()


def item_from_json(fields: dict[str, Any]) -> Item:
    """Return the item that `item_to_json` wrote."""
    kind = ITEMS[fields["item"]]
    values = {name: value for name, value in fields.items() if name != "item"}
    if kind is not Stay:
        values["days"] = Interval(values.pop("first_day"), values.pop("last_day"))
    if kind in _CODES:
        name, code = _CODES[kind]
        values[name] = code(values[name])
    item: Item = kind(**values)
    return item


# --- checks ------------------------------------------------------------------------------


def check_item(item: Item, holder: str) -> None:
    """Check an item that is to be added to the entry of a member or an institution, by its id.

    Raises:
        InvalidInput: naming the field of the item.
    """
    match item:
        case Filing():
            check_area("item.area", item.area)
        case Selection() | Stay():
            check_id("item.institution", item.institution)
        case Disease():
            check_id("item.code", item.code)
        case Referral():
            check_id("item.from_institution", item.from_institution, required=False)
            check_id("item.to_institution", item.to_institution)
        case FamilyLink():
            check_link("item", item, holder)
        case Contribution():
            check_contribution("item", item)
        case _:
            pass
    first_day, last_day = days_of(item)
    check_day("item.from", first_day)
    check_day("item.to", last_day)
    if last_day < first_day:
        raise InvalidInput("item", f"ends on {last_day}, before it begins")
