# cython: autotestdict=False
"""Request ids that are used, as fingerprints: says at once that an id is free, or where it is.

A fingerprint is 64 bits of a keyed hash, with the journal position of what used the id up. Two ids
may have the same one, about once in 2**64 over the number of ids; so what is found here is compared
with the journal's own text (`engine.ledger.ids`), and an id that is absent here is free for
certain. What was put since the last checkpoint is noted, so that the next one writes just that.

The layout of a use (`ID_USE`) is stored: fingerprints must come out the same on every machine.
"""

cimport cython
from cpython.bytes cimport PyBytes_FromStringAndSize
from libc.stdint cimport int64_t, uint64_t
from libc.stdlib cimport calloc, free, realloc

from engine._fast cimport prefetch

cdef extern from "Python.h":
    const char *PyUnicode_AsUTF8AndSize(object text, Py_ssize_t *size) except NULL

cdef enum:
    SLOTS_AT_FIRST = 16
    NOTES_AT_FIRST = 1024
    AHEAD = 16

cpdef enum:
    # A use is a journal position, shifted by so many bits, and a `KeyStatus`.
    STATUS_BITS = 3


# Numbers wrap around here by intention.
@cython.overflowcheck(False)
cdef inline uint64_t mixed(uint64_t value) noexcept nogil:
    """Spread every bit over all others (the finaliser of SplitMix64)."""
    value = (value ^ (value >> 30)) * <uint64_t>0xBF58476D1CE4E5B9
    value = (value ^ (value >> 27)) * <uint64_t>0x94D049BB133111EB
    return value ^ (value >> 31)


cdef inline uint64_t word(const char *data, Py_ssize_t size) noexcept nogil:
    """Return up to 8 bytes as a number, the first byte lowest."""
    cdef uint64_t value = 0
    cdef Py_ssize_t n

    for n in range(size):
        value |= <uint64_t><unsigned char>data[n] << (8 * n)
    return value


@cython.overflowcheck(False)
cdef uint64_t fingerprint_of(uint64_t seed, int64_t institution, str request_id) except 0:
    cdef Py_ssize_t size
    cdef const char *data = PyUnicode_AsUTF8AndSize(request_id, &size)
    cdef uint64_t value = mixed(seed ^ mixed(<uint64_t>institution + <uint64_t>size * SHARDS))

    while size > 8:
        value = mixed(value ^ word(data, 8)) + seed
        data += 8
        size -= 8
    value = mixed(value ^ word(data, size))
    return value if value else 1


def fingerprint(uint64_t seed, int64_t institution, str request_id):
    """Return the fingerprint of an id, above 0 and below 2**64."""
    return fingerprint_of(seed, institution, request_id)


cdef inline Slot *first_slot(const Shard *shard, uint64_t value) noexcept nogil:
    """Return the first slot with a fingerprint, or the empty one where it would stand."""
    cdef uint64_t at = value & shard.mask

    while shard.slots[at].fingerprint and shard.slots[at].fingerprint != value:
        at = (at + 1) & shard.mask
    return &shard.slots[at]


cdef inline Slot *next_slot(const Shard *shard, const Slot *slot) noexcept nogil:
    """Return the next slot with the same fingerprint, or the empty one where it would stand."""
    cdef uint64_t at = <uint64_t>(slot - shard.slots), value = slot.fingerprint

    at = (at + 1) & shard.mask
    while shard.slots[at].fingerprint and shard.slots[at].fingerprint != value:
        at = (at + 1) & shard.mask
    return &shard.slots[at]


