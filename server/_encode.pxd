"""Declarations of the encoder: what its tables name, and what it writes from and to."""

from libc.stdint cimport int32_t, int64_t, uint8_t

# What the tables name; Python reads these numbers from here.
cpdef enum:
    # How an operation writes its field.
    # The operations `first` to `end`, as a message; left out where none of them has anything to
    # say, unless `always`.
    MESSAGE = 1
    # The number at `at`, and `plus`.
    NUMBER = 2
    # The number at `at`, moved by `factor` times the one at `other` where it counts: with `slot`
    # and `line`, where the one at `slot` is not negative or the one at `line` is not `nowhere`.
    MOVED = 3
    # The number at `at` or, where it is 0, the one at `other`.
    EITHER = 4
    # Input number `at` of the call.
    INPUT = 5
    # The whole seconds of the milliseconds at `at`.
    SECONDS = 6
    # The rest of these milliseconds, in nanoseconds.
    NANOS = 7
    # Text number `at` of the call.
    TEXT = 8
    # A field for each of the pieces of list `at` of the call.
    PIECES = 9
    # The numbers, from 1, of the bits that `mask` has in common with the number at `at`, packed.
    BITS = 10
    # The numbers that the operations `first` to `end` give, packed. With `silent` they are not
    # written, but there is something to say where there is one.
    CITES = 11
    # Inside `CITES`: the number at `at`, if it is not 0, nor (with `other`) the one at `other`.
    CITE = 12

    # What a number in a record is.
    I8 = 1
    I4 = 2
    U4 = 3
    I2 = 4
    U2 = 5
    U1 = 6

    # Whose record an operation reads: the claim's, or the first or the last part's.
    WHOLE = 0
    FIRST = 1
    LAST = 2

    # Inputs, texts and lists of a call.
    SEQUENCE = 0
    REPLAYED = 1
    DIGEST = 0
    TEXTS = 16
    FIGURES = 0
    GROUPS = 1

    # Roots of a table: a settlement, an answer with one, each followed by that of several plans,
    # and a group.
    SETTLED = 0
    ANSWERED = 2
    GROUPED = 4
    ROOTS = 5

cdef enum:
    # Bytes that an answer may have before memory is asked for; one of one plan has some 400.
    ROOM = 2048
    # The most bytes of one number.
    VARINT = 10


cdef struct Op:
    int32_t kind
    int32_t tag
    int32_t record
    int32_t at
    int32_t type
    int32_t plus
    int32_t other
    int32_t factor
    int32_t slot
    int32_t line
    int32_t nowhere
    int32_t mask
    int32_t first
    int32_t end
    int32_t always
    int32_t silent


cdef struct Writer:
    # Behind the last byte; the bytes written are the `used` ones before it.
    uint8_t *end
    Py_ssize_t size
    Py_ssize_t used
    # What must be given back; NULL: nothing, the bytes stand on the stack.
    uint8_t *owned


cdef struct Source:
    const char *records[3]
    int64_t inputs[2]
    const char *texts[TEXTS]
    Py_ssize_t lengths[TEXTS]
