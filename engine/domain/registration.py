"""Single items of a register entry, and what a change of them asks and answers.

An entry of a member or of an institution is a set of items: a filing, a stay, days in arrears. A
change takes items out of the entry and puts others in; that is all a change is, so that undoing
one puts back what it took.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Any, Final, NamedTuple, TypeVar

from engine.domain.dates import DATE_MIN, Interval, next_day
from engine.domain.reasons import Reason
from engine.domain.register import (
    Contribution,
    Disease,
    FamilyLink,
    Filing,
    Institution,
    Member,
    Qualification,
    Referral,
    Selection,
    Stay,
)

AFFECTED_MAX: Final = 1000
"""Settlements that the answer to a change lists at most."""
REASON_BYTES_MAX: Final = 256
"""Longest reason for changing a selection, in UTF-8 bytes."""


@dataclass(frozen=True, slots=True)
class Arrears:
    """Days in arrears. No tuple, like the other three: the same days are not the same item."""

    days: Interval


@dataclass(frozen=True, slots=True)
class StillPaying:
    """Days on which a retiree goes on paying monthly."""

    days: Interval


@dataclass(frozen=True, slots=True)
class Designated:
    """Days on which an institution is designated."""

    days: Interval


@dataclass(frozen=True, slots=True)
class Networked:
    """Days on which an institution is networked."""

    days: Interval


OnlyDays = Arrears | StillPaying | Designated | Networked
"""An item that says its days and nothing else."""

Item = (
    Filing
    | Selection
    | Disease
    | Stay
    | Referral
    | FamilyLink
    | Contribution
    | Qualification
    | OnlyDays
)
"""One item of a register entry."""

MEMBER_ITEMS: Final[dict[str, type[Any]]] = {
    "filing": Filing,
    "selection": Selection,
    "disease": Disease,
    "stay": Stay,
    "arrears": Arrears,
    "referral": Referral,
    "family": FamilyLink,
    "contribution": Contribution,
    "still_paying": StillPaying,
}
INSTITUTION_ITEMS: Final[dict[str, type[Any]]] = {
    "designated": Designated,
    "networked": Networked,
    "offer": Qualification,
}
ITEMS: Final = MEMBER_ITEMS | INSTITUTION_ITEMS
"""The kinds of items by name."""

NAMES: Final = {kind: name for name, kind in ITEMS.items()}
"""The names by kind."""

ACCOUNT_ITEMS: Final = FamilyLink, Contribution, StillPaying
"""Kinds that decide personal accounts alone: they move no fund's money, so none is compared."""

Holder = TypeVar("Holder", Member, Institution)


def days_of(item: Item) -> Interval:
    """Return the days of an item; of a stay the day of discharge is the last."""
    return Interval(item.admitted, item.discharged) if isinstance(item, Stay) else item.days


def with_days(item: Item, days: Interval) -> Item:
    """Return the item on other days."""
    match item:
        case Stay():
            return Stay(item.institution, *days)
        case Arrears() | StillPaying() | Designated() | Networked():
            return replace(item, days=days)
    return item._replace(days=days)


def content_of(item: Item) -> tuple[object, ...]:
    """Return what an item is known by beside its days, its kind first.

    That is all it says, but of a family link the relative alone, and of a contribution nothing: it
    is one at a time, so that to end or remove one nobody has to repeat relation, consent, amounts.
    """
    match item:
        case Stay():
            return Stay, item.institution
        case FamilyLink():
            return FamilyLink, item.relative
        case Contribution() | Arrears() | StillPaying() | Designated() | Networked():
            return (type(item),)
    return type(item), *item[:-1]


def overlaps(item: Item, other: Item) -> bool:
    """Return whether the two, known by the same or both selections, have a common day."""
    alike = isinstance(item, Selection) or content_of(item) == content_of(other)
    if not alike or type(item) is not type(other):
        return False
    first, last = days_of(item), days_of(other)
    return first.first_day <= last.last_day and last.first_day <= first.last_day


def items_of(holder: Member | Institution) -> tuple[Item, ...]:
    """Return the items of a register entry, kind by kind."""
    if isinstance(holder, Member):
        return (
            *holder.filings,
            *holder.selections,
            *holder.diseases,
            *holder.stays,
            *map(Arrears, holder.arrears),
            *holder.referrals,
            *holder.family,
            *holder.contributions,
            *map(StillPaying, holder.still_paying),
        )
    return (
        *map(Designated, holder.designated),
        *map(Networked, holder.networked),
        *(Qualification(offer, _ALWAYS) for offer in sorted(holder.offers)),
        *holder.qualifications,
    )


def exchange(holder: Holder, taken: Sequence[Item], put: Sequence[Item]) -> Holder:
    """Return the register entry with items taken out and others put in.

    What is known by the same as an item that is taken comes in its place, the rest at the end.

    Raises:
        LookupError: the entry has not all of the items that are to be taken.
    """
    items: list[Item] = list(items_of(holder))
    rest: list[Item] = list(put)
    for item in taken:
        if item not in items:
            raise LookupError(f"the entry has no such {NAMES[type(item)]}")
        place = items.index(item)
        instead = [one for one in rest if content_of(one) == content_of(item)][:1]
        items[place : place + 1] = instead
        for one in instead:
            rest.remove(one)
    return _with_items(holder, [*items, *rest])


_ALWAYS: Final = Interval(0)
"""As `Institution.offers` holds."""


