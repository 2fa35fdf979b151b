# cython: autotestdict=False
"""Ids of requests that are used, as fingerprints: says at once that an id is free.

A fingerprint is 64 bits of the id's hash, so it may say "used" of an id that is free, about once in
2**64 over the number of ids; the journal's own tables then decide. It never says "free" of an id
that was added. Python's hash of a text is another one in each process: nothing here is stored.
"""

cimport cython
from libc.stdint cimport uint64_t
from libc.stdlib cimport calloc, free

cdef enum:
    SLOTS_AT_FIRST = 16


# Numbers wrap around here by intention.
@cython.overflowcheck(False)
cdef inline uint64_t mixed(uint64_t value) noexcept nogil:
    """Spread every bit over all others (the finaliser of SplitMix64)."""
    value = (value ^ (value >> 30)) * <uint64_t>0xBF58476D1CE4E5B9
    value = (value ^ (value >> 27)) * <uint64_t>0x94D049BB133111EB
    return value ^ (value >> 31)


@cython.overflowcheck(False)
cdef inline uint64_t fingerprint(Py_ssize_t institution, str request_id) except 0:
    cdef uint64_t value = <uint64_t>hash(request_id)

    value = mixed(value + <uint64_t>institution * <uint64_t>0x9E3779B97F4A7C15)
    return value if value else 1


cdef inline uint64_t *place(const Shard *shard, uint64_t value) noexcept nogil:
    """Return where a fingerprint stands, or the empty slot where it would."""
    cdef uint64_t at = value & shard.mask

    while shard.slots[at] and shard.slots[at] != value:
        at = (at + 1) & shard.mask
    return &shard.slots[at]


cdef class IdSet:
    """A growing set of (institution, request id); institutions are numbers, any below 2**63."""

    def __cinit__(self):
        cdef int n

        for n in range(SHARDS):
            self.shards[n].slots = <uint64_t *>calloc(SLOTS_AT_FIRST, sizeof(uint64_t))
            self.shards[n].mask = SLOTS_AT_FIRST - 1
            self.shards[n].used = 0
            if self.shards[n].slots == NULL:
                raise MemoryError

    def __dealloc__(self):
        cdef int n

        for n in range(SHARDS):
            free(self.shards[n].slots)

    def __len__(self):
        """Return how many ids are in the set."""
        cdef int n
        cdef uint64_t total = 0

        for n in range(SHARDS):
            total += self.shards[n].used
        return total

    @property
    def nbytes(self):
        """Bytes of memory that the fingerprints take."""
        cdef int n
        cdef uint64_t slots = 0

        for n in range(SHARDS):
            slots += self.shards[n].mask + 1
        return slots * sizeof(uint64_t)

    cpdef bint add(self, Py_ssize_t institution, str request_id) except -1:
        """Add an id; return whether it was absent, which is certain."""
        cdef uint64_t value = fingerprint(institution, request_id)
        cdef Shard *shard = &self.shards[value >> (64 - SHARD_BITS)]
        cdef uint64_t *slot = place(shard, value)

        if slot[0]:
            return False
        if shard.used * 2 > shard.mask:
            self.grow(shard)
            slot = place(shard, value)
        slot[0] = value
        shard.used += 1
        return True

    cpdef bint lacks(self, Py_ssize_t institution, str request_id) except -1:
        """Return whether an id was certainly never added."""
        cdef uint64_t value = fingerprint(institution, request_id)

        return place(&self.shards[value >> (64 - SHARD_BITS)], value)[0] == 0

    cdef int grow(self, Shard *shard) except -1:
        cdef Shard larger
        cdef uint64_t at

        larger.mask = 2 * shard.mask + 1
        larger.used = shard.used
        larger.slots = <uint64_t *>calloc(larger.mask + 1, sizeof(uint64_t))
        if larger.slots == NULL:
            raise MemoryError
        for at in range(shard.mask + 1):
            if shard.slots[at]:
                place(&larger, shard.slots[at])[0] = shard.slots[at]
        free(shard.slots)
        shard[0] = larger
        return 0
