# cython: autotestdict=False
"""Columns cut out of records, compiled: each field of many records as bytes of its own."""

from libc.stdint cimport uint8_t
from libc.stdlib cimport free, malloc
from libc.string cimport memcpy

cdef extern from "Python.h":
    object PyBytes_FromStringAndSize(const char *data, Py_ssize_t size)
    char *PyBytes_AS_STRING(object data)

cdef enum:
    # Rows that are read once for all their fields: they stay in the first cache.
    ROWS_AT_ONCE = 32

cdef struct Column:
    uint8_t *target
    Py_ssize_t offset
    Py_ssize_t size


cdef inline void copy_field(uint8_t *target, const uint8_t *field, Py_ssize_t size) noexcept nogil:
    # Sizes known at compile time become single moves.
    if size == 8:
        memcpy(target, field, 8)
    elif size == 2:
        memcpy(target, field, 2)
    elif size == 4:
        memcpy(target, field, 4)
    else:
        memcpy(target, field, size)


cdef void cut(
    const uint8_t *records, Py_ssize_t width, Py_ssize_t rows,  # IN
    Column *columns, Py_ssize_t count,                          # IN, their targets OUT
) noexcept nogil:
    cdef Py_ssize_t first = 0, last, _row, n
    cdef const uint8_t *field
    cdef uint8_t *target
    cdef Py_ssize_t size

    while first < rows:
        last = min(first + ROWS_AT_ONCE, rows)
        for n in range(count):
            size = columns[n].size
            field = records + first * width + columns[n].offset
            target = columns[n].target + first * size
            for _row in range(first, last):
                copy_field(target, field, size)
                field += width
                target += size
        first = last


def gather(const uint8_t[:, ::1] records not None, fields not None):
    """Return a column for each field, as bytes, in the order of the records.

    Args:
        records: The bytes of each record, a line each.
        fields: (offset, size) of each field, in bytes.

    Raises:
        ValueError: a field does not lie within a record.
    """
    cdef Py_ssize_t rows = records.shape[0], width = records.shape[1]
    cdef Py_ssize_t count = len(fields), n
    cdef Py_ssize_t offset, size
    cdef Column *columns
    cdef list gathered = []

    for offset, size in fields:
        if offset < 0 or size < 1 or offset + size > width:
            raise ValueError(f"a field at {offset} of {size} bytes in a record of {width}")
        gathered.append(PyBytes_FromStringAndSize(NULL, rows * size))
    if rows == 0 or count == 0:
        return gathered
    columns = <Column *>malloc(count * sizeof(Column))
    if columns == NULL:
        raise MemoryError
    for n in range(count):
        offset, size = fields[n]
        columns[n].target = <uint8_t *>PyBytes_AS_STRING(gathered[n])
        columns[n].offset = offset
        columns[n].size = size
    with nogil:
        cut(&records[0, 0], width, rows, columns, count)
    free(columns)
    return gathered