def _with_items(holder: Holder, items: Sequence[Item]) -> Holder:
    if isinstance(holder, Member):
        return replace(
            holder,
            filings=tuple(i for i in items if isinstance(i, Filing)),
            selections=tuple(i for i in items if isinstance(i, Selection)),
            diseases=tuple(i for i in items if isinstance(i, Disease)),
            stays=tuple(i for i in items if isinstance(i, Stay)),
            arrears=tuple(i.days for i in items if isinstance(i, Arrears)),
            referrals=tuple(i for i in items if isinstance(i, Referral)),
            family=tuple(i for i in items if isinstance(i, FamilyLink)),
            contributions=tuple(i for i in items if isinstance(i, Contribution)),
            still_paying=tuple(i.days for i in items if isinstance(i, StillPaying)),
        )
    held = [i for i in items if isinstance(i, Qualification)]
    return replace(
        holder,
        designated=tuple(i.days for i in items if isinstance(i, Designated)),
        networked=tuple(i.days for i in items if isinstance(i, Networked)),
        offers=frozenset(i.offer for i in held if i.days == _ALWAYS),
        qualifications=tuple(i for i in held if i.days != _ALWAYS),
    )


def changed_days(taken: Sequence[Item], put: Sequence[Item]) -> tuple[Interval, ...]:
    """Return days outside which the entry says the same before and after a change.

    Where an item only ends on another day, these are the days between its two ends.
    """
    days = []
    rest = list(put)
    for item in taken:
        was = days_of(item)
        same = next((i for i in rest if _same_start(i, item)), None)
        if same is None:
            days.append(was)
            continue
        rest.remove(same)
        first, last = sorted((was.last_day, days_of(same).last_day))
        # A stay ends the day before its discharge; so its old and its new end both count.
        if first < last:
            days.append(Interval(first if isinstance(item, Stay) else next_day(first), last))
    return (*days, *map(days_of, rest))


def _same_start(item: Item, other: Item) -> bool:
    first, second = days_of(item).first_day, days_of(other).first_day
    return content_of(item) == content_of(other) and first == second


def begins(item: Item, first_day: int) -> bool:
    """Return whether the item begins on the day; an item without a first day begins with time."""
    return max(days_of(item).first_day, DATE_MIN) == max(first_day, DATE_MIN)


# --- asked and answered ------------------------------------------------------------------


class ChangeKind(IntEnum):
    """What a register change does."""

    ADD = 1
    END = 2
    REMOVE = 3
    SELECT = 4
    UNDO = 5


class ChangeRegister(NamedTuple):
    """Add, end or remove one item of a member's or an institution's entry.

    To end or remove one, `item` may leave out its first day (0) where only one item is known by
    the same (`content_of`), and its last day does not count; `last_day` is the new one of an item
    that is ended.
    """

    change_id: str
    kind: ChangeKind
    item: Item
    member: str = ""
    institution: str = ""
    last_day: int = 0
    dry_run: bool = False


class UndoChange(NamedTuple):
    """Undo the register change with the id `undoes`; `change_id` is the undo's own."""

    change_id: str
    undoes: str
    dry_run: bool = False


class Select(NamedTuple):
    """Select an institution on `day` for a year, by the rule of the member's city.

    `newly_insured` is kept with the change: what decides is whether the register has a selection
    in that year. `reason` is why a selection is changed; empty: not given.
    """

    change_id: str
    member: str
    institution: str
    day: int
    for_year: int
    newly_insured: bool = False
    reason: str = ""
    dry_run: bool = False


class ListChanges(NamedTuple):
    """Ask for the changes of a member or of an institution; one of the two is given."""

    member: str = ""
    institution: str = ""


class Affected(NamedTuple):
    """A standing settlement that would have come out differently if a change had been known."""

    settlement_id: int
    institution: str
    request_id: str
    member: str
    service_date: int
    pooled_fund_fen: int
    """What the fund paid."""
    pooled_fund_after_fen: int
    """What it would have paid."""
    reason_after: Reason
    """Why the claim would have been refused or excluded; `NONE`: neither."""


class DecidedBy(NamedTuple):
    """A clause that decided."""

    document: str
    clause: str
    stated: bool
    reading: str
    text: str


@dataclass(frozen=True, slots=True)
class Changed:
    """A register change with its answer; of a dry run, what both would be.

    `taken` are the items that the entry has no longer, `put` those it has instead; of a selection
    the new one stands first. `affected` lists at most `AFFECTED_MAX` settlements, in order of
    their ids within each member-year; `more` says that there are others.
    """

    change_id: str
    kind: ChangeKind
    member: str
    institution: str
    taken: tuple[Item, ...]
    put: tuple[Item, ...]
    affected: tuple[Affected, ...] = ()
    more: bool = False
    clauses: tuple[DecidedBy, ...] = ()
    undoes: str = ""
    day: int = 0
    for_year: int = 0
    newly_insured: bool = False
    reason: str = ""
    replayed: bool = False
    dry_run: bool = False

    @property
    def first_day(self) -> int:
        """The day from which a selection holds; of another change the first day it puts, or 0."""
        return days_of(self.put[0]).first_day if self.put else 0


@dataclass(frozen=True, slots=True)
class NotedChange:
    """A change as the journal has it: when it was made, and the undo that undid it, or empty."""

    changed: Changed
    instant: int
    undone_by: str = ""


@dataclass(frozen=True, slots=True)
class Changes:
    """The changes of one entry, the oldest first."""

    changes: tuple[NotedChange, ...]


RegistrationRequest = ChangeRegister | UndoChange | Select | ListChanges
RegistrationAnswer = Changed | Changes
