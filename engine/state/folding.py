"""The fold of a segment of entries: the sums of all of them at once, their keys one by one.

An undo's parts are negative, so one sum serves all kinds; a tombstone moves nothing. Sums are exact
whatever their order; who was last is the last in the journal.

Where several processes share a store, the tables may be ahead of a state: they have what it folds
already. Then only what is in memory is moved, and the rest is read from the tables when it is asked
for (`held_only`).
"""

from collections.abc import Iterator, Sequence
from typing import Final, Protocol

import numpy as np

from engine.domain import layout
from engine.domain.journal import EntryKind, Segment, TextColumns
from engine.domain.layout import ENTRY, KEYED_SLOTS, Array, opaque
from engine.rules.plan import VISIT_DAY, VISIT_NAMED
from engine.state._ids import Ids
from engine.state.accounts import Accounts
from engine.state.blocks import BLOCK, Blocks
from engine.state.keyed import (
    FILLED,
    Visit,
    borne_key,
    cost_key,
    day_key,
    disease_key,
    month_key,
    paid_key,
    visit_key,
)
from engine.state.slots import Slots
from engine.state.tables import STATUS_OF, KeyStatus, VisitKey

_MOVED_BY: Final = {"borne": "deductible", "cost": "in_scope"}
"""What moves a counter with a key of its own, where that is not what the fund paid."""

_STATUS_OF: Final = {int(kind): int(status) for kind, status in STATUS_OF.items()}
_UNDO: Final = int(KeyStatus.UNDO)


class Folded(Protocol):
    """What entries are folded into."""

    counters: Slots
    last_entry: Slots
    visits: Slots
    accounts: Accounts
    member_years: dict[int, Blocks]
    ids: Ids

    def member_year(self, member: int, year: int) -> int:
        """Return the slot of a member-year."""
        ...

    def visit(self, key: VisitKey) -> int:
        """Return the slot of a visit, or of what else has a key of its own."""
        ...

    def holds_visit(self, key: VisitKey) -> bool:
        """Return whether a visit is in memory; note that the tables have it if not."""
        ...


def fold_entries(state: Folded, segment: Segment, *, held_only: bool) -> None:
    """Move a state by the entries of a segment, with `held_only` just what is in memory."""
    entries = segment.entries()
    texts = TextColumns(segment)
    request_ids = texts.column("request_id", slice(None))
    moving = np.flatnonzero(entries["link"]["kind"] != EntryKind.TOMBSTONE)
    moved = entries if len(moving) == len(entries) else opaque(entries)[moving].view(ENTRY)
    of_held = opaque(moved)[_in_memory(state, moved)].view(ENTRY) if held_only else moved
    _add_to_lines(state, of_held)
    _add_to_keyed(state, moved, moving, texts, request_ids, held_only)
    _take_from_accounts(state, moved, held_only)
    _note_ids(state, entries, texts, request_ids)


def _in_memory(state: Folded, entries: Array) -> Array:
    """Return for each entry whether its member-year is in memory."""
    members, years = entries["claim"]["member"].astype(np.int64), entries["row"]["year"]
    held = np.zeros(len(entries), dtype=bool)
    for year, blocks in state.member_years.items():
        here = np.flatnonzero(years == year)
        held[here] = blocks.held(members[here])
    return held


def _add_to_lines(state: Folded, entries: Array) -> None:
    row, result = entries["row"], entries["result"]
    slots = _member_years(state, entries["claim"]["member"].astype(np.int64), row["year"])
    lines = state.counters.values.reshape(-1)
    starts = layout.COUNTERS_PER_MEMBER_YEAR * slots
    for position, _, name in layout.MOVED:
        np.add.at(lines, starts + position, result[name])
    for at, keyed, name in (
        ("deductible_at", "borne", "deductible"),
        ("paid_at", "paid", "pooled_fund"),
    ):
        here = np.flatnonzero((row[keyed] < 0) & (row[at] != layout.NOWHERE))
        np.add.at(lines, starts[here] + row[at][here], result[name][here])
    # Of a slot that stands there more than once the last value stays.
    state.last_entry.values[slots] = entries["link"]["position"]
    state.counters.mark(slots)


def _member_years(state: Folded, members: Array, years: Array) -> Array:
    """Return the slots of member-years, int64."""
    slots = np.empty(len(members), dtype=np.int64)
    for year in np.unique(years).tolist():
        here = np.flatnonzero(years == year)
        state.member_year(int(members[here[0]]), year)
        blocks = state.member_years[year]
        for block in blocks.missing(members[here]):
            state.member_year(block * BLOCK, year)
        slots[here] = blocks.slots(members[here])
    return slots


