"""Cancel and reverse: a new entry with the exact negated parts, never a recomputation.

Both are blocked where a later settlement of the same member and policy year that still stands
would come out differently without the one to be undone: the later ones are settled again, in
memory, from the counters as they would have been.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Final

import numpy as np

from engine.domain import layout
from engine.domain.claim import check_id
from engine.domain.journal import EntryKind, EntryText
from engine.domain.layout import AMOUNTS, ENTRY, NEGATED, RESULT, ROW, Array
from engine.domain.reasons import Detail, Reason
from engine.domain.request import (
    Blocker,
    Cancel,
    Entry,
    NothingToReverse,
    Refused,
    Reverse,
    Undone,
)
from engine.errors import InvalidInput, InvariantBroken
from engine.ledger.context import Context, encode_texts
from engine.ledger.ids import key_of
from engine.ledger.refusals import id_reused, institution_unknown
from engine.state.keyed import BEFORE, is_own, keyed_moves
from engine.state.state import line_moves
from engine.state.tables import KeyStatus, VisitKey

Written = tuple[np.void, EntryText]
"""A record of the journal and its texts."""

LATER_MAX: Final = 2_000
"""Later entries of the year that are looked at at the most, while everybody waits."""

_COMPARED = [name for name in AMOUNTS if name not in ("account", "family_account", "cash")]
"""What must not change in a later settlement; account and cash do not count here."""


def cancel(context: Context, request: Cancel) -> Undone | Refused:
    """Undo a settlement of the institution by its id."""
    check_id("institution", request.institution)
    check_id("request_id", request.request_id)
    institution = context.state.institutions.numbers.get(request.institution)
    if institution is None:
        return institution_unknown()
    used = key_of(context, institution, request.request_id)
    if used is not None:
        again = _read(context, used.position)
        link = again[0][0]["link"]
        same = link["kind"] == EntryKind.CANCEL and link["undoes"] == request.settlement_id
        if used.status == KeyStatus.UNDO and same:
            return Undone(_entry(context, again), replayed=True)
        return id_reused()
    found = context.parts(request.settlement_id)
    if (
        not found
        or found[0][0]["link"]["kind"] != EntryKind.SETTLEMENT
        or found[0][0]["claim"]["institution"] != institution
    ):
        return Refused(
            Reason.INVALID_CLAIM,
            Detail.SETTLEMENT_UNKNOWN,
            f"the institution has no settlement {request.settlement_id}",
        )
    key = key_of(context, institution, found[0][1].request_id)
    if key is None or key.status != KeyStatus.STANDING:
        return Refused(Reason.INVALID_CLAIM, Detail.UNDONE, "the settlement is undone already")
    return _undo(context, found, EntryKind.CANCEL, request.request_id)


def reverse(context: Context, request: Reverse) -> Undone | NothingToReverse | Refused:
    """Undo a request whose answer was lost; bar its id if it has not arrived."""
    check_id("institution", request.institution)
    check_id("request_id", request.request_id)
    check_id("original_request_id", request.original_request_id)
    if request.request_id == request.original_request_id:
        raise InvalidInput("request_id", "must be an id of its own, not the original's")
    state = context.state
    institution = state.institutions.numbers.get(request.institution)
    if institution is None:
        return institution_unknown()
    original = request.original_request_id
    used = key_of(context, institution, request.request_id)
    if used is not None:
        again = _read(context, used.position)
        kind = again[0][0]["link"]["kind"]
        if used.status == KeyStatus.UNDO and again[0][1].request_id == original:
            if kind == EntryKind.REVERSAL:
                return Undone(_entry(context, again), replayed=True)
            if kind == EntryKind.TOMBSTONE:
                return NothingToReverse(original, used.position, replayed=True)
        return id_reused()
    key = key_of(context, institution, original)
    if key is None:
        position = _write_tombstone(context, institution, request.request_id, original)
        return NothingToReverse(original, position)
    if key.status in (KeyStatus.UNDONE, KeyStatus.TOMBSTONE):
        return NothingToReverse(original)
    if key.status == KeyStatus.UNDO:
        return Refused(
            Reason.INVALID_CLAIM, Detail.SETTLEMENT_UNKNOWN, "the id names an undo, not a claim"
        )
    target = _read(context, key.position)
    return _undo(context, target, EntryKind.REVERSAL, request.request_id)


def _read(context: Context, position: int) -> list[Written]:
    found = context.parts(position)
    if not found:
        raise InvariantBroken(f"the journal has no entry {position}, but a request id names it")
    return found


def _entry(context: Context, parts: Sequence[Written]) -> Entry:
    return context.entry([record for record, _ in parts], parts[0][1])


# --- writing -----------------------------------------------------------------------------


def _undo(
    context: Context, target: Sequence[Written], kind: EntryKind, undo_id: str
) -> Undone | Refused:
    """Write an entry with the negated parts for each entry of a settlement."""
    later = _later_standing(context, target[0][0])
    if later is None:
        return Refused(
            Reason.CANCEL_BLOCKED,
            message=f"the year has more than {LATER_MAX} later entries of the member, too many to "
            "look at; only what was settled after that can be undone",
        )
    blockers = _blockers(context, target, later)
    if blockers:
        return Refused(
            Reason.CANCEL_BLOCKED,
            message="later settlements of the year rest on it; undo them first, the last one first",
            blockers=blockers,
        )
    state = context.state
    text = target[0][1]._replace(undo_id=undo_id)
    blob, lengths = encode_texts(text)
    entries = np.array([record for record, _ in target], dtype=ENTRY)
    first = state.next_position
    own_fen = [_paid_for_own_visit(record, own) for record, own in target]
    for n, (record, own) in enumerate(target):
        _take_back(context, record, own, entries[n : n + 1], first + n, sum(own_fen[n:]))
    links = entries["link"]
    links["instant"] = context.instant
    links["kind"] = kind
    links["undo_id_length"] = lengths[0]
    context.write(entries, [blob] * len(entries))
    institution = int(entries["claim"]["institution"][0])
    state.note_ids(kind, first, institution, text.request_id, undo_id)
    return Undone(context.entry(list(entries), text))


def _paid_for_own_visit(record: np.void, text: EntryText) -> int:
    """Return fen that an entry paid for a visit that is the claim's own, 0 for any other visit."""
    return sum(fen for _, key, fen in keyed_moves(record, text) if is_own(key))