cdef class Ids:
    """A growing map of (institution, request id) to uses; institutions are numbers, any int64."""

    def __cinit__(self, uint64_t seed):
        """Begin without ids; `seed` is the secret of the store that keeps the fingerprints."""
        cdef int n

        self.seed = seed
        for n in range(SHARDS):
            self.shards[n].slots = <Slot *>calloc(SLOTS_AT_FIRST, sizeof(Slot))
            self.shards[n].mask = SLOTS_AT_FIRST - 1
            self.shards[n].used = 0
            if self.shards[n].slots == NULL:
                raise MemoryError
        self.noted = NULL
        self.notes = self.room = 0

    def __dealloc__(self):
        cdef int n

        for n in range(SHARDS):
            free(self.shards[n].slots)
        free(self.noted)

    def __len__(self):
        """Return how many uses there are, those of ids that are only taken included."""
        cdef int n
        cdef uint64_t total = 0

        for n in range(SHARDS):
            total += self.shards[n].used
        return total

    @property
    def nbytes(self):
        """Bytes of memory that the uses take, without the notes for a checkpoint."""
        cdef int n
        cdef uint64_t slots = 0

        for n in range(SHARDS):
            slots += self.shards[n].mask + 1
        return slots * sizeof(Slot)

    cpdef bint take(self, int64_t institution, str request_id) except -1:
        """Keep an id for a claim under way; return whether it was free, which is then certain."""
        cdef uint64_t value = fingerprint_of(self.seed, institution, request_id)

        if first_slot(&self.shards[value >> (64 - SHARD_BITS)], value).fingerprint:
            return False
        self.enter(value, 0)
        return True

    cpdef int put(
        self, int64_t institution, str request_id, int64_t position, int status
    ) except -1:
        """Record what used an id up.

        Args:
            institution: Its number.
            request_id: The id, taken before or not.
            position: Where the journal has it, above 0.
            status: What the id stands for there, as `KeyStatus`.
        """
        cdef uint64_t value = fingerprint_of(self.seed, institution, request_id)
        cdef uint64_t use = <uint64_t>position << STATUS_BITS | <uint64_t>status
        cdef Shard *shard = &self.shards[value >> (64 - SHARD_BITS)]
        cdef Slot *slot = first_slot(shard, value)

        self.note(institution, value, use)
        while slot.fingerprint:
            if slot.use == 0:
                slot.use = use
                return 0
            slot = next_slot(shard, slot)
        return self.enter(value, use)

    def uses(self, int64_t institution, str request_id):
        """Return [(position, status)] of what may have used an id up, the last one first."""
        cdef uint64_t value = fingerprint_of(self.seed, institution, request_id)
        cdef Shard *shard = &self.shards[value >> (64 - SHARD_BITS)]
        cdef Slot *slot = first_slot(shard, value)
        cdef list found = []

        while slot.fingerprint:
            if slot.use:
                found.append((slot.use >> STATUS_BITS, slot.use & ((1 << STATUS_BITS) - 1)))
            slot = next_slot(shard, slot)
        found.sort(reverse=True)
        return found

    def reserve(self, uint64_t uses):
        """Make room for so many uses, so that loading them need not grow again and again."""
        cdef uint64_t slots = SLOTS_AT_FIRST
        cdef int n

        # Shards fill alike; what goes beyond makes one grow.
        while 3 * slots * SHARDS < 4 * uses:
            slots *= 2
        for n in range(SHARDS):
            if slots > self.shards[n].mask + 1:
                self.grow(&self.shards[n], slots)

    def load(self, const IdUse[::1] uses not None):
        """Enter uses that a checkpoint wrote, of `ID_USE`."""
        cdef Py_ssize_t n
        cdef uint64_t value
        cdef Shard *shard

        for n in range(uses.shape[0]):
            if n + AHEAD < uses.shape[0]:
                value = uses[n + AHEAD].fingerprint
                shard = &self.shards[value >> (64 - SHARD_BITS)]
                prefetch(&shard.slots[value & shard.mask])
            if uses[n].fingerprint == 0 or uses[n].use == 0:
                raise ValueError(f"use {n} of a request id is empty")
            self.enter(uses[n].fingerprint, uses[n].use)

    @property
    def noted_count(self):
        """How many uses were put since `forget_noted`."""
        return self.notes

    def noted_uses(self):
        """Return the uses put since `forget_noted`, as the bytes of `ID_USE`s in their order."""
        return PyBytes_FromStringAndSize(<const char *>self.noted, self.notes * sizeof(IdUse))

    def forget_noted(self, Py_ssize_t count):
        """Forget the first of the noted uses, once a checkpoint with them is durable."""
        cdef Py_ssize_t n

        if not 0 <= count <= self.notes:
            raise ValueError(f"{self.notes} uses are noted, not {count}")
        for n in range(count, self.notes):
            self.noted[n - count] = self.noted[n]
        self.notes -= count

    cdef int note(self, int64_t institution, uint64_t fingerprint, uint64_t use) except -1:
        cdef IdUse *grown

        if self.notes == self.room:
            grown = <IdUse *>realloc(
                self.noted, (2 * self.room + NOTES_AT_FIRST) * sizeof(IdUse)
            )
            if grown == NULL:
                raise MemoryError
            self.noted, self.room = grown, 2 * self.room + NOTES_AT_FIRST
        self.noted[self.notes].institution = institution
        self.noted[self.notes].fingerprint = fingerprint
        self.noted[self.notes].use = use
        self.notes += 1
        return 0

    cdef int enter(self, uint64_t fingerprint, uint64_t use) except -1:
        """Add a use behind those with the same fingerprint."""
        cdef Shard *shard = &self.shards[fingerprint >> (64 - SHARD_BITS)]
        cdef Slot *slot

        if 4 * (shard.used + 1) > 3 * (shard.mask + 1):
            self.grow(shard, 2 * (shard.mask + 1))
        slot = first_slot(shard, fingerprint)
        while slot.fingerprint:
            slot = next_slot(shard, slot)
        slot.fingerprint, slot.use = fingerprint, use
        shard.used += 1
        return 0

    cdef int grow(self, Shard *shard, uint64_t slots) except -1:
        """Move a shard to so many slots, a power of 2 above what it has."""
        cdef Shard larger
        cdef Slot *slot
        cdef uint64_t at

        larger.mask, larger.used = slots - 1, shard.used
        larger.slots = <Slot *>calloc(slots, sizeof(Slot))
        if larger.slots == NULL:
            raise MemoryError
        for at in range(shard.mask + 1):
            if shard.slots[at].fingerprint:
                slot = first_slot(&larger, shard.slots[at].fingerprint)
                while slot.fingerprint:
                    slot = next_slot(&larger, slot)
                slot[0] = shard.slots[at]
        free(shard.slots)
        shard[0] = larger
        return 0