def _add_to_keyed(
    state: Folded,
    moved: Array,
    numbers: Array,
    texts: TextColumns,
    request_ids: Sequence[str],
    held_only: bool,
) -> None:
    """Add to the counters with keys of their own; `numbers` are the entries' in the segment."""
    for slot in KEYED_SLOTS:
        counts = moved["row"][slot] >= 0
        here = np.flatnonzero(counts & _shared(moved) if slot == "visit" else counts)
        if len(here):
            counted = opaque(moved)[here].view(ENTRY)
            keys = list(_keys(slot, counted, numbers[here], texts, request_ids))
            if held_only:
                held = [n for n, key in enumerate(keys) if state.holds_visit(key)]
                here, keys = here[held], [keys[n] for n in held]
            slots = np.array([state.visit(key) for key in keys], dtype=np.int64)
            amounts = moved["result"][_MOVED_BY.get(slot, "pooled_fund")][here]
            np.add.at(state.visits.values, slots, amounts)
            state.visits.mark(slots)


def _shared(entries: Array) -> Array:
    """Return whether each entry's visit may be that of others: its own is nobody's business."""
    by, named = entries["row"]["visit_by"], entries["claim"]["visit_length"] > 0
    shared: Array = (by == VISIT_DAY) | ((by == VISIT_NAMED) & named)
    return shared


def _keys(
    slot: str, entries: Array, numbers: Array, texts: TextColumns, request_ids: Sequence[str]
) -> Iterator[VisitKey]:
    """Return the key that a slot of each row stands for, as `engine.state.keyed` has them."""
    claim, row = entries["claim"], entries["row"]
    members, years = claim["member"].tolist(), row["year"].tolist()
    match slot:
        case "visit":
            return map(visit_key, members, years, _visits(entries, numbers, texts, request_ids))
        case "borne":
            return map(borne_key, members, years, row["borne_at"].tolist())
        case "cost":
            return map(cost_key, members, years)
        case "disease":
            return map(disease_key, members, years, texts.column("disease", numbers))
        case "paid":
            return map(paid_key, members, years, row["benefit"].tolist())
        case _:
            by_day = month_key if slot == "month" else day_key
            return map(by_day, members, years, claim["service_date"].tolist())


def _visits(
    entries: Array, numbers: Array, texts: TextColumns, request_ids: Sequence[str]
) -> Iterator[Visit]:
    claim, row = entries["claim"], entries["row"]
    filled = row["facts"] & FILLED == FILLED
    return map(
        Visit,
        row["visit_by"].tolist(),
        texts.column("visit", numbers),
        [request_ids[number] for number in numbers.tolist()],
        claim["institution"].tolist(),
        np.where(filled, claim["prescriber"], claim["institution"]).tolist(),
        claim["service_date"].tolist(),
    )


def _take_from_accounts(state: Folded, entries: Array, held_only: bool) -> None:
    """Take from the own account what it paid, and from the relative's."""
    claim, result = entries["claim"], entries["result"]
    owners = np.stack((claim["member"], claim["payer"]), axis=1).ravel()
    fen = np.stack((result["account"], result["family_account"]), axis=1).ravel()
    paid = np.flatnonzero(fen)
    if held_only:
        paid = paid[state.accounts.places.held(owners[paid])]
    slots = state.accounts.slots(owners[paid])
    balances = state.accounts.balances
    np.subtract.at(balances.values, slots, fen[paid])
    state.accounts.entries.values[slots] = entries["link"]["position"].repeat(2)[paid]
    balances.mark(slots)


def _note_ids(
    state: Folded, entries: Array, texts: TextColumns, request_ids: Sequence[str]
) -> None:
    """Record the request ids that the entries use up, an act's by its first entry."""
    link, put = entries["link"], state.ids.put
    for kind, position, part, institution, request_id, undo_id in zip(
        link["kind"].tolist(),
        link["position"].tolist(),
        link["part"].tolist(),
        entries["claim"]["institution"].tolist(),
        request_ids,
        texts.column("undo_id", slice(None)),
        strict=True,
    ):
        if part:
            continue
        put(institution, request_id, position, _STATUS_OF[kind])
        if undo_id:
            put(institution, undo_id, position, _UNDO)
