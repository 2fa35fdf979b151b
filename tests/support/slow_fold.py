"""The fold of the journal entry by entry, as its meaning is written down: slow, and plain."""

import numpy as np

from engine.domain.journal import EntryKind, EntryText, Segment, SegmentKind
from engine.state.keyed import is_own, keyed_moves
from engine.state.state import State, line_moves
from engine.store.protocol import Store


def slowly_folded(store: Store) -> State:
    """Return the state that a store stands for, from its checkpoint on."""
    state = State(store)
    state.next_position = store.checkpoint_position + 1
    for _, segment in store.segments(0, store.checkpoint_sequence):
        if segment.kind == SegmentKind.ENTRIES:
            fold_entries(state, segment)
        else:
            state.fold(segment)
    return state


def fold_entries(state: State, segment: Segment) -> None:
    """Move a state by the entries of a segment, one after the other."""
    for entry, text in segment.entry_texts():
        link, institution = entry["link"], int(entry["claim"]["institution"])
        kind, position = int(link["kind"]), int(link["position"])
        if kind != EntryKind.TOMBSTONE:
            _move(state, entry, text)
        if not link["part"]:
            ids = text.request_id, text.undo_id
            state.note_ids(kind, position, institution, *ids)
    state.next_position += segment.count


def _move(state: State, entry: np.void, text: EntryText) -> None:
    result, position = entry["result"], int(entry["link"]["position"])
    member, year = int(entry["claim"]["member"]), int(entry["row"]["year"])
    slot = state.member_year(member, year)
    for at, fen in line_moves(entry):
        state.counters.values[slot][at] += fen
    state.touch_member_year(slot, position)
    for _, key, fen in keyed_moves(entry, text):
        if is_own(key):
            continue
        visit = state.visit(key)
        state.visits.values[visit] += fen
        state.visits.mark(visit)
    for owner, fen in (
        (member, result["account"]),
        (int(entry["claim"]["payer"]), result["family_account"]),
    ):
        if fen:
            account = state.accounts.slot(owner)
            state.accounts.balances.values[account] -= fen
            state.accounts.touch(account, position)
