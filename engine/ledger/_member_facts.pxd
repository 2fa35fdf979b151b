"""Declaration of what ordinary claims need to know of members, for compiled code beside it."""

from cpython.object cimport PyObject
from libc.stdint cimport int32_t, int64_t, uint8_t

# Of one member, 32 bytes: two to a cache line.
cdef struct Facts:
    PyObject *made_of       # what the register held, owned; NULL: nothing was read yet
    int32_t city            # its place in `MemberFacts.texts`
    int32_t retired_on
    int32_t selected        # the institution selected, its place in `texts`; 0 for none
    int32_t selected_from
    int32_t selected_to
    uint8_t status
    uint8_t mode
    uint8_t plain           # whether the above is all that an ordinary claim asks

cdef class MemberFacts:
    cdef object items
    cdef list held
    cdef dict numbers
    cdef list texts
    cdef Facts *all
    cdef Py_ssize_t room
    cdef bint find(self, Py_ssize_t number, Facts *facts) except -1
    cdef int32_t number_of(self, str text) except -1
    cdef int read(self, Py_ssize_t number, Facts *facts) except -1
    cdef int grow(self, Py_ssize_t number) except -1
    cdef bint read_row(self, bytes row, Facts *facts) except -1
    cdef bint read_member(self, member, Facts *facts) except -1