def _take_back(
    context: Context, target: np.void, text: EntryText, entries: Array, position: int, own_fen: int
) -> None:
    """Move the state back by one entry, and write the undo's entry: what it met and took back.

    Args:
        context: of the ledger.
        target: the entry to take back.
        text: its texts.
        entries: one, for the undo's entry, filled with the target's.
        position: of the undo's entry.
        own_fen: what the act still has paid for its visit, if that is its own.
    """
    state = context.state
    claim, row, parts = target["claim"], target["row"], target["result"]
    member, year = int(claim["member"]), int(row["year"])
    slot = state.member_year(member, year)
    line = state.counters.values[slot]
    result, link = entries["result"], entries["link"]
    for name in NEGATED:
        result[name] = -parts[name]
    for at, before, _ in layout.MOVED:
        result[before] = line[at]
    for at, before in (
        (row["deductible_at"], "deductible_before"),
        (row["paid_at"], "paid_before"),
    ):
        result[before] = 0 if at == layout.NOWHERE else line[at]
    for at, fen in line_moves(target):
        line[at] -= fen
    for name, key, fen in keyed_moves(target, text):
        if is_own(key):
            result[BEFORE[name]] = own_fen
            continue
        keyed = state.visit(key)
        result[BEFORE[name]] = state.visits.values[keyed]
        state.visits.values[keyed] -= fen
        state.visits.mark(keyed)
    link["position"] = position
    owners = {"account": member, "family": int(claim["payer"])}
    for name, amount, previous in layout.ACCOUNTS_MOVED:
        link[previous] = 0
        # Of an account that may not be asked the balance is nobody's business.
        asked = name == "account" or not parts["family_reason"]
        if row[name] >= 0 and asked:
            account = state.accounts.slot(owners[name])
            result[f"{name}_before"] = state.accounts.balances.values[account]
            if parts[amount]:
                link[previous] = state.accounts.entries.values[account]
                state.accounts.balances.values[account] += parts[amount]
                state.accounts.touch(account, position)
    link["previous"] = state.last_entry.values[slot]
    link["undoes"] = target["link"]["position"]
    state.touch_member_year(slot, position)


