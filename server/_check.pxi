"""A check that the tables of encoder and decoder need; a part of both."""

cdef int check_in(str what, int64_t found, int64_t count) except -1:
    if not 0 <= found < count:
        raise ValueError(f"{what}: found {found}, expected 0 to {count - 1}")
    return 0
