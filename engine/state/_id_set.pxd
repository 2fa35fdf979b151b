"""Declaration of the set of used ids, for compiled code above it."""

from libc.stdint cimport uint64_t

cdef enum:
    # So that growing stops a request for the time of one shard and not of all.
    SHARD_BITS = 6
    SHARDS = 64

cdef struct Shard:
    uint64_t *slots     # 0: nothing; as many as a power of 2
    uint64_t mask       # their number less 1
    uint64_t used

cdef class IdSet:
    cdef Shard shards[SHARDS]
    cpdef bint add(self, Py_ssize_t institution, str request_id) except -1
    cpdef bint lacks(self, Py_ssize_t institution, str request_id) except -1
    cdef int grow(self, Shard *shard) except -1
