"""Declaration of the used request ids, for compiled code above them."""

from libc.stdint cimport int64_t, uint64_t

cdef enum:
    # So that growing stops a request for the time of one shard and not of all.
    SHARD_BITS = 6
    SHARDS = 64

cdef struct Slot:
    uint64_t fingerprint    # 0: nothing
    uint64_t use            # 0: taken, and nothing journalled yet

cdef struct Shard:
    Slot *slots             # as many as a power of 2
    uint64_t mask           # their number less 1
    uint64_t used

cdef packed struct IdUse:
    int64_t institution
    uint64_t fingerprint
    uint64_t use

cdef class Ids:
    cdef uint64_t seed
    cdef Shard shards[SHARDS]
    cdef IdUse *noted
    cdef Py_ssize_t notes, room
    cpdef bint take(self, int64_t institution, str request_id) except -1
    cpdef int put(
        self, int64_t institution, str request_id, int64_t position, int status
    ) except -1
    cdef int enter(self, uint64_t fingerprint, uint64_t use) except -1
    cdef int note(self, int64_t institution, uint64_t fingerprint, uint64_t use) except -1
    cdef int grow(self, Shard *shard, uint64_t slots) except -1
