# What is checked of a table before it is used; part of `_encode.pyx`.

# The bytes of a number, by its type; type 0 is none.
cdef int32_t[7] WIDTHS = [INT32_MAX, 8, 4, 4, 2, 2, 1]


include "_check.pxi"


cdef int check_number(str what, int64_t at, int32_t type, int64_t size) except -1:
    """Check that a number of this type at this place is inside a record of this size."""
    check_in(f"{what}, type", type, 7)
    check_in(f"{what}, at", at, size - WIDTHS[type] + 1)
    return 0


cdef Py_ssize_t check_root(const Op[::1] ops, Py_ssize_t n) except -1:
    """Return the position of a message that stands in no other, once it is one."""
    check_in("root", n, ops.shape[0])
    if ops[n].kind != MESSAGE:
        raise ValueError(f"root: operation {n} is no message")
    return n


cdef int check_op(const Op[::1] ops, Py_ssize_t n, int64_t size) except -1:
    """Check that an operation reads from the record, and uses none but operations before it."""
    cdef Op op = ops[n]
    cdef str name = f"operation {n}"
    cdef Py_ssize_t m

    check_in(f"{name}, record", op.record, 3)
    check_in(f"{name}, tag", op.tag, INT32_MAX)
    if op.kind == MESSAGE or op.kind == CITES:
        check_in(f"{name}, end", op.end, n + 1)
        check_in(f"{name}, first", op.first, op.end + 1)
        for m in range(op.first, op.end):
            if (ops[m].kind == CITE) != (op.kind == CITES):
                raise ValueError(f"{name}: holds operation {m}, which is of another kind")
    elif op.kind == INPUT or op.kind == PIECES:
        check_in(f"{name}, at", op.at, 2)
    elif op.kind == TEXT:
        check_in(f"{name}, at", op.at, TEXTS)
    elif op.kind == NUMBER or op.kind == BITS or op.kind == CITE:
        check_number(name, op.at, op.type, size)
    elif op.kind == MOVED or op.kind == EITHER or op.kind == SECONDS or op.kind == NANOS:
        check_number(name, op.at, I8, size)
    else:
        raise ValueError(f"{name}: {op.kind} is no kind")
    if op.kind == MOVED or op.kind == EITHER or (op.kind == CITE and op.other >= 0):
        check_number(f"{name}, other", op.other, I8, size)
    if op.slot >= 0:
        check_number(f"{name}, slot", op.slot, I4, size)
    if op.line >= 0:
        check_number(f"{name}, line", op.line, U1, size)
    return 0
