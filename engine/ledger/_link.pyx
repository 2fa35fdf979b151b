# cython: cdivision=True, autotestdict=False
"""Entries chained into the journal, and the state moved along, compiled."""

from libc.stdint cimport int32_t, int64_t, uint8_t
from libc.string cimport memset

from engine._entry cimport Entry
from engine.state._ids cimport Ids


# What this file and the rest of the engine must agree on; ordinary.py compares every member.
cpdef enum:
    STANDING = 1
    ROW = 32
    CLAIM_REQUEST_ID = 1


cdef inline void forget_slot(int32_t *slot) noexcept nogil:
    """Keep of a slot of this process that there is one: 0, or -1 for none."""
    if slot[0] > 0:
        slot[0] = 0


cdef inline void forget_slots(Entry *entry) noexcept nogil:
    forget_slot(&entry.row.counters)
    forget_slot(&entry.row.visit)
    forget_slot(&entry.row.borne)
    forget_slot(&entry.row.cost)
    forget_slot(&entry.row.disease)
    forget_slot(&entry.row.month)
    forget_slot(&entry.row.day)
    forget_slot(&entry.row.paid)
    forget_slot(&entry.row.account)
    forget_slot(&entry.row.family)


cdef inline void mark(uint8_t[::1] marks, int32_t slot) noexcept nogil:
    if slot >= 0:
        marks[slot] = 1


cdef inline void mark_counters(const Entry *entry, uint8_t[::1] marks) noexcept nogil:
    """Note which counters with keys of their own an entry has moved."""
    mark(marks, entry.row.visit)
    mark(marks, entry.row.borne)
    mark(marks, entry.row.cost)
    mark(marks, entry.row.disease)
    mark(marks, entry.row.month)
    mark(marks, entry.row.day)
    mark(marks, entry.row.paid)


def link(
    Entry[::1] entries not None, const uint8_t[::1] refused not None, list claims not None, state,
):
    """Give settled entries their places, chain them, use up their ids, and move the state along.

    Positions, and the entries before by member-year and by account, are filled in; slots of this
    process are replaced by 0. Counters and balances are those after the kernel.

    Args:
        entries: Of `layout.ENTRY`, the parts of a claim together, kind and instant filled in.
        refused: For each whether it is refused: then it has no place, and is set to 0.
        claims: Each `Claim`, in order.
        state: The `State`; the journal goes on at its next position.
    """
    cdef int64_t position = state.next_position
    cdef int64_t[::1] last = state.last_entry.values
    cdef int64_t[::1] moved = state.accounts.entries.values
    cdef uint8_t[::1] years = state.counters.marks
    cdef uint8_t[::1] counters = state.visits.marks
    cdef uint8_t[::1] accounts = state.accounts.balances.marks
    cdef Ids ids = state.ids
    cdef Entry *entry
    cdef Py_ssize_t n, claim = -1

    if refused.shape[0] != entries.shape[0]:
        raise ValueError(f"{refused.shape[0]} rows are refused or not, of {entries.shape[0]}")
    for n in range(entries.shape[0]):
        entry = &entries[n]
        claim += entry.link.part == 0
        if refused[n]:
            memset(entry, 0, sizeof(Entry))
            continue
        entry.link.position = position
        if entry.link.part == 0:
            request_id = (<tuple>claims[claim])[CLAIM_REQUEST_ID]
            ids.put(entry.claim.institution, request_id, position, STANDING)
        entry.link.previous = last[entry.row.counters]
        last[entry.row.counters] = position
        years[entry.row.counters // ROW] = 1
        mark_counters(entry, counters)
        if entry.result.account:
            entry.link.account_previous = moved[entry.row.account]
            moved[entry.row.account] = position
            accounts[entry.row.account // ROW] = 1
        if entry.result.family_account:
            entry.link.family_previous = moved[entry.row.family]
            moved[entry.row.family] = position
            accounts[entry.row.family // ROW] = 1
        forget_slots(entry)
        position += 1


def forget(Entry[::1] entries not None):
    """Replace the slots of this process by 0, keeping -1: none."""
    cdef Py_ssize_t n

    for n in range(entries.shape[0]):
        forget_slots(&entries[n])