def _write_tombstone(context: Context, institution: int, undo_id: str, original: str) -> int:
    state = context.state
    position = state.next_position
    blob, lengths = encode_texts((undo_id, original))
    entries = np.zeros(1, dtype=ENTRY)
    link, claim = entries["link"], entries["claim"]
    link["position"] = position
    link["instant"] = context.instant
    link["kind"] = EntryKind.TOMBSTONE
    link["undo_id_length"], claim["request_id_length"] = lengths
    claim["institution"] = institution
    claim["member"] = claim["prescriber"] = claim["payer"] = -1
    context.write(entries, [blob])
    state.note_ids(EntryKind.TOMBSTONE, position, institution, original, undo_id)
    return position


# --- what stands in the way --------------------------------------------------------------


def _blockers(
    context: Context, target: Sequence[Written], later: Sequence[Written]
) -> tuple[Blocker, ...]:
    """Return those of the later standing settlements that would come out differently without it."""
    if not later:
        return ()
    first = target[0][0]
    state = context.state
    number, year = int(first["claim"]["member"]), int(first["row"]["year"])
    counters = layout.aligned_counters(1)
    counters[0] = state.counters[state.member_year(number, year)]
    slots: dict[VisitKey, int] = {}
    keyed = np.zeros(len(layout.KEYED_SLOTS) * (len(later) + len(target)), dtype=np.int64)
    rows = np.zeros(len(later), dtype=ROW)
    for n, (record, own) in enumerate([*target, *later], -len(target)):
        for at, fen in line_moves(record):
            counters[0, at] -= fen
        if n >= 0:
            rows[n] = record["row"]
        for name, key, fen in keyed_moves(record, own):
            if key not in slots:
                slots[key] = len(slots)
                keyed[slots[key]] = 0 if is_own(key) else state.visits[state.visit(key)]
            if not is_own(key):
                keyed[slots[key]] -= fen
            if n >= 0:
                rows[n][name] = slots[key]
    results = np.zeros(len(later), dtype=RESULT)
    context.kernel.settle(rows, state.plans, counters, keyed, results)
    found = (
        Blocker(
            int(record["link"]["position"]) - int(record["link"]["part"]),
            state.institutions.items[int(record["claim"]["institution"])].id,
            own.request_id,
        )
        for (record, own), result in zip(later, results, strict=True)
        if differs(record["result"], result)
    )
    return tuple(dict.fromkeys(found))


def differs(stored: np.void, again: np.void) -> bool:
    """Return whether a settlement came out differently: account and cash do not count here."""
    return any(stored[name] != again[name] for name in [*_COMPARED, "reason"])


def _later_standing(context: Context, target: np.void) -> list[Written] | None:
    """Return the entries of the member-year after a settlement that stand, in order.

    None where more than `LATER_MAX` entries would have to be looked at.

    Args:
        context: of the ledger.
        target: the first entry of the settlement.
    """
    link = target["link"]
    number, year = int(target["claim"]["member"]), int(target["row"]["year"])
    last_part = int(link["position"]) + int(link["parts"]) - 1
    later = list(islice(_backwards(context, number, year, last_part), LATER_MAX + 1))
    return None if len(later) > LATER_MAX else _of_those_standing(later)


def standing(context: Context, member: int, year: int) -> list[Written]:
    """Return the entries of a member-year that stand, in order."""
    return _of_those_standing(_backwards(context, member, year, 0))


def _backwards(context: Context, member: int, year: int, after: int) -> Iterator[Written]:
    """Yield the entries of a member-year after a position, the last one first."""
    position = context.state.read_member_year(member, year).last_entry
    while position > after:
        found = context.record_at(position)
        yield found
        position = int(found[0]["link"]["previous"])


def _of_those_standing(backwards: Iterable[Written]) -> list[Written]:
    """Return what stands of entries that come the last one first, in order."""
    standing, undone = [], set()
    for found in backwards:
        link = found[0]["link"]
        # From the last entry back: an undo comes before what it undoes.
        if link["kind"] != EntryKind.SETTLEMENT:
            undone.add(int(link["undoes"]))
        elif int(link["position"]) not in undone:
            standing.append(found)
    standing.reverse()
    return standing
